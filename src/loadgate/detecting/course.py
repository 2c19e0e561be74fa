"""A panel of first releases in; out, how far each value left its own course, in which scale, now and in every replay.

A value is predicted from its own last periods and from what its figure did at the other providers in the same period,
so seasons and common movements are no error. Every earlier period is judged in the same way, by what was known before
it: these replays say what is usual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.detecting.firsts import Panel

if TYPE_CHECKING:
    import numpy as np

SHORT = 8  # earlier periods below which a series is not judged
WINDOW = 6  # periods that give the level
FEWEST = 4  # of them that must be there
_PEERS = 6  # providers that make a common course
_TINY = 3000.0  # an amount this many times under its usual one counts as that
_PRIOR = 4.0  # periods that the usual noise of such series counts for, beside a series' own
_LEVEL = 1.25  # a level from six periods has noise of its own
_SEASON = 12
MAD = 1.4826
EFFICIENCY = 0.37  # of the median absolute deviation
_LEAST = 0.01  # no series moves less than this (1 %)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """By row, provider (and period, the last is now): errors on the log scale, and what was expected now.

    `events`: how many events the expected value stands for. `sign`: 1 or -1 where all of history has that sign, else 0.
    `national`: by row and period, how far the course of all providers left its own.
    """

    panel: Panel
    errors: np.ndarray
    scale: np.ndarray
    expected: np.ndarray
    events: np.ndarray
    sign: np.ndarray
    judged: np.ndarray
    national: np.ndarray


def middle(table: np.ndarray, axis: int) -> np.ndarray:
    """Median without NaN; NaN where there is nothing."""
    import numpy as np

    ordered = np.sort(table, axis=axis)
    count = (~np.isnan(table)).sum(axis=axis, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0), axis=axis)
    high = np.take_along_axis(ordered, np.minimum(count // 2, table.shape[axis] - 1), axis=axis)
    found: np.ndarray = ((low + high) / 2).squeeze(axis)
    return found


def course(panel: Panel, *, apart: np.ndarray | None = None) -> Course:
    """Predict every value. `apart` (rows x providers): values now that say nothing about the common course."""
    import numpy as np

    values = panel.values
    last = values.shape[2] - 1
    past = values[:, :, :last]
    counted = np.array([panel.things[thing].counted for thing, _ in panel.rows])
    usual = middle(np.abs(past), 2)
    sign = np.where((past >= 0) | np.isnan(past), 1, 0).min(axis=2) - np.where((past <= 0) | np.isnan(past), 1, 0).min(
        axis=2
    )
    enough = (~np.isnan(past)).sum(axis=2) >= SHORT
    judged = enough & (sign != 0) & (usual > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        amounts = np.log(np.maximum(np.abs(values), usual[:, :, None] / _TINY))
        amounts[values == 0] = np.nan
        levels = np.where(counted[:, None, None], np.log(np.maximum(values, 0) + 0.5), amounts)
    levels[~judged] = np.nan
    common = _common(levels, last, apart)
    own = levels - common[:, None, :]
    errors = np.full_like(levels, np.nan)
    expected = np.full(usual.shape, np.nan)
    for place in range(FEWEST, last + 1):
        window = own[:, :, max(0, place - WINDOW) : place]
        level = middle(window, 2)
        level[(~np.isnan(window)).sum(axis=2) < FEWEST] = np.nan
        errors[:, :, place] = own[:, :, place] - level
        if place == last:
            expected = np.exp(level + common[:, None, last])
    replays = errors[:, :, FEWEST:last]
    spread = (MAD * middle(np.abs(replays), 2)) ** 2
    chance = np.where(counted[:, None], _LEVEL / np.maximum(expected, 0.5), 0.0)
    scale = _shrunk(spread, chance, (~np.isnan(replays)).sum(axis=2))
    events = np.where(counted[:, None], expected, 1 / np.maximum(scale, 0.02) ** 2)
    judged &= ~np.isnan(scale) & ~np.isnan(expected)
    return Course(
        panel=panel,
        errors=errors,
        scale=scale,
        expected=np.where(counted[:, None], np.maximum(expected - 0.5, 0), expected) * np.where(sign < 0, -1, 1),
        events=np.where(judged, events, 0.0),
        sign=sign,
        judged=judged,
        national=_national(common, last),
    )


def _common(levels: np.ndarray, last: int, apart: np.ndarray | None) -> np.ndarray:
    """By row and period: the middle of what all providers did, against their own middle; 0 with few providers."""
    import numpy as np

    seen = levels - middle(levels[:, :, :last], 2)[:, :, None]
    if apart is not None:
        rest = np.where(apart, np.nan, seen[:, :, last])
        few = (~np.isnan(rest)).sum(axis=1) < _PEERS
        seen[:, :, last] = np.where(few[:, None], seen[:, :, last], rest)
    common = middle(seen, 1)
    common[((~np.isnan(seen)).sum(axis=1) < _PEERS) | np.isnan(common)] = 0.0
    return common


def _shrunk(spread: np.ndarray, chance: np.ndarray, replays: np.ndarray) -> np.ndarray:
    """Standard deviation per row and provider: its own, drawn to the row's usual one beyond chance."""
    import numpy as np

    beyond = np.where(np.isnan(spread), np.nan, np.maximum(spread - chance, 0.0))
    usual = middle(beyond, 1)[:, None] + chance
    freedom = EFFICIENCY * replays
    mixed = (_PRIOR * usual + freedom * spread) / (_PRIOR + freedom)
    found: np.ndarray = np.sqrt(np.maximum(np.maximum(mixed, chance), _LEAST**2))
    return found


def _national(common: np.ndarray, last: int) -> np.ndarray:
    """The smaller of two differences: from the last three periods, and from the same period of the year before."""
    import numpy as np

    found = np.full_like(common, np.nan)
    for place in range(FEWEST, last + 1):
        near = common[:, place] - middle(common[:, place - 3 : place], 1)
        if place >= _SEASON:
            year = common[:, place] - common[:, place - _SEASON]
            near = np.where(np.abs(year) < np.abs(near), year, near)
        found[:, place] = near
    return found
