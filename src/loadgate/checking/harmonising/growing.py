"""Frames of one of the big tables enter as they come; leaves its Parquet file, written on the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from loadgate.model.tables import conform, empty

if TYPE_CHECKING:
    import polars as pl

_AT_ONCE: Final = 100_000  # rows


class GrowingTable:
    """A table with `_row`, of `loadgate.model.tables`. Each row group is in order of `_row`, the whole is not."""

    def __init__(self, path: Path, table: dict[str, str]) -> None:
        self.path, self._table = path, table
        self._held: list[pl.DataFrame] = []
        self._waiting = 0
        self._writer: Any = None  # pyarrow has no types

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows with the table's columns. Raises: OSError if the disk is full."""
        if not rows.height:
            return
        self._held.append(conform(rows, self._table))
        self._waiting += rows.height
        if self._waiting >= _AT_ONCE:
            self._write()

    def close(self) -> Path:
        """Write what waits; a table without rows is a file too."""
        if self._held or self._writer is None:
            self._write()
        self.stop()
        return self.path

    def discard(self) -> None:
        """Forget all rows."""
        self.stop()
        self.path.unlink(missing_ok=True)

    def stop(self) -> None:
        """Leave nothing open."""
        if self._writer is not None:
            self._writer.close()
        self._writer, self._held, self._waiting = None, [], 0

    def _write(self) -> None:
        import polars as pl
        import pyarrow.parquet as pq

        rows = pl.concat([empty(self._table), *self._held]).sort("_row", maintain_order=True)
        written = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            texts = [name for name, kind in self._table.items() if kind == "text"]
            self._writer = pq.ParquetWriter(
                self.path,
                written.schema,
                compression="zstd",
                use_dictionary=texts,
                column_encoding={"_row": "DELTA_BINARY_PACKED"},
            )
        self._writer.write_table(written)
        self._held, self._waiting = [], 0
