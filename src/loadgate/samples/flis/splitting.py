"""Totals and how many rows share each in; out, whole shares that add up to the totals exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]

_SKEW = 0.8  # log standard deviation of amounts that nothing bounds
_REACH = 0.35  # how far a bounded share may be from its neighbour's, as a share of the two


def split(
    totals: Numbers, counts: Numbers, rng: np.random.Generator, *, lowest: int | None, highest: int | None
) -> Numbers:
    """Shares in the order of the totals, `counts[i]` of them for `totals[i]`.

    With `lowest` no share is below it, with `highest` none above, for every total that allows it. A negative total
    is split like a positive one, and its shares are negative.
    """
    import numpy as np

    if totals.size == 0 or int(counts.max()) == 1:
        return totals.copy()
    sign = np.where(totals < 0, -1, 1)
    bounded = highest is not None
    least = np.minimum(lowest or 0, np.abs(totals) // counts)
    extra = np.abs(totals) - least * counts
    shares = _even(extra, counts, rng, highest=highest, least=least) if bounded else _skewed(extra, counts, rng)
    return np.asarray((shares + np.repeat(least, counts)) * np.repeat(sign, counts))


def _skewed(totals: Numbers, counts: Numbers, rng: np.random.Generator) -> Numbers:
    """Lognormal weights; what is rounded off one share goes to the next."""
    import numpy as np

    ends = np.cumsum(counts)
    weights = np.exp(_SKEW * np.clip(rng.standard_normal(int(ends[-1])), -2.5, 2.5))
    running = np.cumsum(weights)
    before = np.repeat(running[ends - 1] - np.add.reduceat(weights, ends - counts), counts)
    of_total = np.repeat(np.add.reduceat(weights, ends - counts), counts)
    reached = np.rint(np.repeat(totals, counts) * np.clip((running - before) / of_total, 0.0, 1.0)).astype(np.int64)
    reached[ends - 1] = totals
    reached = np.maximum.accumulate(reached + np.repeat(np.cumsum(totals) - totals, counts))
    return np.diff(reached, prepend=0)


def _even(
    totals: Numbers, counts: Numbers, rng: np.random.Generator, *, highest: int | None, least: Numbers
) -> Numbers:
    """Nearly equal shares, then neighbours of one total give to each other within the bounds."""
    import numpy as np

    ends = np.cumsum(counts)
    within = np.arange(int(ends[-1])) - np.repeat(ends - counts, counts)
    shares = np.repeat(totals // counts, counts) + (within < np.repeat(totals % counts, counts))
    room = np.repeat((highest or 0) - least, counts)
    pair = np.flatnonzero((within % 2 == 0) & (within + 1 < np.repeat(counts, counts)))
    both = shares[pair] + shares[pair + 1]
    middle = both // 2
    reach = np.maximum(np.minimum(middle, room[pair] - (both - middle)), 0)
    reach = np.where(both > 60, np.minimum(reach, (both * _REACH).astype(np.int64)), reach)
    moved = rng.integers(-reach, reach + 1)
    shares[pair] = middle + moved
    shares[pair + 1] = both - middle - moved
    return np.asarray(shares)
