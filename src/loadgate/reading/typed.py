"""Batches of raw records in, typed.parquet and rejects.parquet out, in one pass and in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.model import absence, tables
from loadgate.model.expected import Dataset
from loadgate.model.profiles import FileFormat
from loadgate.model.tables import UNDECIDED
from loadgate.reading import casting
from loadgate.reading.batches import BLANK, LINE, REASON, RECORD, Batch
from loadgate.reading.columns import ColumnsReader
from loadgate.reading.relay import Relay

if TYPE_CHECKING:
    import polars as pl

PART, ROW = "_part", "_row"
LINES_KEPT = 10
_LOOKED_AT = 20_000  # rows


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
    """Writes row groups as they come. Close it once; until then nothing lies under the final names.

    `each` gets every typed frame after it was written, in order, perhaps in another thread.
    """

    def __init__(
        self, into: Path, dataset: Dataset, form: FileFormat, *, each: Sequence[Callable[[pl.DataFrame], None]] = ()
    ) -> None:
        self.typed, self.rejects = into / "typed.parquet", into / "rejects.parquet"
        self.rows_in = self.rows_typed = 0
        self.rejected = Tally()
        self.values: dict[str, Tally] = {}
        self._into, self._dataset = into, dataset
        self._columns = ColumnsReader(dataset.columns, form)
        self._segments: list[Path] = []
        self._writer: Any = None  # pyarrow has no types
        self._rejects: Any = None
        self._flagged: set[str] = set()  # columns that a written frame had no sure values of
        self._came: set[str] = set()  # columns that a file with rows had
        self._lacked: set[str] = set()  # columns that a file with rows did not have
        self._filled: set[str] = set()  # of the optional columns, those with a value
        self._relay = Relay([self._write_typed, *each])

    @property
    def undecided(self) -> tuple[str, ...]:
        """Columns with unreadable values, in the dataset's order."""
        return tuple(name for name in self._dataset.columns if name in self.values)

    @property
    def absent(self) -> tuple[str, ...]:
        """Columns that none of the rows came with."""
        return tuple(name for name in self._dataset.columns if name not in self._came) if self.rows_typed else ()

    @property
    def partly_absent(self) -> dict[str, bool]:
        """Columns that some of the rows came without, and whether a row has a value.

        A column with unreadable values is none of them: it may be those that leave a row undecided.
        """
        unsure = self._lacked - set(self.absent) - set(self.values)
        return {name: name in self._filled for name in self._dataset.columns if name in unsure}

    def add(self, batch: Batch, *, part: int, before: int) -> pl.DataFrame:
        """`_record` counts within a source; `before` says how many records earlier sources had.

        Out: the typed rows, with `_undecided.<column>` for every column that has unreadable values among them, or that
        the file lacks: what it would have said of these rows is not known.
        """
        import polars as pl

        raw = batch.raw if before == 0 else batch.raw.with_columns((pl.col(RECORD) + before).cast(pl.UInt32))
        columns, lost = self._columns.read(raw)
        self._reject(batch, raw, lost, before=before)
        self.rejected.add(batch.rejected)
        self.rows_in += batch.records
        self.rows_typed += raw.height
        lacking = [name for name in self._dataset.columns if name not in raw.columns]
        if raw.height:
            self._came.update(raw.columns)
            self._lacked.update(lacking)
        self._filled.update(
            name
            for name, column in self._dataset.columns.items()
            if column.optional and columns[name].null_count() < raw.height
        )
        frame = pl.DataFrame(
            [
                pl.repeat(part, raw.height, dtype=pl.UInt16, eager=True).alias(PART),
                raw[RECORD].cast(pl.UInt32).alias(ROW),
                raw[LINE],
                *columns,
                *(where.alias(UNDECIDED + name) for name, where in lost.items()),
                *(
                    pl.repeat(True, raw.height, dtype=pl.Boolean, eager=True).alias(UNDECIDED + name)
                    for name in lacking
                ),
            ]
        )
        self._relay.add(frame)
        return frame

    def discard(self) -> None:
        """Forget every row: the delivery cannot be used."""
        self.stop()
        for path in (*self._segments, self.rejects):
            path.unlink(missing_ok=True)
        self.rows_in = self.rows_typed = 0
        self.rejected, self.values, self._segments, self._flagged = Tally(), {}, [], set()
        self._came, self._lacked, self._filled = set(), set(), set()

    def close(self) -> None:
        """Put both tables under their final names; empty ones of the right schema where nothing was read."""
        import polars as pl
        import pyarrow.parquet as pq

        self._relay.close()
        if not self._segments:
            self._write_typed(self._empty())
        if self._rejects is None:
            self._write_rejects(pl.DataFrame(schema={RECORD: pl.UInt32, **tables.schema(tables.REJECTS)}))
        told = absence.footer(self.absent, self.partly_absent)
        self._writer.add_key_value_metadata(told)
        self.stop()
        if len(self._segments) == 1:
            self._segments[0].rename(self.typed)
            return
        schema = pq.read_schema(self._segments[-1])
        with _writer(self.typed, schema, list(self._dataset.columns)) as writer:
            for path in self._segments:
                with pq.ParquetFile(path) as segment:
                    for group in range(segment.num_row_groups):
                        writer.write_table(_widen(segment.read_row_group(group), schema))
                path.unlink()
            writer.add_key_value_metadata(told)

    def _empty(self) -> pl.DataFrame:
        import polars as pl

        numbers = {PART: pl.UInt16(), ROW: pl.UInt32(), LINE: pl.UInt32()}
        return pl.DataFrame(
            schema=numbers | {name: casting.dtype(column) for name, column in self._dataset.columns.items()}
        )

    def _reject(self, batch: Batch, raw: pl.DataFrame, lost: Mapping[str, pl.Series], *, before: int) -> None:
        """Write down records that could not be split, and values that could not be read, in the order of records."""
        import polars as pl

        rejects = []
        if batch.rejected.height:
            rejects.append(
                batch.rejected.select(
                    (pl.col(RECORD) + before).cast(pl.UInt32),
                    pl.lit(None, pl.UInt32).alias(ROW),
                    LINE,
                    pl.lit(None, pl.String).alias("column"),
                    REASON,
                )
            )
        for name, where in lost.items():
            reason = self._columns.casting_of(name, raw.schema[name]).reason
            bad = raw.filter(where).select(
                RECORD, pl.col(RECORD).alias(ROW), LINE, pl.lit(name).alias("column"), reason.alias(REASON)
            )
            self.values.setdefault(name, Tally()).add(bad)
            rejects.append(bad)
        if rejects:
            self._write_rejects(pl.concat(rejects))

    def _write_typed(self, frame: pl.DataFrame) -> None:
        """A new segment begins when a column turns out to have unreadable values: a file's schema cannot grow."""
        import polars as pl

        flagged = {name for name in self._dataset.columns if UNDECIDED + name in frame.columns}
        self._flagged |= flagged
        flags = [
            pl.col(UNDECIDED + name) if name in flagged else pl.lit(False).alias(UNDECIDED + name)
            for name in self._dataset.columns
            if name in self._flagged
        ]
        table = frame.select(PART, ROW, LINE, *self._dataset.columns, *flags).to_arrow(
            compat_level=pl.CompatLevel.oldest()
        )
        if self._writer is None or self._writer.schema.names != table.schema.names:
            if self._writer is not None:
                self._writer.close()
            self._segments.append(self._into / f"segment-{len(self._segments)}.parquet")
            self._writer = _writer(self._segments[-1], table.schema, _repeating(frame))
        self._writer.write_table(table)

    def _write_rejects(self, rejects: pl.DataFrame) -> None:
        import polars as pl

        frame = tables.conform(rejects.sort(RECORD, maintain_order=True).drop(RECORD), tables.REJECTS)
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._rejects is None:
            self._rejects = _writer(self.rejects, table.schema, ["column", REASON])
        self._rejects.write_table(table)

    def stop(self) -> None:
        """Leave nothing open, whatever happened."""
        self._relay.stop()
        for writer in (self._writer, self._rejects):
            if writer is not None:
                writer.close()
        self._writer = self._rejects = None


def _writer(path: Path, schema: Any, repeating: Sequence[str]) -> Any:
    """Row numbers and lines are written as what they are, steps from one to the next; what repeats, by dictionary."""
    import pyarrow.parquet as pq

    numbers = [name for name in (ROW, LINE) if name in schema.names]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=list(repeating),
        column_encoding=dict.fromkeys(numbers, "DELTA_BINARY_PACKED"),
        write_statistics=numbers,
    )


def _repeating(frame: pl.DataFrame) -> list[str]:
    """Columns whose values repeat, by the first rows."""
    import polars as pl

    first = frame.head(_LOOKED_AT).drop(ROW, LINE, strict=False).select(pl.exclude(pl.Boolean))
    different = first.select(pl.all().n_unique()).row(0, named=True) if first.height else {}
    return [name for name in first.columns if 2 * different.get(name, 0) <= first.height]


def _widen(table: Any, schema: Any) -> Any:
    """The table with every column of the schema; one that it lacks is `_undecided` and was false so far."""
    import pyarrow as pa

    lacking = pa.array([False]).take(pa.array([0] * table.num_rows, pa.int64()))
    arrays = [table.column(name) if name in table.schema.names else lacking for name in schema.names]
    return pa.table(dict(zip(schema.names, arrays, strict=True)), schema=schema)
