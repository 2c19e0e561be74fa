"""Restated history, cells gone, and what earlier runs make usual."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from loadgate.detecting import history as past
from loadgate.detecting.systematic import Detected
from loadgate.model.findings import CellsEvidence, Finding
from loadgate.model.kinds import Kind, Severity


def of(detected: Detected, kind: Kind, *, summary: bool = False) -> list[Finding]:
    return [f for f in detected.findings if f.kind is kind and (f.check == "summary") is summary]


def year(one: Any, runs: int = 12, restated: float = 0.05) -> list[pl.DataFrame]:
    return [one.detect(one.vintage(counts=one.counts(restated=restated, seed=run))).history for run in range(runs)]


def test_a_tenth_of_all_history_restated_after_a_quiet_year_is_one_warning(panel: Any) -> None:
    one = panel()

    (finding,) = of(one.detect(one.vintage(counts=one.counts(restated=0.5)), history=year(one)), Kind.SHARED_HISTORY)

    assert finding.severity is Severity.WARNING
    assert finding.detail["cause"] == "run"
    assert finding.scope.figure == frozenset(["counted"])


def test_as_much_as_in_other_runs_is_no_finding(panel: Any) -> None:
    one = panel()

    detected = one.detect(one.vintage(counts=one.counts(restated=0.05, seed=99)), history=year(one))

    assert of(detected, Kind.SHARED_HISTORY) == []


def test_before_a_year_of_runs_nothing_is_said_of_history(panel: Any) -> None:
    one = panel()

    detected = one.detect(one.vintage(counts=one.counts(restated=0.5)), history=year(one, runs=11))

    assert of(detected, Kind.SHARED_HISTORY) == []


def test_one_provider_that_restates_its_history_is_info(panel: Any) -> None:
    one = panel()
    old, new = one.counts(), one.counts(restated=0.9)
    counts = {key: (new if key[0] == "104" else old)[key] for key in old}

    (finding,) = of(one.detect(one.vintage(counts=counts), history=year(one)), Kind.SHARED_HISTORY)

    assert finding.severity is Severity.INFO
    assert finding.scope.provider == frozenset(["104"])


def test_a_provider_that_lost_part_of_its_history_is_a_warning(panel: Any) -> None:
    one = panel()
    gone = (pl.col("provider") == "104") & (pl.col("reference_start") < one.starts[20])

    detected = one.detect(one.vintage().filter(~gone), history=year(one))

    (finding,) = of(detected, Kind.CELLS_GONE)
    assert finding.severity is Severity.WARNING
    assert finding.scope.provider == frozenset(["104"])
    assert finding.scope.figure == frozenset(one.names)
    assert finding.evidence.cells == 2 * 3 * 20  # type: ignore[union-attr]


def test_a_provider_that_did_not_come_is_not_gone(panel: Any) -> None:
    one = panel()

    assert one.detect(one.vintage().filter(pl.col("provider") != "104"), history=year(one)).findings == ()


def test_summaries_count_what_was_restated_and_what_is_gone(panel: Any) -> None:
    one = panel()
    counts = one.counts()
    key = ("104", "young", one.starts[3])
    counts[key] += 5
    del counts["105", "old", one.starts[7]]

    detected = one.detect(one.vintage(counts=counts))

    told = {
        (f.kind, *sorted(f.scope.figure or ())): (f.evidence.cells, f.evidence.first, f.severity)  # type: ignore[union-attr]
        for f in detected.findings
    }
    assert told == {
        (Kind.RESTATED, "counted"): (1, "2024-W04", Severity.INFO),
        (Kind.RESTATED, "per_head"): (1, "2024-W04", Severity.INFO),
        (Kind.CELLS_GONE, "counted"): (1, "2024-W08", Severity.INFO),
        (Kind.CELLS_GONE, "per_head"): (1, "2024-W08", Severity.INFO),
    }
    (evidence,) = [f.evidence for f in detected.findings if f.id == of(detected, Kind.RESTATED, summary=True)[0].id]
    assert isinstance(evidence, CellsEvidence)
    assert evidence.source == "2025-12"


def test_history_says_how_much_each_band_was_restated(panel: Any) -> None:
    one = panel()
    counts = one.counts()
    for provider in one.providers[:6]:
        counts[provider, "all", one.starts[-1]] += 1

    table = one.detect(one.vintage(counts=counts)).history.filter(pl.col("signature") == "restated_history")

    assert table.select("band", "eligible", "hits").rows() == [
        ("0-1", 2 * 36, 6),
        ("13-52", 40 * 36, 0),
        ("2-4", 3 * 36, 0),
        ("5-12", 8 * 36, 0),
        ("53+", 27 * 36, 0),
    ]


@pytest.mark.parametrize(
    ("runs", "rate"),
    [((), 0.01), ((0.3,), 0.01), ((0.3,) * 3, 0.01), ((0.3,) * 4, 0.9), ((0.33,) * 4, 0.95), ((0.4,) * 4, None)],
)
def test_usual_is_three_times_what_most_runs_show(runs: tuple[float, ...], rate: float | None) -> None:
    found = past.usual({("f", ""): runs}, ("f", ""), floor=0.01)

    assert found == (None if rate is None else pytest.approx(rate))


def test_the_worst_of_a_year_is_half_again_the_worst_share() -> None:
    seen = {("f", "0"): [0.01] * 11 + [0.2], ("f", "1"): [0.2] * 11, ("f", "2"): [0.8] * 12, ("f", "3"): [0.0] * 12}

    rates = [past.worst(seen, ("f", band), floor=0.02) for band in "0123"]

    assert rates == [pytest.approx(0.3), None, 0.9, 0.02]
