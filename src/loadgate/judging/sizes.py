"""Findings in; out, how much they are: a share of rows, of cells or of parts, or an effect, as fractions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import assert_never

from loadgate.judging.scopes import touched
from loadgate.model.findings import ArrivalEvidence, CellsEvidence, Finding, GroupEvidence, RowsEvidence

_DIGITS = 9  # floats are rounded before they decide


def significant(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def effect(finding: Finding) -> float | None:
    """The largest relative effect, without its sign; None where the evidence has none."""
    match finding.evidence:
        case GroupEvidence() as group:
            seen = (group.effect_min, group.effect_median, group.effect_max)
        case CellsEvidence() as cells:
            seen = (cells.difference_min, cells.difference_median, cells.difference_max)
        case RowsEvidence() | ArrivalEvidence():
            return None
        case _:
            assert_never(finding.evidence)
    known = [abs(value) for value in seen if value is not None]
    return max(known) if known else None


def count(finding: Finding) -> tuple[int, int]:
    """(hit, looked at): rows, or cells; a delivery that did not come as it should is one of one."""
    match finding.evidence:
        case RowsEvidence() as rows:
            return rows.rows_failed, rows.rows_checked
        case CellsEvidence() | GroupEvidence() as cells:
            return cells.cells, cells.eligible
        case ArrivalEvidence():
            return 1, 1
        case _:
            assert_never(finding.evidence)


def share(hit: int, seen: int) -> float:
    """Hit over seen; where nothing could be looked at, all of it is in doubt."""
    return min(1.0, hit / seen) if seen else 1.0


def case_size(findings: Sequence[Finding], parts: Sequence[str]) -> float:
    """What a waiver's ceiling is held against: the largest of effect, share of rows of one check, share of parts.

    Shares of parts count only for deliveries that did not come as they should.
    """
    sizes = [0.0, *(found for found in map(effect, findings) if found is not None)]
    sizes += _shares_of_rows(findings)
    absent = [finding for finding in findings if isinstance(finding.evidence, ArrivalEvidence)]
    if absent:
        hit = frozenset().union(*(touched(finding.scope, parts) for finding in absent))
        sizes.append(share(len(hit), len(parts)))
    return significant(max(sizes))


def _shares_of_rows(findings: Iterable[Finding]) -> list[float]:
    hits: dict[tuple[str, str | None], list[int]] = defaultdict(lambda: [0, 0])
    for finding in findings:
        if isinstance(finding.evidence, ArrivalEvidence) or effect(finding) is not None:
            continue
        hit, seen = count(finding)
        total = hits[(finding.kind, finding.check)]
        total[0] += hit
        total[1] += seen
    return [share(hit, seen) for hit, seen in hits.values()]
