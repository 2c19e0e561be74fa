"""Outcomes in; out, one finding for each check that failed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from loadgate.model.findings import Finding, Outcome, OutcomeState, RowsEvidence
from loadgate.model.kinds import Kind

_COLUMN = re.compile(r"\(([^();,]+)\)$")


def failures(outcomes: Iterable[Outcome]) -> list[Finding]:
    return [_failure(outcome) for outcome in outcomes if outcome.state is OutcomeState.FAIL]


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
            column=named.group(1) if named else None,
        ),
        check=outcome.check,
    )
