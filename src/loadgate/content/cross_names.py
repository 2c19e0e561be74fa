"""Names in one file that must exist in another, scopes and conditions: a draft in, faults out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from loadgate.content.documents import Draft
from loadgate.content.lines import Document, KeyPath, listed, nearest, quoted
from loadgate.content.model_faults import shown
from loadgate.errors import Fault, LoadgateError
from loadgate.model.conditions import All, Among, Compare, Condition, Missing, Not
from loadgate.model.conditions import Any as AnyOf
from loadgate.model.expected import Column, ColumnType
from loadgate.model.period import Cadence, Period
from loadgate.model.period import shown as shown_period
from loadgate.model.scope import DIMENSIONS, Scope

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
_VALUES: dict[ColumnType, tuple[str, tuple[type, ...]]] = {
    ColumnType.TEXT: ("text, in quotes where it looks like a number", (str,)),
    ColumnType.INTEGER: ("a whole number", (int,)),
    ColumnType.DECIMAL: ("a number", (int, float)),
    ColumnType.DATE: ("a date like 2026-10-07", (date,)),
    ColumnType.TIMESTAMP: ("a date like 2026-10-07", (date,)),
    ColumnType.BOOLEAN: ("true or false", (bool,)),
    ColumnType.WEEK: ("the week's Monday, like 2026-10-05", (date,)),
    ColumnType.MONTH: ("the month's first day, like 2026-10-01", (date,)),
    ColumnType.QUARTER: ("the quarter's first day, like 2026-07-01", (date,)),
    ColumnType.YEAR: ("the year's first day, like 2026-01-01", (date,)),
}


def run_period(draft: Draft, text: str) -> Period | None:
    """The period, None for a text that is none and for one of another cadence than the site's."""
    try:
        period = Period.parse(text)
    except LoadgateError:
        return None
    return period if draft.cadence in (None, period.cadence) else None


def period_fault(draft: Draft, document: Document[Any], path: KeyPath, text: str, *, expected: str) -> Fault:
    """A text that is no `run_period`; `expected` says what for, before its cadence."""
    like = f"{expected}, a {draft.cadence or 'period'}"
    return document.fault(path, found=quoted(text), expected=like, fix=as_runs(draft))


def as_runs(draft: Draft) -> str:
    """What to do about a text that is no `run_period`."""
    return f"write it as the runs are called, like {shown_period(draft.cadence or Cadence.MONTH)}"


def scope_faults(draft: Draft, document: Document[Any], path: KeyPath, text: str) -> Iterator[Fault]:
    """A scope that cannot be read, or that names what nothing has."""
    try:
        scope = Scope.parse(text)
    except (ValueError, LoadgateError):
        names = [part.partition("=")[0].strip() for part in text.split(";")]
        known = [*DIMENSIONS, "reference"]
        wrong = next((name for name in names if name not in known), None)
        near = nearest(wrong, known) if wrong else None
        yield document.fault(
            path,
            found=quoted(text),
            expected=f"* for everything, or dimension=value,value; … with dimensions {', '.join(known)}",
            fix=f"write {near} for {wrong}" if near else "write it in that form, like provider=101,102; figure=cases",
        )
        return
    for dimension, values in scope.values.items():
        known_names = draft.names_of(dimension)
        if known_names is None:
            continue
        for value in sorted(values - known_names):
            yield document.unknown(path, what=dimension, name=value, known=known_names)


def column_fault(document: Document[Any], path: KeyPath, column: str, columns: Mapping[str, Column]) -> Iterator[Fault]:
    if column not in columns:
        yield document.unknown(path, what="column", name=column, known=columns)


def value_faults(document: Document[Any], path: KeyPath, value: object, column: Column) -> Iterator[Fault]:
    """A value that can never equal one of the column's, because it is of another type."""
    expected, types = _VALUES[column.type]
    fits = isinstance(value, types) and (isinstance(value, bool) == (column.type is ColumnType.BOOLEAN))
    if not fits:
        written = document.lines.written.get(path)
        is_text = column.type is ColumnType.TEXT and value is not None and not isinstance(value, Mapping)
        fix = f'write "{written or value}"' if is_text else f"write {expected}"
        yield document.fault(
            path, found=shown(value, written), expected=f"{expected} (the column's type is {column.type})", fix=fix
        )


def condition_faults(
    document: Document[Any], path: KeyPath, condition: Condition | None, columns: Mapping[str, Column]
) -> Iterator[Fault]:
    """Columns that do not exist, values of another type, and a condition that says nothing."""
    match condition:
        case None:
            return
        case Compare():
            yield from column_fault(document, (*path, "column"), condition.column, columns)
            if condition.column in columns:
                yield from value_faults(document, (*path, "value"), condition.value, columns[condition.column])
        case Among():
            yield from column_fault(document, (*path, "column"), condition.column, columns)
            for name in ("among", "not_among"):
                for place, value in enumerate(getattr(condition, name) or ()):
                    if condition.column in columns:
                        here = (*path, name, place)
                        yield from value_faults(document, here, value, columns[condition.column])
        case Missing():
            yield from column_fault(document, (*path, "column"), condition.column, columns)
        case All() | AnyOf():
            name = "all" if isinstance(condition, All) else "any"
            for place, part in enumerate(getattr(condition, name)):
                yield from condition_faults(document, (*path, name, place), part, columns)
        case Not():
            yield from condition_faults(document, (*path, "not"), condition.negated, columns)


def duplicate_faults(
    named: Iterable[tuple[Document[Any], KeyPath, str]], *, what: str, fix: str = "rename one, or take it out"
) -> Iterator[Fault]:
    """The second and later of each name."""
    first: dict[str, str] = {}
    for document, path, name in named:
        place = f"{document.file}:{document.lines.at(path)}"
        if name in first:
            yield document.fault(path, found=f"a second {what} {name}", expected=f"one ({first[name]})", fix=fix)
        first.setdefault(name, place)


def title_faults(draft: Draft, document: Document[Any], path: KeyPath, title: Mapping[Any, str]) -> Iterator[Fault]:
    """A text that lacks a language of the site."""
    if draft.site is None:
        return
    for language in draft.site.value.languages:
        if language not in title:
            yield document.fault(
                path,
                found=f"the languages {listed(sorted(title))}",
                expected=f"all languages of the site: {listed(draft.site.value.languages)}",
                fix=f"add {language}",
            )


def id_faults(document: Document[Any], path: KeyPath, name: str, *, what: str) -> Iterator[Fault]:
    """A name that cannot stand in a path, an id and a scope."""
    if not _ID.fullmatch(name):
        yield document.fault(
            path,
            found=quoted(name),
            expected=f"the name of a {what}: letters, digits, _, - and ., beginning with a letter or digit",
            fix="rename it",
        )
