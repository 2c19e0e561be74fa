"""What a metric needs to know of the rows: how one batch is asked, and how the answers of two batches become one.

Most needs are met in one pass over the rows, batch by batch; `Whole` alone asks for a pass of its own.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from loadgate.checking.engine.many_columns import MANY, sum_of

if TYPE_CHECKING:
    import polars as pl

    from loadgate.checking.engine.domain import Asked
    from loadgate.checking.engine.metrics import RowRule

_EXACT = decimal.Context(prec=100)  # Python's own cuts a sum to 28 digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a row rule is asked, by GX's own notion of sameness, whatever is wanted to be known of the answer.

    `name` is the metric's without a suffix; `domain` and `arguments` are GX's ids of what `asked` has in full.
    """

    name: str
    domain: Hashable
    arguments: Hashable
    rule: RowRule = field(compare=False, repr=False)
    asked: Asked = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The last value of earlier batches: the batch sees it as a column `name`, null before the first.

    `last` finds it in a batch; null where the batch has none, and then the one before stays.
    """

    name: str
    dtype: pl.DataType
    last: pl.Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """A yes or no per row, never null; the answer is how many rows say yes. They can be listed too, see marks.

    Needs with the same `question` are asked once; None is a question of its own.
    """

    mask: pl.Expr
    carried: Carried | None = None
    question: Question | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """One value per batch, and how two of them become one; None is the value of no batch."""

    expr: pl.Expr
    merge: Callable[[Any, Any], Any]


class Kept(StrEnum):
    """What is asked of hashes: how many there are, or in how many rows one stands that stands elsewhere too."""

    DISTINCT = "distinct"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """One 64-bit hash per row that counts, of `values` in the `rows` (None is every row).

    A repeated hash may stand for two values, so rows that share one are compared exactly in a second pass.
    """

    values: tuple[pl.Expr, ...]
    rows: pl.Expr | None
    kept: Kept

    def hash(self) -> pl.Expr:
        """The hash of every row, also of those that do not count; of several values the sum of independent hashes.

        Hashing them as a struct takes twice as long.
        """
        import polars as pl

        if len(self.values) < MANY:
            return reduce(add, (value.hash(index) for index, value in enumerate(self.values)))
        return sum_of(self.values, lambda value, index: value.hash(index), dtype=pl.UInt64())

    def hashes(self) -> pl.Expr:
        """The hashes of the rows that count."""
        return self.hash() if self.rows is None else self.hash().filter(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallied:
    """How often each value occurs; the answer is a frame of `value` and `count`, as long as there are values."""

    values: pl.Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """One value of the whole column, which no batch alone can help to: asked for in a second pass."""

    expr: pl.Expr


Need = Each | Merged | Hashed | Tallied | Whole


def _unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """What one metric needs, and how it is made of the answers, which come in the needs' order.

    `question`: which one its value counts the failures of.
    """

    needs: tuple[Need, ...]
    finish: Callable[..., Any] = _unchanged
    question: Question | None = None


def added(expr: pl.Expr) -> Merged:
    """A count or a sum; a batch without one has null."""
    return Merged(expr=expr, merge=_add)


def least(expr: pl.Expr) -> Merged:
    return Merged(expr=expr, merge=lambda one, other: _chosen(min, one, other))


def greatest(expr: pl.Expr) -> Merged:
    return Merged(expr=expr, merge=lambda one, other: _chosen(max, one, other))


def added_each(expr: pl.Expr) -> Merged:
    """Add a struct field by field."""
    return Merged(expr=expr, merge=lambda one, other: {name: _add(one[name], other[name]) for name in one})


def united(expr: pl.Expr) -> Merged:
    """Unite lists; a value stands in the answer once, where it first came."""
    return Merged(expr=expr, merge=lambda one, other: list(dict.fromkeys((*(one or ()), *(other or ())))))


def smallest(expr: pl.Expr, *, most: int) -> Merged:
    """Keep the `most` smallest values of lists."""
    return Merged(expr=expr, merge=lambda one, other: sorted({*(one or ()), *(other or ())})[:most])


def moments(values: pl.Expr) -> Merged:
    """Count, mean and summed squared distance from it, merged after Chan, Golub & LeVeque 1979.

    Values that are all the same are at no distance: rounding alone would put their mean beside them.
    """
    import polars as pl

    low, high = values.min(), values.max()
    square = values.var(ddof=0) * values.count() * (low != high).cast(pl.Float64)
    expr = pl.struct(n=values.count(), mean=values.mean().clip(low, high), square=square)
    return Merged(expr=expr, merge=_chan)


def _add(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return _EXACT.add(one, other) if isinstance(one, Decimal) else one + other


def _chosen(choose: Callable[[Iterable[Any]], Any], one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return choose((one, other))


def _chan(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    if not one["n"] or not other["n"]:
        return one if one["n"] else other
    n = one["n"] + other["n"]
    apart = other["mean"] - one["mean"]
    return {
        "n": n,
        "mean": one["mean"] + apart * (other["n"] / n),
        "square": one["square"] + other["square"] + apart * apart * (one["n"] * other["n"] / n),
    }
