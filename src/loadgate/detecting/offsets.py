"""A course in; out, claims that two cells of one figure moved by opposite amounts: posted on the neighbour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from loadgate.detecting.claims import Claim
from loadgate.detecting.course import FEWEST, Course
from loadgate.model.kinds import Kind

if TYPE_CHECKING:
    import numpy as np

_CANCEL = 0.3  # of the amount may be left
_LEFT = 0.25  # log: the cell that lost must have lost this much of itself
_FAR = 3.0  # scales, for either cell
_BEYOND = 1.3  # times the strongest pair of all replays
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
    usual, tried = [0.0], 0.0
    for _, rows in sorted(by_thing.items()):
        if not 2 <= len(rows) <= _MOST:
            continue
        tried += float((course.judged[rows].sum(axis=0) ** 2).sum())
        for place in range(FEWEST, last + 1):
            free = ~hidden[rows] if place == last else np.ones((len(rows), values.shape[1]), dtype=bool)
            error = np.where(free & course.judged[rows], errors[rows, :, place], np.nan)
            strong, givers, takers = _pairs(error, values[rows, :, place], course.scale[rows])
            if place < last:
                usual.append(float(strong.max(initial=0.0)))
                continue
            for provider in np.flatnonzero(strong > 0).tolist():
                pair = rows[int(givers[provider])], rows[int(takers[provider])]
                now.append((float(strong[provider]), int(provider), *pair))
    ordered = sorted(usual)
    known = ordered[-max(1, len(ordered) // 1000)]  # a fault of the past may be among them
    limit = max(_BEYOND * known, known + _MARGIN, math.log(max(1.0, tried)) + _MARGIN)
    found = []
    for strength, provider, giver, taker in sorted(now, reverse=True):
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


def _pairs(error: np.ndarray, value: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By provider: the strongest pair (log of how rare both are), the cell that lost and the one that gained."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        change = value - value * np.exp(-error)  # against what was expected
    far = np.nan_to_num(np.abs(error) / scale)
    up = np.nan_to_num(error) > 0
    lost = (far > _FAR) & (np.nan_to_num(error) < -_LEFT)
    gained = (far > _FAR) & up
    people = error.shape[1]
    if not (lost.any(axis=0) & gained.any(axis=0)).any():
        return np.zeros(people), np.zeros(people, dtype=int), np.zeros(people, dtype=int)
    rare = np.where(far > _FAR, _TAIL * np.log(np.maximum(far, 1.0)), 0.0)
    left = np.abs(change[:, None, :] + change[None, :, :])
    fits = lost[:, None, :] & gained[None, :, :] & (left < _CANCEL * np.abs(change)[:, None, :])
    strength = np.where(fits, rare[:, None, :] + rare[None, :, :], 0.0).reshape(-1, people)
    best = strength.argmax(axis=0)
    return strength.max(axis=0), best // len(error), best % len(error)
