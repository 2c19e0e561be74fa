"""`add_polars` for GX users: assets, batches, Checkpoints, actions, and what a stored context brings back."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.quiet import import_gx

pytestmark = pytest.mark.filterwarnings("ignore")  # GX's own

MONTHS = {month: pl.DataFrame({"id": [1, month, 99], "day": [dt.date(2024, month, 1)] * 3}) for month in (1, 2, 3)}
MONTHLY = r"(?P<year>\d{4})-(?P<month>\d{2})\.parquet"
SECRET = "row-value-4711"
TYPES_ARE_GXS = "GX's own Validator judges a column's type for its own three engines only; exchange such checks by "


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    import_gx()
    import great_expectations as gx

    import loadgate.checking.engine.datasource  # noqa: F401  it adds add_polars

    monkeypatch.chdir(tmp_path)
    return quiet(gx.get_context(mode="ephemeral"))


def quiet(context: Any) -> Any:
    context.variables.progress_bars = {"globally": False}
    return context


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "orders [1]"
    folder.mkdir()
    for month, frame in MONTHS.items():
        frame.write_parquet(folder / f"2024-{month:02}.parquet")
        frame.write_csv(folder / f"2024-{month:02}.csv", separator=";")
    (folder / "readme.txt").write_text("no data", encoding="utf-8")
    return folder


def suite(context: Any, *expectations: tuple[str, dict[str, Any]], name: str = "s") -> Any:
    import great_expectations as gx

    listed = [{"type": type_, "kwargs": kwargs} for type_, kwargs in expectations]
    return context.suites.add(gx.ExpectationSuite(name=name, expectations=listed))


def run_checkpoint(context: Any, batches: Any, checks: Any, **arguments: Any) -> Any:
    """Run a Checkpoint with one validation, and give its result."""
    import great_expectations as gx

    validation = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=batches, suite=checks))
    settings = {name: arguments.pop(name) for name in ("actions", "result_format") if name in arguments}
    checkpoint = context.checkpoints.add(gx.Checkpoint(name="c", validation_definitions=[validation], **settings))
    return checkpoint.run(**arguments)


def only(result: Any) -> dict[str, Any]:
    (found,) = result.run_results.values()
    return {one.expectation_config.type: one for one in found.results}


def as_json(result: Any) -> str:
    return json.dumps([found.to_json_dict() for found in result.run_results.values()])


def rows(batch: Any) -> int:
    return len(batch.head(fetch_all=True).data)


@pytest.mark.parametrize("lazy", [True, False], ids=["LazyFrame", "DataFrame"])
def test_a_checkpoint_validates_a_frame_handed_over_at_run_time(context: Any, lazy: bool) -> None:
    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")
    checks = suite(
        context,
        (
            "expect_column_values_to_be_between",
            {"column": "id", "min_value": {"$PARAMETER": "least"}, "severity": "warning"},
        ),
        ("expect_table_row_count_to_equal", {"value": 3}),
    )

    result = run_checkpoint(
        context,
        asset.add_batch_definition_whole_dataframe("all"),
        checks,
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["day"]},
        batch_parameters={"dataframe": MONTHS[3].lazy() if lazy else MONTHS[3]},
        expectation_parameters={"least": 2},
    )

    between = only(result)["expect_column_values_to_be_between"]
    assert only(result)["expect_table_row_count_to_equal"].success
    assert between.result["unexpected_index_list"] == [{"id": 1, "day": dt.date(2024, 3, 1)}]
    assert between.expectation_config.severity == "warning"
    assert json.loads(as_json(result))[0]["success"] is False
    (found,) = result.run_results.values()
    assert found.meta["batch_spec"] == {"batch_data": "PolarsLazyFrame"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "must be {'dataframe': a Polars frame}"),
        ({"dataframe": [1]}, "must be a DataFrame or LazyFrame of Polars"),
        ({"dataframe": MONTHS[1], "year": 2024}, "must be {'dataframe': a Polars frame}"),
    ],
)
def test_a_batch_of_no_frame_is_refused(context: Any, given: Any, said: str) -> None:
    from great_expectations.exceptions.exceptions import BuildBatchRequestError

    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")

    with pytest.raises(BuildBatchRequestError, match=said):
        asset.add_batch_definition_whole_dataframe("all").get_batch(given)


def test_parquet_files_are_batches_by_month_in_their_path(context: Any, files: Path) -> None:
    asset = context.data_sources.add_polars("p", base_directory=files).add_parquet_asset("orders")
    batches = asset.add_batch_definition_monthly("monthly", regex=MONTHLY)

    assert [found["month"] for found in batches.get_batch_identifiers_list()] == ["01", "02", "03"]
    assert batches.get_batch().metadata["path"] == "2024-03.parquet"
    assert list(batches.get_batch({"year": 2024, "month": 2}).head().data["id"]) == [1, 2, 99]


def test_yearly_and_daily_batches_take_gxs_named_groups(context: Any, files: Path) -> None:
    from great_expectations.datasource.fluent.data_asset.path.file_asset import RegexMissingRequiredGroupsError

    asset = context.data_sources.add_polars("p", base_directory=files).add_parquet_asset("orders")

    yearly = asset.add_batch_definition_yearly("yearly", regex=r"(?P<year>\d{4})-01\.parquet")

    assert rows(yearly.get_batch({"year": 2024})) == 3
    with pytest.raises(RegexMissingRequiredGroupsError, match="day"):
        asset.add_batch_definition_daily("daily", regex=MONTHLY)


def test_a_csv_file_is_read_with_the_options_of_polars(context: Any, files: Path) -> None:
    source = context.data_sources.add_polars("p", base_directory=str(files))
    asset = source.add_csv_asset("orders", separator=";", schema_overrides={"id": "String"}, try_parse_dates=True)

    batch = asset.add_batch_definition_path("first", "2024-01.csv").get_batch()

    assert batch.columns() == ["id", "day"]
    assert list(batch.head(2).data["id"]) == ["1", "1"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_directory_is_one_table_or_the_batches_of_a_column(context: Any, files: Path, kind: str) -> None:
    source = context.data_sources.add_polars("p", base_directory=files.parent)
    options = {"separator": ";", "try_parse_dates": True} if kind == "csv" else {}
    asset = getattr(source, f"add_directory_{kind}_asset")("orders", data_directory=files.name, **options)

    whole = asset.add_batch_definition_whole_directory("all")
    yearly = asset.add_batch_definition_yearly("yearly", column="day")
    monthly = asset.add_batch_definition_monthly("monthly", column="day")
    daily = asset.add_batch_definition_daily("daily", column="day")

    assert rows(whole.get_batch()) == 9
    assert rows(yearly.get_batch({"year": 2024})) == 9
    assert list(monthly.get_batch({"year": 2024, "month": 2}).head().data["id"]) == [1, 2, 99]
    assert rows(daily.get_batch({"year": 2024, "month": 2, "day": 2})) == 0


def test_what_the_path_says_in_hives_way_is_a_column_if_asked(context: Any, tmp_path: Path) -> None:
    for country in ("NO", "SE"):
        (tmp_path / "hive" / f"country={country}").mkdir(parents=True)
        MONTHS[1].write_parquet(tmp_path / "hive" / f"country={country}" / "a.parquet")
    source = context.data_sources.add_polars("p", base_directory="hive", data_context_root_directory=tmp_path)

    asset = source.add_directory_parquet_asset("orders", data_directory=".", hive_partitioning=True)

    found = asset.add_batch_definition_whole_directory("all").get_batch().head(fetch_all=True).data
    assert sorted(found["country"].unique()) == ["NO", "SE"]


def test_a_batch_that_cannot_be_made_says_why(context: Any, files: Path) -> None:
    from great_expectations.exceptions.exceptions import GreatExpectationsError

    (files / "packed.zip").write_bytes(b"PK")
    source = context.data_sources.add_polars("p", base_directory=files)
    folder = source.add_directory_parquet_asset("folder", data_directory=".")
    empty = source.add_directory_csv_asset("empty", data_directory=".", file_pattern="*.tsv")
    packed = source.add_csv_asset("packed")
    typed = source.add_csv_asset("typed", schema_overrides={"id": "Number"})
    digitless = source.add_csv_asset("digitless", schema_overrides={"id": "Decimal"})
    faults = {
        "the batch parameters lack month": (folder.add_batch_definition_monthly("m", "day"), {"year": 2024}),
        r"column id \(Int64\) has no dates": (folder.add_batch_definition_yearly("y", "id"), {"year": 2024}),
        "column at is missing": (folder.add_batch_definition_yearly("z", "at"), {"year": 2024}),
        r"no file in the directory matches \*\.tsv": (empty.add_batch_definition_whole_directory("w"), None),
        "a zip archive cannot be scanned: unpack it": (packed.add_batch_definition_path("p", "packed.zip"), None),
        "a decimal has digits, such as Decimal": (digitless.add_batch_definition_path("p", "2024-01.csv"), None),
        "Number is no type of Polars": (typed.add_batch_definition_path("p", "2024-01.csv"), None),
    }

    for said, (batches, given) in faults.items():
        with pytest.raises(GreatExpectationsError, match=said):
            batches.get_batch(given)


def test_amounts_of_a_csv_file_are_decimals_where_their_digits_are_given(context: Any, files: Path) -> None:
    import great_expectations.expectations as gxe

    (files / "amounts.csv").write_text("amount\n0,10\n0,20\n", encoding="utf-8")
    source = context.data_sources.add_polars("p", base_directory=files)
    asset = source.add_csv_asset("a", separator=";", decimal_comma=True, schema_overrides={"amount": "Decimal(12, 2)"})
    batch = asset.add_batch_definition_path("p", "amounts.csv").get_batch()

    assert batch.validate(gxe.ExpectColumnSumToBeBetween(column="amount", min_value=0.3, max_value=0.3)).success


def test_files_need_a_directory_that_is_there(context: Any) -> None:
    from great_expectations.datasource.fluent.interfaces import TestConnectionError as ConnectionFault

    with pytest.raises(ConnectionFault, match="does not exist"):
        context.data_sources.add_polars("gone", base_directory="nowhere")
    with pytest.raises(ConnectionFault, match="has no base_directory, so it has no files"):
        context.data_sources.add_polars("p").add_parquet_asset("orders")


def test_a_value_that_polars_cannot_read_makes_a_check_that_could_not_run_and_stays_unsaid(
    context: Any, files: Path
) -> None:
    bad = "\n".join(["id", *(str(number) for number in range(200)), SECRET])
    (files / "bad.csv").write_text(bad, encoding="utf-8")
    asset = context.data_sources.add_polars("p", base_directory=files).add_csv_asset("orders")
    checks = suite(context, ("expect_column_sum_to_be_between", {"column": "id", "min_value": 1}))

    result = run_checkpoint(context, asset.add_batch_definition_path("bad", "bad.csv"), checks)

    found = only(result)["expect_column_sum_to_be_between"]
    assert not found.success
    assert "the data could not be evaluated (ComputeError)" in str(found.exception_info)
    assert SECRET not in str(found.exception_info)


def test_each_check_that_could_not_run_says_its_own_reason(context: Any) -> None:
    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")
    checks = suite(
        context,
        ("expect_column_sum_to_be_between", {"column": "nowhere", "min_value": 1}),
        ("expect_column_values_to_match_regex", {"column": "id", "regex": "("}),
        ("expect_column_values_to_not_be_null", {"column": "id"}),
    )

    result = run_checkpoint(
        context,
        asset.add_batch_definition_whole_dataframe("all"),
        checks,
        batch_parameters={"dataframe": MONTHS[1]},
    )

    said = {type_: reasons(found) for type_, found in only(result).items()}
    assert said["expect_column_sum_to_be_between"] == {"column nowhere is missing"}
    assert said["expect_column_values_to_not_be_null"] == set()
    assert len(said["expect_column_values_to_match_regex"]) == 1
    assert "the pattern for id" in said["expect_column_values_to_match_regex"].pop()


def reasons(result: Any) -> set[str]:
    """Why it could not run: GX says it per metric, or of the whole."""
    info = result.exception_info
    parts = (part for part in (info, *info.values()) if isinstance(part, dict))
    return {said for part in parts if (said := part.get("exception_message"))}


def test_exceptions_that_are_not_to_be_caught_are_raised(context: Any) -> None:
    from great_expectations.exceptions.exceptions import MetricResolutionError

    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")
    request = asset.build_batch_request({"dataframe": MONTHS[1]})
    checks = suite(context, ("expect_column_sum_to_be_between", {"column": "nowhere", "min_value": 1}))
    validator = context.get_validator(batch_request=request, expectation_suite=checks)

    assert not validator.validate(catch_exceptions=True).success
    with pytest.raises(MetricResolutionError, match="column nowhere is missing"):
        validator.validate(catch_exceptions=False)


TYPE_CHECKS = (
    ("expect_column_type_to_be", {"column": "id", "type_": "Int64"}),
    ("expect_column_values_to_be_of_type", {"column": "id", "type_": "str"}),
    ("expect_column_values_to_be_in_type_list", {"column": "id", "type_list": ["String", "bigint"]}),
)


def test_stock_checks_of_types_could_not_run_in_a_checkpoint_and_say_what_to_do(context: Any) -> None:
    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")

    result = run_checkpoint(
        context,
        asset.add_batch_definition_whole_dataframe("all"),
        suite(context, *TYPE_CHECKS),
        batch_parameters={"dataframe": MONTHS[1]},
    )

    found = only(result)
    assert len(found) == 3
    assert not any(one.success for one in found.values())
    assert all(said.startswith(TYPES_ARE_GXS) for one in found.values() for said in reasons(one))
    assert all(reasons(one) for one in found.values())


def test_what_needs_sql_or_another_table_says_why_it_could_not_run_in_a_checkpoint(context: Any) -> None:
    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")
    two = {"base_query": "SELECT 1", "comparison_data_source_name": "d", "comparison_query": "SELECT 1"}
    checks = suite(
        context,
        ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch} WHERE id > 1"}),
        ("expect_query_results_to_match_comparison", two),
        ("expect_table_row_count_to_equal_other_table", {"other_table_name": "t"}),
        ("expect_column_values_to_not_be_null", {"column": "id"}),
    )

    result = run_checkpoint(
        context,
        asset.add_batch_definition_whole_dataframe("all"),
        checks,
        batch_parameters={"dataframe": MONTHS[1]},
    )

    said = {type_: reasons(found) for type_, found in only(result).items()}
    because = "cannot be evaluated here, because "
    assert said == {
        "unexpected_rows_expectation": {f"{because}it runs an SQL query of its own"},
        "expect_query_results_to_match_comparison": {f"{because}it runs SQL queries on two data sources"},
        "expect_table_row_count_to_equal_other_table": {
            f"{because}it counts the rows of another table, and here is only one"
        },
        "expect_column_values_to_not_be_null": set(),
    }
    assert [one.success for one in only(result).values()].count(True) == 1


def test_checks_of_types_exchanged_for_polars_are_answered_in_a_checkpoint(context: Any) -> None:
    from loadgate.checking.engine.type_expectations import for_polars

    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")
    stock = suite(context, *TYPE_CHECKS, ("expect_column_to_exist", {"column": "gone"}))
    exchanged = for_polars(stock)
    exchanged.name = "exchanged"

    result = run_checkpoint(
        context,
        asset.add_batch_definition_whole_dataframe("all"),
        context.suites.add(exchanged),
        batch_parameters={"dataframe": MONTHS[1]},
    )

    assert {type_: one.success for type_, one in only(result).items()} == {
        "expect_polars_column_type_to_be": True,
        "expect_polars_column_values_to_be_of_type": False,
        "expect_polars_column_values_to_be_in_type_list": True,
        "expect_column_to_exist": False,
    }
    assert only(result)["expect_polars_column_type_to_be"].result == {"observed_value": "Int64"}
    assert [one.expectation_type for one in stock.expectations][:3] == [type_ for type_, _ in TYPE_CHECKS]


def test_exchanged_checks_of_types_are_answered_by_the_fast_path_too(context: Any) -> None:
    from loadgate.checking.engine.fast import compile_suite
    from loadgate.checking.engine.type_expectations import for_polars

    outcomes = compile_suite(for_polars(suite(context, *TYPE_CHECKS))).validate(MONTHS[1].lazy()).outcomes

    assert [outcome.state.value for outcome in outcomes] == ["pass", "fail", "pass"]


def test_the_metrics_of_gxs_metric_api_are_answered(context: Any) -> None:
    from great_expectations.metrics.batch.batch_column_types import BatchColumnTypes
    from great_expectations.metrics.batch.row_count import BatchRowCount

    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": MONTHS[1]})

    found = batch.compute_metrics([BatchRowCount(), BatchColumnTypes()])

    assert found[0].value == 3
    assert [(one.name, one.type) for one in found[1].value] == [("id", "Int64"), ("day", "Date")]


def test_a_metric_of_ones_own_that_raises_does_not_say_what_it_saw(context: Any) -> None:
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.metrics.metric_provider import metric_value
    from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

    from loadgate.checking.engine.execution import PolarsExecutionEngine

    class TableThatQuotes(TableMetricProvider):
        metric_name = "table.that_quotes"

        @metric_value(engine=PolarsExecutionEngine)
        def _polars(cls, **_: Any) -> int:  # noqa: N805
            raise ValueError(SECRET)

    class ExpectTableThatQuotes(BatchExpectation):
        metric_dependencies = ("table.that_quotes",)

        def _validate(self, metrics: Any, *_: Any, **__: Any) -> Any:
            return {"success": bool(metrics["table.that_quotes"])}

    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": MONTHS[1]})

    found = batch.validate(ExpectTableThatQuotes())

    assert not found.success
    assert reasons(found) == {"the metric table.that_quotes raised ValueError"}
    assert SECRET not in str(found.to_json_dict())


def test_secrets_of_s3_are_given_to_the_engine_and_stand_in_no_result(context: Any, files: Path) -> None:
    options = {"aws_secret_access_key": SECRET}
    source = context.data_sources.add_polars("p", base_directory=files, storage_options=options)
    asset = source.add_parquet_asset("orders")
    checks = suite(context, ("expect_table_row_count_to_equal", {"value": 3}))

    result = run_checkpoint(context, asset.add_batch_definition_path("first", "2024-01.parquet"), checks)

    assert result.success
    assert SECRET not in as_json(result)


def test_a_secret_may_be_a_variable_so_that_it_is_not_stored(context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_KEY", SECRET)
    source = context.data_sources.add_polars("p", storage_options={"aws_secret_access_key": "${ORDERS_KEY}"})

    assert source._options() == {"aws_secret_access_key": SECRET}
    assert SECRET not in source.json() + source.yaml()


def test_failing_values_stay_out_of_a_result_that_excludes_them(context: Any) -> None:
    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")
    checks = suite(
        context,
        ("expect_column_values_to_be_in_set", {"column": "s", "value_set": ["a"]}),
        ("expect_column_values_to_be_unique", {"column": "s"}),
        ("expect_column_pair_values_to_be_equal", {"column_A": "s", "column_B": "t"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["s", "t"]}),
    )

    result = run_checkpoint(
        context,
        asset.add_batch_definition_whole_dataframe("all"),
        checks,
        result_format={"result_format": "SUMMARY", "exclude_unexpected_values": True},
        batch_parameters={"dataframe": pl.DataFrame({"s": [SECRET] * 2, "t": ["x", "x"]})},
    )

    assert {one.result["unexpected_count"] for one in only(result).values()} == {2}
    assert SECRET not in as_json(result)


def test_failing_durations_can_be_stored_with_a_result(context: Any) -> None:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    batches = context.data_sources.add_polars("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
    nothing = gxe.ExpectColumnValuesToBeNull(column="took")
    suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=[nothing]))
    validation = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=batches, suite=suite))

    frame = pl.DataFrame({"took": [dt.timedelta(hours=1), None]})
    found = validation.run(batch_parameters={"dataframe": frame}, result_format="COMPLETE").results[0].to_json_dict()

    assert found["result"]["unexpected_list"] == ["PT1H"]


def test_an_ephemeral_context_writes_no_folder(context: Any, tmp_path: Path) -> None:
    asset = context.data_sources.add_polars("p").add_dataframe_asset("frames")
    checks = suite(context, ("expect_table_row_count_to_equal", {"value": 3}))

    run_checkpoint(
        context,
        asset.add_batch_definition_whole_dataframe("all"),
        checks,
        batch_parameters={"dataframe": MONTHS[1]},
    )

    assert list(tmp_path.iterdir()) == []
