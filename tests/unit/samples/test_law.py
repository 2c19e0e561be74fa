"""The law of the fictitious month: what holds of every vintage, whatever else is drawn."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from loadgate.content.loader import load
from loadgate.errors import SiteError
from loadgate.model.expected import CodeList
from loadgate.model.period import Period
from loadgate.model.site import Site
from loadgate.samples.flis.law import LAWS, drawn, microcells
from loadgate.samples.flis.laws.moves import moves
from loadgate.samples.flis.world import TYPICAL_ROWS, WINDOWS, World

ROOT = Path(__file__).parents[3]
PERIOD = Period.parse("2026-10")


def _total(numbers: pl.Series) -> int:
    return int(numbers.sum())


@lru_cache(maxsize=1)
def _site() -> Site:
    return load(ROOT)


@lru_cache(maxsize=2)
def _whole(seed: int = 1) -> World:
    return World(_site(), seed, PERIOD)


def _few() -> World:
    providers = tuple(one for one in _site().providers if one.id in ("101", "461", "492", "851"))
    return World(replace(_site(), providers=providers), 1, PERIOD)


def _with_codes(name: str, codes: list[str], *, valid_from: date | None = None) -> World:
    changed = [
        CodeList.model_validate(
            {
                "name": name,
                "codes": {code: {"valid_from": valid_from if code.startswith("new") else None} for code in codes},
            }
        )
        if one.name == name
        else one
        for one in _site().code_lists
    ]
    return World(replace(_site(), code_lists=tuple(changed), figures=()), 1, PERIOD)


@pytest.mark.parametrize("dataset", sorted(LAWS))
def test_every_provider_has_rows_in_every_dataset_and_period(dataset: str) -> None:
    cells = microcells(_whole(), dataset, PERIOD)

    time = "quarter" if dataset == "services" else "month"
    there = cells.group_by("provider", time).agg(pl.col("n").sum())
    assert there.height == 98 * WINDOWS[dataset]
    assert there.filter(pl.col("n") < 1).is_empty()


@pytest.mark.parametrize("dataset", sorted(LAWS))
def test_microcells_hold_one_line_per_dimensions_with_as_many_persons_as_fit(dataset: str) -> None:
    cells = microcells(_whole(), dataset, PERIOD)

    numbers = [name for name in cells.columns if name in ("n", "persons") or name.startswith("sum_")]
    assert not cells.select(pl.struct(pl.exclude(numbers)).is_duplicated().any()).item()
    assert cells.filter((pl.col("persons") < 1) | (pl.col("persons") > pl.col("n"))).is_empty()
    assert {cells.schema[name] for name in numbers} == {pl.Int64()}
    for name in (name for name in numbers if name not in ("n", "persons", "sum_amount") and "budget" not in name):
        assert cells.filter(pl.col(name) <= 0).is_empty()
    if "sum_days" in cells.columns:
        assert cells.filter(~pl.col("sum_days").is_between(pl.col("n"), 31 * pl.col("n"))).is_empty()


@pytest.mark.parametrize("dataset", sorted(set(TYPICAL_ROWS) - {"ledger", "absence"}))
def test_a_dataset_has_about_the_rows_that_it_is_said_to_have(dataset: str) -> None:
    assert microcells(_whole(), dataset, PERIOD)["n"].sum() == pytest.approx(TYPICAL_ROWS[dataset], rel=0.1)


def test_flows_with_large_seasons_have_about_the_rows_that_they_are_said_to_have() -> None:
    for dataset in ("ledger", "absence"):
        assert microcells(_whole(), dataset, PERIOD)["n"].sum() == pytest.approx(TYPICAL_ROWS[dataset], rel=0.3)


def test_rows_scale_a_dataset_and_no_other() -> None:
    usual, more = World(_site(), 3, PERIOD), World(_site(), 3, PERIOD, {"home_help": 900_000})

    wanted, before = (_total(microcells(one, "home_help", PERIOD)["n"]) for one in (more, usual))
    assert wanted / before == pytest.approx(3, rel=0.02)
    assert microcells(more, "care_homes", PERIOD).equals(microcells(usual, "care_homes", PERIOD))


@pytest.mark.parametrize("dataset", sorted(LAWS))
def test_what_a_vintage_says_does_not_depend_on_what_else_is_asked(dataset: str) -> None:
    asked, fresh = _few(), _few()
    for vintage in ("2024-10", "2026-10", "2025-01"):
        microcells(asked, dataset, Period.parse(vintage))

    of_two = microcells(fresh, dataset, Period.parse("2026-08"), ["851", "461"])

    whole = microcells(asked, dataset, Period.parse("2026-08"))
    assert of_two.equals(whole.filter(pl.col("provider").is_in(["461", "851"])))
    assert set(of_two["provider"]) == {"461", "851"}


@pytest.mark.parametrize("dataset", ["ledger", "absence", "movements", "services"])
def test_a_period_fills_up_from_vintage_to_vintage_until_it_is_settled(dataset: str) -> None:
    world = _whole()
    law = drawn(world, dataset)
    period = law.periods[-4]

    totals = [_total(law.block(period, age)["n"]) for age in range(law.settled + 2)]

    key = [name for name in law.cells.columns if name != law.dated]
    for age in range(law.settled):
        before, after = law.block(period, age), law.block(period, age + 1)
        on = [*key, *([law.dated] if law.dated else [])]
        beside = before.join(after, on=on, how="left", suffix="_next", nulls_equal=True)
        assert beside.filter((pl.col("n_next").is_null()) | (pl.col("n_next") < pl.col("n"))).is_empty()
        assert beside.filter(pl.col("persons_next") < pl.col("persons")).is_empty()
    assert 0.7 * totals[-1] < totals[0] <= totals[-1]
    assert totals[-2] == totals[-1] == law.n[:, law.periods.index(period)].sum()


@pytest.mark.parametrize("dataset", ["employees", "pupils", "population", "home_help"])
def test_a_settled_dataset_is_not_restated(dataset: str) -> None:
    law = drawn(_whole(), dataset)

    assert law.block(law.periods[-1], 0).equals(law.block(law.periods[-1], 7))


def test_of_no_provider_all_ages_are_as_many_as_the_month_before() -> None:
    cells = microcells(_whole(), "population", PERIOD)
    bands = cells.group_by("provider", "month", (pl.col("age") // 10).alias("band"), "sex").agg(
        pl.col("sum_citizens").sum()
    )
    steps = bands.sort("month").with_columns(
        pl.col("sum_citizens").diff().over("provider", "band", "sex").alias("step")
    )
    still = steps.drop_nulls("step").group_by("provider", "month").agg((pl.col("step") == 0).mean().alias("still"))

    assert still["still"].max() < 0.9


def test_citizens_sum_to_the_provider_population() -> None:
    cells = microcells(_whole(), "population", PERIOD)

    newest = cells.filter(pl.col("month") == PERIOD.start).group_by("provider").agg(pl.col("sum_citizens").sum())
    assert dict(newest.iter_rows()) == _whole().population


def test_classes_say_how_many_pupils_sit_in_them() -> None:
    pupils, classes = (microcells(_whole(), dataset, PERIOD) for dataset in ("pupils", "classes"))

    beside = classes.join(
        pupils, on=["provider", "school", "class", "school_type", "class_type", "grade"], suffix="_own"
    )
    assert beside.height == classes.height == pupils.height
    assert (beside["sum_pupils"] == beside["n_own"]).all()


def test_special_schools_have_special_classes_only() -> None:
    special = microcells(_whole(), "classes", PERIOD).filter(pl.col("school_type") == "2")

    assert set(special["provider"]) == set(_whole().providers)
    assert set(special["class_type"]) == {"S"}


def test_spending_stays_near_the_budget() -> None:
    running = pl.col("account_class").is_in(["1", "2"])
    ledger = microcells(_whole(), "ledger", PERIOD).filter(
        running & (pl.col("kind") != "0") & (pl.col("month") == PERIOD.start)
    )
    budget = microcells(_whole(), "budget", PERIOD).filter(running)

    rate = _total(ledger["sum_amount"]) / _total(budget["sum_adjusted_budget"])
    assert rate == pytest.approx(1, abs=0.15)
    assert (ledger.filter(pl.col("kind") == "7")["sum_amount"] < 0).all()


def test_services_hold_the_four_quarters_that_have_closed() -> None:
    world = _whole()

    assert set(microcells(world, "services", PERIOD)["quarter"]) == {
        date(2025, 10, 1),
        date(2026, 1, 1),
        date(2026, 4, 1),
        date(2026, 7, 1),
    }
    assert max(microcells(world, "services", Period.parse("2026-08"))["quarter"]) == date(2026, 4, 1)
    assert max(microcells(world, "services", Period.parse("2026-09"))["quarter"]) == date(2026, 7, 1)


def test_only_codes_that_the_site_lists_in_every_period_are_drawn() -> None:
    world = _with_codes("reasons", ["01", "77", "new"], valid_from=date(2025, 6, 1))

    assert set(microcells(world, "cases", PERIOD)["reason"]) == {"01", "77"}


def test_a_list_without_a_code_that_the_law_needs_is_refused() -> None:
    world = _with_codes("help_types", ["H"])

    with pytest.raises(SiteError) as refused:
        microcells(world, "home_help", PERIOD)

    assert "expectations/suites/elderly/home_help.yaml:1  expectations.help_type" in str(refused.value)
    assert "found     no P" in str(refused.value)
    assert "fix       add the codes to the list of help_type, or mend the sample's law of home_help" in str(
        refused.value
    )


def test_a_list_of_which_nothing_is_valid_all_the_time_is_refused() -> None:
    world = _with_codes("place_types", ["new"], valid_from=date(2025, 6, 1))

    with pytest.raises(SiteError, match="no code that is valid in all months of the sample"):
        microcells(world, "care_homes", PERIOD)


def test_levels_shift_in_the_past_and_not_in_the_newest_months(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _whole()
    monkeypatch.setattr("loadgate.samples.flis.laws.moves._trend", lambda *args: np.zeros(args[-1]))

    still = moves(world, area="school", dataset="shifting", lines=200, calm=0.0)

    steps = np.abs(np.diff(still, axis=2))
    assert (steps > 0.05).sum() > 100
    assert steps[:, :, -2:].max() == 0


def test_the_generator_knows_nothing_of_what_judges_its_month() -> None:
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from loadgate.samples.flis import figures, law, vintages; "
            "print([name for name in sys.modules if name.startswith('loadgate.')])",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "loadgate.samples.flis.vintages" in loaded
    assert not any(f"loadgate.{room}" in loaded for room in ("comparing", "detecting", "measuring", "judging"))


def test_two_seeds_are_two_worlds_and_one_seed_is_one() -> None:
    one, same, other = (World(_site(), seed, PERIOD) for seed in (1, 1, 2))

    assert one == same
    assert microcells(one, "absence", PERIOD).equals(microcells(same, "absence", PERIOD))
    assert one.population != other.population
    assert not microcells(one, "absence", PERIOD).equals(microcells(other, "absence", PERIOD))


def test_a_line_of_its_own_wins_over_one_for_everyone() -> None:
    world = _whole()

    assert world.system("citizens", "101", PERIOD) == "cpr"
    assert world.system("school", "461", PERIOD.previous) == "kmd_elev"
    assert world.system("school", "461", PERIOD) == "tea"
    assert world.system("nowhere", "101", PERIOD) is None
