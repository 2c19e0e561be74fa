"""A listed difference's example enters; leaves what GX's pandas engine and this one make of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
from comparing import differences
from frames import ZONE

from peers import with_engine, with_fast, with_pandas

_READ: dict[str, Any] = {
    "Date": dt.date.fromisoformat,
    "Datetime": dt.datetime.fromisoformat,
    "Zoned": dt.datetime.fromisoformat,
    "Decimal": Decimal,
}


def frame_of(example: dict[str, Any]) -> pl.DataFrame:
    """Build the frame; the text "null" in a column stands for no value; `times` repeats its rows."""
    made = []
    for name, values in example["columns"].items():
        kind = example["types"][name]
        read = _READ.get(kind, lambda value: value)
        cells = [None if value == "null" else read(value) for value in values]
        dtype = {"Zoned": pl.Datetime("us"), "Decimal": pl.Decimal(12, 2)}.get(kind) or getattr(pl, kind)
        series = pl.Series(name, cells, dtype=dtype)
        made.append(series.dt.replace_time_zone(ZONE) if kind == "Zoned" else series)
    return pl.concat([pl.DataFrame(made)] * example.get("times", 1))


def verdicts(example: dict[str, Any]) -> dict[str, str]:
    """What each says: success, failure or raised."""
    asked = [(example["expectation"], example["kwargs"])]
    frame = frame_of(example)
    runs = {"gx": with_pandas, "engine": with_engine, "fast": with_fast}
    return {name: _said(run(frame, asked, "BASIC")[0]) for name, run in runs.items()}


def differing_parts(example: dict[str, Any]) -> list[set[str]]:
    """Which parts of the results differ, for the engine and for the fast path."""
    asked = [(example["expectation"], example["kwargs"])]
    frame = frame_of(example)
    theirs = with_pandas(frame, asked, "COMPLETE")[0]
    return [set(differences(theirs, run(frame, asked, "COMPLETE")[0])) for run in (with_engine, with_fast)]


def _said(result: Any) -> str:
    info = result.exception_info or {}
    if info.get("raised_exception", any(isinstance(value, dict) for value in info.values())):
        return "raised"
    return "success" if result.success else "failure"
