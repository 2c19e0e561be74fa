"""Waivers as a table: what still permits, what no longer counts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from loadgate.model.findings import Verdict

HOLD, CAVEATS = Verdict.HOLD, Verdict.RELEASE_WITH_CAVEATS
KIND = "systematic.restated_alone"


def gate(make):
    return make.gate(make.rule("block_run", KIND), make.rule("block_part", "arrival.impostor"), make.rule("caveat"))


def judged(make, waiver, *, today=date(2026, 11, 5), as_of=None, finding=None, number=1):
    shared = make.shared(effects=(-0.010, 0.023))
    earlier = make.case(number, scope=shared.scope, kinds=[KIND], size=0.023, first_seen="2026-10")
    return make.judge(
        findings=[finding or shared],
        open_cases=[earlier],
        waivers=[waiver],
        gate=gate(make),
        as_of=as_of or datetime(today.year, today.month, today.day, 23, 59, tzinfo=ZoneInfo("Europe/Copenhagen")),
    )


@pytest.mark.parametrize(
    ("what", "verdict"),
    [
        ({}, CAVEATS),
        ({"until": date(2026, 11, 5)}, CAVEATS),  # on its last day it still counts
        ({"until": date(2026, 11, 4)}, HOLD),
        ({"ceiling": 0.023}, CAVEATS),  # the ceiling itself is permitted
        ({"ceiling": 0.0229999}, HOLD),
        ({"ceiling": None}, CAVEATS),
        ({"approved_by": None}, HOLD),  # asked for, not approved
        ({"case": 2}, HOLD),  # given for another case
        ({"kinds": ["systematic.restated_history"]}, HOLD),
        ({"kinds": [KIND, "systematic.restated_history"]}, CAVEATS),
    ],
)
def test_a_waiver_turns_a_block_into_a_caveat_while_it_counts(make, what, verdict):
    waiver = make.waiver(**{"scope": make.shared().scope, "kinds": [KIND], **what})

    judgement = judged(make, waiver)

    assert judgement.verdict is verdict
    assert judgement.verdict_before_waivers is HOLD
    assert judgement.waivers == (("W1",) if verdict is CAVEATS else ())
    assert [(r.effect, r.rule, r.case, r.waived_by) for r in judgement.reasons] == [
        ("caveat", 1, 1, "W1") if verdict is CAVEATS else ("block", 1, 1, None)
    ]


@pytest.mark.parametrize(
    ("providers", "verdict"), [(["101", "102"], CAVEATS), (["101", "102", "103"], CAVEATS), (["101", "104"], HOLD)]
)
def test_a_waiver_does_not_reach_beyond_its_scope(make, providers, verdict):
    waiver = make.waiver(scope=make.shared().scope, kinds=[KIND])

    assert judged(make, waiver, finding=make.shared(provider=providers)).verdict is verdict


@pytest.mark.parametrize(
    ("as_of", "verdict"),
    [
        (datetime(2026, 10, 31, 22, 30, tzinfo=UTC), CAVEATS),
        (datetime(2026, 10, 31, 23, 30, tzinfo=UTC), HOLD),  # November has begun in Copenhagen
    ],
)
def test_a_waiver_ends_with_its_last_day_in_the_zone_of_the_site(make, as_of, verdict):
    waiver = make.waiver(scope=make.shared().scope, kinds=[KIND], until=date(2026, 10, 31))

    assert judged(make, waiver, as_of=as_of).verdict is verdict


def test_a_waived_case_leaves_its_caveat_on_the_figures(make):
    shared = make.shared()
    waiver = make.waiver(scope=shared.scope, kinds=[KIND])

    (caveat,) = judged(make, waiver).caveats

    assert (caveat.reason, caveat.source, caveat.scope) == (KIND, shared.id, shared.scope)


def test_a_waived_part_goes_out_with_a_caveat(make):
    finding = make.finding("arrival.impostor", make.delivery_scope("101"))
    earlier = make.case(1, scope=finding.scope, kinds=["arrival.impostor"])
    waiver = make.waiver(scope=finding.scope, kinds=["arrival.impostor"])

    judgement = make.judge(findings=[finding], open_cases=[earlier], waivers=[waiver], gate=gate(make))

    assert {part.verdict for part in judgement.parts if part.part == "school/101"} == {CAVEATS}
    assert [caveat.reason for caveat in judgement.caveats] == ["arrival.impostor"]


def test_a_waiver_lives_on_into_the_next_month_though_the_delivery_has_another_period(make):
    september, october = make.delivery_scope(period="2026-09"), make.delivery_scope(period="2026-10")
    waiver = make.waiver(scope=september, kinds=["arrival.impostor"])

    judgement = make.judge(
        findings=[make.finding("arrival.impostor", october)],
        open_cases=[make.case(1, scope=september, kinds=["arrival.impostor"])],
        waivers=[waiver],
        gate=gate(make),
    )

    assert judgement.waivers == ("W1",)


def test_a_new_case_cannot_have_been_waived(make):
    waiver = make.waiver(scope=make.shared().scope, kinds=[KIND])

    judgement = make.judge(findings=[make.shared()], waivers=[waiver], gate=gate(make))

    assert judgement.verdict is HOLD


def test_a_caveat_needs_no_waiver_and_uses_none(make):
    finding = make.finding("checking.failed", make.delivery_scope(), check="c")
    earlier = make.case(1, scope=finding.scope, kinds=["checking.failed"], checks=["c"])
    waiver = make.waiver(scope=finding.scope, kinds=["checking.failed"])

    judgement = make.judge(findings=[finding], open_cases=[earlier], waivers=[waiver])

    assert (judgement.verdict, judgement.waivers) == (CAVEATS, ())
    assert judgement.verdict_before_waivers is CAVEATS
