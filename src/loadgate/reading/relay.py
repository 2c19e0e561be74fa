"""Frames in, in order; each is handed to the same functions, from the second frame on in a thread for each function.

Decoding and splitting take one core; writing, printing and checking another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

_WAITING: Final = 1  # frames: so many may lie before a thread, beside the one that it has

Receiver = Callable[["pl.DataFrame"], None]


class Relay:
    """Hands frames on. What a function raises is raised again by the next `add` or by `close`."""

    def __init__(self, to: Sequence[Receiver]) -> None:
        self._to = to
        self._first: pl.DataFrame | None = None
        self._lanes: list[_Lane] = []

    def add(self, frame: pl.DataFrame) -> None:
        if not self._lanes and self._first is None:
            self._first = frame  # most files are one frame: threads for it would cost more than they gain
            return
        if not self._lanes:
            self._lanes = [_Lane(receive) for receive in self._to]
        held, self._first = self._first, None
        for one in (held, frame):
            if one is not None:
                for lane in self._lanes:
                    lane.add(one)

    def close(self) -> None:
        """Wait until everything was handed on."""
        try:
            if not self._lanes and self._first is not None:
                for receive in self._to:
                    receive(self._first)
            for lane in self._lanes:
                lane.drain(left=0)
        finally:
            self.stop()

    def stop(self) -> None:
        """Forget what was not handed on yet."""
        for lane in self._lanes:
            lane.stop()
        self._lanes, self._first = [], None


class _Lane:
    """One function and the thread in which it takes its frames."""

    def __init__(self, receive: Receiver) -> None:
        self._receive = receive
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="relay")
        self._due: deque[Future[None]] = deque()

    def add(self, frame: pl.DataFrame) -> None:
        self.drain(left=_WAITING)
        self._due.append(self._pool.submit(self._receive, frame))

    def drain(self, *, left: int) -> None:
        while len(self._due) > left:
            self._due.popleft().result()

    def stop(self) -> None:
        for future in self._due:
            future.cancel()
        self._pool.shutdown(wait=True)
        self._due.clear()
