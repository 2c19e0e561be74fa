"""Findings and the register of planned changes in; findings that a plan fully explains are info, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loadgate.model.expected import PlannedChange
from loadgate.model.findings import CellsEvidence, Finding, GroupEvidence
from loadgate.model.kinds import Severity
from loadgate.model.period import Period
from loadgate.model.scope import Scope


def excuse(findings: Sequence[Finding], planned: Sequence[PlannedChange], *, period: Period) -> list[Finding]:
    """A finding fully inside a planned change (kind, scope, run period, effects) is info and names the plan.

    One that only overlaps it keeps its severity, and names the plan that it goes beyond.
    """
    return [_against(finding, planned, period) for finding in findings]


def _against(finding: Finding, planned: Sequence[PlannedChange], period: Period) -> Finding:
    due = [change for change in planned if change.kind is finding.kind and _open(change, period)]
    for change in due:
        if Scope.parse(change.scope).covers(finding.scope) and _as_expected(finding, change):
            detail = {**finding.detail, "planned": change.id}
            return replace(finding, severity=Severity.INFO, detail=detail)
    for change in due:
        if Scope.parse(change.scope).overlaps(finding.scope):
            return replace(finding, detail={**finding.detail, "beyond_plan": change.id})
    return finding


def _open(change: PlannedChange, period: Period) -> bool:
    return Period.parse(change.valid_from).start <= period.start <= Period.parse(change.valid_to).start


def _as_expected(finding: Finding, change: PlannedChange) -> bool:
    """Whether every effect lies in the planned range; an unknown effect lies in none."""
    match finding.evidence:
        case GroupEvidence(effect_min=low, effect_max=high) | CellsEvidence(difference_min=low, difference_max=high):
            pass
        case _:
            low = high = None
    if change.effect_min is not None and (low is None or low < change.effect_min):
        return False
    return change.effect_max is None or (high is not None and high <= change.effect_max)
