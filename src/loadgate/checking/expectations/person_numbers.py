"""Person numbers of ten digits enter; leave failed those that can be none, have lost a zero, or break modulus 11.

Day, month and year of birth in two digits each, then four more, the first of which says in which century. A day above
60 is that of a fictitious number: 60 is added so that it can be nobody's. Modulus 11 holds for old numbers only, since
some days have run out of numbers that meet it, so it is never more than a hint.
"""
# ruff: noqa: E402

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility import pydantic
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metadata_types import FailureSeverity

if TYPE_CHECKING:
    import polars as pl

_WEIGHTS = (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_ADDED = 60


@row_rule("column_values.person_number")
def _is_person_number(column: pl.Expr) -> pl.Expr:
    return _has_form(_text(column))


@row_rule("column_values.person_number.leading_zero")
def _keeps_zero(column: pl.Expr) -> pl.Expr:
    import polars as pl

    text = _text(column)
    return (text.str.len_chars() != 9) | ~_has_form(pl.concat_str(pl.lit("0"), text))


@row_rule("column_values.person_number.modulus_eleven")
def _meets_modulus(column: pl.Expr) -> pl.Expr:
    """Only numbers in form that are not fictitious are asked."""
    import polars as pl

    text = _text(column)
    number = text.cast(pl.Int64, strict=False)
    total = pl.sum_horizontal(number // 10 ** (9 - place) % 10 * weight for place, weight in enumerate(_WEIGHTS))
    return (total % 11 == 0) | ~_has_form(text) | (number // 10**8 > _ADDED)


def _text(column: pl.Expr) -> pl.Expr:
    import polars as pl

    return column.cast(pl.String)


def _has_form(text: pl.Expr) -> pl.Expr:
    """Ten digits, the first six of which are a day, in the century that the seventh says."""
    import polars as pl

    number = text.cast(pl.Int64, strict=False)
    day, month, year = (number // 10**power % 100 for power in (8, 6, 4))
    day = pl.when(day > _ADDED).then(day - _ADDED).otherwise(day)
    century = _century(year, number // 1000 % 10)
    leap = (year % 4 == 0) & ((year != 0) | (century == 20))  # of 1800, 1900 and 2000 only the last
    longest = pl.when(month == 2).then(28 + leap.cast(pl.Int64)).when(month.is_in([4, 6, 9, 11])).then(30).otherwise(31)
    is_day = month.is_between(1, 12) & (day >= 1) & (day <= longest)
    return text.str.contains(r"^[0-9]{10}$") & is_day.fill_null(False)


def _century(year: pl.Expr, seventh: pl.Expr) -> pl.Expr:
    import polars as pl

    return (
        pl.when(seventh <= 3)
        .then(19)
        .when(seventh.is_in([4, 9]))
        .then(pl.when(year <= 36).then(20).otherwise(19))
        .otherwise(pl.when(year <= 57).then(20).otherwise(18))
    )


class ExpectColumnValuesToBePersonNumbers(ColumnMapExpectation):
    """Expect ten digits that begin with a day, month and year that exist; 60 may be added to the day.

    A number that has lost its leading zero is none: see `expect_person_numbers_to_keep_leading_zero`.
    """

    map_metric = "column_values.person_number"
    args_keys = ("column",)


class ExpectPersonNumbersToKeepLeadingZero(ColumnMapExpectation):
    """Expect no nine digits that would be a person number with a zero before them: a spreadsheet took it away."""

    map_metric = "column_values.person_number.leading_zero"
    args_keys = ("column",)


class ExpectPersonNumbersToMeetModulusEleven(ColumnMapExpectation):
    """Expect the weighted digits to sum to a multiple of 11. Never more than `info`: many true numbers do not."""

    severity: FailureSeverity = FailureSeverity.INFO

    map_metric = "column_values.person_number.modulus_eleven"
    args_keys = ("column",)

    @pydantic.validator("severity", always=True)
    def _a_hint_only(cls, _severity: FailureSeverity) -> FailureSeverity:  # noqa: N805
        """Whatever is asked for: a configuration without a severity says critical."""
        return FailureSeverity.INFO
