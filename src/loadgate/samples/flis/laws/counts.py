"""Shares of a dataset's cells and log levels in; out, expected rows, and the counts and sums drawn from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

from loadgate.samples.flis.world import TYPICAL_ROWS, WINDOWS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from loadgate.samples.flis.world import World

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


def grid(**dimensions: Sequence[object]) -> list[dict[str, object]]:
    """Every combination, the last dimension fastest."""
    return [dict(zip(dimensions, values, strict=True)) for values in product(*dimensions.values())]


def cells(world: World, lines: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """The same lines for each provider, provider by provider."""
    import polars as pl

    providers = pl.DataFrame({"provider": list(world.providers)}, schema={"provider": pl.String})
    return providers.join(pl.DataFrame(lines), how="cross", maintain_order="left_right")


def sizes(world: World) -> Floats:
    """Citizens of each provider."""
    import numpy as np

    return np.array([world.population[one] for one in world.providers], dtype=np.float64)


def expected(world: World, dataset: str, shares: Floats, of_line: Sequence[int], levels: Floats) -> Floats:
    """Expected rows by (provider, line, period): by citizens, share and level, with each provider's own practice.

    `levels`: (provider, level line, period); `of_line` says which level line each line follows. All providers
    together have about the usual number of rows of one period, times the world's scale.
    """
    import numpy as np

    providers, known = len(world.providers), levels.shape[1]
    rng = world.rng(dataset, "practice")
    practice = rng.lognormal(0, 0.35, (providers, known))[:, list(of_line)]
    practice *= rng.lognormal(0, 0.1, (providers, len(of_line)))
    base = sizes(world)[:, None] * shares[None, :] * practice
    base *= TYPICAL_ROWS[dataset] / WINDOWS[dataset] * world.scale(dataset) / base.sum()
    whole: Floats = base[:, :, None] * np.exp(levels[:, list(of_line), :])
    return whole


def flow(rng: np.random.Generator, rows: Floats) -> Ints:
    """Events of a month: Poisson."""
    import numpy as np

    return never_nothing(rng.poisson(rows).astype(np.int64), rows)


def stock(rng: np.random.Generator, rows: Floats, stays: float) -> Ints:
    """Those who are there: binomial, so that the larger part `stays` does not change from month to month by chance."""
    import numpy as np

    places = np.ceil(rows / stays)
    chance = np.divide(rows, places, out=np.zeros_like(rows), where=places > 0)
    return never_nothing(rng.binomial(places.astype(np.int64), chance).astype(np.int64), rows)


def never_nothing(n: Ints, rows: Floats) -> Ints:
    """A provider without any row in a period gets one where one is likeliest: no dataset of a provider is empty."""
    for provider, period in zip(*(n.sum(axis=1) == 0).nonzero(), strict=True):
        n[provider, rows[provider, :, period].argmax(), period] = 1
    return n


def flat(array: npt.NDArray[np.generic]) -> Ints:
    """(provider, line, period) → (cell, period)."""
    import numpy as np

    return np.ascontiguousarray(array.reshape(-1, array.shape[-1]).astype(np.int64))


def amounts(rng: np.random.Generator, n: Ints, mean: Floats, *, spread: float) -> Ints:
    """Sums over n rows that are `mean` on average, in whole units; heavy tails, the less the more rows. Never 0."""
    import numpy as np

    noise = np.clip(spread * rng.standard_t(5, n.shape) / np.sqrt(n + 1.0), -0.7, 1.0)
    drawn = np.rint(n * mean * np.exp(noise)).astype(np.int64)
    summed: Ints = np.where(n > 0, np.maximum(drawn, n), 0)
    return summed


def days(rng: np.random.Generator, n: Ints, mean: Floats) -> Ints:
    """Sums of whole days, each row 1 to 31 of them."""
    import numpy as np

    more = rng.binomial(30 * n, np.clip((mean - 1) / 30, 0, 1))
    summed: Ints = (n + more).astype(np.int64)
    return summed


def persons(rng: np.random.Generator, n: Ints, again: float) -> Ints:
    """Distinct persons in n rows: each further row is with chance `again` that of a person already there."""
    import numpy as np

    found: Ints = (n - rng.binomial(np.maximum(n - 1, 0), again)).astype(np.int64)
    return found
