"""What ended a command badly in; its text to standard error, with --json the same as JSON to standard output too."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import asdict

from loadgate.cli.terminal import paint, say_json
from loadgate.errors import Exit, Fault, LoadgateError, SiteError


def fail(error: LoadgateError) -> int:
    """Tell it, and return the exit code."""
    sys.stderr.write(paint(str(error), "error", stream=sys.stderr) + "\n")
    if isinstance(error, SiteError):
        return _as_json(error.exit, error.count, faults=error.faults)
    return _as_json(error.exit, error.message, fix=error.fix)


def fail_usage(error: Exception) -> int | None:
    """As `fail`, for an error of the command line, which click shows itself; None for any other."""
    show, text = getattr(error, "show", None), getattr(error, "format_message", None)
    if show is None or text is None:
        return None
    show(file=sys.stderr)
    return _as_json(int(getattr(error, "exit_code", Exit.USAGE)), str(text()))


def _as_json(code: int, message: str, *, fix: str | None = None, faults: Sequence[Fault] = ()) -> int:
    if "--json" in sys.argv[1:]:  # an error of usage may come before the options were read
        with contextlib.suppress(OSError):  # standard output itself may be what failed
            say_json({"error": message, "fix": fix, "exit": int(code), "faults": [asdict(each) for each in faults]})
    return int(code)
