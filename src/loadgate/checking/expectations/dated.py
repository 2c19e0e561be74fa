"""What checks that hold a row against its own day share: how long the day's period is, and which columns hold days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

EVERY: Final = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}


def no_days(types: Mapping[str, pl.DataType]) -> str | None:
    """Why `date_column` is not one of days; None where it is, or has no type."""
    import polars as pl

    if types["date_column"] in (pl.Date, pl.Datetime, pl.Null):
        return None
    return f"date_column is of type {types['date_column']}, which holds no days"
