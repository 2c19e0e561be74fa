"""Rows and another table enter; leave failed the rows whose key the other table does not have."""
# ruff: noqa: E402

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.checking.engine.faults import CannotEvaluateError, missing_columns
from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility.pydantic import Field, StrictStr

from loadgate.checking.expectations.grouped import GroupedRowsExpectation

if TYPE_CHECKING:
    import polars as pl


_FOUND = "_found"


@row_rule(
    "keys.in_dataset",
    domain="multicolumn",
    value_keys=("reference_columns",),
    references=("reference",),
    whole=True,  # no row looks at another one, but the table of known keys is built once only
)
def _there(keys: list[pl.Expr], *, reference: pl.LazyFrame, reference_columns: list[str] | None = None) -> pl.Expr:
    import polars as pl

    names = [f"_key{place}" for place in range(len(keys))]
    columns = reference_columns or [key.meta.output_name() for key in keys]
    if len(columns) != len(keys):
        raise CannotEvaluateError("column_list and reference_columns are not of one length")
    schema = reference.collect_schema()
    if missing := [column for column in columns if column not in schema]:
        raise missing_columns(missing)
    wanted = reference.select(pl.col(column).alias(name) for column, name in zip(columns, names, strict=True))
    known = wanted.drop_nulls().unique().with_columns(pl.lit(True).alias(_FOUND)).collect(engine="streaming")

    def found(series: pl.Series) -> pl.Series:
        rows, there = (frame.cast(_scales(series, known), strict=False) for frame in (series.struct.unnest(), known))
        told = rows.join(there, on=names, how="left", maintain_order="left")
        return told[_FOUND].fill_null(False)

    named = pl.struct(key.alias(name) for key, name in zip(keys, names, strict=True))
    return named.map_batches(found, return_dtype=pl.Boolean)


def _scales(here: pl.Series, there: pl.DataFrame) -> pl.Schema:
    """The places that decimals of both tables have room in: 1.5 and 1.50 are one key."""
    import polars as pl

    pairs = {name: (kind, there.schema[name]) for name, kind in here.struct.schema.items()}
    common = {
        name: pl.Decimal(38, max(one.scale, other.scale))
        for name, (one, other) in pairs.items()
        if isinstance(one, pl.Decimal) and isinstance(other, pl.Decimal) and one != other
    }
    return pl.Schema(common)


class ExpectKeysToBeInDataset(GroupedRowsExpectation):
    """Expect every key (`column_list`) to occur in the dataset `reference`, there in `reference_columns`.

    A parent that every child must have; or, written in the parent's suite, a child that every parent must have. Rows
    without a key are not asked; `reference_columns` are left out where they have the same names.
    """

    reference: StrictStr = Field(min_length=1)
    reference_columns: list[str] | None = None

    map_metric = "keys.in_dataset"
    success_keys = (*GroupedRowsExpectation.success_keys, "reference", "reference_columns")
    args_keys = ("column_list", "reference", "reference_columns")
