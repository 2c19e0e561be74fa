"""A group and the marked cells in; its Scope, cause and GroupEvidence out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Self

from loadgate.detecting.lattice import Grid
from loadgate.detecting.scan import Group
from loadgate.model.comparison import Status
from loadgate.model.expected import FigureKind, KeyFigure
from loadgate.model.findings import Cause, CauseKind, GroupEvidence, MemberEffect
from loadgate.model.period import Period
from loadgate.model.scope import Scope, Span

if TYPE_CHECKING:
    import polars as pl

_SERVED = ("vendor", "system", "supplier")
_ONE_WAY = 0.9  # share of the moves in one direction from which a group is said to go up or down
_MEMBERS = 2000  # more providers x cells than this are summed up per provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """What findings are about: the key figures, the area of each, and who serves each part (area, provider)."""

    figures: Mapping[str, KeyFigure]
    areas: Mapping[str, str]
    units: pl.DataFrame
    served: Mapping[tuple[str, str], Sequence[tuple[str | None, ...]]]  # rows of (vendor, system, supplier)

    @classmethod
    def of(cls, figures: Sequence[KeyFigure], *, areas: Mapping[str, str], units: pl.DataFrame) -> Self:
        """In: the area of each dataset; units with area, provider, vendor, system, supplier."""
        served: dict[tuple[str, str], list[tuple[str | None, ...]]] = {}
        for area, provider, *facts in units.select("area", "provider", *_SERVED).iter_rows():
            served.setdefault((area, provider), []).append(tuple(facts))
        return cls(
            figures={figure.id: figure for figure in figures},
            areas={figure.id: areas[figure.dataset] for figure in figures},
            units=units,
            served=served,
        )

    def scope(self, *, figures: Sequence[str], parts: Sequence[tuple[str, str]], reference: Span | None) -> Scope:
        """The box of these figures and parts; providers always by name, so that a rule can count them.

        Vendor, system and supplier are named where every part has one.
        """
        rows = [self.served.get(part, [()]) for part in parts]
        facts: dict[str, set[str]] = {}
        for place, name in enumerate(_SERVED):
            values = {row[place] if row else None for own in rows for row in own}
            if all(values):
                facts[name] = {value for value in values if value}
        return Scope.of(
            area={area for area, _ in parts},
            dataset={self.figures[figure].dataset for figure in figures},
            provider={provider for _, provider in parts},
            figure=figures,
            family={self.figures[figure].family for figure in figures},
            reference=reference,
            **facts,
        )

    def span(self, figures: Sequence[str], starts: tuple[date, date]) -> Span:
        """The reference periods from the first to the last start, in the cadence of the first figure by name."""
        cadence = self.figures[min(figures)].cadence
        return Span(Period.of(starts[0], cadence), Period.of(starts[1], cadence))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A group ready to be a finding."""

    scope: Scope
    cause: Cause
    evidence: GroupEvidence
    marks: pl.DataFrame  # the group's own
    within: int  # eligible cells between the first and the last moved period


def tell(group: Group, grid: Grid, *, marks: pl.DataFrame, comparisons: pl.DataFrame, subjects: Subjects) -> Told:
    """Say a group: which figures, cells, parts and reference periods, how far they moved and what did not move."""
    import polars as pl

    parts = [grid.parts[place] for place in group.parts]
    within_reach = {area for area, _ in parts}
    items = [grid.items[place] for place in group.items if subjects.areas[grid.items[place][0]] in within_reach]
    figures = sorted({figure for figure, _ in items})
    block = _cells(marks, items=items, parts=parts, subjects=subjects)
    hits = block.filter(pl.col("hit"))
    starts = hits.select(pl.col("reference_start").min().alias("a"), pl.col("reference_start").max().alias("b")).row(0)
    span = subjects.span(figures, starts)
    scope = subjects.scope(figures=figures, parts=parts, reference=span)
    cells = set(hits["cell"].drop_nulls())
    if len(figures) == 1 and cells and cells < set(marks.filter(pl.col("figure") == figures[0])["cell"].drop_nulls()):
        listed = set(block["cell"].drop_nulls())
        if listed == cells:
            scope = Scope.of(reference=span, **scope.values, cell=cells)
    within = block.filter(pl.col("reference_start").is_between(*starts))
    members, effects = _members(within)
    unmoved, still, restated = _unmoved(comparisons, figures=figures, parts=parts, subjects=subjects)
    evidence = GroupEvidence(
        cells=group.cells,
        eligible=group.eligible,
        first=str(span.first),
        last=str(span.last),
        periods=hits["reference_start"].n_unique(),
        direction=_direction(hits),
        effect_min=min(effects, default=None),
        effect_median=_middle(effects),
        effect_max=max(effects, default=None),
        evidence=group.evidence,
        detection_limit=group.limit,
        unmoved=unmoved,
        unmoved_cells=still,
        unmoved_restated=restated,
        members=members,
    )
    cause = _cause(group, figures=figures, parts=parts)
    return Told(scope=scope, cause=cause, evidence=evidence, marks=block, within=within.height)


def _cells(
    marks: pl.DataFrame, *, items: Sequence[tuple[str, str]], parts: Sequence[tuple[str, str]], subjects: Subjects
) -> pl.DataFrame:
    import polars as pl

    wanted = pl.DataFrame(items, schema={"figure": pl.String, "item": pl.String}, orient="row")
    owned = pl.DataFrame(parts, schema={"area": pl.String, "provider": pl.String}, orient="row")
    area = pl.col("figure").replace_strict(dict(subjects.areas), return_dtype=pl.String)
    return (
        marks.join(wanted, on=["figure", "item"], how="semi")
        .with_columns(area.alias("area"))
        .join(owned, on=["area", "provider"], how="semi")
    )


def _cause(group: Group, *, figures: Sequence[str], parts: Sequence[tuple[str, str]]) -> Cause:
    providers = tuple(sorted({provider for _, provider in parts}))
    match group.cause:
        case CauseKind.FIGURE:
            return Cause(kind=group.cause, members=tuple(figures))
        case CauseKind.RUN | CauseKind.PROVIDER | CauseKind.OTHER:
            return Cause(kind=group.cause, members=providers)
        case _:
            return Cause(kind=group.cause, members=(group.name,))


def _members(block: pl.DataFrame) -> tuple[tuple[MemberEffect, ...], list[float]]:
    """Per provider and cell what moved and by how much; and every such effect, sorted.

    An effect is the sum of the values now over the sum before, less one, over all eligible cells of one figure,
    provider and cell between the first and the last moved period: rounding cancels in the sum, not in a cell.
    """
    import polars as pl

    keys = ["provider", "cell"]
    if block.select(keys).n_unique() > _MEMBERS:
        block = block.with_columns(pl.lit(None, dtype=pl.String).alias("cell"))
    each = block.group_by("figure", *keys).agg(
        pl.len().alias("eligible"), pl.col("hit").sum().alias("cells"), pl.col("now").sum(), pl.col("before").sum()
    )
    moved = each.filter(pl.col("cells") > 0).sort(*keys, "figure")
    found: dict[tuple[str, str | None], list[tuple[int, int, float | None]]] = {}
    for row in moved.iter_rows(named=True):
        effect = float(f"{float(row['now'] / row['before']) - 1:.9g}") if row["before"] else None
        found.setdefault((row["provider"], row["cell"]), []).append((row["cells"], row["eligible"], effect))
    members: list[MemberEffect] = []
    for (provider, cell), rows in found.items():
        own = sorted(effect for _, _, effect in rows if effect is not None)
        members.append(
            MemberEffect(
                provider=provider,
                cell=cell,
                cells=sum(cells for cells, _, _ in rows),
                eligible=sum(eligible for _, eligible, _ in rows),
                effect_min=min(own, default=None),
                effect_median=_middle(own),
                effect_max=max(own, default=None),
            )
        )
    return tuple(members), sorted(effect for rows in found.values() for _, _, effect in rows if effect is not None)


def _middle(effects: Sequence[float]) -> float | None:
    if not effects:
        return None
    ordered = sorted(effects)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float(f"{(low + high) / 2:.9g}")


def _direction(hits: pl.DataFrame) -> str:
    import polars as pl

    ups = (pl.col("now") > pl.col("before")).sum()
    downs = (pl.col("now") < pl.col("before")).sum()
    up, down = hits.select(ups.alias("up"), downs.alias("down")).row(0)
    if up >= _ONE_WAY * (up + down) and up:
        return "up"
    return "down" if down >= _ONE_WAY * (up + down) and down else "mixed"


def _unmoved(
    comparisons: pl.DataFrame, *, figures: Sequence[str], parts: Sequence[tuple[str, str]], subjects: Subjects
) -> tuple[tuple[str, ...], int, int]:
    """Figures of the same rows whose numbers mostly stood still: their names, cells compared, cells restated."""
    import polars as pl

    datasets = {subjects.figures[figure].dataset for figure in figures}
    others = sorted(
        figure.id
        for figure in subjects.figures.values()
        if figure.dataset in datasets and figure.id not in figures and figure.kind is not FigureKind.PUBLISHED
    )
    compared = comparisons.filter(
        (pl.col("kind") == "prior")
        & pl.col("figure").is_in(others)
        & pl.col("provider").is_in(sorted({provider for _, provider in parts}))
        & pl.col("status").is_in([Status.SAME.value, Status.RESTATED.value])
    )
    changed = (pl.col("status") == Status.RESTATED.value).sum().alias("restated")
    rows = compared.group_by("figure").agg(pl.len().alias("cells"), changed).sort("figure")
    still = rows.filter(2 * pl.col("restated") < pl.col("cells"))
    return tuple(still["figure"]), int(still["cells"].sum()), int(still["restated"].sum())
