"""One suite, many frames: what may be in a result, types, and the marks of rows."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.fast import CheckOutcome, CheckState, CompiledSuite, Validated, compile_suite
from loadgate.checking.engine.quiet import import_gx

SECRET = "qzx-7741-planted"
BADLY_CAST = pl.DataFrame(
    {
        "n": [1, 5, None, None],
        "n_failed": [False, False, True, False],  # the third was not a number, the fourth was not there
        "group": ["a", "a", "a", "b"],
        "m": [1, 1, 1, 1],
    }
)


def compiled(*checks: tuple[str, dict[str, Any]], result_format: Any = "BASIC") -> CompiledSuite:
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configurations = [ExpectationConfiguration(type=f"expect_{name}", kwargs=kwargs) for name, kwargs in checks]
    suite = ExpectationSuite(name="a suite", expectations=[each.to_domain_obj() for each in configurations])
    return compile_suite(suite, result_format=result_format)


def outcome(
    frame: pl.DataFrame, name: str, /, *, undecided: Mapping[str, str] | None = None, **kwargs: Any
) -> CheckOutcome:
    return compiled((name, kwargs)).validate(frame.lazy(), undecided=undecided or {}).outcomes[0]


def counts(found: CheckOutcome) -> tuple[str, int | None, int | None, int | None]:
    return found.state.value, found.rows_checked, found.rows_failed, found.rows_undecided


def where(column: str, operator: str, parameter: Any) -> dict[str, Any]:
    return {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter}


# What may be in a result -------------------------------------------------------------------------------------------


PARTITION = {"values": ["a", "b"], "weights": [0.5, 0.5]}
MIDDLE = {"quantiles": [0.5], "value_ranges": [[0, 1]]}
WITH_KEYS = {"result_format": "COMPLETE", "unexpected_index_column_names": ["s"], "include_unexpected_rows": True}


@pytest.mark.parametrize("result_format", ["BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE", WITH_KEYS])
def test_no_value_and_no_column_name_of_the_data_is_in_a_result(result_format: Any) -> None:
    frame = pl.DataFrame({"n": [77412.5], "s": [SECRET], SECRET: [1], "d": [dt.date(1977, 4, 12)]})
    suite = compiled(
        ("column_values_to_be_in_set", {"column": "s", "value_set": ["a"]}),
        ("column_values_to_be_unique", {"column": "s"}),
        ("column_values_to_be_null", {"column": "s"}),
        ("column_values_to_match_regex", {"column": "s", "regex": "^a"}),
        ("column_distinct_values_to_equal_set", {"column": "s", "value_set": ["a"]}),
        ("column_max_to_be_between", {"column": "n", "max_value": 1}),
        ("column_min_to_be_between", {"column": "d", "min_value": "2000-01-01"}),
        ("column_sum_to_be_between", {"column": "n", "max_value": 1}),
        ("column_mean_to_be_between", {"column": "n", "max_value": 1}),
        ("column_pair_values_to_be_equal", {"column_A": "s", "column_B": "s"}),
        ("select_column_values_to_be_unique_within_record", {"column_list": ["s", "s"]}),
        ("table_columns_to_match_set", {"column_set": ["n"]}),
        ("table_columns_to_match_ordered_list", {"column_list": ["n"]}),
        ("column_values_to_be_between", {"column": "s", "min_value": 1}),
        ("column_distinct_values_to_be_in_set", {"column": "s", "value_set": ["a"]}),
        ("column_distinct_values_to_contain_set", {"column": "s", "value_set": ["a"]}),
        ("column_most_common_value_to_be_in_set", {"column": "s", "value_set": ["a"]}),
        ("column_kl_divergence_to_be_less_than", {"column": "s", "partition_object": PARTITION, "threshold": 0.1}),
        ("column_kl_divergence_to_be_less_than", {"column": "s", "bucketize_data": False, "threshold": 0.1}),
        ("column_quantile_values_to_be_between", {"column": "n", "quantile_ranges": MIDDLE}),
        result_format=result_format,
    )

    validated = suite.validate(frame.lazy())

    text = json.dumps(validated.result.to_json_dict()) + repr(validated.outcomes)
    assert [value for value in (SECRET, "77412", "1977") if value in text] == []
    assert [found.index for found in validated.outcomes] == list(range(20))


def test_counts_and_shares_of_a_failing_check_are_kept_as_gx_names_them() -> None:
    validated = compiled(("column_values_to_be_in_set", {"column": "group", "value_set": ["a"]})).validate(
        BADLY_CAST.lazy()
    )

    assert validated.result.results[0].result == {
        "element_count": 4,
        "unexpected_count": 1,
        "unexpected_percent": 25.0,
        "unexpected_percent_total": 25.0,
        "unexpected_percent_nonmissing": 25.0,
        "missing_count": 0,
        "missing_percent": 0.0,
    }


@pytest.mark.parametrize(("values", "shown"), [([3.5], None), ([3.5, 1.0], 4.5)])
def test_a_sum_is_shown_only_if_it_is_not_a_single_value(values: list[float], shown: float | None) -> None:
    validated = compiled(("column_sum_to_be_between", {"column": "f", "min_value": 1})).validate(
        pl.LazyFrame({"f": values})
    )

    assert validated.outcomes[0].observed == shown
    assert validated.result.results[0].result.get("observed_value") == shown


@pytest.mark.parametrize(
    ("check", "written"),
    [
        (("table_row_count_to_equal", {"value": 3}), "3"),
        (("table_column_count_to_equal", {"value": 1}), "1"),
        (("column_unique_value_count_to_be_between", {"column": "n"}), "2"),
        (("column_sum_to_be_between", {"column": "n"}), "5"),
        (("column_mean_to_be_between", {"column": "n"}), "1.66666667"),
        (("column_proportion_of_non_null_values_to_be_between", {"column": "n"}), "1.0"),
    ],
)
def test_a_count_that_is_shown_is_an_integer_as_gx_writes_it(check: tuple[str, dict[str, Any]], written: str) -> None:
    validated = compiled(check).validate(pl.LazyFrame({"n": [1, 2, 2]}))

    assert json.dumps(validated.result.results[0].to_json_dict()["result"]["observed_value"]) == written
    assert isinstance(validated.outcomes[0].observed, float)


def test_rows_of_a_check_that_could_not_run_are_listed_for_the_others_if_they_are_named() -> None:
    long = pl.Series([Decimal("9" * 36 + ".99")] * 2, dtype=pl.Decimal(38, 2))
    frame = pl.DataFrame({"_row": [0, 1], "n": [None, 1], "a": long, "b": long}).lazy()
    suite = compiled(
        ("column_values_to_not_be_null", {"column": "n"}),
        ("multicolumn_sum_to_equal", {"column_list": ["a", "b"], "sum_total": 3}),
    )

    outcomes = suite.validate(frame).outcomes

    assert [one.state for one in outcomes] == [CheckState.FAIL, CheckState.COULD_NOT_RUN]
    failed = {one.index for one in outcomes if one.state is CheckState.FAIL}
    assert suite.failing_rows(frame, checks=failed).collect().rows() == [(0, 0)]
    with pytest.raises(pl.exceptions.ComputeError, match="overflow"):
        suite.failing_rows(frame).collect()


def test_the_result_is_gxs_own_and_can_be_written_as_json() -> None:
    import_gx()
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult

    validated: Validated = compiled(
        ("column_values_to_not_be_null", {"column": "n"}), ("column_values_to_not_be_null", {"column": "m"})
    ).validate(BADLY_CAST.lazy(), parameters={"as_of": dt.date(2024, 1, 1)})

    assert isinstance(validated.result, ExpectationSuiteValidationResult)
    assert all(isinstance(each, ExpectationValidationResult) for each in validated.result.results)
    assert validated.result.statistics == {
        "evaluated_expectations": 2,
        "successful_expectations": 1,
        "unsuccessful_expectations": 1,
        "success_percent": 50.0,
    }
    assert json.loads(json.dumps(validated.result.to_json_dict()))["suite_name"] == "a suite"


def test_columns_that_the_reader_added_are_no_part_of_the_table() -> None:
    frame = BADLY_CAST.with_columns(_row=pl.lit(1), _line=pl.lit(2)).lazy()
    suite = compiled(
        ("table_columns_to_match_ordered_list", {"column_list": ["n", "group", "m"]}),
        ("table_column_count_to_equal", {"value": 3}),
        ("column_to_exist", {"column": "_line"}),
    )

    states = [found.state.value for found in suite.validate(frame, undecided={"n": "n_failed"}).outcomes]

    assert states == ["pass", "pass", "fail"]


# Types -------------------------------------------------------------------------------------------------------------


def test_nan_is_a_missing_value() -> None:
    frame = pl.DataFrame({"f": [1.0, float("nan"), None]})

    assert counts(outcome(frame, "column_values_to_be_between", column="f", min_value=0)) == ("pass", 1, 0, 0)
    assert counts(outcome(frame, "column_values_to_not_be_null", column="f")) == ("fail", 3, 2, 0)


@pytest.mark.parametrize(
    ("name", "kwargs", "state"),
    [
        ("column_values_to_be_between", {"min_value": 0.1, "max_value": 0.3}, "pass"),
        ("column_values_to_be_between", {"min_value": 0.1, "strict_min": True}, "fail"),
        ("column_values_to_be_in_set", {"value_set": [0.1, 0.2, 0.3]}, "pass"),
        ("column_values_to_be_in_set", {"value_set": [0.1, 0.2, 0.3000001]}, "fail"),
        ("column_sum_to_be_between", {"min_value": 0.6, "max_value": 0.6}, "pass"),
        ("column_mean_to_be_between", {"min_value": 0.2, "max_value": 0.2}, "pass"),
    ],
)
def test_decimals_are_compared_exactly(name: str, kwargs: dict[str, Any], state: str) -> None:
    frame = pl.DataFrame({"d": [Decimal("0.10"), Decimal("0.20"), Decimal("0.30")]})

    assert outcome(frame, name, column="d", **kwargs).state == state


def test_sums_of_decimal_columns_equal_their_total_exactly() -> None:
    frame = pl.DataFrame({"a": [Decimal("0.10")], "b": [Decimal("0.20")]})

    found = outcome(frame, "multicolumn_sum_to_equal", column_list=["a", "b"], sum_total=0.3)

    assert counts(found) == ("pass", 1, 0, 0)


def test_an_integer_sum_beyond_64_bits_does_not_wrap() -> None:
    frame = pl.DataFrame({"n": [2**62, 2**62, 2**62]})

    assert outcome(frame, "column_sum_to_be_between", column="n", min_value=1e19).state is CheckState.PASS


@pytest.mark.parametrize("limit", ["2024-01-02", dt.date(2024, 1, 2), dt.datetime(2024, 1, 2)])
@pytest.mark.parametrize("dtype", [pl.Date(), pl.Datetime("us"), pl.Datetime("ms", "Europe/Berlin")])
def test_days_and_moments_can_be_limits_of_each_other(limit: Any, dtype: Any) -> None:
    assert counts(outcome(days(dtype), "column_values_to_be_between", column="t", min_value=limit)) == ("fail", 2, 1, 0)


@pytest.mark.parametrize("dtype", [pl.Date(), pl.Datetime("us"), pl.Datetime("ms", "Europe/Berlin")])
@pytest.mark.parametrize(("limit", "state"), [("2024-01-02", "pass"), ("2024-01-01", "fail")])
def test_the_latest_day_can_be_limited_in_columns_with_a_time_too(dtype: Any, limit: str, state: str) -> None:
    assert outcome(days(dtype), "column_max_to_be_between", column="t", max_value=limit).state == state


def days(dtype: pl.DataType) -> pl.DataFrame:
    midnights = pl.Series("t", [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2)])
    zone = getattr(dtype, "time_zone", None)
    return pl.DataFrame({"t": (midnights.dt.replace_time_zone(zone) if zone else midnights).cast(dtype)})


def test_text_that_looks_like_a_number_is_not_in_a_set_of_numbers() -> None:
    frame = pl.DataFrame({"s": ["1", "2"]})

    assert counts(outcome(frame, "column_values_to_be_in_set", column="s", value_set=[1, 2])) == ("fail", 2, 2, 0)


def test_a_category_is_its_text() -> None:
    frame = pl.DataFrame({"c": pl.Series(["a", "b", "a"], dtype=pl.Categorical)})

    assert counts(outcome(frame, "column_values_to_be_in_set", column="c", value_set=["a"])) == ("fail", 3, 1, 0)
    assert outcome(frame, "column_values_to_match_regex", column="c", regex="^[ab]$").state is CheckState.PASS


@pytest.mark.parametrize(("pattern", "failed"), [("1%", 1), ("_0%", 2), ("10\\%", 3), ("1_", 3), ("%", 0), ("1.%", 4)])
def test_like_patterns(pattern: str, failed: int) -> None:
    frame = pl.DataFrame({"s": ["10%", "100", "1\n", "2"]})

    found = outcome(frame, "column_values_to_match_like_pattern", column="s", like_pattern=pattern, escape="\\")
    opposite = outcome(frame, "column_values_to_not_match_like_pattern", column="s", like_pattern=pattern, escape="\\")

    assert (found.rows_failed, opposite.rows_failed) == (failed, 4 - failed)


@pytest.mark.parametrize(
    ("type_", "state"),
    [("Int64", "pass"), ("int", "pass"), ("int64", "pass"), ("int32", "fail"), ("float", "fail"), ("str", "fail")],
)
def test_types_have_polars_names_and_pythons(type_: str, state: str) -> None:
    frame = pl.DataFrame({"n": [1]})

    assert outcome(frame, "column_values_to_be_of_type", column="n", type_=type_).state == state
    assert outcome(frame, "column_type_to_be", column="n", type_=type_).state == state
    assert outcome(frame, "column_values_to_be_in_type_list", column="n", type_list=["Date", type_]).state == state


def test_a_type_with_parameters_is_meant_exactly() -> None:
    frame = pl.DataFrame({"d": pl.Series([Decimal("1.00")], dtype=pl.Decimal(18, 2))})

    states = [
        outcome(frame, "column_type_to_be", column="d", type_=name).state.value
        for name in ("Decimal", "Decimal(18, 2)", "Decimal(18, 3)")
    ]

    assert states == ["pass", "pass", "fail"]


# Rows and their marks ----------------------------------------------------------------------------------------------


def many_rows(seed: int) -> pl.DataFrame:
    chance = random.Random(seed)
    rows = 300
    return pl.DataFrame(
        {
            "_row": range(1, rows + 1),
            "n": [chance.choice([None, *range(8)]) for _ in range(rows)],
            "f": [chance.choice([None, 0.1, 0.2, 1e9]) for _ in range(rows)],
            "s": [chance.choice([None, "a", "b", "ø"]) for _ in range(rows)],
            "bad": [chance.random() < 0.1 for _ in range(rows)],
        }
    ).with_columns(n=pl.when(~pl.col("bad")).then(pl.col("n")))


ROW_CHECKS = (
    ("column_values_to_be_between", {"column": "n", "min_value": 2}),
    ("column_values_to_not_be_null", {"column": "n"}),
    ("column_values_to_be_unique", {"column": "n", "row_condition": where("s", "==", "a")}),
    ("compound_columns_to_be_unique", {"column_list": ["n", "f", "s"]}),
    ("column_values_to_be_in_set", {"column": "s", "value_set": ["a"], "row_condition": where("n", ">", 3)}),
    ("column_pair_values_a_to_be_greater_than_b", {"column_A": "n", "column_B": "f"}),
    ("column_sum_to_be_between", {"column": "f", "max_value": 0}),
    ("column_values_to_match_regex", {"column": "s", "regex": "("}),
    ("column_values_to_not_be_null", {"column": "elsewhere"}),
)


@pytest.mark.parametrize("undecided", [{}, {"n": "bad"}])
def test_marks_have_as_many_rows_as_the_outcomes_count(undecided: dict[str, str]) -> None:
    frame, suite = many_rows(7).lazy(), compiled(*ROW_CHECKS)

    outcomes = suite.validate(frame, undecided=undecided).outcomes
    failing = suite.failing_rows(frame, undecided=undecided).collect()
    hidden = suite.undecided_rows(frame, undecided=undecided).collect()

    assert failing.schema == {"_row": pl.Int64, "check": pl.UInt32} == hidden.schema
    for marks, counted in (
        (failing, {found.index: found.rows_failed for found in outcomes if found.rows_failed}),
        (
            hidden,
            {found.index: found.rows_undecided for found in outcomes if found.rows_undecided and found.index != 6},
        ),
    ):
        assert dict(marks.group_by("check").len().iter_rows()) == counted
        assert marks.n_unique() == marks.height
    assert failing.join(hidden, on=["_row", "check"]).is_empty()


def test_marks_can_be_narrowed_to_some_checks() -> None:
    frame, suite = many_rows(7).lazy(), compiled(*ROW_CHECKS)

    marks = suite.failing_rows(frame, checks=[1, 6, 8]).collect()

    assert marks["check"].unique().to_list() == [1]


def test_a_suite_without_row_checks_marks_nothing() -> None:
    marks = compiled(("column_sum_to_be_between", {"column": "f"})).failing_rows(many_rows(7).lazy()).collect()

    assert marks.is_empty()
    assert marks.schema == {"_row": pl.Int64, "check": pl.UInt32}


def test_marks_need_row_numbers() -> None:
    with pytest.raises(KeyError, match="the frame has no column _row"):
        compiled(*ROW_CHECKS).failing_rows(BADLY_CAST.lazy())


def test_the_order_of_rows_changes_no_outcome() -> None:
    frame, suite = many_rows(8), compiled(*ROW_CHECKS)

    shuffled = [frame.sample(fraction=1, shuffle=True, seed=seed).lazy() for seed in range(4)]

    assert {suite.validate(each, undecided={"n": "bad"}).outcomes for each in shuffled} == {
        suite.validate(frame.lazy(), undecided={"n": "bad"}).outcomes
    }


def test_one_suite_takes_frames_of_different_schemas() -> None:
    suite = compiled(("column_values_to_be_in_set", {"column": "n", "value_set": [1, "1"]}))

    states = [
        suite.validate(pl.LazyFrame({name: values})).outcomes[0].state.value
        for name, values in (("n", [1]), ("n", ["1"]), ("n", [2.0]), ("m", [1]), ("n", [1]))
    ]

    assert states == ["pass", "pass", "fail", "could_not_run", "pass"]


def test_duplicates_are_counted_exactly_and_only_if_hashes_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    from loadgate.checking.engine import folding

    looks: list[int] = []
    truly_repeated = folding.truly_repeated
    monkeypatch.setattr(
        folding,
        "truly_repeated",
        lambda *given, **named: looks.append(1) or truly_repeated(*given, **named),
    )
    suite = compiled(("column_values_to_be_unique", {"column": "k"}))

    found = [
        (suite.validate(pl.LazyFrame({"k": keys})).outcomes[0].rows_failed, len(looks))
        for keys in (["a", "b", None, None], ["a", "a", "a", "b"])
    ]

    assert found == [(0, 0), (3, 1)]
