"""A course in; out, claims that name what is wrong: gone, a factor, doubled, partial.

Each test looks at wide sets of rows first, and hides what it explained from the later ones. Its limit is taken from the
replays: a set must do clearly more than any set did in all earlier periods.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.detecting.claims import Claim, Group, Level, shared
from loadgate.detecting.course import EFFICIENCY, FEWEST, MAD, Course, middle
from loadgate.model.kinds import Kind

if TYPE_CHECKING:
    import numpy as np

FACTORS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001)
PARTIAL = math.log(0.85)
TWICE_AS_MUCH = math.log(2)
_SURE_GROUP = 4.0  # log evidence beyond the number of rows tried: a fiftieth of a chance group in all of them
_SURE_ALONE = 1.5  # beyond what any of the replays gave, or as above
_REPLAYS = 6
_DISPERSED = 0.7  # of the events count: more zeros come than a Poisson law has
_SOLID = 3.0  # log evidence that one row must be able to give before its presence is held against the others
_MOST_ZEROS = 0.02  # of the earlier periods
_BEYOND = 1.3  # times the largest of the replays
_AGREE = 0.8  # share of the weight that must have moved the same way by at least half as much
_CLIP = 1.5
_OWN = 0.1  # no series' own error weighs less than this (10 %)
_FLOOR = 0.02  # nor do the figures of one dataset move together more closely (2 %)
_STEADY = 0.25  # sd from which a set of rows says nothing of a factor of two
_CLOSE = 0.3
_LEFT_OVER = 5  # events: fewer may be left by chance
_FAR = 4.0  # scales
_BESIDE = 4.0  # times the usual deviation: what may happen to any provider
TWICE = 0.15  # log: from 1.7 to 2.3 times


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Weighted mean errors by set, provider and period; the weights now, each one's scale, and agreement now."""

    mean: np.ndarray
    weight: np.ndarray
    scale: np.ndarray
    agree: np.ndarray


def means(course: Course, level: Level, hidden: np.ndarray) -> Means:
    """Mean errors of the sets, clipped so that no single row carries one."""
    import numpy as np

    errors = np.clip(course.errors, -_CLIP, _CLIP)
    weight = np.where(np.isnan(errors), 0.0, 1 / (course.scale**2 + _OWN**2)[:, :, None])
    weight[:, :, -1][hidden] = 0.0
    weight = np.nan_to_num(weight)
    errors = np.nan_to_num(errors)
    rows, people, periods = errors.shape
    sums = (level.members @ (weight * errors).reshape(rows, -1)).reshape(-1, people, periods)
    total = (level.members @ weight.reshape(rows, -1)).reshape(-1, people, periods)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(total > 0, sums / total, np.nan)
    now = weight[:, :, -1]
    scale = _scale(mean[:, :, FEWEST:-1], total[:, :, -1])
    own = level.members.T @ np.nan_to_num(mean[:, :, -1])  # its set's mean, by row: each row is in one set
    same = (np.sign(own) * errors[:, :, -1] >= np.abs(own) / 2) & (own != 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        agree = np.nan_to_num((level.members @ (now * same)) / total[:, :, -1])
    return Means(mean=mean, weight=total[:, :, -1], scale=scale, agree=agree)


def _scale(replays: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Robust deviation of each mean, drawn to what sets of this weight usually have."""
    import numpy as np

    spread = (MAD * middle(np.abs(replays), 2)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        base = 1 / weight + _FLOOR**2
        usual = middle(spread / base, 1)[:, None] * base
    freedom = EFFICIENCY * (~np.isnan(replays)).sum(axis=2)
    found: np.ndarray = np.sqrt((4 * usual + freedom * spread) / (4 + freedom))
    return found


# ── gone ───────────────────────────────────────────────────────────────────────────────────────────────────────


def gone(
    course: Course, lattice: Mapping[str, Level], known: Mapping[str, list[Group]], hidden: np.ndarray
) -> list[Claim]:
    """Rows that always held something and are empty now, though the provider's data of the dataset came."""
    import numpy as np

    values = course.panel.values
    past, now = values[:, :, :-1], values[:, :, -1]
    there = (~np.isnan(past)).sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        zeros = np.where(there > 0, (past == 0).sum(axis=2) / there, 1.0)
    counted = _counted(course)
    with np.errstate(divide="ignore"):
        certain = np.minimum(_DISPERSED * course.events, -np.log(zeros))
    certain = np.where(course.judged & (zeros <= _MOST_ZEROS) & course.panel.came & ~hidden, certain, 0.0)
    certain = np.nan_to_num(certain)
    empty = ((now == 0) | np.isnan(now)) & course.panel.came
    alone, alone_sum = _never_empty(course, counted)
    found: list[Claim] = []
    for name in ("dataset", "stream", "family", "figure", "cell"):
        level = lattice[name]
        telling = certain >= _SOLID
        tried = math.log(max(1, (telling & ~hidden).sum()))
        can = level.members @ (telling & ~hidden)
        lost = level.members @ (telling & empty & ~hidden)
        for number in np.flatnonzero((lost > 0).any(axis=1)):
            rows = level.members[number] > 0
            hits = (lost[number] >= 0.9 * can[number]) & (lost[number] > 0)
            best = np.where(rows[:, None] & empty & ~hidden, certain, 0.0).max(axis=0)
            for group in shared(hits, can[number] > 0, known[level.datasets[number]]):
                least = tried + _SURE_GROUP
                if not counted[rows].any():
                    least = max(least, _BEYOND * alone_sum + _SURE_ALONE)
                elif group.members.sum() == 1:
                    least = min(least, alone + _SURE_ALONE)
                evidence = float(best[group.members].sum()) - least
                if evidence <= 0:
                    continue
                block = rows[:, None] & group.members & empty & course.judged & (past != 0).any(axis=2)
                hidden |= block
                found.append(group.claim(Kind.TREND_GONE, level.areas[number], block, evidence=evidence, limit=1.0))
    return found


def _counted(course: Course) -> np.ndarray:
    import numpy as np

    return np.array([course.panel.things[thing].counted for thing, _ in course.panel.rows])


def _never_empty(course: Course, counted: np.ndarray) -> tuple[float, float]:
    """The most certain count, and sum, that was empty all the same in any replay; infinite with too few to know.

    A sum may rest on one person for years, however steady it is, so nothing but history says when it can be empty.
    """
    import numpy as np

    values, errors = course.panel.values[:, :, FEWEST:-1], course.errors[:, :, FEWEST:-1]
    if values.shape[2] < _REPLAYS:
        return math.inf, math.inf
    once = course.judged & ((course.panel.values[:, :, :-1] == 0).sum(axis=2) <= 1)
    empty = (values == 0) & once[:, :, None]
    expected = 0.5 * np.exp(-errors[empty & counted[:, None, None] & ~np.isnan(errors)])  # an empty count is at ln 0.5
    sums = course.events[empty.any(axis=2) & ~counted[:, None]]
    return float(_DISPERSED * expected.max(initial=0.0)), float(_DISPERSED * sums.max(initial=0.0))


# ── factors ────────────────────────────────────────────────────────────────────────────────────────────────────


def factor(
    course: Course, lattice: Mapping[str, Level], known: Mapping[str, list[Group]], hidden: np.ndarray
) -> list[Claim]:
    """Amounts off by a power of ten, or with the other sign: by what is summed, by figure, by single row."""
    import numpy as np

    errors, now = course.errors[:, :, -1], course.panel.values[:, :, -1]
    steady = course.judged & (course.scale < 0.7) & ~np.isnan(errors)
    tail, counted = _tail(course), _counted(course)
    found: list[Claim] = []
    for name in ("stream", "figure", "cell"):
        level = lattice[name]
        for times in (*FACTORS, -1.0):
            if times < 0:
                hit = (np.sign(now) * course.sign < 0) & (np.abs(errors) < 1.0)
                distance = 2 * math.log(10)
            else:
                distance = math.log(times)
                near = np.maximum(_CLOSE, np.minimum(3.5 * course.scale, 0.8))
                hit = (np.abs(errors - distance) < near) & (np.sign(now) * course.sign > 0)
            usable = steady & ~hidden & (abs(distance) > 6 * course.scale)
            if times in (0.1, 0.01, 0.001):
                usable &= ~counted[:, None] | (course.events * times >= _LEFT_OVER)
            hit &= usable
            if not hit.any():
                continue
            weight = np.where(usable, 1 / (course.scale**2 + _OWN**2), 0.0)
            total, share = level.members @ weight, level.members @ (weight * hit)
            # how sure the surest row is: the sets' rows move together, so they are not added up
            certain = np.where(hit, _surprise(abs(distance) / course.scale, tail), 0.0)
            for number in np.flatnonzero((share > 0).any(axis=1)):
                rows = level.members[number] > 0
                several = rows.sum() > 1
                hits = (share[number] >= _AGREE * total[number]) & (share[number] > 0)
                count = (hit & rows[:, None]).sum(axis=0)
                best = np.where(rows[:, None], certain, 0.0).max(axis=0) * np.where(count > 1, 2, 1)
                if name != "cell" and several:
                    hits &= count > 1
                tried = math.log(max(1, int((level.members @ usable > 0).sum())))
                for group in shared(hits, total[number] > 0, known[level.datasets[number]]):
                    evidence = float(best[group.members].sum()) - tried
                    if evidence <= 4.0:
                        continue
                    whole = rows[:, None] & group.members
                    hidden |= whole
                    detail = {"factor": _factor(times)}
                    found.append(
                        group.claim(
                            Kind.TREND_FACTOR,
                            level.areas[number],
                            whole & hit,
                            evidence=evidence,
                            limit=9.0,
                            detail=detail,
                        )
                    )
    return found


def _factor(times: float) -> str:
    return "-1" if times < 0 else f"{times:g}" if times >= 1 else f"1/{1 / times:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """How often an error of so many scales comes: beyond `start` (one in a hundred) it falls with this power."""

    start: float
    power: float


def _tail(course: Course) -> Tail:
    """Hill's estimate between the 99th and the 99.9th hundredth of all replays; the rarest may be faults themselves."""
    import numpy as np

    replays = np.abs(course.errors[:, :, FEWEST:-1] / course.scale[:, :, None])
    known = np.sort(replays[~np.isnan(replays)])
    if known.size < 1000:
        return Tail(start=3.0, power=3.0)
    start, end = known[int(0.99 * known.size)], known[int(0.999 * known.size)]
    return Tail(
        start=float(max(start, 2.0)), power=float(np.clip(math.log(10) / math.log(max(end / start, 1.01)), 2, 8))
    )


def _surprise(size: np.ndarray, tail: Tail) -> np.ndarray:
    """-ln of how often an error is as large."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        far = math.log(100) + tail.power * np.log(size / tail.start)
    found: np.ndarray = np.where(size > tail.start, far, 0.0)
    return found


# ── doubled, partial ───────────────────────────────────────────────────────────────────────────────────────────


def moved(
    course: Course,
    lattice: Mapping[str, Level],
    known: Mapping[str, list[Group]],
    hidden: np.ndarray,
    changed: np.ndarray,
) -> list[Claim]:
    """Everything that a provider's dataset counts or sums is twice as much, or clearly less than usual.

    `changed` (rows x providers): another system serves them since a short time, so their level is not known.
    """
    import numpy as np

    level = lattice["dataset"]
    own = means(course, level, hidden | changed)
    now, size = own.mean[:, :, -1], own.scale
    steady, limit, sure = _far(own, least=-PARTIAL)
    twice = sure & (np.abs(now - math.log(2)) < TWICE) & (np.abs(_rows(course, level) - math.log(2)) < TWICE)
    less = sure & (now < 0)
    # of a group that shows it, members of whom less is known
    also = steady & (np.abs(now) > 3 * size)
    alike = {
        Kind.TREND_DOUBLED: also & (np.abs(now - math.log(2)) < 2 * TWICE),
        Kind.TREND_PARTIAL: also & (now < PARTIAL),
    }
    found: list[Claim] = []
    for kind, hits in (
        (Kind.TREND_DOUBLED, twice),
        (Kind.TREND_PARTIAL, less),
        (Kind.TREND_SHIFT, sure & ~twice & ~less),
    ):
        wide = hits | alike.get(kind, hits)
        found += _named(course, level, known, hidden, kind, own=own, hits=hits, wide=wide, steady=steady, limit=limit)
    return found


def alone(
    course: Course,
    lattice: Mapping[str, Level],
    known: Mapping[str, list[Group]],
    hidden: np.ndarray,
    changed: np.ndarray,
) -> list[Claim]:
    """One thing that is measured of a dataset came at twice or half and beyond, as hours in minutes do: a shift."""
    level = lattice["stream"]
    own = means(course, level, hidden | changed)
    steady, limit, sure = _far(own, least=TWICE_AS_MUCH)
    kind = Kind.TREND_SHIFT
    return _named(course, level, known, hidden, kind, own=own, hits=sure, wide=sure, steady=steady, limit=limit)


def _far(own: Means, *, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By set and provider: whose level is known, how far (log) is too far, and who is, in nearly all its rows."""
    import numpy as np

    now, size = own.mean[:, :, -1], own.scale
    steady = (size < _STEADY) & (own.weight > 0)
    replayed = np.where(steady[:, :, None], np.abs(own.mean[:, :, FEWEST:-1]), np.nan)
    usual = np.array([_BEYOND * _ordinary(*each) for each in zip(replayed, size, steady, strict=True)])
    limit = np.maximum(np.maximum(least, _FAR * size), usual)
    return steady, limit, steady & (own.agree >= _AGREE) & (np.abs(now) >= limit)


def _named(
    course: Course,
    level: Level,
    known: Mapping[str, list[Group]],
    hidden: np.ndarray,
    kind: Kind,
    *,
    own: Means,
    hits: np.ndarray,
    wide: np.ndarray,
    steady: np.ndarray,
    limit: np.ndarray,
) -> list[Claim]:
    """Claims of the providers that show it, by set; what they explain is hidden from here on."""
    import numpy as np

    now, size = own.mean[:, :, -1], own.scale
    found: list[Claim] = []
    for number in np.flatnonzero(hits.any(axis=1)):
        rows = level.members[number] > 0
        for group in shared(wide[number], steady[number], known[level.datasets[number]], sure=hits[number]):
            people = group.members
            whole = rows[:, None] & people
            hidden |= whole
            strength = np.abs(now[number, people] / size[number, people])
            found.append(
                group.claim(
                    kind,
                    level.areas[number],
                    whole & course.judged,
                    evidence=float(strength.max() ** 2 / 2),
                    limit=float(math.expm1(limit[number, people].min())),
                )
            )
    return found


def _rows(course: Course, level: Level) -> np.ndarray:
    """By set and provider, the middle error of its rows now, as the size of what is found is told.

    A mean of clipped errors may be that of two times where some rows are nine times as large and others are less.
    """
    import numpy as np

    now = np.where(course.judged, course.errors[:, :, -1], np.nan)
    return np.array([middle(now[own > 0], 0) for own in level.members])


def _ordinary(replayed: np.ndarray, size: np.ndarray, steady: np.ndarray) -> np.ndarray:
    """By provider: the mean error of one dataset beyond which no replay went.

    What really happens, or is reported late, is as much at a large provider as at a small one; the own deviation only
    adds to it. Counted in own deviations alone, a large one's month of late reports would hide all of a small one's.
    """
    import numpy as np

    if not steady.any():
        return np.full(size.shape, np.inf)
    scale = np.sqrt(size**2 + (_BESIDE * np.median(size[steady])) ** 2)
    known = scale > 0  # what never moved, at a provider like at most others, says nothing of how far others go
    found: np.ndarray = _largest(replayed[known] / scale[known, None]) * scale
    return found


def _largest(replays: np.ndarray) -> float:
    """The largest of the replays, but for one in 10,000: a fault of the past may be among them."""
    import numpy as np

    known = replays[~np.isnan(replays)]
    return float(np.quantile(known, 0.9999)) if known.size else 0.0
