"""A world in; out, its citizens by district, age and sex, and what happens to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.samples.flis.laws import codes, counts
from loadgate.samples.flis.laws.drawn import Drawn, at, late, periods_of
from loadgate.samples.flis.laws.moves import moves

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from loadgate.samples.flis.world import World

    Floats = npt.NDArray[np.float64]

_AGES = range(100)
_TURNOVER = 0.011  # of the citizens are born, die or move in a month
_SEXES = {"1": 0.5, "2": 0.5}
_EVENTS = {"F": 0.095, "D": 0.085, "T": 0.33, "X": 0.33, "I": 0.09, "U": 0.07}
_DISTRICTS = (150_000, 300_000, 450_000)  # citizens from which there is one district more


def population(world: World) -> Drawn:
    """Whole citizens that sum exactly to the provider's population: it grows smoothly, and people come and go."""
    import numpy as np
    import polars as pl

    sexes = codes.fixed(world, "population", "sex", _SEXES)
    periods = periods_of(world, "population")
    steps = at(world, periods)
    rng, turnover = world.rng("population", "ages"), world.rng("population", "turnover")
    frames, arrays = [], []
    lines = pl.DataFrame(counts.grid(age=list(_AGES), sex=list(sexes)))
    for place, (provider, size) in enumerate(zip(world.providers, counts.sizes(world), strict=True)):
        shares = _shares(rng)
        districts = 1 + sum(size >= limit for limit in _DISTRICTS)
        parts = rng.dirichlet(np.full(districts, 20.0))
        growth = rng.normal(0.003, 0.004) / 12
        walk = np.cumsum(rng.normal(0, 2e-4, len(world.months)))
        totals = np.rint(size * np.exp(growth * np.arange(1 - len(world.months), 1) + walk - walk[-1]))
        drift = rng.normal(0, 0.01 / 12, len(shares))[:, None] * (np.arange(len(world.months)) - len(world.months))
        coming = turnover.normal(0, 1, (len(shares), len(world.months))) * _turned(size * shares)[:, None]
        turned = np.cumsum(coming, axis=1)
        profile = shares[:, None] * np.exp(drift + turned - turned[:, -1:])
        profile /= profile.sum(axis=0)
        whole = np.concatenate([part * profile for part in parts])[:, steps] * totals[steps]
        edges = np.floor(np.cumsum(whole, axis=0) + 1e-6)
        arrays.append(np.diff(edges, axis=0, prepend=0))
        names = pl.DataFrame({"district": [f"{place + 1:02d}{number + 1}" for number in range(districts)]})
        frames.append(
            names.join(lines, how="cross", maintain_order="left_right").select(
                pl.lit(provider).alias("provider"), pl.all()
            )
        )
    citizens = np.concatenate(arrays).astype(np.int64)
    return Drawn(
        time="month",
        periods=periods,
        cells=pl.concat(frames),
        n=(citizens > 0).astype(np.int64),
        sums={"citizens": citizens},
    )


def _turned(citizens: Floats) -> Floats:
    """Standard deviation of a month's relative change: each who comes or goes does so alone."""
    import numpy as np

    found: Floats = np.sqrt(_TURNOVER / np.maximum(citizens, 1.0))
    return found


def _shares(rng: np.random.Generator) -> Floats:
    """Of 0 to 99 years, men before women: as many children as adults, fewer from sixty on, more women among the old."""
    import numpy as np

    ages = np.arange(100.0)
    alive = 1 / (1 + np.exp((ages - rng.normal(80, 2)) / 6.5))
    young = 1 + rng.normal(0, 0.25) * np.exp(-(((ages - 25) / 7) ** 2)) - 0.12 * np.exp(-(((ages - 8) / 8) ** 2))
    men = alive * young
    women = young / (1 + np.exp((ages - 84) / 6.5))
    shares: Floats = np.stack([men, women], axis=1).ravel()
    shares /= shares.sum()
    return shares


def movements(world: World) -> Drawn:
    """Events by age; a few are registered late."""
    import numpy as np

    events = codes.fixed(world, "movements", "event", _EVENTS)
    ages = np.arange(100.0)
    moving = 0.25 + 3 * np.exp(-(((ages - 24) / 6) ** 2)) + 0.6 * np.exp(-ages / 4)
    moving *= 1 / (1 + np.exp((ages - 75) / 8))
    dying = np.exp((ages - 100) / 9) / (1 + np.exp((ages - 88) / 4))
    born = np.where(ages == 0, 1.0, 0.0)
    at_age = {"F": born, "D": dying}
    known = list(events)
    pairs = [
        (place, age, events[code] * share)
        for place, code in enumerate(known)
        for age, share in enumerate(at_age.get(code, moving) / at_age.get(code, moving).sum())
        if share > 0
    ]
    periods = periods_of(world, "movements")
    of_line = [place for place, _, _ in pairs]
    levels = moves(world, area="citizens", dataset="movements", lines=len(events))[:, :, at(world, periods)]
    rows = counts.expected(world, "movements", np.array([share for _, _, share in pairs]), of_line, levels)
    return Drawn(
        time="month",
        periods=periods,
        cells=counts.cells(world, [{"event": known[place], "age": age} for place, age, _ in pairs]),
        n=counts.flat(counts.flow(world.rng("movements", "rows"), rows)),
        late=late(world, "movements", of_line, len(periods), delta=0.02, settled=2),
    )
