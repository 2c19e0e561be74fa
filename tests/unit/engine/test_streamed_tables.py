"""A table that passes by in batches gives what it gives at once: outcomes, results and marks, however it is cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.fast import CompiledSuite, compile_suite
from loadgate.checking.engine.outcomes import CheckState, Validated
from loadgate.checking.engine.quiet import import_gx

LARGE = {"type": "comparison", "column": {"name": "n"}, "operator": ">", "parameter": 40}
CHECKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("table_row_count_to_equal", {"value": 240}),
    ("column_values_to_not_be_null", {"column": "n"}),
    ("column_values_to_be_between", {"column": "n", "min_value": 3}),
    ("column_values_to_be_between", {"column": "n", "min_value": 50, "row_condition": LARGE}),
    ("column_values_to_be_in_set", {"column": "group", "value_set": ["a", "b"], "row_condition": LARGE}),
    ("column_values_to_be_increasing", {"column": "step"}),
    ("column_values_to_be_increasing", {"column": "step", "strictly": True, "row_condition": LARGE}),
    ("column_values_to_be_decreasing", {"column": "step"}),
    ("column_values_to_be_increasing", {"column": "group"}),
    ("column_values_to_be_unique", {"column": "n"}),
    ("column_values_to_be_unique", {"column": "key"}),
    ("compound_columns_to_be_unique", {"column_list": ["group", "n"]}),
    ("compound_columns_to_be_unique", {"column_list": ["group", "n"], "ignore_row_if": "any_value_is_missing"}),
    ("column_unique_value_count_to_be_between", {"column": "n", "max_value": 50}),
    ("column_proportion_of_unique_values_to_be_between", {"column": "n", "max_value": 0.3}),
    ("column_proportion_of_non_null_values_to_be_between", {"column": "x", "min_value": 0.99}),
    ("column_distinct_values_to_be_in_set", {"column": "group", "value_set": ["a", "b"]}),
    ("column_distinct_values_to_contain_set", {"column": "group", "value_set": ["a", "q"]}),
    ("column_distinct_values_to_equal_set", {"column": "group", "value_set": ["a", "b", "c"]}),
    ("column_most_common_value_to_be_in_set", {"column": "group", "value_set": ["a"]}),
    ("column_sum_to_be_between", {"column": "n", "min_value": 0}),
    ("column_sum_to_be_between", {"column": "x", "min_value": 0}),
    ("column_mean_to_be_between", {"column": "x", "min_value": 0}),
    ("column_mean_to_be_between", {"column": "n", "min_value": 0, "row_condition": LARGE}),
    ("column_stdev_to_be_between", {"column": "x", "min_value": 0.9, "max_value": 0.99}),
    ("column_min_to_be_between", {"column": "step", "min_value": 0}),
    ("column_max_to_be_between", {"column": "x", "max_value": 2}),
    ("column_median_to_be_between", {"column": "n", "min_value": 20}),
    (
        "column_quantile_values_to_be_between",
        {"column": "n", "quantile_ranges": {"quantiles": [0.1], "value_ranges": [[0, 5]]}},
    ),
    ("column_value_z_scores_to_be_less_than", {"column": "x", "threshold": 1.5, "double_sided": True}),
    ("column_values_to_not_be_outliers", {"column": "n", "method": "iqr", "multiplier": 0.2}),
    (
        "column_kl_divergence_to_be_less_than",
        {"column": "group", "partition_object": {"values": ["a", "b"], "weights": [0.5, 0.5]}, "threshold": 0.1},
    ),
    (
        "column_kl_divergence_to_be_less_than",
        {"column": "n", "partition_object": {"bins": [0, 30, 90], "weights": [0.5, 0.5]}, "threshold": 0.1},
    ),
    (
        "column_pair_values_a_to_be_greater_than_b",
        {"column_A": "n", "column_B": "step", "ignore_row_if": "either_value_is_missing"},
    ),
    (
        "multicolumn_sum_to_equal",
        {"column_list": ["n", "step"], "sum_total": 30, "ignore_row_if": "any_value_is_missing"},
    ),
    ("column_values_to_be_dateutil_parseable", {"column": "key"}),
    ("column_value_lengths_to_be_between", {"column": "key", "max_value": 2}),
)


@pytest.fixture(scope="module")
def suite() -> CompiledSuite:
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    made = ExpectationSuite(name="a suite")
    for type_, kwargs in CHECKS:
        made.expectations.append(ExpectationConfiguration(type=f"expect_{type_}", kwargs=kwargs).to_domain_obj())
    return compile_suite(made)


def table() -> pl.DataFrame:
    """240 rows, repeats and gaps among them; casts of `n` have failed in a row near the start and one near the end."""
    numbers = [None if index % 17 == 0 else (index * 7) % 90 for index in range(240)]
    return pl.DataFrame(
        {
            "_row": pl.Series(range(100, 340), dtype=pl.UInt32),
            "n": numbers,
            "x": [None if index % 23 == 0 else (index % 19) / 7 for index in range(240)],
            "group": [("a", "b", "c", None, "a")[index % 5] for index in range(240)],
            "step": [index // 3 if index % 50 else 0 for index in range(240)],
            "key": [f"k{index}" for index in range(240)],
            "n_failed": [index in (17, 221) for index in range(240)],
        }
    )


def cut(rows: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    for start in range(0, rows.height, size):
        yield rows.slice(start, size)


def streamed(
    suite: CompiledSuite, size: int, *, undecided: dict[str, str], again: bool = True, **how: Any
) -> tuple[Validated, pl.DataFrame]:
    marked: list[pl.DataFrame] = []
    rows = table()
    with suite.start(rows.schema, undecided=undecided, marks=marked.append, **how) as running:
        for batch in cut(rows, size):
            running.add(batch)
        found = running.finish(rows.lazy() if again else None)
    return found, pl.concat(marked).sort("check", "_row")


@pytest.mark.parametrize("undecided", [{}, {"n": "n_failed"}], ids=["decided", "undecided"])
@pytest.mark.parametrize("size", [1, 7, 60, 240])
def test_however_a_table_is_cut_its_outcomes_and_results_are_the_same(
    suite: CompiledSuite, size: int, undecided: dict[str, str]
) -> None:
    aside = ("_row", *({"n_failed"} - set(undecided.values())))
    at_once = suite.validate(table().lazy(), undecided=undecided, aside=aside)

    found, _ = streamed(suite, size, undecided=undecided, aside=aside)

    assert found.outcomes == at_once.outcomes
    assert suite.to_json_dict(found.result) == suite.to_json_dict(at_once.result)
    assert {one.state for one in found.outcomes} == {CheckState.PASS, CheckState.FAIL}


@pytest.mark.parametrize("undecided", [{}, {"n": "n_failed"}], ids=["decided", "undecided"])
@pytest.mark.parametrize("size", [7, 240])
def test_the_rows_marked_on_the_way_are_those_that_fail_and_those_that_cannot_be_decided(
    suite: CompiledSuite, size: int, undecided: dict[str, str]
) -> None:
    rows = table().lazy()
    expected = [
        listed(rows, undecided=undecided).with_columns(pl.lit(is_undecided).alias("undecided")).collect()
        for listed, is_undecided in ((suite.failing_rows, False), (suite.undecided_rows, True))
    ]

    found, marks = streamed(suite, size, undecided=undecided)

    assert marks.sort("check", "_row").equals(pl.concat(expected).sort("check", "_row"))
    counted = dict(marks.filter(~pl.col("undecided")).group_by("check").len().iter_rows())
    assert counted == {one.index: one.rows_failed for one in found.outcomes if one.rows_failed}


def test_only_batches_with_failed_casts_pay_for_them(suite: CompiledSuite) -> None:
    rows = table()
    with suite.start(rows.schema, undecided={"n": "n_failed"}) as running:
        for batch in cut(rows, 60):
            flagged = bool(batch["n_failed"].any())
            running.add(batch if flagged else batch.drop("n_failed"), undecided=["n"] if flagged else [])
        found = running.finish(rows.lazy())

    assert found.outcomes == suite.validate(rows.lazy(), undecided={"n": "n_failed"}).outcomes
    variants = [plan._variants.keys() for plan in suite._plans.values()]
    assert all(keys <= {frozenset(), frozenset({"n"})} for keys in variants)


def test_a_flag_column_that_a_batch_should_have_is_an_error(suite: CompiledSuite) -> None:
    with (
        suite.start(table().schema, undecided={"n": "n_failed"}) as running,
        pytest.raises(KeyError, match="the flag column n_failed is not in the batch"),
    ):
        running.add(table().drop("n_failed"))


def test_without_the_rows_again_all_is_answered_but_what_takes_a_second_look(suite: CompiledSuite) -> None:
    at_once = suite.validate(table().lazy())

    found, _ = streamed(suite, 60, undecided={}, again=False)

    differing = {
        CHECKS[one.index][0]: one.reason
        for one, other in zip(found.outcomes, at_once.outcomes, strict=True)
        if one != other
    }
    assert differing == dict.fromkeys(
        (
            "column_median_to_be_between",
            "column_quantile_values_to_be_between",
            "column_value_z_scores_to_be_less_than",
            "column_values_to_not_be_outliers",
        ),
        "it takes a second look at the rows, and they are gone",
    )


def test_keys_with_the_same_values_in_other_columns_differ_even_if_the_rows_are_gone() -> None:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite

    numbers = list(range(100))
    keys = pl.DataFrame({"left": [*numbers, *numbers, 7], "right": [*reversed(numbers), *numbers, 7]})
    unique = gxe.ExpectCompoundColumnsToBeUnique(column_list=["left", "right"])

    with compile_suite(ExpectationSuite(name="keys", expectations=[unique])).start(keys.schema) as running:
        running.add(keys)
        found = running.finish()

    assert found.outcomes[0].rows_failed == 2


def test_a_table_without_rows_is_judged_as_one(suite: CompiledSuite) -> None:
    nothing = table().head(0)
    with suite.start(nothing.schema) as running:
        found = running.finish(nothing.lazy())

    assert found.outcomes == suite.validate(nothing.lazy()).outcomes


@pytest.mark.parametrize("held_bytes", [0, 500, 4000])
def test_hashes_that_go_to_disk_change_no_outcome_and_leave_nothing_behind(
    suite: CompiledSuite, tmp_path: Path, held_bytes: int
) -> None:
    at_once, marks_at_once = streamed(suite, 240, undecided={})

    found, marks = streamed(suite, 13, undecided={}, held_bytes=held_bytes, folder=tmp_path)

    assert found.outcomes == at_once.outcomes
    assert marks.equals(marks_at_once)
    assert list(tmp_path.iterdir()) == []


def test_a_table_may_have_any_names_for_its_columns() -> None:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite

    names = ["m", "m0", "m1", "mm0", "v0", "0", "row", "hash", "value", "count", "texts", ""]
    asked = [gxe.ExpectColumnValuesToBeUnique(column=name) for name in names if name]
    asked += [gxe.ExpectColumnValuesToBeBetween(column=name, min_value=2) for name in names if name]
    rows = pl.DataFrame({name: [1, 1, 2, None] for name in names}).lazy()

    found = compile_suite(ExpectationSuite(name="names", expectations=asked)).validate(rows).outcomes

    assert [one.rows_failed for one in found] == [2] * 22


def test_what_no_row_decides_is_known_of_a_table_that_cannot_be_read() -> None:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite

    asked = [gxe.ExpectTableColumnCountToEqual(value=1), gxe.ExpectColumnMedianToBeBetween(column="n", min_value=0)]
    unreadable = pl.LazyFrame({"n": ["1", "x"]}).select(pl.col("n").cast(pl.Int64))

    found = compile_suite(ExpectationSuite(name="unreadable", expectations=asked)).validate(unreadable).outcomes

    assert [(one.state.value, one.reason) for one in found] == [
        ("pass", None),
        ("could_not_run", "the data could not be evaluated (InvalidOperationError)"),
    ]


def test_failed_casts_are_seen_where_every_check_takes_a_second_look() -> None:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite

    median = gxe.ExpectColumnMedianToBeBetween(column="n", min_value=0, max_value=30)
    suite = compile_suite(ExpectationSuite(name="second", expectations=[median]))

    found = suite.validate(table().with_columns(n_failed=pl.col("n") > 20).lazy(), undecided={"n": "n_failed"})

    assert found.outcomes[0].rows_checked == int((table()["n"] <= 20).sum())
