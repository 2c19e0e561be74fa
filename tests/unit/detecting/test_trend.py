"""A provider that leaves the others' course is told, as info."""

from __future__ import annotations

from typing import Any

import pytest

from loadgate.model.findings import Finding
from loadgate.model.kinds import Kind, Severity


def trends(one: Any, factor: float, *, provider: str = "104", weeks_back: int = 2, scale: int = 40) -> list[Finding]:
    """Findings when one provider's total of one week is multiplied; everybody moves together otherwise."""
    counts = {key: scale * count for key, count in one.counts().items()}
    key = (provider, "all", one.starts[-1 - weeks_back])
    before = one.vintage(counts=counts)
    counts[key] = max(1, round(counts[key] * factor))
    detected = one.detect(one.vintage(counts=counts), before)
    return [finding for finding in detected.findings if finding.kind is Kind.TREND]


def test_providers_that_move_together_are_no_finding(panel: Any) -> None:
    assert trends(panel(), 1.0) == []


@pytest.mark.parametrize("factor", [0.1, 5.0])
def test_one_that_leaves_the_course_is_info(panel: Any, factor: float) -> None:
    one = panel()

    (finding,) = trends(one, factor)

    assert finding.severity is Severity.INFO
    assert finding.scope.provider == frozenset(["104"])
    assert str(finding.scope.reference) == "2025-W26"


def test_a_period_that_is_not_settled_is_not_judged(panel: Any) -> None:
    assert trends(panel(), 5.0, weeks_back=1) == []


def test_small_counts_are_not_judged(panel: Any) -> None:
    assert trends(panel(), 0.01) == []


def test_too_few_providers_have_no_common_course(panel: Any) -> None:
    assert trends(panel(providers=("101", "102", "103", "104", "105", "106")), 5.0) == []
