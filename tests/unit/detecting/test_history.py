"""Restated history, cells gone, and what earlier runs make usual."""

from __future__ import annotations

import datetime as dt
import random
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


def times(one: Any, factor: float, *, providers: tuple[str, ...] | None = None) -> Any:
    chosen = one.providers if providers is None else providers
    counts = one.counts()
    return one.vintage(
        counts={key: round(count * factor) if key[0] in chosen else count for key, count in counts.items()}
    )


@pytest.mark.parametrize("runs", [0, 11, 12])
def test_counts_of_all_closed_periods_tenfold_are_critical_however_few_runs_are_known(panel: Any, runs: int) -> None:
    one = panel()

    (finding,) = of(one.detect(times(one, 10), history=year(one, runs=runs)), Kind.SHARED_HISTORY)

    assert finding.severity is Severity.CRITICAL
    assert finding.detail["cause"] == "run"
    assert finding.evidence.effect_median == pytest.approx(9)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("factor", "severity"),
    [(1.27, Severity.CRITICAL), (0.73, Severity.CRITICAL), (1.22, Severity.WARNING), (0.78, Severity.WARNING)],
)
def test_in_the_first_year_a_quarter_more_or_less_of_what_is_closed_is_critical_and_less_a_warning(
    panel: Any, factor: float, severity: Severity
) -> None:
    one = panel()

    (finding,) = of(one.detect(times(one, factor)), Kind.SHARED_HISTORY)

    assert finding.severity is severity


@pytest.mark.parametrize(("share", "said"), [(0.45, 0), (0.65, 1)])
def test_in_the_first_year_over_half_of_the_closed_cells_must_be_restated(panel: Any, share: float, said: int) -> None:
    one = panel()
    closed = one.starts[27]  # 53 periods before the newest, which is the 80th
    draw = random.Random(4)
    counts = {
        key: 10 * count if key[2] < closed and draw.random() < share else count for key, count in one.counts().items()
    }

    found = of(one.detect(one.vintage(counts=counts)), Kind.SHARED_HISTORY)

    assert [finding.severity for finding in found] == [Severity.CRITICAL] * said


def test_in_the_first_year_nothing_is_said_of_periods_that_fill_up(panel: Any) -> None:
    one = panel()
    closed = one.starts[27]
    counts = {key: 10 * count if key[2] >= closed else count for key, count in one.counts().items()}

    assert of(one.detect(one.vintage(counts=counts)), Kind.SHARED_HISTORY) == []


@pytest.mark.parametrize(
    ("providers", "cause", "severity"),
    [(("104",), "provider", Severity.WARNING), (("104", "109"), "other", Severity.CRITICAL)],
)
def test_one_providers_history_tenfold_is_a_warning_and_twos_is_critical(
    panel: Any, providers: tuple[str, ...], cause: str, severity: Severity
) -> None:
    one = panel()

    (finding,) = of(one.detect(times(one, 10, providers=providers)), Kind.SHARED_HISTORY)

    assert (finding.detail["cause"], finding.severity) == (cause, severity)
    assert finding.scope.provider == frozenset(providers)


def test_a_provider_that_lost_part_of_its_history_is_a_warning(panel: Any) -> None:
    one = panel()
    gone = (pl.col("provider") == "104") & (pl.col("reference_start") < one.starts[20])

    detected = one.detect(one.vintage().filter(~gone))

    (finding,) = of(detected, Kind.CELLS_GONE)
    assert finding.severity is Severity.WARNING
    assert finding.scope.provider == frozenset(["104"])
    assert finding.scope.figure == frozenset(one.names)
    assert finding.evidence.cells == 2 * 3 * 20  # type: ignore[union-attr]


def test_two_providers_that_lost_part_of_their_history_are_critical(panel: Any) -> None:
    one = panel()
    gone = pl.col("provider").is_in(["104", "109"]) & (pl.col("reference_start") < one.starts[20])

    (finding,) = of(one.detect(one.vintage().filter(~gone)), Kind.CELLS_GONE)

    assert finding.severity is Severity.CRITICAL
    assert finding.scope.provider == frozenset(["104", "109"])


@pytest.mark.parametrize(
    ("lost", "cause", "cells"),
    [
        (pl.col("reference_start") < dt.date(2024, 5, 20), "run", 12 * 2 * 3 * 20),
        (pl.col("figure") == "per_head", "figure", 12 * 3 * 80),
        (pl.col("cell") == "old", "figure", 12 * 2 * 80),
    ],
)
def test_periods_figures_and_cells_gone_at_all_providers_are_critical_from_the_first_run_on(
    panel: Any, lost: pl.Expr, cause: str, cells: int
) -> None:
    one = panel()

    detected = one.detect(one.vintage().filter(~lost))

    (finding,) = of(detected, Kind.CELLS_GONE)
    assert finding.severity is Severity.CRITICAL
    assert finding.detail["cause"] == cause
    assert finding.scope.provider == frozenset(one.providers)
    assert finding.evidence.cells == cells  # type: ignore[union-attr]
    told = of(detected, Kind.CELLS_GONE, summary=True)
    assert sum(each.evidence.cells for each in told) == cells  # type: ignore[union-attr]


def test_a_figure_of_which_a_provider_sends_nothing_is_gone_there(panel: Any) -> None:
    one = panel()
    lost = (pl.col("figure") == "per_head") & (pl.col("provider") == "104")

    (finding,) = of(one.detect(one.vintage().filter(~lost)), Kind.CELLS_GONE)

    assert finding.severity is Severity.WARNING
    assert (finding.scope.provider, finding.scope.figure) == (frozenset(["104"]), frozenset(["per_head"]))


def test_values_that_came_empty_are_gone(panel: Any) -> None:
    one = panel()
    empty = (pl.col("figure") == "per_head") & (pl.col("cell") == "old")
    value = pl.when(~empty).then(pl.col("value")).alias("value")

    (finding,) = of(one.detect(one.vintage().with_columns(value)), Kind.CELLS_GONE)

    assert (finding.scope.figure, finding.scope.cell) == (frozenset(["per_head"]), frozenset(["old"]))


@pytest.mark.parametrize(("new", "dropped", "said"), [(4, 6, 0), (4, 7, 1), (0, 4, 1)])
def test_a_window_that_moves_on_loses_nothing(panel: Any, new: int, dropped: int, said: int) -> None:
    one = panel()
    start = pl.col("reference_start")
    before = one.vintage().filter(start <= one.starts[79 - new])

    detected = one.detect(one.vintage().filter(start >= one.starts[dropped]), before)

    assert len(of(detected, Kind.CELLS_GONE)) == said
    assert len(of(detected, Kind.CELLS_GONE, summary=True)) == 2 * said


@pytest.mark.parametrize(("share", "said"), [(0.015, 0), (0.06, 1)])
def test_a_few_cells_gone_here_and_there_are_usual(panel: Any, share: float, said: int) -> None:
    one = panel()
    draw = random.Random(8)
    counts = {key: count for key, count in one.counts().items() if draw.random() >= share}

    assert len(of(one.detect(one.vintage(counts=counts)), Kind.CELLS_GONE)) == said


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
