"""Frames in, in order; each is handed to the same functions, from the second on in one thread beside the reading.

Decoding and splitting take one core, writing and counting another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

_WAITING: Final = 2  # frames: so many may lie between the two threads


class Relay:
    """Hands frames on. What a function raises is raised again by the next `add` or by `close`."""

    def __init__(self, to: Sequence[Callable[[pl.DataFrame], None]]) -> None:
        self._to = to
        self._first: pl.DataFrame | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._due: deque[Future[None]] = deque()

    def add(self, frame: pl.DataFrame) -> None:
        if self._pool is None and self._first is None:
            self._first = frame  # most files are one frame: a thread for it would cost more than it gains
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="relay")
            self._send()
        while len(self._due) >= _WAITING:
            self._due.popleft().result()
        self._due.append(self._pool.submit(self._hand, frame))

    def close(self) -> None:
        """Wait until everything was handed on."""
        try:
            if self._pool is None and self._first is not None:
                self._hand(self._first)
            while self._due:
                self._due.popleft().result()
        finally:
            self.stop()

    def stop(self) -> None:
        """Forget what was not handed on yet."""
        for future in self._due:
            future.cancel()
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        self._due.clear()
        self._pool = self._first = None

    def _send(self) -> None:
        if self._pool is not None and self._first is not None:
            self._due.append(self._pool.submit(self._hand, self._first))
            self._first = None

    def _hand(self, frame: pl.DataFrame) -> None:
        for receive in self._to:
            receive(frame)
