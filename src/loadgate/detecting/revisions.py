"""Comparisons with the prior vintage, and how far earlier runs moved it, in; groups whose one old period moved, out.

Where deliveries hold so few periods that one alone is old, late reports may still come for it, and it cannot be said
of one provider what moved it. Of a group it can: earlier runs say how far its middle provider usually moves against
the others', and that hardly changes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loadgate.detecting.claims import Group, groups
from loadgate.detecting.course import MAD, middle
from loadgate.detecting.evidence import Subjects
from loadgate.detecting.firsts import Thing
from loadgate.detecting.uniform import LEAST, compared, finding, measured, old_cells, told_before
from loadgate.model.expected import KeyFigure
from loadgate.model.findings import Finding
from loadgate.model.period import run_order

if TYPE_CHECKING:
    from datetime import date

    import numpy as np
    import polars as pl

PROVIDERS = 5  # of the group, and besides it
RUNS = 8
_CLEAR = 4.0  # sd of the earlier runs
_BEYOND = 1.3  # times the largest of them
_MIDDLE = 1.25  # sd of a median by that of a mean
_MOST = 3  # periods shared by two runs of which one is old


def revisions_schema() -> pl.Schema:
    """REVISIONS: how far (log) a provider's oldest periods moved in an earlier run, by what is measured (`stream`)."""
    import polars as pl

    return pl.Schema({"run_start": pl.Date, "stream": pl.String, "provider": pl.String, "moved": pl.Float64})


def newest_prior(comparisons: pl.DataFrame) -> str | None:
    """The newest run that anything is compared with; None without one."""
    import polars as pl

    sources = comparisons.filter(pl.col("kind") == "prior")["source"].drop_nulls().unique()
    return max(sources, key=run_order, default=None)


def of_few_periods(comparisons: pl.DataFrame, figures: Sequence[KeyFigure]) -> list[KeyFigure]:
    """Figures of which this run and the newest prior vintage share so few periods that one alone is old."""
    import polars as pl

    prior = _with_newest(comparisons)
    shared = prior.group_by("figure").agg(pl.col("reference_start").n_unique().alias("shared"))
    few = set(shared.filter(pl.col("shared") <= _MOST)["figure"])
    return [figure for figure in figures if figure.id in few]


def revisions(comparisons: pl.DataFrame, figures: Sequence[KeyFigure], *, run_start: date) -> pl.DataFrame:
    """REVISIONS of one run, from its COMPARISONS with the run before."""
    import polars as pl

    prior, schema = compared(comparisons), revisions_schema()
    parts = [pl.DataFrame(schema=schema)]
    for stream, own in measured(figures).items():
        cells = _one_old(prior, own)
        if cells is not None:
            facts = pl.lit(run_start).alias("run_start"), pl.lit(stream).alias("stream")
            parts.append(_moves(cells).with_columns(*facts).select(schema.names()))
    return pl.concat(parts)


def revised(
    comparisons: pl.DataFrame, *, subjects: Subjects, earlier: pl.DataFrame, told: Sequence[Finding]
) -> list[Finding]:
    """At most one finding a dataset and group. `earlier`: REVISIONS; `told`: what was found before stays so.

    Nothing is said of parts whose last approved values are older than the others': more reports came for them since.
    """
    if earlier.is_empty():
        return []
    prior, done = _with_newest(comparisons), told_before(told)
    claims: dict[str, list[_Claim]] = defaultdict(list)
    for stream, own in measured(of_few_periods(prior, list(subjects.figures.values()))).items():
        cells = _one_old(prior, own)
        if cells is not None:
            dataset = own[0].dataset
            claims[dataset] += _claims(stream, cells, own, subjects=subjects, earlier=earlier, done=done)
    return [_told(several, subjects) for own in claims.values() for several in _together(own)]


def _with_newest(comparisons: pl.DataFrame) -> pl.DataFrame:
    """Those with the newest prior vintage that have a value in both."""
    import polars as pl

    newest = newest_prior(comparisons)
    return compared(comparisons).filter(pl.col("source").is_in([] if newest is None else [newest]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A group of providers, and by how much (log) more it moved than usual; `limit` is what it had to.

    `cells` are those of the stream, measured in `things`.
    """

    group: Group
    providers: frozenset[str]
    size: float
    limit: float
    cells: pl.DataFrame
    things: Sequence[Thing]


def _one_old(prior: pl.DataFrame, own: Sequence[Thing]) -> pl.DataFrame | None:
    cells = old_cells(prior, own, least=1)
    shared = cells["shared"].max() if cells.height else None
    return cells if shared is not None and int(shared) <= _MOST else None  # type: ignore[arg-type]


def _moves(cells: pl.DataFrame) -> pl.DataFrame:
    """Columns provider, moved: the middle over all that is measured."""
    import polars as pl

    sums = cells.group_by("provider", "thing").agg(pl.col("now").sum(), pl.col("before").sum())
    ratio = pl.col("now") / pl.col("before")
    known = sums.filter(ratio.is_finite() & (ratio > 0))
    return known.group_by("provider").agg(ratio.log().median().alias("moved")).sort("provider")


def _claims(
    stream: str,
    cells: pl.DataFrame,
    own: Sequence[Thing],
    *,
    subjects: Subjects,
    earlier: pl.DataFrame,
    done: Collection[tuple[str, str]],
) -> list[_Claim]:
    """The widest groups first; of providers that one of them named nothing more is said."""
    import numpy as np
    import polars as pl

    past = earlier.filter(pl.col("stream") == stream)
    moves = _moves(cells)
    names = moves["provider"].to_list()
    table = _table(past, names)
    if table.shape[0] < RUNS:
        return []
    table = np.vstack([table, moves["moved"].to_numpy()])
    dataset = own[0].dataset
    known = [
        group
        for group in groups(subjects.units, names, area=subjects.areas[own[0].figure], dataset=dataset)
        if group.members.sum() >= PROVIDERS
    ]
    left = np.array([(dataset, name) not in done for name in names])
    found = []
    for group in known:
        members = group.members & left
        if 2 * members.sum() <= group.members.sum():
            continue
        size, limit = _beyond(table, group.members)
        if abs(size) < limit or not _alike(table, group.members, known, size):
            continue
        left &= ~group.members
        found.append(
            _Claim(
                group=replace(group, members=members),
                providers=frozenset(names[place] for place in np.flatnonzero(members)),
                size=size,
                limit=limit,
                cells=cells,
                things=own,
            )
        )
    return found


def _table(past: pl.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Earlier runs x providers, NaN where nothing is known."""
    import numpy as np

    runs = past["run_start"].unique().sort().to_list()
    row, column = {run: n for n, run in enumerate(runs)}, {name: n for n, name in enumerate(names)}
    table = np.full((len(runs), len(names)), np.nan)
    for run, provider, moved in past.select("run_start", "provider", "moved").iter_rows():
        if provider in column:
            table[row[run], column[provider]] = moved
    return table


def _beyond(table: np.ndarray, members: np.ndarray) -> tuple[float, float]:
    """How much more than usual the group moved in the last run, against the others where there are, and the limit."""
    import numpy as np

    apart = middle(table[:, members], 1)
    if (~members).sum() >= PROVIDERS:
        apart = apart - middle(table[:, ~members], 1)
    past = apart[:-1][~np.isnan(apart[:-1])]
    if past.size < RUNS or np.isnan(apart[-1]):
        return 0.0, math.inf
    usual = float(np.median(past))
    off = np.abs(past - usual)
    sd = max(MAD * float(np.median(off)), _chance(table[:-1], members))
    limit = max(LEAST, _CLEAR * sd, _BEYOND * float(off.max()))
    return float(apart[-1]) - usual, limit


def _chance(past: np.ndarray, members: np.ndarray) -> float:
    """Standard deviation of the difference of the two middles, were each provider's moves drawn anew every run."""
    own = MAD * float(middle(middle(abs(past - middle(past, 1)[:, None]), 1)[None, :], 1)[0])
    numbers = [number for number in (int(members.sum()), int((~members).sum())) if number >= PROVIDERS]
    return _MIDDLE * own * math.sqrt(sum(1 / number for number in numbers))


def _alike(table: np.ndarray, members: np.ndarray, known: Sequence[Group], size: float) -> bool:
    """Whether the group is what moved: each part of it did, by half as much at least, and the others did not."""
    own = [group.members for group in known if not (group.members & ~members).any()]
    parts = [*own, *(members & ~part for part in own)]
    if any(part.sum() >= PROVIDERS and _own(table, part) / size < 0.5 for part in parts):
        return False
    return bool((~members).sum() < PROVIDERS or abs(_own(table, ~members)) <= abs(size) / 2)


def _own(table: np.ndarray, members: np.ndarray) -> float:
    """How much more than usual these providers moved in the last run."""
    moved = middle(table[:, members], 1)
    return float(moved[-1] - middle(moved[None, :-1], 1)[0])


def _together(claims: Sequence[_Claim]) -> list[list[_Claim]]:
    """Claims of one dataset, those of the widest group with all of its parts' own: what is measured moves together."""
    found: list[list[_Claim]] = []
    for claim in sorted(claims, key=lambda claim: -len(claim.providers)):
        for several in found:
            if claim.providers <= several[0].providers and claim.size * several[0].size > 0:
                several.append(claim)
                break
        else:
            found.append([claim])
    return found


def _told(several: Sequence[_Claim], subjects: Subjects) -> Finding:
    """One finding of all that was measured, told by what is surest of the widest group."""
    import polars as pl

    widest = several[0]
    alike = [claim for claim in several if claim.providers == widest.providers]
    surest = max(alike, key=lambda claim: abs(claim.size) / claim.limit)
    things: list[Thing] = []
    parts = []
    for claim in several:
        parts.append(claim.cells.with_columns(pl.col("thing") + len(things)))
        things += claim.things
    names = sorted(widest.providers)
    return finding(
        pl.concat(parts),
        things,
        names,
        widest.group,
        dict.fromkeys(names, surest.size),
        subjects,
        evidence=abs(surest.size) / surest.limit,
    )
