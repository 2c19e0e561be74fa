"""The known-error register, findings and outcomes in; out, a verdict per error, and findings put down to errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from loadgate.judging.scopes import hull, leaves_unseen
from loadgate.judging.sizes import count, effect, share, significant
from loadgate.model.expected import KnownError
from loadgate.model.findings import Finding, Outcome, OutcomeState, RowsEvidence
from loadgate.model.judgement import KnownErrorState, KnownErrorVerdict
from loadgate.model.kinds import KINDS, Kind
from loadgate.model.scope import Scope

_SLACK = 1 + 1e-9  # a limit that is met exactly is kept, whatever the last bit says
_RAN = (OutcomeState.PASS, OutcomeState.FAIL)
ERROR = "known_error"  # key in a finding's detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """`findings` are those handed in, marked with their error, plus one for each error that is worse or gone."""

    verdicts: tuple[KnownErrorVerdict, ...]
    findings: tuple[Finding, ...]
    explained: Mapping[str, KnownError]  # finding id -> the error that it is put down to


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What belongs to one error in this run. `ran`: everything that could show it was looked at."""

    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    ran: bool


def consult(
    register: Sequence[KnownError], *, findings: Sequence[Finding], outcomes: Sequence[Outcome], provisional: bool
) -> Registered:
    """Hold the register against a run. Ceilings span files: all deliveries in an error's Scope are summed.

    A finding belongs to the most specific error whose Scope covers it, so what a provider's own error explains does
    not count against its system's. Within its ceiling, an error explains its findings; above, it explains none.
    An error is *no longer seen* only when all that could show it ran. While provisional, none is.
    """
    ordered = sorted(register, key=_specificity)
    scopes = {error.id: Scope.parse(error.scope) for error in ordered}
    mine = _assign(ordered, scopes, findings)
    ran = _assign_outcomes(ordered, scopes, outcomes)
    verdicts: list[KnownErrorVerdict] = []
    marks: dict[str, str] = {}
    explained: dict[str, KnownError] = {}
    added: list[Finding] = []
    for error in register:
        seen = _Seen(
            findings=tuple(mine[error.id]),
            outcomes=tuple(ran[error.id]),
            ran=not provisional and _all_ran(error, scopes[error.id], findings, outcomes),
        )
        verdict = _verdict(error, seen)
        verdicts.append(verdict)
        if verdict.state in (KnownErrorState.WITHIN_CEILING, KnownErrorState.WORSE):
            marks |= dict.fromkeys(verdict.findings, error.id)
        if verdict.state is KnownErrorState.WITHIN_CEILING:
            explained |= dict.fromkeys(verdict.findings, error)
        elif verdict.state is KnownErrorState.WORSE:
            added.append(_told(error, Kind.KNOWN_ERROR_WORSE, hull(f.scope for f in seen.findings), seen))
        elif verdict.state is KnownErrorState.NO_LONGER_SEEN:
            added.append(_told(error, Kind.KNOWN_ERROR_GONE, scopes[error.id], seen))
    marked = [_mark(finding, marks.get(finding.id)) for finding in findings]
    return Registered(verdicts=tuple(verdicts), findings=(*marked, *added), explained=explained)


def _specificity(error: KnownError) -> tuple[int, int, str]:
    values = Scope.parse(error.scope).values
    return -len(values), sum(map(len, values.values())), error.id


def _fits(error: KnownError, finding: Finding) -> bool:
    if error.check is not None:
        return finding.kind is Kind.CHECK_FAILED and finding.check == error.check
    return finding.kind is error.kind


def _assign(
    ordered: Sequence[KnownError], scopes: Mapping[str, Scope], findings: Sequence[Finding]
) -> Mapping[str, list[Finding]]:
    mine: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        owners = (e for e in ordered if _fits(e, finding) and scopes[e.id].covers(finding.scope))
        owner = next(owners, None)
        if owner is not None:
            mine[owner.id].append(finding)
    return mine


def _assign_outcomes(
    ordered: Sequence[KnownError], scopes: Mapping[str, Scope], outcomes: Sequence[Outcome]
) -> Mapping[str, list[Outcome]]:
    checks = {error.check for error in ordered}
    mine: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.check not in checks or outcome.state not in _RAN:
            continue
        owners = (e for e in ordered if e.check == outcome.check and scopes[e.id].covers(outcome.scope))
        owner = next(owners, None)
        if owner is not None:
            mine[owner.id].append(outcome)
    return mine


def _all_ran(error: KnownError, scope: Scope, findings: Sequence[Finding], outcomes: Sequence[Outcome]) -> bool:
    """Whether the error would have been seen: its check ran on some rows, everywhere, and left none undecided.

    What fits the error and lies only partly in its Scope may be the error: it is not put down to it, nor gone.
    """
    if any(_fits(error, f) and scope.overlaps(f.scope) and not scope.covers(f.scope) for f in findings):
        return False
    if error.check is not None:
        where = [outcome for outcome in outcomes if outcome.check == error.check and scope.overlaps(outcome.scope)]
        looked = any(outcome.rows_checked != 0 for outcome in where)
        return looked and all(outcome.state in _RAN and not outcome.rows_undecided for outcome in where)
    return not any(
        finding.kind is not error.kind and leaves_unseen(finding) and scope.overlaps(finding.scope)
        for finding in findings
    )


def _verdict(error: KnownError, seen: _Seen) -> KnownErrorVerdict:
    limit = next(v for v in (error.ceiling.rows, error.ceiling.share, error.ceiling.effect) if v is not None)
    size: float | None = _size(error, seen)
    if seen.findings:
        within = size is not None and size <= limit * _SLACK
        state = KnownErrorState.WITHIN_CEILING if within else KnownErrorState.WORSE
    elif seen.ran:
        state, size = KnownErrorState.NO_LONGER_SEEN, 0.0
    else:
        state, size = KnownErrorState.NOT_CHECKED, None
    ids = tuple(sorted(finding.id for finding in seen.findings))
    return KnownErrorVerdict(error=error.id, state=state, size=size, ceiling=float(limit), findings=ids)


def _size(error: KnownError, seen: _Seen) -> float:
    """In the ceiling's unit. Rows have no effect of their own: there an effect is their share."""
    counts = [count(finding) for finding in seen.findings]
    hit = sum(found for found, _ in counts)
    if error.ceiling.rows is not None:
        return float(hit)
    if error.ceiling.effect is not None:
        effects = [found for found in map(effect, seen.findings) if found is not None]
        if effects:
            return significant(max(effects))
    # clean deliveries in the error's Scope belong to the share, so the outcomes count, not only the findings
    looked = sum(outcome.rows_checked or 0 for outcome in seen.outcomes)
    return significant(share(hit, max(looked, sum(checked for _, checked in counts))))


def _told(error: KnownError, kind: Kind, scope: Scope, seen: _Seen) -> Finding:
    counts = [count(finding) for finding in seen.findings]
    looked = sum(outcome.rows_checked or 0 for outcome in seen.outcomes)
    return Finding(
        kind=kind,
        severity=KINDS[kind].severity,
        scope=scope,
        evidence=RowsEvidence(
            rows_checked=max(looked, sum(checked for _, checked in counts)), rows_failed=sum(hit for hit, _ in counts)
        ),
        check=error.id,  # so that two errors with one Scope keep two findings
        detail={ERROR: error.id, "ceiling": ceiling_text(error)},
    )


def ceiling_text(error: KnownError) -> str:
    """Rows as a count, shares and effects in per cent."""
    if error.ceiling.rows is not None:
        return str(error.ceiling.rows)
    return f"{100 * (error.ceiling.share or error.ceiling.effect or 0):.9g} %"


def _mark(finding: Finding, error: str | None) -> Finding:
    return finding if error is None else replace(finding, detail={**finding.detail, ERROR: error})
