"""Planned checks and written outcomes in; out, every outcome, and a finding for each check that could not run."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from loadgate.model.findings import Check, Finding, Outcome, OutcomeState, RowsEvidence
from loadgate.model.identity import expected_id
from loadgate.model.kinds import KINDS, Kind
from loadgate.model.scope import Scope

NOT_WRITTEN = "not written"
DELIVERY_MISSING = "delivery missing"
DELIVERY_AWAITED = "delivery awaited"


def complete(
    planned: Sequence[Check], outcomes: Sequence[Outcome], *, missing: Collection[str], awaited: Collection[str] = ()
) -> tuple[list[Outcome], list[Finding]]:
    """Planned minus written is could-not-run, so a crash never passes.

    Out: the outcomes as written, plus one for each planned check without any: *not applicable* where all of its
    deliveries are missing (that is one finding already), else *could not run*; and the findings of the latter, with
    the reason. Those of deliveries that are `awaited` could not run yet.
    """
    written = {(outcome.check, outcome.scope) for outcome in outcomes}
    absent, due = frozenset(map(expected_id, missing)), frozenset(map(expected_id, awaited))
    whole = list(outcomes)
    for check in planned:
        if (check.id, check.scope) not in written:
            written.add((check.id, check.scope))
            late = DELIVERY_AWAITED if _lies_in(check.scope, due) else NOT_WRITTEN
            whole.append(_unwritten(check, DELIVERY_MISSING if _lies_in(check.scope, absent) else late))
    run_wide = {(check.id, check.scope) for check in planned if check.run_wide}
    findings = [
        _could_not_run(outcome, run_wide=(outcome.check, outcome.scope) in run_wide)
        for outcome in whole
        if outcome.state is OutcomeState.COULD_NOT_RUN
    ]
    return whole, findings


def _lies_in(scope: Scope, absent: frozenset[str]) -> bool:
    return scope.delivery is not None and frozenset(map(expected_id, scope.delivery)) <= absent


def _unwritten(check: Check, reason: str) -> Outcome:
    state = OutcomeState.NOT_APPLICABLE if reason == DELIVERY_MISSING else OutcomeState.COULD_NOT_RUN
    return Outcome(check=check.id, scope=check.scope, state=state, severity=check.severity, reason=reason)


def _could_not_run(outcome: Outcome, *, run_wide: bool) -> Finding:
    return Finding(
        kind=Kind.COULD_NOT_RUN,
        severity=KINDS[Kind.COULD_NOT_RUN].severity,
        scope=outcome.scope,
        evidence=RowsEvidence(rows_checked=0, rows_failed=0),
        check=outcome.check,
        detail=({"run_wide": "yes"} if run_wide else {}) | ({"reason": outcome.reason} if outcome.reason else {}),
    )
