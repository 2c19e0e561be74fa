"""A world in; out, its employments by staff group and age, and their absence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.samples.flis.laws import codes, counts
from loadgate.samples.flis.laws.drawn import Drawn, at, late, periods_of
from loadgate.samples.flis.laws.moves import moves

if TYPE_CHECKING:
    from loadgate.samples.flis.world import World

_GROUPS = {
    "01": 0.13, "02": 0.13, "03": 0.15, "04": 0.22, "05": 0.06, "06": 0.08,
    "07": 0.05, "08": 0.06, "09": 0.05, "10": 0.03, "11": 0.02, "12": 0.02,
}  # fmt: skip
_PAY = {"03": 39_000, "05": 38_000, "06": 35_000, "07": 43_000, "10": 37_000, "12": 56_000}  # kroner a month
_USUAL_PAY = 31_000
_AGES = range(18, 70)
_TYPES = {"1": 0.60, "2": 0.12, "3": 0.07, "4": 0.21}
_DAYS = {"1": 4.2, "2": 1.3, "3": 18.0, "4": 5.0}


def employees(world: World) -> Drawn:
    """A stock: nine of ten stay; pay and hours are of one person each row."""
    import numpy as np

    groups = codes.followed(world, "employees", "staff_group", _GROUPS)
    lines = counts.grid(staff_group=list(groups), age=list(_AGES))
    of_line = [place for place, _ in enumerate(groups) for _ in _AGES]
    at_age = np.array([0.35 + 0.65 * min(1.0, (age - 17) / 12) * min(1.0, (70 - age) / 8) for age in _AGES])
    shares = np.outer(list(groups.values()), at_age / at_age.sum()).ravel()
    periods = periods_of(world, "employees")
    steps = at(world, periods)
    levels = moves(world, area="personnel", dataset="employees", lines=len(groups), calm=0.25)[:, :, steps]
    rows = counts.expected(world, "employees", shares, of_line, levels)
    n = counts.stock(world.rng("employees", "rows"), rows, 0.9)
    rng = world.rng("employees", "terms")
    known = list(groups)
    worked = np.clip(rng.normal(13_200, 600, (len(world.providers), len(groups), 1)), 11_000, 15_500)[:, of_line]
    raised = np.exp(0.025 / 12 * (np.array(steps) - steps[-1]))
    paid = np.array([100.0 * _PAY.get(known[place], _USUAL_PAY) for place in of_line])[None, :, None]
    paid = paid * rng.lognormal(0, 0.03, (len(world.providers), len(groups), 1))[:, of_line] * raised
    return Drawn(
        time="month",
        periods=periods,
        cells=counts.cells(world, lines),
        n=counts.flat(n),
        sums={
            "hours": counts.flat(counts.amounts(rng, n, worked + 0 * rows, spread=0.04)),
            "pay": counts.flat(counts.amounts(rng, n, paid + 0 * rows, spread=0.10)),
        },
    )


def absence(world: World) -> Drawn:
    """A flow, registered late: an eighth of the newest month may be missing."""
    import numpy as np

    types = codes.fixed(world, "absence", "absence_type", _TYPES)
    periods = periods_of(world, "absence")
    levels = moves(world, area="personnel", dataset="absence", lines=len(types))[:, :, at(world, periods)]
    rows = counts.expected(world, "absence", np.array(list(types.values())), range(len(types)), levels)
    n = counts.flow(world.rng("absence", "rows"), rows)
    rng = world.rng("absence", "days")
    mean = np.array([_DAYS[code] for code in types])[None, :, None] * rng.lognormal(0, 0.05, (*n.shape[:2], 1))
    return Drawn(
        time="month",
        periods=periods,
        cells=counts.cells(world, counts.grid(absence_type=list(types))),
        n=counts.flat(n),
        persons=counts.flat(counts.persons(rng, n, 0.12)),
        sums={"days": counts.flat(counts.days(rng, n, mean + 0 * rows))},
        late=late(world, "absence", range(len(types)), len(periods), delta=0.15, settled=3),
    )
