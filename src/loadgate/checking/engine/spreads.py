"""One metric as asked enters; leaves where the middle and the edges of a column's values lie: full-column state.

Quantiles sort the column, so these are dearer than sums; several over one column share the sort.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.aggregates import maximum, mean, minimum, plain_number
from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.literals import plain
from loadgate.checking.engine.needs import Reduction, Whole, added, moments

if TYPE_CHECKING:
    import polars as pl

_INTERPOLATIONS: Final = ("linear", "lower", "higher", "midpoint", "nearest")
_OUTLIER_METHODS: Final = ("iqr", "std")
_EXACT: Final = 2**53
"""Up to here floats tell whole numbers apart."""


def standard_deviation(asked: Asked) -> Reduction:
    """The sample's, as GX asks pandas for it: undefined below two values."""
    if asked.dtype().is_temporal():  # a number of microseconds, or of days, that no suite means
        raise CannotEvaluateError(f"a column of type {asked.dtype()} holds no numbers")
    return Reduction(needs=(moments(_measured(asked)),), finish=_deviation)


def descriptive_stats(asked: Asked) -> Reduction:
    """GX's four numbers of a column of numbers; what too few values do not have is NaN, as pandas has it."""
    parts = [one(asked) for one in (minimum, maximum, mean, standard_deviation)]

    def described(*answers: Any) -> Any:
        from great_expectations.metrics.column.descriptive_stats import DescriptiveStats

        left = iter(answers)
        found = [part.finish(*islice(left, len(part.needs))) for part in parts]
        low, high, middle, spread = (math.nan if one is None else one for one in found)
        return DescriptiveStats(min=low, max=high, mean=middle, standard_deviation=spread)

    return Reduction(needs=tuple(need for part in parts for need in part.needs), finish=described)


def median(asked: Asked) -> Reduction:
    _sortable(asked)
    values = _values(asked)
    middle = values.median()
    if asked.dtype().is_float():  # Polars' own subtracts the two in the middle, and infinite ones have no difference
        middle = (values.quantile(0.5, "lower") + values.quantile(0.5, "higher")) / 2
    return Reduction(needs=(Whole(expr=middle),), finish=plain_number)


def quantiles(asked: Asked) -> Reduction:
    """Quantiles as numpy defines them; none has a value where there are no values."""
    import polars as pl

    _sortable(asked)
    how = asked.arguments.get("allow_relative_error") or "nearest"
    if how not in _INTERPOLATIONS:
        raise CannotEvaluateError(f"allow_relative_error: {how} is none of {', '.join(_INTERPOLATIONS)}")
    given = asked.arguments.get("quantiles")
    if given is None:
        raise CannotEvaluateError("quantiles are not given")
    wanted = [plain(share) for share in given]
    if not wanted:
        return Reduction(needs=(added(pl.len()),), finish=lambda _: [])
    if not all(isinstance(share, int | float) and 0 <= share <= 1 for share in wanted):
        raise CannotEvaluateError("quantiles must be numbers from 0 to 1")
    values = _values(asked).drop_nulls().sort()
    if asked.dtype() == pl.Boolean and how in ("linear", "midpoint"):  # as 0 and 1: truth has nothing in between
        values = values.cast(pl.Int8)
    found = [_at(values, float(share), how, asked.dtype()).alias(str(index)) for index, share in enumerate(wanted)]
    return Reduction(
        needs=(Whole(expr=pl.struct(found)),), finish=lambda row: [plain_number(value) for value in row.values()]
    )


def outlier_statistics(asked: Asked) -> Reduction:
    """GX's triple: lower reference, upper reference, spread; None where the values give none."""
    import polars as pl

    low, high, spread = _outlier_window(asked)
    if asked.dtype() in _wide():
        low, high = (one + _taken_off(asked).cast(pl.Float64) for one in (low, high))
    return Reduction(
        needs=(Whole(expr=pl.struct(low.alias("low"), high.alias("high"), spread.alias("spread"))),),
        finish=_gx_statistics,
    )


def is_no_outlier(asked: Asked) -> pl.Expr:
    """Within the window that the column's own values set. Without a window no value is an outlier."""
    import polars as pl

    multiplier = asked.arguments.get("multiplier")
    reach = 1.5 if multiplier is None else float(multiplier)
    low, high, spread = _outlier_window(asked)
    threshold = spread * reach
    column = _told_apart(asked.column(), asked)
    if (asked.arguments.get("method") or "iqr") == "iqr":
        inside = (column >= low - threshold) & (column <= high + threshold)
    else:
        inside = pl.when(threshold <= 0).then(column == low).otherwise((column - low).abs() < threshold)
    known = low.is_finite() & high.is_finite() & spread.is_finite()
    return pl.when(known.fill_null(False)).then(inside).otherwise(pl.lit(True))


def z_score_under(asked: Asked) -> pl.Expr:
    """A z-score below the threshold; one that is undefined meets it, as in GX."""
    import polars as pl

    threshold = asked.given("threshold")
    values = _told_apart(asked.picked(), asked)
    spread = _spread(values)
    score = (_told_apart(asked.column(), asked) - _middle(values)) / spread
    both = asked.arguments.get("double_sided", True)
    under = score.abs() < abs(threshold) if both else score < threshold
    undefined = score.is_nan() | (spread == 0)
    return pl.when(undefined.fill_null(True)).then(pl.lit(True)).otherwise(under)


def _outlier_window(asked: Asked) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    method = asked.arguments.get("method") or "iqr"
    if method not in _OUTLIER_METHODS:
        raise CannotEvaluateError(f"method: {method} is none of {', '.join(_OUTLIER_METHODS)}")
    if asked.dtype().is_temporal() or asked.dtype().is_nested():
        raise CannotEvaluateError(f"a column of type {asked.dtype()} has no numbers to find outliers among")
    values = _told_apart(asked.picked(), asked)
    if method == "std":
        return _middle(values), _middle(values), _spread(values)
    ordered = values.drop_nulls().sort()
    low, high = (_at(ordered, share, "linear", asked.dtype()) for share in (0.25, 0.75))
    return low, high, high - low


def _middle(values: pl.Expr) -> pl.Expr:
    """The mean, which rounding must not carry beyond the least or the greatest value."""
    return values.mean().clip(values.min(), values.max())


def _spread(values: pl.Expr) -> pl.Expr:
    """The sample's standard deviation, which rounding must not give to values that are all the same."""
    import polars as pl

    return values.std() * (values.min() != values.max()).cast(pl.Float64)


def _at(ordered: pl.Expr, share: float, how: str, dtype: pl.DataType) -> pl.Expr:
    """One quantile of sorted values. numpy's "nearest" takes the even neighbour of a half, Polars' the higher."""
    import polars as pl

    place = (ordered.len().cast(pl.Float64) - 1.0) * share
    below = place.floor().clip(lower_bound=0).cast(pl.Int64)
    above = place.ceil().clip(lower_bound=0).cast(pl.Int64)
    if how in ("lower", "higher", "nearest"):
        index = {"lower": below, "higher": above}.get(how)
        if index is None:
            index = place.round(mode="half_to_even").clip(lower_bound=0).cast(pl.Int64)
        return ordered.get(index, null_on_oob=True)
    low, high = (ordered.get(index, null_on_oob=True) for index in (below, above))
    weight = pl.lit(0.5) * (place != below) if how == "midpoint" else place - below
    if dtype.is_temporal():
        return low + ((high - low).cast(pl.Int64) * weight).round().cast(pl.Int64).cast(pl.Duration("us"))
    nearer_low, nearer_high = low + (high - low) * weight, high - (high - low) * (1 - weight)  # numpy's, for infinities
    between = pl.when(weight < 0.5).then(nearer_low).otherwise(nearer_high)
    return pl.when(weight == 0).then(low.cast(pl.Float64)).otherwise(between)


def _values(asked: Asked) -> pl.Expr:
    import polars as pl

    values = asked.picked()
    if asked.dtype() == pl.Date:
        return values.cast(pl.Datetime("us"))
    return _as_float(values, asked.dtype()) if asked.dtype().is_decimal() else values


def _measured(asked: Asked) -> pl.Expr:
    """The values that count as floats. Raises: CannotEvaluateError if they are no numbers."""
    return _as_float(asked.picked(), asked.dtype())


def _told_apart(values: pl.Expr, asked: Asked) -> pl.Expr:
    """Values as floats, less what is taken off all of them. Raises: CannotEvaluateError if they are no numbers."""
    import polars as pl

    if asked.dtype() not in _wide():
        return _as_float(values, asked.dtype())
    return (values.cast(pl.Int128) - _taken_off(asked)).cast(pl.Float64)


def _taken_off(asked: Asked) -> pl.Expr:
    """The least of a column's whole numbers if there are some that floats do not tell apart, else nothing."""
    import polars as pl

    values = asked.picked()
    far = (values.max() > _EXACT) | (values.min() < -_EXACT)
    return pl.when(far).then(values.min().cast(pl.Int128)).otherwise(pl.lit(0, dtype=pl.Int128))


def _wide() -> tuple[pl.DataType, ...]:
    import polars as pl

    return pl.Int64(), pl.UInt64()


def _as_float(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    import polars as pl

    if dtype.is_temporal():
        return values.to_physical().cast(pl.Float64)
    if dtype.is_numeric() or dtype in (pl.Boolean, pl.Null):
        return values.cast(pl.Float64)
    raise CannotEvaluateError(f"a column of type {dtype} holds no numbers")


def _sortable(asked: Asked) -> None:
    import polars as pl

    dtype = asked.dtype()
    if not (dtype.is_numeric() or dtype.is_temporal() or dtype in (pl.Boolean, pl.Null)):
        raise CannotEvaluateError(f"a column of type {dtype} holds no numbers")


def _deviation(moments: dict[str, Any]) -> float | None:
    if moments["n"] < 2 or math.isnan(moments["square"]):
        return None
    return math.sqrt(moments["square"] / (moments["n"] - 1))


def _gx_statistics(row: dict[str, Any]) -> Any:
    from great_expectations.expectations.metrics.column_aggregate_metrics.column_outlier_statistics import (
        OutlierStatistics,
    )

    low, high, spread = (None if value is None or not math.isfinite(value) else float(value) for value in row.values())
    return OutlierStatistics(lower_reference=low, upper_reference=high, spread=spread)
