"""Rows and another table enter; leave failed the rows whose key the other table does not have.

Where a row of that table has a key that could not be read, rows not found that may be meant are undecided.
"""
# ruff: noqa: E402

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loadgate.checking.engine.conditions import readable
from loadgate.checking.engine.faults import CannotEvaluateError, missing_columns
from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility.pydantic import Field, StrictStr

from loadgate.checking.expectations.grouped import GroupedRowsExpectation
from loadgate.model.tables import UNDECIDED

if TYPE_CHECKING:
    import polars as pl


_FOUND = "_found"


def _some_unread(keys: list[pl.Expr], *, reference: pl.LazyFrame, reference_columns: list[str] | None = None) -> bool:
    flags = (UNDECIDED + column for column in _columns(keys, reference_columns))
    return not set(reference.collect_schema()).isdisjoint(flags)


@row_rule(
    "keys.in_dataset",
    domain="multicolumn",
    value_keys=("reference_columns",),
    references=("reference",),
    opens=_some_unread,
    whole=True,  # no row looks at another one, but the table of known keys is built once only
)
def _there(keys: list[pl.Expr], *, reference: pl.LazyFrame, reference_columns: list[str] | None = None) -> pl.Expr:
    import polars as pl

    names = [f"_key{place}" for place in range(len(keys))]
    columns = _columns(keys, reference_columns)
    if len(columns) != len(keys):
        raise CannotEvaluateError("column_list and reference_columns are not of one length")
    schema = reference.collect_schema()
    if missing := [column for column in columns if column not in schema]:
        raise missing_columns(missing)
    sources = dict(zip(names, columns, strict=True))
    flags = [UNDECIDED + column for column in columns if UNDECIDED + column in schema]
    read = reference.filter(~pl.any_horizontal(pl.col(flags).fill_null(False))) if flags else reference
    wanted = read.select(readable(column, schema[column]).alias(name) for name, column in sources.items())
    known = wanted.unique().with_columns(pl.lit(True).alias(_FOUND)).collect(engine="streaming")
    unread = _unread(reference, sources)

    def found(series: pl.Series) -> pl.Series:
        rows = series.struct.unnest()
        told = _in(rows, known)
        for partly in unread:
            told = told | pl.select(pl.when(_in(rows, partly)).then(None).otherwise(False)).to_series()
        return told

    named = pl.struct(key.alias(name) for key, name in zip(keys, names, strict=True))
    return named.map_batches(found, return_dtype=pl.Boolean)


def _columns(keys: Sequence[pl.Expr], reference_columns: Sequence[str] | None) -> Sequence[str]:
    return reference_columns or [key.meta.output_name() for key in keys]


def _unread(reference: pl.LazyFrame, columns: dict[str, str]) -> list[pl.DataFrame]:
    """Of keys that could not be read whole what could be read: a frame for each set of columns that could."""
    import polars as pl

    schema = reference.collect_schema()
    flags = {UNDECIDED + name: pl.col(UNDECIDED + column) for name, column in columns.items()}
    flags = {flag: is_up for flag, is_up in flags.items() if is_up.meta.output_name() in schema}
    if not flags:
        return []
    named = (readable(column, schema[column]).alias(name) for name, column in columns.items())
    rows = reference.select(*named, **{flag: is_up.fill_null(False) for flag, is_up in flags.items()})
    kept = rows.filter(pl.any_horizontal(*flags)).unique().collect(engine="streaming")
    frames = []
    for one in kept.partition_by(list(flags)):
        up = {flag for flag in flags if one[flag][0]}
        whole = one.drop(*flags, *(flag.removeprefix(UNDECIDED) for flag in up))
        frames.append(whole.unique().with_columns(pl.lit(True).alias(_FOUND)))
    return frames


def _in(rows: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """Whether the columns that a table of known keys has are in it, row by row; all are where it has none."""
    import polars as pl

    names = [name for name in known.columns if name != _FOUND]
    if not names:
        return pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    scales = _scales(rows.select(names), known)
    here, there = (frame.cast(scales, strict=False) for frame in (rows.select(names), known))
    return here.join(there, on=names, how="left", nulls_equal=True, maintain_order="left")[_FOUND].fill_null(False)


def _scales(here: pl.DataFrame, there: pl.DataFrame) -> pl.Schema:
    """The types to compare keys in: of decimals one with room for both; a column without any takes the other's."""
    import polars as pl

    pairs = {name: (kind, there.schema[name]) for name, kind in here.schema.items()}
    common: dict[str, pl.DataType] = {
        name: other if one == pl.Null else one for name, (one, other) in pairs.items() if pl.Null in (one, other)
    }
    common |= {
        name: pl.Decimal(38, max(one.scale, other.scale))
        for name, (one, other) in pairs.items()
        if isinstance(one, pl.Decimal) and isinstance(other, pl.Decimal) and one != other
    }
    return pl.Schema(common)


class ExpectKeysToBeInDataset(GroupedRowsExpectation):
    """Expect every key (`column_list`) to occur in the dataset `reference`, there in `reference_columns`.

    A parent that every child must have; or, written in the parent's suite, a child that every parent must have. Rows
    without a key are not asked; `reference_columns` are left out where they have the same names. A row that is not
    found is undecided where it may be a row of `reference` whose key could not be read.
    """

    reference: StrictStr = Field(min_length=1)
    reference_columns: list[str] | None = None

    map_metric = "keys.in_dataset"
    success_keys = (*GroupedRowsExpectation.success_keys, "reference", "reference_columns")
    args_keys = ("column_list", "reference", "reference_columns")
