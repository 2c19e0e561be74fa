"""Quantiles, outliers and z-scores are numpy's, whatever the type of the column; what has none is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from loadgate.checking.engine.compiler import compile_metrics, run
from loadgate.checking.engine.quiet import import_gx

NUMBERS = [9.0, 1.0, 2.0, 2.0, 40.0, 3.0, 7.0, -5.0]
SHARES = [0.0, 0.1, 0.25, 0.5, 0.6, 0.875, 1.0]
WINDOWS = [(method, reach) for method in ("iqr", "std") for reach in (0, 0.5, 1, 1.5, 3)]
DISTANCES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("z_score.under_threshold", {"threshold": 1, "double_sided": True}),
    ("not_outliers", {"method": "std", "multiplier": 1}),
    ("not_outliers", {"method": "iqr", "multiplier": 0.3}),
)


def metric(name: str, values: pl.Series | list[Any], **arguments: Any) -> Any:
    """A metric of a column, or why it has none."""
    import_gx()
    from great_expectations.validator.metric_configuration import MetricConfiguration

    frame = pl.DataFrame({"n": values}).lazy()
    asked = MetricConfiguration(name, {"column": "n"}, arguments)
    plan = compile_metrics([asked], schema=frame.collect_schema())
    found = run(plan, frame)
    return found.reasons.get(asked.id) or found.values[asked.id]


def failing(rule: str, values: pl.Series | list[Any], **arguments: Any) -> Any:
    """How many rows fail a rule."""
    return metric(f"column_values.{rule}.unexpected_count", values, **arguments)


@pytest.mark.parametrize("how", ["linear", "lower", "higher", "midpoint", "nearest"])
@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_quantiles_are_those_of_numpy(how: Any, count: int) -> None:
    values = NUMBERS[:count]

    found = metric("column.quantile_values", [*values, None], quantiles=SHARES, allow_relative_error=how)

    assert found == pytest.approx(list(np.quantile(values, SHARES, method=how)))


@pytest.mark.parametrize("shares", [[1.5], [-0.1, 0.5], ["0.5"], [None], [float("nan")]])
def test_a_share_that_is_none_has_no_quantile(shares: Any) -> None:
    assert metric("column.quantile_values", NUMBERS, quantiles=shares) == "quantiles must be numbers from 0 to 1"


def test_what_numpy_holds_is_taken_for_shares_and_for_bins() -> None:
    assert metric("column.quantile_values", NUMBERS, quantiles=np.array([0, 1], dtype=np.float32)) == [-5, 40]
    assert metric("column_values.histogram", NUMBERS, bins=np.array([0, 2, 4])) is not None


@pytest.mark.filterwarnings("ignore")  # GX's own
def test_each_of_several_expectations_about_a_column_gets_its_own_quantiles() -> None:
    """In GX's Validator, whatever the engine, all get those of the first."""
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite

    from loadgate.checking.engine.fast import compile_suite

    frame = pl.DataFrame({"n": NUMBERS})
    suite = ExpectationSuite(name="quantiles")
    for share in (0, 1):
        wanted = {"quantiles": [share], "value_ranges": [[-5 + 45 * share, -5 + 45 * share]]}
        suite.expectations.append(gxe.ExpectColumnQuantileValuesToBeBetween(column="n", quantile_ranges=wanted))
    left_open = {"quantiles": {"$PARAMETER": "shares"}, "value_ranges": [[2, 2]]}
    suite.expectations.append(gxe.ExpectColumnQuantileValuesToBeBetween(column="n", quantile_ranges=left_open))

    compiled = compile_suite(suite, values=True)
    done = compiled.validate(frame.lazy(), parameters={"shares": [0.375]})
    other = compiled.validate(frame.lazy(), parameters={"shares": [0.875]})

    values = [one.result["observed_value"]["values"] for one in done.result.results]
    assert values == [[-5], [40], [2]]
    assert other.result.results[2].result["observed_value"]["values"] == [9]


@pytest.mark.parametrize(("how", "minutes"), [("linear", 45), ("midpoint", 90), ("lower", 0), ("higher", 180)])
def test_a_quantile_of_moments_is_a_moment(how: str, minutes: int) -> None:
    start = dt.datetime(2024, 1, 1)

    found = metric(
        "column.quantile_values", [start + dt.timedelta(hours=3), start], quantiles=[0.25], allow_relative_error=how
    )

    assert found == [start + dt.timedelta(minutes=minutes)]


def test_a_quantile_between_two_days_is_a_moment() -> None:
    days = [dt.date(2024, 1, 1), dt.date(2024, 1, 2)]

    found = metric("column.quantile_values", days, quantiles=[0.5], allow_relative_error="linear")

    assert found == [dt.datetime(2024, 1, 1, 12)]


def test_no_quantiles_are_asked_and_of_no_values_there_are_none() -> None:
    none = pl.Series([None], dtype=pl.Float64)

    assert metric("column.quantile_values", NUMBERS, quantiles=[]) == []
    assert metric("column.quantile_values", none, quantiles=[0.1, 0.9], allow_relative_error="linear") == [None, None]


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Int32, pl.Decimal(8, 2)])
@pytest.mark.parametrize(("method", "reach"), WINDOWS)
def test_outliers_are_beyond_the_window_that_the_values_set(method: str, reach: float, dtype: Any) -> None:
    values = pl.Series([*NUMBERS, None]).cast(dtype)
    numbers = np.array(NUMBERS)
    low, high = np.quantile(numbers, [0.25, 0.75])
    middle, spread = numbers.mean(), numbers.std(ddof=1)
    inside = (numbers >= low - reach * (high - low)) & (numbers <= high + reach * (high - low))
    if method == "std":
        inside = np.abs(numbers - middle) < reach * spread

    found = failing("not_outliers", values, method=method, multiplier=reach)

    assert found == int((~inside).sum())


def test_a_value_on_the_fence_is_no_outlier_of_quartiles_and_is_one_of_the_deviation() -> None:
    assert failing("not_outliers", [0, 1, 2, 3, 4, 7], method="iqr", multiplier=1.3) == 0  # 3.75 + 1.3 * 2.5
    assert failing("not_outliers", [0, 1, 2, 3, 4, 7], method="iqr", multiplier=1.29) == 1
    assert failing("not_outliers", [-1, 0, 1], method="std", multiplier=1) == 2


def test_without_a_spread_only_values_off_the_middle_are_outliers() -> None:
    assert failing("not_outliers", [5, 5, 5], method="std", multiplier=2) == 0
    assert failing("not_outliers", [5, 5, 6], method="std", multiplier=0) == 3
    assert failing("not_outliers", [5, 5, 5, 5, 9], method="iqr", multiplier=3) == 1


def test_the_window_is_of_quartiles_and_reaches_one_and_a_half_of_their_distance_where_nothing_else_is_said() -> None:
    values = [0.0, 1.0, 2.0, 3.0, 4.0, 7.75]

    assert failing("not_outliers", values) == failing("not_outliers", values, method="iqr", multiplier=1.5)
    assert [failing("not_outliers", [*values[:-1], last]) for last in (7.5, 7.51)] == [0, 1]


@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt64])
@pytest.mark.parametrize("far", [0, 2**53 + 1, 2**62])
def test_whole_numbers_lie_as_far_apart_wherever_they_lie(far: int, dtype: Any) -> None:
    """Floats tell no neighbours apart beyond 2**53."""
    for near in ([2, 0, 2], [0, 1, 2, 3, 4, 7], [5, 5, 6], [3, 3, None]):
        values = pl.Series([None if one is None else one + far for one in near], dtype=dtype)
        plain = [failing(rule, pl.Series(near, dtype=dtype), **how) for rule, how in DISTANCES]
        assert [failing(rule, values, **how) for rule, how in DISTANCES] == plain

    least = pl.Series([-(2**63), 2**63 - 1, 0, 1], dtype=pl.Int64)
    assert [failing(rule, least, **how) for rule, how in DISTANCES] == [2, 2, 2]
    low, high, spread = metric("column.outlier_statistics", [2**53 + 2, 2**53, 2**53 + 2, 2**53 + 4], method="iqr")
    assert (low - 2**53, high - 2**53, spread) == (2, 2, 1.0)


@pytest.mark.parametrize("method", ["iqr", "std"])
@pytest.mark.parametrize(
    "values", [[], [None], [3.0], [1.0, 2.0, float("inf"), float("inf")]], ids=["empty", "null", "one", "infinite"]
)
def test_where_the_values_set_no_window_none_is_an_outlier(method: str, values: list[float | None]) -> None:
    assert failing("not_outliers", pl.Series(values, dtype=pl.Float64), method=method, multiplier=0.1) == 0


@pytest.mark.parametrize(
    ("method", "wanted"), [("iqr", (2.0, 4.0, 2.0)), ("std", (3.0, 3.0, 2.5**0.5)), (None, (2.0, 4.0, 2.0))]
)
def test_who_asks_for_the_window_gets_gxs_own_three_numbers(method: str | None, wanted: tuple[float, ...]) -> None:
    import_gx()
    from great_expectations.expectations.metrics.column_aggregate_metrics.column_outlier_statistics import (
        OutlierStatistics,
    )

    found = metric("column.outlier_statistics", [5, 1, 2, 3, 4, None], method=method)

    assert isinstance(found, OutlierStatistics)
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("values", "method", "wanted"),
    [
        ([], "iqr", (None, None, None)),
        ([3.0], "iqr", (3.0, 3.0, 0.0)),
        ([3.0], "std", (3.0, 3.0, None)),
        ([1.0, float("inf")], "std", (None, None, None)),
    ],
)
def test_a_number_that_there_is_not_is_none_in_the_window(values: list[float], method: str, wanted: Any) -> None:
    assert metric("column.outlier_statistics", pl.Series(values, dtype=pl.Float64), method=method) == wanted


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Int32, pl.Decimal(8, 2)])
@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("threshold", [0.1, 0.5, 1, 2.5])
def test_z_scores_are_those_of_the_samples_deviation(threshold: float, both: bool, dtype: Any) -> None:
    numbers = np.array(NUMBERS)
    scores = (numbers - numbers.mean()) / numbers.std(ddof=1)
    under = (np.abs(scores) if both else scores) < threshold
    asked = {"threshold": threshold, "double_sided": both}

    found = failing("z_score.under_threshold", pl.Series([*NUMBERS, None]).cast(dtype), **asked)

    assert found == int((~under).sum())


@pytest.mark.parametrize("dtype", [pl.Date, pl.Datetime("ms"), pl.Duration("us")])
@pytest.mark.parametrize(("threshold", "failed"), [(1.4, 1), (0.5, 2), (0.4, 4)])
def test_days_have_the_z_scores_of_their_numbers(threshold: float, failed: int, dtype: Any) -> None:
    days = pl.Series([1, 2, 2, 19]).cast(dtype)

    assert failing("z_score.under_threshold", days, threshold=threshold, double_sided=True) == failed


def test_a_z_score_as_large_as_the_threshold_is_not_under_it_and_a_negative_one_bounds_both_sides_too() -> None:
    assert failing("z_score.under_threshold", [-1, 0, 1], threshold=1, double_sided=False) == 1
    assert failing("z_score.under_threshold", [-1, 0, 1], threshold=1) == 2
    assert failing("z_score.under_threshold", [-1, 0, 1], threshold=-1.5, double_sided=True) == 0
    assert failing("z_score.under_threshold", [-1, 0, 1], threshold=-0.5, double_sided=False) == 2


@pytest.mark.parametrize("values", [[4.0], [4.0, 4.0]])
def test_a_z_score_that_is_not_defined_is_under_every_threshold(values: list[float]) -> None:
    assert failing("z_score.under_threshold", values, threshold=0.1, double_sided=True) == 0


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Decimal(8, 4)])
@pytest.mark.parametrize("count", [2, 3, 10, 100, 211, 1000])
@pytest.mark.parametrize("value", ["0.1", "0.3", "0.9", "1234.5678"])
def test_values_that_are_all_the_same_have_no_spread_and_are_their_mean(value: str, count: int, dtype: Any) -> None:
    values = pl.Series([Decimal(value)] * count, dtype=pl.Decimal(8, 4)).cast(dtype)

    assert failing("z_score.under_threshold", values, threshold=0.1, double_sided=True) == 0
    assert failing("not_outliers", values, method="std", multiplier=0.5) == 0
    assert metric("column.standard_deviation", values) == 0
    assert metric("column.mean", values) == float(value)
    assert metric("column.outlier_statistics", values, method="std") == (float(value), float(value), 0)


def test_infinite_values_have_no_mean_between_them() -> None:
    assert np.isnan(metric("column.mean", [float("inf"), float("-inf")]))
    assert metric("column.mean", [1.0, float("inf"), None]) == float("inf")
    assert metric("column.standard_deviation", [float("inf")] * 3) is None


DAYS = [dt.date(2024, 1, 1), dt.date(2024, 1, 9)]
NO_NUMBERS = "holds no numbers"


@pytest.mark.parametrize(
    ("name", "values", "arguments", "reason"),
    [
        ("column.quantile_values", NUMBERS, {}, "quantiles are not given"),
        ("column.quantile_values", NUMBERS, {"quantiles": [0.5], "allow_relative_error": "exact"}, "is none of linear"),
        ("column.quantile_values", ["a"], {"quantiles": [0.5]}, NO_NUMBERS),
        ("column.median", ["a"], {}, NO_NUMBERS),
        ("column.median", [[1]], {}, NO_NUMBERS),
        ("column.standard_deviation", ["a"], {}, NO_NUMBERS),
        ("column.standard_deviation", DAYS, {}, NO_NUMBERS),
        ("column.outlier_statistics", NUMBERS, {"method": "mad"}, "mad is none of iqr, std"),
        ("column.outlier_statistics", DAYS, {"method": "std"}, "no numbers to find outliers among"),
        ("column.outlier_statistics", [[1]], {"method": "iqr"}, "no numbers to find outliers among"),
        ("column.outlier_statistics", ["a"], {"method": "iqr"}, NO_NUMBERS),
        ("column_values.not_outliers.unexpected_count", DAYS, {}, "no numbers to find outliers among"),
        ("column_values.z_score.under_threshold.unexpected_count", NUMBERS, {}, "threshold is not given"),
        ("column_values.z_score.under_threshold.unexpected_count", ["a"], {"threshold": 1}, NO_NUMBERS),
    ],
)
def test_what_has_no_spread_is_refused_with_a_reason(
    name: str, values: list[Any], arguments: dict[str, Any], reason: str
) -> None:
    assert reason in str(metric(name, values, **arguments))


def test_decimals_have_the_deviation_of_their_numbers() -> None:
    values = [Decimal("0.10"), Decimal("0.20"), Decimal("0.60")]

    assert metric("column.standard_deviation", values) == pytest.approx(np.std([0.1, 0.2, 0.6], ddof=1))
    assert metric("column.standard_deviation", values[:1]) is None
