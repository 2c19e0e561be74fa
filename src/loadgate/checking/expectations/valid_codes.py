"""Codes and days enter; leave failed the codes that were not valid on the row's own day."""
# ruff: noqa: E402

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility import pydantic
from great_expectations.compatibility.pydantic import Field, StrictStr
from great_expectations.expectations.expectation import ColumnMapExpectation

from loadgate.checking.expectations.dated import EVERY, no_days

if TYPE_CHECKING:
    import polars as pl


@row_rule("column_values.valid_on_date", columns=("date_column",), value_keys=("codes", "date_covers"), refuses=no_days)
def _valid(
    column: pl.Expr, *, date_column: pl.Expr, codes: list[list[str | None]], date_covers: str = "day"
) -> pl.Expr:
    import polars as pl

    names = [code for code, _, _ in codes]
    starts = [dt.date.min if day is None else dt.date.fromisoformat(day) for _, day, _ in codes]
    ends = [dt.date.max if day is None else dt.date.fromisoformat(day) for _, _, day in codes]
    days = pl.coalesce(date_column, pl.lit(None, pl.Date))  # a column without any has no type
    first = days.dt.date().dt.truncate(EVERY[date_covers])
    last = first.dt.offset_by(EVERY[date_covers])  # the day after
    begins, ceases = (column.replace_strict(names, days, default=None, return_dtype=pl.Date) for days in (starts, ends))
    known = column.is_in(names)
    return known & ((begins < last) & (ceases >= first)).fill_null(True)


class ExpectCodesToBeValidOnDate(ColumnMapExpectation):
    """Expect codes of a list that are valid on the row's own day, or on some day of what its date covers.

    `codes` are `[code, valid from, valid to]`, days as in 2026-01-31 and both included, or null for no limit. A row
    without a date is only asked whether the code is known.
    """

    date_column: StrictStr = Field(min_length=1)
    codes: list[list[str | None]]
    date_covers: Literal["day", "week", "month", "quarter", "year"] = "day"

    map_metric = "column_values.valid_on_date"
    domain_keys = (*ColumnMapExpectation.domain_keys, "date_column")
    success_keys = (*ColumnMapExpectation.success_keys, "codes", "date_covers")
    args_keys = ("column", "date_column", "codes")

    @pydantic.validator("codes")
    def _one_line_a_code(cls, codes: list[list[str | None]]) -> list[list[str | None]]:  # noqa: N805
        if any(len(one) != 3 or one[0] is None for one in codes):
            raise ValueError("a code is [code, valid from or null, valid to or null]")
        if len({one[0] for one in codes}) < len(codes):
            raise ValueError("a code occurs twice")
        for _, *days in codes:
            for day in days:
                dt.date.fromisoformat(day or "2000-01-01")
        return codes
