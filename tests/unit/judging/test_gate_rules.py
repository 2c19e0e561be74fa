"""gate.yaml as a table: the first rule that fits decides."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from loadgate.model.findings import Verdict

HOLD, CAVEATS, RELEASE = Verdict.HOLD, Verdict.RELEASE_WITH_CAVEATS, Verdict.RELEASE


def rules(make):
    """A gate that marks rather than withholds."""
    return make.gate(
        make.rule("block_run", "systematic.restated_alone", shared=3),  # 1
        make.rule("block_part", "arrival.duplicate", "arrival.impostor"),  # 2
        make.rule("block_part", "checking.failed", severity=["critical"]),  # 3
        make.rule("block_run", "control.substantial", scope="figure=spending", shared=2),  # 4
        make.rule("show", "arrival.late"),  # 5
        make.rule("caveat", severity=["warning", "critical"]),  # 6
        make.rule("show"),  # 7
    )


@pytest.mark.parametrize(
    ("kind", "severity", "providers", "figure", "verdict", "rule", "held"),
    [
        # a shared pattern blocks the run from the number of providers in the rule on
        ("systematic.restated_alone", "critical", ["101", "102", "103"], "pupils", HOLD, 1, 3),
        ("systematic.restated_alone", "critical", ["101", "102"], "pupils", CAVEATS, 6, 0),
        ("systematic.restated_alone", "critical", None, "pupils", HOLD, 1, 3),  # None is all of them
        # a load fault of one part withholds that part alone
        ("arrival.impostor", "critical", ["102"], None, CAVEATS, 2, 1),
        # severity decides between rules for one kind
        ("checking.failed", "critical", ["101"], None, CAVEATS, 3, 1),
        ("checking.failed", "warning", ["101"], None, CAVEATS, 6, 0),
        ("checking.failed", "info", ["101"], None, RELEASE, None, 0),
        # a rule's scope must cover the finding's
        ("control.substantial", "warning", ["101", "102"], "spending", HOLD, 4, 2),
        ("control.substantial", "warning", ["101", "102"], "pupils", CAVEATS, 6, 0),
        ("control.substantial", "warning", ["101"], "spending", CAVEATS, 6, 0),
        ("control.substantial", "warning", ["101", "102"], None, CAVEATS, 6, 0),  # spending among others
        # shown is no reason
        ("arrival.late", "warning", ["101"], None, RELEASE, None, 0),
        ("prior.restated", "info", ["101"], "pupils", RELEASE, None, 0),
    ],
)
def test_the_first_rule_that_fits_decides(make, kind, severity, providers, figure, verdict, rule, held):
    finding = make.finding(kind, make.scope(providers, figure=figure), severity=severity)

    judgement = make.judge(findings=[finding], gate=rules(make))

    assert judgement.verdict is verdict
    assert [reason.rule for reason in judgement.reasons] == ([] if rule is None else [rule])
    assert sum(part.verdict is HOLD for part in judgement.parts) == held
    assert all(finding.id in reason.findings for reason in judgement.reasons)


@pytest.mark.parametrize(("providers", "verdict"), [(1, CAVEATS), (2, CAVEATS), (3, HOLD)])
def test_shared_counts_the_providers_of_the_whole_case(make, providers, verdict):
    findings = [make.finding("arrival.missing", make.delivery_scope(p)) for p in ("101", "102", "103")[:providers]]
    gate = make.gate(make.rule("block_run", "arrival.missing", shared=3), make.rule("caveat"))

    assert make.judge(findings=findings, gate=gate).verdict is verdict


@pytest.mark.parametrize(("severity", "verdict"), [("info", RELEASE), ("warning", CAVEATS), ("critical", CAVEATS)])
def test_where_no_rule_fits_a_warning_is_a_caveat(make, severity, verdict):
    finding = make.finding("checking.failed", make.scope(), severity=severity, check="c")
    gate = make.gate(make.rule("block_run", "trend.shift"))

    judgement = make.judge(findings=[finding], gate=gate)

    assert judgement.verdict is verdict
    assert {reason.rule for reason in judgement.reasons} <= {0}


def test_a_blocked_part_is_held_and_the_others_go_out(make):
    gate = make.gate(make.rule("block_part", "arrival.impostor"), make.rule("caveat"))
    late = make.finding("arrival.late", make.delivery_scope("102"))
    impostor = make.finding("arrival.impostor", make.delivery_scope("101"))

    judgement = make.judge(findings=[late, impostor], gate=gate)

    assert {part.part: part.verdict for part in judgement.parts} == {
        "elderly/101": RELEASE,
        "elderly/102": RELEASE,
        "elderly/103": RELEASE,
        "school/101": HOLD,
        "school/102": CAVEATS,
        "school/103": RELEASE,
    }
    assert [(reason.effect, reason.rule) for reason in judgement.reasons] == [("block", 1), ("caveat", 2)]
    assert judgement.verdict is CAVEATS


@pytest.mark.parametrize(
    ("parts", "verdict"), [(("school/101", "school/102"), CAVEATS), (("school/101",), HOLD), ((), CAVEATS)]
)
def test_when_every_part_is_held_nothing_is_left_to_release(make, parts, verdict):
    gate = make.gate(make.rule("block_part"))

    judgement = make.judge(findings=[make.finding("arrival.missing", make.delivery_scope())], gate=gate, parts=parts)

    assert judgement.verdict is verdict


def test_whatever_blocks_is_a_case_even_as_information_or_nobody_could_waive_it(make):
    finding = make.finding("prior.restated", make.scope(figure="pupils"), severity="info")

    judgement = make.judge(findings=[finding], gate=make.gate(make.rule("block_run", "prior.restated")))

    assert [case.findings for case in judgement.cases] == [(finding.id,)]


def test_the_order_of_what_is_handed_in_never_matters(make):
    findings = [
        make.finding(kind, make.delivery_scope(provider))
        for kind in ("arrival.missing", "arrival.late", "reading.rejected_rows", "arrival.impostor")
        for provider in ("101", "102", "103")
    ]
    findings += [make.shared(), make.finding("arrival.unexpected", make.scope(None))]
    outcomes = [make.outcome(f"pupils:c{n}", make.delivery_scope(p)) for n in range(3) for p in ("101", "102")]
    open_cases = [make.case(n, scope=make.delivery_scope("101", period="2026-09")) for n in (1, 2)]
    given = {"gate": rules(make), "register": [make.error(check="pupils:c1", rows=8)]}
    first = make.judge(findings=findings, outcomes=outcomes, open_cases=open_cases, **given)

    shuffle = random.Random(1).sample
    for _ in range(5):
        again = make.judge(
            findings=shuffle(findings, len(findings)),
            outcomes=shuffle(outcomes, len(outcomes)),
            open_cases=shuffle(open_cases, len(open_cases)),
            **given,
        )
        assert again == first


def test_what_the_gate_makes_a_caveat_is_one_even_as_information_and_without_a_case(make):
    finding = make.finding("prior.restated", make.scope(figure="pupils"), severity="info")

    judgement = make.judge(findings=[finding], gate=make.gate(make.rule("caveat")))

    assert (judgement.verdict, judgement.cases) == (CAVEATS, ())
    assert [(caveat.source, caveat.scope) for caveat in judgement.caveats] == [(finding.id, finding.scope)]


def test_findings_come_the_most_severe_first_and_then_by_kind(make):
    said = [("checking.failed", "info"), ("arrival.late", "warning"), ("trend.shift", "critical"),
            ("arrival.impostor", "critical")]  # fmt: skip
    findings = [make.finding(kind, make.delivery_scope(), severity=severity) for kind, severity in said]

    found = make.judge(findings=findings).findings

    assert [(one.kind, one.severity) for one in found] == [said[3], said[2], said[1], said[0]]


def test_two_findings_with_one_id_are_one(make):
    finding = make.finding("arrival.missing", make.delivery_scope())

    judgement = make.judge(findings=[finding, finding])

    assert judgement.findings == (finding,)


def test_a_rooms_own_finding_on_a_failed_check_is_kept_for_what_more_it_knows(make):
    scope = make.delivery_scope()
    told = make.finding("checking.failed", scope, severity="warning", check="pupils:c", failed=5)

    judgement = make.judge(findings=[told], outcomes=[make.outcome("pupils:c", scope)])

    assert judgement.findings == (told,)


def test_a_step_that_failed_with_findings_of_its_own_adds_none(make):
    """A step over the whole run fails because of what it found; that is said once."""
    findings = [
        make.finding("arrival.missing", make.delivery_scope(p), check="arrival:deliveries") for p in ("101", "102")
    ]

    judgement = make.judge(
        findings=findings,
        outcomes=[make.outcome("arrival:deliveries", make.scope(None, area=None), severity="critical")],
    )

    assert {finding.kind for finding in judgement.findings} == {"arrival.missing"}
    assert len(judgement.cases) == 1


def test_a_step_that_failed_without_saying_why_is_a_finding(make):
    elsewhere = make.finding("reading.rejected_rows", make.delivery_scope("102"), check="reading:pupils")

    judgement = make.judge(
        findings=[elsewhere], outcomes=[make.outcome("reading:pupils", make.delivery_scope("101"), severity="critical")]
    )

    assert {finding.kind for finding in judgement.findings} == {"checking.failed", "reading.rejected_rows"}


def test_a_failed_check_is_a_finding_with_its_column_and_count(make):
    outcome = make.outcome("pupils:not_be_null(class_type)", make.delivery_scope(), failed=3, checked=90, undecided=2)

    (finding,) = make.judge(outcomes=[outcome]).findings

    evidence = finding.evidence
    assert (evidence.rows_failed, evidence.rows_checked, evidence.rows_undecided) == (3, 90, 2)
    assert (evidence.column, finding.check, finding.scope) == ("class_type", outcome.check, outcome.scope)


def test_a_failed_check_without_counts_has_none_and_rows_that_are_not_marked_are_counted(make):
    outcome = make.outcome("pupils:c", make.delivery_scope(), severity="warning")
    uncounted = replace(outcome, rows_checked=None, rows_failed=None, rows_undecided=None, rows_unmarked=4)

    (finding,) = make.judge(outcomes=[uncounted]).findings

    evidence = finding.evidence
    assert (evidence.rows_checked, evidence.rows_failed, evidence.rows_undecided) == (0, 0, 0)
    assert evidence.rows_unmarked == 4
