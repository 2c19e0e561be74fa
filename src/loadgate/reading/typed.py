"""Batches of raw records in, typed.parquet and rejects.parquet out, in one pass and in bounded memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.model import tables
from loadgate.model.expected import ColumnType, Dataset
from loadgate.model.profiles import FileFormat
from loadgate.reading import casting
from loadgate.reading.batches import BLANK, LINE, REASON, RECORD, Batch

if TYPE_CHECKING:
    import polars as pl

PART, ROW = "_part", "_row"
UNDECIDED = "_undecided."
LINES_KEPT = 10


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one kind of trouble: how many, for which reasons, on which first lines."""

    count: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    lines: list[int] = field(default_factory=list)

    def add(self, found: pl.DataFrame) -> None:
        """In: a frame with `_line` and `reason`."""
        self.count += found.height
        self.lines.extend(found[LINE].head(LINES_KEPT - len(self.lines)).to_list())
        for reason, count in found[REASON].value_counts().iter_rows():
            self.reasons[reason] += count

    @property
    def blank(self) -> int:
        return self.reasons[BLANK]

    @property
    def most(self) -> str:
        """The commonest reason; ties by name."""
        return min(self.reasons, key=lambda reason: (-self.reasons[reason], reason))


class TypedWriter:
    """Writes row groups as they come. Close it once; until then nothing lies under the final names."""

    def __init__(self, into: Path, dataset: Dataset, form: FileFormat) -> None:
        self.typed, self.rejects = into / "typed.parquet", into / "rejects.parquet"
        self.rows_in = self.rows_typed = 0
        self.rejected = Tally()
        self.values: dict[str, Tally] = {}
        self._into, self._dataset, self._form = into, dataset, form
        self._segments: list[Path] = []
        self._writer: Any = None  # pyarrow has no types
        self._rejects: Any = None

    @property
    def undecided(self) -> tuple[str, ...]:
        """Columns with unreadable values, in the dataset's order."""
        return tuple(name for name in self._dataset.columns if name in self.values)

    def add(self, batch: Batch, *, part: int, before: int) -> pl.DataFrame:
        """`_record` counts within a source; `before` says how many records earlier sources had.

        Out: the typed rows, with `_undecided.<column>` for every column that could have unreadable values.
        """
        import polars as pl

        number = (pl.col(RECORD) + before).cast(pl.UInt32)
        raw = batch.raw.with_columns(number)
        frame, readings = self._cast(raw)
        rejects = [
            batch.rejected.select(
                number.alias(RECORD),
                pl.lit(None, pl.UInt32).alias(ROW),
                LINE,
                pl.lit(None, pl.String).alias("column"),
                REASON,
            )
        ]
        for name, reading in readings.items():
            lost = frame[UNDECIDED + name]
            if not lost.any():
                continue
            bad = raw.filter(lost).select(
                RECORD, pl.col(RECORD).alias(ROW), LINE, pl.lit(name).alias("column"), reading.reason.alias(REASON)
            )
            self.values.setdefault(name, Tally()).add(bad)
            rejects.append(bad)
        self.rejected.add(batch.rejected)
        self.rows_in += batch.records
        self.rows_typed += frame.height
        self._write_typed(frame, part)
        self._write_rejects(pl.concat(rejects))
        return frame

    def discard(self) -> None:
        """Forget every row: the delivery cannot be used."""
        self._stop()
        for path in (*self._segments, self.rejects):
            path.unlink(missing_ok=True)
        self.rows_in = self.rows_typed = 0
        self.rejected, self.values, self._segments = Tally(), {}, []

    def close(self) -> None:
        """Put both tables under their final names; empty ones of the right schema where nothing was read."""
        import polars as pl
        import pyarrow.parquet as pq

        if not self._segments:
            self._write_typed(self._cast(pl.DataFrame(schema={RECORD: pl.UInt32, LINE: pl.UInt32}))[0], part=0)
        if self._rejects is None:
            self._write_rejects(pl.DataFrame(schema={RECORD: pl.UInt32, **tables.schema(tables.REJECTS)}))
        self._stop()
        if len(self._segments) == 1:
            self._segments[0].rename(self.typed)
            return
        schema = pq.read_schema(self._segments[-1])
        with pq.ParquetWriter(self.typed, schema, compression="zstd") as writer:
            for path in self._segments:
                with pq.ParquetFile(path) as segment:
                    for group in range(segment.num_row_groups):
                        writer.write_table(_widen(segment.read_row_group(group), schema))
                path.unlink()

    def _cast(self, raw: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, casting.Casting]]:
        """Typed columns, beside each whether its value is there and unreadable; and how each was read."""
        import polars as pl

        readings: dict[str, casting.Casting] = {}
        columns, missing, schema = [], [], raw.schema
        for name, column in self._dataset.columns.items():
            found = schema.get(name)
            if found is None:
                columns.append(pl.lit(None, casting.dtype(column)).alias(name))
                continue
            reading = casting.from_typed(pl.col(name), column, found, self._form)
            columns.append(reading.value.alias(name))
            if not (column.type is ColumnType.TEXT and found == pl.String):  # any text is a text
                missing.append(reading.missing.alias(UNDECIDED + name))
                readings[name] = reading
        frame = raw.select(RECORD, LINE, *columns, *missing)
        # in two steps: written as one expression, each value would be read twice
        unreadable = [(pl.col(name).is_null() & ~pl.col(UNDECIDED + name)).alias(UNDECIDED + name) for name in readings]
        return frame.with_columns(unreadable), readings

    def _write_typed(self, frame: pl.DataFrame, part: int) -> None:
        """A new segment begins when a column turns out to have unreadable values: a file's schema cannot grow."""
        import polars as pl

        columns = [
            pl.lit(part, pl.UInt16).alias(PART),
            pl.col(RECORD).alias(ROW),
            pl.col(LINE),
            *self._dataset.columns,
            *(UNDECIDED + name for name in self.undecided),
        ]
        table = frame.select(columns).to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None or self._writer.schema.names != table.schema.names:
            if self._writer is not None:
                self._writer.close()
            self._segments.append(self._into / f"segment-{len(self._segments)}.parquet")
            self._writer = _writer(self._segments[-1], table.schema)
        self._writer.write_table(table)

    def _write_rejects(self, rejects: pl.DataFrame) -> None:
        import polars as pl

        if rejects.height == 0 and self._rejects is not None:
            return
        frame = tables.conform(rejects.sort(RECORD, maintain_order=True).drop(RECORD), tables.REJECTS)
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._rejects is None:
            self._rejects = _writer(self.rejects, table.schema)
        self._rejects.write_table(table)

    def _stop(self) -> None:
        for writer in (self._writer, self._rejects):
            if writer is not None:
                writer.close()
        self._writer = self._rejects = None


def _writer(path: Path, schema: Any) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetWriter(path, schema, compression="zstd")


def _widen(table: Any, schema: Any) -> Any:
    """The table with every column of the schema; one that it lacks is `_undecided` and was false so far."""
    import pyarrow as pa

    lacking = pa.array([False]).take(pa.array([0] * table.num_rows, pa.int64()))
    arrays = [table.column(name) if name in table.schema.names else lacking for name in schema.names]
    return pa.table(dict(zip(schema.names, arrays, strict=True)), schema=schema)
