"""Who hears that a case is over."""

from __future__ import annotations

from loadgate.alerting.closing import close
from loadgate.model.findings import Case, CaseState, Cause, CauseKind
from loadgate.model.kinds import Severity
from loadgate.model.profiles import AlertRoute
from loadgate.model.scope import Scope

EVERYONE, SCHOOL = AlertRoute(name="everyone"), AlertRoute(name="school", scope="area=school", language="da")
ONE = AlertRoute(name="one", scope="provider=101")


def case(number: int) -> Case:
    return Case(
        number=number,
        cause=Cause(kind=CauseKind.PROVIDER, members=("101", "102")),
        scope=Scope.of(area="school", provider=("101", "102")),
        severity=Severity.CRITICAL,
        findings=("f1", "f2"),
        state=CaseState.PERSISTING,
        first_seen="2026-09",
        size=1.0,
    )


def tell(*cases: Case, routes=(EVERYONE,), heard=(1, 2), already=frozenset()):
    return close(
        cases,
        run="2026-10",
        site_name="flis",
        period="2026-10",
        routes=routes,
        heard={line.name: heard for line in routes},
        heading=lambda _: "delivery missing, Aarhus and Odense",
        already=frozenset(already),
    )


def test_a_closed_case_reads_word_for_word():
    (message,) = tell(case(1))

    assert message.subject == "[flis 2026-10] CLOSED: delivery missing, Aarhus and Odense (case 1)"
    assert message.body == (
        "What      delivery missing, Aarhus and Odense: no longer seen, closed in run 2026-10.\n"
        "Since     run 2026-09\n"
        "If it comes back, it is told again, as a new case.\n"
    )


def test_who_never_heard_of_a_case_hears_not_of_its_end():
    assert tell(case(1), heard=(2,)) == []


def test_the_end_of_a_case_is_told_once():
    (message,) = tell(case(1))

    assert tell(case(1), already=message.tells) == []


def test_of_a_case_that_is_more_than_its_scope_a_route_hears_the_number_alone():
    own, other = tell(case(1), routes=[SCHOOL, ONE])

    assert "Odense" in own.subject
    assert own.subject.startswith("[flis 2026-10] LUKKET: ")
    assert other.subject == "[flis 2026-10] CLOSED: case 1"
    assert other.body.splitlines()[0] == "What      case 1: no longer seen, closed in run 2026-10."
