"""A month that is held goes out only when two people say so, for as long and as far as they said."""

from __future__ import annotations

import re
from typing import Any

import pytest

PERIOD = "2024-01"
REASON = ("--reason", "new population figures, confirmed by the institute")
UNTIL = ("--until", "2024-03-31")


@pytest.fixture
def held(held_site: Any) -> Any:
    done = held_site("run", PERIOD, "--inline")
    assert done.code == 3, done.said
    assert "HOLD" in done.out
    return held_site


@pytest.fixture
def waived(held: Any) -> Any:
    asked = held("waive", "1", *REASON, *UNTIL)
    assert asked.code == 0, asked.said
    approved = held("waive", "1", "--approve", "--actor", "ben")
    assert approved.code == 0, approved.said
    return held


def nothing_went_out(site: Any) -> bool:
    verified = site("verify", "--json")
    assert verified.code == 0, verified.said
    return bool(
        verified.json["run"] == "2023-12"
        and not (site.state / "published" / PERIOD).exists()
        and not (site.path / "baselines" / "vintages" / PERIOD).exists()
        and site.rows("SELECT count(*) FROM ledger WHERE kind = 'released'") == [(1,)]
    )


def test_the_shift_of_all_incidences_is_one_case_that_holds_the_run(held: Any) -> None:
    view = held.run(PERIOD)
    (case,) = view["cases"]
    assert view["verdict"] == "hold"
    assert case["kinds"] == ["systematic.restated_alone"]
    assert case["figures"] == ["incidence"]
    assert case["cause"]["members"]
    assert [reason["effect"] for reason in view["reasons"]] == ["block"]


def test_a_held_run_is_not_released(held: Any) -> None:
    refused = held("release", PERIOD)
    assert refused.code == 3
    assert "HOLD: 2024-01 is not released because of case 1" in refused.err
    assert held("release", PERIOD, "--dry-run").code == 3
    assert nothing_went_out(held)


def test_status_names_the_case_and_what_to_do(held: Any) -> None:
    assert held("status", "--json").json == [
        {
            "run": PERIOD,
            "what": "HOLD because of case 1",
            "owner": "operations",
            "contact": "Whoever runs this sample",
            "next": "loadgate case show 1",
        }
    ]
    shown = held("case", "show", "1")
    assert shown.code == 0
    assert "loadgate waive 1" in shown.out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (UNTIL, 3, "a waiver needs a reason"),
        (("--reason", "  ", *UNTIL), 3, "a waiver needs a reason"),
        (REASON, 1, "a waiver needs an end"),
        ((*REASON, "--until", "soon"), 1, "'soon' is no day"),
        ((*REASON, *UNTIL, "--ceiling", "0.0001%"), 3, "the ceiling 0.0001% is below the case's size "),
        ((*REASON, *UNTIL, "--ceiling", "much"), 1, "'much' is no ceiling"),
        ((*REASON, *UNTIL, "--approver", "anna"), 3, "a second person approves it"),
    ],
)
def test_a_waiver_that_says_too_little_or_permits_nothing_is_refused(
    held: Any, arguments: tuple[str, ...], code: int, told: str
) -> None:
    refused = held("waive", "1", *arguments)
    assert refused.code == code, refused.said
    assert told in refused.err
    assert held("release", PERIOD).code == 3
    assert nothing_went_out(held)


def test_the_ceiling_that_a_refusal_names_is_in_per_cent_and_permits_the_case(held: Any) -> None:
    refused = held("waive", "1", *REASON, *UNTIL, "--ceiling", "0.0001%")
    (named,) = re.findall(r"--ceiling ([0-9.]+%), or more", refused.err)

    assert held("waive", "1", *REASON, *UNTIL, "--ceiling", named).code == 0


def test_the_help_of_waive_names_no_day_that_passes(held: Any) -> None:
    told = held.loadgate("waive", "--help").out

    assert "--until YYYY-MM-DD" in told
    assert re.findall(r"20\d\d-\d\d-\d\d", told) == []


def test_a_case_that_does_not_exist_cannot_be_waived(held: Any) -> None:
    refused = held("waive", "7", *REASON, *UNTIL)
    assert refused.code == 1
    assert "there is no case 7" in refused.err


def test_a_waiver_of_one_person_is_not_enough(held: Any) -> None:
    asked = held("waive", "1", *REASON, *UNTIL)
    assert asked.code == 0
    assert "it waits for a second person" in asked.out
    assert held("release", PERIOD).code == 3
    waiting = held("status", "--json").json[0]
    assert "waits for a second person" in waiting["what"]
    assert (waiting["owner"], waiting["contact"]) == ("approver", None)
    assert "waits for: approver\n" in held("status").out
    assert "  owner  operations (Whoever runs this sample)\n" in held("case", "show", "1").out
    assert nothing_went_out(held)


def test_nobody_approves_their_own_waiver(held: Any) -> None:
    assert held("waive", "1", *REASON, *UNTIL).code == 0
    own = held("waive", "1", "--approve")
    assert own.code == 3
    assert "was asked for by anna: a second person approves it" in own.err
    assert held("release", PERIOD).code == 3
    assert nothing_went_out(held)


def test_a_waiver_that_nobody_asked_for_cannot_be_approved(held: Any) -> None:
    refused = held("waive", "1", "--approve", "--actor", "ben")
    assert refused.code == 1
    assert "no waiver of case 1 waits for approval" in refused.err


def test_a_waiver_of_two_people_lets_the_run_out_with_a_caveat(waived: Any) -> None:
    assert waived("status", "--json").json[0]["next"] == "loadgate release 2024-01"
    released = waived("release", PERIOD, "--json")
    assert released.code == 0, released.said
    assert released.json["verdict"] == "release_with_caveats"
    assert waived("verify", "--json").json == {"run": PERIOD, "exact": True, "problems": []}
    assert waived("ledger", "verify").code == 0
    acts = [(act["kind"], act["actor"]) for act in waived("ledger", "show", "--json").json]
    assert acts[1:] == [("waiver_requested", "anna"), ("waiver_approved", "ben"), ("released", "anna")]
    assert waived("ledger", "show", "--json").json[-1]["body"]["waivers"] == ["W-2"]
    assert waived("status").out == "nothing waits for anyone\n"


def test_two_people_at_one_terminal_waive_in_one_command(held: Any) -> None:
    assert held("waive", "1", *REASON, *UNTIL, "--approver", "ben").code == 0
    assert held("release", PERIOD).code == 0


def test_a_run_is_released_once_however_often_it_is_asked_for(waived: Any) -> None:
    assert waived("release", PERIOD).code == 0
    again = waived("release", PERIOD)
    assert again.code == 0
    assert "was released before" in again.out
    assert waived.rows("SELECT count(*) FROM ledger WHERE kind = 'released'") == [(2,)]


def test_a_waiver_that_has_expired_holds_again(waived: Any) -> None:
    late = waived("release", PERIOD, "--as-of", "2024-04-01")
    assert late.code == 3, late.said
    assert nothing_went_out(waived)
    on_its_last_day = waived("release", PERIOD, "--as-of", "2024-03-31")
    assert on_its_last_day.code == 0, on_its_last_day.said


def test_a_shift_that_has_grown_beyond_the_ceiling_holds_again(waived: Any) -> None:
    def larger(lines: list[bytes]) -> list[bytes]:
        head, *body = lines
        grown = []
        for line in body:
            *fields, incidence = line.rstrip(b"\r\n").split(b"\t")
            value = incidence if incidence == b"NA" else b"%.2f" % (float(incidence) * 1.05)
            grown.append(b"\t".join([*fields, value]) + b"\n")
        return [head, *grown]

    for provider in ("04", "10", "13"):
        waived.rewrite(PERIOD, provider, larger)

    done = waived("run", PERIOD, "--inline", "--json")

    assert (done.code, done.json["run"]) == (3, "2024-01.2")
    assert [case["id"] for case in done.json["cases"]] == [1]
    assert waived("release", "2024-01.2").code == 3
    assert nothing_went_out(waived)
