"""A file of the benchmark's table in; out, a Polars frame of it, lazy, with the types that every tool reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

TEXTS = ("order_id", "customer_id", "country", "status", "entered", "amount", "note")
DATES = ("ordered_on", "shipped_on")
MISSING = ("ordered_on", "shipped_on", "price", "note")
"""Columns in which a value can be missing."""
COLUMNS = (
    *("order_id", "customer_id", "country", "status", "ordered_on", "shipped_on"),
    *("entered", "quantity", "remaining", "price", "amount", "note"),
)


def scan(path: Path) -> pl.LazyFrame:
    import polars as pl

    if path.suffix == ".parquet":
        return pl.scan_parquet(path)
    return pl.scan_csv(path, schema=schema())


def schema() -> dict[str, Any]:
    """The types of the columns in CSV."""
    import polars as pl

    kinds = {"quantity": pl.Int64, "remaining": pl.Int64, "price": pl.Float64, **dict.fromkeys(DATES, pl.Date)}
    return {name: kinds.get(name, pl.String) for name in COLUMNS}
