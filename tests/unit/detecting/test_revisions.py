"""Where one shared period alone is old, a group that moved more than it ever did against the others is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from loadgate.comparing.prior import compare_prior
from loadgate.detecting.evidence import Subjects
from loadgate.detecting.revisions import of_few_periods, revised, revisions
from loadgate.model.expected import KeyFigure
from loadgate.model.findings import Finding
from loadgate.model.tables import FIGURES, conform

PROVIDERS = tuple(str(101 + number) for number in range(30))
SUEDWIND = PROVIDERS[:12]
RUNS = 14


def month(
    rng: np.random.Generator,
    *,
    factor: float = 1.0,
    of: tuple[str, ...] = (),
    periods: int = 3,
    figure: str = "counted",
) -> pl.DataFrame:
    """COMPARISONS of one run: late reports add some 1.5 % to the oldest period, and more to younger ones."""
    now, before = [], []
    for provider in PROVIDERS:
        for number in range(periods):
            start = dt.date(2024, 1, 1) + dt.timedelta(weeks=number)
            old = rng.integers(2000, 9000)
            late = 1 + 0.015 * (number + 1) * rng.uniform(0.4, 1.6)
            new = round(old * late * (factor if provider in of else 1.0))
            shared = {"figure": figure, "cell": "all", "provider": provider, "reference_start": start}
            now.append(shared | {"numerator": new, "value": float(new)})
            before.append(shared | {"numerator": int(old), "value": float(old)})
    tables = [conform(pl.DataFrame(rows), FIGURES) for rows in (now, before)]
    return compare_prior(tables[0], tables[1].with_columns(pl.lit("2025-12").alias("vintage")))


def told(panel: Any, now: pl.DataFrame, *, runs: int = RUNS, seed: int = 1) -> list[Finding]:
    one = panel(providers=PROVIDERS, vendors=dict.fromkeys(SUEDWIND, "suedwind"))
    rng = np.random.default_rng(seed)
    days = [dt.date(2022, 1, 1) + dt.timedelta(days=31 * run) for run in range(runs)]
    earlier = [revisions(month(rng), one.figures, run_start=day) for day in days]
    subjects = Subjects.of(one.figures, areas={"reports": "health"}, units=one.units)
    known = pl.concat(earlier) if earlier else revisions(now.clear(), one.figures, run_start=dt.date(2022, 1, 1))
    return revised(now, subjects=subjects, earlier=known, told=[])


@pytest.mark.parametrize("periods", [1, 2, 3])
@pytest.mark.parametrize("factor", [1.03, 0.97])
def test_a_shift_of_all_providers_of_a_system_is_told_as_that_system(panel: Any, factor: float, periods: int) -> None:
    (finding,) = told(panel, month(np.random.default_rng(99), factor=factor, of=SUEDWIND, periods=periods))

    assert (finding.detail["cause"], finding.detail["members"]) == ("system", "system-suedwind")
    assert finding.scope.provider == frozenset(SUEDWIND)
    assert finding.evidence.effect_median == pytest.approx(factor - 1, abs=0.01)  # type: ignore[union-attr]


def test_a_shift_of_all_providers_is_told_as_one_of_the_whole(panel: Any) -> None:
    (finding,) = told(panel, month(np.random.default_rng(99), factor=1.03, of=PROVIDERS))

    assert finding.detail["cause"] == "run"
    assert finding.scope.provider == frozenset(PROVIDERS)


@pytest.mark.parametrize("seed", range(20))
def test_late_reports_as_ever_are_no_finding(panel: Any, seed: int) -> None:
    assert told(panel, month(np.random.default_rng(100 + seed)), seed=seed) == []


def test_a_system_whose_last_approved_values_are_older_is_not_held_against_the_others(panel: Any) -> None:
    now = month(np.random.default_rng(99), factor=1.03, of=SUEDWIND)
    older = pl.when(pl.col("provider").is_in(SUEDWIND)).then(pl.lit("2025-11")).otherwise("source").alias("source")

    assert told(panel, now.with_columns(older)) == []


def test_one_provider_alone_is_not_judged_by_one_period(panel: Any) -> None:
    assert told(panel, month(np.random.default_rng(99), factor=1.03, of=("104",))) == []


@pytest.mark.parametrize("runs", [0, 7])
def test_with_few_earlier_runs_nothing_is_said(panel: Any, runs: int) -> None:
    assert told(panel, month(np.random.default_rng(99), factor=1.03, of=SUEDWIND), runs=runs) == []


def test_only_figures_of_which_two_runs_share_few_periods_are_asked(panel: Any) -> None:
    rng = np.random.default_rng(1)

    assert [figure.id for figure in of_few_periods(month(rng, periods=3), panel().figures)] == ["counted"]
    assert of_few_periods(month(rng, periods=4), panel().figures) == []


@pytest.mark.parametrize(("part", "told_of"), [(1.04, [SUEDWIND]), (0.96, [SUEDWIND, SUEDWIND[:6]])])
def test_a_part_that_moved_alike_in_another_measure_is_told_with_its_whole_system(
    panel: Any, part: float, told_of: list[tuple[str, ...]]
) -> None:
    one = panel(providers=PROVIDERS, vendors=dict.fromkeys(SUEDWIND, "suedwind"))
    rows = one.figures[0].model_dump(exclude_none=True) | {"id": "rows", "numerator": {"count": "rows"}}
    figures = [one.figures[0], KeyFigure.model_validate(rows)]
    newer = pl.when(pl.col("provider").is_in(SUEDWIND[:6])).then(pl.lit("2")).otherwise(pl.lit("1"))
    units = one.units.with_columns(newer.alias("system_version"))
    rng = np.random.default_rng(1)

    def both(factor: float, of_part: float) -> pl.DataFrame:
        own = month(rng, factor=of_part, of=SUEDWIND[:6], figure="rows")
        return pl.concat([month(rng, factor=factor, of=SUEDWIND), own])

    days = [dt.date(2022, 1, 1) + dt.timedelta(days=31 * run) for run in range(RUNS)]
    earlier = pl.concat([revisions(both(1, 1), figures, run_start=day) for day in days])
    subjects = Subjects.of(figures, areas={"reports": "health"}, units=units)

    found = revised(both(1.03, part), subjects=subjects, earlier=earlier, told=[])

    assert [finding.scope.provider for finding in found] == [frozenset(own) for own in told_of]
    wanted = [{"counted", "rows"}] if part > 1 else [{"counted"}, {"rows"}]
    assert [finding.scope.figure for finding in found] == wanted


def test_without_anything_to_compare_with_no_figure_is_asked(panel: Any) -> None:
    assert of_few_periods(month(np.random.default_rng(1)).clear(), panel().figures) == []
