"""Expectations that look at another table get it by name from GX's engine too: Checkpoints, batches, validators."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.fast import compile_suite
from loadgate.checking.engine.quiet import import_gx
from loadgate.checking.expectations.listed import classes, register

pytestmark = pytest.mark.filterwarnings("ignore")  # GX's own

NOW = {
    month: pl.DataFrame({"case": range(200), "kind": ["a"] * share + ["b"] * (200 - share)})
    for month, share in ((1, 100), (2, 150))
}
CASES = pl.DataFrame({"case": range(199)})
BEFORE = pl.DataFrame({"case": range(0, 400, 2), "kind": ["a", "b"] * 100})
TABLES = {"cases": CASES.lazy(), "before": BEFORE}
NEAR = {"column": "kind", "reference": "before", "minimum_rows": 50}
CHECKS: dict[str, dict[str, Any]] = {
    "expect_keys_to_be_in_dataset": {"column_list": ["case"], "reference": "cases"},
    "expect_category_share_to_be_near_reference": {**NEAR, "value_set": ["a"], "absolute": 0.1, "relative": 0.1},
    "expect_distribution_to_be_near_reference": {**NEAR, "max_distance": 0.1},
}
GONE = (
    "the table before is not there to compare with; give it by its name to set_references of the data source, "
    "or as one of the references of validator_for"
)


@pytest.fixture
def context(tmp_path: Path) -> Any:
    import_gx()
    import great_expectations as gx

    import loadgate.checking.engine.datasource  # noqa: F401  it adds add_polars

    made: Any = gx.get_context(mode="file", project_root_dir=tmp_path)
    made.variables.progress_bars = {"globally": False}
    return made


@pytest.fixture
def source(context: Any) -> Any:
    """A data source with a Checkpoint `c` over its frames, all stored."""
    import great_expectations as gx

    made = context.data_sources.add_polars("p")
    frames = made.add_dataframe_asset("frames").add_batch_definition_whole_dataframe("all")
    checks = context.suites.add(suite())
    validation = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=frames, suite=checks))
    context.checkpoints.add(gx.Checkpoint(name="c", validation_definitions=[validation]))
    return made


def suite() -> Any:
    from great_expectations.core import ExpectationSuite

    register(CHECKS)
    listed = [{"type": type_, "kwargs": kwargs} for type_, kwargs in CHECKS.items()]
    return ExpectationSuite(name="s", expectations=listed)


def run(context: Any, month: int) -> dict[str, Any]:
    """What the stored Checkpoint finds, by expectation."""
    result = context.checkpoints.get("c").run(batch_parameters={"dataframe": NOW[month]})
    (found,) = result.run_results.values()
    return {one.expectation_config.type: one for one in found.results}


def fast(month: int) -> dict[str, tuple[bool, dict[str, Any]]]:
    tables = {name: frame.lazy() for name, frame in TABLES.items()}
    found = compile_suite(suite(), result_format="SUMMARY", values=True).validate(NOW[month].lazy(), references=tables)
    return told({one.expectation_config.type: one for one in found.result.results if one.expectation_config})


def told(found: Mapping[str, Any]) -> dict[str, tuple[bool, dict[str, Any]]]:
    return {type_: (one.success, dict(one.result)) for type_, one in found.items()}


def reasons(result: Any) -> set[str]:
    parts = (part for part in result.exception_info.values() if isinstance(part, dict))
    return {said for part in parts if (said := part.get("exception_message"))}


def test_every_expectation_that_takes_another_table_is_asked_here() -> None:
    assert {type_ for type_, model in classes().items() if "reference" in model.__fields__} == set(CHECKS)


def test_a_checkpoint_finds_what_the_fast_path_finds_and_stores_nothing_of_the_tables(
    context: Any, source: Any, tmp_path: Path
) -> None:
    stored = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    source.set_references(TABLES)

    for month in NOW:
        assert told(run(context, month)) == fast(month)
    assert [success for success, _ in fast(1).values()] == [False, True, True]
    assert [success for success, _ in fast(2).values()] == [False, False, False]
    assert {path: path.read_bytes() for path in stored} == stored


def test_a_table_that_was_not_given_lets_only_the_checks_on_it_not_run_and_says_what_to_do(
    context: Any, source: Any
) -> None:
    source.set_references({"cases": CASES})

    found = run(context, 1)

    assert {type_: reasons(one) for type_, one in found.items()} == {
        type_: set() if kwargs["reference"] == "cases" else {GONE} for type_, kwargs in CHECKS.items()
    }
    assert found["expect_keys_to_be_in_dataset"].result["unexpected_count"] == 1


def test_the_tables_of_a_month_take_the_place_of_those_of_the_month_before(context: Any, source: Any) -> None:
    batch = source.get_asset("frames").get_batch_definition("all").get_batch({"dataframe": NOW[1]})
    (check, *_) = suite().expectations

    counts = []
    for known in (CASES, CASES.head(50)):
        source.set_references({"cases": known})
        counts.append(batch.validate(check).result["unexpected_count"])

    assert counts == [1, 150]
    source.set_references({})
    assert reasons(batch.validate(check)) == {GONE.replace("before", "cases")}


def test_a_data_source_that_gets_other_options_keeps_its_tables(context: Any, source: Any) -> None:
    source.set_references(TABLES)
    source.storage_options = {"aws_region": "eu-north-1"}

    assert set(source.get_execution_engine().references) == set(TABLES)


def test_several_batches_of_files_are_compared_with_the_same_tables(context: Any, tmp_path: Path) -> None:
    import great_expectations as gx

    source = context.data_sources.add_polars("files", base_directory=tmp_path)
    checks, validations = context.suites.add(suite()), []
    for month, frame in NOW.items():
        frame.write_parquet(tmp_path / f"{month}.parquet")
        asset = source.add_parquet_asset(f"m{month}")
        file = asset.add_batch_definition_path("file", f"{month}.parquet")
        validation = gx.ValidationDefinition(name=asset.name, data=file, suite=checks)
        validations.append(context.validation_definitions.add(validation))
    source.set_references(TABLES)

    result = context.checkpoints.add(gx.Checkpoint(name="both", validation_definitions=validations)).run()

    found = [{one.expectation_config.type: one for one in run.results} for run in result.run_results.values()]
    assert [told(one) for one in found] == [fast(month) for month in NOW]


def test_a_validator_of_one_frame_takes_tables_too() -> None:
    from loadgate.checking.engine.execution import validator_for

    validator = validator_for(NOW[2], references=TABLES, expectation_suite=suite())

    found = {one.expectation_config.type: one for one in validator.validate(result_format="SUMMARY").results}

    assert told(found) == fast(2)


def test_what_is_no_frame_is_refused_by_its_name(source: Any) -> None:
    with pytest.raises(TypeError, match="the table cases must be a DataFrame or LazyFrame of Polars"):
        source.set_references({"cases": "cases.parquet"})


@pytest.mark.parametrize("type_", CHECKS)
def test_a_table_that_cannot_be_read_lets_its_check_not_run_and_nothing_else(type_: str, tmp_path: Path) -> None:
    from great_expectations.core import ExpectationSuite

    register(CHECKS)
    listed = [
        {"type": type_, "kwargs": CHECKS[type_]},
        {"type": "expect_column_to_exist", "kwargs": {"column": "case"}},
    ]
    gone = pl.scan_parquet(tmp_path / "gone.parquet")

    done = compile_suite(ExpectationSuite(name="s", expectations=listed)).validate(
        NOW[1].lazy(), references={"cases": gone, "before": gone}
    )

    assert [one.state.value for one in done.outcomes] == ["could_not_run", "pass"]


def test_a_metric_written_in_gxs_way_finds_the_tables_at_its_engine_in_both_adapters(source: Any) -> None:
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.metrics.metric_provider import metric_value
    from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

    from loadgate.checking.engine.execution import PolarsExecutionEngine

    class TableRowsOfCases(TableMetricProvider):
        metric_name = "table.rows_of_cases"

        @metric_value(engine=PolarsExecutionEngine)
        def _polars(cls, execution_engine: Any, **_: Any) -> int:  # noqa: N805
            return int(execution_engine.references["cases"].select(pl.len()).collect().item())

    class ExpectTableCasesToBeMany(BatchExpectation):
        metric_dependencies = ("table.rows_of_cases",)

        def _validate(self, metrics: Any, *_: Any, **__: Any) -> Any:
            return {"success": metrics["table.rows_of_cases"] == len(CASES), "result": {}}

    batch = source.get_asset("frames").get_batch_definition("all").get_batch({"dataframe": NOW[1]})
    alone = batch.validate(ExpectTableCasesToBeMany())
    source.set_references(TABLES)
    compiled = compile_suite(ExpectationSuite(name="s", expectations=[ExpectTableCasesToBeMany()]))

    assert reasons(alone) == {GONE.replace("before", "cases")}
    assert batch.validate(ExpectTableCasesToBeMany()).success
    assert compiled.validate(NOW[1].lazy(), references={"cases": CASES.lazy()}).result.success
    assert not compiled.validate(NOW[1].lazy()).result.success
