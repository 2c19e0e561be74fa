"""What is only tried in a run, with what it found, in; out, findings that tell of it and change nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from loadgate.judging.known_errors import ERROR, ceiling_text, consult
from loadgate.judging.scopes import hull
from loadgate.judging.sizes import count
from loadgate.model.expected import KnownError
from loadgate.model.findings import Case, Finding, Outcome, RowsEvidence
from loadgate.model.judgement import KnownErrorVerdict
from loadgate.model.kinds import KINDS, Kind
from loadgate.model.scope import Scope
from loadgate.model.shadow import Shadow

WOULD = "would"  # key in the detail: what state a known error in shadow would be in
_AS_SHADOW = {Kind.CHECK_FAILED: Kind.SHADOW_FAILED, Kind.COULD_NOT_RUN: Kind.SHADOW_COULD_NOT_RUN}


def set_aside(
    findings: Sequence[Finding], outcomes: Sequence[Outcome], shadow: Shadow
) -> tuple[list[Finding], list[Outcome]]:
    """The same, with what the checks in shadow found told as such: `info`, of kinds that the gate only shows."""
    told = [_as_shadow(one) if one.check in shadow.checks else one for one in findings]
    marked = [replace(one, shadow=True) if one.check in shadow.checks else one for one in outcomes]
    return told, marked


def counting(register: Sequence[KnownError], shadow: Shadow) -> list[KnownError]:
    return [error for error in register if error.id not in shadow.errors]


def still_seen(open_cases: Sequence[Case], shadow: Shadow) -> list[Case]:
    """Open cases save those of checks that are in shadow now: they are neither followed nor resolved meanwhile."""
    return [case for case in open_cases if not (case.checks and shadow.checks.issuperset(case.checks))]


def would_take(
    register: Sequence[KnownError],
    shadow: Shadow,
    *,
    findings: Sequence[Finding],
    outcomes: Sequence[Outcome],
    provisional: bool,
) -> list[Finding]:
    """One finding for each known error in shadow: what would be put down to it if it, and all checks, counted."""
    if not shadow.errors:
        return []
    tried = {error.id: error for error in register if error.id in shadow.errors}
    by_id = {finding.id: finding for finding in findings}
    verdicts = consult(register, findings=findings, outcomes=outcomes, provisional=provisional).verdicts
    return [
        _told(tried[verdict.error], verdict, [by_id[name] for name in verdict.findings])
        for verdict in verdicts
        if verdict.error in tried and (verdict.findings or not provisional)
    ]


def _as_shadow(finding: Finding) -> Finding:
    kind = _AS_SHADOW.get(finding.kind)
    return finding if kind is None else replace(finding, kind=kind, severity=KINDS[kind].severity)


def _told(error: KnownError, verdict: KnownErrorVerdict, taken: Collection[Finding]) -> Finding:
    kind = Kind.SHADOW_KNOWN_ERROR
    counts = [count(finding) for finding in taken]
    return Finding(
        kind=kind,
        severity=KINDS[kind].severity,
        scope=hull(finding.scope for finding in taken) if taken else Scope.parse(error.scope),
        evidence=RowsEvidence(
            rows_checked=sum(checked for _, checked in counts), rows_failed=sum(hit for hit, _ in counts)
        ),
        check=error.id,
        detail={ERROR: error.id, WOULD: verdict.state.value, "ceiling": ceiling_text(error)},
    )
