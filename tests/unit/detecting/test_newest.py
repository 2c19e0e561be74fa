"""What is wrong in the newest month is named once, as widely as it holds; a month in which nothing is says nothing."""

from __future__ import annotations

import datetime as dt
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

from loadgate.model.findings import Finding, GroupEvidence
from loadgate.model.kinds import Kind, Severity

MONEY, CARE = ("spending", "income"), ("visits", "hours", "endings")
OWN = "217"


@pytest.fixture(scope="module")
def months() -> ModuleType:
    spec = importlib.util.spec_from_file_location("newest_panel", Path(__file__).with_name("newest_panel.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["newest_panel"] = module
    spec.loader.exec_module(module)
    return module


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


def effect(finding: Finding) -> float:
    assert isinstance(finding.evidence, GroupEvidence)
    assert finding.evidence.effect_median is not None
    return finding.evidence.effect_median


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_month_like_the_others_says_nothing(months: ModuleType, seed: int) -> None:
    assert months.Months(seed=seed).found() == []


@pytest.mark.parametrize(("times", "named"), [(1000, "1000"), (100, "100"), (0.01, "1/100"), (-1, "-1")])
def test_amounts_off_by_a_factor_are_named_with_it(months: ModuleType, times: float, named: str) -> None:
    finding = only(months.Months().plant(MONEY, (OWN,), times).found())

    assert finding.kind is Kind.TREND_FACTOR
    assert finding.severity is Severity.WARNING
    assert finding.detail == {"cause": "provider", "members": OWN, "factor": named}
    assert finding.scope.provider == frozenset([OWN])
    assert finding.scope.figure == frozenset(MONEY)
    assert str(finding.scope.reference) == "2026-10"


def test_a_whole_system_off_by_a_factor_is_one_critical_finding(months: ModuleType) -> None:
    finding = only(months.Months().plant(MONEY, months.NORTH, 1000).found())

    assert (finding.kind, finding.severity) == (Kind.TREND_FACTOR, Severity.CRITICAL)
    assert finding.detail["cause"] in ("system", "vendor")
    assert finding.scope.provider == frozenset(months.NORTH)


@pytest.mark.parametrize(("times", "kind"), [(2, Kind.TREND_DOUBLED), (0.4, Kind.TREND_PARTIAL)])
def test_all_that_a_dataset_counts_twice_or_in_part_is_named(months: ModuleType, times: float, kind: Kind) -> None:
    finding = only(months.Months().plant(CARE, (OWN,), times).found())

    assert (finding.kind, finding.severity) == (kind, Severity.WARNING)
    assert finding.scope.dataset == frozenset(["care"])
    assert effect(finding) == pytest.approx(times - 1, abs=0.1)


def test_everybody_at_once_is_said_once(months: ModuleType) -> None:
    finding = only(months.Months(season=0.05).plant(CARE, months.PROVIDERS, 2).found())

    assert (finding.kind, finding.severity) == (Kind.TREND_DOUBLED, Severity.CRITICAL)
    assert finding.detail["cause"] == "area"
    assert len(finding.scope.provider or ()) == len(months.PROVIDERS)


def test_what_always_held_something_and_is_empty_is_gone(months: ModuleType) -> None:
    finding = only(months.Months().plant(("endings",), (OWN,), 0).found())

    assert (finding.kind, finding.severity) == (Kind.TREND_GONE, Severity.WARNING)
    assert finding.scope.figure == frozenset(["endings"])
    assert finding.scope.provider == frozenset([OWN])


def test_what_is_gone_in_a_whole_system_is_one_finding(months: ModuleType) -> None:
    finding = only(months.Months().plant(("endings",), months.NORTH, 0).found())

    assert finding.kind is Kind.TREND_GONE
    assert finding.scope.provider == frozenset(months.NORTH)


def test_a_delivery_of_which_nothing_came_is_left_to_arrival(months: ModuleType) -> None:
    gone = months.Months().plant(CARE, (OWN,), 0)

    assert gone.found(silent={("care", OWN)}) == []


def test_last_months_values_again_are_frozen(months: ModuleType) -> None:
    finding = only(months.Months().repeat(CARE, OWN).found())

    assert (finding.kind, finding.severity) == (Kind.TREND_FROZEN, Severity.WARNING)
    assert finding.scope.figure == frozenset(CARE)


def test_a_small_providers_values_again_are_frozen_too(months: ModuleType) -> None:
    drawn = months.Months()
    smallest = min(months.PROVIDERS, key=lambda one: drawn.values["visits"][:, months.PROVIDERS.index(one)].sum())

    finding = only(drawn.repeat(CARE, smallest).found())

    assert (finding.kind, finding.scope.provider) == (Kind.TREND_FROZEN, frozenset([smallest]))


def test_one_large_providers_late_month_of_the_past_hides_no_loss_of_a_smaller_one(months: ModuleType) -> None:
    drawn = months.Months()
    by_size = sorted(months.PROVIDERS, key=lambda one: drawn.values["visits"][:, months.PROVIDERS.index(one)].sum())
    for name in CARE:
        drawn.values[name][:, months.PROVIDERS.index(by_size[-1]), 15] //= 2

    finding = only(drawn.plant(CARE, (by_size[3],), 0.3).found())

    assert (finding.kind, finding.scope.provider) == (Kind.TREND_PARTIAL, frozenset([by_size[3]]))


def test_half_of_a_cell_on_its_neighbour_is_an_offset_of_the_two(months: ModuleType) -> None:
    finding = only(months.Months().move("spending", OWN, giver="b", taker="c").found())

    assert (finding.kind, finding.severity) == (Kind.TREND_OFFSET, Severity.WARNING)
    assert finding.scope.cell == frozenset(["b", "c"])
    assert effect(finding) == pytest.approx(-0.5, abs=0.1)


def test_all_of_a_cell_on_its_neighbour_is_an_offset_and_not_gone(months: ModuleType) -> None:
    finding = only(months.Months().move("spending", OWN, giver="b", taker="c", share=1).found())

    assert finding.kind is Kind.TREND_OFFSET
    assert finding.scope.cell == frozenset(["b", "c"])


def test_what_makes_its_neighbour_ten_times_as_large_is_an_offset_and_no_factor(months: ModuleType) -> None:
    drawn = months.Months()
    drawn.values["spending"][2] /= 20

    finding = only(drawn.move("spending", OWN, giver="b", taker="c", share=_nine_times(drawn, months)).found())

    assert finding.kind is Kind.TREND_OFFSET


def _nine_times(drawn: Any, months: ModuleType) -> float:
    """The share of the giver that is nine times what the taker has."""
    giver, taker = drawn.values["spending"][1:3, months.PROVIDERS.index(OWN), -1]
    return float(9 * taker / giver)


def test_a_small_shift_of_a_whole_system_is_a_shared_shift(months: ModuleType) -> None:
    finding = only(months.Months().plant(("spending", "income", "postings"), months.NORTH, 1.06).found())

    assert (finding.kind, finding.severity) == (Kind.TREND_SHIFT, Severity.WARNING)
    assert finding.scope.provider == frozenset(months.NORTH)
    assert effect(finding) == pytest.approx(0.06, abs=0.03)


@pytest.mark.parametrize(("names", "times"), [(("visits", "endings"), 2.0), (("spending",), 3.0)])
def test_a_large_shift_is_told_at_its_size_and_not_at_what_a_row_counts_for(
    months: ModuleType, names: tuple[str, ...], times: float
) -> None:
    finding = only(months.Months().plant(names, months.NORTH, times).found())

    assert finding.kind is Kind.TREND_SHIFT
    assert effect(finding) == pytest.approx(times - 1, abs=0.1)


@pytest.mark.parametrize("names", [CARE, ("spending", "income", "postings")])
def test_a_whole_system_twice_is_counted_twice_however_restless_each_provider_is(
    months: ModuleType, names: tuple[str, ...]
) -> None:
    drawn = months.Months()
    rng = np.random.default_rng(3)
    for name in names:
        values = drawn.values[name]
        values *= np.exp(0.2 * rng.standard_normal((1, *values.shape[1:])))
        values[:] = np.round(values)
    (finding,) = [one for one in drawn.plant(names, months.NORTH, 2).found() if one.kind is Kind.TREND_DOUBLED]

    assert finding.severity is Severity.CRITICAL
    assert finding.detail["cause"] in ("system", "vendor")
    assert len(finding.scope.provider or ()) >= 0.8 * len(months.NORTH)


def test_what_each_provider_of_a_system_lost_in_another_cell_is_one_finding(months: ModuleType) -> None:
    drawn = months.Months()
    for place, provider in enumerate(months.NORTH):
        drawn.plant(("visits",), (provider,), 0, cells=months.CELLS[place % 4])
    finding = only(drawn.found())

    assert finding.kind is Kind.TREND_GONE
    assert finding.scope.provider == frozenset(months.NORTH)
    assert finding.evidence.cells == len(months.NORTH)
    assert effect(finding) == -1


@pytest.mark.parametrize("times", [1.5, 2.6])
def test_a_restless_systems_other_shift_than_two_is_never_counted_twice(months: ModuleType, times: float) -> None:
    drawn = months.Months(seed=3)
    rng = np.random.default_rng(3)
    for name in CARE:
        drawn.values[name] *= np.exp(0.3 * rng.standard_normal((1, *drawn.values[name].shape[1:])))
    told = [one for one in drawn.plant(CARE, months.NORTH, times).found() if one.detail["cause"] == "system"]

    assert {one.kind for one in told} == {Kind.TREND_SHIFT}
    assert {one.severity for one in told} == {Severity.WARNING}


def test_what_is_mostly_far_more_than_twice_is_no_name_for_twice(months: ModuleType) -> None:
    drawn = months.Months().plant(CARE, (OWN,), 1.45, cells="a").plant(CARE, (OWN,), 2.55, cells="bcd")

    finding = only(drawn.found())

    assert (finding.kind, finding.scope.provider) == (Kind.TREND_SHIFT, frozenset([OWN]))
    assert effect(finding) == pytest.approx(1.55, abs=0.15)


def test_what_one_provider_moved_by_far_more_than_its_system_stays_its_own(months: ModuleType) -> None:
    found = months.Months(seed=2).plant(CARE, months.NORTH, 1.06).plant(CARE, ("205",), 2.6).found()

    told = {(one.detail["cause"], one.detail["members"]): effect(one) for one in found}
    assert told == {
        ("system", "health-north"): pytest.approx(0.06, abs=0.03),
        ("provider", "205"): pytest.approx(1.7, abs=0.2),
    }


@pytest.mark.parametrize(("cells", "own"), [("b", frozenset("b")), ("bcd", None)])
def test_what_one_provider_lost_beside_what_its_system_lost_stays_its_own(
    months: ModuleType, cells: str, own: frozenset[str] | None
) -> None:
    drawn = months.Months().plant(("visits",), months.NORTH, 0, cells="a").plant(("visits",), ("205",), 0, cells=cells)

    told = {one.detail["members"]: one.scope.cell for one in drawn.found()}
    assert told == {"health-north": frozenset("a"), "205": own}


def test_what_several_providers_lost_beside_what_their_system_lost_is_the_systems(months: ModuleType) -> None:
    drawn = months.Months().plant(("visits",), months.NORTH, 0, cells="a")
    for place, provider in enumerate(months.NORTH[:6]):
        drawn.plant(("visits",), (provider,), 0, cells="bcd"[place % 3])

    finding = only(drawn.found())
    assert finding.detail["members"] == "health-north"
    assert finding.scope.cell is None


def test_what_a_few_providers_of_a_system_lost_stays_each_ones_own(months: ModuleType) -> None:
    drawn = months.Months()
    for place, provider in enumerate(months.NORTH[:5]):
        drawn.plant(("visits",), (provider,), 0, cells=months.CELLS[place % 4])

    assert [finding.detail["members"] for finding in drawn.found()] != []
    assert {finding.detail["cause"] for finding in drawn.found()} == {"provider"}


def test_a_small_shift_of_one_provider_says_nothing(months: ModuleType) -> None:
    assert months.Months().plant(CARE, (OWN,), 1.06).found() == []


def test_a_new_systems_other_level_is_not_held_against_it(months: ModuleType) -> None:
    lower = months.Months().plant(CARE, (OWN,), 0.6)

    assert [finding.kind for finding in lower.found()] == [Kind.TREND_PARTIAL]
    assert lower.found(changed={("health", OWN)}) == []


@pytest.mark.parametrize("kept", [0, 1, 7])
def test_too_short_a_history_says_nothing(months: ModuleType, kept: int) -> None:
    broken = months.Months().plant(CARE, months.NORTH, 0).plant(MONEY, (OWN,), 1000)
    firsts = broken.firsts
    first = dt.date(2026, 10, 1) - dt.timedelta(days=31 * kept)

    assert broken.found(firsts.filter(pl.col("now") | (pl.col("run_start") > first))) == []


def test_neither_the_order_of_rows_nor_of_providers_matters(months: ModuleType) -> None:
    broken = months.Months().plant(CARE, (OWN,), 0.4).plant(MONEY, months.NORTH, 1000)

    assert broken.found(broken.firsts.reverse()) == broken.found()


@pytest.mark.parametrize("times", [2.5, 4.0, 1 / 4.33, 1 / 60])
def test_one_measure_of_one_provider_in_another_unit_is_a_shift_of_that_measure(
    months: ModuleType, times: float
) -> None:
    (finding,) = months.Months().plant(("hours",), (OWN,), times).found()

    assert finding.kind is Kind.TREND_SHIFT
    assert (finding.scope.figure, finding.scope.provider) == (frozenset(["hours"]), frozenset([OWN]))
    assert finding.evidence.effect_median == pytest.approx(times - 1, rel=0.3)  # type: ignore[union-attr]


@pytest.mark.parametrize("times", [1.4, 1 / 1.4])
def test_one_measure_of_one_provider_that_moved_by_less_than_twice_says_nothing(
    months: ModuleType, times: float
) -> None:
    assert months.Months().plant(("hours",), (OWN,), times).found() == []
