"""A typed file in, its Fingerprint out: counts, exact sums and a hash of the sorted content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loadgate.model.expected import Column, ColumnType, Dataset
from loadgate.model.fingerprint import ColumnPrint, Fingerprint, ProviderPrint, category_pseudonym

if TYPE_CHECKING:
    import polars as pl

MAX_CATEGORIES = 20
MIN_ROWS_NAMED = 5  # a value in fewer rows could point at someone, even under a pseudonym
SORTED_ROWS = 1_000_000  # more are not sorted, so that memory stays bounded
HASHES_SORTED = 5_000_000  # at once
MANY = 100_000  # different values of a column: sorting their hashes is quicker then, and takes less memory
HELD_ROWS = 500_000  # so few are read once, not once per column
_PROBE = "a text that is always the same"
_SEEDS = (1, 2)  # of 64-bit hashes


def fingerprint(typed: Path, dataset: Dataset, *, providers: Sequence[str] = ()) -> Fingerprint:
    """Summarise typed rows. Row order and the splitting into files change nothing; `_row` and `_line` do not count.

    `providers`: those that may be named; anything else in the provider column could be anything.
    """
    import polars as pl

    rows = pl.scan_parquet(typed)
    height = int(rows.select(pl.len()).collect().item())
    if height <= HELD_ROWS:
        rows = rows.collect().lazy()
    open_columns = {name: column for name, column in dataset.columns.items() if not column.personal}
    return Fingerprint(
        rows=height,
        columns=tuple(dataset.columns),
        prints=tuple(_prints(rows, open_columns, height)),
        sha256=_content_sha256(rows, dataset, height),
        providers=_of_providers(rows, dataset, providers, height),
    )


def _engine(height: int) -> Literal["in-memory", "streaming"]:
    """Setting up a stream takes longer than a small table does."""
    return "in-memory" if height <= HELD_ROWS else "streaming"


def _prints(rows: pl.LazyFrame, columns: Mapping[str, Column], height: int) -> list[ColumnPrint]:
    """All columns in one pass, or in two: which have few enough values to be counted one by one shows in the first."""
    import polars as pl

    if not columns:
        return []
    nulls = (
        rows.select(pl.col(name).null_count() for name in columns).collect(engine=_engine(height)).row(0, named=True)
    )
    distinct = _distinct(rows, list(columns), height)
    sums = _sums(rows, columns, height)
    few = [
        name
        for name, column in columns.items()
        if column.type in (ColumnType.TEXT, ColumnType.BOOLEAN) and 0 < distinct[name] <= MAX_CATEGORIES
    ]
    categories = _categories(rows, few, height)
    prints = []
    for name, column in columns.items():
        named = sum(count for _, count in categories.get(name, ()))
        prints.append(
            ColumnPrint(
                name=name,
                type=column.type.value,
                nulls=nulls[name],
                distinct=distinct[name],
                sum=sums.get(name),
                categories=categories.get(name, ()),
                others=height - nulls[name] - named if categories.get(name) else 0,
            )
        )
    return prints


def _distinct(rows: pl.LazyFrame, columns: Sequence[str], height: int) -> dict[str, int]:
    """Different values of each column, nulls aside, by their 64-bit hashes: far cheaper than by texts."""
    import polars as pl

    if height > HELD_ROWS:
        return _distinct_of_many(rows, columns, height)
    counts = rows.select(pl.col(name).drop_nulls().hash().n_unique() for name in columns).collect()
    found: dict[str, int] = counts.row(0, named=True)
    return found


def _distinct_of_many(rows: pl.LazyFrame, columns: Sequence[str], height: int) -> dict[str, int]:
    """In bounded memory: a column with many values is sorted by hash, in passes over the hashes with one remainder."""
    import polars as pl

    estimates = rows.select(pl.col(name).approx_n_unique() for name in columns).collect(engine="streaming")
    passes = max(1, -(-height // HASHES_SORTED))
    found = {}
    for name, estimate in estimates.row(0, named=True).items():
        # nulls are dropped from the table: dropped from the column, it would be held whole
        hashes = rows.select(name).drop_nulls().select(pl.col(name).hash())
        if estimate <= MANY:
            found[name] = int(hashes.unique().select(pl.len()).collect(engine="streaming").item())
            continue
        found[name] = 0
        for remainder in range(passes):
            part = hashes if passes == 1 else hashes.filter(pl.col(name) % passes == remainder)
            ordered = part.collect(engine="streaming").to_series().sort()
            found[name] += int((ordered != ordered.shift()).sum()) + 1 if len(ordered) else 0
    return found


def _categories(rows: pl.LazyFrame, columns: Sequence[str], height: int) -> dict[str, tuple[tuple[str, int], ...]]:
    """How often each value stands there, under its pseudonym; values in few rows are left out."""
    import polars as pl

    def counts(name: str) -> pl.DataFrame:
        texts = rows.select(pl.col(name).cast(pl.String)).drop_nulls()
        if height <= HELD_ROWS:
            return texts.collect()[name].value_counts()
        return texts.group_by(name).len().collect(engine="streaming")

    return {
        name: tuple(
            sorted(
                (category_pseudonym(name, text), count)
                for text, count in counts(name).iter_rows()
                if count >= MIN_ROWS_NAMED
            )
        )
        for name in columns
    }


def _sums(rows: pl.LazyFrame, columns: Mapping[str, Column], height: int) -> dict[str, str]:
    """Exact; a column whose type has no sum, or whose sum has more than 38 digits, has none here."""
    import polars as pl

    scales = {
        name: column.scale if column.type is ColumnType.DECIMAL else 0
        for name, column in columns.items()
        if column.type in (ColumnType.INTEGER, ColumnType.DECIMAL)
    }
    exact = [pl.col(name).cast(pl.Decimal(38, scale)).sum() for name, scale in scales.items()]  # Int64 would wrap
    try:
        totals = rows.select(exact).collect(engine=_engine(height)).row(0, named=True) if exact else {}
    except pl.exceptions.PolarsError:
        if len(exact) == 1:
            return {}
        return {name: total for one in scales for name, total in _sums(rows, {one: columns[one]}, height).items()}
    return {name: format(total, "f") for name, total in totals.items()}


def _content_sha256(rows: pl.LazyFrame, dataset: Dataset, height: int) -> str:
    """Each row as canonical text, sorted by bytes; of a large table, the sums of its rows' hashes."""
    import polars as pl

    if height > SORTED_ROWS:
        sums = rows.select(_row_hashes(dataset.columns)).collect(engine="streaming").row(0)
        return _of_sums(dataset.columns, height, sums)
    cells = [pl.col(name).cast(pl.String).fill_null("\x00") for name in dataset.columns]
    ordered = rows.select(pl.concat_str(cells, separator="\x1f").alias("row")).collect()["row"].sort()
    digest = hashlib.sha256("\x1f".join(dataset.columns).encode())
    for start in range(0, len(ordered), 200_000):
        digest.update((ordered.slice(start, 200_000) + "\x1e").str.join("").item().encode())
    return digest.hexdigest()


def _of_providers(
    rows: pl.LazyFrame, dataset: Dataset, providers: Sequence[str], height: int
) -> tuple[ProviderPrint, ...]:
    """The sums of each provider's rows' hashes, its name left aside."""
    import polars as pl

    if dataset.provider_column is None or not providers:
        return ()
    whose = pl.col(dataset.provider_column).cast(pl.String)
    columns = [name for name in dataset.columns if name != dataset.provider_column]
    named = rows.filter(whose.is_in(list(providers))).group_by(whose.alias("_provider"))
    found = named.agg(pl.len().alias("_rows"), *_row_hashes(columns)).sort("_provider")
    return tuple(
        ProviderPrint(provider=name, rows=count, sha256=_of_sums(columns, count, sums))
        for name, count, *sums in found.collect(engine=_engine(height)).iter_rows()
    )


def _row_hashes(columns: Iterable[str]) -> list[pl.Expr]:
    """Two sums that do not depend on the rows' order, whatever their number, in bounded memory (decision 0010)."""
    import polars as pl

    row = pl.struct(*columns, pl.lit(_PROBE).alias("_probe"))
    return [row.hash(seed).cast(pl.Int128).sum().alias(f"_sum{seed}") for seed in _SEEDS]


def _of_sums(columns: Iterable[str], height: int, sums: Iterable[int]) -> str:
    """Polars may hash otherwise one day: then no table with its sums from before looks like one of now."""
    import polars as pl

    probe = pl.Series([_PROBE]).hash(_SEEDS[0]).item()
    return hashlib.sha256("\x1f".join(["sums", *columns, *map(str, (probe, height, *sums))]).encode()).hexdigest()
