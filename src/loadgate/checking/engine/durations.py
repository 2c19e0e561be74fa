"""Columns with durations in them enter, however deep; they leave with the ISO text of each.

GX cannot write a duration as JSON: its exception would quote it, and end a Checkpoint that stores the result.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


def in_words(rows: pl.DataFrame) -> pl.DataFrame:
    """Write the durations of a frame as text; nothing else changes."""
    import polars as pl

    return pl.DataFrame({column.name: _column_in_words(column) for column in rows.get_columns()})


def values_in_words(values: Iterable[Any], dtype: pl.DataType) -> list[Any]:
    """List values of a column, their durations as text."""
    import polars as pl

    return _column_in_words(pl.Series(values, dtype=dtype)).to_list() if _holds_some(dtype) else list(values)


def _column_in_words(column: pl.Series) -> pl.Series:
    import polars as pl

    if not _holds_some(column.dtype):
        return column
    told = column.alias("column").to_frame().select(_told(pl.col("column"), column.dtype))
    return told.to_series().alias(column.name)


def _holds_some(dtype: pl.DataType) -> bool:
    import polars as pl

    if isinstance(dtype, pl.Struct):
        return any(_holds_some(_type(field)) for field in dtype.fields)
    if isinstance(dtype, pl.List | pl.Array):
        return _holds_some(_type(dtype))
    return dtype == pl.Duration


def _told(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    import polars as pl

    if isinstance(dtype, pl.Struct):
        fields = [(field.name, _type(field)) for field in dtype.fields]
        return values.struct.with_fields(_told(pl.field(name), inner).alias(name) for name, inner in fields)
    if isinstance(dtype, pl.Array):
        values = values.arr.to_list()
    if isinstance(dtype, pl.List | pl.Array):
        return values.list.eval(_told(pl.element(), _type(dtype)))
    return values.dt.to_string("iso") if dtype == pl.Duration else values


def _type(holder: Any) -> pl.DataType:
    """The type inside a list, an array or a field, made whole: Polars also takes `pl.Int64` without its brackets."""
    inner = holder.dtype if hasattr(holder, "dtype") else holder.inner
    made: pl.DataType = inner() if isinstance(inner, type) else inner
    return made
