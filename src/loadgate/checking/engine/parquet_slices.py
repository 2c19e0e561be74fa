"""A Parquet file on this machine enters; its rows leave in order, in slices of about a batch, two of them read ahead.

Polars decodes eight row groups and more ahead of whoever takes their rows, however long they are. A slice is decoded
by itself, so that what a pass holds depends neither on them nor on how fast their rows are asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.passes import BATCH_ROWS, UnreadableError, failures

if TYPE_CHECKING:
    import polars as pl

_READ_AHEAD: Final = 2  # slices: one alone leaves a processor idle
_WORTH_WHILE: Final = 1 << 20  # bytes
_FEWEST: Final = 3  # slices
_MOST_OF_A_GROUP: Final = 16  # slices: the pages before a slice are unpacked again, and so ever more of them
_CHANGED: Final = "the file was changed while it was read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetFile:
    """A Parquet file, with the options that Polars' `scan_parquet` takes; a pass over it takes less memory than one
    over its frame.
    """

    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    slice_rows: int = BATCH_ROWS

    def frame(self) -> pl.LazyFrame:
        """The file as Polars scans it. Raises as `scan_parquet` does."""
        import polars as pl

        return pl.scan_parquet(self.path, glob=False, **self.options)


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where the slices of a file begin, the first at row 0; what the file was when that was found out."""

    path: Path
    at: Sequence[int]
    identity: tuple[int, ...]


def cut(file: ParquetFile) -> Cuts | None:
    """Cut a file where its row groups end, and long ones in equal parts.

    None if it is not worth while, or its row groups are too long, or cannot be told: then its frame has to do.
    """
    try:
        identity = _identity(file.path)
        if identity[0] < _WORTH_WHILE:
            return None
        import pyarrow.parquet as pq

        footer = pq.read_metadata(file.path)
        groups = [footer.row_group(number).num_rows for number in range(footer.num_row_groups)]
    except failures():  # Polars will say why
        return None
    parts = [max(1, round(rows / file.slice_rows)) for rows in groups]
    if sum(groups) != footer.num_rows or min(groups, default=-1) < 0 or max(parts) > _MOST_OF_A_GROUP:
        return None
    at, end = [0], 0
    for rows, into in zip(groups, parts, strict=True):
        if end > at[-1] and end + rows > at[-1] + file.slice_rows:
            at.append(end)
        at.extend(end + rows * part // into for part in range(1, into))
        end += rows
    return Cuts(file.path, at, identity) if len(at) >= _FEWEST else None


def slices(frame: pl.LazyFrame, cuts: Cuts) -> Generator[pl.DataFrame]:
    """Read a frame of a file slice by slice, its last one up to its end. Raises: UnreadableError."""

    def read(start: int, end: int | None) -> pl.DataFrame:
        try:
            return frame.slice(start, None if end is None else end - start).collect(engine="in-memory")
        except failures() as error:
            raise UnreadableError(type(error).__name__) from None

    reading: deque[Future[pl.DataFrame]] = deque()
    with ThreadPoolExecutor(max_workers=_READ_AHEAD) as pool:
        try:
            for start, end in pairwise([*cuts.at, None]):
                reading.append(pool.submit(read, start or 0, end))
                if len(reading) > _READ_AHEAD:
                    yield reading.popleft().result()
            while reading:
                yield reading.popleft().result()
        finally:
            for one in reading:
                one.cancel()
    try:
        changed = _identity(cuts.path) != cuts.identity
    except OSError:
        changed = True
    if changed:
        raise UnreadableError(_CHANGED)


def _identity(path: Path) -> tuple[int, ...]:
    """The size in bytes, and what else tells a file from another one that took its place."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev
