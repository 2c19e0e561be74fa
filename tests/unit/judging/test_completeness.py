"""A check that could not run is never a pass."""

from __future__ import annotations

import pytest

from loadgate.model.findings import OutcomeState, Verdict
from loadgate.model.kinds import Kind, Severity

CHECK = "pupils:not_be_null(class_type)"


def test_a_planned_check_without_an_outcome_could_not_run_and_holds_its_part_only(make):
    scope = make.delivery_scope("101")

    judgement = make.judge(planned=[make.check(CHECK, scope, severity="info")])

    (outcome,) = judgement.outcomes
    assert (outcome.state, outcome.reason) == (OutcomeState.COULD_NOT_RUN, "not written")
    (finding,) = judgement.findings
    assert (finding.kind, finding.severity, finding.check) == (Kind.COULD_NOT_RUN, Severity.CRITICAL, CHECK)
    assert (finding.evidence.rows_checked, finding.evidence.rows_failed) == (0, 0)
    assert judgement.verdict is Verdict.RELEASE_WITH_CAVEATS
    assert {part.part for part in judgement.parts if part.verdict is Verdict.HOLD} == {"school/101"}


@pytest.mark.parametrize(
    ("state", "run_wide", "verdict", "held"),
    [
        ("pass", True, Verdict.RELEASE, 0),
        ("not applicable", True, Verdict.RELEASE, 0),
        ("could not run", False, Verdict.RELEASE_WITH_CAVEATS, 1),
        ("could not run", True, Verdict.HOLD, 1),
        (None, False, Verdict.RELEASE_WITH_CAVEATS, 1),
        (None, True, Verdict.HOLD, 1),
    ],
)
def test_what_a_planned_check_does_to_the_gate(make, state, run_wide, verdict, held):
    scope = make.delivery_scope("101")
    written = [] if state is None else [make.outcome(CHECK, scope, state)]

    judgement = make.judge(planned=[make.check(CHECK, scope, run_wide=run_wide)], outcomes=written)

    assert judgement.verdict is verdict
    assert sum(part.verdict is Verdict.HOLD for part in judgement.parts) == held
    assert {reason.rule for reason in judgement.reasons} == ({0} if held else set())


def test_no_rule_of_the_gate_makes_a_check_that_could_not_run_a_pass(make):
    gate = make.gate(make.rule("show"))

    judgement = make.judge(planned=[make.check(CHECK, make.delivery_scope("101"))], gate=gate)

    assert [part.verdict for part in judgement.parts if part.part == "school/101"] == [Verdict.HOLD]


def test_a_rule_may_make_more_of_a_check_that_could_not_run(make):
    gate = make.gate(make.rule("block_run", "checking.could_not_run"))

    judgement = make.judge(planned=[make.check(CHECK, make.delivery_scope("101"))], gate=gate)

    assert judgement.verdict is Verdict.HOLD
    assert [reason.rule for reason in judgement.reasons] == [1]


def test_the_checks_of_a_missing_delivery_are_not_applicable_and_no_finding(make):
    scope = make.delivery_scope("101")

    judgement = make.judge(planned=[make.check(CHECK, scope)], missing=["2026-10/tea/pupils/101"])

    assert [(o.state, o.reason) for o in judgement.outcomes] == [(OutcomeState.NOT_APPLICABLE, "delivery missing")]
    assert judgement.findings == ()


def test_a_check_over_two_deliveries_is_planned_while_one_of_them_came(make):
    deliveries = ["2026-10/tea/pupils/101", "2026-10/tea/pupils/102"]
    scope = make.scope(provider=["101", "102"], delivery=deliveries)

    judgement = make.judge(planned=[make.check(CHECK, scope)], missing=deliveries[:1])

    assert [outcome.state for outcome in judgement.outcomes] == [OutcomeState.COULD_NOT_RUN]


def test_the_same_check_on_another_delivery_does_not_stand_for_this_one(make):
    one, other = make.delivery_scope("101"), make.delivery_scope("102")

    judgement = make.judge(
        planned=[make.check(CHECK, one), make.check(CHECK, other)], outcomes=[make.outcome(CHECK, one, "pass")]
    )

    assert [finding.scope for finding in judgement.findings] == [other]


def test_a_crash_that_left_every_check_of_a_delivery_unwritten_is_one_case(make):
    scope = make.delivery_scope("101")

    judgement = make.judge(planned=[make.check(f"pupils:check{number}", scope) for number in range(30)])

    (case,) = judgement.cases
    assert len(case.findings) == 30
    assert (case.cause.kind, case.cause.members) == ("delivery", ("2026-10/tea/pupils/101",))


def test_a_run_without_any_finding_is_released(make):
    judgement = make.judge()

    assert judgement.verdict is Verdict.RELEASE
    assert (judgement.reasons, judgement.cases, judgement.caveats) == ((), (), ())
    assert {part.verdict for part in judgement.parts} == {Verdict.RELEASE}


def test_a_check_that_is_planned_twice_did_not_run_once(make):
    check = make.check(CHECK, make.delivery_scope("101"))

    judgement = make.judge(planned=[check, check])

    assert [(outcome.check, outcome.reason) for outcome in judgement.outcomes] == [(CHECK, "not written")]


@pytest.mark.parametrize(
    ("states", "state", "reason"),
    [
        ({"awaited": ["101"]}, OutcomeState.COULD_NOT_RUN, "delivery awaited"),
        ({"missing": ["101"]}, OutcomeState.NOT_APPLICABLE, "delivery missing"),
        ({"awaited": ["103"]}, OutcomeState.COULD_NOT_RUN, "not written"),
    ],
)
def test_why_a_check_could_not_run_is_told(make, states, state, reason):
    ids = {name: [*make.delivery_scope(one).delivery] for name, (one,) in states.items()}

    judgement = make.judge(planned=[make.check(CHECK, make.delivery_scope("101"))], **ids)

    (outcome,) = judgement.outcomes
    assert (outcome.state, outcome.reason) == (state, reason)
    assert [finding.detail["reason"] for finding in judgement.findings] == [reason] * (
        state is OutcomeState.COULD_NOT_RUN
    )
