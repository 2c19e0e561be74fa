"""A course in; out, claims that a provider's dataset holds last period's values once more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from loadgate.detecting.claims import Claim, Group, Level, shared
from loadgate.detecting.course import FEWEST, Course
from loadgate.model.kinds import Kind

if TYPE_CHECKING:
    import numpy as np

_SURE = 6.0  # log evidence beyond the number of sets tried: once in 400 runs
_BEYOND = 1.3  # times the largest of the replays
_OFTEN = 0.5  # share of repeats from which a row is constant by nature
_PRIOR = 4.0  # periods that the usual repeats of a row count for, beside a provider's own
_EVENTS = 1.5  # a count of fewer is the same too often
_EQUAL = 0.95
_REPEATS = 3  # rows


def frozen(
    course: Course, lattice: Mapping[str, Level], known: Mapping[str, list[Group]], hidden: np.ndarray
) -> list[Claim]:
    """Datasets of a provider whose values are last period's, as first released or as this run has them."""
    import numpy as np

    values, before = course.panel.values, course.panel.before
    now, level = values[:, :, -1], lattice["dataset"]
    chance = _stands_still(course)
    moving = course.judged & (chance <= _OFTEN) & (course.events >= _EVENTS) & _told_once(values[:, :, :-1], level)
    moving &= ~np.isnan(now) & (now != 0) & ~hidden
    certain = np.where(moving, -np.log(chance), 0.0)
    limit = _BEYOND * _repeated(values[:, :, :-1], moving, certain, level)
    found: list[Claim] = []
    for last in (values[:, :, -2], before):
        can = level.members @ (moving & ~np.isnan(last) & ~hidden)
        equal = moving & (now == last) & ~hidden
        hits = (level.members @ equal >= _EQUAL * can) & (can >= _REPEATS)
        weight = level.members @ np.where(equal, certain, 0.0)
        least = max(limit, _SURE + math.log(max(1, (can >= _REPEATS).sum())))
        for number in np.flatnonzero(hits.any(axis=1)):
            rows = level.members[number] > 0
            best = weight[number]
            for group in shared(hits[number], can[number] >= _REPEATS, known[level.datasets[number]]):
                evidence = float(best[group.members].sum()) - least
                if evidence <= 0:
                    continue
                whole = rows[:, None] & group.members
                hidden |= whole
                block = whole & (now == last)
                found.append(group.claim(Kind.TREND_FROZEN, level.areas[number], block, evidence=evidence, limit=1.0))
    return found


def _stands_still(course: Course) -> np.ndarray:
    """How likely a value is its predecessor's again: its own replays, drawn to those of its row, and never too sure.

    A count repeats by chance the more often the smaller it is.
    """
    import numpy as np

    values = course.panel.values
    with np.errstate(invalid="ignore"):
        repeats = (values[:, :, 1:-1] == values[:, :, :-2]) & (values[:, :, 1:-1] != 0)
    row = repeats.mean(axis=(1, 2))[:, None]
    own = (repeats.sum(axis=2) + _PRIOR * row) / (repeats.shape[2] + _PRIOR)
    found: np.ndarray = np.clip(np.maximum(own, 0.4 / np.sqrt(np.maximum(course.events, 1))), 0, 1)
    return found


def _told_once(past: np.ndarray, level: Level) -> np.ndarray:
    """By row and provider: whether no earlier row of the set has the same course; what is one number repeats as one."""
    import numpy as np

    series = np.nan_to_num(past, nan=-1.0)
    found = np.zeros(past.shape[:2], dtype=bool)
    for members in level.members:
        rows = np.flatnonzero(members)
        for provider in range(past.shape[1]):
            _, first = np.unique(series[rows, provider], axis=0, return_index=True)
            found[rows[first], provider] = True
    return found


def _repeated(past: np.ndarray, moving: np.ndarray, certain: np.ndarray, level: Level) -> float:
    """The largest weight that a dataset of a provider had in any replay where nearly all of its values stood still."""
    import numpy as np

    most = 0.0
    for place in range(FEWEST, past.shape[2]):
        there = moving & ~np.isnan(past[:, :, place]) & ~np.isnan(past[:, :, place - 1])
        equal = there & (past[:, :, place] == past[:, :, place - 1])
        can = level.members @ there
        weight = np.where(
            (level.members @ equal >= _EQUAL * can) & (can >= _REPEATS), level.members @ (equal * certain), 0
        )
        most = max(most, float(weight.max(initial=0.0)))
    return most
