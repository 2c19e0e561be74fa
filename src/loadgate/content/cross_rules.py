"""Harmonisation rules, who applies their marks, and bands of days: a suite or a figure in, faults out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loadgate.content.catalogue import catalogue
from loadgate.content.cross_names import column_fault, condition_faults, duplicate_faults, id_faults
from loadgate.content.lines import Document, KeyPath, listed
from loadgate.errors import Fault
from loadgate.model.expected import Cells, Column, ColumnType, Dataset, ExpectationLine
from loadgate.model.rules import AppliedMarks, HarmonisationRule, RuleKind

_MOMENTS = (ColumnType.DATE, ColumnType.TIMESTAMP)
_ORDERED = tuple(kind for kind in ColumnType if kind not in (ColumnType.TEXT, ColumnType.BOOLEAN))


def rule_faults(document: Document[Dataset]) -> Iterator[Fault]:
    dataset = document.value
    keys = [line.key for line in dataset.expectations]
    ids = ((document, ("rules", place, "id"), rule.id) for place, rule in enumerate(dataset.rules))
    yield from duplicate_faults(ids, what="rule")
    for place, rule in enumerate(dataset.rules):
        here: KeyPath = ("rules", place)
        yield from id_faults(document, (*here, "id"), rule.id, what="rule")
        yield from condition_faults(document, (*here, "where"), rule.where, dataset.columns)
        if rule.id in keys:
            yield document.fault(
                (*here, "id"),
                found=f"{rule.id}, the id of an expectation",
                expected="an id of its own",
                fix="rename it",
            )
        own = [line.key for line in dataset.alone.expectations]  # what looks at another table is asked later
        if rule.check is not None and rule.check not in own:
            yield document.unknown((*here, "check"), what="check of this suite", name=rule.check, known=own)
        elif any(line.key == rule.check and _asks_no_rows(line) for line in dataset.expectations):
            yield document.fault(
                (*here, "check"),
                found=f"{rule.check}, which is asked of all rows together",
                expected="a check of each row, which says which of them fail",
                fix="name another check, or write a where",
            )
        yield from _column_faults(document, here, rule)
        # a rule sees what the rules before it did, and no others
        yield from applied_faults(document, (*here, "apply"), rule.apply, dataset.rules[:place])


def _asks_no_rows(line: ExpectationLine) -> bool:
    """Whether it has no failing rows that could be marked: `mostly` is an argument of those that have."""
    entry = catalogue().get(line.type)
    return entry is not None and "mostly" not in entry["arguments"]


def applied_faults(
    document: Document[Any], path: KeyPath, applied: AppliedMarks | None, rules: Sequence[HarmonisationRule]
) -> Iterator[Fault]:
    """Rules that there are not, and alternatives of a rule that gives none."""
    if applied is None:
        return
    by_id = {rule.id: rule for rule in rules}
    for name in ("leave_out", "only", "use_alternatives"):
        for place, rule in enumerate(getattr(applied, name)):
            if rule not in by_id:
                yield document.unknown((*path, name, place), what="rule", name=rule, known=by_id)
            elif name == "use_alternatives" and by_id[rule].kind is not RuleKind.CHANGE:
                yield document.fault(
                    (*path, name, place),
                    found=f"{rule}, a rule of kind {by_id[rule].kind}",
                    expected=f"a rule of kind {RuleKind.CHANGE}, which gives alternative values",
                    fix="write it under leave_out or only, or name another rule",
                )


def _column_faults(document: Document[Dataset], here: KeyPath, rule: HarmonisationRule) -> Iterator[Fault]:
    """Columns that do not exist, or whose types cannot be compared."""
    columns = document.value.columns
    if rule.earlier is not None:
        pair = {"column": rule.earlier.column, "than": rule.earlier.than}
        yield from _typed_faults(document, (*here, "earlier"), pair, columns, among=_MOMENTS)
    if rule.fill is not None:
        pair = {"column": rule.fill.column, "source": rule.fill.source}
        yield from _typed_faults(document, (*here, "fill"), pair, columns, alike=True)
    if rule.follow is not None:
        pair = {"start": rule.follow.start, "end": rule.follow.end}
        yield from _typed_faults(document, (*here, "follow"), pair, columns, among=_ORDERED, alike=True)
        for place, name in enumerate(rule.follow.group):
            yield from column_fault(document, (*here, "follow", "group", place), name, columns)


def cells_faults(
    document: Document[Any], path: KeyPath, cells: Cells, columns: Mapping[str, Column]
) -> Iterator[Fault]:
    """Columns of a breakdown that do not exist, or between which there are no days."""
    if cells.since is None:
        yield from column_fault(document, (*path, "column"), cells.column, columns)
    else:
        pair = {"column": cells.column, "since": cells.since}
        yield from _typed_faults(document, path, pair, columns, among=_MOMENTS)


def _typed_faults(
    document: Document[Any],
    path: KeyPath,
    named: dict[str, str],
    columns: Mapping[str, Column],
    *,
    among: Sequence[ColumnType] = tuple(ColumnType),
    alike: bool = False,
) -> Iterator[Fault]:
    first = columns.get(next(iter(named.values())))
    for key, name in named.items():
        yield from column_fault(document, (*path, key), name, columns)
        if name not in columns:
            continue
        wanted = [first.type] if alike and first is not None and first.type in among else among
        if columns[name].type not in wanted:
            yield document.fault(
                (*path, key),
                found=f"{name}, a column of type {columns[name].type}",
                expected=f"a column of type {listed(wanted)}",
                fix="name another column, or mend its type",
            )
