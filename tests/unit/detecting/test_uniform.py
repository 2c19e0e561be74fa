"""A provider whose old periods all moved alike is told, though too few runs are known to say what is usual."""

from __future__ import annotations

from typing import Any

import pytest

from loadgate.model.findings import Finding
from loadgate.model.kinds import Kind, Severity


def restated(one: Any, factor: float, providers: tuple[str, ...], *, newest: int = 0) -> list[Finding]:
    """Findings where these providers' counts are multiplied, but for so many of the newest periods."""
    big = {key: 40 * count for key, count in one.counts().items()}
    old = one.starts[: len(one.starts) - newest]
    now = {key: round(count * factor) if key[0] in providers and key[2] in old else count for key, count in big.items()}
    detected = one.detect(one.vintage(counts=now), one.vintage(counts=big))
    return [found for found in detected.findings if found.kind is Kind.SHARED_HISTORY]


@pytest.mark.parametrize("weeks", [8, 13, 40])
def test_a_tenth_on_all_old_periods_of_one_provider_is_a_warning(panel: Any, weeks: int) -> None:
    (finding,) = restated(panel(weeks=weeks), 1.1, ("104",), newest=1)

    assert finding.severity is Severity.WARNING
    assert finding.scope.provider == frozenset(["104"])
    assert finding.evidence.effect_median == pytest.approx(0.1, abs=0.01)  # type: ignore[union-attr]


def test_several_providers_of_one_vendor_are_one_finding(panel: Any) -> None:
    own = ("101", "102", "103", "104")
    one = panel(weeks=13, vendors=dict.fromkeys(own, "suedwind"))

    (finding,) = restated(one, 1.1, own, newest=1)

    assert finding.scope.provider == frozenset(own)
    assert finding.detail["cause"] in ("vendor", "system")


@pytest.mark.parametrize("factor", [1.0, 1.004])
def test_old_periods_that_moved_by_less_than_a_hundredth_are_no_finding(panel: Any, factor: float) -> None:
    assert restated(panel(weeks=13), factor, ("104",)) == []


def test_young_periods_alone_are_no_finding(panel: Any) -> None:
    one = panel(weeks=13)
    big = {key: 40 * count for key, count in one.counts().items()}
    young = {key: round(1.1 * count) if key[2] in one.starts[-4:] else count for key, count in big.items()}

    detected = one.detect(one.vintage(counts=young), one.vintage(counts=big))

    assert [found for found in detected.findings if found.kind is Kind.SHARED_HISTORY] == []


def test_where_every_sum_has_the_other_sign_nothing_can_be_said_of_its_size(panel: Any) -> None:
    one = panel(weeks=13)

    assert restated(one, -1.0, tuple({provider for provider, *_ in one.counts()})) == []


def test_who_moved_alike_in_fewer_cells_does_not_part_a_shift_of_all(panel: Any) -> None:
    one = panel(weeks=13)
    big = {key: 40 * count for key, count in one.counts().items()}
    some = {"104": "young", "105": "young", "106": "old"}  # what of them stayed as it was
    now = {key: count if some.get(key[0]) == key[1] else round(1.1 * count) for key, count in big.items()}

    detected = one.detect(one.vintage(counts=now), one.vintage(counts=big))

    (finding,) = [found for found in detected.findings if found.kind is Kind.SHARED_HISTORY]
    assert finding.detail["cause"] == "run"
    assert finding.scope.provider == frozenset(one.providers)
