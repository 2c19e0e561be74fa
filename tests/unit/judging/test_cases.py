"""Cases across runs: groups wobble between months, the case goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadgate.judging.cases import case_origin, number_cases
from loadgate.model.findings import CaseState, Verdict
from loadgate.model.period import Period
from loadgate.model.scope import Scope, Span

NEW, PERSISTING, WORSE = CaseState.NEW, CaseState.PERSISTING, CaseState.WORSE
MISSING = ("arrival.missing",)
FAILED = ("checking.failed",)


def missing(make, *providers, period="2026-10", system="tea"):
    return [make.finding("arrival.missing", make.delivery_scope(p, period=period, system=system)) for p in providers]


def follow_up(make, first, **later):
    """Judge, number the cases from 1, and judge another run with them open."""
    numbers = iter(range(1, 100))
    numbered = number_cases(first, lambda _: next(numbers))
    return numbered, make.judge(run="2026-11", open_cases=numbered.cases, **later)


@pytest.mark.parametrize(
    ("september", "october", "number"),
    [
        # providers missing in one system: the month before, now; does the case go on?
        (["101", "102"], ["101", "102"], 1),
        (["101", "102"], ["101"], 1),  # the group shrank
        (["101"], ["101", "102"], 1),  # it grew
        (["101", "102"], ["102", "103"], 1),  # it moved on
        (["101"], ["102"], None),  # another's
    ],
)
def test_a_case_goes_on_while_its_group_wobbles(make, september, october, number):
    first = make.judge(run="2026-09", findings=missing(make, *september, period="2026-09"))

    _, second = follow_up(make, first, findings=missing(make, *october))

    assert [case.number for case in second.cases] == [number]
    assert second.resolved == (() if number else (1,))
    assert second.cases[0].first_seen == ("2026-09" if number else "2026-11")


@pytest.mark.parametrize(
    ("before", "now", "severity", "state"),
    [
        (0.20, 0.22, "warning", PERSISTING),  # a tenth more is a wobble
        (0.20, 0.2200001, "warning", WORSE),
        (0.20, 0.10, "warning", PERSISTING),
        (0.20, 0.20, "critical", WORSE),  # more severe
        (0.0, 0.001, "warning", WORSE),
    ],
)
def test_a_case_is_worse_when_it_grew_by_more_than_a_tenth_or_is_more_severe(make, before, now, severity, state):
    scope = make.scope("101", figure="spending")
    earlier = make.case(7, scope=scope, kinds=["control.substantial"], size=before, severity="warning")
    finding = make.finding("control.substantial", scope, severity=severity, evidence=make.cells(effect=now))

    (case,) = make.judge(findings=[finding], open_cases=[earlier]).cases

    assert (case.number, case.state, case.size) == (7, state, now)


def test_a_finding_where_an_open_case_was_not_seen_has_joined_it(make):
    first = make.judge(run="2026-09", findings=missing(make, "101", "102", period="2026-09"))
    october = missing(make, "102", "103")

    _, second = follow_up(make, first, findings=october)

    assert first.cases[0].joined == ()
    assert second.cases[0].joined == (october[1].id,)


def test_judging_the_same_run_again_leaves_a_new_case_new(make):
    findings = missing(make, "101")
    first = make.judge(findings=findings)
    numbered = number_cases(first, lambda _: 4)

    again = make.judge(findings=findings, open_cases=numbered.cases)

    assert again.cases == numbered.cases
    assert again.cases[0].state is NEW


@pytest.mark.parametrize(
    ("kind", "check", "number"),
    [
        ("arrival.missing", None, 1),
        ("arrival.late", None, 1),  # one family: late may go missing, and the other way round
        ("arrival.unexpected", None, None),
        ("arrival.impostor", None, None),
        ("reading.rejected_rows", None, None),
        ("checking.failed", "pupils:c", None),
    ],
)
def test_a_case_goes_on_only_within_its_family_of_kinds(make, kind, check, number):
    earlier = make.case(1, scope=make.delivery_scope(period="2026-09"), kinds=MISSING)

    judgement = make.judge(findings=[make.finding(kind, make.delivery_scope(), check=check)], open_cases=[earlier])

    assert [case.number for case in judgement.cases] == [number]


def test_another_check_on_the_same_file_is_another_case(make):
    earlier = [
        make.case(number, scope=make.delivery_scope(period="2026-09"), kinds=FAILED, checks=[check])
        for number, check in ((1, "pupils:a"), (2, "pupils:b"))
    ]

    judgement = make.judge(
        findings=[make.finding("checking.failed", make.delivery_scope(), check="pupils:b")], open_cases=earlier
    )

    assert [case.number for case in judgement.cases] == [2]
    assert judgement.resolved == (1,)


def test_reference_periods_do_not_separate_a_case_from_itself(make):
    old = Span(Period.parse("2023-W01"), Period.parse("2023-W20"))
    new = Span(Period.parse("2025-W01"), Period.parse("2025-W20"))
    earlier = make.case(3, scope=make.shared(reference=old).scope, kinds=["systematic.restated_alone"], size=0.023)

    (case,) = make.judge(findings=[make.shared(reference=new)], open_cases=[earlier]).cases

    assert (case.number, case.state) == (3, PERSISTING)


def test_of_two_open_cases_the_likest_is_taken(make):
    whole = make.case(1, scope=make.scope(["101", "102", "103"], figure="pupils"), kinds=["control.substantial"])
    own = make.case(2, scope=make.scope("101", figure="pupils"), kinds=["control.substantial"])
    finding = make.finding("control.substantial", make.scope("101", figure="pupils"), evidence=make.cells(effect=0.5))

    judgement = make.judge(findings=[finding], open_cases=[whole, own])

    assert [case.number for case in judgement.cases] == [2]
    assert judgement.resolved == ()  # the other still overlaps what is there


@pytest.mark.parametrize(
    ("now", "number", "resolved", "merged"),
    [
        (["101", "102"], 1, (2,), ((2, 1),)),  # two became one
        (["101", "102", "103"], 1, (2,), ((2, 1),)),
        (["102"], 2, (1,), ()),
    ],
)
def test_an_open_case_that_became_part_of_another_is_over_and_says_where_it_goes_on(
    make, now, number, resolved, merged
):
    earlier = [
        make.case(number, scope=make.delivery_scope(provider, period="2026-09"), kinds=MISSING)
        for number, provider in ((1, "101"), (2, "102"))
    ]

    judgement = make.judge(findings=missing(make, *now), open_cases=earlier)

    assert [case.number for case in judgement.cases] == [number]
    assert (judgement.resolved, judgement.merged) == (resolved, merged)
    assert judgement.no_longer_seen == (() if merged else resolved)


def test_an_open_case_whose_rows_could_not_be_seen_stays_though_another_lies_around_it(make):
    scopes = [make.delivery_scope(provider, period="2026-09") for provider in ("101", "102")]
    earlier = [make.case(number, scope=scopes[number - 1], kinds=FAILED, checks=["pupils:c"]) for number in (1, 2)]
    seen = [make.finding("checking.failed", make.delivery_scope(p), check="pupils:c") for p in ("101", "102")]
    hidden = make.finding("arrival.missing", make.delivery_scope("102"))

    judgement = make.judge(findings=[*seen, hidden], open_cases=earlier)

    assert judgement.resolved == ()


@pytest.mark.parametrize(("before", "now"), [("101", None), (None, "101")])
def test_a_case_of_one_provider_goes_on_as_one_of_all_and_the_other_way_round(make, before, now):
    earlier = make.case(1, scope=make.scope(before, figure="pupils"), kinds=["control.substantial"])
    finding = make.finding("control.substantial", make.scope(now, figure="pupils"), evidence=make.cells(effect=0.5))

    judgement = make.judge(findings=[finding], open_cases=[earlier])

    assert [case.number for case in judgement.cases] == [1]


def test_of_two_open_cases_the_one_that_names_the_provider_is_likelier_than_the_one_that_names_none(make):
    all_of_them = make.case(1, scope=make.scope(None, figure="pupils"), kinds=["control.substantial"])
    own = make.case(2, scope=make.scope("101", figure="pupils"), kinds=["control.substantial"])
    finding = make.finding("control.substantial", make.scope("101", figure="pupils"), evidence=make.cells(effect=0.5))

    judgement = make.judge(findings=[finding], open_cases=[all_of_them, own])

    assert [case.number for case in judgement.cases] == [2]


def test_one_open_case_goes_on_in_one_case_only(make):
    earlier = make.case(1, scope=make.scope(["101", "102"]), kinds=["control.substantial"])
    findings = [
        make.finding("control.substantial", make.scope(p, figure=f"f{p}"), evidence=make.cells(effect=0.5))
        for p in ("101", "102")
    ]

    judgement = make.judge(findings=findings, open_cases=[earlier])

    assert sorted((case.number or 0) for case in judgement.cases) == [0, 1]


@pytest.mark.parametrize(
    ("now", "provisional", "resolved"),
    [
        (None, False, (1,)),
        (None, True, ()),  # not everything is there yet
        ("arrival.missing", False, ()),  # it could not be seen
        ("arrival.empty", False, ()),
        ("reading.unreadable_file", False, ()),
        ("reading.encoding", False, ()),
        ("reading.columns", False, ()),
        ("reading.unreadable_values", False, (1,)),
        ("checking.could_not_run", False, ()),
        ("arrival.late", False, (1,)),
    ],
)
def test_a_case_is_resolved_only_when_it_could_have_been_seen(make, now, provisional, resolved):
    earlier = make.case(
        1, scope=make.delivery_scope(period="2026-09"), kinds=FAILED, checks=["pupils:c"], severity="warning"
    )
    findings = [] if now is None else [make.finding(now, make.delivery_scope(), check="pupils:d")]

    judgement = make.judge(findings=findings, open_cases=[earlier], provisional=provisional)

    assert judgement.resolved == resolved


@pytest.mark.parametrize(
    ("kinds", "check", "provider", "resolved"),
    [
        (FAILED, "pupils:c", "101", ()),
        (FAILED, "pupils:d", "101", (1,)),  # another check
        (FAILED, "pupils:c", "102", (1,)),  # another's file
        (("checking.could_not_run",), "pupils:c", "101", (1,)),  # known now: it need not run
    ],
)
def test_a_case_is_not_resolved_by_a_check_that_is_not_applicable(make, kinds, check, provider, resolved):
    scope = make.delivery_scope(period="2026-09")
    earlier = make.case(1, scope=scope, kinds=kinds, checks=["pupils:c"], severity="warning")
    outcome = make.outcome(check, make.delivery_scope(provider), "not applicable")

    assert make.judge(outcomes=[outcome], open_cases=[earlier]).resolved == resolved


@pytest.mark.parametrize(("failed", "resolved"), [(100, ()), (40, (1,))])
def test_a_case_is_not_resolved_where_every_row_was_rejected(make, failed, resolved):
    scope = make.delivery_scope(period="2026-09")
    earlier = make.case(1, scope=scope, kinds=("reading.unreadable_values",), checks=["pupils:readable(grade)"])
    rejected = make.finding("reading.rejected_rows", make.delivery_scope(), failed=failed, check="reading:pupils")

    assert make.judge(findings=[rejected], open_cases=[earlier]).resolved == resolved


def test_a_delivery_that_came_resolves_its_case_while_another_is_missing(make):
    earlier = make.case(1, scope=make.delivery_scope("101", period="2026-09"), kinds=MISSING)

    assert make.judge(findings=missing(make, "102"), open_cases=[earlier]).resolved == (1,)


@pytest.mark.parametrize(
    ("findings", "size"),
    [
        (lambda make: missing(make, "101"), 1 / 6),  # of six parts
        (lambda make: missing(make, "101", "102"), 2 / 6),
        (lambda make: [make.shared(effects=(-0.03, 0.02))], 0.03),
        (lambda make: [make.shared(effects=(None, None))], 0.8),  # no sizes: the share of cells
        (lambda make: [make.finding("checking.failed", make.delivery_scope(), failed=3, checked=12, check="c")], 0.25),
        (lambda make: [make.finding("reading.unreadable_file", make.delivery_scope(), failed=0, checked=0)], 1.0),
    ],
)
def test_the_size_of_a_case(make, findings, size):
    (case,) = make.judge(findings=findings(make)).cases

    assert case.size == pytest.approx(size, rel=1e-8)


def test_numbers_reach_the_cases_and_every_reason(make):
    judgement = make.judge(
        findings=[*missing(make, "101"), make.finding("checking.failed", make.delivery_scope("102"), check="c")],
        gate=make.gate(make.rule("block_part", "arrival.missing"), make.rule("caveat")),
    )
    numbers = iter([11, 12])

    numbered = number_cases(judgement, lambda _: next(numbers))

    assert [case.number for case in numbered.cases] == [11, 12]
    assert [reason.case for reason in numbered.reasons] == [11, 12]
    by_part = {part.part: [reason.case for reason in part.reasons] for part in numbered.parts}
    assert (by_part["school/101"], by_part["school/102"]) == ([11], [12])


def test_a_case_that_has_a_number_keeps_it(make):
    judgement = make.judge(
        findings=missing(make, "101"), open_cases=[make.case(5, scope=make.delivery_scope(), kinds=MISSING)]
    )

    assert number_cases(judgement, lambda _: 99).cases[0].number == 5


def test_the_origin_of_a_case_is_the_same_for_the_same_judgement_and_another_for_another_run(make):
    (case,) = make.judge(findings=missing(make, "101", "102")).cases

    assert case_origin(case, run="2026-10") == case_origin(replace(case, number=3), run="2026-10")
    assert case_origin(case, run="2026-10") != case_origin(case, run="2026-10.2")


def test_cases_come_the_most_severe_first(make):
    judgement = make.judge(
        findings=[
            make.finding("checking.failed", make.delivery_scope("102"), check="c"),
            *missing(make, "101"),
        ]
    )

    assert [case.severity.value for case in judgement.cases] == ["critical", "warning"]


def test_cases_of_one_severity_and_size_come_by_their_numbers_and_new_ones_last(make):
    findings = [make.finding("arrival.missing", make.delivery_scope(p, system=p)) for p in ("101", "102", "103")]
    earlier = [
        make.case(number, scope=make.delivery_scope(provider, system=provider))
        for number, provider in ((9, "101"), (8, "103"))
    ]

    cases = make.judge(findings=findings, open_cases=earlier).cases

    assert [case.number for case in cases] == [8, 9, None]


def test_a_case_without_any_scope_can_go_on(make):
    earlier = make.case(1, scope=Scope(), kinds=["arrival.unexpected"], severity="warning", size=1)

    judgement = make.judge(findings=[make.finding("arrival.unexpected", Scope())], open_cases=[earlier])

    assert [(case.number, case.state) for case in judgement.cases] == [(1, PERSISTING)]


def stray(make, name):
    return make.finding("arrival.unexpected", make.scope(None, area=None, delivery=name))


def test_files_that_nobody_announced_are_one_case_from_month_to_month(make):
    september = make.case(
        1, scope=stray(make, "2026-09/file-aaaaaaaaaa").scope, kinds=["arrival.unexpected"], severity="warning", size=1
    )

    judgement = make.judge(findings=[stray(make, "2026-10/file-bbbbbbbbbb")], open_cases=[september])

    assert [(case.number, case.state) for case in judgement.cases] == [(1, CaseState.PERSISTING)]
    assert judgement.resolved == ()


def test_a_waiver_of_files_that_nobody_announced_is_of_those_files(make):
    scope = stray(make, "2026-09/file-aaaaaaaaaa").scope
    september = make.case(1, scope=scope, kinds=["arrival.unexpected"], severity="warning", size=1)
    waiver = make.waiver(scope=scope, kinds=["arrival.unexpected"])
    gate = make.gate(make.rule("block_run", "arrival.unexpected"))

    def judged(name):
        return make.judge(findings=[stray(make, name)], open_cases=[september], waivers=[waiver], gate=gate)

    assert judged("2026-10/file-aaaaaaaaaa").verdict is Verdict.RELEASE_WITH_CAVEATS
    assert judged("2026-10/file-bbbbbbbbbb").verdict is Verdict.HOLD
