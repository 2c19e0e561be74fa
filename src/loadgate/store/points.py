"""A kind of durable step in; out, usually nothing: a chaos test counts these points, or dies at one of them.

`LOADGATE_COUNT_POINTS=path` writes at exit how many points this process passed. `LOADGATE_KILL_AT=n` sends SIGKILL
at the n-th. Without either, a point costs one comparison. The environment is read once, at the first point.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadgate.errors import CouldNotRun

_lock = threading.Lock()
_plan: _Plan | None = None
_planned = False


class _Plan:
    def __init__(self, *, kill_at: int | None, count_into: Path | None) -> None:
        self.kill_at = kill_at
        self.count_into = count_into
        self.passed = 0

    def pass_one(self) -> None:
        with _lock:
            self.passed += 1
            if self.passed == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def write_count(self) -> None:
        if self.count_into is not None:
            self.count_into.write_text(f"{self.passed}\n", encoding="utf-8")


def point(kind: str) -> None:  # noqa: ARG001  for readers and debuggers
    """Called before and after each write, fsync, rename and commit."""
    if not _planned:
        _read_environment()
    if _plan is not None:
        _plan.pass_one()


@contextmanager
def around(kind: str) -> Iterator[None]:
    """A point before and a point after; none after when the step failed."""
    point(kind)
    yield
    point(kind)


def _read_environment() -> None:
    global _plan, _planned
    with _lock:
        if _planned:
            return
        kill_at, count_into = os.environ.get("LOADGATE_KILL_AT"), os.environ.get("LOADGATE_COUNT_POINTS")
        if kill_at or count_into:
            if kill_at and not kill_at.isdecimal():
                raise CouldNotRun("LOADGATE_KILL_AT is not a whole number", fix="unset LOADGATE_KILL_AT")
            _plan = _Plan(
                kill_at=int(kill_at) if kill_at else None,
                count_into=Path(count_into).absolute() if count_into else None,
            )
            atexit.register(_plan.write_count)
        _planned = True
