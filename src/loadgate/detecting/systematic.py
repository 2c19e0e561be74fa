"""COMPARISONS, figures, assignments and earlier runs' history in; findings and this run's history out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.detecting import history as past
from loadgate.detecting.controls import control_findings
from loadgate.detecting.evidence import Subjects, Told, tell
from loadgate.detecting.lattice import grid
from loadgate.detecting.newest import newest
from loadgate.detecting.planned import excuse
from loadgate.detecting.revisions import revised
from loadgate.detecting.scan import scan
from loadgate.detecting.signatures import cells_gone, restated_alone, restated_history
from loadgate.detecting.summaries import summaries
from loadgate.detecting.uniform import uniform
from loadgate.model.expected import KeyFigure, PlannedChange
from loadgate.model.findings import CauseKind, Finding
from loadgate.model.kinds import Kind, Severity
from loadgate.model.period import Period
from loadgate.model.tables import FIGURE_KEY

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A way to mark cells, and when so many marks are unusual.

    `learned`: the usual rate is the worst of earlier runs, and before twelve of them what `unlearned` says of a band;
    else it is the middle one, and the floor stands in from the first run on.
    """

    kind: Kind
    marks: Callable[[pl.DataFrame, Sequence[KeyFigure]], pl.DataFrame]
    floor: float
    learned: bool
    severity: Severity
    scattered: Severity  # where several providers with nothing in common show it
    alone: Severity  # where one provider shows it
    rare: Severity  # where few of the group's eligible cells between the first and the last that does show it
    unlearned: Callable[[str], float | None] | None = None
    massive: Callable[[pl.DataFrame], bool] | None = None  # critical where it is shared, else a warning


SIGNATURES: dict[str, Signature] = {
    "restated_alone": Signature(
        kind=Kind.SHARED_RESTATEMENT,
        marks=restated_alone.marks,
        floor=restated_alone.FLOOR,
        learned=False,
        severity=Severity.CRITICAL,
        scattered=Severity.CRITICAL,
        alone=Severity.CRITICAL,
        rare=Severity.WARNING,
    ),
    "restated_history": Signature(
        kind=Kind.SHARED_HISTORY,
        marks=restated_history.marks,
        floor=restated_history.FLOOR,
        learned=True,
        severity=Severity.WARNING,
        scattered=Severity.INFO,
        alone=Severity.INFO,
        rare=Severity.INFO,
        unlearned=restated_history.unlearned,
        massive=restated_history.massive,
    ),
    "cells_gone": Signature(
        kind=Kind.CELLS_GONE,
        marks=cells_gone.marks,
        floor=cells_gone.FLOOR,
        learned=False,
        severity=Severity.CRITICAL,
        scattered=Severity.CRITICAL,
        alone=Severity.WARNING,
        rare=Severity.INFO,
    ),
}


RARE = 0.01  # under one in a hundred


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """`history` is this run's HISTORY table, for the runs to come (`detecting.history`)."""

    findings: tuple[Finding, ...]
    history: pl.DataFrame


def detect(
    comparisons: pl.DataFrame,
    *,
    figures: Sequence[KeyFigure],
    areas: Mapping[str, str],
    units: pl.DataFrame,
    history: Sequence[pl.DataFrame],
    period: Period,
    planned: Sequence[PlannedChange] = (),
    firsts: pl.DataFrame | None = None,
    revisions: pl.DataFrame | None = None,
    silent: Collection[tuple[str, str]] = (),
    changed: Collection[tuple[str, str]] = (),
) -> Detected:
    """Find what many cells share, and what single ones show, against control figures and the prior vintage.

    In: COMPARISONS of both kinds; the area of each dataset; units with text columns area, provider, vendor, system,
    system_version, supplier, delivery (several rows a part are fine); HISTORY tables of earlier approved runs; for the
    newest reference periods FIRSTS (`detecting.firsts`), what is silent there and whose system changed (`newest`);
    REVISIONS of earlier runs (`detecting.revisions`).
    Out: findings sorted by id. Each group of cells is said once, as widely as it holds.
    """
    import polars as pl

    subjects = Subjects.of(figures, areas=areas, units=units)
    known = list(subjects.figures)
    ordered = comparisons.filter(pl.col("figure").is_in(known)).sort("kind", "source", *FIGURE_KEY)
    found = control_findings(ordered, subjects=subjects) + summaries(ordered, subjects=subjects)
    if firsts is not None:
        found += newest(firsts, subjects=subjects, silent=silent, changed=changed)
    tables = [pl.DataFrame(schema=past.schema())]
    spoken = _but(ordered, subjects, silent)
    for name, signature in SIGNATURES.items():
        marks = signature.marks(spoken, figures)
        tables.append(past.summarise(name, marks))
        for told in _groups(name, signature, marks, comparisons=spoken, subjects=subjects, history=history):
            found.append(_finding(signature, told))
    found += uniform(spoken, subjects=subjects, told=found)
    if revisions is not None:
        found += revised(spoken, subjects=subjects, earlier=revisions, told=found)
    unique = {finding.id: finding for finding in excuse(found, planned, period=period)}
    return Detected(findings=tuple(unique[name] for name in sorted(unique)), history=pl.concat(tables))


def _but(comparisons: pl.DataFrame, subjects: Subjects, silent: Collection[tuple[str, str]]) -> pl.DataFrame:
    """The comparisons without those of whom nothing usable came: arrival or reading says that."""
    import polars as pl

    figures = [
        (figure.id, who) for figure in subjects.figures.values() for dataset, who in silent if dataset == figure.dataset
    ]
    told = pl.DataFrame(figures, schema={"figure": pl.String, "provider": pl.String}, orient="row")
    return comparisons.join(told, on=["figure", "provider"], how="anti", maintain_order="left")


def _groups(
    name: str,
    signature: Signature,
    marks: pl.DataFrame,
    *,
    comparisons: pl.DataFrame,
    subjects: Subjects,
    history: Sequence[pl.DataFrame],
) -> list[Told]:
    import numpy as np
    import polars as pl

    seen = past.rates(history, name, "worst" if signature.learned else "share")
    banded = marks.select("figure", "band", "item").unique().sort("figure", "item")
    rates: dict[tuple[str, str], float] = {}
    for figure, band, item in banded.iter_rows():
        if signature.learned:
            rate = past.worst(seen, (figure, band), floor=signature.floor)
            if rate is None and signature.unlearned is not None:
                rate = signature.unlearned(band)
        else:
            rate = past.usual(seen, (figure, band), floor=signature.floor)
        if rate is not None:
            rates[figure, item] = rate
    testable = pl.DataFrame(list(rates), schema={"figure": pl.String, "item": pl.String}, orient="row")
    marks = marks.join(testable, on=["figure", "item"], how="semi")
    if not marks["hit"].any():
        return []
    families = {figure: subjects.figures[figure].family for figure in subjects.figures}
    laid = grid(marks, areas=subjects.areas, families=families, units=subjects.units)
    usual = np.array([rates[item] for item in laid.items])
    groups = scan(laid, usual)
    return [tell(group, laid, marks=marks, comparisons=comparisons, subjects=subjects) for group in groups]


def _finding(signature: Signature, told: Told) -> Finding:
    return Finding(
        kind=signature.kind,
        severity=_severity(signature, told),
        scope=told.scope,
        evidence=told.evidence,
        detail={"cause": told.cause.kind.value, "members": ",".join(told.cause.members)},
    )


def _severity(signature: Signature, told: Told) -> Severity:
    """The mildest that fits: a few cells of many, or one provider's, are less than a pattern of the whole load."""
    single = told.cause.kind is CauseKind.PROVIDER
    if signature.massive is not None and signature.massive(told.marks):
        return Severity.WARNING if single else Severity.CRITICAL
    fits = [signature.severity]
    if single:
        fits.append(signature.alone)
    if told.cause.kind is CauseKind.OTHER:
        fits.append(signature.scattered)
    if told.evidence.cells < RARE * told.within:
        fits.append(signature.rare)
    return min(fits, key=lambda severity: severity.rank)
