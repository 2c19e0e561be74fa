"""Findings that nobody explains in; out, groups with one cause each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from loadgate.judging.known_errors import ERROR
from loadgate.judging.places import Group, together
from loadgate.judging.scopes import hull, providers_of, touched
from loadgate.model.findings import ArrivalEvidence, Cause, CauseKind, CellsEvidence, Finding
from loadgate.model.identity import part_id
from loadgate.model.kinds import Kind, Severity

# What a kind is about. A case goes on from month to month within its family: a late delivery may go missing.
FAMILIES: dict[Kind, str] = {
    Kind.MISSING: "absent",
    Kind.LATE: "absent",
    Kind.EMPTY: "absent",
    Kind.PROVIDER_ABSENT: "absent",
    Kind.UNEXPECTED: "unexpected",
    Kind.UNASSIGNED: "unassigned",
    Kind.DUPLICATE: "repeated",
    Kind.IMPOSTOR: "repeated",
    Kind.UNREADABLE_FILE: "unreadable",
    Kind.ENCODING: "unreadable",
    Kind.COLUMNS: "unreadable",
    Kind.COLUMNS_ADDED: "columns added",
    Kind.REJECTED_ROWS: "unreadable",
    Kind.UNREADABLE_VALUES: "unreadable",
    Kind.TRAILER: "unreadable",
    Kind.CHECK_FAILED: "check",
    Kind.KNOWN_ERROR_WORSE: "check",
    Kind.COULD_NOT_RUN: "could not run",
    Kind.UNLISTED_CELL: "unlisted",
    Kind.REPEATED_VALUE: "repeated value",
    Kind.CONTROL_MINIMAL: "control",
    Kind.CONTROL_SUBSTANTIAL: "control",
    Kind.RESTATED: "restated",
    Kind.CELLS_GONE: "restated",
    Kind.SHARED_RESTATEMENT: "shared restatement",
    Kind.SHARED_HISTORY: "shared history",
    Kind.TREND_GONE: "trend",
    Kind.TREND_FROZEN: "trend",
    Kind.TREND_FACTOR: "trend",
    Kind.TREND_DOUBLED: "trend",
    Kind.TREND_PARTIAL: "trend",
    Kind.TREND_OFFSET: "trend",
    Kind.TREND_SHIFT: "trend",
    Kind.KNOWN_ERROR_GONE: "known error gone",
    Kind.SHADOW_FAILED: "in shadow",
    Kind.SHADOW_COULD_NOT_RUN: "in shadow",
    Kind.SHADOW_KNOWN_ERROR: "in shadow",
}
# Families of load faults, where something that hits every part has one cause: ours.
_RUN_WIDE = frozenset({"absent", "repeated", "unreadable", "check", "could not run"})
# Such a file is not what it should be: what else is said of the delivery has the file as its cause.
_BROKEN = frozenset({Kind.UNREADABLE_FILE, Kind.ENCODING, Kind.COLUMNS, Kind.EMPTY, Kind.IMPOSTOR})
_FOLLOWS = frozenset({Kind.COULD_NOT_RUN, Kind.CHECK_FAILED, Kind.UNLISTED_CELL, Kind.PROVIDER_ABSENT})

_BY = (CauseKind.DELIVERY, CauseKind.PROVIDER, CauseKind.SYSTEM_VERSION, CauseKind.SYSTEM, CauseKind.FIGURE)
_NAMES = (
    CauseKind.DELIVERY,
    CauseKind.PROVIDER,
    CauseKind.SYSTEM_VERSION,
    CauseKind.SYSTEM,
    CauseKind.VENDOR,
    CauseKind.FIGURE,
)
CAUSE, MEMBERS = "cause", "members"  # keys in the detail of a finding that already is a pattern


def group(findings: Sequence[Finding], *, parts: Sequence[str]) -> list[Group]:
    """One group per cause.

    A pattern that detecting found is its own group. What a known error that got worse takes in goes with it, and what
    follows from a file that cannot be read goes with the file. The rest, family by family (checks and control sources
    apart), is explained greedily: by the delivery, provider, system version, system or figure that most findings
    share, the more specific on a tie. Two systems of one vendor with several findings each make it the vendor; load
    faults in every part are the run's. Deliveries that hold each other's rows are a pair. Groups at one place, one of
    which explains the others, are one (see `places`).
    """
    groups, rest = [], []
    worse: dict[str, list[Finding]] = defaultdict(list)
    for finding in sorted(findings, key=lambda found: found.id):
        if CAUSE in finding.detail:
            groups.append(Group(findings=(finding,), cause=_told_cause(finding)))
        elif ERROR in finding.detail:
            worse[finding.detail[ERROR]].append(finding)
        else:
            rest.append(finding)
    groups += [_group(members, parts) for members in worse.values()]
    for family, members in _bundles(rest):
        groups += _explain(family, members, parts)
    return together(groups)


def _told_cause(finding: Finding) -> Cause:
    members = finding.detail[MEMBERS].split(",")
    return Cause(kind=CauseKind(finding.detail[CAUSE]), members=tuple(sorted(members)))


def _bundles(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    broken = {
        delivery: FAMILIES[finding.kind]
        for finding in findings
        if _is_broken(finding)
        for delivery in finding.scope.delivery or ()
    }
    bundles: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        delivery = _single(finding, CauseKind.DELIVERY)
        family, apart = FAMILIES[finding.kind], ""
        if finding.kind in _FOLLOWS and delivery in broken:
            family = broken[delivery]
        elif family == "check":
            apart = finding.check or ""
        elif isinstance(finding.evidence, CellsEvidence):
            apart = finding.evidence.source or ""
        bundles[(family, apart)].append(finding)
    return [(family, bundles[(family, apart)]) for family, apart in sorted(bundles)]


def _is_broken(finding: Finding) -> bool:
    """Whether the file is at fault; of values that cannot be read, only where they are a large part of a column."""
    shifted = finding.kind is Kind.UNREADABLE_VALUES and finding.severity is Severity.CRITICAL
    return finding.kind in _BROKEN or shifted


def _explain(family: str, findings: Sequence[Finding], parts: Sequence[str]) -> list[Group]:
    if family == "unexpected":  # files that nobody announced have no system, and names that nobody gave them
        return [_strays(findings)]
    pairs = _exchanged(findings)
    if pairs:
        swapped = {finding.id for pair in pairs for finding in pair.findings}
        return [*pairs, *_explain(family, [one for one in findings if one.id not in swapped], parts)]
    found = _split(findings)
    if len(found) > 1 and family in _RUN_WIDE and len(parts) > 1:
        hit = frozenset().union(*(touched(finding.scope, parts) for finding in findings))
        if hit == frozenset(parts):
            return [_group(findings, parts)]
    return [_group(members, parts) for members in _by_vendor(found)]


def _exchanged(findings: Sequence[Finding]) -> list[Group]:
    """Pairs of deliveries that each hold what the other should: one mistake, of whoever named the files."""
    holds = {
        name: (finding, finding.evidence.like)
        for finding in findings
        if finding.kind is Kind.IMPOSTOR and isinstance(finding.evidence, ArrivalEvidence)
        for name in finding.scope.delivery or ()
    }
    pairs = []
    for name, (finding, like) in holds.items():
        other, back = holds.get(like or "", (finding, None))
        if back == name and finding.id < other.id:
            providers = (finding.scope.provider or frozenset()) | (other.scope.provider or frozenset())
            cause = Cause(kind=CauseKind.PROVIDER, members=tuple(sorted(providers)))
            pairs.append(Group(findings=(finding, other), cause=cause))
    return pairs


def _strays(findings: Sequence[Finding]) -> Group:
    names = frozenset().union(*(finding.scope.delivery or frozenset() for finding in findings))
    return Group(findings=tuple(findings), cause=Cause(kind=CauseKind.OTHER, members=tuple(sorted(names))))


def _split(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Take the value that most findings share, again and again; findings that name no single value stay together."""
    left = list(findings)
    found: list[list[Finding]] = []
    while left:
        sharing: dict[tuple[int, str], list[Finding]] = defaultdict(list)
        for finding in left:
            for place, kind in enumerate(_BY):
                value = _single(finding, kind)
                if value is not None:
                    sharing[(place, value)].append(finding)
        if not sharing:
            return [*found, left]
        chosen = min(sharing, key=lambda key: (-len(sharing[key]), key))
        found.append(sharing[chosen])
        taken = {finding.id for finding in sharing[chosen]}
        left = [finding for finding in left if finding.id not in taken]
    return found


def _by_vendor(found: Sequence[list[Finding]]) -> list[list[Finding]]:
    """Put those with several findings of one system together by vendor; no two of them are of the same system."""
    together: dict[str | int, list[Finding]] = defaultdict(list)
    for place, members in enumerate(found):
        vendor = _common(members, CauseKind.VENDOR)
        of_a_system = len(members) > 1 and _common(members, CauseKind.SYSTEM) is not None
        together[vendor if vendor is not None and of_a_system else place] += members
    return list(together.values())


def _group(findings: Sequence[Finding], parts: Sequence[str]) -> Group:
    ordered = tuple(sorted(findings, key=lambda finding: finding.id))
    return Group(findings=ordered, cause=_cause(ordered, parts))


def _cause(findings: Sequence[Finding], parts: Sequence[str]) -> Cause:
    """The most specific cause that covers them all; where an area has all the parts, it is the run."""
    for kind in _NAMES:
        value = _common(findings, kind)
        if value is not None:
            return Cause(kind=kind, members=(value,))
    hit = frozenset().union(*(touched(finding.scope, parts) for finding in findings))
    if len(parts) > 1 and hit == frozenset(parts):
        return Cause(kind=CauseKind.RUN, members=tuple(sorted(providers_of(parts))))
    area = _common(findings, CauseKind.AREA)
    if area is not None:
        return Cause(kind=CauseKind.AREA, members=(area,))
    providers = hull(finding.scope for finding in findings).provider
    return Cause(kind=CauseKind.OTHER, members=tuple(sorted(providers or ())))


def _common(findings: Sequence[Finding], kind: CauseKind) -> str | None:
    """The one value that all of them name, and nothing else."""
    values = {_single(finding, kind) for finding in findings}
    return next(iter(values)) if len(values) == 1 else None


def _single(finding: Finding, kind: CauseKind) -> str | None:
    """The one value that it names; of a version with its system, since two systems may both have a version 3.4."""
    values: frozenset[str] | None = getattr(finding.scope, kind)
    value = next(iter(values)) if values is not None and len(values) == 1 else None
    if kind is not CauseKind.SYSTEM_VERSION or value is None:
        return value
    system = _single(finding, CauseKind.SYSTEM)
    return None if system is None else part_id(system, value)
