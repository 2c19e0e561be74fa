"""A waiver permits what it was given for, on both sides of each of its limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from loadgate.model.findings import Case, CaseState, Cause, CauseKind
from loadgate.model.judgement import Waiver
from loadgate.model.kinds import Severity
from loadgate.model.scope import Scope, Span

CASE = Case(
    number=1,
    cause=Cause(kind=CauseKind.SYSTEM, members=("a",)),
    scope=Scope.of(system="a", provider=["101", "102"], reference=Span.parse("2026-10")),
    severity=Severity.CRITICAL,
    findings=("f-1",),
    state=CaseState.NEW,
    first_seen="2026-10",
    size=0.02,
)
WAIVER = Waiver(
    id="w1",
    case=1,
    scope=Scope.of(system="a", reference=Span.parse("2026-09")),
    kinds=("prior.restated",),
    reason="confirmed",
    requested_by="one",
    approved_by="two",
    until=date(2026, 10, 31),
    ceiling=0.02,
)


def permits(waiver: Waiver = WAIVER, case: Case = CASE, *, kind: str = "prior.restated", day: int = 31) -> bool:
    return waiver.permits(case, kinds=frozenset([kind]), today=date(2026, 10, day))


def test_a_waiver_permits_the_case_that_it_was_given_for() -> None:
    assert permits()


def test_a_waiver_that_nobody_approved_permits_nothing() -> None:
    assert not permits(replace(WAIVER, approved_by=None))


def test_a_waiver_holds_through_its_last_day() -> None:
    assert permits(replace(WAIVER, until=date(2026, 10, 31)), day=31)
    assert not permits(replace(WAIVER, until=date(2026, 10, 30)), day=31)


@pytest.mark.parametrize(("size", "allowed"), [(0.019, True), (0.02, True), (0.0200001, False)])
def test_a_waiver_holds_up_to_its_ceiling(size: float, allowed: bool) -> None:
    assert permits(case=replace(CASE, size=size)) is allowed


def test_a_waiver_does_not_cover_another_kind_of_finding() -> None:
    assert not permits(kind="arrival.missing")


def test_a_waiver_does_not_cover_a_case_that_grew_out_of_its_scope() -> None:
    assert not permits(case=replace(CASE, scope=Scope.of(provider=["101"])))


def test_reference_periods_do_not_matter_to_a_waiver() -> None:
    assert permits(case=replace(CASE, scope=Scope.of(system="a", reference=Span.parse("2030"))))
