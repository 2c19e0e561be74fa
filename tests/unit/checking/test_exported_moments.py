"""Days that a column of moments is compared with in; out, the JSON with which GX on pandas answers as the site does."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from loadgate.checking.exchange.interchange import export_suite
from loadgate.content import yaml_lines
from loadgate.model.expected import Dataset
from loadgate.running.exchanging import read_gx_suite


def visits(**limits: object) -> Dataset:
    line = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "at", **limits},
        "where": {"column": "at", "is": "at_least", "value": date(2026, 1, 1)},
        "reason": "As told.",
    }
    columns = {"at": {"type": "timestamp"}, "day": {"type": "date"}}
    return Dataset.model_validate(
        {"dataset": "visits", "area": "care", "title": "Visits", "columns": columns, "expectations": [line]}
    )


@pytest.mark.parametrize(("last", "failed"), [(date(2026, 3, 1), 0), (date(2026, 2, 1), 1)])
def test_gx_on_pandas_compares_moments_with_the_limits_of_an_exported_suite(last: date, failed: int) -> None:
    import pandas as pd

    from loadgate.checking.engine.quiet import import_gx

    import_gx()
    import great_expectations as gx

    exported = json.loads(json.dumps(export_suite(visits(max_value=last), (), "2026-03")))
    made: Any = gx
    context = made.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    frame = pd.DataFrame({"at": [datetime(2025, 1, 1), datetime(2026, 1, 1), datetime(2026, 2, 1, 12)]})
    batches = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("w")
    (result,) = batches.get_batch({"dataframe": frame}).validate(made.ExpectationSuite(**exported)).results

    assert (result.result["element_count"], result.result["unexpected_count"]) == (2, failed)


def test_days_come_back_as_days_also_where_somebody_changed_one(tmp_path: Path) -> None:
    dataset = visits(min_value=date(2026, 1, 1), max_value=date(2027, 1, 1))
    exported = export_suite(dataset, (), "2026-03")
    path = tmp_path / "visits.json"

    def imported() -> Dataset:
        path.write_text(json.dumps(exported))
        read = read_gx_suite(path)
        assert read.faults == ()
        assert read.text is not None
        return Dataset.model_validate(yaml_lines.parse(read.text, file="x").value)

    assert imported() == dataset
    exported["expectations"][0]["kwargs"]["max_value"] = "2028-01-01T00:00:00"
    kwargs = imported().expectations[0].kwargs
    assert kwargs == {"column": "at", "min_value": date(2026, 1, 1), "max_value": date(2028, 1, 1)}
