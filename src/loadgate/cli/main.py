"""The command line: arguments in, one use case of `running` called, an exit code out (`errors.Exit`)."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Annotated

import typer

from loadgate.checking.engine.memory import share_free_memory
from loadgate.cli import acts, alerts, clearing, looking, months, sampling, scoring, sites, suites
from loadgate.cli.failing import fail, fail_usage
from loadgate.cli.terminal import columns, take_any_text
from loadgate.errors import CouldNotRun, Exit, Interrupted, LoadgateError, Terminated, is_interruption
from loadgate.model.version import VERSION

EXITS = "Exit codes: 0 release or release with caveats, 1 no, 2 usage, 3 hold, 4 content error, 5 could not run."

_WIDTH = 78  # of help
_ROOM, _RIGHTS = "make room on the disk", "let the account that runs this read and write the site's folders"
_IN_THE_WAY = "look for a file where a folder of the site or its state should be, or the other way round"
_FIX = "`loadgate doctor` looks at what a run needs"
_FIXES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "let the account that runs this write larger files (ulimit -f)",
    errno.EROFS: _RIGHTS,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EEXIST: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EISDIR: _IN_THE_WAY,
    errno.EMFILE: "let the account that runs this open more files (ulimit -n)",
}

app = typer.Typer(
    name="loadgate",
    help="Tests a monthly load before anything is published, and holds the release until the gate says yes.",
    epilog=EXITS,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
case_app = typer.Typer(help="Cases: findings with one cause, followed across runs.", no_args_is_help=True)
alerts_app = typer.Typer(help="Alerts: who was told what.", no_args_is_help=True)
ledger_app = typer.Typer(help="The ledger: every decision, chained.", no_args_is_help=True)
state_app = typer.Typer(help="The state folder and its database.", no_args_is_help=True)
control_app = typer.Typer(help="Control figures.", no_args_is_help=True)
suite_app = typer.Typer(help="Suites: drafted from data, exchanged with Great Expectations.", no_args_is_help=True)
app.add_typer(case_app, name="case")
app.add_typer(alerts_app, name="alerts")
app.add_typer(ledger_app, name="ledger")
app.add_typer(state_app, name="state")
app.add_typer(control_app, name="control")
app.add_typer(suite_app, name="suite")

for command in (
    sites.check,
    sites.init,
    sampling.sample,
    months.run,
    months.replay,
    acts.waive,
    acts.release,
    acts.verify,
    clearing.tidy,
    clearing.prune,
    scoring.score,
    looking.status,
    looking.runs,
    looking.arrivals,
    looking.doctor,
):
    app.command(cls=sampling.SampleCommand if command is sampling.sample else None)(command)
case_app.command("list")(looking.case_list)
case_app.command("show")(looking.case_show)
alerts_app.command("send")(alerts.alerts_send)
ledger_app.command("verify")(acts.ledger_verify)
ledger_app.command("show")(acts.ledger_show)
state_app.command("rebuild")(acts.state_rebuild)
control_app.command("table")(looking.control_table)
suite_app.command("draft")(suites.draft)
suite_app.command("import")(suites.import_)
suite_app.command("export")(suites.export)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"loadgate {VERSION}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
) -> None:
    """Tests a monthly load before anything is published, and holds the release until the gate says yes.

    \b
    Examples:
      loadgate sample rki my-site              a complete site with real data
      loadgate run 2025-08 --site my-site      test the load of a month
      loadgate status --site my-site           what waits for whom
    """


def main() -> None:
    """Run the command line; every error ends as `failing` tells it, and with its exit code."""
    share_free_memory()
    take_any_text()
    terminated = _heed_termination()
    try:
        code = app(standalone_mode=False, terminal_width=columns(most=_WIDTH))  # returns the code of typer.Exit
        if code == Exit.INTERRUPTED:
            raise KeyboardInterrupt  # Typer has made an exit code of it
        sys.exit(code if isinstance(code, int) else Exit.OK)
    except LoadgateError as error:
        sys.exit(fail(error))
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except typer.Abort:
        sys.exit(Exit.NO)
    except Exception as error:
        sys.exit(_internal(error) if (code := fail_usage(error)) is None else code)
    except BaseException as error:
        if not is_interruption(error):
            raise
        sys.exit(fail(Terminated() if terminated.is_set() else Interrupted()))


def _heed_termination() -> threading.Event:
    """Let SIGTERM end the work as Ctrl-C does; the event tells them apart. Who has it ignored is left in peace.

    A flow of Prefect's takes the signal while it runs, and hands it on to us when it has written down its end.
    """
    terminated = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        terminated.set()
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, stop)
    return terminated


def _internal(error: Exception) -> int:
    """A fault of the program. Its own text may hold row values, so only what and where is said."""
    frames = traceback.extract_tb(error.__traceback__)
    trail = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    if os.environ.get("LOADGATE_DEBUG"):
        raise error
    number = _number(error)
    if number is not None:  # the name of the file, too, may hold what nobody reads
        fix = f"{_FIXES.get(number, _FIX)}; then run it again"
        return fail(CouldNotRun(f"{os.strerror(number)} ({trail})", fix=fix))
    return fail(CouldNotRun(f"a fault of the program: {type(error).__name__} at {trail}"))


def _number(error: Exception) -> int | None:
    """The system's number of what went wrong; Polars names it in the text of an error of its own."""
    if isinstance(error, OSError):
        return error.errno
    named = re.search(r"\(os error ([1-9]\d{0,2})\)", str(error))
    return int(named[1]) if named else None
