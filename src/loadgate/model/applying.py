"""Rows with `_row`, and the marks and alternatives beside them, in; out, the rows as those see them who name some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from loadgate.model.rules import AppliedMarks, HarmonisationRule, Mark

if TYPE_CHECKING:
    import polars as pl

_CARRIED = tuple(mark.value for mark in Mark if mark is not Mark.UNDECIDED)


def apply_marks(
    rows: pl.LazyFrame,
    applied: AppliedMarks,
    *,
    dataset: str,
    rules: Sequence[HarmonisationRule],
    marks: pl.LazyFrame,
    alternatives: pl.LazyFrame,
) -> pl.LazyFrame:
    """The rows that count, in no order, with alternative values in the columns that the named rules change.

    In: MARKS and ALTERNATIVES of the same rows, and the dataset's rules. Nothing is written: the rows stay as they are.
    """
    import polars as pl

    carried = marks.filter(pl.col("outcome").is_in(_CARRIED))
    if applied.leave_out:
        rows = rows.join(_naming(carried, "check", dataset, applied.leave_out), on="_row", how="anti")
    if applied.only:
        rows = rows.join(_naming(carried, "check", dataset, applied.only), on="_row", how="semi")
    by_id = {rule.id: rule for rule in rules}
    there = set(rows.collect_schema())
    for column in sorted({by_id[name].changes or "" for name in applied.use_alternatives} & there):
        named = [name for name in applied.use_alternatives if by_id[name].changes == column]
        rows = _with_alternatives(rows, [_naming(alternatives, "rule", dataset, [name]) for name in named], column)
    return rows


def as_text(value: pl.Expr) -> pl.Expr:
    """A value as ALTERNATIVES holds it."""
    import polars as pl

    return value.cast(pl.String)


def _from_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    import polars as pl

    match dtype:
        case pl.Date():
            return value.str.to_date("%Y-%m-%d")
        case pl.Datetime():
            return value.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit=dtype.time_unit)
        case pl.Boolean():
            return value == "true"
        case _:
            return value.cast(dtype)


def _naming(table: pl.LazyFrame, column: str, dataset: str, rules: Iterable[str]) -> pl.LazyFrame:
    import polars as pl

    return table.filter(pl.col(column).is_in([f"{dataset}:{rule}" for rule in rules]))


def _with_alternatives(rows: pl.LazyFrame, given: Sequence[pl.LazyFrame], column: str) -> pl.LazyFrame:
    """The column with the alternatives of the first that has one."""
    import polars as pl

    dtype = rows.collect_schema()[column]
    names = [f"_alternative.{place}" for place in range(len(given))]
    for name, alternatives in zip(names, given, strict=True):
        own = alternatives.select("_row", _from_text(pl.col("value"), dtype).alias(name))
        rows = rows.join(own, on="_row", how="left")
    return rows.with_columns(pl.coalesce(*names, column).alias(column)).drop(names)
