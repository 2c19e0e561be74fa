"""A check enters; leaves, for tools that run Polars expressions, the one that is true of a row, or of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.peers.suite import Check, Kind

if TYPE_CHECKING:
    import polars as pl

OF_THE_TABLE = frozenset({Kind.ROW_COUNT, Kind.DISTINCT_COUNT, Kind.MIN, Kind.MAX, Kind.MEAN, Kind.SUM, Kind.STDEV})


def holds_in_row(check: Check) -> pl.Expr:
    """True where a row passes, null where it isn't asked. Only what tools have no words of their own for."""
    import polars as pl

    column = pl.col(check.column)
    match check.kind:
        case Kind.IN_SET:
            return column.is_in(list(check.values))
        case Kind.NOT_IN_SET:
            return ~column.is_in(list(check.values))
        case Kind.BETWEEN:
            return column.is_between(check.low, check.high)
        case Kind.STRFTIME:
            read = column.str.to_date(check.pattern, strict=False).is_not_null()
            return pl.when(column.is_not_null()).then(read)
        case Kind.AT_LEAST:
            return column >= pl.col(check.columns[1])
        case Kind.SUM_EQUAL:
            return pl.sum_horizontal(*check.columns, ignore_nulls=False) == check.low
        case _:
            raise ValueError(check.kind)


def holds_of_table(check: Check) -> pl.Expr:
    """True if the table passes; one value."""
    import polars as pl

    column = pl.col(check.columns[0]) if check.columns else pl.first()
    match check.kind:
        case Kind.ROW_COUNT:
            value = pl.len()
        case Kind.DISTINCT_COUNT:
            value = column.drop_nulls().n_unique()
        case Kind.MIN:
            value = column.min()
        case Kind.MAX:
            value = column.max()
        case Kind.MEAN:
            value = column.mean()
        case Kind.SUM:
            value = column.sum()
        case Kind.STDEV:
            value = column.std()
        case _:
            raise ValueError(check.kind)
    return value.is_between(check.low, check.high)
