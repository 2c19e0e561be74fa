"""An area's dataset in; out, how the logarithm of each provider's each line moves over the months.

The law is that of a panel of monthly figures: seasons, trend, a random walk, level shifts long ago, changes of
system, what areas, providers, regions and vendors share in a month, and heavy-tailed noise of each line's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from loadgate.samples.flis.world import World

    Floats = npt.NDArray[np.float64]

_NO_DOUBLING = 0.3  # by its own noise alone no line doubles: in real figures that has a cause, which is then a finding
_QUIET = 2  # newest months without a real shift of level


def moves(world: World, *, area: str, dataset: str, lines: int, calm: float = 1.0) -> Floats:
    """Log levels by (provider, line, month of the axis), 0 about the middle of it.

    `calm` makes what moves from month to month smaller: a stock moves less than a flow.
    """
    import numpy as np

    shape = (len(world.providers), lines, len(world.months))
    level = _trend(world, dataset, shape) + _shifts(world, dataset, shape)
    level += _of_system(world, area, dataset, shape)
    level += calm * (_season(world, dataset, shape) + _together(world, area, dataset, shape))
    sd = np.clip(np.exp(world.rng(dataset, "own sd").normal(np.log(0.04), 0.6, shape[:2])), 0.008, 0.2)
    level += np.clip(calm * sd[:, :, None] * student(world.rng(dataset, "own"), 4, shape), -_NO_DOUBLING, _NO_DOUBLING)
    return level


def student(rng: np.random.Generator, freedom: int, shape: tuple[int, ...]) -> Floats:
    """Student's t with standard deviation 1."""
    drawn: Floats = rng.standard_t(freedom, shape) / (freedom / (freedom - 2)) ** 0.5
    return drawn


def _trend(world: World, dataset: str, shape: tuple[int, int, int]) -> Floats:
    import numpy as np

    rng = world.rng(dataset, "level")
    years = (np.arange(shape[2]) - shape[2] / 2) / 12
    slope = rng.normal(0.02, 0.03, (1, shape[1], 1)) + rng.normal(0, 0.02, (shape[0], shape[1], 1))
    walk = np.cumsum(0.004 * student(rng, 4, shape), axis=2)
    trend: Floats = slope * years + walk - walk.mean(axis=2, keepdims=True)
    return trend


def _season(world: World, dataset: str, shape: tuple[int, int, int]) -> Floats:
    """Three harmonics and half as much noise, normalised; a fifth of the amplitude is each provider's own."""
    import numpy as np

    rng = world.rng(dataset, "season")
    angle = 2 * np.pi * np.arange(12) / 12
    wave = 0.5 * rng.normal(size=(shape[1], 12))
    for k in (1, 2, 3):
        phase = rng.uniform(0, 2 * np.pi, (shape[1], 1))
        wave += rng.normal(size=(shape[1], 1)) / k * np.cos(k * angle[None, :] + phase)
    wave -= wave.mean(axis=1, keepdims=True)
    wave /= wave.std(axis=1, keepdims=True)
    amplitude = np.minimum(np.exp(rng.normal(np.log(0.05), 0.8, (shape[1], 1))), 0.2)
    own = 0.2 * amplitude[None] * rng.normal(size=(shape[0], shape[1], 12))
    calendar = [month.start.month - 1 for month in world.months]
    season: Floats = (amplitude * wave)[None][:, :, calendar] + own[:, :, calendar]
    return season


def _shifts(world: World, dataset: str, shape: tuple[int, int, int]) -> Floats:
    """Real shifts of level, of one line or of a provider's whole dataset; none in the newest months."""
    import numpy as np

    rng = world.rng(dataset, "shifts")
    own = (rng.random(shape) < 5e-4) * rng.normal(0, 0.20, shape)
    shared = (rng.random((shape[0], 1, shape[2])) < 2e-3) * rng.normal(0, 0.10, (shape[0], 1, shape[2]))
    steps = own + shared
    steps[:, :, -_QUIET:] = 0
    shifts: Floats = np.cumsum(steps, axis=2)
    return shifts


def _of_system(world: World, area: str, dataset: str, shape: tuple[int, int, int]) -> Floats:
    """A change of system moves levels, for all lines alike and for each; not one in the newest months."""
    import numpy as np

    served = systems(world, area)
    rng = world.rng(dataset, "change of system")
    shared, own = rng.normal(0, 0.05, (shape[0], 1)), rng.normal(0, 0.05, shape[:2])
    moved = np.zeros(shape)
    for place, by_month in enumerate(served):
        for month in range(1, shape[2] - _QUIET):
            if by_month[month] != by_month[month - 1] and None not in (by_month[month], by_month[month - 1]):
                moved[place, :, month:] += (shared + own)[place][:, None]
    return moved


def _together(world: World, area: str, dataset: str, shape: tuple[int, int, int]) -> Floats:
    """What moves together in a month."""
    import numpy as np

    providers, lines, months = shape
    of_line = 0.010 * np.exp(world.rng(dataset, "line sd").normal(0, 0.3, (1, lines, 1)))
    moved = of_line * student(world.rng(dataset, "line"), 6, (1, lines, months))
    moved = moved + 0.004 * student(world.rng("area", area), 6, (1, 1, months))
    moved = moved + 0.010 * student(world.rng("area of provider", area), 6, (providers, 1, months))
    moved = moved + 0.015 * student(world.rng("dataset of provider", dataset), 6, (providers, 1, months))
    regions = sorted(set(world.regions.values()))
    of_region = 0.003 * student(world.rng("region", area), 6, (len(regions), 1, months))
    moved = moved + of_region[[regions.index(world.regions[one]) for one in world.providers]]
    vendors = sorted({facts.vendor for facts in world.site.file.systems})
    made_by = {facts.id: facts.vendor for facts in world.site.file.systems}
    of_vendor = 0.0012 * student(world.rng("vendor", area), 6, (len(vendors) + 1, months))
    places = {name: place for place, name in enumerate(vendors)}
    who = np.array(
        [[places.get(made_by.get(one or "", ""), len(vendors)) for one in line] for line in systems(world, area)],
        dtype=np.int64,
    ).reshape(providers, months)
    together: Floats = moved + of_vendor[who, np.arange(months)[None, :]][:, None, :]
    return together


def systems(world: World, area: str) -> list[list[str | None]]:
    """Each provider's system of an area, month by month of the axis."""
    kept: list[list[str | None]] | None = world.kept.get(("systems", area))
    if kept is None:
        months = world.months
        kept = [[world.system(area, one, month) for month in months] for one in world.providers]
        world.kept["systems", area] = kept
    return kept
