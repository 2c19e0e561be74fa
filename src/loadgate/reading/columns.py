"""One column's raw values, batch after batch, in; out, typed values, and where one is there that cannot be read.

Registers repeat themselves: a code, a day, a quarter stands in thousands of rows. Text that repeats is numbered first
(24 ns a row), each different value is read once, and rows get theirs by number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from loadgate.model.expected import Column, ColumnType
from loadgate.model.profiles import FileFormat
from loadgate.reading import casting

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

FEW_ROWS: Final = 5_000  # of so few nothing is worth numbering
MOST_DIFFERENT: Final = 100_000
_REPEATS: Final = 2  # rows to a value, in the first batch


class ColumnsReader:
    """Reads the columns of a dataset; knows what it has read before."""

    def __init__(self, columns: Mapping[str, Column], form: FileFormat) -> None:
        self._columns, self._form = columns, form
        self._known: dict[str, _Known | None] = {}  # None: it does not repeat

    def read(self, raw: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
        """Typed columns in the dataset's order, and for each that has some, where its values cannot be read.

        A column that the batch lacks is empty.
        """
        import polars as pl

        values: dict[str, pl.Series] = {}
        lost: dict[str, pl.Series] = {}
        plain: dict[str, casting.Casting] = {}
        for name, column in self._columns.items():
            found = raw.schema.get(name)
            if found is None:
                values[name] = _nothing(name, column, raw.height)
            elif (known := self._repeating(name, raw)) is not None:
                values[name], unreadable = known.read(raw[name])
                if unreadable is not None:
                    lost[name] = unreadable
            else:
                plain[name] = self.casting_of(name, found)
        typed, unreadable_ones = self._read_plain(raw, plain)
        values |= typed
        lost |= unreadable_ones
        return pl.DataFrame([values[name] for name in self._columns]), {
            name: lost[name] for name in self._columns if name in lost
        }

    def casting_of(self, name: str, found: pl.DataType) -> casting.Casting:
        """How a column is read that the file has as this type."""
        import polars as pl

        return casting.from_typed(pl.col(name), self._columns[name], found, self._form)

    def _repeating(self, name: str, raw: pl.DataFrame) -> _Known | None:
        import polars as pl

        column = self._columns[name]
        if raw.schema[name] != pl.String or column.type is ColumnType.TEXT:
            return None
        if name not in self._known and raw.height >= FEW_ROWS:
            known = _Known(name, self.casting_of(name, pl.String()), column)
            self._known[name] = known if known.repeats(raw[name]) else None
        found = self._known.get(name)
        if found is not None and found.different > MOST_DIFFERENT:
            found = self._known[name] = None
        return found

    def _read_plain(
        self, raw: pl.DataFrame, castings: Mapping[str, casting.Casting]
    ) -> tuple[dict[str, pl.Series], dict[str, pl.Series]]:
        import polars as pl

        values = self._read_usual(raw, castings)
        rest = {name: reading for name, reading in castings.items() if name not in values}
        if not rest:
            return values, {}
        asked = {
            name: reading
            for name, reading in rest.items()
            if not (self._columns[name].type is ColumnType.TEXT and raw.schema[name] == pl.String)  # any text is one
        }
        frame = raw.select(
            *(reading.value.alias(name) for name, reading in rest.items()),
            *(reading.missing.sum().alias(f"missing.{name}") for name, reading in asked.items()),
        )
        lost: dict[str, pl.Series] = {}
        for name, reading in asked.items():
            missing = int(frame[f"missing.{name}"][0] or 0) if raw.height else 0
            if frame[name].null_count() != missing:
                is_missing = raw.select(reading.missing.alias(name)).to_series()
                lost[name] = frame[name].is_null() & ~is_missing
        return values | {name: frame[name] for name in rest}, lost

    def _read_usual(self, raw: pl.DataFrame, castings: Mapping[str, casting.Casting]) -> dict[str, pl.Series]:
        """The columns of which every value that is there is written in the usual way."""
        usual = {name: reading.usual for name, reading in castings.items() if reading.usual is not None}
        if not usual:
            return {}
        # what an expression says twice is worked out once in a lazy query only
        frame = raw.lazy().select(reading.alias(name) for name, reading in usual.items()).collect()
        open_ones = [name for name in usual if frame[name].null_count()]
        if not open_ones:
            return {name: frame[name] for name in usual}
        missing = raw.select(castings[name].missing.sum().alias(name) for name in open_ones).row(0, named=True)
        return {name: frame[name] for name in usual if name not in missing or frame[name].null_count() == missing[name]}


class _Known:
    """A column's different texts, numbered as they came, and what each was read as."""

    def __init__(self, name: str, reading: casting.Casting, column: Column) -> None:
        import polars as pl

        self._name, self._reading = name, reading
        self._categories = pl.Categories.random()
        self._alive = pl.Series(dtype=pl.Categorical(self._categories))  # the numbers last as long as a column has them
        self._values = pl.Series(name, dtype=casting.dtype(column))
        self._lost = pl.Series(dtype=pl.Boolean)

    @property
    def different(self) -> int:
        return len(self._values)

    def repeats(self, raw: pl.Series) -> bool:
        return raw.n_unique() * _REPEATS <= len(raw)

    def read(self, raw: pl.Series) -> tuple[pl.Series, pl.Series | None]:
        """Values, and where they are lost, if any is."""
        import polars as pl

        numbered = raw.cast(pl.Categorical(self._categories))
        self._alive = numbered.clear()
        codes = numbered.to_physical()
        most = codes.max()
        if isinstance(most, int) and most >= self.different:
            self._learn(raw, codes)
        values = self._values.gather(codes)
        if not self._lost.any():
            return values, None
        lost = self._lost.gather(codes).fill_null(False)
        return values, lost if lost.any() else None

    def _learn(self, raw: pl.Series, codes: pl.Series) -> None:
        import polars as pl

        new = pl.DataFrame([raw.alias(self._name), codes.alias("code")]).filter(pl.col("code") >= self.different)
        texts = new.unique("code").sort("code")  # numbers are given in the order of coming, without a gap
        read = texts.select(self._reading.value.alias("value"), self._reading.missing.alias("missing"))
        self._values = pl.concat([self._values, read["value"].alias(self._name)])
        self._lost = pl.concat([self._lost, (read["value"].is_null() & ~read["missing"]).alias("")])


def _nothing(name: str, column: Column, height: int) -> pl.Series:
    import polars as pl

    return pl.Series(name, [None], dtype=casting.dtype(column)).new_from_index(0, height)
