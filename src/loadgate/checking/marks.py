"""Which rows fail which check, or cannot be decided by it, in; out, a compact Parquet: `_row`, check, outcome.

No keys and no values: they are joined when someone looks who may. Rows of one batch are sorted; those of checks that
look twice come last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from loadgate.model.tables import MARKS, schema

if TYPE_CHECKING:
    import polars as pl

FAIL, UNDECIDED = "fail", "undecided"
_AT_ONCE: Final = 100_000  # marks


class MarksWriter:
    """Writes marks as they come. `names` are those of the suite's checks, in its order.

    Of a check that is not in `whole` the first `most` rows are marked (None: all); the others are counted.
    """

    def __init__(
        self, path: Path, names: Sequence[str], *, most: int | None = None, whole: Collection[str] = ()
    ) -> None:
        self.path, self._names = path, names
        self._most = {} if most is None else {at: most for at, name in enumerate(names) if name not in whole}
        self._come: Counter[int] = Counter()  # marks, by check
        self._held: list[pl.DataFrame] = []
        self._waiting = 0
        self._written: set[int] = set()  # checks
        self._writer: Any = None  # pyarrow has no types

    def add(self, marks: pl.DataFrame) -> None:
        """In: `_row`, `check` (its place in the suite), `undecided`."""
        for part in marks.partition_by("check") if self._most else (marks,):
            kept = self._capped(part)
            self._held.append(kept)
            self._waiting += kept.height

    def lost(self, check: int) -> int:
        """How many marks of a check were one too many."""
        return max(0, self._come[check] - self._most.get(check, self._come[check]))

    def _capped(self, marks: pl.DataFrame) -> pl.DataFrame:
        """The marks of one check that are still within the limit."""
        if not self._most or marks.is_empty():
            return marks
        check = marks.item(0, "check")
        room = max(0, self._most.get(check, marks.height) - self._come[check])
        self._come[check] += marks.height
        return marks.head(room) if check in self._most else marks

    def flush(self) -> None:
        """Between two batches: write what waits, if it is worth a row group."""
        if self._waiting >= _AT_ONCE:
            self._write()

    def close(self, *, without: Collection[int] = ()) -> Path:
        """Put the file in its place, without the marks of checks that in the end could not run."""
        import polars as pl

        self._write()
        self.stop()
        if self._written & set(without):
            lost = [self._names[index] for index in without]
            kept = self.path.with_suffix(".kept")
            pl.scan_parquet(self.path).filter(~pl.col("check").is_in(lost)).sink_parquet(kept)
            kept.replace(self.path)
        return self.path

    def discard(self) -> None:
        """Forget all marks."""
        self.stop()
        self.path.unlink(missing_ok=True)
        self._held, self._waiting, self._written = [], 0, set()
        self._come.clear()

    def stop(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _write(self) -> None:
        import polars as pl
        import pyarrow.parquet as pq

        names = pl.Series(self._names, dtype=pl.String)
        parts = [pl.DataFrame(schema={"_row": pl.UInt32, "check": pl.UInt32, "undecided": pl.Boolean})]
        marks = pl.concat([*parts, *(part.cast({"_row": pl.UInt32}) for part in self._held)]).sort("_row", "check")
        self._written.update(marks["check"].unique().to_list())
        table = pl.DataFrame(
            [
                marks["_row"],
                names.gather(marks["check"]).alias("check"),
                pl.select(pl.when(marks["undecided"]).then(pl.lit(UNDECIDED)).otherwise(pl.lit(FAIL)))
                .to_series()
                .alias("outcome"),
            ],
            schema=schema(MARKS),
        ).to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self.path,
                table.schema,
                compression="zstd",
                use_dictionary=["check", "outcome"],
                column_encoding={"_row": "DELTA_BINARY_PACKED"},
            )
        self._writer.write_table(table)
        self._held, self._waiting = [], 0
