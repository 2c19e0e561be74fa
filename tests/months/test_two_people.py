"""Who asks and who approves: a waiver is of one case, approved once, whoever else acts at the same instant."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from loadgate.errors import NotFound, Refused
from loadgate.model.findings import Verdict
from loadgate.model.period import Period
from loadgate.running import acting, deciding
from loadgate.running.inline import run_inline
from loadgate.running.opened import open_site
from loadgate.running.opening import open_run
from loadgate.running.release import judge_again

if TYPE_CHECKING:
    from tests.months.conftest import MakeSite

    from loadgate.model.judgement import Waiver
    from loadgate.running.opened import Ref

JANUARY = "2026-01"
OF_SOME_KIND = """\
  - type: expect_column_values_to_not_be_null
    kwargs: {column: kind}
    severity: critical
    reason: It is of some kind.
"""
GATE = """\
rules:
  - {kinds: [checking.failed, arrival.missing], then: block_run, reason: It is wrong.}
  - {then: show, reason: The rest.}
"""
MANY = 8


@pytest.fixture
def held(make_site: MakeSite) -> Ref:
    """A month that two cases hold: a check failed for one town, and the other did not deliver."""
    site = make_site({"expectations/gate.yaml": GATE}, of_kinds={"care/cases": OF_SOME_KIND})
    site.deliver(f"{JANUARY}/cases_101.csv", "month;kind", f"{JANUARY};S", f"{JANUARY};")
    return site.run(JANUARY)


def ask(ref: Ref, number: int, *, reason: str = "as confirmed", until: date = date(2200, 1, 1)) -> Waiver:
    opened = ref.open()
    judgement = deciding.stored(opened, ref.run)
    case = next(one for one in judgement.cases if one.number == number)
    return acting.request_waiver(
        opened, case, judgement.findings, reason=reason, until=until, ceiling=None, actor="anna"
    )


def test_of_many_who_approve_at_the_same_instant_one_did(held: Ref) -> None:
    opened, waiver, start = held.open(), ask(held, 1), Barrier(MANY)

    def approve(name: str) -> str | None:
        start.wait()
        try:
            return acting.approve_waiver(opened, waiver.id, actor=name).approved_by
        except Refused as refused:
            return refused.message

    names = [f"ben {number}" for number in range(MANY)]
    with ThreadPoolExecutor(MANY) as pool:
        told = list(pool.map(approve, names))

    (entry,) = opened.state.ledger.entries(acting.APPROVED)
    assert sorted(told) == sorted([entry.actor, *[f"{waiver.id} was approved by {entry.actor}"] * (MANY - 1)])


def test_what_was_approved_is_not_approved_again_nor_what_nobody_asked_for(held: Ref) -> None:
    opened, waiver = held.open(), ask(held, 1)
    acting.approve_waiver(opened, waiver.id, actor="ben")

    with pytest.raises(Refused, match="W-1 was approved by ben"):
        acting.approve_waiver(opened, waiver.id, actor="carl")
    with pytest.raises(NotFound, match="there is no waiver W-9"):
        acting.approve_waiver(opened, "W-9", actor="carl")


def test_a_waiver_is_of_its_own_case_and_lifts_no_other(held: Ref) -> None:
    opened = held.open()
    first, second = deciding.stored(opened, JANUARY).cases
    assert set(first.kinds).isdisjoint(second.kinds)

    waiver = ask(held, first.known_number)
    assert (set(waiver.kinds), waiver.case) == (set(first.kinds), first.number)
    assert acting.pending(opened, second.known_number) is None
    acting.approve_waiver(opened, waiver.id, actor="ben")

    judgement = judge_again(held)
    assert judgement.verdict is Verdict.HOLD
    assert {reason.case for reason in judgement.reasons if reason.effect == "block"} == {second.number}


def test_of_two_waivers_of_a_case_the_newest_waits_for_its_approval(held: Ref) -> None:
    opened = held.open()
    ask(held, 1)
    newer = ask(held, 1, reason="as confirmed in writing")
    ask(held, 2)

    assert acting.pending(opened, 1) == newer
    acting.approve_waiver(opened, newer.id, actor="ben")
    earlier = acting.pending(opened, 1)
    assert earlier is not None
    assert earlier.id == "W-1"


@pytest.mark.parametrize(("days", "verdict"), [(-1, Verdict.HOLD), (1, Verdict.RELEASE_WITH_CAVEATS)])
def test_a_clock_that_was_set_back_since_the_run_makes_no_waiver_count_again(
    days: int, verdict: Verdict, make_site: MakeSite
) -> None:
    site = make_site({"expectations/gate.yaml": GATE}, towns=["101"], of_kinds={"care/cases": OF_SOME_KIND})
    settings = site.path / "site.toml"
    settings.write_text(settings.read_text().replace("stated_times = true", "stated_times = false"))
    site.deliver(f"{JANUARY}/cases_101.csv", "month;kind", f"{JANUARY};S", f"{JANUARY};")
    (site.inbox / "received.csv").unlink()
    ahead = datetime.now(UTC) + timedelta(days=30)  # by the clock of then
    ref = open_run(open_site(site.path), Period.parse(JANUARY), as_of=ahead, actor="anna", quiet=True)
    run_inline(ref, actor="anna")
    until = (ahead + timedelta(days=days)).date()
    for case in deciding.stored(ref.open(), JANUARY).cases:
        acting.approve_waiver(ref.open(), ask(ref, case.known_number, until=until).id, actor="ben")

    assert judge_again(ref).verdict is verdict
