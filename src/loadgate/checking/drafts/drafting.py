"""What was counted of a file in; out, the expectations that a first suite could have, each with its evidence.

Evidence is counts. Values of the file stand in a draft only as limits, widened and rounded, and as small closed sets
of which each value came several times; of columns that look personal, in no form at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from loadgate.checking.drafts.personal import is_free, why_personal
from loadgate.checking.drafts.shapes import regex_of
from loadgate.checking.drafts.surveying import KEY_FROM_ROWS, Facts, Survey
from loadgate.model.expected import Column, ColumnType, ExpectationLine

RAREST = 3  # rows that each value of a proposed set has at least
SLACK = Decimal("0.1")  # of the span, on each side
_REACH = 3  # times as far out as the outermost values lie apart
_FEW_NUMBERS = 10  # different numbers that may be codes; more are an amount or a count
_SET_FROM_ROWS = 20
_RARER = 3  # rows that a value would have, as much rarer than the rarest as that is than the next
_LIMITS_FROM_VALUES = 20  # of fewer, limits would say which they are, and little about the next
_RISING_FROM_ROWS = 100
_MISSING_AT_MOST = 0.1
_KEYS_TOLD = 3
_LONGEST_TEXT = 200  # characters, beyond which a limit says nothing
_LARGEST_NUMBER = 10**18  # of which content can hold limits with slack
_PERIOD = re.compile(r"(?<![0-9])(19|20)[0-9]{2}(0[1-9]|1[0-2])?(?![0-9])")  # a year, or a year and a month, in a value
_DAYS = (ColumnType.DATE, ColumnType.WEEK, ColumnType.MONTH, ColumnType.QUARTER, ColumnType.YEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`columns` as they should stand in the suite; `remarks` by column say what was not proposed, and why."""

    columns: dict[str, Column]
    lines: tuple[ExpectationLine, ...]
    key: tuple[str, ...]
    remarks: dict[str, list[str]] = field(default_factory=dict)
    general: tuple[str, ...] = ()


def propose(columns: dict[str, Column], counted: Survey) -> Proposal:
    """Draw a suite. Every line of it holds for the rows that were counted."""
    rows, remarks = counted.rows, {name: list[str]() for name in columns}
    lines = [*_of_table(list(columns), rows)]
    drawn: dict[str, Column] = {}
    alone = {places[0] for places in counted.keys if len(places) == 1}
    for place, ((name, column), facts) in enumerate(zip(columns.items(), counted.facts, strict=True)):
        why = why_personal(name, column, facts)
        if why is not None:
            remarks[name].append(f"{why}: no values, no limits are drawn from it. Take personal out if it is not.")
        described = column.description or _evidence_of_type(column, facts, rows)
        drawn[name] = column.model_copy(update={"personal": why is not None, "description": described})
        if not facts.present:
            remarks[name].append(f"{_rows(rows)}, none with a value: nothing is proposed")
            continue
        lines += _presence(name, facts, rows, remarks[name])
        if place in alone:
            reason = f"Draft: {_rows(rows)}, each with another value, none missing."
            lines.append(_line("expect_column_values_to_be_unique", reason, column=name))
        drafted = [] if why else list(_values(name, column, facts, remarks[name], identifies=place in alone))
        lines += drafted
        if column.type is ColumnType.TEXT:
            if not drafted and not facts.constant:
                lines += _form(name, facts, personal=why is not None)
        elif why is None and _rises(facts):
            reason = f"Draft: {_count(facts.present, 'value')} in {_rows(rows)}, none smaller than the one before it."
            lines.append(_line("expect_column_values_to_be_increasing", reason, column=name))
    names = list(columns)
    keys = [[names[at] for at in places] for places in counted.keys]
    lines += _compound(keys, rows)
    return Proposal(
        columns=drawn,
        lines=tuple(lines),
        key=tuple(keys[0]) if keys else (),
        remarks={name: said for name, said in remarks.items() if said},
        general=tuple(_about_keys(keys, [[names[at] for at in places] for places in counted.chances], rows)),
    )


def _line(kind: str, reason: str, **kwargs: object) -> ExpectationLine:
    return ExpectationLine(type=kind, kwargs=kwargs, reason=reason)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _rows(number: int) -> str:
    return _count(number, "row")


def _of_table(names: Sequence[str], rows: int) -> Iterator[ExpectationLine]:
    if names:
        these = "this one column" if len(names) == 1 else f"these {len(names)} columns"
        reason = f"Draft: the file has {these}."
        yield _line("expect_table_columns_to_match_set", reason, column_set=list(names), exact_match=True)
    if rows:
        low, high = int(_down(Decimal(rows) / 2)), int(_up(Decimal(rows * 2)))
        reason = (
            f"Draft: {_rows(rows)} in one file; from half to twice of it, rounded outwards. "
            "Other providers may send more or fewer: widen it, or take it out."
        )
        yield _line("expect_table_row_count_to_be_between", reason, min_value=max(low, 1), max_value=high)


def _evidence_of_type(column: Column, facts: Facts, rows: int) -> str:
    undecided = f", {facts.undecided:,} unreadable" if facts.undecided else ""
    return f"Draft: {_rows(rows)}, {facts.missing:,} missing{undecided}; every other value reads as {column.type}"


def _presence(name: str, facts: Facts, rows: int, remarks: list[str]) -> Iterator[ExpectationLine]:
    kind = "expect_column_values_to_not_be_null"
    if facts.undecided:
        remarks.append(f"{facts.undecided:,} of {_rows(rows)} could not be read: they are undecided, not missing")
    seen = rows - facts.undecided
    if not facts.missing:
        yield _line(kind, f"Draft: {_rows(rows)}, 0 missing.", column=name)
        return
    mostly = math.floor((1 - 2 * facts.missing / seen) * 100) / 100
    if facts.missing / seen <= _MISSING_AT_MOST and mostly > 0:
        reason = f"Draft: {_rows(rows)}, {facts.missing:,} missing; room for twice as many, since it varies."
        yield _line(kind, reason, column=name, mostly=mostly)
    else:
        remarks.append(f"{facts.missing:,} of {_rows(rows)} missing: it may be empty")


def _values(
    name: str, column: Column, facts: Facts, remarks: list[str], *, identifies: bool
) -> Iterator[ExpectationLine]:
    if identifies:
        remarks.append("tells rows apart: no limits of its values are proposed")
        return
    if column.type is ColumnType.BOOLEAN:
        return
    if facts.constant and not _is_dated(column):
        remarks.append(
            f"one value in {_rows(facts.present)}: the next delivery may have another, so no list of it is proposed"
        )
        return
    if column.type is ColumnType.TEXT:
        if facts.measured:
            remarks.append("numbers with more decimals than a column holds, or an exponent: it is text, without limits")
        elif is_free(facts) or facts.values is None:
            remarks.append(f"{_many(facts)} values: no list of them is proposed")
        else:
            yield from _set(name, facts, facts.values, remarks, most=len(facts.values))
        return
    if column.type is ColumnType.INTEGER and facts.values is not None and not _trails_off(facts.values):
        found = list(_set(name, facts, facts.values, [], most=_FEW_NUMBERS))
        if found:
            yield from found
            return
    if facts.present < _LIMITS_FROM_VALUES:
        remarks.append(f"only {_count(facts.present, 'value')}: no limits are proposed")
    elif not _is_dated(column) and max(abs(facts.low), abs(facts.high)) >= _LARGEST_NUMBER:
        remarks.append("numbers of 19 digits or more: no limits are proposed")
    else:
        yield _between(name, column, facts)


def _is_dated(column: Column) -> bool:
    return column.type in _DAYS or column.type is ColumnType.TIMESTAMP


def _many(facts: Facts) -> str:
    return "many different" if facts.values is None else f"{len(facts.values)} different in {facts.present:,}"


def _set(
    name: str, facts: Facts, values: dict[Any, int], remarks: list[str], *, most: int
) -> Iterator[ExpectationLine]:
    rare = sum(count < RAREST for count in values.values())
    if _are_periods(values):
        remarks.append(f"{_many(facts)}, each with a year: later ones come, so no list of values is proposed")
        return
    if facts.undecided or rare or facts.present < _SET_FROM_ROWS or len(values) > most:
        short = f"{rare} of them in fewer than {RAREST} rows" if rare else f"only {_count(facts.present, 'value')}"
        remarks.append(f"{_many(facts)}, {short}: no list of values is proposed; name a code list if there is one")
        return
    reason = (
        f"Draft: {_count(facts.present, 'value')}, {len(values)} different, each in at least "
        f"{_rows(min(values.values()))}. A code list says more: it knows titles and dates."
    )
    yield _line("expect_column_values_to_be_in_set", reason, column=name, value_set=sorted(values))


def _trails_off(values: dict[Any, int]) -> bool:
    """Whether numbers become so rare that one yet rarer may just not have come: a count of something, no code."""
    rarest, *others = sorted(values.values())
    return bool(others) and rarest**2 < _RARER * others[0]


def _are_periods(values: Collection[Any]) -> bool:
    return all(_PERIOD.search(str(value)) is not None for value in values)


def _between(name: str, column: Column, facts: Facts) -> ExpectationLine:
    kind, values = "expect_column_values_to_be_between", _count(facts.present, "value")
    if _is_dated(column):
        low, high = _years(facts.low, facts.high, whole_days=column.type in _DAYS)
        if high is None:
            reason = f"Draft: {values}; whole years, and no end, since the latest lies at the end of time."
            return _line(kind, reason, column=name, min_value=low)
        reason = f"Draft: {values}; whole years, and one more at the end, since the next delivery goes on."
        return _line(kind, reason, column=name, min_value=low, max_value=high)
    limits = _widened(facts)
    if column.type is ColumnType.INTEGER:
        limits = (math.floor(limits[0]), math.ceil(limits[1]))
    share = f"{SLACK:.0%}".replace("%", " %")
    reason = (
        f"Draft: {values}; limits {share} of the span beyond the smallest and the largest, further where the outermost "
        "lie far apart, rounded outwards, since the next delivery may go further."
    )
    return _line(kind, reason, column=name, min_value=limits[0], max_value=limits[1])


def _years(low: date, high: date, *, whole_days: bool) -> tuple[date, date | None]:
    """First and last day; of moments, the day before which all lie. None where there is no such year."""
    year = high.year + (1 if whole_days else 2)
    if year > date.max.year:
        return date(low.year, 1, 1), None
    return date(low.year, 1, 1), date(year, 12, 31) if whole_days else date(year, 1, 1)


def _widened(facts: Facts) -> tuple[int | float, int | float]:
    """Limits that values of the same kind keep: where few lie far out, the next may lie further still."""
    low, high = Decimal(facts.low), Decimal(facts.high)
    inner = min(len(facts.highest), facts.present // 2) - 1
    down = _down(low - max((high - low) * SLACK, _REACH * (Decimal(facts.lowest[inner]) - low)))
    up = _up(high + max((high - low) * SLACK, _REACH * (high - Decimal(facts.highest[inner]))))
    if low >= 0 > down:
        down = Decimal(0)  # what is never negative is not expected to become so
    if high <= 0 < up:
        up = Decimal(0)
    return _plain(down), _plain(up)


def _down(number: Decimal) -> Decimal:
    """Rounded to two digits."""
    step = Decimal(1).scaleb(number.adjusted() - 1) if number else Decimal(1)
    return (number / step).to_integral_value(ROUND_FLOOR) * step


def _up(number: Decimal) -> Decimal:
    return -_down(-number)


def _plain(number: Decimal) -> int | float:
    whole = int(number)
    return whole if whole == number else float(number)


def _form(name: str, facts: Facts, *, personal: bool) -> Iterator[ExpectationLine]:
    """The shape of codes that no list names; else how long a text may be."""
    regex = None if facts.measured else regex_of(facts.masks or ())
    if regex is not None and facts.present >= _SET_FROM_ROWS:
        reason = f"Draft: {_count(facts.present, 'value')}, all of this form."
        yield _line("expect_column_values_to_match_regex", reason, column=name, regex=regex)
    elif not personal and facts.high <= _LONGEST_TEXT:
        reason = f"Draft: {_count(facts.present, 'text')}; half as long again as the longest, rounded up."
        longest = math.ceil(_up(facts.high * Decimal("1.5")))
        yield _line("expect_column_value_lengths_to_be_between", reason, column=name, max_value=longest)


def _rises(facts: Facts) -> bool:
    many = facts.values is None or len(facts.values) >= _FEW_NUMBERS
    return facts.rising and many and facts.present >= _RISING_FROM_ROWS and not facts.undecided


def _compound(keys: Sequence[Sequence[str]], rows: int) -> Iterator[ExpectationLine]:
    if keys and len(keys[0]) > 1:
        reason = f"Draft: {_rows(rows)}, no two alike in these {len(keys[0])} columns, none of them missing."
        yield _line("expect_compound_columns_to_be_unique", reason, column_list=list(keys[0]))


def _about_keys(keys: Sequence[Sequence[str]], chances: Sequence[Sequence[str]], rows: int) -> Iterator[str]:
    if rows < KEY_FROM_ROWS:
        yield f"Key: too few rows ({rows:,}) to tell one."
    elif chances and not keys:
        named = _first(chances)
        yield f"Key: perhaps {named}: no two rows are alike, but so few may differ by chance. Write it if it is."
    elif not keys:
        yield "Key: no column, and no two to four of them, tell all rows apart."
    if keys[1:]:
        yield f"Key: also possible: {_first(keys[1:])}"


def _first(keys: Sequence[Sequence[str]]) -> str:
    more = f", and {len(keys) - _KEYS_TOLD} more" if len(keys) > _KEYS_TOLD else ""
    return "; ".join(", ".join(one) for one in keys[:_KEYS_TOLD]) + more
