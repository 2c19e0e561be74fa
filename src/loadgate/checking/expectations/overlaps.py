"""Spans of time enter by key; leave failed those that overlap another one with the same key."""
# ruff: noqa: E402

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility.pydantic import Field, StrictStr

from loadgate.checking.expectations.grouped import GroupedRowsExpectation, group_numbers

if TYPE_CHECKING:
    import polars as pl


def _no_spans(types: Mapping[str, pl.DataType]) -> str | None:
    import polars as pl

    start, end = types["start_column"], types["end_column"]
    said = [dtype for dtype in (start, end) if dtype != pl.Null]  # a column without a moment says no type
    if all(dtype == said[0] and (dtype.is_temporal() or dtype.is_integer()) for dtype in said):
        return None
    return f"start_column is of type {start} and end_column of type {end}: both must be moments or whole numbers"


@row_rule("spans.apart", domain="multicolumn", columns=("start_column", "end_column"), whole=True, refuses=_no_spans)
def _apart(keys: list[pl.Expr], *, start_column: pl.Expr, end_column: pl.Expr) -> pl.Expr:
    import polars as pl

    named = [key.alias(f"_key{place}") for place, key in enumerate(keys)]
    spans = pl.struct(*named, start_column.alias("start"), end_column.alias("end"))
    return ~spans.map_batches(_overlapping, return_dtype=pl.Boolean)


def _overlapping(series: pl.Series) -> pl.Series:
    """Sort by key and start: a span overlaps the next one, or one before it that ends after its start."""
    import polars as pl

    rows = series.struct.unnest()
    said = [dtype for dtype in (rows["start"].dtype, rows["end"].dtype) if dtype != pl.Null]
    rows = rows.with_columns(pl.col("start", "end").cast(said[0] if said else pl.Int64))
    keys = [name for name in rows.columns if name.startswith("_key")]
    start, end = pl.col("start"), pl.col("end")
    known = start.is_not_null() & (end > start).fill_null(True)
    spans = (
        rows.select(*_steps(rows), group_numbers(rows, keys).alias("group"), known=known)
        .with_row_index("at")
        .filter(pl.col("known"))
        .sort("group", "start")
        .with_columns(number=(pl.col("group") != pl.col("group").shift(1)).fill_null(True).cum_sum().cast(pl.Int64))
    )
    number = pl.col("number")
    latest = (number * _STEPS + end).cum_max()  # starts anew with each group, whose number is larger
    found = spans.filter(
        ((latest.shift(1) > number * _STEPS + start).fill_null(False))
        | ((number.shift(-1) == number) & (start.shift(-1) < end)).fill_null(False)
    )
    return rows.select(pl.int_range(pl.len())).to_series().is_in(found["at"].cast(pl.Int64).implode())


_INT64 = 1 << 63
_STEPS = 1 << 33  # more than there are different moments in a frame


def _steps(rows: pl.DataFrame) -> list[pl.Series]:
    """Moments as whole numbers from 1 on, the earliest first; a span without an end ends after all of them."""
    import polars as pl

    start, end = (rows[name].to_physical() for name in ("start", "end"))
    both = pl.concat([start, end]).drop_nulls()
    first, last = (
        both.to_frame().select(pl.first().min().alias("a"), pl.first().max().alias("b")).row(0) if len(both) else (0, 0)
    )
    if last - first < _STEPS - 2 and first > -_INT64 and last < _INT64:
        start, end = (one.cast(pl.Int64) - (first - 1) for one in (start, end))
    else:
        ranks = pl.concat([start, end]).rank("dense")
        start, end = ranks.head(len(start)).alias("start"), ranks.tail(len(end)).alias("end")
    return [start.cast(pl.Int64), end.cast(pl.Int64).fill_null(_STEPS - 1)]


class ExpectSpansToNotOverlap(GroupedRowsExpectation):
    """Expect spans [start, end) with the same key (`column_list`) not to overlap; without an end, a span is open.

    Each span of an overlap fails. Spans without a start, or that do not end after they start, overlap nothing.
    """

    start_column: StrictStr = Field(min_length=1)
    end_column: StrictStr = Field(min_length=1)

    map_metric = "spans.apart"
    domain_keys = (*GroupedRowsExpectation.domain_keys, "start_column", "end_column")
    args_keys = ("column_list", "start_column", "end_column")
