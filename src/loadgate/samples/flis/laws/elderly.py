"""A world in; out, the hours of home help and the days in care homes of its elderly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.samples.flis.laws import codes, counts
from loadgate.samples.flis.laws.drawn import Drawn, at, periods_of
from loadgate.samples.flis.laws.moves import moves

if TYPE_CHECKING:
    from loadgate.samples.flis.world import World

_AT_HOME = {"U65": 0.08, "65-69": 0.08, "70-79": 0.28, "80-89": 0.38, "90+": 0.18}
_IN_CARE = {"U65": 0.03, "65-69": 0.05, "70-79": 0.22, "80-89": 0.42, "90+": 0.28}
_HELP = {"P": 0.45, "H": 0.55}
_HOURS = {"P": 1_700.0, "H": 340.0}  # hundredths of an hour a month
_OLDER = {"U65": 1.3, "65-69": 0.9, "70-79": 0.9, "80-89": 1.0, "90+": 1.2}
_PLACES = {"1": 0.15, "2": 0.60, "3": 0.07, "4": 0.12, "5": 0.06}


def home_help(world: World) -> Drawn:
    import numpy as np

    ages = codes.fixed(world, "home_help", "age_group", _AT_HOME)
    types = codes.fixed(world, "home_help", "help_type", _HELP)
    lines = counts.grid(age_group=list(ages), help_type=list(types))
    shares = np.outer(list(ages.values()), list(types.values())).ravel()
    periods = periods_of(world, "home_help")
    levels = moves(world, area="elderly", dataset="home_help", lines=len(lines), calm=0.3)[:, :, at(world, periods)]
    rows = counts.expected(world, "home_help", shares, range(len(lines)), levels)
    n = counts.stock(world.rng("home_help", "rows"), rows, 0.9)
    rng = world.rng("home_help", "hours")
    mean = np.array([_HOURS[str(one["help_type"])] * _OLDER[str(one["age_group"])] for one in lines])
    mean = mean[None, :] * rng.lognormal(0, 0.12, (len(world.providers), len(lines)))
    return Drawn(
        time="month",
        periods=periods,
        cells=counts.cells(world, lines),
        n=counts.flat(n),
        sums={"hours": counts.flat(counts.amounts(rng, n, mean[:, :, None] + 0 * rows, spread=0.3))},
    )


def care_homes(world: World) -> Drawn:
    """Nearly all residents stay the whole month."""
    import numpy as np

    ages = codes.fixed(world, "care_homes", "age_group", _IN_CARE)
    places = codes.followed(world, "care_homes", "place_type", _PLACES)
    lines = counts.grid(age_group=list(ages), place_type=list(places))
    shares = np.outer(list(ages.values()), list(places.values())).ravel()
    of_line = [place for place in range(len(ages)) for _ in places]
    periods = periods_of(world, "care_homes")
    levels = moves(world, area="elderly", dataset="care_homes", lines=len(ages), calm=0.3)[:, :, at(world, periods)]
    rows = counts.expected(world, "care_homes", shares, of_line, levels)
    n = counts.stock(world.rng("care_homes", "rows"), rows, 0.9)
    length = np.array([(period.end - period.start).days for period in periods])
    away = world.rng("care_homes", "days").binomial(n * (length - 1), 0.03)
    return Drawn(
        time="month",
        periods=periods,
        cells=counts.cells(world, lines),
        n=counts.flat(n),
        sums={"days": counts.flat(n * length - away)},
    )
