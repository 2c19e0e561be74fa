"""`loadgate run` and `loadgate replay`: a month tested, or a sample's months one after the other."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadgate.cli.options import ActorOption, AsOfOption, JsonOption, SiteOption, moment
from loadgate.cli.terminal import hung, say, say_json, table
from loadgate.errors import CouldNotRun, Exit, is_interruption
from loadgate.model.moments import written_in
from loadgate.model.version import VERSION

if TYPE_CHECKING:
    from datetime import datetime

    from loadgate.cli.prefect_server import EmbeddedServer
    from loadgate.model.judgement import Judgement
    from loadgate.model.period import Period
    from loadgate.running.opened import Opened, Ref
    from loadgate.running.release import Released


def run(
    period: Annotated[str, typer.Argument(help="The period to load, e.g. 2025-08.")],
    site: SiteOption = None,
    as_of: AsOfOption = None,
    inline: Annotated[bool, typer.Option("--inline", help="Without Prefect, in this process.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only the verdict and the report's path.")] = False,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Test the load of one period: arrivals, checks, figures, comparisons, cases and the gate's verdict.

    The same inputs are the same run, taken up where it stopped; other inputs are the next run of the period.

    \b
    Examples:
      loadgate run 2025-08 --site my-site
      loadgate run 2025-08 --site my-site --json

    Exit codes: 0 release or release with caveats, 3 hold, 4 content error, 5 could not run.
    """
    from loadgate.model.period import Period
    from loadgate.running.opened import find_site, open_site, site_cadence, site_name

    root = find_site(site)
    chosen = Period.parse(period, like=site_cadence(root))
    shown = not (as_json or quiet)
    if shown:
        say(f"loadgate {VERSION}  site {site_name(root)}  period {chosen}")
    opened = open_site(root)
    who = actor or opened.settings.actor
    ref = _open_and_do(opened, chosen, as_of=moment(as_of, opened.site), who=who, inline=inline, shown=shown)
    _conclude(ref, as_json=as_json, quiet=quiet)


def _open_and_do(opened: Opened, period: Period, *, as_of: datetime | None, who: str, inline: bool, shown: bool) -> Ref:
    from loadgate.cli.progress import shown as progress
    from loadgate.running import alerts, facts, month
    from loadgate.running.locking import alone
    from loadgate.running.opening import open_run

    with alone(opened, str(period), actor=who):
        server = None if inline or _was_judged(opened, period) else _server(opened)
        ref = open_run(opened, period, as_of=as_of, actor=who)
        month.take_up(ref)
        left = month.is_left(ref)
        if shown:
            inputs = opened.inputs(ref.run)
            timezone = opened.frozen(inputs.content).file.timezone
            baseline = ", ".join(sorted(set(inputs.baseline.values()))) or "none yet"
            again = "" if left else "  (nothing left to do)"
            as_told = f"{written_in(timezone, inputs.as_of)} {timezone}"
            say(hung(f"run {ref.run}  ", f"baseline {baseline}  as of {as_told}{again}") + "\n")
            say(hung(f"  {'arriving':<11} ", facts.arriving(ref)))
        if left and not inline:
            server = _started(server or _server(opened), shown=shown)
        with progress(ref, quiet=not shown):
            if left:
                _do(ref, opened, inline=inline, as_of=as_of, who=who)
            else:
                alerts.tell_run(ref)  # what could not be sent waits for this
        return ref


def _started(server: EmbeddedServer | None, *, shown: bool) -> EmbeddedServer | None:
    """Wait for the server, and say how long that took."""
    from loadgate.cli.prefect_server import mark_crashed

    since = time.monotonic()
    if server is not None:
        server.wait_ready()
        mark_crashed()
        if shown and time.monotonic() - since > 1:
            say(f"  {'starting':<11} Prefect's server  {time.monotonic() - since:.1f} s")
    return server


def _was_judged(opened: Opened, period: Period) -> bool:
    """Whether the period has a finished run: then most likely nothing is left, and no server is needed."""
    from loadgate.store.runs import RunState

    return any(row.state in (RunState.JUDGED, RunState.RELEASED) for row in opened.state.runs.rows(str(period)))


def _server(opened: Opened) -> EmbeddedServer | None:
    from loadgate.cli.prefect_server import ensure_server

    return ensure_server(opened.places.prefect)


def _do(ref: Ref, opened: Opened, *, inline: bool, as_of: datetime | None, who: str) -> None:
    from loadgate.running import month
    from loadgate.running.inline import run_inline
    from loadgate.store.runs import RunState

    try:
        if inline:
            run_inline(ref, actor=who)
        else:
            _flow(ref, opened, as_of=as_of)
    except BaseException as error:
        if not is_interruption(error):
            raise
        from loadgate.running.opened import now

        opened.state.work.interrupt(ref.run, now=now())
        if not month.is_done(ref):
            opened.state.runs.set_state(ref.run, RunState.INTERRUPTED)
        raise KeyboardInterrupt from None


def _flow(ref: Ref, opened: Opened, *, as_of: datetime | None) -> None:
    """Run the Prefect flow of the site, or the one that is carried, against the server."""
    from loadgate.cli.flows import flow_file
    from loadgate.cli.prefect_server import load_flow_file, run_flow

    flow = load_flow_file(flow_file(opened.places.site, "monthly_load"), "monthly_load")
    period = opened.inputs(ref.run).period
    opened.hand_over(ref.run)
    run_flow(flow, site=str(opened.places.site), period=period, as_of=as_of.isoformat() if as_of else None)


def _conclude(ref: Ref, *, as_json: bool, quiet: bool) -> None:
    from loadgate.model.findings import Verdict
    from loadgate.running import deciding, facts, month
    from loadgate.running.release import released_as
    from loadgate.running.standing import untold
    from loadgate.running.views import run_view

    if not month.is_done(ref):
        raise CouldNotRun(
            f"run {ref.run} is not complete: " + ("; ".join(facts.failed_units(ref)) or "it was not judged"),
            fix="mend what it says, then run the month again: it takes up where it stopped",
        )
    judgement = deciding.stored(ref.open(), ref.run)
    released = released_as(ref)
    if released is not None:
        judgement = replace(judgement, verdict=released.verdict, waivers=released.waivers)
    period = ref.open().inputs(ref.run).period
    not_sent = untold(ref.open(), period)
    if as_json:
        say_json(run_view(ref, judgement, untold=not_sent))
    elif released is not None:
        _print_released(ref, released)
    else:
        _print_verdict(ref, judgement, quiet=quiet)
        for line in not_sent:
            say(hung("Alerts   ", f"{line['what']}: they are tried again; `{line['next']}` does so at once"))
    raise typer.Exit(Exit.HOLD if judgement.verdict is Verdict.HOLD else Exit.OK)


def _print_released(ref: Ref, released: Released) -> None:
    """A run that was released: what it was released with; its cases were settled."""
    from loadgate.cli.commands import near, runnable
    from loadgate.cli.terminal import paint

    waived = f", with {' and '.join(released.waivers)}" if released.waivers else ""
    say()
    say(paint(f"RELEASED  {released.verdict.value}{waived}", _VERDICT_STYLES[released.verdict.value]))
    if released.withheld:
        say(hung("withheld  ", ", ".join(released.withheld)))
    say(f"published {near(released.folder)}")
    say(runnable("  loadgate verify", ref.open().places.site))


def _print_verdict(ref: Ref, judgement: Judgement, *, quiet: bool) -> None:
    from loadgate.cli.commands import near, runnable
    from loadgate.cli.terminal import columns, paint
    from loadgate.reporting.terminal import WIDTH
    from loadgate.running import facts
    from loadgate.running.views import end_of_run

    report = ref.open().places.report(ref.run)
    if quiet:
        say(f"{paint(judgement.verdict.value, _style(judgement))}  {report}")
        return
    say()
    for line in facts.failed_units(ref):
        say(hung("  could not run: ", line))
    for line in end_of_run(ref, judgement, width=columns(most=WIDTH), shown=near):
        ready = runnable(line, ref.open().places.site)
        say(paint(ready, _style(judgement)) if line.startswith(("HOLD", "RELEASE")) else ready)


_VERDICT_STYLES = {"hold": "hold", "release": "release", "release_with_caveats": "caveat"}


def _style(judgement: Judgement) -> str:
    return _VERDICT_STYLES[judgement.verdict.value]


def replay(
    name: Annotated[str, typer.Argument(help="A sample that has earlier periods (rki), or a site's folder.")],
    content: Annotated[
        Path | None, typer.Option("--content", help="A site whose content is used instead of the sample's own.")
    ] = None,
    keep: Annotated[Path | None, typer.Option("--keep", help="Keep the scratch site in this new folder.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="The first period, e.g. 2024-01.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="The last period.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run every period of a sample, or of a site's inbox, in a scratch state, each compared with the one before.

    Each run is approved after it was judged, one waiver a case by two replay actors; the verdict shown is the one
    before waivers. Nothing is sent, and the site itself is not touched.

    \b
    Examples:
      loadgate replay rki
      loadgate replay my-site --from 2024-01 --json

    Exit codes: 0 replayed, 4 content error, 5 could not run.
    """
    from loadgate.cli.replaying import prepare
    from loadgate.running.replay import replay as replay_periods
    from loadgate.running.views import replay_view

    with tempfile.TemporaryDirectory(prefix="loadgate-replay-") as scratch:
        folder = keep if keep is not None else Path(scratch) / "site"
        opened, periods, before = prepare(name, folder, content=content, first=first, last=last)
        views = []
        if not as_json:
            say(f"loadgate {VERSION}  replay {name}  {len(periods)} periods")
        for done in replay_periods(opened, periods, before=before):
            views.append(replay_view(done.ref, done.judgement))
            if not as_json:
                for line in _replay_lines(views[-1], first=len(views) == 1):
                    say(line)
        opened.close()
    if as_json:
        say_json(views)
    else:
        held = sum(view["verdict"] == "hold" for view in views)
        say(f"\n{held} of {len(views)} runs would have been held")


def _replay_lines(view: dict[str, Any], *, first: bool) -> list[str]:
    cases = view["cases"]
    head = ["run", "verdict", "cases", "cells", "what"]
    rows: list[list[object]] = [[view["run"], view["verdict"], len(cases), "", ""]]
    rows += [["", "", "", f"{case['cells']:,}", f"case {case['id']}  {case['message']}"] for case in cases]
    widths: list[object] = ["          ", "                    ", "     ", "      ", ""]
    lines = table(head, [widths, *rows], right=(2, 3))
    return (lines[:1] if first else []) + lines[2:]
