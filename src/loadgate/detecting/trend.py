"""This run's counts in; providers whose newest settled period left the others' course, as info, out.

A wave's time and height are no season, so a provider is judged against the others in the same period only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from loadgate.detecting.evidence import Subjects
from loadgate.model.expected import FigureKind, KeyFigure
from loadgate.model.findings import CellsEvidence, Finding
from loadgate.model.kinds import Kind, Severity

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

SETTLED = 2  # periods after which most late reports are in
BEFORE = 4  # periods that give the level
LEAST = 20.0  # counted cases, now and on average before
PROVIDERS = 6  # others needed to know a common course
LIMIT = 5.0  # robust standard deviations: with heavy tails and 100 providers, about one a month
_SPREAD = 0.05  # providers never move together more closely than this (5 %)


def trends(comparisons: pl.DataFrame, *, subjects: Subjects) -> list[Finding]:
    """At most one finding per count and provider, of the total cell where there is one. Info only."""
    found: list[Finding] = []
    for figure in sorted(subjects.figures.values(), key=lambda figure: figure.id):
        if figure.kind not in (FigureKind.COUNT, FigureKind.PERSONS):
            continue
        if figure.cells is not None and figure.cells.total is None:
            continue
        found += _of(figure, comparisons, subjects)
    return found


def _of(figure: KeyFigure, comparisons: pl.DataFrame, subjects: Subjects) -> list[Finding]:
    import polars as pl

    total = None if figure.cells is None else figure.cells.total
    own = comparisons.filter(
        (pl.col("kind") == "prior")
        & (pl.col("figure") == figure.id)
        & pl.col("cell").eq_missing(pl.lit(total, dtype=pl.String))
        & pl.col("value").is_not_null()
    )
    starts = own["reference_start"].unique().sort(descending=True)
    if len(starts) < SETTLED + BEFORE + 1:
        return []
    settled = starts[SETTLED]
    level = starts[SETTLED + 1 : SETTLED + BEFORE + 1]
    counts = own.group_by("provider").agg(
        pl.col("value").filter(pl.col("reference_start") == settled).sum().alias("now"),
        pl.col("value").filter(pl.col("reference_start").is_in(level.implode())).sum().alias("before"),
    )
    enough = (pl.col("now") >= LEAST) & (pl.col("before") >= LEAST * BEFORE)
    rows = counts.filter(enough).sort("provider").rows()
    if len(rows) <= PROVIDERS:
        return []
    growth = {provider: math.log(now * BEFORE / before) for provider, now, before in rows}
    found: list[Finding] = []
    for provider, now, before in rows:
        others = [value for name, value in growth.items() if name != provider]
        course, apart = _against(growth[provider], others, chance=1 / now + 1 / before)
        if abs(apart) > LIMIT:
            found.append(_finding(figure, provider, settled, effect=math.exp(growth[provider] - course) - 1,
                                  providers=len(rows), subjects=subjects))  # fmt: skip
    return found


def _against(value: float, others: Sequence[float], *, chance: float) -> tuple[float, float]:
    """The others' middle, and the distance from it in robust standard deviations, nine significant digits."""
    course = median(others)
    spread = max(_SPREAD, 1.4826 * median(abs(other - course) for other in others))
    return course, float(f"{(value - course) / math.sqrt(spread**2 + chance):.9g}")


def _finding(
    figure: KeyFigure, provider: str, start: date, *, effect: float, providers: int, subjects: Subjects
) -> Finding:
    span = subjects.span([figure.id], (start, start))
    rounded = float(f"{effect:.9g}")
    return Finding(
        kind=Kind.TREND,
        severity=Severity.INFO,
        scope=subjects.scope(figures=[figure.id], parts=[(subjects.areas[figure.id], provider)], reference=span),
        evidence=CellsEvidence(
            cells=1,
            eligible=providers,
            first=str(span.first),
            last=str(span.last),
            periods=1,
            difference_min=rounded,
            difference_median=rounded,
            difference_max=rounded,
        ),
    )
