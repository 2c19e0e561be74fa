"""A stored context with a Polars data source, opened in a new process; and GX's registries before and after."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.quiet import import_gx

pytestmark = pytest.mark.filterwarnings("ignore")  # GX's own

AGAIN = """
import json, sys, warnings
warnings.simplefilter("ignore")
from loadgate.checking.engine.quiet import import_gx
import_gx()
import great_expectations as gx
from great_expectations.checkpoint.actions import _VALIDATION_ACTION_REGISTRY
from great_expectations.datasource.fluent.sources import DataSourceManager
from great_expectations.expectations import registry

def registered():
    metrics = {
        name: {**entry, "providers": {engine: id(one[0]) for engine, one in entry["providers"].items()}}
        for name, entry in registry._registered_metrics.items()
    }
    return {
        "metrics": metrics,
        "expectations": {name: id(one) for name, one in registry._registered_expectations.items()},
        "renderers": {name: sorted(one) for name, one in registry._registered_renderers.items()},
        "sources": {str(name): str(one) for name, one in DataSourceManager.type_lookup.items()},
        "actions": sorted(_VALIDATION_ACTION_REGISTRY._registered_actions),
    }

gx.get_context(mode="ephemeral")
before = registered()
import loadgate.checking.engine.datasource
from loadgate.checking.engine.execution import PolarsExecutionEngine
PolarsExecutionEngine()
after = registered()

def without_polars(found):
    kept = {
        name: {**entry, "providers": {k: v for k, v in entry["providers"].items() if k != "PolarsExecutionEngine"}}
        for name, entry in found["metrics"].items() if name != "table.polars_types"
    }
    rest = {
        part: {name: one for name, one in found[part].items() if "polars" not in f"{name}{one}".casefold()}
        for part in ("expectations", "renderers", "sources")
    }
    return {**found, "metrics": kept, **rest}

context = gx.get_context(mode="file", project_root_dir=sys.argv[1])
context.variables.progress_bars = {"globally": False}
result = context.checkpoints.get("c").run(batch_parameters={"year": 2024, "month": 2})
(found,) = result.run_results.values()
print(json.dumps({
    "same": without_polars(after) == before,
    "gained": sum("PolarsExecutionEngine" in entry["providers"] for entry in after["metrics"].values()),
    "success": result.success,
    "types": sorted(one.expectation_config.type for one in found.results),
    "separator": context.data_sources.get("p").get_asset("lines").separator,
}))
"""


@pytest.fixture(scope="module")
def opened_again(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A context with everything stored, opened in a process of its own."""
    import_gx()
    import great_expectations as gx
    from great_expectations.checkpoint.actions import UpdateDataDocsAction

    import loadgate.checking.engine.datasource  # noqa: F401

    root = tmp_path_factory.mktemp("project")
    for month in (1, 2, 3):
        frame = pl.DataFrame({"id": [1, month, 99], "day": [dt.date(2024, month, 1)] * 3})
        frame.write_parquet(root / f"2024-{month:02}.parquet")
    context: Any = gx.get_context(mode="file", project_root_dir=root)
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_polars("p", base_directory=root)
    source.add_csv_asset("lines", separator=";", schema_overrides={"id": "String"})
    asset = source.add_parquet_asset("orders")
    listed = [
        {"type": "expect_column_max_to_be_between", "kwargs": {"column": "id", "max_value": 99}},
        {"type": "expect_polars_column_type_to_be", "kwargs": {"column": "id", "type_": "Int64"}},
    ]
    suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=listed))
    monthly = asset.add_batch_definition_monthly("m", regex=r"(?P<year>\d{4})-(?P<month>\d{2})\.parquet")
    validation = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=monthly, suite=suite))
    docs = UpdateDataDocsAction(name="docs")
    context.checkpoints.add(gx.Checkpoint(name="c", validation_definitions=[validation], actions=[docs])).run()
    done = subprocess.run([sys.executable, "-c", AGAIN, str(root)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_stored_context_runs_its_checkpoint_in_a_new_process(opened_again: dict[str, Any]) -> None:
    assert opened_again["success"]
    assert opened_again["types"] == ["expect_column_max_to_be_between", "expect_polars_column_type_to_be"]
    assert opened_again["separator"] == ";"


def test_gxs_registries_gain_entries_for_polars_and_change_in_nothing_else(opened_again: dict[str, Any]) -> None:
    assert opened_again["same"]
    assert opened_again["gained"] > 100
