"""The register as a table: within its ceiling, worse, no longer seen, not checked."""

from __future__ import annotations

import pytest

from loadgate.model.findings import Verdict
from loadgate.model.judgement import KnownErrorState
from loadgate.model.kinds import Kind

CHECK = "pupils:not_be_null(class_type)"
WITHIN, WORSE = KnownErrorState.WITHIN_CEILING, KnownErrorState.WORSE
GONE, NOT_CHECKED = KnownErrorState.NO_LONGER_SEEN, KnownErrorState.NOT_CHECKED


@pytest.mark.parametrize(
    ("ceiling", "failed_of_checked", "state", "size"),
    [
        ({"rows": 10}, [(10, 100)], WITHIN, 10),
        ({"rows": 10}, [(11, 100)], WORSE, 11),
        ({"rows": 10}, [(6, 100), (4, 100)], WITHIN, 10),  # ceilings span files
        ({"rows": 10}, [(6, 100), (5, 100)], WORSE, 11),
        ({"rows": 0}, [(1, 100)], WORSE, 1),
        ({"share": 0.05}, [(5, 100)], WITHIN, 0.05),
        ({"share": 0.05}, [(6, 100)], WORSE, 0.06),
        ({"share": 0.05}, [(9, 100), (0, 100)], WITHIN, 0.045),  # a clean file counts in the share
        ({"share": 0.05}, [(11, 100), (0, 100)], WORSE, 0.055),
        ({"share": 0.3}, [(3, 10)], WITHIN, 0.3),  # 0.1 + 0.2 is no more than 0.3
        ({"share": 0.4}, [(1, 3)], WITHIN, 0.333333333),  # the last bits of a quotient say nothing
        ({"effect": 0.05}, [(5, 100)], WITHIN, 0.05),  # rows have no other effect than their share
        ({"effect": 0.05}, [(6, 100)], WORSE, 0.06),
        ({"rows": 10}, [(0, 100), (0, 100)], GONE, 0),
        ({"rows": 10}, [(0, 0)], NOT_CHECKED, None),  # no rows were looked at
        ({"rows": 10}, [], NOT_CHECKED, None),
    ],
)
def test_a_ceiling_is_held_against_all_files_of_the_error(make, ceiling, failed_of_checked, state, size):
    outcomes = [
        make.outcome(CHECK, make.delivery_scope(provider), "fail" if failed else "pass", failed=failed, checked=checked)
        for provider, (failed, checked) in zip(("101", "102"), failed_of_checked, strict=False)
    ]

    judgement = make.judge(outcomes=outcomes, register=[make.error(**ceiling)])

    (verdict,) = judgement.known_errors
    assert (verdict.state, verdict.size) == (state, size)
    assert verdict.ceiling == next(iter(ceiling.values()))


@pytest.mark.parametrize(
    ("effect", "state"), [(0.02, WITHIN), (-0.02, WITHIN), (0.0200001, WORSE), (-0.0200001, WORSE)]
)
def test_an_effect_counts_without_its_sign(make, effect, state):
    finding = make.finding("control.substantial", make.scope(system="tea"), evidence=make.cells(effect=effect))
    error = make.error(kind="control.substantial", effect=0.02)

    assert make.judge(findings=[finding], register=[error]).known_errors[0].state is state


def test_the_greatest_effect_counts_also_where_some_findings_have_none(make):
    findings = [
        make.finding("control.substantial", make.scope(provider, system="tea"), evidence=make.cells(effect=effect))
        for provider, effect in (("101", None), ("102", 0.01), ("103", -(0.1 + 0.2)))
    ]
    error = make.error(kind="control.substantial", effect=0.02)

    (verdict,) = make.judge(findings=findings, register=[error]).known_errors

    assert (verdict.state, verdict.size) == (WORSE, 0.3)


@pytest.mark.parametrize(("late", "state"), [(1, WITHIN), (2, WITHIN), (3, WORSE)])
def test_a_late_delivery_is_one_against_a_ceiling_of_rows(make, late, state):
    findings = [make.finding("arrival.late", make.delivery_scope(p)) for p in ("101", "102", "103")[:late]]

    judgement = make.judge(findings=findings, register=[make.error(kind="arrival.late", rows=2)])

    assert judgement.known_errors[0].state is state


def test_of_a_late_delivery_all_is_late_against_a_ceiling_of_shares(make):
    error = make.error(kind="arrival.late", share=0.9)

    (verdict,) = make.judge(
        findings=[make.finding("arrival.late", make.delivery_scope())], register=[error]
    ).known_errors

    assert (verdict.state, verdict.size) == (WORSE, 1.0)


@pytest.mark.parametrize(
    ("second", "state"),
    [
        ({"state": "pass"}, GONE),
        ({"state": "pass", "undecided": 1}, NOT_CHECKED),
        ({"state": "could not run"}, NOT_CHECKED),
        ({"state": "not applicable"}, NOT_CHECKED),
    ],
)
def test_an_error_is_gone_only_when_all_that_could_show_it_ran(make, second, state):
    outcomes = [
        make.outcome(CHECK, make.delivery_scope("101"), "pass"),
        make.outcome(CHECK, make.delivery_scope("102"), **second),
    ]

    judgement = make.judge(outcomes=outcomes, register=[make.error()])

    assert judgement.known_errors[0].state is state
    assert (Kind.KNOWN_ERROR_GONE in {finding.kind for finding in judgement.findings}) == (state is GONE)


def test_a_check_that_crashed_is_not_checked_and_no_proposal_to_close(make):
    judgement = make.judge(planned=[make.check(CHECK, make.delivery_scope())], register=[make.error()])

    assert judgement.known_errors[0].state is NOT_CHECKED
    assert {finding.kind for finding in judgement.findings} == {Kind.COULD_NOT_RUN}


@pytest.mark.parametrize(("other", "state"), [(None, GONE), ("arrival.missing", NOT_CHECKED), ("arrival.late", GONE)])
def test_an_error_by_kind_is_not_checked_where_a_delivery_is_missing(make, other, state):
    findings = [] if other is None else [make.finding(other, make.delivery_scope())]

    judgement = make.judge(findings=findings, register=[make.error(kind="reading.rejected_rows")])

    assert judgement.known_errors[0].state is state


@pytest.mark.parametrize(("failed", "state"), [(100, NOT_CHECKED), (40, GONE)])
def test_an_error_by_kind_is_not_checked_where_every_row_was_rejected(make, failed, state):
    rejected = make.finding("reading.rejected_rows", make.delivery_scope(), failed=failed)

    judgement = make.judge(findings=[rejected], register=[make.error(kind="reading.unreadable_values")])

    assert judgement.known_errors[0].state is state


def test_while_provisional_nothing_is_gone(make):
    outcomes = [make.outcome(CHECK, make.delivery_scope("101"), "pass")]

    judgement = make.judge(outcomes=outcomes, register=[make.error()], provisional=True)

    assert judgement.known_errors[0].state is NOT_CHECKED


def test_within_its_ceiling_an_error_makes_a_caveat_on_the_figures_and_no_case(make):
    scope = make.delivery_scope("101")
    gate = make.gate(make.rule("block_run"))  # even where every finding would block

    judgement = make.judge(
        outcomes=[make.outcome(CHECK, scope)],
        register=[make.error()],
        gate=gate,
        lineage=make.lineage(("segregation", "101", "2026-10/tea/pupils/101/v2"), ("other", "102", "2026-10/x/y/102")),
    )

    assert judgement.cases == ()
    assert judgement.verdict is Verdict.RELEASE_WITH_CAVEATS
    (caveat,) = judgement.caveats
    assert (caveat.reason, caveat.source) == ("known_error", "E1")
    assert caveat.scope == make.scope("101", figure="segregation")
    (reason,) = judgement.reasons
    assert (reason.effect, reason.rule, reason.known_error, reason.case) == ("caveat", 0, "E1", None)
    assert judgement.findings[0].detail["known_error"] == "E1"


def test_an_error_registered_to_be_ignored_leaves_no_caveat(make):
    judgement = make.judge(
        outcomes=[make.outcome(CHECK, make.delivery_scope())], register=[make.error(treatment="ignore")]
    )

    assert (judgement.verdict, judgement.caveats, judgement.cases) == (Verdict.RELEASE, (), ())


def test_above_its_ceiling_an_error_explains_nothing_and_is_one_case_with_its_findings(make):
    outcomes = [make.outcome(CHECK, make.delivery_scope(p), failed=8) for p in ("101", "102")]

    judgement = make.judge(outcomes=outcomes, register=[make.error(rows=10)])

    worse = next(f for f in judgement.findings if f.kind is Kind.KNOWN_ERROR_WORSE)
    assert worse.scope.provider == {"101", "102"}
    assert (worse.evidence.rows_failed, worse.evidence.rows_checked) == (16, 200)
    assert worse.detail == {"known_error": "E1", "ceiling": "10"}
    (case,) = judgement.cases
    assert set(case.findings) == {finding.id for finding in judgement.findings}
    assert len(case.findings) == 3


def test_a_finding_outside_the_errors_scope_is_not_put_down_to_it(make):
    outcomes = [
        make.outcome(CHECK, make.delivery_scope("101")),
        make.outcome(CHECK, make.delivery_scope("102", system="kmd")),
    ]

    judgement = make.judge(outcomes=outcomes, register=[make.error()])

    assert [case.scope.system for case in judgement.cases] == [{"kmd"}]
    assert judgement.known_errors[0].size == 5


def test_rows_of_files_outside_the_errors_scope_do_not_thin_out_its_share(make):
    outcomes = [
        make.outcome(CHECK, make.delivery_scope("101"), failed=10, checked=100),
        make.outcome(CHECK, make.delivery_scope("102", system="kmd"), "pass", checked=1000),
    ]

    (verdict,) = make.judge(outcomes=outcomes, register=[make.error(share=0.05)]).known_errors

    assert (verdict.state, verdict.size) == (WORSE, 0.1)


def test_what_another_check_finds_partly_in_the_errors_scope_does_not_keep_it_open(make):
    partly = make.scope(["101", "102"], system="tea", delivery="2026-10/tea/pupils/_all")
    outcomes = [make.outcome(CHECK, make.delivery_scope("101"), "pass"), make.outcome("pupils:other", partly)]

    judgement = make.judge(outcomes=outcomes, register=[make.error(scope="system=tea; provider=101")])

    assert judgement.known_errors[0].state is GONE


def test_an_error_that_is_gone_says_how_many_rows_were_looked_at(make):
    outcomes = [
        make.outcome(CHECK, make.delivery_scope(provider), "pass", checked=checked)
        for provider, checked in (("101", 100), ("102", 0), ("103", 30))
    ]

    judgement = make.judge(outcomes=outcomes, register=[make.error()])

    (gone,) = judgement.findings
    assert (gone.kind, gone.evidence.rows_checked, gone.evidence.rows_failed) == (Kind.KNOWN_ERROR_GONE, 130, 0)


def test_a_worse_error_that_no_check_sees_counts_the_rows_of_its_findings(make):
    finding = make.finding("reading.rejected_rows", make.delivery_scope(), failed=5, checked=100)

    judgement = make.judge(findings=[finding], register=[make.error(kind="reading.rejected_rows", rows=2)])

    worse = next(f for f in judgement.findings if f.kind is Kind.KNOWN_ERROR_WORSE)
    assert (worse.evidence.rows_failed, worse.evidence.rows_checked) == (5, 100)


def test_a_finding_that_is_only_partly_in_the_errors_scope_is_not_put_down_to_it(make):
    scope = make.scope(["101", "102"], system="tea", delivery="2026-10/tea/pupils/_all")

    judgement = make.judge(
        outcomes=[make.outcome(CHECK, scope)], register=[make.error(scope="system=tea; provider=101")]
    )

    assert len(judgement.cases) == 1
    assert judgement.known_errors[0].state is NOT_CHECKED


def test_what_a_providers_own_error_explains_does_not_count_against_its_systems(make):
    outcomes = [
        make.outcome(CHECK, make.delivery_scope("101"), failed=60),
        make.outcome(CHECK, make.delivery_scope("102"), failed=4),
    ]
    register = [make.error("wide", rows=5), make.error("own", scope="system=tea; provider=101", rows=70)]

    verdicts = {v.error: v for v in make.judge(outcomes=outcomes, register=register).known_errors}

    assert (verdicts["wide"].state, verdicts["wide"].size) == (WITHIN, 4)
    assert (verdicts["own"].state, verdicts["own"].size) == (WITHIN, 60)


def test_two_errors_that_are_gone_are_two_findings(make):
    outcomes = [make.outcome(CHECK, make.delivery_scope(), "pass")]

    judgement = make.judge(outcomes=outcomes, register=[make.error("E1"), make.error("E2")])

    gone = [finding for finding in judgement.findings if finding.kind is Kind.KNOWN_ERROR_GONE]
    assert len({finding.id for finding in gone}) == 2
    assert judgement.verdict is Verdict.RELEASE
