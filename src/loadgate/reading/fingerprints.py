"""A delivery's typed frames in, one after the other; out, its Fingerprint: counts, exact sums, a hash of the content.

Nothing depends on the rows' order or on how they are cut into frames, and memory does not grow with their number.
"""

from __future__ import annotations

import decimal
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from loadgate.model.expected import Column, ColumnType, Dataset
from loadgate.model.fingerprint import ColumnPrint, Fingerprint, ProviderPrint, category_pseudonym

if TYPE_CHECKING:
    import polars as pl

MAX_CATEGORIES = 20
MIN_ROWS_NAMED = 5  # a value in fewer rows could point at someone, even under a pseudonym
SORTED_ROWS = 50_000  # more are not sorted: it takes half of the time of reading them, and holds them all
SMALLEST = 65_536  # hashes kept of a column
_LOOKED_AT: Final = 1_000  # values: more than a few among them, and none needs to be counted
_HASHES: Final = 2**64
_DIGITS: Final = 38
_EXACT: Final = decimal.Context(prec=100)
_PROBE = "a text that is always the same"
_SEEDS = (1, 2)  # of 64-bit hashes


class Printer:
    """Summarises typed frames. `_row` and `_line` do not count.

    `providers`: those that may be named; anything else in the provider column could be anything.
    """

    def __init__(self, dataset: Dataset, *, providers: Sequence[str] = ()) -> None:
        self._dataset, self._providers = dataset, list(providers)
        self._columns = {
            name: _ColumnPrinter(name, column) for name, column in dataset.columns.items() if not column.personal
        }
        self._rows = 0
        self._sums = [0, 0]
        self._of: dict[str, list[int]] = {}  # provider → rows and sums

    def add(self, frame: pl.DataFrame) -> None:
        if frame.height == 0:
            return
        self._rows += frame.height
        for name, column in self._columns.items():
            column.add(frame[name])
        self._add_hashes(frame)

    def close(self, typed: Path) -> Fingerprint:
        """`typed` holds the same rows again; it is read only where there are few."""
        large = self._rows > SORTED_ROWS
        columns = tuple(self._dataset.columns)
        return Fingerprint(
            rows=self._rows,
            columns=columns,
            prints=tuple(column.close(self._rows) for column in self._columns.values()),
            sha256=_of_sums(columns, self._rows, self._sums) if large else _of_sorted(typed, columns),
            providers=tuple(
                ProviderPrint(provider=name, rows=rows, sha256=_of_sums(self._others, rows, sums))
                for name, (rows, *sums) in sorted(self._of.items())
            ),
        )

    @property
    def _others(self) -> list[str]:
        return [name for name in self._dataset.columns if name != self._dataset.provider_column]

    def _add_hashes(self, frame: pl.DataFrame) -> None:
        """Sums of rows' hashes, of all rows and of each provider's with its name left aside (decision 0010)."""
        import polars as pl

        row = pl.struct(*self._others, pl.lit(_PROBE).alias("_probe")).hash(_SEEDS[0]).alias("_row")
        if self._dataset.provider_column is None:
            hashes = frame.select(row)
        else:
            whose = pl.col(self._dataset.provider_column).cast(pl.String).alias("_whose")
            hashes = frame.select(row, whose)
            named = hashes.filter(pl.col("_whose").is_in(self._providers)) if self._providers else hashes.clear()
            for name, rows, *sums in named.group_by("_whose").agg(pl.len(), *_sums()).iter_rows():
                known = self._of.get(name, [0, 0, 0])
                self._of[name] = [before + more for before, more in zip(known, (rows, *sums), strict=True)]
            hashes = hashes.select(pl.struct("_row", "_whose").hash(_SEEDS[0]).alias("_row"))
        more = hashes.select(*_sums()).row(0)
        self._sums = [before + added for before, added in zip(self._sums, more, strict=True)]


class _ColumnPrinter:
    """One column that is not personal.

    Texts are counted one by one as long as few are different. Of other values, and of more, only the smallest hashes
    are kept: how dense they lie says how many there are, exactly up to their number and to about 1 % beyond.
    """

    def __init__(self, name: str, column: Column) -> None:
        import polars as pl

        self._name, self._column = name, column
        self._nulls = 0
        self._counts: Counter[str] | None = Counter() if column.type in _COUNTED else None
        self._hashes = pl.Series(dtype=pl.UInt64)
        self._sum: Decimal | None = Decimal(0) if column.type in _SUMMED else None

    def add(self, values: pl.Series) -> None:
        nulls = values.null_count()
        self._nulls += nulls
        present = values.drop_nulls() if nulls else values
        if self._counts is not None:
            self._count(present)
        else:
            self._keep(present.hash())
        if self._sum is not None:
            self._sum = self._and(present)

    def close(self, rows: int) -> ColumnPrint:
        named = [(category_pseudonym(self._name, text), n) for text, n in (self._counts or {}).items()]
        named = [(name, count) for name, count in named if count >= MIN_ROWS_NAMED]
        return ColumnPrint(
            name=self._name,
            type=self._column.type.value,
            nulls=self._nulls,
            distinct=self._distinct(),
            sum=None if self._sum is None else format(self._sum, "f"),
            categories=tuple(sorted(named)),
            others=rows - self._nulls - sum(count for _, count in named) if named else 0,
        )

    def _count(self, present: pl.Series) -> None:
        """A value that makes them many: from here on, and for what was counted, hashes do."""
        import polars as pl

        if self._counts is None or len(present) == 0:
            return
        few = present.head(_LOOKED_AT).n_unique() <= MAX_CATEGORIES
        if few:
            counted = present.value_counts(name="_count")
            few = counted.height <= MAX_CATEGORIES
            present = counted.to_series(0)
        if few:
            for value, count in counted.select(pl.nth(0).cast(pl.String), "_count").iter_rows():
                self._counts[value] += count
        if not few or len(self._counts) > MAX_CATEGORIES:
            before = pl.Series(list(self._counts), dtype=pl.String).cast(present.dtype)
            self._counts = None
            self._keep(pl.concat([before.hash(), present.hash()]))

    def _keep(self, hashes: pl.Series) -> None:
        import polars as pl

        if len(self._hashes) >= SMALLEST:
            hashes = hashes.filter(hashes < self._hashes[-1])
        elif len(self._hashes):
            hashes = hashes.filter(~hashes.is_in(self._hashes.implode()))  # what repeats is known soon
        if len(hashes):
            self._hashes = pl.concat([self._hashes, hashes]).unique().sort().head(SMALLEST)

    def _distinct(self) -> int:
        if self._counts is not None:
            return len(self._counts)
        if len(self._hashes) < SMALLEST:
            return len(self._hashes)
        return (SMALLEST - 1) * _HASHES // int(self._hashes[-1])

    def _and(self, present: pl.Series) -> Decimal | None:
        """The sum so far and these; None if it has more than 38 digits."""
        import polars as pl

        scale = self._column.scale if self._column.type is ColumnType.DECIMAL else 0
        try:
            more = Decimal(present.cast(pl.Decimal(_DIGITS, scale)).sum())  # an Int64 would wrap
        except pl.exceptions.PolarsError:
            return None
        total = _EXACT.add(self._sum or Decimal(0), more)
        return total if abs(total).scaleb(scale, _EXACT) < 10**_DIGITS else None


_COUNTED: Final = (ColumnType.TEXT, ColumnType.BOOLEAN)
_SUMMED: Final = (ColumnType.INTEGER, ColumnType.DECIMAL)


def _sums() -> list[pl.Expr]:
    """Two sums of the rows' hashes that do not depend on their order, whatever their number."""
    import polars as pl

    first = pl.col("_row")
    return [
        hashes.cast(pl.Int128).sum().alias(f"_sum{index}")
        for index, hashes in enumerate((first, first.hash(_SEEDS[1])))
    ]


def _of_sums(columns: Iterable[str], rows: int, sums: Iterable[int]) -> str:
    """Polars may hash otherwise one day: then no table with its sums from before looks like one of now."""
    import polars as pl

    probe = pl.Series([_PROBE]).hash(_SEEDS[0]).item()
    return hashlib.sha256("\x1f".join(["sums", *columns, *map(str, (probe, rows, *sums))]).encode()).hexdigest()


def _of_sorted(typed: Path, columns: Sequence[str]) -> str:
    """Each row as canonical text, sorted by bytes."""
    import polars as pl

    cells = [pl.col(name).cast(pl.String).fill_null("\x00") for name in columns]
    rows = pl.scan_parquet(typed).select(pl.concat_str(cells, separator="\x1f").alias("row")).collect()["row"].sort()
    digest = hashlib.sha256("\x1f".join(columns).encode())
    for start in range(0, len(rows), 200_000):
        digest.update((rows.slice(start, 200_000) + "\x1e").str.join("").item().encode())
    return digest.hexdigest()
