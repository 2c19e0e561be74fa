"""A world, a dataset and a vintage in; the dataset's microcells as reported in that vintage out.

The columns stand in `world`. What a vintage says of a month does not depend on which others are asked for: a dataset
is drawn once, for all providers and months, and a vintage only leaves out what is not reported yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from loadgate.samples.flis.laws import children, citizens, disability, economy, elderly, personnel, school
from loadgate.samples.flis.laws.drawn import Drawn, age_of

if TYPE_CHECKING:
    import polars as pl

    from loadgate.model.period import Period
    from loadgate.samples.flis.world import World

LAWS: dict[str, Callable[[World], Drawn]] = {
    "ledger": economy.ledger,
    "budget": economy.budget,
    "employees": personnel.employees,
    "absence": personnel.absence,
    "population": citizens.population,
    "movements": citizens.movements,
    "pupils": school.pupils,
    "classes": school.classes,
    "cases": children.cases,
    "measures": children.measures,
    "services": disability.services,
    "home_help": elderly.home_help,
    "care_homes": elderly.care_homes,
}


def microcells(world: World, dataset: str, vintage: Period, providers: Sequence[str] | None = None) -> pl.DataFrame:
    """One line per provider, reference period and dimensions with at least one row, in a fixed order.

    `providers`: all that the assignments of the vintage's month serve, unless some of them are named.
    Raises SiteError where the site's content does not fit the law.
    """
    import polars as pl

    served = world.served(world.site.dataset(dataset).area, vintage)
    wanted = served if providers is None else [one for one in served if one in set(providers)]
    whole = drawn(world, dataset)
    blocks = [whole.block(period, age_of(period, vintage)) for period in world.window(dataset, vintage)]
    frame = pl.concat(blocks)
    if len(wanted) < len(world.providers):
        frame = frame.filter(pl.col("provider").is_in(list(wanted)))
    return frame


def drawn(world: World, dataset: str) -> Drawn:
    """The dataset's final numbers, drawn once a world."""
    return world.keep(("drawn", dataset), partial(LAWS[dataset], world))


def check(world: World) -> None:
    """Draw every dataset, so that content which the laws cannot follow is told at once. Raises SiteError."""
    for dataset in LAWS:
        drawn(world, dataset)
