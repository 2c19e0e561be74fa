"""A file of the benchmark's table in; out, a Polars frame of it, lazy, with the types that every tool reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
    kinds = {"quantity": pl.Int64, "remaining": pl.Int64, "price": pl.Float64, **dict.fromkeys(DATES, pl.Date)}
    return pl.scan_csv(path, schema={name: kinds.get(name, pl.String) for name in COLUMNS})
