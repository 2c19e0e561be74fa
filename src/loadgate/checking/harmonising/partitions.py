"""Frames of rows enter as they come; all of their rows leave in parts, each small enough to be held.

Rows of one key are always in one part; those that lack it, or a piece of it, are in any. What is too much for memory
waits in files, in a folder that nobody else can read and that goes with its owner: they are row values.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import polars as pl

_PARTS: Final = 128  # by key: as many as a file is cut into; neighbours are put together while they are small
_PART_BYTES: Final = 8 << 20
_ROWS: Final = 100_000  # in a part without a key
_PART = "_partition"


class Partitions:
    """Rows by the columns `by`, or in the order in which they came if there are none. Close it; that is idempotent."""

    def __init__(self, folder: Path, *, by: Sequence[str] = (), held_bytes: int) -> None:
        self._into, self._by, self._limit = folder, list(by), held_bytes
        self._held: list[Any] = []  # pyarrow has no types
        self._held_bytes = self._bytes = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: list[tuple[Path, list[int]]] = []  # and which part each of its batches is

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows; all frames have the same columns. Raises: OSError if the disk is full."""
        import polars as pl

        if not rows.height:
            return
        table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())  # a copy, which keeps no frame alive for a few rows
        self._held.append(table)
        self._held_bytes += table.nbytes
        self._bytes += table.nbytes
        if self._held_bytes >= self._limit:
            self._spill()

    def parts(self) -> Iterator[pl.DataFrame]:
        """All rows that came; may be asked again."""
        import polars as pl

        if not self._files:
            if self._held:
                yield self._in_memory()
            return
        self._spill()
        if not self._by:
            for path, cut in self._files:
                for place in range(len(cut)):
                    yield pl.concat(_batches(path, [place]))
            return
        together = max(1, _PARTS * _PART_BYTES // max(1, self._bytes))
        for first in range(0, _PARTS, together):
            wanted = range(first, first + together)
            frames = [
                frame
                for path, cut in self._files
                for frame in _batches(path, [place for place, part in enumerate(cut) if part in wanted])
            ]
            if frames:
                yield pl.concat(frames)

    def close(self) -> None:
        """Forget all rows, on disk too."""
        if self._folder is not None:
            self._folder.cleanup()
        self._folder = None
        self._held, self._files = [], []
        self._held_bytes = self._bytes = 0

    def _in_memory(self) -> pl.DataFrame:
        import polars as pl

        return pl.concat([pl.DataFrame(pl.from_arrow(table)) for table in self._held])

    def _spill(self) -> None:
        import polars as pl
        import pyarrow as pa

        if not self._held:
            return
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="rows-", dir=self._into, ignore_cleanup_errors=True)
        path, parts = Path(self._folder.name) / f"{len(self._files)}.arrow", list[int]()
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, self._held[0].schema) as writer:
            for part, rows in self._cut(self._in_memory()):
                writer.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks())
                parts.append(part)
        self._files.append((path, parts))
        self._held, self._held_bytes = [], 0

    def _cut(self, rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
        import polars as pl

        if not self._by:
            yield from enumerate(rows.iter_slices(_ROWS))
            return
        keyless = pl.any_horizontal(pl.col(name).is_null() for name in self._by)
        place = pl.when(keyless).then(pl.int_range(pl.len(), dtype=pl.UInt64)).otherwise(pl.struct(self._by).hash())
        part = (place % _PARTS).cast(pl.UInt8).alias(_PART)
        for (name,), own in rows.with_columns(part).partition_by(_PART, as_dict=True, include_key=False).items():
            yield int(name), own


def _batches(path: Path, places: Sequence[int]) -> list[pl.DataFrame]:
    import polars as pl
    import pyarrow as pa

    if not places:
        return []
    with pa.OSFile(str(path), "rb") as file:
        reader = pa.ipc.open_file(file)
        return [pl.DataFrame(pl.from_arrow(reader.get_batch(place))) for place in places]
