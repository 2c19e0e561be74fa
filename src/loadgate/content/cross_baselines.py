"""What we compare with: faults of tolerances, planned changes, bridges and control tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadgate.content.controls import source_of
from loadgate.content.cross_names import (
    duplicate_faults,
    id_faults,
    period_fault,
    run_period,
    scope_faults,
    title_faults,
)
from loadgate.content.documents import Draft
from loadgate.content.lines import Document, KeyPath, quoted
from loadgate.errors import Fault
from loadgate.model.expected import PlannedChange
from loadgate.model.period import Period


def tolerance_faults(draft: Draft) -> Iterator[Fault]:
    document = draft.tolerances
    if document is None:
        return
    for place, tolerance in enumerate(document.value.tolerances):
        here: KeyPath = ("tolerances", place)
        yield from scope_faults(draft, document, (*here, "scope"), tolerance.scope)
        if tolerance.source is not None:
            yield from _source_faults(draft, document, (*here, "source"), tolerance.source)
        if tolerance.figure is not None and draft.figures is not None and tolerance.figure not in draft.figures:
            yield document.unknown((*here, "figure"), what="figure", name=tolerance.figure, known=draft.figures)
        for name in ("absolute", "relative"):
            low, high = getattr(tolerance.minimal, name), getattr(tolerance.substantial, name)
            if low > high:
                yield document.fault(
                    (*here, "substantial", name),
                    found=f"{high:g}, below minimal ({low:g})",
                    expected="at least what is minimal",
                    fix="mend one of the two",
                )


def _source_faults(draft: Draft, document: Document[Any], path: KeyPath, source: str) -> Iterator[Fault]:
    """A source without any file; a site without control figures may name those that will come."""
    folder = "baselines/control_figures/"
    sources = {source_of(file) for file in draft.present if file.startswith(folder)}
    if sources and source not in sources:
        yield document.unknown(path, what="control source", name=source, known=sources, fix=f"add a file to {folder}")


def planned_change_faults(draft: Draft) -> Iterator[Fault]:
    document = draft.planned_changes
    if document is None:
        return
    named = ((document, ("changes", n, "id"), change.id) for n, change in enumerate(document.value.changes))
    yield from duplicate_faults(named, what="planned change")
    for place, change in enumerate(document.value.changes):
        here: KeyPath = ("changes", place)
        yield from id_faults(document, (*here, "id"), change.id, what="planned change")
        yield from scope_faults(draft, document, (*here, "scope"), change.scope)
        yield from _span_faults(draft, document, here, change)
        if None not in (change.effect_min, change.effect_max) and change.effect_min > change.effect_max:  # type: ignore[operator]
            yield document.fault(
                (*here, "effect_max"),
                found=f"{change.effect_max:g}, below effect_min ({change.effect_min:g})",
                expected="at least effect_min",
                fix="mend one of the two",
            )


def _span_faults(draft: Draft, document: Document[Any], here: KeyPath, change: PlannedChange) -> Iterator[Fault]:
    periods: list[Period] = []
    for name in ("valid_from", "valid_to"):
        text = getattr(change, name)
        period = run_period(draft, text)
        if period is None:
            yield period_fault(draft, document, (*here, name), text, expected="a run period")
        else:
            periods.append(period)
    if len(periods) == 2 and periods[1] < periods[0]:
        yield document.fault(
            (*here, "valid_to"),
            found=quoted(change.valid_to),
            expected=f"a period not before valid_from, {change.valid_from}",
            fix="mend one of the two periods",
        )


def bridge_faults(draft: Draft) -> Iterator[Fault]:
    for document in draft.bridges:
        bridge = document.value
        yield from _source_faults(draft, document, ("source",), bridge.source)
        if draft.figures is None:
            continue
        figure = draft.figures.get(bridge.figure)
        if figure is None:
            yield document.unknown(("figure",), what="figure", name=bridge.figure, known=draft.figures)
            continue
        cells = figure.cells.values if figure.cells is not None else ()
        for code, cell in bridge.cells.items():
            if cell not in cells:
                yield document.unknown(("cells", code), what="cell", name=cell, known=cells)


def control_table_faults(draft: Draft) -> Iterator[Fault]:
    document = draft.control_tables
    if document is None:
        return
    for place, table in enumerate(document.value.tables):
        here: KeyPath = ("tables", place)
        yield from _source_faults(draft, document, (*here, "source"), table.source)
        yield from title_faults(draft, document, (*here, "title"), table.title)
