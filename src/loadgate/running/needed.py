"""A site's runs in; out, which of them still wait, and the deliveries that the next period is compared with."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.errors import SiteError, VerificationFailed
from loadgate.model.period import Period, run_order
from loadgate.running import baseline, crossing
from loadgate.running.opening import expected_deliveries
from loadgate.store import publication
from loadgate.store.places import WATCH
from loadgate.store.runs import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgate.model.deliveries import Delivery
    from loadgate.model.site import Site
    from loadgate.running.opened import Opened
    from loadgate.store.runs import RunRow

_OVER = (RunState.RELEASED, RunState.WITHDRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """`waiting`: the newest runs of their periods that nobody has decided about, and looks at periods without a run.

    `compared`: run → the deliveries of it that the next period, or a waiting one, is held against, and all of the
    release that counts.
    """

    waiting: tuple[str, ...]
    compared: Mapping[str, tuple[Delivery, ...]]


def needed(opened: Opened, site: Site) -> Needed:
    """Raises CouldNotRun where the ledger is not whole: then what was approved is not known."""
    newest = {row.period: row for row in opened.state.runs.rows() if not _is_bare(opened, row)}
    waiting = [row.id for row in newest.values() if row.state not in _OVER]
    watched = [file.stem for file in opened.places.watches.glob(f"{WATCH}*.json")]
    waiting += sorted(one for one in watched if one.removeprefix(WATCH) not in newest)
    compared: defaultdict[str, dict[str, Delivery]] = defaultdict(dict)
    for run in waiting:
        inputs = opened.inputs(run)
        for arrival in inputs.current:
            found = crossing.last_approved(opened, arrival.expected, baseline=inputs.baseline, history=inputs.history)
            if found is not None:
                compared[found[0].run][found[1].id] = found[1]
    if newest:
        last = max(run_order(row.id)[0] for row in newest.values())
        for run, delivery in _before(opened, site, last.next):
            compared[run][delivery.id] = delivery
    with suppress(VerificationFailed):  # `loadgate verify` tells of a pointer that cannot be read
        current = publication.current(opened.places)
        if current is not None and opened.places.inputs(current.run).exists():
            compared[current.run] |= {one.id: one for one in opened.inputs(current.run).deliveries}
    return Needed(
        waiting=tuple(waiting), compared={run: tuple(found.values()) for run, found in sorted(compared.items())}
    )


def _is_bare(opened: Opened, row: RunRow) -> bool:
    """Whether a run was killed before it froze its inputs: nothing was done in it, `loadgate run` opens it again."""
    return row.state is RunState.OPEN and not opened.places.inputs(row.id).exists()


def _before(opened: Opened, site: Site, period: Period) -> list[tuple[str, Delivery]]:
    """Of each delivery that the period expects, the one that it would be compared with, and its run."""
    try:
        expected = expected_deliveries(site, period)
    except SiteError:  # the calendar need not reach so far
        expected = expected_deliveries(site, period.previous)
    index, history = baseline.index(opened, period), baseline.history(opened, period)
    found = (crossing.last_approved(opened, one, baseline=index, history=history) for one in expected)
    return [(one[0].run, one[1]) for one in found if one is not None]
