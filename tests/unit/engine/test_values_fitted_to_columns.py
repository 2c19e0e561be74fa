"""What a value written in a suite becomes beside a column of some type; UNFIT: no row can ever equal it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest

from loadgate.checking.engine.conditions import compile_condition
from loadgate.checking.engine.fast import CheckOutcome, compile_suite
from loadgate.checking.engine.literals import UNFIT, bound, fit, fit_set
from loadgate.checking.engine.quiet import import_gx

DAY, NOON = dt.date(2024, 2, 3), dt.datetime(2024, 2, 3, 12)
MIDNIGHT = dt.datetime(2024, 2, 3)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (3, pl.Int64(), 3),
        (3.0, pl.Int64(), 3),
        (Decimal("3.0"), pl.Int64(), 3),
        (3.5, pl.Int64(), UNFIT),
        (300, pl.UInt8(), UNFIT),
        (-1, pl.UInt8(), UNFIT),
        ("3", pl.Int64(), UNFIT),
        (float("nan"), pl.Int64(), UNFIT),
        (3, pl.Float64(), 3.0),
        ("3", pl.Float64(), UNFIT),
        (0.1, pl.Decimal(10, 2), Decimal("0.10")),
        (0.125, pl.Decimal(10, 2), UNFIT),
        ("0.1", pl.Decimal(10, 2), UNFIT),
        ("a", pl.String(), "a"),
        (1, pl.String(), UNFIT),
        ("a", pl.Categorical(), "a"),
        (True, pl.Boolean(), True),
        (0, pl.Boolean(), False),
        ("true", pl.Boolean(), UNFIT),
        ("2024-02-03", pl.Date(), DAY),
        (DAY, pl.Date(), DAY),
        (MIDNIGHT, pl.Date(), DAY),
        (NOON, pl.Date(), UNFIT),
        ("3", pl.Date(), UNFIT),
        (20240203, pl.Date(), UNFIT),
        ("2024-02-03", pl.Datetime("us"), MIDNIGHT),
        (DAY, pl.Datetime("us"), MIDNIGHT),
        (NOON, pl.Datetime("us"), NOON),
        (NOON, pl.Datetime("us", "Europe/Berlin"), NOON.replace(tzinfo=BERLIN)),
        (NOON.replace(tzinfo=dt.UTC), pl.Datetime("us", "Europe/Berlin"), NOON.replace(tzinfo=dt.UTC)),
        (NOON, pl.Duration("us"), UNFIT),
        (dt.timedelta(hours=1), pl.Duration("us"), dt.timedelta(hours=1)),
        (dt.time(8), pl.Time(), dt.time(8)),
        ("08:00", pl.Time(), dt.time(8)),
        ("eight", pl.Time(), UNFIT),
        (dt.time(8, tzinfo=dt.UTC), pl.Time(), UNFIT),
        (8, pl.Time(), UNFIT),
        (b"a", pl.Binary(), b"a"),
        ("a", pl.Binary(), UNFIT),
    ],
)
def test_a_value_becomes_what_the_column_holds_or_is_unfit(value: Any, dtype: pl.DataType, expected: Any) -> None:
    found = fit(value, dtype)

    assert found == expected
    assert type(found) is type(expected)


def test_a_set_counts_each_value_once_and_those_that_cannot_fit() -> None:
    fitted = fit_set([1, 1.0, 2, None, "x", "x", 2.5], pl.Int64())

    assert (fitted.values, fitted.absent({1})) == ((1, 2), [2, None, "x", 2.5])
    assert fitted.series.dtype == pl.Int64


@pytest.mark.parametrize(
    "limit", [DAY, MIDNIGHT, NOON, "2024-02-03", "2024-02-03T12:00:00", MIDNIGHT.replace(tzinfo=BERLIN)]
)
def test_a_column_of_days_is_on_the_same_side_of_a_moment_as_its_midnights_are(limit: Any) -> None:
    days = pl.Series([DAY - dt.timedelta(days=1), DAY, DAY + dt.timedelta(days=1), None])
    frame = pl.DataFrame({"day": days, "midnight": days.cast(pl.Datetime("us"))})

    found = frame.select(
        *(
            getattr(pl.col(name), side)(bound(limit, frame.schema[name])).alias(f"{name} {side}")
            for name in frame.columns
            for side in ("ge", "gt", "le", "lt")
        )
    )

    for side in ("ge", "gt", "le", "lt"):
        assert found[f"day {side}"].to_list() == found[f"midnight {side}"].to_list()


@pytest.mark.parametrize(
    ("column", "unwanted"),
    [([dt.time(8), dt.time(9)], [dt.time(9)]), ([dt.time(8), dt.time(9)], ["09:00:00"]), ([b"a", b"b"], [b"b"])],
)
def test_what_is_not_wanted_is_found_in_columns_of_times_and_of_bytes(column: list[Any], unwanted: list[Any]) -> None:
    found = outcome(pl.DataFrame({"c": column}), "not_be_in_set", value_set=unwanted)

    assert (found.state.value, found.rows_failed) == ("fail", 1)


def test_a_condition_may_compare_times_of_day() -> None:
    frame = pl.DataFrame({"c": [dt.time(8), dt.time(9), None]})

    met = compile_condition(
        {"type": "comparison", "column": {"name": "c"}, "operator": ">", "parameter": "08:30"},
        schema=frame.schema,
        flags={},
    )

    assert frame.select(met).to_series().to_list() == [False, True, False]


def test_python_s_objects_are_no_members_of_a_set_and_no_strangers_to_it() -> None:
    found = outcome(pl.DataFrame({"c": pl.Series([1, "x"], dtype=pl.Object)}), "not_be_in_set", value_set=[1])

    assert found.reason == "a set of values cannot be compared with a column of type Object"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ([1], np.int64(1)),
        ([1.5], np.float32(1.5)),
        ([True], np.bool_(True)),
        (["a"], np.str_("a")),
        ([DAY], np.datetime64("2024-02-03")),
        ([NOON], np.datetime64("2024-02-03T12", "ns")),
        ([dt.timedelta(hours=1)], np.timedelta64(1, "h")),
        ([Decimal("1.5")], np.float64(1.5)),
    ],
)
def test_a_value_of_numpy_is_the_value_that_it_is_in_python(column: list[Any], value: Any) -> None:
    frame = pl.DataFrame({"c": column})

    assert outcome(frame, "be_in_set", value_set=[value]).state.value == "pass"
    assert outcome(frame, "not_be_in_set", value_set=[value]).state.value == "fail"


@pytest.mark.parametrize("column", [[1, None], [1.5, None], [True, None], ["a", None], [NOON, None]])
@pytest.mark.parametrize("missing", [pd.NA, pd.NaT, np.datetime64("NaT"), np.float64("nan"), None])
def test_a_missing_value_of_pandas_in_a_set_is_no_row_s_value(column: list[Any], missing: Any) -> None:
    frame = pl.DataFrame({"c": column})

    assert outcome(frame, "be_in_set", value_set=[missing, column[0]]).state.value == "pass"
    assert outcome(frame, "not_be_in_set", value_set=[missing]).state.value == "pass"


@pytest.mark.parametrize("unwanted", [[[1, 2]], [1, {"code": 2}]])
def test_a_set_of_lists_is_told_as_one(unwanted: list[Any]) -> None:
    found = outcome(pl.DataFrame({"c": [1]}), "not_be_in_set", value_set=unwanted)

    assert found.reason == "a set of values must be a list of single values, and holds lists or mappings, or is none"


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt8, pl.Int64, pl.UInt64, pl.Int128])
def test_a_whole_number_fits_a_column_whose_type_reaches_so_far(dtype: Any) -> None:
    low, high = pl.select(dtype.min(), dtype.max().alias("high")).row(0)

    fitted = fit_set([low - 1, low, high, high + 1], dtype())

    assert fitted.values == (low, high)


@pytest.mark.parametrize("rows", [0, 1])
def test_lists_and_durations_have_no_text_to_match_whether_or_not_there_are_any(rows: int) -> None:
    frame = pl.DataFrame({"c": [[1]]}).head(rows)

    found = outcome(frame, "match_regex", regex="1")

    assert found.reason == "the values of a column of type List(Int64) have no text"


def outcome(frame: pl.DataFrame, name: str, **arguments: Any) -> CheckOutcome:
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    asked = ExpectationConfiguration(type=f"expect_column_values_to_{name}", kwargs={"column": "c", **arguments})
    suite = ExpectationSuite(name="fitted", expectations=[asked.to_domain_obj()])
    return compile_suite(suite).validate(frame.lazy()).outcomes[0]


@pytest.mark.parametrize(
    ("expectation", "meets"),
    [
        ({"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "a", "value_set": [0.1]}}, False),
        ({"type": "expect_column_values_to_be_between", "kwargs": {"column": "a", "max_value": 0.1}}, False),
        ({"type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regex": r"^0\.1$"}}, True),
        ({"type": "expect_column_max_to_be_between", "kwargs": {"column": "a", "max_value": 0.1}}, True),
        ({"type": "expect_column_sum_to_be_between", "kwargs": {"column": "a", "max_value": 0.2}}, True),
        (
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "a", "min_value": 1, "row_condition": "a == 0.1", "condition_parser": "pandas"},
            },
            False,
        ),
    ],
    ids=["set", "limit", "text", "greatest", "sum", "condition"],
)
@pytest.mark.filterwarnings("ignore:Passing a string:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The condition_parser:DeprecationWarning")
def test_a_short_float_is_compared_as_gx_compares_it(expectation: dict[str, Any], meets: bool) -> None:
    import_gx()
    from great_expectations import ExpectationSuite

    suite = compile_suite(ExpectationSuite("short", expectations=[expectation]))
    frame = pl.LazyFrame({"a": pl.Series([0.1, 0.1], dtype=pl.Float32)})

    assert suite.validate(frame).result.success is meets
