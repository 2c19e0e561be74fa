"""Typed rows and a supplier's profile in; out, the texts that its file holds, and the file: bytes by the profile.

What is written is what `reading` reads back: the profile is the only description of a file that there is. The same
rows give the same bytes.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, assert_never

from loadgate.model.expected import ColumnType, Dataset
from loadgate.model.profiles import DeliverySpec, FormatKind, SourceColumn
from loadgate.samples.flis.formats import delimited, fixed
from loadgate.samples.flis.formats.packing import Packing
from loadgate.samples.flis.formats.values import plain, written

if TYPE_CHECKING:
    import polars as pl

PART_ROWS = 2_000_000  # of a part of an archive that is written as it comes
_DIGITS = 38


def columns(spec: DeliverySpec, dataset: Dataset) -> tuple[SourceColumn, ...]:
    """The file's columns in order."""
    return spec.columns or tuple(SourceColumn(source=name, column=name) for name in dataset.columns)


def text(frame: pl.DataFrame, spec: DeliverySpec, dataset: Dataset) -> pl.DataFrame:
    """Typed rows as texts under the file's own column names."""
    import polars as pl

    return frame.select(
        written(pl.col(line.column), dataset.columns[line.column], spec.format).alias(line.source)
        for line in columns(spec, dataset)
    )


def file_bytes(
    text: pl.DataFrame, spec: DeliverySpec, dataset: Dataset, *, parts: int = 1, typed: pl.DataFrame | None = None
) -> bytes:
    """The file. `typed`: the same rows typed, which Parquet holds; without them it holds texts.

    `parts`: members of an archive; any other file is one part.
    """
    data = io.BytesIO()
    match spec.format.kind:
        case FormatKind.PARQUET:
            _write_parquet(data, text if typed is None else _renamed(typed, spec, dataset))
        case FormatKind.XLSX:
            from loadgate.samples.flis.formats.workbook import workbook

            packing = Packing(data, spec)
            with packing.part() as handle:
                handle.write(workbook(text, spec, dataset))
            packing.close()
        case FormatKind.CSV | FormatKind.FIXED:
            packing = Packing(data, spec)
            for piece in _pieces(text, parts if packing.holds_many else 1):
                with packing.part() as handle:
                    lines = Lines(handle, spec, dataset)
                    lines.add(piece)
                    lines.close()
            packing.close()
        case _:
            assert_never(spec.format.kind)
    return data.getvalue()


def write(
    text: pl.DataFrame,
    spec: DeliverySpec,
    dataset: Dataset,
    path: Path,
    *,
    parts: int = 1,
    typed: pl.DataFrame | None = None,
) -> None:
    """As `file_bytes`, into a file."""
    path.write_bytes(file_bytes(text, spec, dataset, parts=parts, typed=typed))


def write_stream(
    frames: Iterable[pl.DataFrame],
    spec: DeliverySpec,
    dataset: Dataset,
    path: Path,
    *,
    changed: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> int:
    """Typed rows that come piece by piece, into one file, in bounded memory. Returns their number.

    An archive gets a new member every two million rows. A workbook is small by nature: its rows are held. What
    `changed` makes of the texts is written; Parquet then holds texts.
    """
    import polars as pl

    def texts() -> Iterator[pl.DataFrame]:
        for frame in frames:
            yield text(frame, spec, dataset) if changed is None else changed(text(frame, spec, dataset))

    if spec.format.kind is FormatKind.XLSX:
        whole = pl.concat(texts())
        write(whole, spec, dataset, path)
        return whole.height
    with path.open("wb") as handle:
        if spec.format.kind is FormatKind.PARQUET:
            typed = (_renamed(frame, spec, dataset) for frame in frames)
            return _stream_parquet(handle, typed if changed is None else texts())
        packing = Packing(handle, spec)
        rows, iterator = 0, texts()
        piece = next(iterator, None)
        while True:
            with packing.part() as part:
                lines = Lines(part, spec, dataset)
                while piece is not None and (lines.rows < PART_ROWS or not packing.holds_many):
                    lines.add(piece)
                    piece = next(iterator, None)
                lines.close()
                rows += lines.rows
            if piece is None:
                break
        packing.close()
        return rows


class Lines:
    """One run of lines with its head and its trailer; the trailer counts and adds up what the lines say."""

    def __init__(self, handle: IO[bytes], spec: DeliverySpec, dataset: Dataset) -> None:
        self.rows = 0
        self._handle, self._spec, self._dataset = handle, spec, dataset
        self._encoder = codecs.getincrementalencoder(spec.format.encoding)()
        summed = spec.format.trailer.sums if spec.format.trailer is not None else {}
        self._sums = dict.fromkeys(summed, 0)  # in units of the column's last decimal
        self._sources = {line.column: line.source for line in columns(spec, dataset)}
        if spec.format.kind is FormatKind.FIXED:
            self._write(fixed.head(spec))
        else:
            self._write(delimited.head(spec, [line.source for line in columns(spec, dataset)]))

    def add(self, text: pl.DataFrame) -> None:
        self.rows += text.height
        for name in self._sums:
            self._sums[name] += self._units(text, name)
        if text.height:
            is_fixed = self._spec.format.kind is FormatKind.FIXED
            self._write(fixed.body(text, self._spec, self._dataset) if is_fixed else delimited.body(text, self._spec))

    def close(self) -> None:
        sums = {name: self._text(name, units) for name, units in self._sums.items()}
        tail = fixed.tail if self._spec.format.kind is FormatKind.FIXED else delimited.tail
        self._write(tail(self._spec, rows=str(self.rows), sums=sums))

    def _write(self, text: str) -> None:
        self._handle.write(self._encoder.encode(text))

    def _scale(self, name: str) -> int:
        column = self._dataset.columns[name]
        return column.scale if column.type is ColumnType.DECIMAL else 0

    def _units(self, text: pl.DataFrame, name: str) -> int:
        import polars as pl

        number = plain(pl.col(self._sources[name]).str.strip_chars(), self._spec.format)
        exact = pl.Decimal(_DIGITS, self._scale(name))
        total = text.select(number.cast(exact, strict=False).sum()).item()
        return int(total.scaleb(self._scale(name)))

    def _text(self, name: str, units: int) -> str:
        import polars as pl

        column = self._dataset.columns[name]
        scale = self._scale(name)
        digits = f"{'-' if units < 0 else ''}{abs(units) // 10**scale}.{abs(units) % 10**scale:0{scale or 1}d}"
        number = pl.DataFrame({"number": [digits if scale else str(units)]})
        exact = pl.col("number").cast(pl.Decimal(_DIGITS, scale))
        found = written(
            exact, column.model_copy(update={"type": ColumnType.DECIMAL, "scale": scale}), self._spec.format
        )
        return str(number.select(found).item())


def _pieces(text: pl.DataFrame, parts: int) -> Iterator[pl.DataFrame]:
    """The rows in so many runs of nearly the same length; none is left out, and there is at least one."""
    step = max(1, -(-text.height // max(parts, 1)))
    starts = range(0, text.height, step) if text.height else range(1)
    for start in starts:
        yield text.slice(start, step)


def _renamed(typed: pl.DataFrame, spec: DeliverySpec, dataset: Dataset) -> pl.DataFrame:
    import polars as pl

    return typed.select(pl.col(line.column).alias(line.source) for line in columns(spec, dataset))


def _write_parquet(handle: IO[bytes], frame: pl.DataFrame) -> None:
    _stream_parquet(handle, [frame])


def _stream_parquet(handle: IO[bytes], frames: Iterable[pl.DataFrame]) -> int:
    import polars as pl
    import pyarrow.parquet as pq

    rows, writer = 0, None
    try:
        for frame in frames:
            table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            if writer is None:
                writer = pq.ParquetWriter(handle, table.schema, compression="zstd")
            writer.write_table(table)
            rows += frame.height
    finally:
        if writer is not None:
            writer.close()
    return rows
