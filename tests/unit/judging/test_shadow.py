"""Checks and known errors that are only tried: what they find is told, and nothing else differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadgate.model.findings import Verdict
from loadgate.model.kinds import IN_SHADOW, Kind, Severity
from loadgate.model.shadow import Shadow

CHECK = "pupils:not_be_null(class_type)"
TRIED = Shadow(checks=frozenset([CHECK]))
OTHER = "pupils:not_be_null(school)"


def judge_all(make, *, state="fail", shadow=None, **given):
    """Three providers' deliveries with one check each in this state, and one other check that fails somewhere."""
    scopes = [make.delivery_scope(provider) for provider in ("101", "102", "103")]
    outcomes = [make.outcome(CHECK, scope, state, severity="critical") for scope in scopes]
    outcomes.append(make.outcome(OTHER, scopes[0], "fail", severity="warning"))
    return make.judge(outcomes=outcomes, shadow=shadow, **given)


def without_shadow(judgement):
    """Everything that somebody acts on."""
    findings = tuple(one for one in judgement.findings if one.kind not in IN_SHADOW)
    outcomes = tuple(one for one in judgement.outcomes if one.check != CHECK)
    return replace(judgement, findings=findings, outcomes=outcomes)


@pytest.mark.parametrize("state", ["fail", "could not run", "pass"])
def test_a_check_in_shadow_changes_nothing_whatever_it_finds(make, state):
    gate = make.gate(
        make.rule("block_run", "checking.failed", "checking.could_not_run", severity=["critical"]),
        make.rule("block_run", "shadow.failed", "shadow.could_not_run"),
        make.rule("caveat"),
    )

    tried = judge_all(make, state=state, shadow=TRIED, gate=gate)
    without = make.judge(
        outcomes=[make.outcome(OTHER, make.delivery_scope("101"), "fail", severity="warning")], gate=gate
    )

    assert without_shadow(tried) == without_shadow(without)
    assert without.verdict is Verdict.RELEASE_WITH_CAVEATS


def test_the_same_check_holds_the_run_when_it_counts(make):
    gate = make.gate(make.rule("block_run", "checking.failed", severity=["critical"]), make.rule("show"))

    assert judge_all(make, gate=gate).verdict is Verdict.HOLD


@pytest.mark.parametrize(
    ("state", "kind"), [("fail", "shadow.failed"), ("could not run", "shadow.could_not_run"), ("pass", None)]
)
def test_what_a_check_in_shadow_would_have_found_is_told_as_info(make, state, kind):
    found = [one for one in judge_all(make, state=state, shadow=TRIED).findings if one.kind in IN_SHADOW]

    assert {one.kind for one in found} == ({Kind(kind)} if kind else set())
    assert all(one.severity is Severity.INFO and one.check == CHECK for one in found)
    assert len(found) == (3 if kind else 0)


def test_a_check_in_shadow_that_was_not_executed_is_told_and_holds_nobody(make):
    scope = make.delivery_scope("101")

    judgement = make.judge(planned=[make.check(CHECK, scope, severity="critical")], shadow=TRIED)

    assert [one.kind for one in judgement.findings] == [Kind.SHADOW_COULD_NOT_RUN]
    assert judgement.verdict is Verdict.RELEASE


def test_what_a_room_finds_of_its_own_counts_though_it_names_a_check_in_shadow(make):
    finding = make.finding("reading.rejected_rows", make.delivery_scope(), check=CHECK)

    judgement = make.judge(findings=[finding], shadow=TRIED)

    assert judgement.findings == (finding,)
    assert judgement.verdict is Verdict.RELEASE_WITH_CAVEATS


def test_outcomes_of_checks_in_shadow_are_marked_so_that_they_are_counted_apart(make):
    marked = {one.check for one in judge_all(make, shadow=TRIED).outcomes if one.shadow}

    assert marked == {CHECK}


def test_a_case_of_a_check_that_is_in_shadow_now_stays_open(make):
    case = make.case(scope=make.delivery_scope("101"), kinds=["checking.failed"], checks=[CHECK])

    assert judge_all(make, state="pass", shadow=TRIED, open_cases=[case]).resolved == ()
    assert judge_all(make, state="pass", open_cases=[case]).resolved == (1,)


@pytest.mark.parametrize(
    ("rows", "state", "would"),
    [(100, "fail", "within ceiling"), (10, "fail", "worse"), (10, "pass", "no longer seen")],
)
def test_a_known_error_in_shadow_says_what_it_would_have_taken_and_takes_nothing(make, rows, state, would):
    register = [make.error("E1", check=CHECK, rows=rows)]

    tried = judge_all(make, state=state, register=register, shadow=Shadow(errors=frozenset(["E1"])))
    without = judge_all(make, state=state)

    assert without_shadow(tried) == without_shadow(without)
    (told,) = (one for one in tried.findings if one.kind in IN_SHADOW)
    assert (told.check, told.severity, told.detail["would"]) == ("E1", Severity.INFO, would)
    assert told.rows_failed == (15 if state == "fail" else 0)
    assert told.scope.system == {"tea"}
    assert told.scope.provider == ({"101", "102", "103"} if state == "fail" else None)


def test_of_known_errors_that_count_none_is_told_as_in_shadow(make):
    register = [make.error("E1", check=CHECK, rows=100), make.error("E2", check=OTHER, rows=100)]

    judgement = judge_all(make, register=register, shadow=Shadow(errors=frozenset(["E1"])))

    assert [one.check for one in judgement.findings if one.kind in IN_SHADOW] == ["E1"]


def test_a_known_error_of_a_check_in_shadow_is_in_shadow_with_it(make):
    register = [make.error("E1", check=CHECK, rows=1)]
    shadow = Shadow(checks=frozenset([CHECK]), errors=frozenset(["E1"]))

    tried = judge_all(make, register=register, shadow=shadow)

    assert without_shadow(tried) == without_shadow(judge_all(make, shadow=TRIED))
    assert {one.kind for one in tried.findings if one.kind in IN_SHADOW} == {
        Kind.SHADOW_FAILED,
        Kind.SHADOW_KNOWN_ERROR,
    }


def test_while_provisional_a_known_error_in_shadow_that_is_not_seen_says_nothing(make):
    register = [make.error("E1", check=CHECK, rows=1)]
    shadow = Shadow(errors=frozenset(["E1"]))

    tried = judge_all(make, state="pass", register=register, shadow=shadow, provisional=True)

    assert [one for one in tried.findings if one.kind in IN_SHADOW] == []
