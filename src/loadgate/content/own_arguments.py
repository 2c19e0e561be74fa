"""A line of a suite whose expectation is one of our own in; out, faults in what its arguments name elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from loadgate.content.catalogue import catalogue
from loadgate.content.cross_names import column_fault, condition_faults
from loadgate.content.documents import Draft
from loadgate.content.lines import Document, KeyPath
from loadgate.content.model_faults import shown
from loadgate.errors import Fault
from loadgate.model import conditions
from loadgate.model.expected import Column, ColumnType, Dataset, ExpectationLine

PRIOR = "prior"  # in place of a dataset's name: the last approved delivery of the same stream
_CONDITION = "a condition, as after where:"
_DAYS = (ColumnType.DATE, ColumnType.WEEK, ColumnType.MONTH, ColumnType.QUARTER, ColumnType.YEAR)
_NUMBERS = (ColumnType.INTEGER, ColumnType.DECIMAL)
_OF_TYPE = {  # by argument, of which types its column must be for the expectation to be asked at all
    "date_column": (*_DAYS, ColumnType.TIMESTAMP),
    "start_column": (*_DAYS, ColumnType.TIMESTAMP, ColumnType.INTEGER),
    "end_column": (*_DAYS, ColumnType.TIMESTAMP, ColumnType.INTEGER),
    "amount_column": _NUMBERS,
    "debit_column": _NUMBERS,
    "credit_column": _NUMBERS,
}


def own_faults(draft: Draft, document: Document[Dataset], path: KeyPath, line: ExpectationLine) -> Iterator[Fault]:
    """Columns, conditions and other datasets that the arguments name; nothing for GX's expectations."""
    entry = catalogue().get(line.type, {})
    columns = document.value.columns
    for name, argument in entry.get("arguments", {}).items():
        value, here = line.kwargs.get(name), (*path, "kwargs", name)
        if value is None:
            continue
        match argument.get("names"):
            case "column" if isinstance(value, str):
                yield from column_fault(document, here, value, columns)
                yield from _type_faults(document, here, line, columns)
            case "condition":
                yield from _condition_faults(document, here, value, columns)
            case "dataset" if isinstance(value, str):
                yield from _reference_faults(draft, document, path, line, value)
    only = entry.get("severity")
    if only is not None and line.severity != only:
        yield document.fault(
            (*path, "severity"),
            found=line.severity.value,
            expected=f"{only}, which is all that {line.type} can say",
            fix=f"write severity: {only}",
        )


def _type_faults(
    document: Document[Dataset], here: KeyPath, line: ExpectationLine, columns: Mapping[str, Column]
) -> Iterator[Fault]:
    """A column of a type that the expectation cannot be asked of: it would only show in the run, as could not run."""
    name = str(here[-1])
    column = columns.get(str(line.kwargs[name]))
    wanted = _OF_TYPE.get(name)
    if column is None or wanted is None:
        return
    start = columns.get(str(line.kwargs.get("start_column")))
    if name == "end_column" and start is not None and start.type in wanted:
        wanted = _DAYS if start.type in _DAYS else (start.type,)
    if column.type not in wanted:
        yield document.fault(
            here,
            found=f"{line.kwargs[name]}, a column of type {column.type}",
            expected=f"one of type {' or '.join(wanted)}",
            fix="name another column, or mend its type",
        )


def _condition_faults(
    document: Document[Dataset], here: KeyPath, value: object, columns: Mapping[str, Column]
) -> Iterator[Fault]:
    try:
        condition = conditions.read(value)
    except ValidationError:
        found = shown(value, document.lines.written.get(here))
        yield document.fault(
            here, found=found, expected=_CONDITION, fix="write it like {column: kind, is: equal, value: 1}"
        )
        return
    yield from condition_faults(document, here, condition, columns)


def _reference_faults(
    draft: Draft, document: Document[Dataset], path: KeyPath, line: ExpectationLine, name: str
) -> Iterator[Fault]:
    """A dataset that does not exist, or that lacks the columns to compare with."""
    kwargs = (*path, "kwargs")
    if name not in (PRIOR, *draft.dataset_names):
        known = frozenset((PRIOR, *draft.dataset_names))
        yield document.unknown((*kwargs, "reference"), what="dataset", name=name, known=known)
        return
    other = document.value if name == PRIOR else draft.datasets.get(name)
    if other is None:
        return
    own: list[Any] = _listed(line.kwargs.get("column_list")) or _listed(line.kwargs.get("column"))
    theirs = _listed(line.kwargs.get("reference_columns"))
    if theirs and len(theirs) != len(own):
        yield document.fault(
            (*kwargs, "reference_columns"),
            found=f"a list of {len(theirs)}",
            expected=f"a list of {len(own)}, as long as column_list",
            fix="name one for each",
        )
        return
    where: KeyPath = (*kwargs, "reference_columns") if theirs else (*kwargs, "reference")
    for place, (mine, column) in enumerate(zip(own, theirs or own, strict=True)):
        here: KeyPath = (*where, place) if theirs else where
        yield from column_fault(document, here, str(column), other.columns)
        one, two = document.value.columns.get(str(mine)), other.columns.get(str(column))
        if one is not None and two is not None and one.type is not two.type:
            yield document.fault(
                here,
                found=f"{column}, a column of type {two.type} in {other.dataset}",
                expected=f"one of type {one.type}, as {mine} is",
                fix="name another column, or mend its type",
            )


def _listed(value: object) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
