"""Days and the periods that their rows are about enter; leave failed the days that lie outside."""
# ruff: noqa: E402

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility.pydantic import Field, StrictStr
from great_expectations.expectations.expectation import ColumnMapExpectation

from loadgate.checking.expectations.dated import EVERY, no_days

if TYPE_CHECKING:
    import polars as pl


@row_rule(
    "column_values.days_in_period",
    columns=("date_column",),
    value_keys=("date_covers", "or_before", "or_after"),
    refuses=no_days,
)
def _inside(
    column: pl.Expr,
    *,
    date_column: pl.Expr,
    date_covers: str = "day",
    or_before: bool = False,
    or_after: bool = False,
) -> pl.Expr:
    import polars as pl

    day, about = (pl.coalesce(one, pl.lit(None, pl.Date)).dt.date() for one in (column, date_column))
    first = about.dt.truncate(EVERY[date_covers])
    last = first.dt.offset_by(EVERY[date_covers])  # the day after
    inside = ((day >= first) | pl.lit(or_before)) & ((day < last) | pl.lit(or_after))
    return inside.fill_null(True)


class ExpectDaysToLieInPeriod(ColumnMapExpectation):
    """Expect days that lie in the period that another column of the row names.

    `or_before` and `or_after` permit days of earlier and of later periods too. A row without a period is not judged.
    """

    date_column: StrictStr = Field(min_length=1)
    date_covers: Literal["day", "week", "month", "quarter", "year"] = "day"
    or_before: bool = False
    or_after: bool = False

    map_metric = "column_values.days_in_period"
    domain_keys = (*ColumnMapExpectation.domain_keys, "date_column")
    success_keys = (*ColumnMapExpectation.success_keys, "date_covers", "or_before", "or_after")
    args_keys = ("column", "date_column", "date_covers")
