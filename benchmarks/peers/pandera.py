"""The suite as a pandera schema of the Polars back end; every failure is gathered, as `lazy` asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.expressions import OF_THE_TABLE, holds_in_row, holds_of_table
from benchmarks.peers.frames import COLUMNS, DATES, scan
from benchmarks.peers.suite import Check, Kind, Run

_NATIVE = {Kind.NOT_NULL: "not_nullable", Kind.UNIQUE: "field_uniqueness"}
"""Kinds that a column has an argument for, and what pandera calls their failures. A type is a column's class."""


def prepare(suite: Sequence[Check]) -> Run:
    import pandera.polars as pa

    schema = _schema(suite)

    def run(path: Path) -> dict[str, int]:
        frame = scan(path).collect(engine="streaming")
        try:
            schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as error:
            return _failing(suite, error.failure_cases)
        return dict.fromkeys((check.name for check in suite), 0)

    return run


def _failing(suite: Sequence[Check], cases: Any) -> dict[str, int]:
    import polars as pl

    counted = cases.group_by("column", "check").agg(pl.len()).rows()
    natively = {(column, check): rows for column, check, rows in counted}
    by_name = {check: rows for _, check, rows in counted}
    return {
        check.name: natively.get((check.column, _NATIVE[check.kind]), 0)
        if check.kind in _NATIVE
        else by_name.get(check.name, 0)
        for check in suite
    }


def _schema(suite: Sequence[Check]) -> Any:
    import pandera.polars as pa
    import polars as pl

    kinds = {"quantity": pl.Int64, "remaining": pl.Int64, "price": pl.Float64, **dict.fromkeys(DATES, pl.Date)}
    columns = {}
    for name in COLUMNS:
        own = [check for check in suite if check.columns == (name,)]
        asked = {check.kind for check in own}
        columns[name] = pa.Column(
            kinds.get(name, pl.String),
            checks=[made for check in own if (made := _of_column(check)) is not None],
            nullable=Kind.NOT_NULL not in asked,
            unique=Kind.UNIQUE in asked,
        )
    return pa.DataFrameSchema(columns, checks=[_of_frame(check) for check in suite if _is_of_frame(check)])


def _is_of_frame(check: Check) -> bool:
    return check.kind in OF_THE_TABLE or len(check.columns) > 1


def _of_column(check: Check) -> Any:
    import pandera.polars as pa

    match check.kind:
        case Kind.IN_SET:
            return pa.Check.isin(check.values, error=check.name)
        case Kind.NOT_IN_SET:
            return pa.Check.notin(check.values, error=check.name)
        case Kind.BETWEEN:
            return pa.Check.in_range(check.low, check.high, error=check.name)
        case Kind.LENGTH:
            return pa.Check.str_length(check.low, check.high, error=check.name)
        case Kind.REGEX:
            return pa.Check.str_matches(check.pattern, error=check.name)
        case Kind.STRFTIME:
            return pa.Check(lambda data: data.lazyframe.select(holds_in_row(check)), error=check.name)
        case _:
            return None


def _of_frame(check: Check) -> Any:
    import pandera.polars as pa

    if check.kind in OF_THE_TABLE:
        return pa.Check(
            lambda data: bool(data.lazyframe.select(holds_of_table(check)).collect().item()), error=check.name
        )
    return pa.Check(lambda data: data.lazyframe.select(holds_in_row(check)), error=check.name)
