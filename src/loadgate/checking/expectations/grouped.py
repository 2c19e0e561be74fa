"""Rows that share a key enter as columns; leave verdicts on whole groups, told to each of their rows.

Groups are made by 64-bit hashes of their keys, a third of the work of grouping texts; should two keys share a hash,
which a second hash shows, the keys themselves are grouped.
"""
# ruff: noqa: E402

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility import pydantic
from great_expectations.expectations.expectation import MulticolumnMapExpectation

if TYPE_CHECKING:
    import polars as pl

_HASH, _CONTROL, _FAILS = "_hash", "_control", "_fails"


class GroupedRowsExpectation(MulticolumnMapExpectation):
    """A check of rows that share the key `column_list`, which may be one column.

    Rows without a key don't count. Where `ignore_row_if` lets them count, what is missing is a part of the key as any
    other.
    """

    domain_keys: ClassVar[tuple[str, ...]] = MulticolumnMapExpectation.domain_keys  # type: ignore[assignment]

    ignore_row_if: Literal["all_values_are_missing", "any_value_is_missing", "never"] = "any_value_is_missing"

    @pydantic.validator("column_list")
    def _validate_column_list(cls, v: list[str]) -> list[str]:  # noqa: N805  # takes the place of GX's, by its name
        if not v:
            raise ValueError("column_list must name a column")
        return v


def in_failing_groups(
    keys: Sequence[pl.Expr], values: Mapping[str, pl.Expr], *, fails: pl.Expr, sums: bool = False
) -> pl.Expr:
    """True for rows of groups of which `fails`, an aggregate over columns named as `values` are, is true.

    `sums`: whole numbers among the values get room for sums beyond 64 bits, which would begin anew below zero.
    """
    import polars as pl

    named = [key.alias(f"_key{place}") for place, key in enumerate(keys)]
    rows = pl.struct(*named, *(value.alias(name) for name, value in values.items()))
    count = len(named)
    return rows.map_batches(lambda series: _told(series, count, fails, sums=sums), return_dtype=pl.Boolean)


def group_numbers(rows: pl.DataFrame, keys: Sequence[str]) -> pl.Series:
    """A number for each row, the same in rows with the same key and in no others."""
    import polars as pl

    key = pl.struct(keys)
    hashes = rows.select(key.hash(0).alias(_HASH), key.hash(1).alias(_CONTROL))
    met = hashes.group_by(_HASH).agg(pl.col(_CONTROL).min() != pl.col(_CONTROL).max())[_CONTROL].any()
    return rows.select(key.rank("dense").cast(pl.UInt64).alias(_HASH))[_HASH] if met else hashes[_HASH]


def _told(series: pl.Series, keys: int, fails: pl.Expr, *, sums: bool) -> pl.Series:
    import polars as pl
    from polars import selectors

    rows = series.struct.unnest()
    names = [f"_key{place}" for place in range(keys)]
    if sums:
        wide = selectors.by_dtype(pl.Int128, pl.UInt128)  # only decimals refuse a sum that has no room
        values = (selectors.integer() | selectors.by_dtype(pl.Null)) - selectors.by_name(names)
        rows = rows.with_columns((values - wide).cast(pl.Int128), (values & wide).cast(pl.Decimal(38, 0)))
    if not names:
        return rows.select(pl.repeat(fails, pl.len(), dtype=pl.Boolean) if rows.height else pl.lit([])).to_series()
    key = pl.struct(names)
    hashed = rows.select(pl.exclude(names), key.hash(0).alias(_HASH), key.hash(1).alias(_CONTROL))
    met = pl.col(_CONTROL).min() != pl.col(_CONTROL).max()
    found = hashed.lazy().group_by(_HASH).agg(fails.alias(_FAILS), met.alias(_CONTROL)).collect(engine="streaming")
    if found[_CONTROL].any():
        found = rows.lazy().group_by(names).agg(fails.alias(_FAILS)).filter(_FAILS).collect(engine="streaming")
        at = rows.with_row_index("_at").join(found, on=names, how="semi", nulls_equal=True)["_at"]
        return pl.int_range(rows.height, eager=True).is_in(at.implode())
    return hashed[_HASH].is_in(found.filter(_FAILS)[_HASH].implode())
