"""One metric as asked enters; leaves a boolean expression: does this row meet the check?

A null answer is taken as "does not meet it", which only pair and multicolumn checks can give (GX pandas does the same).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce
from itertools import combinations
from operator import add, and_
from typing import TYPE_CHECKING, Any, Final, Literal

from loadgate.checking.engine.conditions import is_one_of
from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.faults import CannotEvaluateError, unusable_expression
from loadgate.checking.engine.literals import EXACT, as_read, bound
from loadgate.checking.engine.many_columns import (
    MANY,
    all_differ,
    as_kin,
    can_be_sorted,
    family,
    sum_of,
    type_of_sum,
)
from loadgate.checking.engine.patterns import polars_pattern, python_test
from loadgate.checking.engine.short_texts import ShapeTest, asked_of, read_shape
from loadgate.checking.engine.verdicts import Verdicts

if TYPE_CHECKING:
    import polars as pl


_CLOSED: Final[Mapping[tuple[bool, bool], Literal["both", "left", "right", "none"]]] = {
    (False, False): "both",
    (False, True): "left",
    (True, False): "right",
    (True, True): "none",
}
"""Which ends belong to a range, by whether its minimum and its maximum are strict."""


def is_null(asked: Asked) -> pl.Expr:
    return asked.column().is_null()


def is_not_null(asked: Asked) -> pl.Expr:
    return asked.column().is_not_null()


def in_set(asked: Asked) -> pl.Expr:
    return is_one_of(asked.column(), asked.dtype(), asked.given("value_set"), at_once=asked.at_once)


def not_in_set(asked: Asked) -> pl.Expr:
    return ~in_set(asked)


def between(asked: Asked) -> pl.Expr:
    low, high = asked.arguments.get("min_value"), asked.arguments.get("max_value")
    if low is not None and high is not None and _exceeds(low, high):
        raise CannotEvaluateError("min_value cannot be greater than max_value")
    return _within(asked.column(), asked.dtype(), asked)


def length_between(asked: Asked) -> pl.Expr:
    import polars as pl

    return _within(asked.text().str.len_chars(), pl.UInt32(), asked)


def length_equals(asked: Asked) -> pl.Expr:
    return asked.text().str.len_chars().eq(asked.given("value"))


def matches_regex(asked: Asked) -> pl.Expr:
    return _contains(asked, asked.given("regex"))


def matches_no_regex(asked: Asked) -> pl.Expr:
    return ~matches_regex(asked)


def matches_regex_list(asked: Asked) -> pl.Expr:
    return _matches(asked, asked.given("regex_list"))


def matches_no_regex_list(asked: Asked) -> pl.Expr:
    return ~_matches(asked, asked.given("regex_list"), match_on="any")


def matches_like(asked: Asked) -> pl.Expr:
    return _matches(asked, _likes(asked, [asked.given("like_pattern")]))


def matches_no_like(asked: Asked) -> pl.Expr:
    return ~matches_like(asked)


def matches_like_list(asked: Asked) -> pl.Expr:
    return _matches(asked, _likes(asked, asked.given("like_pattern_list")))


def matches_no_like_list(asked: Asked) -> pl.Expr:
    return ~_matches(asked, _likes(asked, asked.given("like_pattern_list")), match_on="any")


def is_unique(asked: Asked) -> pl.Expr:
    return ~key(asked).is_duplicated()


def increasing(asked: Asked) -> pl.Expr:
    previous = _previous(asked)
    column = asked.column()
    later = column > previous if asked.arguments.get("strictly") else column >= previous
    return later | previous.is_null()


def decreasing(asked: Asked) -> pl.Expr:
    previous = _previous(asked)
    column = asked.column()
    earlier = column < previous if asked.arguments.get("strictly") else column <= previous
    return earlier | previous.is_null()


def a_greater_than_b(asked: Asked) -> pl.Expr:
    if not _comparable(asked, 0, 1):  # Polars has an order between moments and floats
        raise CannotEvaluateError(f"columns of types {asked.dtype(0)} and {asked.dtype(1)} have no order between them")
    left, right = _pair(asked, 0, 1)
    return left >= right if asked.arguments.get("or_equal") else left > right


def a_equals_b(asked: Asked) -> pl.Expr:
    import polars as pl

    left, right = _pair(asked, 0, 1)
    return left == right if _comparable(asked, 0, 1) else pl.repeat(False, pl.len())


def pair_in_set(asked: Asked) -> pl.Expr:
    """True for rows whose two values are one of the pairs; a missing value is a value here, written as null."""
    import polars as pl

    pairs = asked.arguments.get("value_pairs_set")
    if pairs is None:
        return pl.repeat(True, pl.len())
    partners: dict[Any, list[Any]] = {}
    for left, right in pairs:
        partners.setdefault(left, []).append(right)
    met = [_stands(asked, 0, [left]) & _stands(asked, 1, rights) for left, rights in partners.items()]
    return pl.any_horizontal(met) if met else pl.repeat(False, pl.len())


def _stands(asked: Asked, index: int, values: list[Any]) -> pl.Expr:
    """True where a column holds one of the values; null, too, is one. Never null itself."""
    column = asked.column(index)
    there = [value for value in values if value is not None]
    found = is_one_of(column, asked.dtype(index), there, at_once=asked.at_once).fill_null(False)
    return found | column.is_null() if None in values else found


def sum_equals(asked: Asked) -> pl.Expr:
    import polars as pl

    types = [asked.dtype(index) for index in range(len(asked.columns))]
    total = _total(asked, types)
    wanted = asked.given("sum_total")
    if all(dtype.is_integer() for dtype in types) and isinstance(wanted, float) and abs(wanted) < EXACT:
        return total == (int(wanted) if wanted.is_integer() else wanted)  # else each sum would be made a float first
    if all(dtype.is_integer() or dtype.is_decimal() for dtype in types):
        wanted = bound(wanted, next((dtype for dtype in types if dtype.is_decimal()), pl.Int64()))
    return total.eq(wanted)


def _total(asked: Asked, types: list[pl.DataType]) -> pl.Expr:
    import polars as pl

    def part(column: pl.Expr, place: int) -> pl.Expr:
        return roomy(column, types[place])

    if len(types) < MANY:
        return reduce(add, [part(column, place) for place, column in enumerate(_columns(asked))])
    try:
        return sum_of(_columns(asked), part, dtype=type_of_sum([as_read(dtype) for dtype in types], part))
    except pl.exceptions.PolarsError as error:
        problem = error
    columns = ", ".join(f"{name} ({asked.schema[name]})" for name in dict.fromkeys(asked.columns))
    raise unusable_expression(problem, columns=columns)


def roomy(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Make whole numbers wide enough to be added: in narrow ones 100 + 100 is -56. Those of 64 bits are, as in GX."""
    import polars as pl

    if not dtype.is_integer() or dtype == pl.Int64:
        return column
    return column.cast(pl.Int128 if dtype in (pl.UInt64, pl.Int128) else pl.Int64)


def all_equal(asked: Asked) -> pl.Expr:
    import polars as pl

    return pl.all_horizontal([_same(asked, 0, other) for other in range(1, len(asked.columns))])


def all_different(asked: Asked) -> pl.Expr:
    import polars as pl

    columns, types = as_kin(_columns(asked), [as_read(asked.dtype(index)) for index in range(len(asked.columns))])
    if len(types) >= MANY and can_be_sorted(types):
        return all_differ(columns, types)
    return pl.all_horizontal([~_same(asked, left, right) for left, right in combinations(range(len(types)), 2)])


def _same(asked: Asked, left: int, right: int) -> pl.Expr:
    """True where two columns hold the same, or both nothing. Values of different kinds are never the same."""
    one, other = _pair(asked, left, right)
    if _comparable(asked, left, right):
        return one.eq_missing(other)
    return one.is_null() & other.is_null()


def _pair(asked: Asked, left: int, right: int) -> list[pl.Expr]:
    columns, _ = as_kin([asked.column(left), asked.column(right)], [asked.dtype(left), asked.dtype(right)])
    return columns


def _comparable(asked: Asked, left: int, right: int) -> bool:
    one, other = family(asked.dtype(left)), family(asked.dtype(right))
    return one == other or "null" in (one, other)


def key(asked: Asked) -> pl.Expr:
    """The asked columns as one value per row; rows that do not count can share a key only among themselves."""
    import polars as pl

    values = [column.alias(str(index)) for index, column in enumerate(_columns(asked))]
    return pl.struct(_members(asked).alias("counts"), *values)


def _columns(asked: Asked) -> list[pl.Expr]:
    return [asked.column(index) for index in range(len(asked.columns))]


def _members(asked: Asked) -> pl.Expr:
    import polars as pl

    return pl.lit(True) if asked.rows.members is None else asked.rows.members


def _previous(asked: Asked) -> pl.Expr:
    """The last value before this row in a row that counts."""
    import polars as pl

    earlier = pl.when(_members(asked)).then(asked.column()).forward_fill().shift(1)
    return earlier if asked.before is None else earlier.fill_null(asked.before)


def _exceeds(low: Any, high: Any) -> bool:
    """Whether limits are the wrong way round: no row could pass, so the suite means something else."""
    try:
        return bool(low > high)
    except TypeError:
        return False


def _within(value: pl.Expr, dtype: pl.DataType, asked: Asked) -> pl.Expr:
    low, high = asked.arguments.get("min_value"), asked.arguments.get("max_value")
    if low is None and high is None:
        raise CannotEvaluateError("neither min_value nor max_value is given")
    strict = bool(asked.arguments.get("strict_min")), bool(asked.arguments.get("strict_max"))
    if low is not None and high is not None and not dtype.is_decimal():  # at once: the value is worked out once
        return value.is_between(bound(low, dtype), bound(high, dtype), closed=_CLOSED[strict])
    limits = []
    if low is not None:
        limit = bound(low, dtype)
        limits.append(value > limit if asked.arguments.get("strict_min") else value >= limit)
    if high is not None:
        limit = bound(high, dtype)
        limits.append(value < limit if asked.arguments.get("strict_max") else value <= limit)
    return reduce(and_, limits)


def _matches(asked: Asked, patterns: list[str], *, match_on: str | None = None) -> pl.Expr:
    import polars as pl

    found = [_contains(asked, pattern) for pattern in patterns]
    how = match_on or asked.arguments.get("match_on") or "any"
    if how not in ("any", "all"):
        raise CannotEvaluateError(f"match_on: {how} is neither any nor all")
    return pl.any_horizontal(found) if how == "any" else pl.all_horizontal(found)


def _contains(asked: Asked, pattern: str) -> pl.Expr:
    """Search texts for a regex; one that only says which character may stand where is tested many times faster.

    What Polars cannot say, look-around for one, Python is asked, once for each distinct text.
    """
    import polars as pl

    written = polars_pattern(pattern)
    if written is None:
        told = f"{asked.columns[0]} ({asked.dtype()})"
        return asked_of(asked.text(), Verdicts(python_test(pattern, columns=told)), at_once=asked.at_once)
    shape = read_shape(written)
    if shape is None or asked.dtype() != pl.String:
        return asked.text().str.contains(written)
    return asked_of(asked.column(), ShapeTest(shape), at_once=asked.at_once)


def _likes(asked: Asked, patterns: list[str]) -> list[str]:
    return [like_to_regex(pattern, escape=asked.arguments.get("escape")) for pattern in patterns]


def like_to_regex(pattern: str, *, escape: str | None) -> str:
    """Translate an SQL LIKE pattern: % is any text, _ one character, the escape makes the next one plain."""
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if escape is not None and character == escape:
            parts.append(re.escape(next(characters, escape)))
        elif character == "%":
            parts.append(".*")
        else:
            parts.append("." if character == "_" else re.escape(character))
    return f"(?s)^{''.join(parts)}$"
