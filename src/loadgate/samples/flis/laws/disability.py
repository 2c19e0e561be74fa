"""A world in; out, the services to its adults with disabilities, by closed quarters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.samples.flis.laws import codes, counts
from loadgate.samples.flis.laws.drawn import Drawn, at, late, periods_of
from loadgate.samples.flis.laws.moves import moves

if TYPE_CHECKING:
    from loadgate.samples.flis.world import World

_SERVICES = {
    "1.1": 0.14, "1.3": 0.02, "1.4": 0.10, "1.17": 0.005, "1.8.1": 0.07, "1.8.2": 0.09,
    "1.13.2": 0.03, "1.13.3": 0.005, "1.13.4": 0.15, "1.12.0.1": 0.10, "1.12.0.2": 0.29,
}  # fmt: skip
_GROUPS = {"01": 0.28, "02": 0.12, "03": 0.08, "04": 0.10, "05": 0.04, "06": 0.26, "07": 0.06, "08": 0.06}
_APPROVED = {"J": 0.94, "N": 0.06}
_ENDED = 0.06  # of the services, in a quarter


def services(world: World) -> Drawn:
    """A stock with a few late reports; some persons have two services of one kind."""
    import numpy as np

    known = codes.followed(world, "services", "service_code", _SERVICES)
    groups = codes.followed(world, "services", "target_group", _GROUPS)
    approved = codes.fixed(world, "services", "approved", _APPROVED)
    lines = counts.grid(
        service_code=list(known), target_group=list(groups), approved=list(approved), ended=[False, True]
    )
    within = len(lines) // len(known)
    of_line = [place for place in range(len(known)) for _ in range(within)]
    shares = np.array(
        [
            known[str(one["service_code"])]
            * groups[str(one["target_group"])]
            * approved[str(one["approved"])]
            * (_ENDED if one["ended"] else 1 - _ENDED)
            for one in lines
        ]
    )
    periods = periods_of(world, "services")
    levels = moves(world, area="disability", dataset="services", lines=len(known), calm=0.3)[:, :, at(world, periods)]
    n = counts.stock(world.rng("services", "rows"), counts.expected(world, "services", shares, of_line, levels), 0.9)
    return Drawn(
        time="quarter",
        periods=periods,
        cells=counts.cells(world, lines),
        n=counts.flat(n),
        persons=counts.flat(counts.persons(world.rng("services", "persons"), n, 0.04)),
        dated="ended",
        late=late(world, "services", of_line, len(periods), delta=0.02, settled=4, share=0.5),
    )
