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
from loadgate.model.findings import Finding
from loadgate.model.tables import FIGURES, conform

PROVIDERS = tuple(str(101 + number) for number in range(30))
SUEDWIND = PROVIDERS[:12]
RUNS = 14


def month(rng: np.random.Generator, *, factor: float = 1.0, of: tuple[str, ...] = (), periods: int = 3) -> pl.DataFrame:
    """COMPARISONS of one run: late reports add some 1.5 % to the oldest period, and more to younger ones."""
    now, before = [], []
    for provider in PROVIDERS:
        for number in range(periods):
            start = dt.date(2024, 1, 1) + dt.timedelta(weeks=number)
            old = rng.integers(2000, 9000)
            late = 1 + 0.015 * (number + 1) * rng.uniform(0.4, 1.6)
            new = round(old * late * (factor if provider in of else 1.0))
            shared = {"figure": "counted", "cell": "all", "provider": provider, "reference_start": start}
            now.append(shared | {"numerator": new, "value": float(new)})
            before.append(shared | {"numerator": int(old), "value": float(old)})
    tables = [conform(pl.DataFrame(rows), FIGURES) for rows in (now, before)]
    return compare_prior(tables[0], tables[1].with_columns(pl.lit("before").alias("vintage")))


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


def test_one_provider_alone_is_not_judged_by_one_period(panel: Any) -> None:
    assert told(panel, month(np.random.default_rng(99), factor=1.03, of=("104",))) == []


@pytest.mark.parametrize("runs", [0, 7])
def test_with_few_earlier_runs_nothing_is_said(panel: Any, runs: int) -> None:
    assert told(panel, month(np.random.default_rng(99), factor=1.03, of=SUEDWIND), runs=runs) == []


def test_only_figures_of_which_two_runs_share_few_periods_are_asked(panel: Any) -> None:
    rng = np.random.default_rng(1)

    assert [figure.id for figure in of_few_periods(month(rng, periods=3), panel().figures)] == ["counted"]
    assert of_few_periods(month(rng, periods=4), panel().figures) == []
