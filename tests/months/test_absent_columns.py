"""Months in which an optional column does not come: what the run, the gate, the cases and the trials make of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from loadgate.cli.main import app
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.running import deciding
from loadgate.running.against import against
from loadgate.running.opened import open_site

if TYPE_CHECKING:
    from tests.months.conftest import MakeSite, SmallSite

EXPECTED = """\
  - type: expect_column_values_to_not_be_null
    kwargs: {column: kind}
    reason: Where it is known, it is known of all.
  - type: expect_column_values_to_not_be_null
    kwargs: {column: month}
    reason: It has a month.
  - type: expect_category_share_to_be_near_reference
    kwargs: {column: kind, value_set: [S], reference: prior, absolute: 0.1, relative: 0.1, minimum_rows: 2}
    reason: It moves slowly.
"""
KIND, MONTH, SHARE = (
    "cases:not_be_null(kind)",
    "cases:not_be_null(month)",
    "cases:category_share_to_be_near_reference(kind)",
)
LISTED = """\
  - {type: expect_column_values_to_be_in_set, kwargs: {column: kind, value_set: [S]}, reason: There is one kind.}
"""
LIST = "cases:be_in_set(kind)"
JANUARY, FEBRUARY, MARCH = "2026-01", "2026-02", "2026-03"
ABSENT = (OutcomeState.NOT_APPLICABLE, "column kind is not in the file")


@pytest.fixture
def site(make_site: MakeSite) -> SmallSite:
    return make_site(towns=["101"], of_kinds={"care/cases": EXPECTED})


def send(site: SmallSite, period: str, *kinds: str | None) -> None:
    """Four cases of these kinds; without any, in a file without the column."""
    lines = ["month;kind", *(f"{period};{kind or ''}" for kind in kinds)] if kinds else ["month", *[period] * 4]
    site.deliver(f"{period}/cases_101.csv", *lines)


def add(site: SmallSite, period: str) -> None:
    """Another file of the month's delivery, without the column: four cases."""
    site.deliver(f"{period}/cases_101_2.csv", "month", *[period] * 4)


def run(site: SmallSite, period: str) -> tuple[dict[str, Any], dict[str, Outcome]]:
    """What the command says, and by check what came of it."""
    done = CliRunner().invoke(app, ["run", period, "--site", str(site.path), "--inline", "--json"])
    said = json.loads(done.stdout)
    found = deciding.stored(open_site(site.path), said["run"]).outcomes
    return said, {one.check: one for one in found}


def state(found: dict[str, Outcome], check: str) -> tuple[OutcomeState, str | None]:
    return found[check].state, found[check].reason


def test_a_month_without_the_column_is_released_and_its_checks_are_told_apart(site: SmallSite) -> None:
    send(site, JANUARY)

    said, found = run(site, JANUARY)

    assert said["verdict"] == "release"
    assert state(found, KIND) == ABSENT
    assert state(found, MONTH) == (OutcomeState.PASS, None)
    told = against(open_site(site.path), JANUARY)
    seen = {one.check: (one.deliveries, one.not_applicable, one.could_not_run) for one in told.checks}
    assert (seen[KIND], seen[MONTH]) == ((0, 1, 0), (1, 0, 0))


def test_a_case_goes_on_while_the_column_that_it_is_about_does_not_come(site: SmallSite) -> None:
    send(site, JANUARY, "S", "N", None, None)
    send(site, FEBRUARY)
    send(site, MARCH, "S", "N", "N", "N")

    january, _ = run(site, JANUARY)
    february, found = run(site, FEBRUARY)
    march, _ = run(site, MARCH)

    judged = [deciding.stored(open_site(site.path), one["run"]) for one in (january, february, march)]
    assert [case.checks for case in judged[0].cases] == [(KIND,)]
    assert state(found, KIND) == ABSENT
    assert [one.resolved for one in judged] == [(), (), (judged[0].cases[0].number,)]


def test_a_column_that_the_earlier_delivery_or_this_one_lacks_is_not_compared(site: SmallSite) -> None:
    send(site, JANUARY)
    send(site, FEBRUARY, "S", "S", "N", "N")
    send(site, MARCH)
    site.approve(run(site, JANUARY)[0]["run"])

    february, then = run(site, FEBRUARY)
    site.approve(february["run"])
    _, now = run(site, MARCH)

    assert state(then, SHARE) == (OutcomeState.NOT_APPLICABLE, "column kind is not in the file of prior")
    assert state(now, SHARE) == ABSENT


def test_a_month_whose_files_lack_the_column_or_have_it_empty_is_released(site: SmallSite) -> None:
    suite = site.path / "expectations/suites/care/cases.yaml"
    suite.write_text(suite.read_text() + LISTED)
    send(site, JANUARY, None, None)
    add(site, JANUARY)
    send(site, FEBRUARY, "N", None)
    add(site, FEBRUARY)

    said, found = run(site, JANUARY)
    _, then = run(site, FEBRUARY)

    reason = "column kind is not in every file, and no row is left to decide"
    assert said["verdict"] == "release"
    assert state(found, LIST) == (OutcomeState.NOT_APPLICABLE, reason)
    assert (found[KIND].state, found[KIND].rows_failed, found[KIND].rows_undecided) == (OutcomeState.FAIL, 2, 4)
    assert (then[LIST].state, then[LIST].rows_failed, then[LIST].rows_undecided) == (OutcomeState.FAIL, 1, 4)


def test_a_month_in_which_a_file_lacks_a_required_column_is_held_and_resolves_no_case(site: SmallSite) -> None:
    suite = site.path / "expectations/suites/care/cases.yaml"
    suite.write_text(suite.read_text().replace(", optional: true", ""))
    send(site, JANUARY, "S", None)
    send(site, FEBRUARY, "S", "S")
    add(site, FEBRUARY)

    january, _ = run(site, JANUARY)
    february, _ = run(site, FEBRUARY)

    judged = [deciding.stored(open_site(site.path), one["run"]) for one in (january, february)]
    assert [case.checks for case in judged[0].cases] == [(KIND,)]
    assert (february["verdict"], judged[1].resolved) == ("hold", ())
