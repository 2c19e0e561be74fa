"""Planted faults held against findings: right kind, right Scope on both sides of its limits, and what is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loadgate.errors import CouldNotRun, NotFound
from loadgate.model.findings import ArrivalEvidence, Finding, Verdict
from loadgate.model.judgement import Judgement, KnownErrorState, KnownErrorVerdict
from loadgate.model.kinds import KINDS, Kind
from loadgate.model.scope import Scope
from loadgate.running.score import Known, TrueFault, read_truth, score, score_view

FOUR = ("101", "147", "151", "153")
KNOWN = Known(
    providers=frozenset([*FOUR, "155", "157"]),
    areas=frozenset(["economy", "school"]),
    area_of_dataset={"ledger": "economy", "pupils": "school"},
    area_of_figure={"spending": "economy", "pupils": "school"},
    in_delivery={f"2026-10/prisme/ledger/{name}": frozenset([name]) for name in FOUR},
)


def finding(kind: str, scope: str, *, check: str | None = None, **detail: str) -> Finding:
    severity = KINDS[Kind(kind)].severity
    return Finding(
        kind=Kind(kind),
        severity=severity,
        scope=Scope.parse(scope),
        evidence=ArrivalEvidence(),
        check=check,
        detail=detail,
    )


def judgement(*findings: Finding, error: KnownErrorState | None = None) -> Judgement:
    verdict = KnownErrorVerdict(error="e-1", state=error or KnownErrorState.WORSE, size=0.1, ceiling=0.2, findings=())
    return Judgement(
        run="2026-10",
        as_of="2026-11-07T11:00:00+00:00",
        verdict=Verdict.RELEASE,
        verdict_before_waivers=Verdict.RELEASE,
        reasons=(),
        parts=(),
        cases=(),
        resolved=(),
        findings=findings,
        outcomes=(),
        known_errors=(verdict,) if error else (),
        caveats=(),
        waivers=(),
    )


def fault(kind: str, scope: str, *, where: str = "prisme/ledger/101", **facts: Any) -> TrueFault:
    expected = {"kind": kind, "scope": scope, "check": facts.pop("check", None)}
    if "put_down_to" in facts:
        expected["put_down_to"] = facts.pop("put_down_to")
    told = {"deliveries": ["2026-10/prisme/ledger/101"], "figures": ["spending"]} | facts
    return TrueFault.model_validate(
        {"kind": "some", "where": where, "period": "2026-10", "size": None, "expected_findings": [expected], **told}
    )


def is_found(truth: TrueFault, *findings: Finding, error: KnownErrorState | None = None) -> bool:
    return bool(score(judgement(*findings, error=error), [truth], KNOWN).found)


DELIVERY = "area=economy; dataset=ledger; delivery=2026-10/prisme/ledger/101; provider=101"


def test_a_fault_is_found_by_its_own_finding() -> None:
    assert is_found(fault("arrival.missing", DELIVERY), finding("arrival.missing", DELIVERY))


@pytest.mark.parametrize(
    "other",
    [
        finding("arrival.late", DELIVERY),
        finding("arrival.missing", DELIVERY.replace("101", "147")),
        finding("arrival.missing", DELIVERY.replace("economy", "school")),
        finding("arrival.missing", "area=economy"),
    ],
    ids=["another kind", "another delivery", "another area", "a Scope far too wide"],
)
def test_another_finding_is_not_the_faults(other: Finding) -> None:
    assert not is_found(fault("arrival.missing", DELIVERY), other)


def test_the_check_must_be_the_right_one() -> None:
    truth = fault("checking.failed", DELIVERY, check="ledger:unique")
    assert is_found(truth, finding("checking.failed", DELIVERY, check="ledger:unique"))
    assert not is_found(truth, finding("checking.failed", DELIVERY, check="ledger:not_be_null(month)"))


@pytest.mark.parametrize(
    ("providers", "right"),
    [("101,147,151,153", True), ("101,147", True), ("101", False), ("101,147,151,153,155,157", True)],
)
def test_a_groups_scope_may_be_off_by_half(providers: str, right: bool) -> None:
    truth = fault("trend.factor", f"area=economy; provider={','.join(FOUR)}", where="prisme/ledger")
    assert is_found(truth, finding("trend.factor", f"area=economy; provider={providers}; figure=spending")) is right


def test_several_findings_together_may_cover_a_group() -> None:
    truth = fault("trend.factor", f"area=economy; provider={','.join(FOUR)}", where="prisme/ledger")
    ones = [finding("trend.factor", f"area=economy; provider={name}") for name in ("101", "147", "151", "155")]
    assert not is_found(truth, ones[0], ones[3])
    assert is_found(truth, *ones)


def test_all_that_a_fault_must_cause_must_be_there() -> None:
    truth = fault("arrival.missing", DELIVERY)
    twice = truth.model_copy(
        update={"expected_findings": (*truth.expected_findings, *fault("arrival.late", DELIVERY).expected_findings)}
    )

    scored = score(judgement(finding("arrival.missing", DELIVERY)), [twice], KNOWN)

    ((missed, wanted),) = scored.missed
    assert missed is twice
    assert [one.kind for one in wanted] == ["arrival.late"]
    assert score_view(scored)["missed"][0]["not_found"] == [{"kind": "arrival.late", "scope": DELIVERY}]


@pytest.mark.parametrize(
    ("detail", "state", "right"),
    [
        ({"known_error": "e-1"}, KnownErrorState.WITHIN_CEILING, True),
        ({"known_error": "e-1"}, KnownErrorState.WORSE, False),
        ({"known_error": "e-2"}, KnownErrorState.WITHIN_CEILING, False),
        ({}, KnownErrorState.WITHIN_CEILING, False),
    ],
)
def test_what_a_registered_error_explains_is_put_down_to_it(
    detail: dict[str, str], state: KnownErrorState, right: bool
) -> None:
    truth = fault("checking.failed", f"area=economy; provider={','.join(FOUR)}", put_down_to="e-1")
    assert is_found(truth, finding("checking.failed", DELIVERY, **detail), error=state) is right


# ── what belongs to no fault ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "scope", "is_other"),
    [
        ("checking.failed", DELIVERY, False),
        ("checking.failed", DELIVERY.replace("101", "147"), True),
        ("control.substantial", "area=economy; figure=spending; provider=101", False),
        ("control.substantial", "area=economy; figure=spending; provider=101,147", False),
        ("control.substantial", "area=economy; figure=spending; provider=101,147,151", True),
        ("control.substantial", "area=school; figure=pupils; provider=101", True),
        ("control.substantial", "area=economy; provider=101", False),
        ("checking.could_not_run", "*", True),
        ("control.minimal", "area=school; figure=pupils; provider=101", False),  # info is never other
    ],
)
def test_other_are_findings_out_of_the_faults_reach(kind: str, scope: str, is_other: bool) -> None:
    scored = score(judgement(finding(kind, scope)), [fault("arrival.missing", DELIVERY)], KNOWN)
    assert bool(scored.other) is is_other


def test_a_month_without_faults_has_only_others() -> None:
    scored = score(judgement(finding("arrival.missing", DELIVERY)), [], KNOWN)
    assert score_view(scored)["counts"] == {"planted": 0, "found": 0, "missed": 0, "other": 1}


# ── truth files ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_truth_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no truth in"):
        read_truth(tmp_path / "truth.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "the list: Invalid JSON"),
        ('{"a": 1}', "the list: Input should be a valid"),
        ('[{"kind": "missing"}]', "0.where: Field required"),
    ],
)
def test_a_file_that_is_no_truth_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "truth.json"
    path.write_text(text)
    with pytest.raises(CouldNotRun) as refused:
        read_truth(path)
    assert f"{path} holds no truth: {said}" in refused.value.message
