"""A skipped month, judged or run again after a later one: its cases keep their numbers and move nobody else's."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from loadgate.errors import CouldNotRun, NotFound, Refused
from loadgate.model.findings import CaseState, Verdict
from loadgate.running import acting, deciding
from loadgate.running.cases import newest_judgement_of, rebuild, require_waivable
from loadgate.running.release import judge_again, release
from loadgate.running.standing import case_detail, standing

if TYPE_CHECKING:
    from tests.months.conftest import MakeSite, SmallSite

    from loadgate.running.opened import Opened

JANUARY, FEBRUARY = "2026-01", "2026-02"
EXPECTED = """\
  - {type: expect_column_values_to_not_be_null, kwargs: {column: kind}, reason: It is of some kind.}
"""
GATE = """\
rules:
  - {kinds: [checking.failed], then: block_run, reason: Nobody may miss it.}
  - {then: show, reason: The rest.}
"""


@pytest.fixture
def site(make_site: MakeSite) -> SmallSite:
    return make_site({"expectations/gate.yaml": GATE}, towns=["101"], of_kinds={"care/cases": EXPECTED})


def send(site: SmallSite, period: str, *kinds: str, part: str = "") -> None:
    site.deliver(f"{period}/cases_101{part}.csv", "month;kind", *(f"{period};{kind}" for kind in kinds))


def waive(opened: Opened, number: int, *, run: str | None = None) -> None:
    judgement, case = newest_judgement_of(opened, number, run=run)
    require_waivable(opened, number, run=judgement.run)
    end = date(2099, 1, 1)
    asked = acting.request_waiver(
        opened, case, judgement.findings, reason="known", until=end, ceiling=1.0, actor="anna"
    )
    acting.approve_waiver(opened, asked.id, actor="ben")


def cases(opened: Opened) -> list[tuple[int, str, str]]:
    return [(row.number, row.state.value, row.last_run) for row in opened.state.cases.rows()]


@pytest.mark.parametrize(("february", "state"), [(["S", ""], "open"), (["S", "N"], "closed")])
def test_a_skipped_month_is_held_by_its_own_case_and_goes_out_once_that_is_waived(
    site: SmallSite, february: list[str], state: str
) -> None:
    send(site, JANUARY, "S", "")
    send(site, FEBRUARY, *february)
    january = site.run(JANUARY)
    site.run(FEBRUARY)
    opened = january.open()

    assert cases(opened) == [(1, state, FEBRUARY)]
    assert [line["what"] for line in standing(opened, JANUARY)] == ["HOLD because of case 1"]
    with pytest.raises(Refused, match="not released because of case 1"):
        release(january, actor="anna")
    waive(opened, 1)
    assert judge_again(january).verdict is Verdict.RELEASE_WITH_CAVEATS
    assert release(january, actor="anna").waivers == ("W-1",)
    assert cases(opened) == [(1, state, FEBRUARY)]


@pytest.mark.parametrize(("february", "state"), [(["S", ""], "open"), (["S", "N"], "closed")])
def test_a_month_that_is_run_again_after_a_later_one_makes_no_second_case_of_the_same_matter(
    site: SmallSite, february: list[str], state: str
) -> None:
    send(site, JANUARY, "S", "")
    send(site, FEBRUARY, *february)
    site.run(JANUARY)
    site.run(FEBRUARY)

    send(site, JANUARY, "S", "", "N")
    again = site.run(JANUARY)

    (case,) = deciding.stored(again.open(), again.run).cases
    assert (again.run, case.number, case.state, case.first_seen) == ("2026-01.2", 1, CaseState.PERSISTING, JANUARY)
    assert cases(again.open()) == [(1, state, FEBRUARY)]


def test_a_mended_older_month_closes_nothing_that_a_later_one_has_seen(site: SmallSite) -> None:
    send(site, JANUARY, "S", "")
    send(site, FEBRUARY, "S", "")
    site.run(JANUARY)
    site.run(FEBRUARY)

    send(site, JANUARY, "S", "N")
    again = site.run(JANUARY)

    judgement = deciding.stored(again.open(), again.run)
    assert (judgement.cases, judgement.resolved) == ((), ())
    assert cases(again.open()) == [(1, "open", FEBRUARY)]


def test_cases_of_months_judged_out_of_order_are_rebuilt_as_they_were(site: SmallSite) -> None:
    send(site, JANUARY, "S", "N")
    send(site, FEBRUARY, "S", "")
    site.run(JANUARY)
    site.run(FEBRUARY)
    send(site, JANUARY, "S", "", "N")
    opened = site.run(JANUARY).open()
    before = opened.state.cases.rows()

    rebuild(opened)

    assert [row.number for row in before] == [1]
    assert opened.state.cases.rows() == before


def test_a_rebuild_that_cannot_read_a_judgement_leaves_the_cases_as_they_are(site: SmallSite) -> None:
    send(site, JANUARY, "S", "")
    site.run(JANUARY)
    send(site, FEBRUARY, "S", "")
    opened = site.run(FEBRUARY).open()
    before = opened.state.cases.rows()
    judged = opened.places.step(FEBRUARY, "judge") / "all" / deciding.JUDGEMENT
    whole = judged.read_bytes()

    judged.write_bytes(whole[:-1])
    with pytest.raises(CouldNotRun, match="the judgement of 2026-02 is not what was kept"):
        rebuild(opened)
    assert opened.state.cases.rows() == before
    assert opened.state.cases.findings(1) != []

    judged.write_bytes(whole)
    assert rebuild(opened) == {"cases": len(before), "runs": 2}
    assert opened.state.cases.rows() == before


def test_a_case_that_is_over_is_shown_as_it_was_and_waived_only_where_a_run_waits(site: SmallSite) -> None:
    send(site, JANUARY, "S", "")
    site.run(JANUARY)
    send(site, JANUARY, "S", "N")
    opened = site.run(JANUARY).open()

    judgement, case = newest_judgement_of(opened, 1)

    assert (judgement.run, case.number) == (JANUARY, 1)
    with pytest.raises(NotFound, match=r"case 1 was resolved in 2026-01\.2"):
        waive(opened, 1)
    shown = case_detail(opened, judgement, case)
    assert (shown["over"], shown["next"]) == ("case 1 was resolved in 2026-01.2", [])


def test_a_case_of_a_released_run_is_waived_for_the_next_and_its_run_released_no_more(site: SmallSite) -> None:
    send(site, JANUARY, "S", "")
    ref = site.run(JANUARY)
    opened = ref.open()
    waiting = case_detail(opened, *newest_judgement_of(opened, 1))
    site.approve(JANUARY)

    shown = case_detail(opened, *newest_judgement_of(opened, 1))

    assert waiting["next"] == [*shown["next"], f"loadgate release {JANUARY}"]
    assert [command.partition(" --")[0] for command in shown["next"]] == ["loadgate waive 1"]
    assert (waiting["over"], shown["over"]) == (None, None)


def test_a_waiver_of_an_older_run_covers_what_its_case_was_there(make_site: MakeSite) -> None:
    site = make_site({"expectations/gate.yaml": GATE}, towns=["101", "102"], of_kinds={"care/cases": EXPECTED})
    for period, towns in ((JANUARY, ("101", "102")), (FEBRUARY, ("101",))):
        for town in ("101", "102"):
            rows = [f"{period};{town}", f"{period};" + ("" if town in towns else "N")]
            site.deliver(f"{period}/cases_{town}.csv", "month;kind", *rows)
    january = site.run(JANUARY)
    february = site.run(FEBRUARY)
    opened = january.open()

    waive(opened, 1)

    assert judge_again(february).verdict is Verdict.RELEASE_WITH_CAVEATS
    (line,) = standing(opened, JANUARY)
    assert line["what"].startswith("HOLD because of case 1; W-1 does not reach so far: the case has gone beyond it in")
    assert line["next"] == "loadgate case show 1 --run 2026-01"
    shown = case_detail(opened, *newest_judgement_of(opened, 1, run=JANUARY))
    assert shown["next"][0].endswith(" --run 2026-01")

    waive(opened, 1, run=JANUARY)

    assert judge_again(january).verdict is Verdict.RELEASE_WITH_CAVEATS
    assert judge_again(february).verdict is Verdict.RELEASE_WITH_CAVEATS
    with pytest.raises(NotFound, match="no judged run 2026-07"):
        newest_judgement_of(opened, 1, run="2026-07")


def test_a_case_is_not_waived_in_a_run_that_it_is_not_in(site: SmallSite) -> None:
    send(site, JANUARY, "S", "N")
    send(site, FEBRUARY, "S", "")
    site.run(JANUARY)
    opened = site.run(FEBRUARY).open()

    with pytest.raises(NotFound, match="case 1 is not in run 2026-01"):
        waive(opened, 1, run=JANUARY)
