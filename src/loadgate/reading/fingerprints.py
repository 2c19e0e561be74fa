"""A typed file in, its Fingerprint out: counts, exact sums and a hash of the sorted content."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.model.expected import Column, ColumnType, Dataset
from loadgate.model.fingerprint import ColumnPrint, Fingerprint, category_pseudonym

if TYPE_CHECKING:
    import polars as pl

MAX_CATEGORIES = 20
MIN_ROWS_NAMED = 5  # a value in fewer rows could point at someone, even under a pseudonym
SORTED_ROWS = 5_000_000  # more are sorted range by range, so that memory stays bounded
HELD_ROWS = 500_000  # so few are read once, not once per column
_SAMPLE = 10_000


def fingerprint(typed: Path, dataset: Dataset) -> Fingerprint:
    """Summarise typed rows. Row order and the splitting into files change nothing; `_row` and `_line` do not count."""
    import polars as pl

    rows = pl.scan_parquet(typed)
    height = int(rows.select(pl.len()).collect().item())
    if height <= HELD_ROWS:
        rows = rows.collect().lazy()
    open_columns = {name: column for name, column in dataset.columns.items() if not column.personal}
    prints = [_print(rows, name, column, height) for name, column in open_columns.items()]
    return Fingerprint(
        rows=height,
        columns=tuple(dataset.columns),
        prints=tuple(prints),
        sha256=_content_sha256(rows, dataset, height),
    )


def _print(rows: pl.LazyFrame, name: str, column: Column, height: int) -> ColumnPrint:
    import polars as pl

    value = pl.col(name)
    hashes = rows.select(value.drop_nulls().hash()).collect().to_series().sort()  # far cheaper than counting texts
    nulls = height - len(hashes)
    distinct = int((hashes != hashes.shift()).sum()) + 1 if len(hashes) else 0
    categories: list[tuple[str, int]] = []
    if column.type in (ColumnType.TEXT, ColumnType.BOOLEAN) and 0 < distinct <= MAX_CATEGORIES:
        found = rows.select(value.cast(pl.String)).drop_nulls().group_by(name).len().collect()
        categories = sorted(
            (category_pseudonym(name, text), count) for text, count in found.iter_rows() if count >= MIN_ROWS_NAMED
        )
    named = sum(count for _, count in categories)
    return ColumnPrint(
        name=name,
        type=column.type.value,
        nulls=nulls,
        distinct=distinct,
        sum=_sum(rows, name, column),
        categories=tuple(categories),
        others=height - nulls - named if categories else 0,
    )


def _sum(rows: pl.LazyFrame, name: str, column: Column) -> str | None:
    """Exact; None where the type has no sum or it has more than 38 digits."""
    import polars as pl

    if column.type not in (ColumnType.INTEGER, ColumnType.DECIMAL):
        return None
    scale = column.scale if column.type is ColumnType.DECIMAL else 0
    exact = pl.col(name).cast(pl.Decimal(38, scale))  # a sum of Int64 would wrap
    try:
        total = rows.select(exact.sum()).collect().item()
    except pl.exceptions.PolarsError:
        return None
    return format(total, "f")


def _content_sha256(rows: pl.LazyFrame, dataset: Dataset, height: int) -> str:
    """Each row as canonical text, sorted by bytes; ranges of the order are hashed one after another."""
    import polars as pl

    digest = hashlib.sha256("\x1f".join(dataset.columns).encode())
    cells = [pl.col(name).cast(pl.String).fill_null("\x00") for name in dataset.columns]
    texts = rows.select(pl.concat_str(cells, separator="\x1f").alias("row"))
    for low, high in _ranges(texts, height):
        part = texts
        if low is not None:
            part = part.filter(pl.col("row") >= low)
        if high is not None:
            part = part.filter(pl.col("row") < high)
        ordered = part.collect(engine="streaming")["row"].sort()
        for start in range(0, len(ordered), 200_000):
            digest.update((ordered.slice(start, 200_000) + "\x1e").str.join("").item().encode())
    return digest.hexdigest()


def _ranges(texts: pl.LazyFrame, height: int) -> list[tuple[str | None, str | None]]:
    """Bounds that cut the order into pieces of about SORTED_ROWS; where they lie does not change the hash."""
    import polars as pl

    pieces = -(-height // SORTED_ROWS)
    if pieces <= 1:
        return [(None, None)]
    sample = texts.select(pl.col("row").gather_every(max(1, height // _SAMPLE))).collect()["row"].unique().sort()
    bounds = [sample[len(sample) * piece // pieces] for piece in range(1, pieces)]
    edges: list[str | None] = [None, *sorted(set(bounds)), None]
    return list(pairwise(edges))
