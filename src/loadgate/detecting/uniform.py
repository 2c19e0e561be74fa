"""Comparisons with the prior vintage in; providers whose older periods all moved the same way, by as much, out.

Late reports fill up young periods and leave the old ones alone. Where the oldest half of the periods that two runs
share moved as a whole, in one direction and in nearly every cell, what came is another series, however short the
history of runs and however young the oldest period.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from loadgate.detecting.claims import Group, groups, shared
from loadgate.detecting.evidence import Subjects
from loadgate.detecting.firsts import Thing, things
from loadgate.model.comparison import Status
from loadgate.model.expected import KeyFigure
from loadgate.model.findings import CauseKind, Finding, GroupEvidence, MemberEffect
from loadgate.model.kinds import Kind, Severity

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

LEAST = 0.01  # log: old periods as a whole never move so much in an ordinary run
MASSIVE = math.log(1.25)  # a quarter: critical where it is shared, as everywhere
_SAME_WAY = 0.8  # share of the cells that had to move, and did, in that direction
_HAD_TO = 2.0  # units by which a cell had to move, so that rounding cannot hide it
_CELLS = 6
_PERIODS = 2


def uniform(comparisons: pl.DataFrame, *, subjects: Subjects, told: Sequence[Finding]) -> list[Finding]:
    """At most one finding a dataset, kind of measure and set of providers. `told`: what was found before stays so."""
    prior, done = compared(comparisons), told_before(told)
    streams = measured(list(subjects.figures.values())).values()
    return [one for own in streams for one in _of(prior, own, subjects=subjects, done=done)]


def compared(comparisons: pl.DataFrame) -> pl.DataFrame:
    """Those with the prior vintage that have a value in both."""
    import polars as pl

    both = [Status.SAME.value, Status.RESTATED.value]
    return comparisons.filter((pl.col("kind") == "prior") & pl.col("status").is_in(both))


def told_before(told: Sequence[Finding]) -> set[tuple[str, str]]:
    """(dataset, provider) of whose history something is said already."""
    return {
        (name, who)
        for one in told
        if one.kind is Kind.SHARED_HISTORY
        for name in one.scope.dataset or ()
        for who in one.scope.provider or ()
    }


def measured(figures: Sequence[KeyFigure]) -> dict[str, list[Thing]]:
    """stream → what is counted or summed in it."""
    found: dict[str, list[Thing]] = {}
    for thing in things(figures):
        if thing.column != "value":
            found.setdefault(thing.stream, []).append(thing)
    return dict(sorted(found.items()))


def _of(
    prior: pl.DataFrame, own: Sequence[Thing], *, subjects: Subjects, done: Collection[tuple[str, str]]
) -> list[Finding]:
    import numpy as np
    import polars as pl

    cells = old_cells(prior, own)
    if cells.is_empty():
        return []
    dataset, area = own[0].dataset, subjects.areas[own[0].figure]
    by = ["provider", "thing"]
    sums = cells.group_by(*by, "reference_start").agg(pl.col("now").sum(), pl.col("before").sum())
    sums = sums.filter((pl.col("now") / pl.col("before")) > 0).with_columns(
        (pl.col("now") / pl.col("before")).log().alias("moved")
    )
    each = sums.group_by("provider", "reference_start").agg(pl.col("moved").median())
    size = each.group_by("provider").agg(
        pl.col("moved").median().alias("size"),
        pl.col("moved").min().alias("low"),
        pl.col("moved").max().alias("high"),
        pl.len().alias("periods"),
    )
    change = (pl.col("now") / pl.col("before") - 1) * pl.col("size").sign()
    due = pl.col("before").abs() * pl.col("size").abs() >= _HAD_TO
    shown = (
        cells.join(size, on="provider")
        .filter(due)
        .group_by("provider")
        .agg(pl.len().alias("cells"), (change >= (pl.col("size").abs().exp() - 1) / 4).mean().alias("share"))
    )
    rows = size.join(shown, on="provider", how="left").sort("provider")
    names = rows["provider"].to_list()
    moved = rows.select(
        (
            (pl.col("size").abs() >= LEAST)
            & (pl.col("low") * pl.col("high") > 0)
            & (pl.min_horizontal(pl.col("low").abs(), pl.col("high").abs()) >= pl.col("size").abs() / 2)
            & (pl.col("periods") >= _PERIODS)
            & (pl.col("share") >= _SAME_WAY)
            & (pl.col("cells") >= _CELLS)
        )
        .fill_null(False)
        .alias("moved")
    )["moved"]
    hits = moved.to_numpy() & np.array([(dataset, name) not in done for name in names], dtype=bool)
    sizes = dict(zip(names, rows["size"].to_list(), strict=True))
    known = groups(subjects.units, names, area=area, dataset=dataset)
    alike = _alike(rows["size"].to_numpy(), hits)
    enough = ((rows["cells"].fill_null(0) >= _CELLS) & (rows["periods"] >= _PERIODS)).to_numpy()
    return [
        finding(cells, own, [names[place] for place in np.flatnonzero(group.members)], group, sizes, subjects)
        for group in shared(hits | alike, enough, known, sure=hits)
    ]


def _alike(sizes: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Who moved as those that are sure did: the same way, from half to twice as much."""
    import numpy as np

    if not hits.any():
        return hits
    middle = float(np.median(sizes[hits]))
    alike: np.ndarray = (sizes * middle > 0) & (abs(middle) <= 2 * abs(sizes)) & (abs(sizes) <= 2 * abs(middle))
    return alike


def old_cells(prior: pl.DataFrame, own: Sequence[Thing], *, least: int = 0) -> pl.DataFrame:
    """Cells of the oldest half of the periods compared, at `least` so many.

    Out: thing, cell, provider, reference_start, now, before; `shared`: how many periods were compared.
    """
    import polars as pl

    parts = []
    for column in ("numerator", "denominator"):
        index = pl.DataFrame(
            [(thing.figure, number) for number, thing in enumerate(own) if thing.column == column],
            schema={"figure": pl.String, "thing": pl.Int64},
            orient="row",
        )
        rows = prior.join(index, on="figure").select(
            "thing",
            "cell",
            "provider",
            "reference_start",
            pl.col(column).cast(pl.Float64).alias("now"),
            pl.col(f"other_{column}").cast(pl.Float64).alias("before"),
        )
        parts.append(rows.drop_nulls(["now", "before"]).filter((pl.col("before") != 0) & (pl.col("now") != 0)))
    both = pl.concat(parts)
    starts = both["reference_start"].unique().sort()
    old = starts.head(max(least, len(starts) // 2))
    chosen = both.filter(pl.col("reference_start").is_in(old.implode()))
    return chosen.sort("thing", "cell", "provider", "reference_start").with_columns(pl.lit(len(starts)).alias("shared"))


def finding(
    cells: pl.DataFrame,
    own: Sequence[Thing],
    providers: list[str],
    group: Group,
    sizes: dict[str, float],
    subjects: Subjects,
    *,
    evidence: float | None = None,
) -> Finding:
    """`sizes`: by how much (log) each provider moved. `evidence`: times the limit that a group had to exceed."""
    import polars as pl

    block = cells.filter(pl.col("provider").is_in(providers))
    figures = sorted({user for number in block["thing"].unique() for user in own[number].users})
    first, last = block.select(
        pl.col("reference_start").min().alias("a"), pl.col("reference_start").max().alias("b")
    ).row(0)
    span = subjects.span(figures, (first, last))
    hit = pl.col("now") != pl.col("before")
    counted = {
        name: (number, whole)
        for name, number, whole in block.group_by("provider").agg(hit.sum().alias("n"), pl.len()).iter_rows()
    }
    effects = {name: float(f"{math.expm1(sizes[name]):.9g}") for name in providers}
    ordered = sorted(effects.values())
    shared_by_several = len(providers) > 1 and min(abs(sizes[name]) for name in providers) >= MASSIVE
    members = ",".join(providers) if group.cause in (CauseKind.PROVIDER, CauseKind.RUN) else group.name
    return Finding(
        kind=Kind.SHARED_HISTORY,
        severity=Severity.CRITICAL if shared_by_several else Severity.WARNING,
        scope=subjects.scope(
            figures=figures, parts=[(subjects.areas[own[0].figure], name) for name in providers], reference=span
        ),
        evidence=GroupEvidence(
            cells=sum(number for number, _ in counted.values()),
            eligible=block.height,
            first=str(span.first),
            last=str(span.last),
            periods=block["reference_start"].n_unique(),
            direction="up" if ordered[0] > 0 else "down" if ordered[-1] < 0 else "mixed",
            effect_min=ordered[0],
            effect_median=ordered[(len(ordered) - 1) // 2],
            effect_max=ordered[-1],
            evidence=float(f"{len(providers) * abs(ordered[0]) / LEAST if evidence is None else evidence:.9g}"),
            detection_limit=1.0,
            unmoved=(),
            unmoved_cells=0,
            unmoved_restated=0,
            members=tuple(
                MemberEffect(
                    provider=name,
                    cell=None,
                    cells=counted[name][0],
                    eligible=counted[name][1],
                    effect_min=effects[name],
                    effect_median=effects[name],
                    effect_max=effects[name],
                )
                for name in providers
            ),
        ),
        detail={"cause": group.cause.value, "members": members},
    )
