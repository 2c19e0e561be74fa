"""The suite by GX on its own pandas engine, through a batch of a frame, as GX's documentation shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.frames import DATES, TEXTS
from benchmarks.peers.gx_suite import context, failing, gx_suite, quiet
from benchmarks.peers.suite import Check, Run


def prepare(suite: Sequence[Check]) -> Run:
    quiet()
    asset = context().data_sources.add_pandas("pandas").add_dataframe_asset("table")
    whole = asset.add_batch_definition_whole_dataframe("whole")
    expectations = gx_suite(suite)

    def run(path: Path) -> dict[str, int]:
        batch = whole.get_batch(batch_parameters={"dataframe": read(path)})
        return failing(suite, batch.validate(expectations).results)

    return run


def read(path: Path) -> Any:
    """Dates become pandas' own moments: as objects, the kind that Parquet gives by default, GX cannot compare them."""
    import pandas as pd

    if path.suffix == ".parquet":
        return pd.read_parquet(path, to_pandas_kwargs={"date_as_object": False})
    return pd.read_csv(path, dtype=dict.fromkeys(TEXTS, "str"), parse_dates=list(DATES))
