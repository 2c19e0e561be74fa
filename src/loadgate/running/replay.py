"""Periods of a site in; out, one judged run each, approved by two replay actors, for the next to be compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from loadgate.model.findings import Verdict
from loadgate.running import acting, deciding, release
from loadgate.running.inline import run_inline
from loadgate.running.opening import open_run

if TYPE_CHECKING:
    from loadgate.model.judgement import Judgement
    from loadgate.model.period import Period
    from loadgate.running.opened import Opened, Ref

ASKS, APPROVES = "replay-operator", "replay-approver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A run and its judgement as it was before anyone waived anything."""

    ref: Ref
    judgement: Judgement


def replay(
    opened: Opened,
    periods: Iterable[Period],
    *,
    before: Callable[[Period], object] = lambda _: None,
    approve: bool = True,
) -> Iterator[Replayed]:
    """Run each period as it would have been run then, without sending anything, and approve it after it was judged.

    `before` puts a period's deliveries into the inbox. Each run is `as_of` its own time, so are the acts.
    """
    for period in periods:
        before(period)
        ref = open_run(opened, period, as_of=None, actor=ASKS, quiet=True)
        run_inline(ref, actor=ASKS)
        judgement = deciding.stored(opened, ref.run)
        if approve:
            approve_run(ref, judgement)
        yield Replayed(ref=ref, judgement=judgement)


def approve_run(ref: Ref, judgement: Judgement) -> None:
    """Waive what blocks, one waiver a case, asked for by one replay actor and approved by another; then release."""
    opened = ref.open()
    at = opened.inputs(ref.run).as_of
    if judgement.verdict is Verdict.HOLD:
        blocking = {reason.case for reason in judgement.reasons if reason.effect == "block"}
        for case in judgement.cases:
            if case.number not in blocking:
                continue
            waiver = acting.request_waiver(
                opened,
                case,
                judgement.findings,
                reason="replay: released at the time",
                until=(at + timedelta(days=7)).date(),
                ceiling=None,
                actor=ASKS,
                at=at,
            )
            acting.approve_waiver(opened, waiver.id, actor=APPROVES, at=at)
    release.release(ref, actor=APPROVES, at=at)
