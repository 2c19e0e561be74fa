"""A course in; out, claims that many providers moved together against the others of their area, each too little to see.

The independent units are providers, not cells: the figures of one provider move together. The null is the group's own
history, replayed, and that of all groups together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from loadgate.detecting.claims import Claim, Group, Level
from loadgate.detecting.course import EFFICIENCY, FEWEST, MAD, Course, middle
from loadgate.detecting.named import TWICE
from loadgate.model.findings import CauseKind
from loadgate.model.kinds import Kind

if TYPE_CHECKING:
    import numpy as np

LEAST = 5  # providers in the group, and besides it
_CLIP = 2.5  # scales of a row
_SOFT = 4.0  # scales of a provider's mean
_OWN = 0.02
_FLOOR = 0.002  # the providers of a system never move together more closely
_REPLAYS = 8
_BEYOND = 1.3
_CLEAR = 6.0  # sd: the least that is worth a warning, with so short a history
_SMALL = 0.01
_TWICE = 0.05  # log: nearer to two, a shift is one


def shifts(
    course: Course,
    lattice: Mapping[str, Level],
    known: Mapping[str, list[Group]],
    hidden: np.ndarray,
    changed: np.ndarray,
) -> list[Claim]:
    """The strongest group first; its shift is taken out before the next. At most one a dataset and set of rows."""
    import numpy as np

    out = hidden | changed
    errors = course.errors.copy()
    found: list[Claim] = []
    for _ in range(8):
        best: tuple[float, float, float, str, int, Group] | None = None
        for name in ("dataset", "stream", "family"):
            for candidate in _candidates(course, errors, lattice[name], known, out):
                if best is None or candidate[0] > best[0] * (1.0 if name == "dataset" else 1.05):
                    best = (*candidate[:3], name, candidate[3], candidate[4])
        if best is None:
            return found
        _, size, limit, name, number, group = best
        rows = lattice[name].members[number] > 0
        block = rows[:, None] & group.members & course.judged & ~np.isnan(course.errors[:, :, -1]) & ~out
        besides = rows[:, None] & ~group.members & course.judged & ~np.isnan(course.errors[:, :, -1]) & ~out
        told = _unclipped(errors[:, :, -1], course.scale, block, besides, clipped=size)
        errors[:, :, -1][block] -= told
        hidden |= block
        out = out | block
        found.append(
            Claim(
                kind=_kind(course, lattice["stream"], rows=rows, members=group.members, limit=limit, told=told),
                area=lattice[name].areas[number],
                rows=frozenset(np.flatnonzero(block.any(axis=1)).tolist()),
                providers=frozenset(np.flatnonzero(block.any(axis=0)).tolist()),
                evidence=float(best[0] ** 2 / 2),
                limit=float(math.expm1(limit)),
                cause=group.cause,
                name=group.name,
                effect=float(f"{math.expm1(told):.9g}"),
            )
        )
    return found


def _kind(course: Course, level: Level, *, rows: np.ndarray, members: np.ndarray, limit: float, told: float) -> Kind:
    """Rows that came twice: all sums and counts of the dataset are twice as much, but for those of persons.

    `level`: what is measured of each dataset. Another shift than two is told from it as far as the limit allows, and
    never taken for two where one provider's would not be.
    """
    import numpy as np

    near = max(_TWICE, min(limit, TWICE))
    if abs(told - math.log(2)) >= near:
        return Kind.TREND_SHIFT
    dataset = {course.panel.things[thing].group for (thing, _), hit in zip(course.panel.rows, rows, strict=True) if hit}
    for own in level.members > 0:
        thing = course.panel.things[course.panel.rows[int(own.argmax())][0]]
        if thing.group not in dataset or thing.distinct:
            continue
        now = np.where(course.judged & own[:, None], course.errors[:, :, -1], np.nan)
        inside, outside = now[:, members], now[:, ~members]
        if np.isnan(inside).all() or np.isnan(outside).all():
            continue
        if abs(float(np.nanmedian(inside) - np.nanmedian(outside)) - math.log(2)) >= near:
            return Kind.TREND_SHIFT
    return Kind.TREND_DOUBLED


def _unclipped(now: np.ndarray, scale: np.ndarray, block: np.ndarray, besides: np.ndarray, *, clipped: float) -> float:
    """How far the group left the others: of a shift that most of its rows show beyond where they are clipped, all."""
    import numpy as np

    if float(np.median(np.abs(now[block]) / scale[block])) <= _CLIP:
        return clipped
    found = float(np.median(now[block])) - (float(np.median(now[besides])) if besides.any() else 0.0)
    return found if found / clipped > 1 else clipped


def _candidates(
    course: Course, errors: np.ndarray, level: Level, known: Mapping[str, list[Group]], out: np.ndarray
) -> list[tuple[float, float, float, int, Group]]:
    """(z, shift, limit, set, group) of every group beyond the limit."""
    import numpy as np

    scale = course.scale[:, :, None]
    clipped = np.clip(errors, -_CLIP * scale, _CLIP * scale)
    weight = np.where(np.isnan(clipped), 0.0, 1 / (scale**2 + _OWN**2))
    weight[:, :, -1][out] = 0.0
    weight, clipped = np.nan_to_num(weight), np.nan_to_num(clipped)
    rows, people, periods = errors.shape
    total = (level.members @ weight.reshape(rows, -1)).reshape(-1, people, periods)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (level.members @ (weight * clipped).reshape(rows, -1)).reshape(-1, people, periods) / total
        usual = MAD * middle(np.abs(mean[:, :, FEWEST:-1]), 2)
        base = np.sqrt(1 / total[:, :, -1] + _OWN**2)
        usual = np.sqrt((usual**2 + (middle(usual / base, 1)[:, None] * base) ** 2) / 2)
        trust = np.where(np.isfinite(usual) & (usual > 0), 1 / usual**2, 0.0)
    mean = np.clip(mean, -_SOFT * usual[:, :, None], _SOFT * usual[:, :, None])
    national = course.national[:, -1]
    common = [float(np.nan_to_num(np.median(national[own > 0]))) for own in level.members]
    tested: list[tuple[int, Group, np.ndarray, bool]] = []
    for number, dataset in enumerate(level.datasets):
        for group in known[dataset]:
            if group.cause in (CauseKind.AREA, CauseKind.RUN):
                continue
            apart = _apart(mean[number], trust[number], group.members, common=common[number])
            if apart is not None:
                tested.append((number, group, *apart))
    if not tested:
        return []
    table = np.array([theta for _, _, theta, _ in tested])
    past = table[:, FEWEST:-1]
    spread = (MAD * middle(np.abs(past), 1)) ** 2
    chance = np.array([_chance(trust[number], group.members) for number, group, _, _ in tested])
    pooled = float(np.median(spread / chance)) * chance
    freedom = EFFICIENCY * (~np.isnan(past)).sum(axis=1)
    size = np.sqrt((4 * pooled + freedom * spread) / (4 + freedom) + _FLOOR**2)
    z = table / size[:, None]
    limit = max(_CLEAR, _BEYOND * float(np.nanmax(np.abs(z[:, FEWEST:-1]))))
    return [
        (abs(float(z[place, -1])), float(table[place, -1]), limit * float(size[place]), number, group)
        for place, (number, group, _, own) in enumerate(tested)
        if own and abs(z[place, -1]) > limit and abs(table[place, -1]) > _SMALL
    ]


def _apart(
    mean: np.ndarray, trust: np.ndarray, members: np.ndarray, *, common: float
) -> tuple[np.ndarray, bool] | None:
    """The group's mean less the others' by period, and whether it is the group that moved, not the others.

    `common`: how far the course left its own that both are measured from. None with too few providers or periods.
    """
    import numpy as np

    known = ~np.isnan(mean) & (trust > 0)[:, None]
    if min(known[members, -1].sum(), known[~members, -1].sum()) < LEAST:
        return None
    filled = np.where(known, mean, 0.0)
    weight = np.where(known, trust[:, None], 0.0)
    inside, outside = weight[members].sum(axis=0), weight[~members].sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = (weight * filled)[members].sum(axis=0) / inside
        besides = (weight * filled)[~members].sum(axis=0) / outside
    theta = within - besides
    if (~np.isnan(theta[FEWEST:-1])).sum() < _REPLAYS:
        return None
    found: np.ndarray = theta
    return found, bool(abs(within[-1] + common) >= abs(besides[-1] + common))


def _chance(trust: np.ndarray, members: np.ndarray) -> float:
    return float(1 / trust[members].sum() + 1 / trust[~members].sum())
