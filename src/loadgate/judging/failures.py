"""Outcomes and the findings so far in; out, one finding for each failed check that nothing was said about yet."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from loadgate.model.findings import Finding, Outcome, OutcomeState, RowsEvidence
from loadgate.model.kinds import Kind
from loadgate.model.scope import Scope

_COLUMN = re.compile(r"\(([^();,]+)\)$")


def failures(outcomes: Iterable[Outcome], *, findings: Iterable[Finding]) -> list[Finding]:
    """Failed outcomes as findings. Where a room's own findings name the check, they say why it failed, and better."""
    told: dict[str, list[Scope]] = defaultdict(list)
    for finding in findings:
        if finding.check is not None:
            told[finding.check].append(finding.scope)
    return [
        _failure(outcome)
        for outcome in outcomes
        if outcome.state is OutcomeState.FAIL
        and not any(outcome.scope.overlaps(scope) for scope in told.get(outcome.check, ()))
    ]


def _failure(outcome: Outcome) -> Finding:
    named = _COLUMN.search(outcome.check)  # `dataset:not_be_null(column)`
    return Finding(
        kind=Kind.CHECK_FAILED,
        severity=outcome.severity,
        scope=outcome.scope,
        evidence=RowsEvidence(
            rows_checked=outcome.rows_checked or 0,
            rows_failed=outcome.rows_failed or 0,
            rows_undecided=outcome.rows_undecided or 0,
            rows_unmarked=outcome.rows_unmarked or 0,
            column=named.group(1) if named else None,
        ),
        check=outcome.check,
    )
