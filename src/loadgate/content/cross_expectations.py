"""What must hold: faults between the suites, figures, code lists, known errors and the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loadgate.content.catalogue import catalogue, expectation_faults
from loadgate.content.cross_names import (
    column_fault,
    condition_faults,
    duplicate_faults,
    id_faults,
    scope_faults,
    title_faults,
)
from loadgate.content.cross_rules import applied_faults, cells_faults, rule_faults
from loadgate.content.documents import Draft
from loadgate.content.lines import Document, KeyPath, listed, quoted
from loadgate.content.own_arguments import own_faults
from loadgate.errors import Fault, LoadgateError
from loadgate.model.expected import (
    Column,
    ColumnType,
    Dataset,
    FigureKind,
    GateRule,
    KeyFigure,
    KeyFigures,
    KnownErrors,
    Measure,
)
from loadgate.model.period import Cadence
from loadgate.model.scope import Scope

_NUMBERS = (ColumnType.INTEGER, ColumnType.DECIMAL)
_SERVES: dict[ColumnType, tuple[Cadence, ...]] = {  # a reference column of this type -> cadences of figures
    ColumnType.DATE: tuple(Cadence),
    ColumnType.TIMESTAMP: tuple(Cadence),
    ColumnType.WEEK: (Cadence.WEEK,),
    ColumnType.MONTH: (Cadence.MONTH, Cadence.QUARTER, Cadence.YEAR),
    ColumnType.QUARTER: (Cadence.QUARTER, Cadence.YEAR),
    ColumnType.YEAR: (Cadence.YEAR,),
}


def suite_faults(draft: Draft) -> Iterator[Fault]:
    yield from duplicate_faults(((d, ("dataset",), d.value.dataset) for d in draft.suites), what="dataset")
    for document in draft.suites:
        dataset = document.value
        yield from id_faults(document, ("dataset",), dataset.dataset, what="dataset")
        if draft.areas is not None and dataset.area not in draft.areas:
            yield document.unknown(
                ("area",), what="area", name=dataset.area, known=draft.areas, fix="add a system of it to site.toml"
            )
        if dataset.provider_column is not None:
            yield from column_fault(document, ("provider_column",), dataset.provider_column, dataset.columns)
        for place, name in enumerate(dataset.key):
            yield from column_fault(document, ("key", place), name, dataset.columns)
        for name in dataset.columns:
            if name.startswith("_"):
                yield document.fault(
                    ("columns", name),
                    found=quoted(name),
                    expected="a name without a leading _, which the engine's own columns have",
                    fix="rename the column",
                )
        lines = dataset.expectations
        keys = ((document, ("expectations", place), line.key) for place, line in enumerate(lines))
        yield from duplicate_faults(keys, what="expectation", fix="give one of them an id, or take it out")
        for place, line in enumerate(lines):
            here = ("expectations", place)
            yield from expectation_faults(document, here, line, code_lists=draft.code_list_names)
            yield from condition_faults(document, (*here, "where"), line.where, dataset.columns)
            yield from own_faults(draft, document, here, line)
        yield from rule_faults(document)


def figure_faults(draft: Draft) -> Iterator[Fault]:
    named = ((doc, ("figures", place, "id"), figure.id) for doc, place, figure in draft.each_figure())
    yield from duplicate_faults(named, what="figure")
    for document, place, figure in draft.each_figure():
        here: KeyPath = ("figures", place)
        yield from id_faults(document, (*here, "id"), figure.id, what="figure")
        yield from title_faults(draft, document, (*here, "title"), figure.title)
        if figure.kind in (FigureKind.RATE, FigureKind.RATIO) and figure.denominator is None:
            yield document.fault(
                here, found=f"a {figure.kind} without denominator", expected="a denominator", fix="add denominator: …"
            )
        yield from _reference_faults(draft, document, here, figure)
        yield from _circle_faults(draft, document, here, figure)
        dataset = draft.datasets.get(figure.dataset)
        if dataset is None:
            if figure.dataset not in draft.dataset_names:
                path = (*here, "dataset")
                yield document.unknown(path, what="dataset", name=figure.dataset, known=draft.dataset_names)
            continue
        yield from _dataset_faults(document, here, figure, dataset)


def _dataset_faults(
    document: Document[KeyFigures], here: KeyPath, figure: KeyFigure, dataset: Dataset
) -> Iterator[Fault]:
    columns = dataset.columns
    if dataset.area != document.value.area:
        yield document.fault(
            (*here, "dataset"),
            found=f"{dataset.dataset}, a dataset of area {dataset.area}",
            expected=f"a dataset of area {document.value.area}",
            fix=f"move the figure to key_figures/{dataset.area}.yaml",
        )
    yield from condition_faults(document, (*here, "where"), figure.where, columns)
    yield from applied_faults(document, (*here, "apply"), figure.apply, dataset.rules)
    yield from column_fault(document, (*here, "reference"), figure.reference, columns)
    if (reference := columns.get(figure.reference)) is not None:
        cadences = _SERVES.get(reference.type, ())
        if figure.cadence not in cadences:
            yield document.fault(
                (*here, "cadence"),
                found=f"{figure.cadence}, from the column {figure.reference} of type {reference.type}",
                expected=f"one of {listed(cadences)}" if cadences else "a reference column of type date or a period",
                fix="mend the cadence, or the type of the column",
            )
    if figure.cells is not None:
        yield from cells_faults(document, (*here, "cells"), figure.cells, columns)
        if figure.cells.total is not None and figure.cells.total not in figure.cells.values:
            path = (*here, "cells", "total")
            yield document.unknown(path, what="cell", name=figure.cells.total, known=figure.cells.values)
        cells = ((document, (*here, "cells", "values", n), cell) for n, cell in enumerate(figure.cells.values))
        yield from duplicate_faults(cells, what="cell")
    if figure.published is not None:
        yield from _number_faults(document, (*here, "published"), figure.published, columns)
    for name in ("numerator", "denominator"):
        measure: Measure | None = getattr(figure, name)
        if measure is not None and measure.figure is None:
            yield from _measure_faults(document, (*here, name), measure, columns)


def _measure_faults(
    document: Document[KeyFigures], path: KeyPath, measure: Measure, columns: Mapping[str, Column]
) -> Iterator[Fault]:
    if measure.sum is not None:
        yield from _number_faults(document, (*path, "sum"), measure.sum, columns)
    if measure.distinct is not None:
        yield from column_fault(document, (*path, "distinct"), measure.distinct, columns)
    yield from condition_faults(document, (*path, "where"), measure.where, columns)


def _number_faults(
    document: Document[KeyFigures], path: KeyPath, name: str, columns: Mapping[str, Column]
) -> Iterator[Fault]:
    yield from column_fault(document, path, name, columns)
    if name in columns and columns[name].type not in _NUMBERS:
        yield document.fault(
            path,
            found=f"{name}, a column of type {columns[name].type}",
            expected="a column of type integer or decimal",
            fix="name another column, or mend its type",
        )


def _reference_faults(
    draft: Draft, document: Document[KeyFigures], here: KeyPath, figure: KeyFigure
) -> Iterator[Fault]:
    """Figures that a measure refers to."""
    for name in ("numerator", "denominator"):
        measure: Measure | None = getattr(figure, name)
        if measure is None or measure.figure is None or draft.figures is None:
            continue
        other = draft.figures.get(measure.figure)
        path = (*here, name, "figure")
        if other is None:
            yield document.unknown(path, what="figure", name=measure.figure, known=draft.figures)
        elif other.numerator is None:
            yield document.fault(
                path,
                found=f"{other.id}, which has no numerator",
                expected="a figure with a numerator",
                fix="name another figure",
            )
        if measure.where is not None:
            yield document.fault(
                (*here, name, "where"),
                found="a condition on another figure",
                expected="none: the other figure has its own",
                fix="take it out, or measure a column instead",
            )


def _circle_faults(draft: Draft, document: Document[KeyFigures], here: KeyPath, figure: KeyFigure) -> Iterator[Fault]:
    seen, queue = set[str](), [figure.id]
    while queue:
        current = (draft.figures or {}).get(queue.pop())
        measures = (current.numerator, current.denominator) if current else ()
        for measure in measures:
            if measure is None or measure.figure is None or measure.figure in seen:
                continue
            seen.add(measure.figure)
            queue.append(measure.figure)
    if figure.id in seen:
        yield document.fault(
            here, found=f"{figure.id}, which refers to itself", expected="no circle", fix="measure a column in one"
        )


def code_list_faults(draft: Draft) -> Iterator[Fault]:
    for document in draft.code_lists:
        for code, facts in document.value.codes.items():
            if facts.valid_from is not None and facts.valid_to is not None and facts.valid_to < facts.valid_from:
                yield document.fault(
                    ("codes", code, "valid_to"),
                    found=str(facts.valid_to),
                    expected=f"a day not before valid_from, {facts.valid_from}",
                    fix="mend one of the two days",
                )


def known_error_faults(draft: Draft) -> Iterator[Fault]:
    named = (
        (document, ("errors", place, "id"), error.id)
        for document in draft.known_errors
        for place, error in enumerate(document.value.errors)
    )
    yield from duplicate_faults(named, what="known error")
    fix = "take one of them out, or give it another scope: the one whose id comes first takes all that both fit"
    yield from duplicate_faults(_taken(draft), what="known error of", fix=fix)
    for document in draft.known_errors:
        for place, error in enumerate(document.value.errors):
            here: KeyPath = ("errors", place)
            yield from id_faults(document, (*here, "id"), error.id, what="known error")
            yield from scope_faults(draft, document, (*here, "scope"), error.scope)
            yield from _check_faults(draft, document, (*here, "check"), error.check)
            if not error.owner.strip():
                yield document.fault(
                    (*here, "owner"),
                    found="nobody",
                    expected="who has to see to it that it ends",
                    fix="name them, such as the vendor or an office",
                )
            if error.review < error.reported:
                yield document.fault(
                    (*here, "review"),
                    found=str(error.review),
                    expected=f"a day not before reported, {error.reported}",
                    fix="mend one of the two days",
                )


def _taken(draft: Draft) -> Iterator[tuple[Document[KnownErrors], KeyPath, str]]:
    """What each known error takes, in words; nothing of those whose scope cannot be read."""
    for document in draft.known_errors:
        for place, error in enumerate(document.value.errors):
            try:
                scope = Scope.parse(error.scope)
            except (ValueError, LoadgateError):
                continue
            yield document, ("errors", place, "scope"), f"{error.check or error.kind} in {scope}"


def _check_faults(draft: Draft, document: Document[KnownErrors], path: KeyPath, check: str | None) -> Iterator[Fault]:
    """A check that no suite has. Nothing is said of a suite with an unknown expectation, whose id is not known."""
    if check is None or draft.check_ids is None or check in draft.check_ids:
        return
    suite = draft.datasets.get(check.partition(":")[0])
    if suite is None or all(line.type in catalogue() for line in suite.expectations):
        yield document.unknown(path, what="check", name=check, known=draft.check_ids)


def gate_faults(draft: Draft) -> Iterator[Fault]:
    """Scopes, rules that no finding reaches, and findings that no rule names."""
    document = draft.gate
    if document is None:
        return
    rules = document.value.rules
    for place, rule in enumerate(rules):
        here: KeyPath = ("rules", place)
        yield from scope_faults(draft, document, (*here, "scope"), rule.scope)
        if rule.shared is not None and rule.shared < 1:
            yield document.fault(
                (*here, "shared"), found=str(rule.shared), expected="a number of providers", fix="write at least 1"
            )
        if _catches_all(rule) and place < len(rules) - 1:
            yield document.fault(
                here,
                found="a rule that fits every finding, before others",
                expected="it last: the first rule that fits decides",
                fix="move it to the end",
            )
    if not rules or not _catches_all(rules[-1]):
        yield document.fault(
            ("rules",),
            found="no rule for what the others leave",
            expected="a last rule without kinds, severity, scope and shared",
            fix="add {then: show, reason: …} at the end",
        )


def _catches_all(rule: GateRule) -> bool:
    return not rule.kinds and not rule.severity and rule.scope.strip() == "*" and rule.shared is None
