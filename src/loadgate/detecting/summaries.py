"""Comparisons with the prior vintage in; per figure how much was restated and how much is gone, as info, out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.detecting.evidence import Subjects
from loadgate.detecting.signatures.cells_gone import held
from loadgate.model.comparison import Status
from loadgate.model.findings import CellsEvidence, Finding
from loadgate.model.kinds import Kind, Severity

if TYPE_CHECKING:
    import polars as pl


def summaries(comparisons: pl.DataFrame, *, subjects: Subjects) -> list[Finding]:
    """At most two findings a figure: cells restated, cells gone. Info: what is unusual is found by the signatures."""
    import polars as pl

    prior = held(comparisons, list(subjects.figures.values()))
    restated = (pl.col("status") == Status.RESTATED.value) & ~pl.col("gone")
    found: list[Finding] = []
    for figure in sorted(set(prior["figure"])):
        own = prior.filter(pl.col("figure") == figure)
        for kind, these in ((Kind.RESTATED, restated), (Kind.CELLS_GONE, pl.col("gone"))):
            moved = own.filter(these)
            if moved.height:
                found.append(_finding(kind, figure, moved, eligible=own.height, subjects=subjects))
    return found


def _finding(kind: Kind, figure: str, moved: pl.DataFrame, *, eligible: int, subjects: Subjects) -> Finding:
    import polars as pl

    relative = pl.col("difference_relative")
    first, last, low, middle, high = moved.select(
        pl.col("reference_start").min().alias("first"),
        pl.col("reference_start").max().alias("last"),
        relative.min().alias("low"),
        relative.median().alias("middle"),
        relative.max().alias("high"),
    ).row(0)
    span = subjects.span([figure], (first, last))
    parts = sorted((subjects.areas[figure], provider) for provider in set(moved["provider"]))
    sources = sorted(set(moved["source"].drop_nulls()))
    return Finding(
        kind=kind,
        severity=Severity.INFO,
        scope=subjects.scope(figures=[figure], parts=parts, reference=span),
        evidence=CellsEvidence(
            cells=moved.height,
            eligible=eligible,
            first=str(span.first),
            last=str(span.last),
            periods=moved["reference_start"].n_unique(),
            difference_min=_rounded(low),
            difference_median=_rounded(middle),
            difference_max=_rounded(high),
            source=",".join(sources) or None,
        ),
        check="summary",
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.9g}")
