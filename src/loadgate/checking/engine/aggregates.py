"""One metric as asked enters; leaves what it needs of the rows, and how that becomes the value that GX knows."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from loadgate.checking.engine.conditions import is_one_of
from loadgate.checking.engine.domain import Asked, both
from loadgate.checking.engine.durations import values_in_words
from loadgate.checking.engine.literals import EXACT, FittedSet, fit_set
from loadgate.checking.engine.needs import (
    Each,
    Hashed,
    Kept,
    Merged,
    Reduction,
    Tallied,
    Whole,
    added,
    greatest,
    least,
    smallest,
    united,
)
from loadgate.checking.engine.tallies import VALUE

if TYPE_CHECKING:
    import polars as pl

MOST_DISTINCT_VALUES = 20  # as in great_expectations/constants.py: more would swell the result


def count(rows: pl.Expr | None, *, whole: bool = False) -> Reduction:
    """Count rows; None is every row."""
    import polars as pl

    if rows is None:
        return Reduction(needs=(added(pl.len()),))
    return Reduction(needs=(Whole(expr=rows.sum()) if whole else Each(mask=rows),))


def row_count(asked: Asked) -> Reduction:
    return count(asked.rows.members, whole=asked.rows.whole)


def element_count(asked: Asked) -> Reduction:
    return count(asked.rows.elements, whole=asked.rows.whole)


def undecided_count(asked: Asked) -> Reduction:
    return _undecided(asked, asked.rows.undecided)


def undecided_value_count(asked: Asked) -> Reduction:
    return _undecided(asked, asked.undecided_values())


def _undecided(asked: Asked, rows: pl.Expr | None) -> Reduction:
    import polars as pl

    return Reduction(needs=(added(pl.lit(0)),)) if rows is None else count(rows, whole=asked.rows.whole)


def non_null_count(asked: Asked) -> Reduction:
    return Reduction(needs=(added(asked.picked().count()),))


def non_null_proportion(asked: Asked) -> Reduction:
    values = asked.picked()
    return Reduction(needs=(added(values.count()), added(values.len())), finish=_share)


def unique_proportion(asked: Asked) -> Reduction:
    return Reduction(needs=(_distinct(asked), added(asked.picked().count())), finish=_share)


def column_sum(asked: Asked) -> Reduction:
    """Sum a column: integers and decimals exactly, so that only floats can depend on the order."""
    whole = asked.dtype().is_integer()
    return Reduction(
        needs=(added(_total(asked)),),
        finish=lambda total: _as_pandas_has_it(
            int(total or 0) if whole else total or 0, asked
        ),  # of nulls there is none
    )


def mean(asked: Asked) -> Reduction:
    """The mean; of moments it is what Polars makes of it, at once, since they cannot be added."""
    import polars as pl

    dtype = asked.dtype()
    present = added(asked.picked().count())
    if dtype.is_integer() or dtype.is_decimal():
        return Reduction(needs=(added(_total(asked)), present), finish=_quotient)
    if dtype.is_float() or dtype == pl.Boolean:
        values = asked.picked().cast(pl.Float64)
        return Reduction(
            needs=(added(values.sum()), present, least(values.min()), greatest(values.max())),
            finish=lambda *parts: _as_pandas_has_it(_mean_of_floats(*parts), asked),
        )
    return Reduction(needs=(Whole(expr=asked.picked().mean()),))


def minimum(asked: Asked) -> Reduction:
    return Reduction(needs=(least(asked.picked().min()),), finish=lambda value: _as_pandas_has_it(value, asked))


def maximum(asked: Asked) -> Reduction:
    return Reduction(needs=(greatest(asked.picked().max()),), finish=lambda value: _as_pandas_has_it(value, asked))


def distinct_count(asked: Asked) -> Reduction:
    return Reduction(needs=(_distinct(asked),))


def distinct_values(asked: Asked) -> Reduction:
    return Reduction(needs=(Tallied(values=asked.picked()),), finish=lambda found: set(found[VALUE].to_list()))


def not_in_set_count(asked: Asked) -> Reduction:
    return Reduction(needs=(Hashed(values=(asked.column(),), rows=_strangers(asked), kept=Kept.DISTINCT),))


def not_in_set_values(asked: Asked) -> Reduction:
    most = asked.arguments.get("limit") or MOST_DISTINCT_VALUES
    found = asked.column().filter(_strangers(asked)).unique().sort().head(most).implode()
    return Reduction(
        needs=(smallest(found, most=most),), finish=lambda values: values_in_words(_list(values), asked.dtype())
    )


def missing_from_column_count(asked: Asked) -> Reduction:
    fitted = _value_set(asked)
    return Reduction(needs=(_found(asked, fitted),), finish=lambda found: len(fitted.absent(set(_list(found)))))


def missing_from_column_values(asked: Asked) -> Reduction:
    fitted = _value_set(asked)
    limit = asked.arguments.get("limit") or MOST_DISTINCT_VALUES
    return Reduction(needs=(_found(asked, fitted),), finish=lambda found: fitted.absent(set(_list(found)))[:limit])


def _distinct(asked: Asked) -> Hashed:
    present = asked.column().is_not_null()
    return Hashed(values=(asked.column(),), rows=both(asked.rows.members, present), kept=Kept.DISTINCT)


def _total(asked: Asked) -> pl.Expr:
    """Whole numbers in 128 bits; those that have as many already as decimals, whose sums are refused, not wrapped."""
    import polars as pl

    values, dtype = asked.picked(), asked.dtype()
    if not dtype.is_integer():
        return values.sum()
    return values.cast(pl.Decimal(38, 0) if dtype in (pl.Int128, pl.UInt128) else pl.Int128).sum()


def _value_set(asked: Asked) -> FittedSet:
    return fit_set(asked.given("value_set"), asked.dtype())


def _strangers(asked: Asked) -> pl.Expr:
    """Rows that count with a value that is not in the value set."""
    known = is_one_of(asked.column(), asked.dtype(), _value_set(asked).values)
    mask = asked.column().is_not_null() & ~known
    return mask if asked.rows.members is None else mask & asked.rows.members


def _found(asked: Asked, fitted: FittedSet) -> Merged:
    """The values of the set that occur: never longer than the set."""
    known = is_one_of(asked.column(), asked.dtype(), fitted.values)
    mask = known.fill_null(False)
    picked = asked.column().filter(mask if asked.rows.members is None else mask & asked.rows.members)
    return united(picked.unique().implode())


def _list(found: Any) -> list[Any]:
    return list(found or ())


def plain_number(value: Any) -> Any:
    """GX compares with floats, and a decimal 1.1 is not the float 1.1; the nearest floats of equal texts are equal."""
    return float(value) if isinstance(value, Decimal) else value


def _as_pandas_has_it(value: Any, asked: Asked) -> Any:
    """What GX's limits, floats, are compared with is numpy's, as in pandas, where that is not the same as Python's.

    A whole number that no float holds is compared as a float, and a column's Float32 as one: 0.1 is the one next to it.
    """
    import numpy as np
    import polars as pl

    if value is not None and asked.schema[asked.columns[0]] == pl.Float32:
        return np.float32(value)
    if not isinstance(value, int) or not EXACT <= abs(value) < 2**64:
        return plain_number(value)
    return np.int64(value) if -(2**63) <= value < 2**63 else np.uint64(value) if value > 0 else value


def _share(part: int, whole: int) -> float:
    """Of nothing GX says 0."""
    return part / whole if whole else 0.0


def _quotient(part: Any, whole: int) -> float | None:
    return float(Fraction(part) / whole) if whole else None


def _mean_of_floats(total: float | None, count: int, low: float | None, high: float | None) -> float | None:
    """No mean is beyond the least or the greatest value, whatever the rounding of their sum."""
    if not count or low is None or high is None:
        return None
    return min(max((total or 0.0) / count, low), high)
