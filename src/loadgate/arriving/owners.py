"""Deliveries with the same content, and how far each is from its own last one, in; out, whose content it is not. Pure.

Two deliveries hold the same rows: one is right and one is an impostor. The rows do not say which. But a provider's
delivery looks much like its own of the period before, and hardly ever like another's.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Claim = TypeVar("Claim", bound=Hashable)
SIZE_MARGIN = 0.15  # natural logarithm of a ratio of sizes: about 16 %
CONTENT_MARGIN = 0.05  # mean over columns of how far values, sums and counts are from those before
LOOKED_AT_MARGIN = 0.05  # as SIZE_MARGIN: a file whose size moved by less is not opened to see whose it is
ANOTHERS, STRANGE = 0.5, 0.05  # share of a column's values that another had, and that one had oneself
SIZE_TIMES = 2  # another must be this many times as far as the nearest, and the margin more


def size_distance(now: float, before: float) -> float | None:
    """How far a size is from another; None where there is nothing to compare."""
    return abs(math.log(now / before)) if now > 0 and before > 0 else None


def impostors_among(
    distances: Mapping[Claim, float | None], *, margin: float, times: int = 1
) -> frozenset[Claim] | None:
    """All but the one whose content it clearly is; None where nobody can tell.

    In: each claim's distance from its own last content; None where that is not known. The owner's is the nearest, and
    every other is more than `times` as far plus `margin`. Sizes need `times`: what grew once may grow again. Distances
    of rows do not: all of them hold what changes with every period.
    """
    known = sorted((distance, str(claim), claim) for claim, distance in distances.items() if distance is not None)
    if not known or len(distances) < 2:
        return None
    nearest, _, owner = known[0]
    others = [distance for distance, _, _ in known[1:]]
    clear = all(distance > times * nearest + margin for distance in others)
    # one of whom nothing is known could be as near, unless the owner's is as good as its own
    complete = len(known) == len(distances) or nearest <= margin
    return frozenset(distances) - {owner} if clear and complete else None


def is_anothers(own: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether a column's values are another's of last time, and hardly any are one's own.

    In: by column, the share of the values now that stood there before, in one's own last rows and in the other's.
    """
    return any(share >= ANOTHERS and own.get(name, 1.0) <= STRANGE for name, share in other.items())


def groups(pairs: Iterable[tuple[str, str]]) -> list[frozenset[str]]:
    """Ids that pairs connect, in order of their first."""
    around: defaultdict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        around[one].add(other)
        around[other].add(one)
    found: list[frozenset[str]] = []
    seen: set[str] = set()
    for start in sorted(around):
        if start in seen:
            continue
        group, ahead = {start}, [start]
        while ahead:
            new = around[ahead.pop()] - group
            group |= new
            ahead += new
        seen |= group
        found.append(frozenset(group))
    return found
