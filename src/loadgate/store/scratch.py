"""A folder for half-written things in; out, a process's own place in it, and none of what dead processes left there.

A place is its process's for as long as `lock` in it is held (`lock`): who gets hold of that knows that its owner is
dead. Places are made and removed by one process at a time, so none is ever seen before it is held.

The locks of other machines may not be seen. What they have goes when it was not asked for in a week: a machine's name
may never come back, as that of a container. It is moved aside first, so that an owner who is alive after all, and has
slept until this moment, finds none of it, never a part, and makes itself another.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
import threading
import weakref
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from loadgate.store import durable
from loadgate.store.lock import Held, hold, holder_of

_LOCK = "lock"
_FORGOTTEN = timedelta(days=7)  # without its owner asking for it; no step of a month takes as long


class Scratch:
    """The place of this process below `root`, for all of its threads; it goes with this object, at the latest at exit.

    `shared`: other machines may have places below `root` too, whose locks may not be seen from here.
    """

    def __init__(self, root: Path, *, shared: bool, who: str) -> None:
        self._root, self._shared, self._who = root, shared, who
        self._own: Path | None = None
        self._guard = threading.Lock()
        self._end: Callable[[], object] = lambda: None

    def folder(self, *, now: datetime) -> Path:
        """The place: a folder with mode 0700, made when it is first asked for."""
        with self._guard:
            if self._own is None or not self._own.is_dir():
                self._end()
                self._own = self._make(now)
            os.utime(self._own, (now.timestamp(), now.timestamp()))  # for other machines: somebody is at work here
            return self._own

    def sweep(self, *, now: datetime) -> None:
        """Remove what no living process owns; of what other machines have on a shared folder, what they forgot.

        What another account left stays, and stops nobody.
        """
        if not self._root.is_dir():
            return
        with durable.alone_in(self._root):
            for entry in sorted(self._root.iterdir()):
                if entry == self._own:
                    continue
                if self._is_in_sight(entry):
                    self._remove_unless_held(entry, now)
                else:
                    _remove_if_forgotten(entry, now)

    def leavings(self, *, now: datetime) -> list[Path]:
        """What a sweep would remove now."""
        if not self._root.is_dir():
            return []
        others = [entry for entry in sorted(self._root.iterdir()) if entry != self._own]
        return [entry for entry in others if self._is_left(entry, now)]

    def _is_left(self, entry: Path, now: datetime) -> bool:
        try:
            if not self._is_in_sight(entry):
                return _is_forgotten(entry, now)
            return holder_of(entry / _LOCK) is None
        except OSError:  # of another account, or gone
            return False

    def close(self) -> None:
        with self._guard:
            self._end()
            self._own = None

    def _make(self, now: datetime) -> Path:
        self._root.mkdir(parents=True, exist_ok=True)
        held = ExitStack()
        with durable.alone_in(self._root):
            own = Path(tempfile.mkdtemp(prefix=f"{socket.gethostname()}-", dir=self._root))
            held.enter_context(hold(own / _LOCK, who=self._who, now=now))
        self._end = weakref.finalize(self, _leave, own, held, os.getpid())
        return own

    def _is_in_sight(self, entry: Path) -> bool:
        return not self._shared or entry.name.rpartition("-")[0] == socket.gethostname()

    def _remove_unless_held(self, entry: Path, now: datetime) -> None:
        try:
            if not (entry / _LOCK).is_file():
                _remove(entry)
                return
            with hold(entry / _LOCK, who=self._who, now=now):
                _remove(entry)
        except (Held, OSError):  # alive, or not ours to look at: of another account
            return


def _leave(own: Path, held: ExitStack, pid: int) -> None:
    if os.getpid() == pid:  # a child that was forked off may end before us
        shutil.rmtree(own, ignore_errors=True)
        held.close()


def _remove_if_forgotten(entry: Path, now: datetime) -> None:
    with suppress(FileNotFoundError):  # its owner, or another machine, was faster
        if _is_forgotten(entry, now):
            _remove(entry.rename(entry.with_name(f"{socket.gethostname()}-{secrets.token_hex(4)}")))


def _is_forgotten(entry: Path, now: datetime) -> bool:
    return now - datetime.fromtimestamp(entry.lstat().st_mtime, tz=UTC) > _FORGOTTEN


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)
