"""Many columns enter, with what is asked of a row's values together; leaves it as one expression, worked out in steps.

Polars needs time with the square of an expression's depth, and values compared in pairs are as many as the square of
the columns. So a sum takes a few columns at a time, in their order, which is what `a + b + c` does, and values that are
to differ are sorted row by row. What either means is the same for few columns and for many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import combinations
from operator import add
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.literals import is_text

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

MANY: Final = 32
"""From so many columns on it takes less time to work in steps, of long tables too."""
_STEP: Final = 32
_CELLS: Final = 2_000_000  # values that are sorted at a time
_LEAST: Final = -(2**63)

Part = Callable[["pl.Expr", int], "pl.Expr"]
"""Makes of a column, and its place, what is added."""
Places = dict["pl.DataType", list[int]]
"""Per type the places of its columns."""
Kin = tuple["pl.DataType", "pl.DataType", "pl.DataType"]
"""Two types of one family, and the one in which their values are compared."""


def sum_of(values: Sequence[pl.Expr], part: Part, *, dtype: pl.DataType) -> pl.Expr:
    """Add many columns from left to right; `dtype` is the sum's."""
    import polars as pl

    return pl.map_batches(list(values), lambda columns: _added(columns, part), return_dtype=dtype, is_elementwise=True)


def type_of_sum(types: Sequence[pl.DataType], part: Part) -> pl.DataType:
    """The type of such a sum of columns of these types. Raises: PolarsError if they cannot be added."""
    import polars as pl

    return _added([pl.Series(dtype=dtype) for dtype in types], part).dtype


def _added(columns: Sequence[pl.Series], part: Part) -> pl.Series:
    import polars as pl

    total: list[pl.Series] = []
    for first in range(0, len(columns), _STEP):
        places = range(first, min(first + _STEP, len(columns)))
        rows = pl.DataFrame([*total, *(columns[place].alias(str(place)) for place in places)])
        parts = [part(pl.col(str(place)), place) for place in places]
        before = [pl.col(one.name) for one in total]
        total = [rows.select(reduce(add, (*before, *parts)).alias("total")).to_series()]
    return total[0]


def family(dtype: pl.DataType) -> str:
    """The kind of values: only those of one kind can be the same."""
    import polars as pl

    if dtype.is_numeric() or dtype == pl.Boolean:
        return "number"
    if dtype in (pl.Date, pl.Datetime):
        return f"moment {getattr(dtype, 'time_zone', None)}"
    if is_text(dtype):
        return "text"
    return str(dtype.base_type()).lower()


def as_kin(values: Sequence[pl.Expr], types: Sequence[pl.DataType]) -> tuple[list[pl.Expr], list[pl.DataType]]:
    """Read truth as 0 and 1 beside decimals, with which Polars compares numbers only, and days as their midnights.

    Beside moments Polars would count them in the same unit, and in nanoseconds the year 9999 is a missing value.
    """
    import polars as pl

    read: dict[pl.DataType, pl.DataType] = {}
    if any(dtype.is_decimal() for dtype in types):
        read[pl.Boolean()] = pl.Int8()
    if any(isinstance(dtype, pl.Datetime) for dtype in types):
        read[pl.Date()] = pl.Datetime("us")
    wanted = [read.get(dtype, dtype) for dtype in types]
    return [
        value if new == dtype else value.cast(new) for value, dtype, new in zip(values, types, wanted, strict=True)
    ], wanted


def can_be_sorted(types: Sequence[pl.DataType]) -> bool:
    """Whether the values of such columns can be told apart by sorting them."""
    import polars as pl

    if any(dtype.is_nested() or dtype == pl.Object for dtype in types):
        return False
    return all(_compared_as(one, other) is not None for one, other in _kin(_places(types)))


def all_differ(values: Sequence[pl.Expr], types: Sequence[pl.DataType]) -> pl.Expr:
    """True where no two of many values are the same; two missing ones are. `types` are those that can be sorted.

    Values of one type are compared with each other, and then types with each other: there, each pair of types is
    compared as Polars does it, which for whole numbers and floats is as floats, beyond what these can tell apart.
    """
    import polars as pl

    places = _places(types)
    kin = [(one, other, dtype) for one, other in _kin(places) if (dtype := _compared_as(one, other)) is not None]

    def differ(columns: Sequence[pl.Series]) -> pl.Series:
        rows = len(columns[0])
        step = max(1, _CELLS // len(columns))
        pieces = [
            _differ([column.slice(first, step) for column in columns], places, kin)
            for first in range(0, max(rows, 1), step)
        ]
        return pl.concat(pieces)

    return pl.map_batches(list(values), differ, return_dtype=pl.Boolean, is_elementwise=True)


def _places(types: Sequence[pl.DataType]) -> Places:
    import polars as pl

    found: Places = {}
    for place, dtype in enumerate(types):
        if dtype != pl.Null:
            found.setdefault(dtype, []).append(place)
    return found


def _kin(places: Places) -> list[tuple[pl.DataType, pl.DataType]]:
    return [(one, other) for one, other in combinations(places, 2) if family(one) == family(other)]


def _compared_as(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    """The type in which Polars compares two others; None if it does not."""
    import polars as pl

    rows = pl.DataFrame(schema={"one": one, "other": other})
    try:
        rows.select(pl.col("one").eq_missing(pl.col("other")))
        return rows.select(pl.coalesce("one", "other")).dtypes[0]
    except pl.exceptions.PolarsError:
        return None


def _differ(columns: Sequence[pl.Series], places: Places, kin: Sequence[Kin]) -> pl.Series:
    """Tell of a few rows."""
    import numpy as np
    import polars as pl

    there, distinct = np.zeros(len(columns[0]), dtype=np.int64), np.zeros(len(columns[0]), dtype=np.int64)
    for those in places.values():
        values, different = _counted([columns[place] for place in those])
        there += values
        distinct += different
    met = (there >= len(columns) - 1) & (distinct == there)
    for one, other, dtype in kin:
        left = [columns[place].cast(dtype) for place in places[one]]
        right = [columns[place].cast(dtype) for place in places[other]]
        met &= _counted([*left, *right])[1] == _counted(left)[1] + _counted(right)[1]
    return pl.Series(met, dtype=pl.Boolean)


def _counted(columns: Sequence[pl.Series]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """How many values each row has in columns of one type, and how many different ones."""
    import numpy as np
    import polars as pl

    values = pl.concat(columns)
    if values.dtype == pl.String:
        numbers = _by_place(_hashed(values), len(columns))
        found = _counted_in(numbers)
        if _clashes_are_equal(values, numbers, np.flatnonzero(found[1] < found[0])):
            return found
    return _counted_in(_by_place(_numbered(values), len(columns)))


def _by_place(numbers: pl.Series, columns: int) -> np.ndarray[Any, Any]:
    """Put a row's numbers side by side."""
    import numpy as np

    return np.array(numbers.to_numpy().reshape(columns, -1).T, order="C")


def _counted_in(numbers: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    import numpy as np

    rows = np.sort(numbers, axis=1)
    there = rows != _LEAST
    new = there[:, :1].sum(axis=1) + (there[:, 1:] & (rows[:, 1:] != rows[:, :-1])).sum(axis=1)
    return there.sum(axis=1), new


def _hashed(texts: pl.Series) -> pl.Series:
    """Texts that differ may in theory share a hash: see _clashes_are_equal."""
    import polars as pl

    numbers = texts.hash().reinterpret(signed=True)
    return numbers.zip_with(texts.is_not_null(), pl.Series([_LEAST], dtype=pl.Int64))


def _clashes_are_equal(texts: pl.Series, numbers: np.ndarray[Any, Any], rows: np.ndarray[Any, Any]) -> bool:
    """Whether in each of these rows, where numbers meet, the first two that do are of equal texts.

    That is all that has to be known of a row. A missing text has the least number, which a hash may be, too, and then
    rows with one look as if nothing met.
    """
    import numpy as np

    if (numbers == _LEAST).sum() != texts.null_count():
        return False
    if not len(rows):
        return True
    order = np.argsort(numbers[rows], axis=1)
    found = np.take_along_axis(numbers[rows], order, axis=1)
    meet = (found[:, 1:] == found[:, :-1]) & (found[:, 1:] != _LEAST)
    first = meet.argmax(axis=1)[:, None]
    left, right = (np.take_along_axis(order, first + step, axis=1)[:, 0] * len(numbers) + rows for step in (0, 1))
    return bool((texts.gather(left) == texts.gather(right)).all())


def _numbered(values: pl.Series) -> pl.Series:
    """Give equal values equal whole numbers, and missing ones the least of all."""
    import numpy as np
    import polars as pl

    if values.dtype.is_float():  # by their bits: those of -0.0, which numpy adds up to 0.0, are the least number
        bits = (values.cast(pl.Float64).fill_null(0.0).to_numpy() + 0.0).view(np.int64)
        bits[values.is_null().to_numpy()] = _LEAST
        return pl.Series(bits)
    plain = values.to_physical()
    if plain.dtype.is_integer() or plain.dtype == pl.Boolean:
        numbers = plain.cast(pl.Int64, strict=False)
        if numbers.null_count() == plain.null_count() and numbers.min() != _LEAST:
            return numbers.fill_null(_LEAST)
    return values.rank("dense").cast(pl.Int64).fill_null(_LEAST)
