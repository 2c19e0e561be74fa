"""Groups of findings and open cases in; out, this run's cases, with the numbers they already have, and the resolved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from loadgate.judging.grouping import FAMILIES
from loadgate.judging.places import Group
from loadgate.judging.scopes import hull, leaves_unseen, timeless
from loadgate.judging.sizes import case_size
from loadgate.model.findings import Case, CaseState, Finding, Outcome, OutcomeState
from loadgate.model.identity import key_of
from loadgate.model.judgement import Judgement, Reason
from loadgate.model.kinds import Kind, Severity
from loadgate.model.scope import Scope

WORSE_BY = 1.1  # a case that grew by up to a tenth goes on as it was: groups wobble between months


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """`resolved` are numbers of open cases that are over, in order; `merged` those of them that are another's now."""

    cases: tuple[Case, ...]
    resolved: tuple[int, ...]
    merged: tuple[tuple[int, int], ...]


def follow(
    groups: Sequence[Group],
    *,
    open_cases: Sequence[Case],
    findings: Sequence[Finding],
    outcomes: Sequence[Outcome],
    run: str,
    parts: Sequence[str],
    provisional: bool,
) -> Matched:
    """Match this run's groups to open cases, one to one, and say what became of each.

    They match by overlap of Scope, reference periods and the deliveries' periods aside, within one family of kinds
    and, where both name checks, a check in common; never by a hash. Files that nobody announced are one matter, as they
    are within a run. An open case is resolved when nothing overlaps it and what could have shown it was there and ran;
    or when all of it lies in a case that goes on under another number: several have become one. While provisional,
    none is.
    """
    fresh = [_new(group, run=run, parts=parts) for group in groups]
    pairs = _pair(fresh, open_cases)
    cases = [_continued(case, open_cases[pairs[place]], groups[place].findings, run) if place in pairs else case
             for place, case in enumerate(fresh)]  # fmt: skip
    taken = set(pairs.values())
    over = {} if provisional else _resolved(cases, open_cases, taken=taken, findings=findings, outcomes=outcomes)
    return Matched(
        cases=tuple(sorted(cases, key=_urgency)),
        resolved=tuple(sorted(over)),
        merged=tuple((number, into) for number, into in sorted(over.items()) if into is not None),
    )


def number_cases(judgement: Judgement, number: Callable[[Case], int]) -> Judgement:
    """The judgement with a number for every new case, in its cases and in its reasons."""
    cases = tuple(replace(case, number=number(case)) if case.number is None else case for case in judgement.cases)
    of_finding = {finding: case.number for case in cases for finding in case.findings}

    def told(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        return tuple(replace(reason, case=of_finding.get(reason.findings[0])) for reason in reasons)

    parts = tuple(replace(part, reasons=told(part.reasons)) for part in judgement.parts)
    return replace(judgement, cases=cases, reasons=told(judgement.reasons), parts=parts)


def case_origin(case: Case, *, run: str) -> str:
    """What made a new case: the same judgement stored twice makes it once."""
    return f"{run}/{case.cause.kind}/{key_of(sorted(case.findings))}"


def _new(group: Group, *, run: str, parts: Sequence[str]) -> Case:
    found = group.findings
    return Case(
        number=None,
        cause=group.cause,
        scope=hull(finding.scope for finding in found),
        severity=max((finding.severity for finding in found), key=lambda severity: severity.rank),
        findings=tuple(finding.id for finding in found),
        state=CaseState.NEW,
        first_seen=run,
        size=case_size(found, parts),
        kinds=tuple(sorted({finding.kind.value for finding in found})),
        checks=tuple(sorted({finding.check for finding in found if finding.check is not None})),
    )


def _continued(case: Case, earlier: Case, findings: Sequence[Finding], run: str) -> Case:
    before = timeless(earlier.scope)
    joined = tuple(finding.id for finding in findings if not before.overlaps(timeless(finding.scope)))
    grown = case.size > earlier.size * WORSE_BY or case.severity.rank > earlier.severity.rank
    grown = grown or bool(earlier.kinds and _families(case) - _families(earlier))
    as_before = CaseState.NEW if earlier.first_seen == run else CaseState.PERSISTING
    state = CaseState.WORSE if grown else as_before
    return replace(case, number=earlier.number, first_seen=earlier.first_seen, state=state, joined=joined)


def _pair(fresh: Sequence[Case], open_cases: Sequence[Case]) -> dict[int, int]:
    """Place of a case -> place of its open case; the likest pairs first, ties by the lower number."""
    earlier = [timeless(case.scope) for case in open_cases]
    scored = []
    for mine, case in enumerate(fresh):
        scope = timeless(case.scope)
        for theirs, candidate in enumerate(open_cases):
            strays = _about_strays(case) and _about_strays(candidate)  # their names are new each month
            if same_matter(case, candidate) and (strays or scope.overlaps(earlier[theirs])):
                same_kinds = set(case.kinds) == set(candidate.kinds)
                likeness = _likeness(scope, earlier[theirs])
                scored.append((-likeness, not same_kinds, candidate.number or 0, str(scope), mine, theirs))
    pairs: dict[int, int] = {}
    for *_, mine, theirs in sorted(scored):
        if mine not in pairs and theirs not in pairs.values():
            pairs[mine] = theirs
    return pairs


def same_matter(one: Case, other: Case) -> bool:
    """Whether two cases can be one: a family of kinds in common and, where both name checks, a check."""
    if _families(one).isdisjoint(_families(other)):
        return False
    return not one.checks or not other.checks or not set(one.checks).isdisjoint(other.checks)


def _families(case: Case) -> set[str]:
    return {FAMILIES[Kind(kind)] for kind in case.kinds}


def _likeness(one: Scope, other: Scope) -> float:
    """Mean over the dimensions that either restricts of shared over all values; 1 for the same box."""
    names = sorted(one.values.keys() | other.values.keys())
    if not names:
        return 1.0
    shares = []
    for name in names:
        mine, theirs = one.values.get(name), other.values.get(name)
        shares.append(len(mine & theirs) / len(mine | theirs) if mine is not None and theirs is not None else 0.0)
    return round(sum(shares) / len(shares), 9)


def _resolved(
    cases: Sequence[Case],
    open_cases: Sequence[Case],
    *,
    taken: set[int],
    findings: Sequence[Finding],
    outcomes: Sequence[Outcome],
) -> dict[int, int | None]:
    """Number of each open case that is over -> the number of the case that it is part of now, or None."""
    now = [(case, timeless(case.scope)) for case in cases]
    unseen = [timeless(finding.scope) for finding in findings if leaves_unseen(finding)]
    watched = frozenset[str]().union(*(case.checks for case in open_cases))
    unasked = [
        (outcome.check, timeless(outcome.scope))
        for outcome in outcomes
        if outcome.state is OutcomeState.NOT_APPLICABLE and outcome.check in watched
    ]
    over: dict[int, int | None] = {}
    for place, earlier in enumerate(open_cases):
        if place in taken or earlier.number is None:
            continue
        scope = timeless(earlier.scope)
        going_on = [(case, box) for case, box in now if same_matter(case, earlier) and box.overlaps(scope)]
        into = next((case.number for case, box in going_on if box.covers(scope)), None)
        hidden = any(box.overlaps(scope) for box in unseen) or any(
            check in earlier.checks and box.overlaps(scope) for check, box in unasked
        )
        if (not going_on or into is not None) and (not hidden or _about_absence(earlier)):
            over[earlier.number] = into
    return over


def _about_strays(case: Case) -> bool:
    return all(kind == Kind.UNEXPECTED for kind in case.kinds)


def _about_absence(case: Case) -> bool:
    return all(FAMILIES[Kind(kind)] in ("absent", "could not run") for kind in case.kinds)


def _urgency(case: Case) -> tuple[int, float, float, str]:
    number = float("inf") if case.number is None else case.number
    return list(Severity)[::-1].index(case.severity), -case.size, number, str(case.scope)
