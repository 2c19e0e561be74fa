"""Values from a suite (JSON, YAML) enter with a column's type; they leave as what that column can be compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.faults import CannotEvaluateError

if TYPE_CHECKING:
    import polars as pl


class _Unfit:
    """A value that no row of the column can ever equal."""


UNFIT: Final = _Unfit()
EXACT: Final = 2**53  # up to here a float holds every whole number
_DIGITS: Final = 38  # of Polars' decimals
_WIDE: Final = Context(prec=100)  # Python's own cuts a decimal to 28 digits
_PYTHON_S_OWN: Final = frozenset((int, float, str, bool, Decimal, dt.date, dt.datetime, dt.time, dt.timedelta, bytes))
_OF_NANOSECONDS: Final = range(1678, 2262)  # years that 64 bits hold whole
_INFINITE: Final = (float("inf"), float("-inf"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedSet:
    """A value set as a column of some type can hold it; `written` has each value as written beside its fitted form."""

    values: tuple[Any, ...]
    written: tuple[tuple[Any, Any], ...]
    series: pl.Series

    def absent(self, found: Collection[Any]) -> list[Any]:
        """List the values, as written, that are not among those found; one that does not fit never is."""
        return [value for value, fitted in self.written if fitted is UNFIT or fitted not in found]


def fit_set(values: Iterable[Any], dtype: pl.DataType) -> FittedSet:
    """Fit a value set to a column. A null is no row's value, and duplicates are counted once, as GX does.

    Raises: CannotEvaluateError if the column holds Python's objects, which Polars cannot compare with anything, or a
    value is itself a list.
    """
    import polars as pl

    if dtype == pl.Object:
        raise CannotEvaluateError(f"a set of values cannot be compared with a column of type {dtype}")
    try:
        written = tuple((value, fit(value, dtype)) for value in dict.fromkeys(values))
    except TypeError:  # it has no hash, or is no set at all
        raise CannotEvaluateError(
            "a set of values must be a list of single values, and holds lists or mappings, or is none"
        ) from None
    usable = tuple(dict.fromkeys(fitted for _, fitted in written if fitted is not UNFIT))
    series = _held(usable, as_read(dtype))
    return FittedSet(values=usable, written=written, series=series)


def _held(values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    """Those of the values that a column of this type has room for; no row can equal the others.

    Moments that count nanoseconds have none for the year 9999.
    """
    import polars as pl

    try:
        return pl.Series("values", values, dtype=dtype)
    except pl.exceptions.PolarsError:
        parts = [_held((value,), dtype) for value in values] if len(values) > 1 else []
        return pl.concat([pl.Series("values", [], dtype=dtype), *parts])


def bound(value: Any, dtype: pl.DataType) -> pl.Expr:
    """Make a limit that a column of this type can be compared with.

    A whole number is compared as an integer and a decimal exactly, although GX hands both over as floats. From 2 to the
    53rd on a float may stand for another whole number than the suite has: such a one is compared as a float, as in GX.
    Raises: CannotEvaluateError if the two have no order between them.
    """
    import polars as pl

    value = plain(value)
    if dtype.is_decimal() and _is_number(value):
        return pl.lit(_limit_of_decimals(value, dtype))
    if dtype.is_numeric() and isinstance(value, float) and value in _INFINITE:
        return pl.lit(value)
    if dtype.is_numeric() and _is_number(value):
        most = EXACT if isinstance(value, float) else 2**63
        return pl.lit(int(value) if _is_whole(value) and abs(value) < most else value)
    if dtype in (pl.Time, pl.Duration):
        fitted = fit(value, dtype)
        if fitted is not UNFIT:
            return pl.lit(fitted, dtype=dtype)
    elif dtype.is_temporal() and isinstance(value, dt.date | str):
        moment = _moment(value)
        if moment is not None:
            return _moment_literal(_day_or_moment(moment, dtype), dtype)
    if (is_text(dtype) and isinstance(value, str)) or (dtype == pl.Boolean and isinstance(value, bool)):
        return pl.lit(value)
    if dtype == pl.Null:
        return pl.lit(None)
    if isinstance(value, str) and dtype.is_temporal():
        raise CannotEvaluateError(
            f"a limit that is a text, and not in ISO 8601 (2024-01-31, 2024-01-31T12:00:00), cannot be compared with a "
            f"column of type {dtype}"
        )
    raise CannotEvaluateError(
        f"a limit of type {type(value).__name__} cannot be compared with a column of type {dtype}"
    )


def fit(value: Any, dtype: pl.DataType) -> Any:
    """Convert one value to the Python type in which Polars holds this column, or UNFIT."""
    import polars as pl

    value = plain(value)
    if dtype.is_integer():
        return int(value) if _is_number(value) and _is_whole(value) and _in_range(int(value), dtype) else UNFIT
    if dtype.is_float():
        return float(value) if _is_number(value) or value in _INFINITE else UNFIT
    if isinstance(dtype, pl.Decimal):
        return _fit_decimal(value, dtype)
    if is_text(dtype):
        return value if isinstance(value, str) else UNFIT
    if dtype == pl.Boolean:
        return bool(value) if value in (0, 1) else UNFIT
    if dtype in (pl.Date, pl.Datetime):
        return _fit_moment(value, dtype)
    if dtype == pl.Time:
        return _fit_time(value)
    if dtype == pl.Duration:
        return value if isinstance(value, dt.timedelta) else UNFIT
    if dtype == pl.Binary:
        return value if isinstance(value, bytes) else UNFIT
    return UNFIT


def plain(value: Any) -> Any:
    """What a value of numpy or pandas is to Python, to the microsecond; one that is missing is None."""
    if type(value) in _PYTHON_S_OWN:  # most are, and a set may have a hundred thousand
        return value
    import numpy as np

    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if not isinstance(value, np.generic):
        return value
    if isinstance(value, np.datetime64 | np.timedelta64):
        value = value.astype(f"{'datetime' if isinstance(value, np.datetime64) else 'timedelta'}64[us]")
    return value.item()


def _fit_decimal(value: Any, dtype: pl.Decimal) -> Any:
    if not _is_number(value):
        return UNFIT
    try:
        exact = _as_decimal(value)
        rounded = exact.quantize(Decimal(1).scaleb(-dtype.scale), context=_WIDE)
    except InvalidOperation:
        return UNFIT
    return rounded if rounded == exact and rounded.adjusted() < dtype.precision - dtype.scale else UNFIT


def _fit_moment(value: Any, dtype: pl.DataType) -> Any:
    import polars as pl

    moment = _moment(value) if isinstance(value, dt.date | str) else None
    if moment is None:
        return UNFIT
    if dtype == pl.Date:
        if not isinstance(moment, dt.datetime):
            return moment
        return moment.date() if moment.time() == dt.time() and moment.tzinfo is None else UNFIT
    return _zoned(moment, dtype)


def _fit_time(value: Any) -> Any:
    """A time of day, or the text that it is in a stored suite."""
    if isinstance(value, str):
        try:
            value = dt.time.fromisoformat(value)
        except ValueError:
            return UNFIT
    return value if isinstance(value, dt.time) and value.tzinfo is None else UNFIT


def _moment(value: dt.date | str) -> dt.date | None:
    """Read ISO 8601 only: GX's own parser takes "5" for the fifth of the current month."""
    if not isinstance(value, str):
        return value
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError:
        return None


def _limit_of_decimals(value: Any, dtype: pl.DataType) -> Decimal | float:
    """The very decimal that is written; or the float next to it, where no type has room for both it and the column."""
    held: Any = dtype
    exact = _as_decimal(value)
    exponent = exact.as_tuple().exponent
    after = max(held.scale, -exponent) if isinstance(exponent, int) else 0
    before = max(held.precision - held.scale, exact.adjusted() + 1)
    return exact if exact.is_finite() and before + after <= _DIGITS else float(exact)


def _as_decimal(value: Any) -> Decimal:
    """The decimal that is written; truth is 0 or 1, as in Python."""
    return Decimal(int(value)) if isinstance(value, bool) else Decimal(str(value))


def _moment_literal(moment: dt.date, dtype: pl.DataType) -> pl.Expr:
    """Make a literal of a day or moment; one with a zone by way of UTC, where each exists, once, in any year.

    For a column of nanoseconds it counts these, if it can: beside microseconds Polars cuts the column's values.
    """
    import polars as pl

    if not isinstance(moment, dt.datetime):
        return pl.lit(moment)
    zone = getattr(dtype, "time_zone", None)
    offset = moment.utcoffset() or dt.timedelta()
    there = pl.lit(moment.replace(tzinfo=None))
    if zone is not None:
        there -= pl.lit(offset)  # Polars' years go on where Python's end
    if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns" and moment.year in _OF_NANOSECONDS:
        there = there.dt.cast_time_unit("ns")
    return there if zone is None else there.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)


def _day_or_moment(moment: dt.date, dtype: pl.DataType) -> dt.date:
    """Make what a column is compared with; a column of days with a day where that says the same, for it is not cast."""
    import polars as pl

    if dtype == pl.Date and not isinstance(moment, dt.datetime):
        return moment
    zoned = _zoned(moment, dtype)
    return zoned.date() if dtype == pl.Date and zoned.time() == dt.time() else zoned


def _zoned(moment: dt.date, dtype: pl.DataType) -> dt.datetime:
    """Take a day for its midnight; give a moment the column's zone, or take its zone away if the column has none."""
    from zoneinfo import ZoneInfo

    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, dt.time())
    zone = getattr(dtype, "time_zone", None)
    if zone is None:
        return moment.replace(tzinfo=None)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    try:
        return moment.astimezone(dt.UTC).astimezone(ZoneInfo(zone))  # by UTC, since a clock put forward skips an hour
    except OverflowError:  # it is in the first or last hours that Python knows
        return moment


def as_read(dtype: pl.DataType) -> pl.DataType:
    """The type of a column of this type once it is read, see conditions.readable."""
    import polars as pl

    return pl.String() if is_text(dtype) else dtype


def is_text(dtype: pl.DataType) -> bool:
    """Whether a column of this type holds texts, be they numbered."""
    import polars as pl

    return dtype in (pl.String, pl.Categorical, pl.Enum)


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return value == value and value not in (float("inf"), float("-inf"))
    return isinstance(value, int | Decimal)


def _is_whole(value: Any) -> bool:
    return bool(value == int(value))


def _in_range(value: int, dtype: pl.DataType) -> bool:
    low, high = _range_of(dtype)
    return low <= value <= high


@lru_cache(maxsize=32)
def _range_of(dtype: pl.DataType) -> tuple[int, int]:
    """The least and greatest whole number of a type; found out once, for a set may have a hundred thousand values."""
    import polars as pl

    whole: Any = dtype
    return pl.select(low=whole.min(), high=whole.max()).row(0)
