"""A run at work in; out, its steps as they end: bars on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loadgate.cli.terminal import columns, hung, say, watched

if TYPE_CHECKING:
    from loadgate.running.opened import Ref

_WIDTH = 20
_WIDE = 80  # columns from which on a full bar stays beside its step
_AFTER = {  # line of facts → the step of the run whose units it follows
    "reading": "deliveries",
    "checking": "deliveries",
    "measuring": "measure",
    "comparing": "compare",
    "detecting": "detect",
    "judging": "judge",
}


@contextmanager
def shown(ref: Ref, *, quiet: bool) -> Iterator[None]:
    """Show how far the run is while the body works on it; every line is true when it is printed."""
    if quiet:
        yield
        return
    ended, broken = threading.Event(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(ref, ended, broken), name="progress", daemon=True)
    watcher.start()
    try:
        yield
    except BaseException:
        broken.set()
        raise
    finally:
        ended.set()
        watcher.join()


def _watch(ref: Ref, ended: threading.Event, broken: threading.Event) -> None:
    lines = list(_AFTER)
    since = time.monotonic()
    while lines and not broken.is_set():
        over = ended.is_set()
        done, total = _progress(ref, _AFTER[lines[0]])
        later = any(_progress(ref, _AFTER[line])[1] for line in lines if _AFTER[line] != _AFTER[lines[0]])
        if over or (later and done == total):
            _print(ref, lines.pop(0), time.monotonic() - since)
            since = since if lines and _AFTER[lines[0]] == "deliveries" else time.monotonic()
            continue
        if watched(sys.stdout):
            _bar(lines[0], done, total)
        ended.wait(0.1 if watched(sys.stdout) else 0.5)  # asking takes time from the work


def _progress(ref: Ref, step: str) -> tuple[int, int]:
    from loadgate.store.work import WorkState

    for progress in ref.open().state.work.progress(ref.run):
        if progress.step == step:
            over = progress.counts[WorkState.DONE] + progress.counts[WorkState.FAILED]
            return over, progress.total
    return 0, 0


def _bar(name: str, done: int, total: int) -> None:
    filled = _WIDTH * done // total if total else 0
    bar = "█" * filled + "░" * (_WIDTH - filled)
    room = shutil.get_terminal_size().columns - 1  # what runs on into a second line cannot be written over
    sys.stdout.write(f"\r{f'  {name:<11} {done} of {total}  {bar}'[:room]}\x1b[K")
    sys.stdout.flush()


def _print(ref: Ref, name: str, elapsed_s: float) -> None:
    from loadgate.errors import LoadgateError
    from loadgate.running import facts

    try:
        told = facts.LINES[name](ref)
    except (LoadgateError, OSError):
        told = "could not run"
    timed = f"  {elapsed_s:.1f} s" if elapsed_s >= 0.05 else ""
    if watched(sys.stdout):
        sys.stdout.write("\r\x1b[K")
        bar = "█" * _WIDTH + "  " if columns(most=_WIDE) == _WIDE else ""
        say(hung(f"  {name:<11} {bar}", f"{told}{timed}"))
    else:
        say(hung(f"  {name:<11} ", f"{told}{timed}"))
