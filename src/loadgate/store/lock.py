"""A lock file in; out, the right to be the only one at work on what it stands for, while the process lives.

The kernel holds the lock (`flock`) and lets go of it when its holder dies, however it dies. The file says who holds
it, for the second one to be told; it stays behind, empty or not, and means nothing by itself.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from loadgate.errors import CouldNotRun
from loadgate.model.identity import canonical_json
from loadgate.model.moments import written_in

_PATIENCE_S = 0.3  # someone may just be looking who holds it
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock. `since` is ISO 8601."""

    pid: int
    host: str
    who: str
    since: str


class Held(CouldNotRun):
    """Someone else is at work; `holder` is None when they have not said yet who they are."""

    def __init__(self, name: str, holder: Holder | None, *, timezone: str = "UTC") -> None:
        said = "another process" if holder is None else f"{holder.who} (process {holder.pid} on {holder.host})"
        since = ""
        if holder is not None and holder.since:
            since = f" since {written_in(timezone, datetime.fromisoformat(holder.since))} {timezone}"
        super().__init__(f"{name} is being worked on by {said}{since}", fix="wait until it has ended, or stop it")
        self.holder = holder


@contextmanager
def hold(file: Path, *, who: str, now: datetime, timezone: str = "UTC") -> Iterator[Holder]:
    """Be the only one on this machine at work on what the lock file stands for; its stem is what the second is told.

    Raises: Held at once when another is, in this process or another; it says since when in this time zone.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not _taken(descriptor):
            raise Held(file.stem, _read(descriptor), timezone=timezone)
        holder = Holder(pid=os.getpid(), host=socket.gethostname(), who=who, since=now.isoformat(timespec="seconds"))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, canonical_json(asdict(holder)), 0)
        try:
            yield holder
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder_of(file: Path) -> Holder | None:
    """Who holds the lock; None when nobody does."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE_S)
        else:
            return True


def _read(descriptor: int) -> Holder | None:
    """What the file says; it says nothing for an instant while its holder writes."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
        except (ValueError, TypeError):
            time.sleep(_PAUSE_S)
    return None
