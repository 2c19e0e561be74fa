"""What stands at one place has one cause, where one explains the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from loadgate.model.findings import ArrivalEvidence, CaseState, Finding, GroupEvidence
from loadgate.model.scope import Scope

TEN = tuple(str(number) for number in range(101, 111))


def pattern(
    make: Any,
    kind: str,
    provider: tuple[str, ...] = ("101",),
    *,
    effect: float = -0.5,
    figure: str = "pupils",
    **more: Any,
) -> Finding:
    evidence = GroupEvidence(
        cells=9,
        eligible=10,
        first="2026-10",
        last="2026-10",
        periods=1,
        direction="down",
        effect_min=effect,
        effect_median=effect,
        effect_max=effect,
        evidence=50.0,
        detection_limit=0.1,
        unmoved=(),
        unmoved_cells=0,
        unmoved_restated=0,
    )
    scope = Scope.of(area="school", dataset=more.pop("dataset", "pupils"), provider=provider, figure=figure)
    detail = {"cause": "provider", "members": ",".join(provider)}
    return make.finding(kind, scope, evidence=evidence, detail=detail, **more)


def control(make: Any, difference: float) -> Finding:
    scope = Scope.of(area="school", dataset="pupils", provider="101", figure="pupils_by_grade")
    return make.finding(
        "control.substantial", scope, evidence=make.cells(effect=difference), check="control:statistics"
    )


def kinds(judgement: Any) -> list[tuple[str, ...]]:
    return sorted(case.kinds for case in judgement.cases)


def test_what_a_broken_file_does_to_its_figures_is_told_with_the_file(make):
    broken = make.finding("reading.encoding", make.delivery_scope("101"))
    gone = [
        pattern(make, "trend.gone", effect=-1.0),
        pattern(make, "prior.cells_gone", severity="warning"),
        control(make, 1.0),
    ]

    (case,) = make.judge(findings=[*gone, broken]).cases

    assert case.cause.members == ("2026-10/tea/pupils/101",)
    assert len(case.findings) == 4


@pytest.mark.parametrize(("failed", "cases"), [(50, 1), (49, 2)])
def test_a_check_that_most_rows_fail_explains_the_figures(make, failed, cases):
    check = make.finding("checking.failed", make.delivery_scope("101"), check="pupils:set", failed=failed, checked=100)

    assert len(make.judge(findings=[check, pattern(make, "trend.gone", effect=-1.0)]).cases) == cases


def test_two_checks_that_most_rows_fail_are_columns_exchanged(make):
    scope = make.delivery_scope("101")
    checks = [make.finding("checking.failed", scope, check=f"pupils:c{n}", failed=90) for n in (1, 2)]

    (case,) = make.judge(findings=checks).cases

    assert case.checks == ("pupils:c1", "pupils:c2")


@pytest.mark.parametrize(("difference", "cases"), [(0.9, 1), (-0.3, 1), (0.2, 2), (1.1, 2)])
def test_a_trend_explains_a_deviation_from_control_of_its_own_size(make, difference, cases):
    found = [pattern(make, "trend.partial", effect=-0.5), control(make, difference)]

    assert len(make.judge(findings=found).cases) == cases


def test_the_newest_month_and_the_history_of_one_system_are_told_once(make):
    newest = pattern(make, "trend.shift", TEN, effect=0.02)
    older = pattern(make, "systematic.restated_history", TEN[:9], effect=0.02)

    assert kinds(make.judge(findings=[newest, older])) == [("systematic.restated_history", "trend.shift")]


@pytest.mark.parametrize(
    "other",
    [{"provider": TEN}, {"provider": ("102",)}, {"dataset": "classes"}],
    ids=["one beside its system", "another provider", "another dataset"],
)
def test_what_stands_elsewhere_stays_its_own_case(make, other):
    found = [pattern(make, "trend.partial"), pattern(make, "trend.gone", figure="classes", **other)]

    assert len(make.judge(findings=found).cases) == 2


def test_a_case_that_now_moves_figures_too_is_worse(make):
    check = make.finding(
        "checking.failed", make.delivery_scope("101"), check="pupils:set", failed=90, severity="critical"
    )
    (first,) = make.judge(findings=[check]).cases
    before = replace(first, number=7, first_seen="2026-09")

    (quiet,) = make.judge(findings=[check], open_cases=[before]).cases
    (louder,) = make.judge(findings=[check, pattern(make, "trend.gone", effect=-0.5)], open_cases=[before]).cases

    assert (quiet.state, louder.state) == (CaseState.PERSISTING, CaseState.WORSE)


def test_two_deliveries_that_hold_each_others_rows_are_one_case(make):
    def strange(provider: str, like: str) -> Finding:
        evidence = ArrivalEvidence(files=1, like=f"2026-10/tea/pupils/{like}")
        return make.finding("arrival.impostor", make.delivery_scope(provider), evidence=evidence)

    (swapped,) = make.judge(findings=[strange("101", "102"), strange("102", "101")]).cases
    in_a_ring = make.judge(findings=[strange("101", "102"), strange("102", "103"), strange("103", "101")]).cases

    assert (swapped.cause.kind.value, swapped.cause.members) == ("provider", ("101", "102"))
    assert {case.cause.kind.value for case in in_a_ring} != {"provider"}
