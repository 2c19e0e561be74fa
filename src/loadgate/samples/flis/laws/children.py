"""A world in; out, the cases and measures of its vulnerable children and young people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.samples.flis.laws import codes, counts
from loadgate.samples.flis.laws.drawn import Drawn, at, periods_of
from loadgate.samples.flis.laws.moves import moves

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from loadgate.samples.flis.world import World

    Floats = npt.NDArray[np.float64]

_AGES = range(23)
_REASONS = {"01": 0.20, "02": 0.10, "03": 0.08, "04": 0.14, "05": 0.04, "06": 0.03, "07": 0.05, "08": 0.10, "12": 0.10}
_MEASURES = {"A11": 0.10, "A15": 0.04, "A16": 0.04, "F21": 0.08, "F22": 0.16, "F24": 0.09, "F25": 0.16, "F27": 0.06}
_CLOSED = 0.07  # of the cases, in a month
_ENDED = 0.05
_PLACED, _PREVENTIVE = 4_500_000.0, 700_000.0  # hundredths of a krone a month


def _at_age() -> Floats:
    import numpy as np

    ages = np.arange(float(len(_AGES)))
    at_age: Floats = 0.25 + ages / 12 * np.exp(-(((ages - 15) / 6) ** 2))
    at_age /= at_age.sum()
    return at_age


def cases(world: World) -> Drawn:
    """Open cases are a stock, those closed in the month a flow."""
    import numpy as np

    reasons = codes.followed(world, "cases", "reason", _REASONS)
    lines = counts.grid(closed=[False, True], reason=list(reasons), age=list(_AGES))
    of_line = [place + len(reasons) * closed for closed in (0, 1) for place in range(len(reasons)) for _ in _AGES]
    by_reason = np.outer(list(reasons.values()), _at_age()).ravel()
    shares = np.concatenate([(1 - _CLOSED) * by_reason, _CLOSED * by_reason])
    periods = periods_of(world, "cases")
    levels = moves(world, area="children", dataset="cases", lines=2 * len(reasons), calm=0.3)[:, :, at(world, periods)]
    rows = counts.expected(world, "cases", shares, of_line, levels)
    rng, half = world.rng("cases", "rows"), len(by_reason)
    n = np.concatenate([counts.stock(rng, rows[:, :half], 0.9), rng.poisson(rows[:, half:]).astype(np.int64)], axis=1)
    return Drawn(
        time="month",
        periods=periods,
        cells=counts.cells(world, lines),
        n=counts.flat(n),
        persons=counts.flat(counts.persons(world.rng("cases", "persons"), n, 0.04)),
        dated="closed",
    )


def measures(world: World) -> Drawn:
    """Placements cost about six times what preventive measures do."""
    import numpy as np

    known = codes.followed(world, "measures", "measure", _MEASURES)
    lines = counts.grid(ended=[False, True], measure=list(known), age=list(_AGES))
    of_line = [place + len(known) * ended for ended in (0, 1) for place in range(len(known)) for _ in _AGES]
    by_measure = np.outer(list(known.values()), _at_age()).ravel()
    shares = np.concatenate([(1 - _ENDED) * by_measure, _ENDED * by_measure])
    periods = periods_of(world, "measures")
    levels = moves(world, area="children", dataset="measures", lines=2 * len(known), calm=0.3)[:, :, at(world, periods)]
    rows = counts.expected(world, "measures", shares, of_line, levels)
    rng, half = world.rng("measures", "rows"), len(by_measure)
    n = np.concatenate([counts.stock(rng, rows[:, :half], 0.9), rng.poisson(rows[:, half:]).astype(np.int64)], axis=1)
    price = np.array([_PLACED if code.startswith("A") else _PREVENTIVE for code in known])
    price = price * world.rng("measures", "prices").lognormal(0, 0.3, len(known))
    own = world.rng("measures", "own prices").lognormal(0, 0.1, (len(world.providers), len(known)))
    mean = (price * own)[:, [place % len(known) for place in of_line], None]
    return Drawn(
        time="month",
        periods=periods,
        cells=counts.cells(world, lines),
        n=counts.flat(n),
        persons=counts.flat(counts.persons(world.rng("measures", "persons"), n, 0.06)),
        sums={"cost": counts.flat(counts.amounts(world.rng("measures", "cost"), n, mean + 0 * rows, spread=0.15))},
        dated="ended",
    )
