"""Groups of findings, each with its own cause, in; out, those that stand at one place put together.

What a delivery's file does to its figures is found again and again: values that cannot be read, rows that fail a check,
figures that are empty, gone, or away from their control figures. It is told once, with the file's fault as its cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain

from loadgate.judging.sizes import count, effect
from loadgate.model.findings import Cause, Finding
from loadgate.model.kinds import Kind, Severity

SAME = 0.5  # of the providers that either names: as in a score, the same place; beyond it two causes are likelier
MOST = 0.5  # of the rows that a check looked at: from here on not some rows are at fault, but the file
LIKE = 2  # a deviation from a control figure is what a trend shows where neither is more than twice the other

_FILE = frozenset(
    {
        Kind.UNREADABLE_FILE,
        Kind.ENCODING,
        Kind.COLUMNS,
        Kind.EMPTY,
        Kind.IMPOSTOR,
        Kind.DUPLICATE,
        Kind.REJECTED_ROWS,
        Kind.TRAILER,
    }
)
_HISTORY = frozenset({Kind.SHARED_HISTORY, Kind.CELLS_GONE})
_CONTROL = frozenset({Kind.CONTROL_MINIMAL, Kind.CONTROL_SUBSTANTIAL})
_FIGURES = frozenset({Kind.RESTATED, Kind.UNLISTED_CELL}) | _HISTORY | _CONTROL


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings with one cause, in id order."""

    findings: tuple[Finding, ...]
    cause: Cause


class Rank(IntEnum):
    """How near to the file a group is: a nearer one explains a farther one."""

    FILE = 0
    ROWS = 1
    TREND = 2
    FIGURES = 3
    APART = 4


def together(groups: Sequence[Group]) -> list[Group]:
    """The same findings in fewer groups: of one dataset and nearly the same providers, where one explains another.

    A broken file, and a check that most of its rows fail, explain all that its figures show; a trend explains another
    one, what became of the history, and deviations from control figures of its own size; of the history, what is
    restated and what is gone are one. The group that is nearest to
    the file, then the most serious and widest, gives the cause.
    """
    roots: list[list[int]] = []
    for place in sorted(range(len(groups)), key=lambda place: _order(groups[place])):
        root = next((root for root in roots if _explains(groups[root[0]], groups[place])), None)
        if root is None:
            roots.append([place])
        else:
            root.append(place)
    return [_joined([groups[place] for place in root]) for root in sorted(roots)]


def _joined(groups: Sequence[Group]) -> Group:
    findings = tuple(sorted(chain.from_iterable(group.findings for group in groups), key=lambda finding: finding.id))
    return Group(findings=findings, cause=groups[0].cause)


def _order(group: Group) -> tuple[int, int, int, str]:
    severity = max(finding.severity.rank for finding in group.findings)
    return _rank(group), -severity, -len(_providers(group) or ()), group.findings[0].id


def _rank(group: Group) -> Rank:
    return min(map(_rank_of, group.findings))


def _rank_of(finding: Finding) -> Rank:
    if finding.kind in _FILE or (finding.kind is Kind.UNREADABLE_VALUES and finding.severity is Severity.CRITICAL):
        return Rank.FILE
    if finding.kind is Kind.CHECK_FAILED:
        hit, seen = count(finding)
        return Rank.ROWS if hit and hit >= MOST * seen else Rank.APART
    if finding.kind.value.startswith("trend."):
        return Rank.TREND
    return Rank.FIGURES if finding.kind in _FIGURES else Rank.APART


def _explains(root: Group, other: Group) -> bool:
    mine, theirs = _rank(root), _rank(other)
    if theirs is Rank.APART or mine > Rank.FIGURES or not _same_place(root, other):
        return False
    if mine < Rank.TREND:
        return True
    if mine is Rank.FIGURES:
        return _is_history(root) and _is_history(other)
    if theirs is Rank.TREND or _is_history(other):
        return True
    return all(finding.kind in _CONTROL for finding in other.findings) and _alike(root, other)


def _is_history(group: Group) -> bool:
    return all(finding.kind in _HISTORY for finding in group.findings)


def _same_place(one: Group, other: Group) -> bool:
    datasets = {finding.scope.dataset for finding in (*one.findings, *other.findings)}
    mine, theirs = _providers(one), _providers(other)
    if len(datasets) > 1 or None in datasets or mine is None or theirs is None:
        return False
    return len(mine & theirs) >= SAME * len(mine | theirs)


def _providers(group: Group) -> frozenset[str] | None:
    """All that it names; None where a finding names none, and so means all."""
    named = [finding.scope.provider for finding in group.findings]
    known = [providers for providers in named if providers is not None]
    return frozenset().union(*known) if len(known) == len(named) else None


def _alike(one: Group, other: Group) -> bool:
    mine, theirs = (max((effect(finding) or 0.0 for finding in group.findings), default=0.0) for group in (one, other))
    return 0 < mine <= LIKE * theirs and theirs <= LIKE * mine
