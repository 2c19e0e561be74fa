"""Lines of a suite that came without columns in; out, the columns that they name, each of the type it seems to have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from loadgate.model.conditions import All, Among, Compare, Condition, Not
from loadgate.model.conditions import Any as AnyOf
from loadgate.model.conditions import columns as condition_columns
from loadgate.model.expected import Column, ColumnType, ExpectationLine

_NAMED = ("column", "column_A", "column_B", "column_list", "column_set")
_SAID = {
    ColumnType.INTEGER: ("int", "bigint", "smallint", "tinyint", "long", "uint"),
    ColumnType.DECIMAL: ("float", "double", "decimal", "numeric", "number", "real"),
    ColumnType.TIMESTAMP: ("timestamp", "datetime"),
    ColumnType.DATE: ("date",),
    ColumnType.BOOLEAN: ("bool",),
    ColumnType.TEXT: ("str", "text", "varchar", "char", "nvarchar", "object", "utf8"),
}
_OF_NUMBERS = ("_mean_", "_median_", "_stdev_", "_sum_", "_quantile_", "z_score", "_outliers", "kl_divergence")
_OF_TEXTS = ("regex", "like_pattern", "strftime", "dateutil", "json", "value_lengths")
_LIMITS = ("values_to_be_between", "column_min_to_be_between", "column_max_to_be_between")
SCALE = 6  # of a decimal whose places nobody tells: as many as there can be


def columns_of(lines: Sequence[ExpectationLine]) -> dict[str, Column]:
    """Every column that a line or its condition names, in order of appearance. What says nothing is text."""
    found: dict[str, list[ColumnType]] = {}
    for line in lines:
        for name in _names(line):
            found.setdefault(name, [])
        for name, kind in _told(line):
            found.setdefault(name, []).append(kind)
    return {name: _column(kinds) for name, kinds in found.items()}


def _names(line: ExpectationLine) -> Iterator[str]:
    for argument in _NAMED:
        value = line.kwargs.get(argument)
        yield from [value] if isinstance(value, str) else map(str, value) if isinstance(value, list | tuple) else ()
    if line.where is not None:
        yield from sorted(condition_columns(line.where))


def _column(kinds: Sequence[ColumnType]) -> Column:
    """What is said by a type, or by texts, decides; then what holds all of the values."""
    for kind in (ColumnType.TEXT, ColumnType.BOOLEAN, ColumnType.TIMESTAMP, ColumnType.DATE):
        if kind in kinds:
            return Column(type=kind)
    if ColumnType.DECIMAL in kinds:
        return Column(type=ColumnType.DECIMAL, scale=SCALE)
    return Column(type=kinds[0]) if kinds else Column()


def _told(line: ExpectationLine) -> Iterator[tuple[str, ColumnType]]:
    column = line.kwargs.get("column")
    if isinstance(column, str) and (kind := _of_line(line)) is not None:
        yield column, kind
    if line.where is not None:
        yield from _of_condition(line.where)


def _of_line(line: ExpectationLine) -> ColumnType | None:
    if any(part in line.type for part in _OF_TEXTS):
        return ColumnType.TEXT
    if any(part in line.type for part in _OF_NUMBERS):
        return ColumnType.DECIMAL
    told = line.kwargs.get("type_") or line.kwargs.get("type_list")
    if told:
        kinds = [_by_name(name) for name in (told if isinstance(told, list) else [told])]
        return next((kind for kind in kinds if kind is not None), None)
    if any(part in line.type for part in _LIMITS):
        limits = [line.kwargs[name] for name in ("min_value", "max_value") if line.kwargs.get(name) is not None]
        kind = _of_values(limits)
        return ColumnType.DECIMAL if kind is ColumnType.INTEGER else kind  # whole limits do not make whole values
    values = line.kwargs.get("value_set")
    return _of_values(values, dated=False) if isinstance(values, list) else None


def _of_condition(condition: Condition) -> Iterator[tuple[str, ColumnType]]:
    match condition:
        case Compare():
            kind = _of_values([condition.value], dated=False)
            if kind is not None:
                yield condition.column, ColumnType.DECIMAL if kind is ColumnType.INTEGER else kind
        case Among():
            kind = _of_values([*(condition.among or ()), *(condition.not_among or ())], dated=False)
            if kind is not None:
                yield condition.column, kind
        case All() | AnyOf():
            for part in condition.all if isinstance(condition, All) else condition.any:
                yield from _of_condition(part)
        case Not():
            yield from _of_condition(condition.negated)
        case _:
            return


def _by_name(name: object) -> ColumnType | None:
    word = str(name).casefold().rstrip("_0123456789").removesuffix("type")
    return next((kind for kind, words in _SAID.items() if word.startswith(words)), None)


def _of_values(values: Sequence[Any], *, dated: bool = True) -> ColumnType | None:
    present = [value for value in values if value is not None and not isinstance(value, dict)]
    if not present:
        return None
    if all(isinstance(value, bool) for value in present):
        return ColumnType.BOOLEAN
    if all(isinstance(value, int | float) for value in present):
        return ColumnType.INTEGER if all(isinstance(value, int) for value in present) else ColumnType.DECIMAL
    texts = [value for value in present if isinstance(value, str)]
    if dated and len(texts) == len(present) and all(map(_is_day, texts)):
        return ColumnType.TIMESTAMP if any("T" in text or " " in text for text in texts) else ColumnType.DATE
    return ColumnType.TEXT if texts else None


def _is_day(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
