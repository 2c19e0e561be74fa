"""A number of rows in; out, the table that the tools check, as Parquet and as CSV: the same rows on every machine.

Twelve columns of the kinds that people have: ids, codes, dates, a date as text, whole numbers, a float, a decimal as
text, a text that is often missing. About one value in ten thousand is wrong. Blocks of rows are made and written one
after the other, so that any number of rows takes the same memory; an interrupted file is made anew.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.peers.suite import CAPACITY, COUNTRIES, FIRST_DAY, LAST_DAY, STATUSES

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

BLOCK = 250_000
MAKE = 3  # raise it when other rows come out: files and measurements of the old ones are then left aside
_SEED = 20_260_101
_SPREAD = 2_654_435_761  # has no divisor in common with ten, so that ids differ as long as the numbers do
_WRONG = 10_000


def table(rows: int, scratch: Path) -> dict[str, Path]:
    """The table's file per format; made if it isn't there."""
    paths = {suffix: scratch / f"table-{MAKE}-{rows}.{suffix}" for suffix in ("parquet", "csv")}
    if not all(path.exists() for path in paths.values()):
        scratch.mkdir(parents=True, exist_ok=True)
        _make(rows, paths)
    return paths


def _make(rows: int, paths: dict[str, Path]) -> None:
    import pyarrow.parquet as pq

    if rows > BLOCK:
        print(f"making the table of {rows:,} rows, once", file=sys.stderr)
    partial = {suffix: path.with_name(path.name + ".partial") for suffix, path in paths.items()}
    schema = _block(0, 1).to_arrow().schema
    with (
        pq.ParquetWriter(partial["parquet"], schema, compression="zstd") as parquet,
        partial["csv"].open("wb") as csv,
    ):
        for start in range(0, rows, BLOCK):
            block = _block(start, min(BLOCK, rows - start))
            parquet.write_table(block.to_arrow().cast(schema), row_group_size=BLOCK)
            block.write_csv(csv, include_header=start == 0)
    for suffix, path in paths.items():
        partial[suffix].rename(path)


def _block(start: int, rows: int) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    random = np.random.default_rng([_SEED, start])
    days = (LAST_DAY - FIRST_DAY).days + 1
    ids = (np.arange(start, start + rows, dtype=np.int64) * _SPREAD) % 10**10
    ordered = random.integers(0, days, rows)
    quantity = random.integers(1, CAPACITY + 1, rows)
    price = np.round(random.gamma(2.0, 25.0, rows) + 0.01, 2)
    numbers = pl.DataFrame(
        {
            "id": ids,
            "customer": random.integers(0, 200_000, rows),
            "country": _picked(random, COUNTRIES, rows),
            "status": _picked(random, STATUSES, rows),
            "ordered": ordered,
            "shipped": ordered + random.integers(0, 21, rows),
            "quantity": quantity,
            "price": price,
            "words": random.integers(1, 5, rows),
        }
    )

    def now_and_then(per: int = _WRONG) -> pl.Series:
        return pl.Series(random.integers(0, per, rows) == 0)

    day = pl.lit(FIRST_DAY) + pl.duration(days=pl.col("ordered"))
    text = pl.col("price").round(2).mul(100).round(0).cast(pl.Int64)
    cents = pl.concat_str((text // 100).cast(pl.String), pl.lit("."), (text % 100).cast(pl.String).str.zfill(2))
    return numbers.select(
        order_id=pl.concat_str(pl.lit("O"), pl.col("id").cast(pl.String).str.zfill(10)),
        customer_id=pl.when(now_and_then())
        .then(pl.lit("unknown"))
        .otherwise(pl.concat_str(pl.lit("C"), pl.col("customer").cast(pl.String).str.zfill(7))),
        country=pl.when(now_and_then()).then(pl.lit("XX")).otherwise("country"),
        status=pl.when(now_and_then()).then(pl.lit("lost")).otherwise("status"),
        ordered_on=pl.when(now_and_then()).then(pl.lit(None)).otherwise(day),
        shipped_on=pl.when(now_and_then(10))
        .then(pl.lit(None))
        .when(now_and_then())
        .then(day - pl.duration(days=3))
        .otherwise(pl.lit(FIRST_DAY) + pl.duration(days=pl.col("shipped"))),
        entered=pl.when(now_and_then()).then(pl.lit("2025-13-01")).otherwise(day.dt.strftime("%Y-%m-%d")),
        quantity=pl.when(now_and_then()).then(pl.col("quantity") * 3).otherwise("quantity"),
        remaining=CAPACITY - pl.col("quantity"),
        price=pl.when(now_and_then()).then(pl.lit(None)).otherwise("price"),
        amount=pl.when(now_and_then()).then(pl.concat_str(pl.lit("ca. "), cents)).otherwise(cents),
        note=pl.when(now_and_then(2))
        .then(pl.lit(None))
        .when(now_and_then())
        .then(pl.lit("?"))
        .otherwise(pl.lit("gift ").repeat_by("words").list.join("")),
    )


def _picked(random: np.random.Generator, words: tuple[str, ...], rows: int) -> Any:
    import polars as pl

    return pl.Series(words).gather(random.integers(0, len(words), rows))
