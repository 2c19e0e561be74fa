"""GX's own Validator on a Polars frame, and GX's catalogue; imports and side effects."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from loadgate.checking.engine.catalogue import generate
from loadgate.checking.engine.quiet import import_gx

FRAME = pl.DataFrame({"n": [1, 2, None, 4], "s": ["x", "y", "y", None]})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def validate(
    frame: pl.DataFrame | pl.LazyFrame, *expectations: tuple[str, dict[str, Any]], form: Any = "BASIC"
) -> dict[str, Any]:
    import_gx()
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    from loadgate.checking.engine.execution import validator_for

    gx.get_context(mode="ephemeral").variables.progress_bars = {"globally": False}
    made = [
        ExpectationConfiguration(type=f"expect_{name}", kwargs=kwargs).to_domain_obj() for name, kwargs in expectations
    ]
    validator = validator_for(frame, expectation_suite=gx.ExpectationSuite(name="s", expectations=made))
    return {found.expectation_config.type: found for found in validator.validate(result_format=form).results}


@pytest.mark.filterwarnings("ignore")  # GX's own
def test_gxs_validator_works_on_a_lazy_frame_and_writes_nothing(here: Path) -> None:
    found = validate(
        FRAME.lazy(),
        ("column_values_to_be_between", {"column": "n", "min_value": 2}),
        ("column_values_to_be_unique", {"column": "s"}),
        ("column_pair_values_to_be_equal", {"column_A": "n", "column_B": "n", "ignore_row_if": "neither"}),
        ("column_sum_to_be_between", {"column": "n", "min_value": 7}),
        ("column_distinct_values_to_be_in_set", {"column": "s", "value_set": ["x"]}),
        ("table_columns_to_match_set", {"column_set": ["n", "s"]}),
    )

    between, unique, pair = (
        found[f"expect_{name}"]
        for name in ("column_values_to_be_between", "column_values_to_be_unique", "column_pair_values_to_be_equal")
    )
    assert (between.success, between.result["unexpected_count"]) == (False, 1)
    assert between.result["partial_unexpected_list"] == [1]
    assert unique.result["partial_unexpected_list"] == ["y", "y"]
    assert [tuple(values) for values in pair.to_json_dict()["result"]["partial_unexpected_list"]] == [(None, None)]
    assert found["expect_column_sum_to_be_between"].result == {"observed_value": 7}
    assert found["expect_column_distinct_values_to_be_in_set"].result["partial_unexpected_list"] == ["y"]
    assert found["expect_table_columns_to_match_set"].success
    assert list(here.iterdir()) == []


@pytest.mark.filterwarnings("ignore")
def test_in_gxs_validator_one_bad_metric_spoils_only_its_own_expectation(here: Path) -> None:
    found = validate(
        FRAME,
        ("column_values_to_match_regex", {"column": "s", "regex": "("}),
        ("column_sum_to_be_between", {"column": "elsewhere", "min_value": 1}),
        ("column_median_to_be_between", {"column": "s", "min_value": 1}),
        ("column_values_to_not_be_null", {"column": "n"}),
    )

    sound = found.pop("expect_column_values_to_not_be_null")
    assert sound.result["unexpected_count"] == 1
    assert {name: result.success for name, result in found.items()} == dict.fromkeys(found, False)
    assert all("raised_exception" in str(result.exception_info) for result in found.values())
    assert "column elsewhere is missing" in str(found["expect_column_sum_to_be_between"].exception_info)


def looked_at(rows: pl.DataFrame, looks: list[int]) -> pl.LazyFrame:
    """A frame that notes each time that its rows are read."""
    from polars.io.plugins import register_io_source

    def read(
        columns: list[str] | None, where: pl.Expr | None, most: int | None, _batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        looks.append(1)
        shown = rows.lazy() if columns is None else rows.lazy().select(columns)
        found = (shown if where is None else shown.filter(where)).collect()
        yield found if most is None else found.head(most)

    return register_io_source(read, schema=rows.schema)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["BASIC", "COMPLETE"])
def test_all_metrics_of_a_suite_are_answered_in_one_pass_failing_rows_too(here: Path, form: str) -> None:
    looks: list[int] = []
    rows = pl.DataFrame({"n": range(1000), "s": ["x", None] * 500})

    found = validate(
        looked_at(rows, looks),
        ("column_values_to_not_be_null", {"column": "s"}),
        ("column_values_to_be_between", {"column": "n", "min_value": 1, "max_value": 990}),
        ("column_values_to_be_unique", {"column": "n"}),
        ("column_mean_to_be_between", {"column": "n", "min_value": 1}),
        form=form,
    )

    between = found["expect_column_values_to_be_between"].result
    assert between["partial_unexpected_list"] == [0, *range(991, 1000)]
    assert between.get("unexpected_index_list", [0, *range(991, 1000)]) == [0, *range(991, 1000)]
    assert found["expect_column_values_to_be_unique"].success
    assert len(looks) == 1


@pytest.mark.filterwarnings("ignore")
def test_failing_rows_of_several_batches_are_the_first_of_the_frame_and_named_as_asked(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loadgate.checking.engine import passes

    rows = pl.DataFrame({"n": range(1000), "key": [f"k{row}" for row in range(1000)]})
    monkeypatch.setattr(passes, "BATCH_ROWS", 7)

    found = validate(
        rows,
        ("column_values_to_be_between", {"column": "n", "max_value": 499}),
        form={"result_format": "COMPLETE", "unexpected_index_column_names": ["key"], "include_unexpected_rows": True},
    )["expect_column_values_to_be_between"].result

    first = list(range(500, 700))
    assert found["unexpected_count"] == 500
    assert found["unexpected_list"] == first
    assert found["unexpected_index_list"] == [{"n": row, "key": f"k{row}"} for row in range(500, 1000)]
    assert list(found["unexpected_rows"].index) == first[:20]  # as many as GX shows
    assert list(found["unexpected_rows"]["key"]) == [f"k{row}" for row in first[:20]]


@pytest.mark.parametrize("days", [10**7, 10**8])  # of the latter Polars says so by a panic
@pytest.mark.filterwarnings("ignore")
def test_failing_rows_that_cannot_be_shown_spoil_only_their_own_check(here: Path, days: int) -> None:
    day = pl.Series([0, days], dtype=pl.Int32).cast(pl.Date)  # beyond the year 9999, where Python's days end

    found = validate(
        pl.DataFrame({"day": day, "n": [1, None]}),
        ("column_values_to_be_between", {"column": "day", "max_value": "2024-01-01"}),
        ("column_values_to_not_be_null", {"column": "n"}),
    )

    unshown = found["expect_column_values_to_be_between"]
    assert not unshown.success
    assert "could not be sampled" in str(unshown.exception_info)
    assert found["expect_column_values_to_not_be_null"].result["unexpected_count"] == 1


def test_gxs_metric_retriever_finds_what_it_finds_with_pandas(here: Path) -> None:
    del here
    import_gx()
    import great_expectations as gx
    from great_expectations.experimental.metric_repository.metric_list_metric_retriever import MetricListMetricRetriever
    from great_expectations.experimental.metric_repository.metrics import MetricTypes

    import loadgate.checking.engine.datasource  # noqa: F401  it adds add_polars

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}

    def found(source: Any, frame: Any) -> list[Any]:
        batches = source.add_dataframe_asset("f").add_batch_definition_whole_dataframe("all")
        request = batches.get_batch({"dataframe": frame}).batch_request
        return list(MetricListMetricRetriever(context).get_metrics(request, list(MetricTypes)))

    days = [dt.datetime(2024, 1, 1)] * 3
    values = {"id": [1, 2, 2], "share": [0.5, None, 1.5], "name": ["a", None, "c"], "day": days}
    ours = found(context.data_sources.add_polars("p"), pl.DataFrame(values))
    pandas = found(context.data_sources.add_pandas("q"), pd.DataFrame(values))

    types = {"id": "Int64", "share": "Float64", "name": "String", "day": "Datetime(time_unit='us', time_zone=None)"}
    (told,) = (one.value for one in ours if one.metric_name == "table.column_types")
    assert {one["name"]: one["type"] for one in told} == types
    assert not any(one.exception for one in ours)

    def named(metrics: list[Any]) -> list[Any]:
        rest = (one for one in metrics if one.metric_name != "table.column_types")
        return sorted((one.metric_name, getattr(one, "column", ""), str(one.value)) for one in rest)

    assert named(ours) == named(pandas)


@pytest.mark.parametrize("rows", [5, 1, 0])
def test_the_metrics_of_columns_in_gxs_metric_api_are_what_they_are_with_pandas(here: Path, rows: int) -> None:
    del here
    import_gx()
    import great_expectations as gx
    from great_expectations import metrics

    import loadgate.checking.engine.datasource  # noqa: F401  it adds add_polars

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asked = [
        *(metrics.ColumnNullCount(column=column) for column in ("share", "name", "id")),
        *(metrics.ColumnDescriptiveStats(column=column) for column in ("id", "share")),
        metrics.ColumnValuesMatchRegexCount(column="name", regex="^a"),
        metrics.ColumnValuesNotMatchRegexCount(column="name", regex="^a"),
        metrics.ColumnNullCount(column="share", row_condition="id > 1", condition_parser="pandas"),
        *(metrics.ColumnDescriptiveStats(column=column) for column in ("name", "day", "nowhere")),
    ]
    values = {
        "id": [1, 2, 2, 3, 4],
        "share": [0.5, None, 1.5, None, 2.25],
        "name": ["a", None, "c", "ab", "ba"],
        "day": [dt.datetime(2024, 1, 1)] * 5,
    }
    frame = pd.DataFrame(values).head(rows)

    def found(source: Any, frame: Any) -> list[str]:
        batches = source.add_dataframe_asset("f").add_batch_definition_whole_dataframe("all")
        return [told(one.value) for one in batches.get_batch({"dataframe": frame}).compute_metrics(asked)]

    def told(value: Any) -> str:
        if isinstance(value, metrics.metric_results.MetricErrorResultValue):
            return "none"
        return str({name: float(one) for name, one in value} if hasattr(value, "__fields__") else int(value))

    ours = found(context.data_sources.add_polars("p"), pl.DataFrame(values).head(rows))

    assert ours == found(context.data_sources.add_pandas("q"), frame)
    assert ours[-3:] == ["none"] * 3
    assert rows != 5 or ours[5:-3] == ["2", "2", "2"]


def test_a_metric_of_ones_own_works_beside_the_built_in_ones() -> None:
    import_gx()
    from great_expectations.expectations.metrics.metric_provider import metric_value
    from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
    from great_expectations.validator.metric_configuration import MetricConfiguration

    from loadgate.checking.engine.execution import PolarsExecutionEngine

    class TableWidth(TableMetricProvider):
        metric_name = "table.own_width"

        @metric_value(engine=PolarsExecutionEngine)
        def _polars(cls, execution_engine: Any, metric_domain_kwargs: Any, **_: Any) -> int:  # noqa: N805
            return execution_engine.get_domain_records(metric_domain_kwargs).collect().width

    engine = PolarsExecutionEngine()
    engine.load_batch_data("b", FRAME)
    metrics = [MetricConfiguration(name, {"batch_id": "b"}) for name in ("table.own_width", "table.row_count")]

    assert list(engine.resolve_metrics(metrics).values()) == [4, 2]


def test_a_row_rule_of_ones_own_works_in_both_adapters_and_in_one_pass() -> None:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation import ColumnMapExpectation, ColumnPairMapExpectation

    from loadgate.checking.engine.execution import validator_for
    from loadgate.checking.engine.fast import compile_suite
    from loadgate.checking.engine.own_rules import row_rule

    @row_rule("column_values.even", value_keys=("offset",))
    def _even(column: pl.Expr, offset: int = 0, **_: Any) -> pl.Expr:
        return (column + offset) % 2 == 0

    @row_rule("column_pair_values.same_length", domain="column_pair")
    def _same_length(column_A: pl.Expr, column_B: pl.Expr, **_: Any) -> pl.Expr:  # noqa: N803
        return column_A.str.len_chars() == column_B.str.len_chars()

    class ExpectColumnValuesToBeEven(ColumnMapExpectation):
        map_metric = "column_values.even"
        success_keys = ("offset", "mostly")
        offset: int = 0

    class ExpectColumnPairValuesToBeOfSameLength(ColumnPairMapExpectation):
        map_metric = "column_pair_values.same_length"
        success_keys = ("mostly",)

    made = [
        ExpectColumnValuesToBeEven(column="n"),
        ExpectColumnValuesToBeEven(column="n", offset=1),
        ExpectColumnPairValuesToBeOfSameLength(column_A="s", column_B="s"),
        gxe.ExpectColumnValuesToNotBeNull(column="n"),
    ]
    suite = ExpectationSuite(name="own", expectations=made)

    outcomes = compile_suite(suite).validate(FRAME.lazy()).outcomes
    results = validator_for(FRAME).graph_validate(
        configurations=suite.expectation_configurations, runtime_configuration={"result_format": "COMPLETE"}
    )

    assert [found.rows_failed for found in outcomes] == [1, 2, 1, 1]
    assert [found.result["unexpected_count"] for found in results] == [1, 2, 1, 1]
    assert results[0].result["unexpected_list"] == [1]
    assert results[1].result["unexpected_index_list"] == [1, 3]


def test_a_row_rule_of_ones_own_cannot_take_a_built_in_ones_name() -> None:
    from loadgate.checking.engine.own_rules import row_rule

    with pytest.raises(ValueError, match=r"column_values\.null is built in"):
        row_rule("column_values.null")


def test_the_catalogue_has_all_59_expectations_and_is_the_same_each_time() -> None:
    first, second = (json.dumps(generate(), sort_keys=True) for _ in range(2))

    assert first == second
    assert len(json.loads(first)["expectations"]) == 59


def test_the_catalogue_says_what_each_expectation_takes_and_whether_it_is_evaluated() -> None:
    catalogue = generate()

    between = catalogue["expectations"]["expect_column_values_to_be_between"]
    assert between["class"] == "ExpectColumnValuesToBeBetween"
    assert between["arguments"]["column"] == {"required": True, "types": ["string"], "minLength": 1}
    assert between["arguments"]["mostly"] == {
        "required": False,
        "types": ["number"],
        "default": 1,
        "minimum": 0.0,
        "maximum": 1.0,
        "parameter": True,
    }
    assert between["arguments"]["min_value"]["formats"] == ["date", "date-time"]
    assert catalogue["common"]["severity"]["enum"] == ["critical", "info", "warning"]
    evaluated = {name for name, entry in catalogue["expectations"].items() if entry["evaluated"]}
    assert "expect_column_values_to_be_between" in evaluated
    assert "expect_column_median_to_be_between" in evaluated
    assert "expect_table_row_count_to_equal_other_table" not in evaluated


def test_importing_the_fast_path_and_the_catalogue_loads_neither_gx_nor_polars() -> None:
    script = (
        "import sys, loadgate.checking.engine.fast, loadgate.checking.engine.catalogue\n"
        "print({'great_expectations', 'polars', 'pandas'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_gx_is_imported_with_its_telemetry_off_whatever_the_environment_says() -> None:
    script = (
        "from loadgate.checking.engine.quiet import import_gx; import_gx()\n"
        "import os; print(os.environ['GX_ANALYTICS_ENABLED'])"
    )

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "GX_ANALYTICS_ENABLED": "true"},
    )

    assert done.stdout == "false\n", done.stderr
