"""Months in which no row of a delivery can be used: one finding says why, and no check of its suite passes or fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from loadgate.cli.main import app
from loadgate.model.findings import OutcomeState
from loadgate.running import deciding
from loadgate.running.against import against
from loadgate.running.opened import open_site

if TYPE_CHECKING:
    from tests.months.conftest import MakeSite, SmallSite

    from loadgate.model.judgement import Judgement

FILES = {
    "expectations/suites/care/cases.yaml": """\
dataset: cases
area: care
title: Cases
columns:
  month: {type: month}
  kind: {type: text}
  hours: {type: integer}
expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: kind}, reason: Each has one.}
  - {type: expect_column_values_to_be_unique, kwargs: {column: hours}, reason: They differ.}
  - {type: expect_column_sum_to_be_between, kwargs: {column: hours, max_value: 999}, reason: There are few.}
  - {type: expect_column_mean_to_be_between, kwargs: {column: hours, min_value: 1}, reason: Each takes some.}
  - {type: expect_column_to_exist, kwargs: {column: kind}, reason: It is promised.}
  - {type: expect_table_row_count_to_be_between, kwargs: {min_value: 1}, reason: There are always some.}
  - type: expect_keys_to_be_in_dataset
    kwargs: {column_list: [kind], reference: prior}
    reason: Kinds stay.
rules:
  - {id: short, kind: remove, where: {column: hours, is: less, value: 2}, reason: They do not count.}
""",
}
HEAD = "month;kind;hours"
JANUARY, FEBRUARY, MARCH = "2026-01", "2026-02", "2026-03"
KIND = "cases:not_be_null(kind)"


@pytest.fixture
def site(make_site: MakeSite) -> SmallSite:
    return make_site(FILES, towns=["101"])


def send(site: SmallSite, period: str, *kinds: str) -> None:
    rows = [f"{period};{kind};{number}" for number, kind in enumerate(kinds, start=1)]
    site.deliver(f"{period}/cases_101.csv", HEAD, *rows)


def run(site: SmallSite, period: str) -> tuple[dict[str, Any], Judgement]:
    done = CliRunner().invoke(app, ["run", period, "--site", str(site.path), "--inline", "--json"])
    said = json.loads(done.stdout)
    return said, deciding.stored(open_site(site.path), said["run"])


def of_suite(judged: Judgement) -> set[tuple[OutcomeState, str | None, int | None]]:
    found = [one for one in judged.outcomes if one.check.startswith("cases:")]
    assert len(found) == 8
    return {(one.state, one.reason, one.rows_checked) for one in found}


UNASKED = {(OutcomeState.NOT_APPLICABLE, "no row of the delivery can be used", None)}


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["month;hours", "2026-01;1"], "reading.columns"),
        ([HEAD], "arrival.empty"),
        ([HEAD, "2026-01", "2026-01"], "reading.rejected_rows"),
    ],
)
def test_no_check_passes_or_fails_where_no_row_can_be_used_and_one_finding_says_why(
    site: SmallSite, lines: list[str], kind: str
) -> None:
    site.deliver(f"{JANUARY}/cases_101.csv", *lines)

    said, judged = run(site, JANUARY)

    assert of_suite(judged) == UNASKED
    assert [str(finding.kind) for finding in judged.findings] == [kind]
    assert said["verdict"] == "hold"


def test_rows_seen_before_a_file_without_a_required_column_are_void_in_checks_rules_and_trials(site: SmallSite) -> None:
    send(site, JANUARY, "S", "S")
    site.deliver(f"{JANUARY}/cases_101_2.csv", "month;hours", f"{JANUARY};1")

    _, judged = run(site, JANUARY)

    assert of_suite(judged) == UNASKED
    told = against(open_site(site.path), JANUARY)
    assert {(one.deliveries, one.not_applicable, one.could_not_run) for one in told.checks} == {(0, 1, 0)}
    assert [(one.rows_marked, one.could_not_run, one.changed) for one in told.rules] == [(0, 0, 0)]


def test_a_case_goes_on_until_rows_come_that_can_be_used(site: SmallSite) -> None:
    send(site, JANUARY, "S", "")
    site.deliver(f"{FEBRUARY}/cases_101.csv", HEAD, FEBRUARY)
    send(site, MARCH, "S", "S")

    judged = [run(site, period)[1] for period in (JANUARY, FEBRUARY, MARCH)]

    (number,) = [case.number for case in judged[0].cases if case.checks == (KIND,)]
    assert number not in judged[1].resolved
    assert number in judged[2].resolved


def test_a_delivery_without_rows_is_nothing_for_later_ones_to_be_held_against(make_site: MakeSite) -> None:
    gate = "rules:\n  - {then: show, reason: Some months have none.}\n"
    site = make_site({**FILES, "expectations/gate.yaml": gate})
    send(site, JANUARY)
    for period in (JANUARY, FEBRUARY):
        site.deliver(f"{period}/cases_102.csv", HEAD, f"{period};S;1")
    send(site, FEBRUARY, "S")
    site.approve(run(site, JANUARY)[0]["run"])

    _, judged = run(site, FEBRUARY)

    nothing = (OutcomeState.NOT_APPLICABLE, "nothing earlier to compare with")
    kept = [one for one in judged.outcomes if one.check == "cases:keys_to_be_in_dataset(kind)"]
    assert [(one.state, one.reason) for one in kept] == [nothing, (OutcomeState.PASS, None)]
