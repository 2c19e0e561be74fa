"""What the comparison with GX on pandas and GX's own cases brought to light, each kept by a test of its own."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from loadgate.checking.engine.conditions import compile_condition, plain_condition
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.outcomes import CheckOutcome, CheckState, Validated

if TYPE_CHECKING:
    from loadgate.checking.engine.fast import CompiledSuite

PATTERNS = [
    (r"\<b\>", ["<b>"]),
    (r"[\<&]", ["<b>", "a&b", "&"]),
    ("[a-c&&b]", ["<b>", "b", "a&b", "&", "a\u0301"]),
    (r"^\w+$", ["b", "x\u00b2"]),
    (r"[^\w<>&]", ["a\u0301", "[", "\\"]),
    (r"[^\W]\W", ["<b>", "a&b", "a\u0301"]),
    ("[[]", ["["]),
    (r"[\\]", ["\\"]),
    (r"[]\[]", ["["]),
    (r"b+?>", ["<b>"]),
    ("b{ 1}", []),
    ("&{}|b{1, 2}|^b{1}$", ["b"]),
    ("[]-a]", ["a&b", "a\u0301"]),
    ("[^]-x]", ["<b>", "a&b", "&", "a\u0301", "x\u00b2", "[", "\\"]),
]

pytestmark = pytest.mark.filterwarnings("ignore")  # GX and pandas warn about each other


def validated(frame: pl.DataFrame, expectation: Any, *, result_format: Any = "COMPLETE", **options: Any) -> Validated:
    return compiled_of(expectation, result_format=result_format).validate(frame.lazy(), **options)


def compiled_of(expectation: Any, *, result_format: Any = "COMPLETE") -> CompiledSuite:
    from great_expectations.core import ExpectationSuite

    from loadgate.checking.engine.fast import compile_suite

    suite = ExpectationSuite(name="s")
    suite.expectations = [expectation]
    return compile_suite(suite, result_format=result_format, values=True)


def outcome(frame: pl.DataFrame, name: str, **arguments: Any) -> CheckOutcome:
    return validated(frame, made(name, **arguments)).outcomes[0]


def made(name: str, **arguments: Any) -> Any:
    from loadgate.checking.engine.quiet import import_gx

    import_gx()
    import great_expectations.expectations as gxe

    return getattr(gxe, name)(**arguments)


def met(frame: pl.DataFrame, condition: str, parser: str = "pandas") -> list[bool]:
    plain = plain_condition(condition, parser=parser)
    assert plain is not None
    return frame.select(compile_condition(plain, schema=frame.schema, flags={})).to_series().to_list()


def test_limits_the_wrong_way_round_are_a_mistake_in_the_suite_and_no_failure() -> None:
    found = outcome(pl.DataFrame({"a": [1]}), "ExpectColumnValuesToBeBetween", column="a", min_value=2, max_value=1)

    assert (found.state, found.reason) == (CheckState.COULD_NOT_RUN, "min_value cannot be greater than max_value")


def test_numbers_and_moments_have_no_order_between_them() -> None:
    frame = pl.DataFrame({"a": [1.0], "b": [dt.datetime(2024, 1, 1)]})

    found = outcome(frame, "ExpectColumnPairValuesAToBeGreaterThanB", column_A="a", column_B="b")

    assert found.state is CheckState.COULD_NOT_RUN
    assert "have no order between them" in str(found.reason)


def test_the_latest_day_is_compared_with_a_moment_as_its_midnight() -> None:
    frame = pl.DataFrame({"a": [dt.date(2024, 3, 1)]})

    at_midnight = outcome(frame, "ExpectColumnMaxToBeBetween", column="a", min_value=dt.datetime(2024, 3, 1))
    at_noon = outcome(frame, "ExpectColumnMaxToBeBetween", column="a", min_value=dt.datetime(2024, 3, 1, 12))

    assert (at_midnight.state, at_noon.state) == (CheckState.PASS, CheckState.FAIL)


def test_the_middle_of_infinite_values_is_infinite() -> None:
    frame = pl.DataFrame({"a": [float("-inf"), float("-inf"), 3.0, float("inf")]})

    found = outcome(frame, "ExpectColumnMedianToBeBetween", column="a", max_value=0)

    assert found.state is CheckState.PASS


def test_the_spread_of_moments_is_no_number() -> None:
    frame = pl.DataFrame({"a": [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2)]})

    found = outcome(frame, "ExpectColumnStdevToBeBetween", column="a", min_value=0)

    assert found.state is CheckState.COULD_NOT_RUN


def test_truth_counts_as_0_and_1_between_two_places() -> None:
    ranges = {"quantiles": [0.5], "value_ranges": [[0.5, 0.5]]}
    frame = pl.DataFrame({"a": [False, True]})

    found = outcome(
        frame,
        "ExpectColumnQuantileValuesToBeBetween",
        column="a",
        quantile_ranges=ranges,
        allow_relative_error="linear",
    )

    assert found.state is CheckState.PASS


def test_whole_failing_rows_are_named_by_their_numbers() -> None:
    frame = pl.DataFrame({"a": [1, 5, 2], "b": ["x", None, "z"]})
    wanted = {"result_format": "BASIC", "include_unexpected_rows": True}

    found = validated(
        frame, made("ExpectColumnValuesToBeInSet", column="a", value_set=[1, 2]), result_format=wanted
    ).result.results[0]

    assert found.result["unexpected_rows"].to_dict("index") == {1: {"a": 5, "b": None}}


@pytest.mark.parametrize(
    ("name", "arguments"), [("ExpectColumnValuesToBeInSet", {"value_set": [2]}), ("ExpectColumnValuesToBeUnique", {})]
)
def test_a_list_of_failing_rows_that_ends_says_so(name: str, arguments: dict[str, Any]) -> None:
    frame = pl.DataFrame({"a": [1] * 10_001})

    result = validated(frame, made(name, column="a", **arguments)).result.results[0].result

    assert (result["unexpected_count"], len(result["unexpected_list"])) == (10_001, 200)
    assert result["unexpected_index_list"] == list(range(10_000))
    assert result["unexpected_index_query"].endswith("# the first 10000")


@pytest.mark.parametrize("name", ["ExpectColumnValuesToBeInSet", "ExpectColumnValuesToBeUnique"])
def test_failing_rows_are_named_by_their_keys_alone_where_values_are_not_wanted(name: str) -> None:
    frame = pl.DataFrame({"a": [3, 3, 1], "k": ["x", "y", "z"], "l": [7, 8, 9]})
    wanted = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": ["k", "l"],
        "exclude_unexpected_values": True,
    }
    expectation = made(name, column="a", **({"value_set": [1]} if name.endswith("Set") else {}))

    some, none = (
        validated(rows, expectation, result_format=wanted).result.results[0].result for rows in (frame, frame.tail(1))
    )

    assert some["unexpected_index_list"] == [{"k": ["x", "y"], "l": [7, 8]}]
    assert none["unexpected_count"] == 0
    assert not none.get("unexpected_index_list")


def test_a_missing_value_among_failing_ones_of_several_columns_is_nan_as_in_gx() -> None:
    frame = pl.DataFrame({"a": [1, None, 2], "b": [2, 5, 2]})
    expectation = made("ExpectMulticolumnValuesToBeEqual", column_list=["a", "b"], ignore_row_if="never")

    found = validated(frame, expectation).result.results[0].result["unexpected_list"]

    assert repr(found) == "[{'a': 1, 'b': 2}, {'a': nan, 'b': 5}]"


def test_rows_cannot_be_named_by_a_key_that_is_not_there() -> None:
    wanted = {"result_format": "COMPLETE", "unexpected_index_column_names": ["k", "nowhere"]}
    expectation = made("ExpectColumnValuesToBeInSet", column="a", value_set=[1])

    (found,) = validated(pl.DataFrame({"a": [3], "k": [1]}), expectation, result_format=wanted).outcomes

    assert (found.state, found.reason) == (CheckState.COULD_NOT_RUN, "column nowhere is missing")


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("a > datetime.date(2024, 1, 2)", [False, True]),
        ("a == datetime.datetime(2024, 1, 1, 0, 0)", [True, False]),
        ("b < datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc) and b == b", [True, False]),
    ],
)
def test_a_condition_may_name_a_day_or_a_moment_as_pandas_takes_it(condition: str, wanted: list[bool]) -> None:
    days = [dt.date(2024, 1, 1), dt.date(2024, 1, 3)]
    moments = pl.Series(days).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")

    assert met(pl.DataFrame({"a": days, "b": moments}), condition) == wanted


@pytest.mark.parametrize(
    "condition",
    ["a > datetime.date(2024, 13, 1)", "a > datetime.datetime(2024, 1, 1, tzinfo=b)", "a > datetime.date(*b)"],
)
def test_a_condition_that_names_no_day_is_refused(condition: str) -> None:
    with pytest.raises(CannotEvaluateError, match="cannot be read as a condition"):
        plain_condition(condition, parser="pandas")


def test_gx_s_older_name_of_its_own_conditions_is_known() -> None:
    frame = pl.DataFrame({"a": [1, 2]})

    assert met(frame, 'col("a") > 1', "great_expectations__experimental__") == [False, True]


def test_a_metric_of_ones_own_runs_where_only_another_column_has_values_that_could_not_be_read() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [None, 2], "_undecided.b": [True, False]})

    states = {
        column: validated(frame, own_sum(column), undecided={"b": "_undecided.b"}).outcomes[0].state
        for column in ("a", "b")
    }

    assert states == {"a": CheckState.PASS, "b": CheckState.COULD_NOT_RUN}


def test_a_distribution_of_no_values_is_not_compared() -> None:
    bins = {"bins": [0, 1, 2], "weights": [0.5, 0.5]}

    found = outcome(
        pl.DataFrame({"a": [None]}, schema={"a": pl.Float64}),
        "ExpectColumnKLDivergenceToBeLessThan",
        column="a",
        partition_object=bins,
        threshold=1,
    )

    assert found.reason == "the column has no values to make a distribution of"


def own_sum(column: str) -> Any:
    from loadgate.checking.engine.quiet import import_gx

    import_gx()
    from great_expectations.expectations.expectation import ColumnAggregateExpectation
    from great_expectations.expectations.metrics.column_aggregate_metric_provider import ColumnAggregateMetricProvider
    from great_expectations.expectations.metrics.metric_provider import metric_value

    from loadgate.checking.engine.execution import PolarsExecutionEngine

    class OwnSum(ColumnAggregateMetricProvider):
        metric_name = "column.own_sum"

        @metric_value(engine=PolarsExecutionEngine)
        def _polars(cls, execution_engine: Any, metric_domain_kwargs: Any, **_: Any) -> Any:  # noqa: N805
            rows = execution_engine.get_domain_records(metric_domain_kwargs)
            return rows.select(pl.col(metric_domain_kwargs["column"]).sum()).collect().item()

    class ExpectOwnSumToBePositive(ColumnAggregateExpectation):
        metric_dependencies = ("column.own_sum",)

        def _validate(self, metrics: Any, **_: Any) -> Any:
            found = metrics["column.own_sum"]
            return {"success": found > 0, "result": {"observed_value": found}}

    return ExpectOwnSumToBePositive(column=column)


@pytest.mark.parametrize(("pattern", "matching"), PATTERNS)
def test_a_pattern_means_what_it_means_in_python(pattern: str, matching: list[str]) -> None:
    frame = pl.DataFrame({"a": ["<b>", "b", "a&b", "&", "a\u0301", "x\u00b2", "[", "\\"]})

    found = validated(frame, made("ExpectColumnValuesToNotMatchRegex", column="a", regex=pattern)).result.results[0]

    assert found.result["unexpected_list"] == matching == [text for text in frame["a"] if re.search(pattern, text)]


@pytest.mark.parametrize(
    "pattern", ["a++b", "b?+b", "b*{2}", "[[:alpha:]]", "[a-c--b]", r"\b{start}b", "(?x)a b", "(?R)b"]
)
def test_a_pattern_that_python_reads_differently_or_not_at_all_is_not_answered(pattern: str) -> None:
    found = outcome(pl.DataFrame({"a": ["ab"]}), "ExpectColumnValuesToMatchRegex", column="a", regex=pattern)

    assert found.state is CheckState.COULD_NOT_RUN
    assert "read differently" in str(found.reason)


@pytest.mark.parametrize("pattern", [r"[\w-z]", r"[!-\w]"])
def test_a_range_that_python_does_not_know_is_not_answered(pattern: str) -> None:
    found = outcome(pl.DataFrame({"a": ["`"]}), "ExpectColumnValuesToMatchRegex", column="a", regex=pattern)

    assert found.state is CheckState.COULD_NOT_RUN


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt8])
def test_sums_of_narrow_whole_numbers_do_not_wrap(dtype: type[pl.DataType]) -> None:
    frame = pl.DataFrame({"a": [100, 100], "b": [100, 100], "c": [100, 100]}, schema=dict.fromkeys("abc", dtype))

    states = {
        total: outcome(frame, "ExpectMulticolumnSumToEqual", column_list=["a", "b", "c"], sum_total=total).state
        for total in (300, 44)
    }

    assert states == {300: CheckState.PASS, 44: CheckState.FAIL}


@pytest.mark.parametrize(
    ("types", "state"), [([], CheckState.FAIL), (["Int64"], CheckState.PASS), (None, CheckState.PASS)]
)
def test_no_column_is_of_one_of_no_types(types: list[str] | None, state: CheckState) -> None:
    found = outcome(pl.DataFrame({"a": [1]}), "ExpectColumnValuesToBeInTypeList", column="a", type_list=types)

    assert found.state is state


def test_a_tilde_before_a_number_is_no_negation_of_the_comparison() -> None:
    frame = pl.DataFrame({"a": [1, -2], "b": [True, False]})

    assert met(frame, "~(a == 1)") == met(frame, "~b") == [False, True]
    assert met(frame, "~b & a < 0") == [False, True]
    with pytest.raises(CannotEvaluateError):
        met(frame, "~a == 1")


@pytest.mark.parametrize("condition", ["a", "not a", "~a", "b and a"])
def test_a_column_of_numbers_is_no_condition_by_itself(condition: str) -> None:
    frame = pl.DataFrame({"a": [1, 0], "b": [True, False]})

    assert met(frame, "b and a == 1") == [True, False]
    with pytest.raises(CannotEvaluateError, match="true and false"):
        met(frame, condition)


def test_parameters_with_the_same_text_are_not_taken_for_each_other() -> None:
    pandas = pytest.importorskip("pandas")
    many = list(range(20_000))
    expectation = made("ExpectColumnValuesToBeInSet", column="a", value_set={"$PARAMETER": "codes"})
    compiled = compiled_of(expectation)
    frame = pl.DataFrame({"a": [5_000]}).lazy()
    many_less_one = [0 if code == 5_000 else code for code in many]

    states = [
        compiled.validate(frame, parameters={"codes": pandas.Series(codes)}).outcomes[0].state
        for codes in (many, many_less_one)
    ]

    assert states == [CheckState.PASS, CheckState.FAIL]


def test_rows_that_cannot_be_read_are_not_counted_either(tmp_path: Path) -> None:
    file = tmp_path / "open.csv"
    file.write_text('a,b\n1,"x\n2,y\n3,z\n', encoding="utf-8")  # the quote has no end
    expectation = made("ExpectTableRowCountToBeBetween", max_value=10)

    (found,) = compiled_of(expectation).validate(pl.scan_csv(file)).outcomes

    assert found.state is CheckState.COULD_NOT_RUN


def test_truth_is_a_number_beside_decimals_as_it_is_beside_whole_numbers() -> None:
    decimals = [Decimal("-0.75"), Decimal("1.00"), Decimal("0.00"), None]
    frame = pl.DataFrame(
        {"d": decimals, "b": [False, True, None, None]}, schema={"d": pl.Decimal(12, 2), "b": pl.Boolean}
    )
    pair = {"column_A": "d", "column_B": "b"}
    found = {
        "greater": outcome(frame, "ExpectColumnPairValuesAToBeGreaterThanB", **pair, or_equal=True),
        "equal": outcome(frame, "ExpectColumnPairValuesToBeEqual", **pair),
        "turned": outcome(frame, "ExpectColumnPairValuesToBeEqual", column_A="b", column_B="d"),
        "all": outcome(frame, "ExpectMulticolumnValuesToBeEqual", column_list=["b", "d"]),
        "none": outcome(frame, "ExpectSelectColumnValuesToBeUniqueWithinRecord", column_list=["d", "b"]),
    }

    failed = {name: (one.rows_checked, one.rows_failed) for name, one in found.items()}

    assert failed == {"greater": (3, 2), "equal": (3, 2), "turned": (3, 2), "all": (3, 2), "none": (3, 1)}


@pytest.mark.parametrize("operator", ["==", "!=", "<", ">="])
@pytest.mark.parametrize("dtype", [pl.Date, pl.Datetime("us")])
def test_a_condition_that_compares_moments_with_a_number_could_not_run(operator: str, dtype: Any) -> None:
    frame = pl.DataFrame({"t": [dt.date(2024, 1, 2)]}).cast(dtype)
    condition = {"row_condition": f"t {operator} 5", "condition_parser": "pandas"}

    found = outcome(frame, "ExpectTableRowCountToEqual", value=0, **condition)

    assert found.state is CheckState.COULD_NOT_RUN


@pytest.mark.parametrize(
    ("condition", "rows"),
    [("t == '2024-01-02'", 1), ("t != '2024-01-02'", 2), ("t in ['2024-01-02']", 1), ("t >= '2024-01-02'", 2)],
)
def test_a_text_in_a_condition_is_the_moment_that_it_names_whatever_the_comparison(condition: str, rows: int) -> None:
    frame = pl.DataFrame({"t": [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2), dt.datetime(2024, 1, 2, 13)]})

    found = outcome(frame, "ExpectTableRowCountToEqual", value=rows, row_condition=condition, condition_parser="pandas")

    assert found.state is CheckState.PASS


LARGE = [2**53 + 1, 2**62 + 1, 2**63 - 1]
LARGE_COLUMNS = [(one, dtype) for one in LARGE for dtype in (pl.Int64, pl.UInt64)] + [(-one, pl.Int64) for one in LARGE]


@pytest.mark.parametrize(("limit", "dtype"), LARGE_COLUMNS)
def test_a_limit_that_gx_makes_a_float_of_still_takes_in_the_number_that_was_written(limit: int, dtype: Any) -> None:
    frame = pl.DataFrame({"n": [limit, limit], "zero": [0, 0]}).cast(dtype)
    between = {"column": "n", "min_value": limit, "max_value": limit}
    found = [
        outcome(frame, "ExpectColumnValuesToBeBetween", **between),
        outcome(frame, "ExpectColumnMinToBeBetween", **between),
        outcome(frame, "ExpectColumnMaxToBeBetween", **between),
        outcome(frame, "ExpectMulticolumnSumToEqual", column_list=["n", "zero"], sum_total=limit),
    ]

    assert [one.state for one in found] == [CheckState.PASS] * 4


@pytest.mark.parametrize("name", ["ExpectColumnDistinctValuesToContainSet", "ExpectColumnDistinctValuesToEqualSet"])
@pytest.mark.parametrize(
    "values",
    [
        [1, None],
        [1.5],
        ["1", None],
        [True],
        [Decimal(1)],
        [dt.date(2024, 1, 1)],
        [dt.time(8)],
        [b"1"],
    ],
)
def test_a_null_that_the_values_of_a_column_are_to_contain_is_not_among_them(values: list[Any], name: str) -> None:
    frame = pl.DataFrame({"a": values})
    there = [value for value in values if value is not None]

    found = [outcome(frame, name, column="a", value_set=wanted).state for wanted in (there, [*there, None])]

    assert found == [CheckState.PASS, CheckState.FAIL]
