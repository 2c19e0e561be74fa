"""Decimals of many digits and moments of another precision meet limits and sets as they are, not cut to fit a type."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.conditions import compile_condition
from loadgate.checking.engine.fast import CheckOutcome, compile_suite
from loadgate.checking.engine.quiet import import_gx

NEW_YEAR = dt.datetime(2024, 1, 1)
LATER = dt.datetime(2024, 1, 1, 0, 0, 0, 500)
NEVER = dt.datetime(9999, 12, 31)
LONG = Decimal("12345678901234567890.5")


def outcome(column: pl.Series, name: str, **arguments: Any) -> CheckOutcome:
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    asked = ExpectationConfiguration(type=f"expect_column_values_to_{name}", kwargs={"column": "c", **arguments})
    suite = ExpectationSuite(name="exact", expectations=[asked.to_domain_obj()])
    return compile_suite(suite).validate(column.to_frame("c").lazy()).outcomes[0]


def decimals(precision: int, scale: int, *values: str) -> pl.Series:
    return pl.Series([Decimal(value) for value in values], dtype=pl.Decimal(precision, scale))


def moments(unit: Any, *values: dt.datetime, later_ns: int = 0) -> pl.Series:
    counted = pl.Series(values, dtype=pl.Datetime("us")).dt.cast_time_unit(unit).to_physical() + later_ns
    return counted.cast(pl.Datetime(unit))


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (decimals(38, 0, "1" + "0" * 37), 10**37),
        (decimals(38, 10, str(LONG)), LONG),
        (decimals(5, 2, "1.00"), True),
    ],
    ids=["38 digits", "30 digits", "truth"],
)
def test_a_decimal_is_found_in_a_set_whatever_its_digits(column: pl.Series, wanted: Any) -> None:
    assert outcome(column, "be_in_set", value_set=[wanted]).state.value == "pass"
    assert outcome(column, "not_be_in_set", value_set=[wanted]).state.value == "fail"


@pytest.mark.parametrize(
    ("column", "strange"),
    [
        (decimals(5, 2, "1.25"), 1000),
        (decimals(5, 2, "1.25"), Decimal("1E+50")),
        (moments("ns", NEW_YEAR), NEVER),
    ],
    ids=["longer", "much longer", "beyond nanoseconds"],
)
def test_what_a_type_has_no_room_for_is_no_row_s_value(column: pl.Series, strange: Any) -> None:
    own = column[0]

    assert outcome(column, "be_in_set", value_set=[strange, own]).state.value == "pass"
    assert outcome(column, "be_in_set", value_set=[strange]).state.value == "fail"
    assert outcome(column, "not_be_in_set", value_set=[strange]).state.value == "pass"


@pytest.mark.parametrize(
    ("column", "low", "high", "failed"),
    [
        (decimals(5, 2, "1.25", "-1.00"), 0, 1e36, 1),
        (decimals(5, 2, "1.25", "-1.00"), 1e-18, 1e20, 1),
        (decimals(38, 18, "1.5", "-1"), 0, 1e21, 1),
        (decimals(38, 0, "9" * 38, "0"), 0.5, None, 1),
        (decimals(38, 0, "9" * 38, "0"), None, Decimal("1E-30"), 1),
        (moments("ns", NEW_YEAR, later_ns=500), None, NEW_YEAR, 1),
        (moments("ns", NEW_YEAR, later_ns=500), NEW_YEAR, NEVER, 0),
        (moments("ms", NEW_YEAR), LATER, None, 1),
        (moments("ms", NEW_YEAR), None, LATER, 0),
    ],
)
def test_a_limit_that_the_column_s_type_cannot_hold_is_met_by_the_same_rows(
    column: pl.Series, low: Any, high: Any, failed: int
) -> None:
    limits = {name: limit for name, limit in (("min_value", low), ("max_value", high)) if limit is not None}

    assert outcome(column, "be_between", **limits).rows_failed == failed


@pytest.mark.parametrize("zone", [None, "Europe/Copenhagen"])
def test_moments_of_milliseconds_and_of_nanoseconds_are_not_cut_or_rounded_for_a_limit(zone: str | None) -> None:
    late = dt.datetime(2024, 1, 1, 23, 59, 59, 999999)
    column = moments("ns", late, later_ns=500).dt.replace_time_zone(zone)
    limit = late if zone is None else late - dt.timedelta(hours=1)
    limit = limit if zone is None else limit.replace(tzinfo=dt.UTC)

    assert outcome(column, "be_between", max_value=limit).rows_failed == 1
    assert outcome(column.dt.cast_time_unit("ms"), "be_between", max_value=limit, strict_max=True).rows_failed == 0


@pytest.mark.parametrize(
    ("operator", "parameter", "met"),
    [
        ("==", LATER, False),
        ("!=", LATER, True),
        ("<", LATER, True),
        (">=", LATER, False),
        ("IN", [LATER.isoformat()], False),
        ("==", NEW_YEAR, True),
        ("!=", NEVER, True),
    ],
)
def test_a_condition_compares_milliseconds_with_what_is_finer(operator: str, parameter: Any, met: bool) -> None:
    frame = moments("ms", NEW_YEAR).to_frame("c")
    condition = {"type": "comparison", "column": {"name": "c"}, "operator": operator, "parameter": parameter}

    assert frame.select(compile_condition(condition, schema=frame.schema, flags={})).item() is met


def test_a_condition_orders_truth_as_python_does() -> None:
    frame = pl.DataFrame({"c": [True, False, None]})
    condition = {"type": "comparison", "column": {"name": "c"}, "operator": ">", "parameter": False}

    found = frame.select(compile_condition(condition, schema=frame.schema, flags={}))

    assert found.to_series().to_list() == [True, False, False]


@pytest.mark.parametrize(("operator", "met"), [("!=", True), ("==", False), ("NOT_IN", True)])
def test_a_condition_may_name_a_year_that_nanoseconds_do_not_reach(operator: str, met: bool) -> None:
    frame = moments("ns", NEW_YEAR).to_frame("c")
    parameter = [NEVER] if operator == "NOT_IN" else NEVER
    condition = {"type": "comparison", "column": {"name": "c"}, "operator": operator, "parameter": parameter}

    assert frame.select(compile_condition(condition, schema=frame.schema, flags={})).item() is met


def test_milliseconds_are_compared_with_a_column_of_microseconds() -> None:
    import_gx()
    from great_expectations import ExpectationSuite

    pair = {"column_A": "a", "column_B": "b"}
    asked = [
        {"type": "expect_column_pair_values_a_to_be_greater_than_b", "kwargs": pair},
        {"type": "expect_column_pair_values_to_be_equal", "kwargs": pair},
    ]
    frame = pl.LazyFrame({"a": moments("us", LATER), "b": moments("ms", NEW_YEAR)})

    done = compile_suite(ExpectationSuite("pairs", expectations=asked)).validate(frame)

    assert [one.state.value for one in done.outcomes] == ["pass", "fail"]


@pytest.mark.filterwarnings("ignore")  # GX's own, of conditions that are texts
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_days_are_compared_with_moments_in_any_year(unit: Any) -> None:
    import_gx()
    from great_expectations import ExpectationSuite

    pair = {"column_A": "end", "column_B": "begin"}
    several = {"column_list": ["end", "begin"]}
    open_ended = {"column": "key", "row_condition": "end > begin", "condition_parser": "pandas"}
    asked = [
        {"type": "expect_column_pair_values_a_to_be_greater_than_b", "kwargs": pair},
        {"type": "expect_column_pair_values_to_be_equal", "kwargs": pair},
        {"type": "expect_select_column_values_to_be_unique_within_record", "kwargs": several},
        {"type": "expect_column_values_to_not_be_null", "kwargs": open_ended},
    ]
    begin = moments(unit, NEW_YEAR, NEW_YEAR)
    frame = pl.LazyFrame({"end": [NEVER.date(), NEW_YEAR.date()], "begin": begin, "key": [None, 1]})

    done = compile_suite(ExpectationSuite("pairs", expectations=asked)).validate(frame)

    assert [one.rows_failed for one in done.outcomes] == [1, 1, 1, 1]
