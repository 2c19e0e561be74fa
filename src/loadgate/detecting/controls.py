"""Control comparisons in; findings per figure, provider and source that are beyond a limit, out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from loadgate.detecting.evidence import Subjects
from loadgate.model.comparison import Agreement
from loadgate.model.findings import CellsEvidence, Finding
from loadgate.model.kinds import KINDS, Kind
from loadgate.model.scope import Scope

if TYPE_CHECKING:
    import polars as pl

_BEYOND = {Agreement.SUBSTANTIAL: Kind.CONTROL_SUBSTANTIAL, Agreement.MINIMAL: Kind.CONTROL_MINIMAL}
_PERIODS = 3  # periods that a direction or a drift needs
_NEAR = 1.1  # times: how far a multiple may be from a power of ten
_SOLID = 10  # counted: of fewer, chance makes a tenth or ten times as many
_LARGE = 1000  # and hardly ever so many


def control_findings(comparisons: pl.DataFrame, *, subjects: Subjects) -> list[Finding]:
    """At most two findings per (source, figure, provider): substantial deviations, and minimal ones.

    `detail` says `direction: one-sided` where all differences of at least three periods have one sign, and
    `drift: growing` where they never shrink and the last is at least twice the first, in every cell that deviates;
    `factor: 1/1000` (10, 100, 1000 or one part in so many) where every value that deviates is that multiple of its
    control figure, to a tenth.
    """
    import polars as pl

    control = comparisons.filter((pl.col("kind") == "control") & pl.col("figure").is_in(list(subjects.figures)))
    found: list[Finding] = []
    keys = ["source", "figure", "provider"]
    for group in control.sort(*keys, "cell", "reference_start").partition_by(keys, maintain_order=True):
        compared = group.filter(pl.col("outcome") != Agreement.NOT_APPLICABLE.value)
        for outcome, kind in _BEYOND.items():
            beyond = compared.filter(pl.col("outcome") == outcome.value)
            if beyond.height:
                found.append(_finding(kind, beyond, compared, subjects=subjects))
    return found


def _finding(kind: Kind, beyond: pl.DataFrame, compared: pl.DataFrame, *, subjects: Subjects) -> Finding:
    import polars as pl

    source, figure, provider = beyond.select("source", "figure", "provider").row(0)
    relative = pl.col("difference_relative")
    first, last, low, middle, high = beyond.select(
        pl.col("reference_start").min().alias("first"),
        pl.col("reference_start").max().alias("last"),
        relative.min().alias("low"),
        relative.median().alias("middle"),
        relative.max().alias("high"),
    ).row(0)
    span = subjects.span([figure], (first, last))
    cells = set(beyond["cell"].drop_nulls())
    facts = {"area": subjects.areas[figure], "dataset": subjects.figures[figure].dataset}
    scope = Scope.of(
        reference=span,
        **facts,
        provider=provider,
        figure=figure,
        family=subjects.figures[figure].family,
        cell=cells if cells and cells < set(compared["cell"].drop_nulls()) else None,
    )
    return Finding(
        kind=kind,
        severity=KINDS[kind].severity,
        scope=scope,
        evidence=CellsEvidence(
            cells=beyond.height,
            eligible=compared.height,
            first=str(span.first),
            last=str(span.last),
            periods=beyond["reference_start"].n_unique(),
            difference_min=_rounded(low),
            difference_median=_rounded(middle),
            difference_max=_rounded(high),
            source=source,
        ),
        check=f"control:{source}",
        detail={**_shape(beyond, compared), **_unit(beyond)},
    )


def _shape(beyond: pl.DataFrame, compared: pl.DataFrame) -> dict[str, str]:
    """What the differences of the deviating cells have in common over the periods, in closed words."""
    import polars as pl

    cells = beyond["cell"].unique()
    rows = compared.filter(pl.col("cell").is_in(cells.implode(), nulls_equal=True))
    if rows["reference_start"].n_unique() < _PERIODS:
        return {}
    found: dict[str, str] = {}
    differences = rows["difference"]
    if (differences >= 0).all() or (differences <= 0).all():
        found["direction"] = "one-sided"
        series = [part["difference"].abs().to_list() for part in rows.partition_by("cell", maintain_order=True)]
        if all(map(_grows, series)):
            found["drift"] = "growing"
    return found


def _unit(beyond: pl.DataFrame) -> dict[str, str]:
    """The power of ten that lies between all these values and their control figures, if one does."""
    import polars as pl

    ratio = pl.col("value") / pl.col("other")
    sizes = pl.col("value").abs(), pl.col("other").abs()
    many = (pl.min_horizontal(*sizes) >= _SOLID) | (pl.max_horizontal(*sizes) >= _LARGE)
    solid = (pl.col("numerator").is_null() | many).any()
    for times in (10, 100, 1000):
        for factor, told in ((times, f"{times}"), (1 / times, f"1/{times}")):
            near = ratio.is_between(factor / _NEAR, factor * _NEAR).fill_null(value=False).all()
            if beyond.select(near & solid).item():
                return {"factor": told, "looks_like": "unit"}
    return {}


def _grows(sizes: list[float]) -> bool:
    return (
        len(sizes) >= _PERIODS
        and sizes[0] > 0
        and all(later >= earlier for earlier, later in pairwise(sizes))
        and sizes[-1] >= 2 * sizes[0]
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.9g}")
