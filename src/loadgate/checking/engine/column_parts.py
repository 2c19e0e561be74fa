"""What a row_condition takes of a column's values before it compares them: a text's length, a moment's year."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.patterns import polars_pattern, python_test
from loadgate.checking.engine.short_texts import asked_of
from loadgate.checking.engine.verdicts import Verdicts

if TYPE_CHECKING:
    import polars as pl

_WHITE: Final = "".join(character for character in map(chr, range(0x3001)) if character.isspace())  # as Python has it
_TEXT: Final = "String"
_NUMBER: Final = "Int64"  # as in pandas: lengths and years are computed with


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """How a part is taken, and the name of its Polars type."""

    take: Callable[[pl.Expr], pl.Expr]
    dtype: str


PARTS: Final[Mapping[str, _Part]] = {
    "str.len": _Part(take=lambda texts: texts.str.len_chars(), dtype=_NUMBER),
    "str.lower": _Part(take=lambda texts: texts.str.to_lowercase(), dtype=_TEXT),
    "str.upper": _Part(take=lambda texts: texts.str.to_uppercase(), dtype=_TEXT),
    "str.strip": _Part(take=lambda texts: texts.str.strip_chars(_WHITE), dtype=_TEXT),
    "str.lstrip": _Part(take=lambda texts: texts.str.strip_chars_start(_WHITE), dtype=_TEXT),
    "str.rstrip": _Part(take=lambda texts: texts.str.strip_chars_end(_WHITE), dtype=_TEXT),
    "dt.year": _Part(take=lambda days: days.dt.year(), dtype=_NUMBER),
    "dt.quarter": _Part(take=lambda days: days.dt.quarter(), dtype=_NUMBER),
    "dt.month": _Part(take=lambda days: days.dt.month(), dtype=_NUMBER),
    "dt.day": _Part(take=lambda days: days.dt.day(), dtype=_NUMBER),
    "dt.hour": _Part(take=lambda moments: moments.dt.hour(), dtype=_NUMBER),
    "dt.minute": _Part(take=lambda moments: moments.dt.minute(), dtype=_NUMBER),
    "dt.day_of_week": _Part(take=lambda days: days.dt.weekday() - 1, dtype=_NUMBER),
    "dt.weekday": _Part(take=lambda days: days.dt.weekday() - 1, dtype=_NUMBER),
    "dt.dayofweek": _Part(take=lambda days: days.dt.weekday() - 1, dtype=_NUMBER),
}
CONTAINS: Final = "contains"
CONTAINS_TEXT: Final = "contains text"
STARTS: Final = "startswith"
ENDS: Final = "endswith"
MATCHES: Final = "match"
MATCHES_ALL: Final = "fullmatch"
_AROUND: Final = {CONTAINS: ("", ""), MATCHES: (r"\A(?:", ")"), MATCHES_ALL: (r"\A(?:", r")\z")}
_IN_PYTHON: Final[Mapping[str, Literal["search", "match", "fullmatch"]]] = {
    CONTAINS: "search",
    MATCHES: "match",
    MATCHES_ALL: "fullmatch",
}


def take_parts(column: pl.Expr, dtype: pl.DataType, parts: Iterable[str], *, name: str) -> tuple[pl.Expr, pl.DataType]:
    """Take parts, one of the other. Raises: CannotEvaluateError if the column's type has no such part."""
    import polars as pl

    for part in parts:
        about = part.partition(".")[0]
        column = _readable(column, dtype, about, name=name)
        dtype = getattr(pl, PARTS[part].dtype)()
        column = PARTS[part].take(column).cast(dtype)
    return column, dtype


def text_meets(column: pl.Expr, dtype: pl.DataType, test: str, wanted: Any, *, name: str) -> pl.Expr:
    """Ask a text for what it begins with, ends with or holds: null where there is none.

    Raises: CannotEvaluateError if the column holds no texts, or the pattern cannot be used.
    """
    import polars as pl

    texts = _readable(column, dtype, "str", name=name)
    if test == CONTAINS_TEXT:
        return texts.str.contains(wanted, literal=True)
    if test in (STARTS, ENDS):
        ask = texts.str.starts_with if test == STARTS else texts.str.ends_with
        return pl.any_horizontal([ask(one) for one in wanted])
    before, after = _AROUND[test]
    try:
        re.compile(wanted)
    except (re.error, OverflowError, RecursionError):
        raise CannotEvaluateError(f"the pattern that its row_condition has for {name} is malformed") from None
    written = polars_pattern(before + wanted + after)
    if written is not None:
        return texts.str.contains(written)
    return asked_of(texts, Verdicts(python_test(wanted, columns=name, how=_IN_PYTHON[test])), at_once=False)


def _readable(column: pl.Expr, dtype: pl.DataType, about: str, *, name: str) -> pl.Expr:
    import polars as pl

    if dtype == pl.Null:
        return column.cast(pl.String if about == "str" else pl.Datetime)
    if about == "str" and dtype not in (pl.String, pl.Categorical, pl.Enum):
        raise CannotEvaluateError(f"its row_condition asks .str of column {name} ({dtype}), which holds no texts")
    if about == "dt" and dtype not in (pl.Date, pl.Datetime):
        raise CannotEvaluateError(
            f"its row_condition asks .dt of column {name} ({dtype}), which holds neither days nor moments"
        )
    return column
