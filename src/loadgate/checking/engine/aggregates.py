"""One metric as asked enters; leaves an expression that yields a single value, and how that value becomes GX's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from loadgate.checking.engine.conditions import is_one_of
from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.literals import FittedSet, fit_set

if TYPE_CHECKING:
    import polars as pl

MOST_DISTINCT_VALUES = 20  # as in great_expectations/constants.py: more would swell the result


def _unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """`expr` yields one value for the whole frame; `finish` turns it into the metric.

    `confirm`, if given, is the exact and dearer form of `expr`, asked for in a second pass only if `expr` is not 0.
    `hashes`, if given, picks one column of 64-bit hashes of which `expr` counts those that occur before: for frames so
    large that they are counted in passes.
    """

    expr: pl.Expr
    finish: Callable[[Any], Any] = _unchanged
    confirm: pl.Expr | None = None
    hashes: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None


def count(rows: pl.Expr | None) -> Reduction:
    """Count rows; None is every row."""
    import polars as pl

    return Reduction(expr=pl.len() if rows is None else rows.sum())


def row_count(asked: Asked) -> Reduction:
    return count(asked.rows.members)


def element_count(asked: Asked) -> Reduction:
    return count(asked.rows.elements)


def undecided_count(asked: Asked) -> Reduction:
    import polars as pl

    return count(pl.lit(False) if asked.rows.undecided is None else asked.rows.undecided)


def non_null_count(asked: Asked) -> Reduction:
    return Reduction(expr=asked.picked().count())


def non_null_proportion(asked: Asked) -> Reduction:
    import polars as pl

    values = asked.picked()
    return Reduction(expr=pl.struct(part=values.count(), whole=values.len()), finish=_share)


def unique_proportion(asked: Asked) -> Reduction:
    import polars as pl

    values = asked.picked().drop_nulls()
    return Reduction(
        expr=pl.struct(part=values.n_unique(), whole=values.len()),
        finish=_share,
    )


def column_sum(asked: Asked) -> Reduction:
    """Sum a column: integers in 128 bits and decimals exactly, so that only floats can depend on the order."""
    return Reduction(expr=_total(asked), finish=lambda total: plain_number(total) or 0)  # a column of nulls has none


def mean(asked: Asked) -> Reduction:
    import polars as pl

    dtype = asked.dtype()
    if not (dtype.is_integer() or dtype.is_decimal()):
        return Reduction(expr=asked.picked().mean())
    return Reduction(expr=pl.struct(part=_total(asked), whole=asked.picked().count()), finish=_quotient)


def minimum(asked: Asked) -> Reduction:
    return Reduction(expr=asked.picked().min(), finish=plain_number)


def maximum(asked: Asked) -> Reduction:
    return Reduction(expr=asked.picked().max(), finish=plain_number)


def distinct_count(asked: Asked) -> Reduction:
    return Reduction(expr=asked.picked().drop_nulls().n_unique())


def distinct_values(asked: Asked) -> Reduction:
    return Reduction(expr=asked.picked().unique().implode(), finish=lambda found: set(_list(found)))


def not_in_set_count(asked: Asked) -> Reduction:
    return Reduction(expr=_strangers(asked).n_unique())


def not_in_set_values(asked: Asked) -> Reduction:
    limit = asked.arguments.get("limit") or MOST_DISTINCT_VALUES
    return Reduction(expr=_strangers(asked).unique().sort().head(limit).implode(), finish=_list)


def missing_from_column_count(asked: Asked) -> Reduction:
    fitted = _value_set(asked)
    return Reduction(expr=_found(asked, fitted), finish=lambda found: len(fitted.absent(set(_list(found)))))


def missing_from_column_values(asked: Asked) -> Reduction:
    fitted = _value_set(asked)
    limit = asked.arguments.get("limit") or MOST_DISTINCT_VALUES
    return Reduction(expr=_found(asked, fitted), finish=lambda found: fitted.absent(set(_list(found)))[:limit])


def _total(asked: Asked) -> pl.Expr:
    import polars as pl

    values = asked.picked()
    return values.cast(pl.Int128).sum() if asked.dtype().is_integer() else values.sum()


def _value_set(asked: Asked) -> FittedSet:
    values = asked.arguments.get("value_set")
    if values is None:
        raise CannotEvaluateError("value_set is not given")
    return fit_set(values, asked.dtype())


def _strangers(asked: Asked) -> pl.Expr:
    """Values that stand in rows that count and are not in the value set."""
    known = is_one_of(asked.column(), asked.dtype(), _value_set(asked).values)
    mask = asked.column().is_not_null() & ~known
    return asked.column().filter(mask if asked.rows.members is None else mask & asked.rows.members)


def _found(asked: Asked, fitted: FittedSet) -> pl.Expr:
    """The values of the set that occur: never longer than the set."""
    known = is_one_of(asked.column(), asked.dtype(), fitted.values)
    mask = known.fill_null(False)
    picked = asked.column().filter(mask if asked.rows.members is None else mask & asked.rows.members)
    return picked.unique().implode()


def _list(found: Any) -> list[Any]:
    return list(found or ())


def plain_number(value: Any) -> Any:
    """GX compares with floats, and a decimal 1.1 is not the float 1.1; the nearest floats of equal texts are equal."""
    return float(value) if isinstance(value, Decimal) else value


def _share(counts: dict[str, int]) -> float:
    """Of nothing GX says 0."""
    return counts["part"] / counts["whole"] if counts["whole"] else 0.0


def _quotient(parts: dict[str, Any]) -> float | None:
    return float(Fraction(parts["part"]) / parts["whole"]) if parts["whole"] else None
