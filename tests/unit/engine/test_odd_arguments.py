"""Arguments that nobody thought of: each is answered, or spoils its own check and no other one."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.fast import compile_suite
from loadgate.checking.engine.outcomes import CheckOutcome, CheckState, Validated
from loadgate.checking.engine.quiet import import_gx

pytestmark = pytest.mark.filterwarnings("ignore")  # GX and pandas warn about each other

OSLO = "Europe/Oslo"


def validated(frame: pl.DataFrame, *expectations: tuple[str, dict[str, Any]], **options: Any) -> Validated:
    return compile_suite(suite_of(*expectations), values=True, result_format="COMPLETE").validate(
        frame.lazy(), **options
    )


def suite_of(*expectations: tuple[str, dict[str, Any]]) -> Any:
    import_gx()
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(name="s", expectations=[getattr(gxe, name)(**given) for name, given in expectations])


def found(frame: pl.DataFrame, name: str, **arguments: Any) -> CheckOutcome:
    return validated(frame, (name, arguments)).outcomes[0]


NOT_NULL = ("ExpectColumnValuesToNotBeNull", {"column": "n"})


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("ExpectColumnValuesToBeInSet", {"column": "l", "value_set": {"$PARAMETER": "p"}}, [[1], [2]]),
        ("ExpectColumnValuesToBeInSet", {"column": "s", "value_set": {"$PARAMETER": "p"}}, ["\ud800"]),
        (
            "ExpectColumnPairValuesToBeInSet",
            {"column_A": "n", "column_B": "s", "value_pairs_set": {"$PARAMETER": "p"}},
            {"a": 1},
        ),
        ("ExpectMulticolumnSumToEqual", {"column_list": ["n", "n"], "sum_total": {"$PARAMETER": "p"}}, 10**400),
        ("ExpectColumnTypeToBe", {"column": "n", "type_": {"$PARAMETER": "p"}}, {"0": "Int64"}),
    ],
)
def test_an_argument_that_does_not_fit_leaves_the_other_checks_their_answers(
    name: str, arguments: dict[str, Any], value: Any
) -> None:
    frame = pl.DataFrame({"n": [1, 2], "s": ["a", "b"], "l": [[1], [2]]})

    odd, sound = validated(frame, (name, arguments), NOT_NULL, parameters={"p": value}).outcomes

    assert (odd.state, sound.state) == (CheckState.COULD_NOT_RUN, CheckState.PASS)
    assert odd.reason is not None
    assert repr(value) not in odd.reason


def test_a_validator_answers_the_other_checks_beside_an_argument_that_does_not_fit() -> None:
    from loadgate.checking.engine.execution import validator_for

    frame = pl.DataFrame({"n": [1, 2], "l": [[1], [2]]})
    suite = suite_of(("ExpectColumnValuesToBeInSet", {"column": "l", "value_set": [[1]]}), NOT_NULL)

    results: Any = validator_for(frame, expectation_suite=suite).validate()

    assert {one.expectation_config.type: one.success for one in results.results} == {
        "expect_column_values_to_be_in_set": False,
        "expect_column_values_to_not_be_null": True,
    }


def test_rows_are_marked_beside_an_argument_that_does_not_fit() -> None:
    frame = pl.DataFrame({"_row": [0, 1], "n": [1, None], "l": [[1], [2]]})
    compiled = compile_suite(suite_of(("ExpectColumnValuesToBeInSet", {"column": "l", "value_set": [[1]]}), NOT_NULL))

    marked = compiled.failing_rows(frame.lazy()).collect()

    assert marked.rows() == [(1, 1)]


@pytest.mark.parametrize("total", [2**60, 1e308, float("inf")])
def test_whole_numbers_may_be_summed_up_to_any_total(total: float) -> None:
    outcome = found(
        pl.DataFrame({"n": [2**59, 2]}), "ExpectMulticolumnSumToEqual", column_list=["n", "n"], sum_total=total
    )

    assert outcome.rows_failed == (1 if total == 2**60 else 2)


@pytest.mark.parametrize(
    ("limit", "failing"), [(1e308, 0), (1e38, 0), (1e-39, 2), (-1e-50, 2), (1e37, 0), (-1e300, 3), (1.5, 1)]
)
def test_a_limit_of_any_size_may_stand_beside_decimals(limit: float, failing: int) -> None:
    frame = pl.DataFrame({"m": [Decimal("1.50"), Decimal("-2.25"), Decimal("9.00")]})

    outcome = found(frame, "ExpectColumnValuesToBeBetween", column="m", max_value=limit)

    assert outcome.rows_failed == failing


def test_truth_is_one_beside_decimals_in_a_condition() -> None:
    from great_expectations.expectations.row_conditions import Column

    frame = pl.DataFrame({"m": [Decimal("1.50"), Decimal("-2.25"), Decimal("0.50")]})

    outcome = found(frame, "ExpectTableRowCountToEqual", value=2, row_condition=Column("m") < True)

    assert outcome.state is CheckState.PASS


@pytest.mark.parametrize(
    ("limits", "failing"),
    [
        ({"min_value": "2024-03-31T02:30:00"}, 1),  # the clock is put forward from 2 to 3
        ({"min_value": "2024-03-31T02:30:01"}, 2),
        ({"max_value": "9999-12-31T23:59:59Z"}, 0),  # which is the year 10000 there
        ({"max_value": "9999-12-31T23:59:59-12:00"}, 0),
        ({"min_value": "0001-01-01T00:00:00+14:00"}, 0),
        ({"max_value": "9999-12-31T11:59:59"}, 1),
    ],
)
def test_a_limit_may_be_an_hour_that_a_zone_skips_or_the_end_of_time(limits: dict[str, str], failing: int) -> None:
    moments = [dt.datetime(2024, 3, 31, 3, 30), dt.datetime(9999, 12, 31, 12), dt.datetime(2024, 3, 31, 1, 59)]
    frame = pl.DataFrame({"t": pl.Series(moments).dt.replace_time_zone(OSLO)})

    outcome = found(frame, "ExpectColumnValuesToBeBetween", column="t", **limits)

    assert outcome.rows_failed == failing


def test_a_set_may_hold_an_hour_that_a_zone_skips() -> None:
    frame = pl.DataFrame({"t": pl.Series([dt.datetime(2024, 3, 31, 3, 30)]).dt.replace_time_zone(OSLO)})

    outcome = found(frame, "ExpectColumnValuesToBeInSet", column="t", value_set=["2024-03-31T02:30:00"])

    assert outcome.state is CheckState.PASS


def test_rows_without_columns_are_counted() -> None:
    frame = pl.DataFrame(height=5)

    outcome = found(frame, "ExpectTableRowCountToEqual", value=5)

    assert (outcome.state, outcome.rows_checked) == (CheckState.PASS, 5)


@pytest.mark.parametrize("column", ["d", "list", "array", "struct"])
def test_durations_however_deep_are_written_into_results_as_text(column: str) -> None:
    day = dt.timedelta(days=1)
    frame = pl.DataFrame(
        {"d": [day], "list": [[day]], "array": [[day]], "struct": [{"^a$": day, "b": [{"c": day}]}]},
        schema_overrides={"array": pl.Array(pl.Duration, 1)},
    )

    done = validated(
        frame,
        ("ExpectColumnValuesToBeNull", {"column": column}),
        ("ExpectColumnDistinctValuesToBeInSet", {"column": column, "value_set": ["x"]}),
    )

    for result in done.result.results:
        written: Any = result.to_json_dict()
        assert written["success"] is False
        assert "P1D" in json.dumps(written["result"]["partial_unexpected_list"])
