"""A course in; out, claims that two cells of one figure moved by opposite amounts: posted on the neighbour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from loadgate.detecting.claims import Claim
from loadgate.detecting.course import FEWEST, WINDOW, Course, middle
from loadgate.model.kinds import Kind

if TYPE_CHECKING:
    import numpy as np

_CANCEL = 0.3  # of the larger amount may be left, and what either cell may move by anyway
_LEFT = 0.1  # log: the cell that lost must have lost this much of itself
_EMPTY = -8.0  # log: what an amount of nothing counts for, one in three thousand
_FAR = 3.0  # scales, for either cell
_BEYOND = 1.3  # times the strongest pair of all replays but one
_ONCE = 1.1  # times that one
_MARGIN = 4.0  # log: once in fifty times as many months, where the strongest of two years is met every second year
_TAIL = 4.0  # power with which large errors get rare: that of the heaviest tails which official counts show
_MOST = 60  # cells of one figure


def offsets(course: Course, areas: tuple[str, ...], hidden: np.ndarray) -> list[Claim]:
    """Pairs of cells of one figure and provider; at most one a figure and provider. In: the area of each row."""
    import numpy as np

    values, errors = course.panel.values, course.errors
    last = values.shape[2] - 1
    by_thing: dict[int, list[int]] = {}
    for row, (thing, cell) in enumerate(course.panel.rows):
        if cell is not None:
            by_thing.setdefault(thing, []).append(row)
    now: list[tuple[float, int, int, int]] = []
    usual: dict[str, list[float]] = {}
    tried = 0.0
    for thing, rows in sorted(by_thing.items()):
        if not 2 <= len(rows) <= _MOST:
            continue
        tried += float((course.judged[rows].sum(axis=0) ** 2).sum())
        for place in range(FEWEST, last + 1):
            free = ~hidden[rows] if place == last else np.ones((len(rows), values.shape[1]), dtype=bool)
            value = values[rows, :, place]
            error = np.where(value == 0, _EMPTY, errors[rows, :, place])
            error = np.where(free & course.judged[rows], error, np.nan)
            due = course.expected[rows] if place == last else middle(values[rows, :, max(0, place - WINDOW) : place], 2)
            strong, givers, takers = _pairs(error, value, due, course.scale[rows])
            if place < last:
                usual.setdefault(course.panel.things[thing].group, []).append(float(strong.max(initial=0.0)))
                continue
            for provider in np.flatnonzero(strong > 0).tolist():
                pair = rows[int(givers[provider])], rows[int(takers[provider])]
                now.append((float(strong[provider]), int(provider), *pair))
    limits = {group: _limit(strengths, tried) for group, strengths in usual.items()}
    found = []
    for strength, provider, giver, taker in sorted(now, reverse=True):
        limit = limits[course.panel.things[course.panel.rows[giver][0]].group]
        if strength <= limit or hidden[giver, provider] or hidden[taker, provider]:
            continue
        hidden[[giver, taker], provider] = True
        found.append(
            Claim(
                kind=Kind.TREND_OFFSET,
                area=areas[giver],
                rows=frozenset({giver, taker}),
                providers=frozenset({provider}),
                evidence=strength - limit,
                limit=float(-math.expm1(-_LEFT)),
            )
        )
    return found


def _limit(strengths: list[float], tried: float) -> float:
    """What a pair of one dataset must be stronger than. The strongest of the replays may be a fault of the past."""
    *_, known, largest = sorted([0.0, *strengths])
    return max(_BEYOND * known, known + _MARGIN, _ONCE * largest, math.log(max(1.0, tried)) + _MARGIN)


def _pairs(
    error: np.ndarray, value: np.ndarray, due: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By provider: the strongest pair (log of how rare both are), the cell that lost and the one that gained.

    `due`: what a cell should hold, asked of one that holds nothing.
    """
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        expected = np.where(value == 0, due, value * np.exp(-error))
    change = value - expected
    ordinary = _FAR * scale * np.abs(expected)
    far = np.nan_to_num(np.abs(error) / scale)
    up = np.nan_to_num(error) > 0
    lost = (far > _FAR) & (np.nan_to_num(error) < -_LEFT)
    gained = (far > _FAR) & up
    people = error.shape[1]
    if not (lost.any(axis=0) & gained.any(axis=0)).any():
        return np.zeros(people), np.zeros(people, dtype=int), np.zeros(people, dtype=int)
    rare = np.where(far > _FAR, _TAIL * np.log(np.maximum(far, 1.0)), 0.0)
    left = np.abs(change[:, None, :] + change[None, :, :])
    moved = np.maximum(np.abs(change)[:, None, :], np.abs(change)[None, :, :])
    bearable = _CANCEL * moved + np.maximum(ordinary[:, None, :], ordinary[None, :, :])
    fits = lost[:, None, :] & gained[None, :, :] & (left < bearable)
    strength = np.where(fits, rare[:, None, :] + rare[None, :, :], 0.0).reshape(-1, people)
    best = strength.argmax(axis=0)
    return strength.max(axis=0), best // len(error), best % len(error)
