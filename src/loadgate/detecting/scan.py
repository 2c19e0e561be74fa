"""A grid of eligible and marked cells and their usual rates in; the few groups that explain the marks, out.

A Bernoulli scan over the lattice (after Kulldorff, Fang & Walsh 2003): evidence is the log-likelihood ratio of the
group's own rate against the usual one, less the logarithm of the groups tried. Marks are what counts, not their size
or sign: rounding hides most small changes, and opposite changes cancel in a mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loadgate.detecting.lattice import Grid
from loadgate.model.findings import CauseKind

if TYPE_CHECKING:
    import numpy as np

# By Chernoff's bound a group of chance exceeds this with probability e^-8 over all groups tried: 1 run in 3,000.
THRESHOLD = 8.0
LEAST = 3  # marked cells: two can be one correction
NEARLY = 0.9  # share of the members that must show marks before all are named
SURE = 0.01  # a member shows marks if chance gives as many less often than this
# A member lacks them if it has none where at least so many are due at a quarter of the group's rate; where marks are
# usual, if it has not got a quarter of the group's excess.
QUIET = 3.0
_MOST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Items x parts (places in the grid) that share marks. `cause` is OTHER where no lattice set fits.

    `every_item`: the items are (nearly) all that these parts have.
    """

    items: tuple[int, ...]
    parts: tuple[int, ...]
    cause: CauseKind
    name: str
    every_item: bool
    penalty: float
    cells: int = 0
    eligible: int = 0
    evidence: float = 0.0
    limit: float = 1.0  # share of the eligible cells from which the group would have been seen


@dataclass(slots=True)
class _Left:
    """What no group has explained yet."""

    eligible: np.ndarray
    hits: np.ndarray
    due: np.ndarray  # expected hits


def scan(grid: Grid, usual: np.ndarray) -> list[Group]:
    """Explain the marks greedily, each once; strongest group first.

    In: `usual` is the usual rate per item. A group is widened to a coarser one whose other members (nearly) all show
    marks too, and narrowed to the members that do where many do not. Groups of the same parts are one.
    """
    left = _Left(eligible=grid.eligible.copy(), hits=grid.hits.copy(), due=_due(grid, usual))
    found: list[Group] = []
    for _ in range(_MOST):
        best = _strongest(grid, left)
        if best is None:
            break
        group = _narrowed(grid, left, _widened(grid, left, best))
        found.append(group)
        for table in (left.eligible, left.hits, left.due):  # its cells leave, marked or not
            table[_block(group)] = 0
    return _merged(grid, found, usual)


def _due(grid: Grid, usual: np.ndarray) -> np.ndarray:
    """Marks to expect per item and part."""
    due: np.ndarray = grid.eligible * usual[:, None] + grid.chance
    return due


def _strongest(grid: Grid, left: _Left) -> Group | None:
    import numpy as np

    pairs = len(grid.item_levels) * len(grid.unit_levels)
    best: Group | None = None
    for item_level in grid.item_levels:
        sums = [np.add.reduceat(table, item_level.starts, axis=0) for table in (left.eligible, left.hits, left.due)]
        for unit_level in grid.unit_levels:
            eligible, hits, due = (table @ unit_level.members for table in sums)
            penalty = math.log(max(1, int((eligible > 0).sum()))) + math.log(pairs)
            evidence = _significant(ratio(eligible, hits, due) - penalty)
            evidence[hits < LEAST] = -np.inf
            row, column = np.unravel_index(int(np.argmax(evidence)), evidence.shape)
            if evidence[row, column] <= max(THRESHOLD, best.evidence if best is not None else THRESHOLD):
                continue
            best = _group(
                grid,
                items=np.flatnonzero(item_level.codes == row),
                parts=np.flatnonzero(unit_level.members[:, column]),
                cause=unit_level.cause,
                name=unit_level.names[column],
                penalty=penalty,
                evidence=float(evidence[row, column]),
            )
    return best


def _group(
    grid: Grid,
    *,
    items: np.ndarray,
    parts: np.ndarray,
    cause: CauseKind,
    name: str,
    penalty: float,
    evidence: float = 0.0,
) -> Group:
    """Without the parts that have none of the items; named as the lattice names what is left, if it does."""
    served = parts[grid.eligible[items][:, parts].sum(axis=0) > 0]
    own = tuple(served.tolist())
    if len(served) < len(parts):
        found, called = _named(grid, own)
        cause, name = (cause, name) if found is CauseKind.OTHER else (found, called)
    return Group(
        items=tuple(items.tolist()),
        parts=own,
        cause=cause,
        name=name,
        every_item=_every(grid, items=tuple(items.tolist()), parts=own),
        penalty=penalty,
        evidence=evidence,
    )


def _every(grid: Grid, *, items: tuple[int, ...], parts: tuple[int, ...]) -> bool:
    import numpy as np

    return set(np.flatnonzero(grid.eligible[:, list(parts)].sum(axis=1) > 0).tolist()) <= set(items)


def ratio(eligible: np.ndarray, hits: np.ndarray, due: np.ndarray) -> np.ndarray:
    """Log-likelihood ratio of the own rate against the usual one; 0 where the own one is not the higher."""
    import numpy as np

    n = np.maximum(eligible, 1)
    usual = np.clip(due / n, 1e-12, 1 - 1e-12)
    own = np.clip(hits / n, 1e-12, 1 - 1e-12)
    value = hits * np.log(own / usual) + (eligible - hits) * np.log((1 - own) / (1 - usual))
    return np.where(own > usual, value, 0.0)


def _significant(values: np.ndarray) -> np.ndarray:
    """Nine significant digits, so that the last bits of a sum decide nothing."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        digits = 8 - np.floor(np.log10(np.abs(values)))
    scale = np.where(np.isfinite(digits), 10.0 ** np.clip(np.nan_to_num(digits), -300, 300), 1.0)
    return np.round(values * scale) / scale


def _limit(eligible: float, due: float, penalty: float) -> float:
    """The smallest share of marked cells that would have been reported, by bisection."""
    import numpy as np

    low, high = LEAST - 1, int(eligible)
    while high - low > 1:
        middle = (low + high) // 2
        value = ratio(np.array(eligible), np.array(float(middle)), np.array(due))
        low, high = (low, middle) if float(value) - penalty > THRESHOLD else (middle, high)
    return float(f"{high / eligible:.9g}") if eligible else 1.0


def _widened(grid: Grid, left: _Left, group: Group) -> Group:
    """The widest lattice group around this one whose other members (nearly) all show marks too."""
    import numpy as np

    items, parts = np.array(group.items), np.array(group.parts)
    around: list[Group] = []
    for item_level in grid.item_levels:
        codes = set(item_level.codes[items].tolist())
        if len(codes) > 1:
            continue
        wider = np.flatnonzero(item_level.codes == codes.pop())
        for unit_level in grid.unit_levels:
            for column, name in enumerate(unit_level.names):
                members = np.flatnonzero(unit_level.members[:, column])
                if not np.isin(parts, members).all() or len(wider) * len(members) <= len(items) * len(parts):
                    continue
                candidate = _group(
                    grid, items=wider, parts=members, cause=unit_level.cause, name=name, penalty=group.penalty
                )
                around.append(candidate)
    for candidate in sorted(around, key=lambda wide: -len(wide.items) * len(wide.parts)):
        if _shared(left, group, candidate):
            return candidate
    return group


def _shared(left: _Left, group: Group, wider: Group) -> bool:
    """Whether the members that `wider` adds, by part and by item, (nearly) all show marks."""
    for axis, mine, theirs in ((0, group.parts, wider.parts), (1, group.items, wider.items)):
        added = set(theirs) - set(mine)
        if not added:
            continue
        shows, lacks = _members(left, wider, axis=axis)
        some, none = len(shows & added), len(lacks & added)
        if some == 0 or some < NEARLY * (some + none):
            return False
    return True


def _members(left: _Left, group: Group, *, axis: int) -> tuple[set[int], set[int]]:
    """Parts (axis 0) or items (axis 1) of the group that show marks, and those that surely lack them."""

    block = _block(group)
    eligible, hits, due = (table[block].sum(axis=axis) for table in (left.eligible, left.hits, left.due))
    rate = hits.sum() / max(1.0, eligible.sum())
    shows: set[int] = set()
    lacks: set[int] = set()
    bare: dict[int, float] = {}  # eligible cells of the members without any
    for place, n, h, e in zip(group.parts if axis == 0 else group.items, eligible, hits, due, strict=True):
        if h >= 1 and at_least(int(h), float(e)) < SURE:
            shows.add(place)
        elif h <= 2 * e and h - e <= (n * rate - e) / 4 and n * rate / 4 >= QUIET:
            lacks.add(place)
        elif h == 0 and n > 0:
            bare[place] = float(n)
    if shows and sum(bare.values()) * rate / 4 >= QUIET:  # too few cells to tell in each, not in all of them
        lacks |= bare.keys()
    return shows, lacks


def at_least(count: int, mean: float) -> float:
    """Poisson probability of so many or more."""
    if count > mean + 10 * math.sqrt(mean) + 10:
        return 0.0
    term = total = math.exp(-mean)
    for number in range(1, count):
        term *= mean / number
        total += term
    return max(0.0, 1 - total)


def _narrowed(grid: Grid, left: _Left, group: Group) -> Group:
    """Without the members that lack marks; where those are many, only the members that show them."""
    shows, lacks = _members(left, group, axis=0)
    if shows and len(shows) < NEARLY * (len(shows) + len(lacks)):
        parts = tuple(sorted(shows))
        cause, name = _named(grid, parts)
        group = replace(group, parts=parts, cause=cause, name=name)
    elif shows:
        group = replace(group, parts=tuple(part for part in group.parts if part not in lacks))
    shows, lacks = _members(left, group, axis=1)
    if shows and len(shows) < NEARLY * (len(shows) + len(lacks)):
        return replace(group, items=tuple(sorted(shows)), every_item=False)
    if shows:
        return replace(group, items=tuple(item for item in group.items if item not in lacks))
    return group


def _named(grid: Grid, parts: tuple[int, ...]) -> tuple[CauseKind, str]:
    import numpy as np

    for level in grid.unit_levels:
        for column, name in enumerate(level.names):
            if tuple(np.flatnonzero(level.members[:, column]).tolist()) == parts:
                return level.cause, name
    return CauseKind.OTHER, "other"


def _merged(grid: Grid, found: list[Group], usual: np.ndarray) -> list[Group]:
    """Groups of the same parts are said once, then single providers (and loose sets) of the same items.

    The numbers are those of all their cells.
    """
    by_parts: dict[tuple[int, ...], list[Group]] = {}
    for group in found:
        by_parts.setdefault(group.parts, []).append(group)
    by_items: dict[tuple[object, ...], list[Group]] = {}
    for same in by_parts.values():
        items = _union(group.items for group in same)
        every = any(group.every_item for group in same) or _every(grid, items=items, parts=same[0].parts)
        loose = same[0].cause in (CauseKind.PROVIDER, CauseKind.OTHER)
        key = (items, None if loose else same[0].parts)
        by_items.setdefault(key, []).append(replace(same[0], items=items, every_item=every))
    merged: list[Group] = []
    for alike in by_items.values():
        group = alike[0]
        if len(alike) > 1:
            parts = _union(each.parts for each in alike)
            cause, name = _named(grid, parts)
            group = replace(group, parts=parts, cause=cause, name=name)
        if group.cause in (CauseKind.RUN, CauseKind.AREA) and not group.every_item:
            group = replace(group, cause=CauseKind.FIGURE, name="figure")
        merged.append(_counted(grid, group, usual))
    return sorted(merged, key=lambda group: (-group.evidence, group.parts, group.items))


def _union(sets: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted(frozenset[int]().union(*sets)))


def _counted(grid: Grid, group: Group, usual: np.ndarray) -> Group:
    import numpy as np

    block = _block(group)
    eligible, hits = grid.eligible[block].sum(), grid.hits[block].sum()
    due = _due(grid, usual)[block].sum()
    evidence = _significant(np.atleast_1d(ratio(eligible, hits, due) - group.penalty))
    return replace(
        group,
        cells=int(hits),
        eligible=int(eligible),
        evidence=float(evidence[0]),
        limit=_limit(float(eligible), float(due), group.penalty),
    )


def _block(group: Group) -> tuple[np.ndarray, ...]:
    import numpy as np

    return np.ix_(group.items, group.parts)
