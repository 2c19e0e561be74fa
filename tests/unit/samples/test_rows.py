"""The rows behind microcells: they add up to them exactly, and are what registration would have written."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgate.model.expected import ColumnType
from loadgate.samples.flis.law import microcells
from loadgate.samples.flis.people import PERSONS, person_ids
from loadgate.samples.flis.rows import PROVIDER, pieces, rows
from loadgate.samples.flis.splitting import split
from loadgate.samples.flis.world import WINDOWS, World


def _beside(name: str) -> ModuleType:
    """A module of this folder, which is no package."""
    found = sys.modules.get(name)
    if found is None:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        found = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
    return found


worlds = _beside("worlds")
EVERY = sorted(WINDOWS)


@cache
def world() -> World:
    found: World = worlds.small_world()
    return found


@cache
def drawn(dataset: str) -> pl.DataFrame:
    return rows(world(), dataset, worlds.OCTOBER)


def dimensions(cells: pl.DataFrame) -> list[str]:
    return [name for name in cells.columns if name not in ("n", "persons") and not name.startswith("sum_")]


def person_column(dataset: str) -> str | None:
    columns = world().site.dataset(dataset).columns
    return next((name for name in ("employee", "person", "pupil", "child") if name in columns), None)


def as_cells(frame: pl.DataFrame, dataset: str, cells: pl.DataFrame) -> pl.DataFrame:
    """The rows added up again, days put back to the period that they stand for."""
    every = "1q" if "quarter" in cells.columns else "1mo"
    days = [name for name in ("closed", "ended") if name in cells.columns]
    person = person_column(dataset)
    sums = [name for name in cells.columns if name.startswith("sum_")]
    columns = world().site.dataset(dataset).columns
    return (
        frame.with_columns(pl.col(name).dt.truncate(every) for name in days)
        .group_by(dimensions(cells))
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            (pl.col(person).n_unique() if person else pl.lit(0)).cast(pl.Int64).alias("persons"),
            *(
                (pl.col(name.removeprefix("sum_")).sum() * 10 ** _scale(columns[name.removeprefix("sum_")]))
                .cast(pl.Int64)
                .alias(name)
                for name in sums
            ),
        )
    )


def _scale(column: Any) -> int:
    return column.scale if column.type is ColumnType.DECIMAL else 0


@pytest.mark.parametrize("dataset", EVERY)
def test_rows_add_up_to_their_microcells_exactly(dataset: str) -> None:
    cells = microcells(world(), dataset, worlds.OCTOBER)
    if person_column(dataset) is None:
        cells = cells.with_columns(persons=pl.lit(0, pl.Int64))

    added = as_cells(drawn(dataset), dataset, cells).select(cells.columns)

    order = dimensions(cells)
    assert added.sort(order).equals(cells.sort(order))


@pytest.mark.parametrize("dataset", [name for name in EVERY if person_column(name)])
def test_no_person_stands_in_two_microcells_of_a_provider(dataset: str) -> None:
    cells = microcells(world(), dataset, worlds.OCTOBER)
    person = str(person_column(dataset))

    persons = drawn(dataset).group_by(PROVIDER).agg(pl.col(person).n_unique().cast(pl.Int64).alias("persons"))

    said = cells.group_by(PROVIDER).agg(pl.col("persons").sum())
    assert persons.sort(PROVIDER).equals(said.sort(PROVIDER))


@pytest.mark.parametrize("dataset", EVERY)
def test_the_key_of_every_row_is_its_own(dataset: str) -> None:
    key = list(world().site.dataset(dataset).key)

    frame = drawn(dataset).select(PROVIDER, *key)

    assert frame.is_duplicated().sum() == 0
    assert frame.null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("dataset", [name for name in EVERY if person_column(name)])
def test_ids_of_persons_are_of_nobody(dataset: str) -> None:
    ids = drawn(dataset)[str(person_column(dataset))]

    assert ids.str.contains("^(6[1-9]|[78][0-9]|9[01])(0[1-9]|1[0-2])[0-9]{6}$").all()


@pytest.mark.parametrize(
    ("dataset", "earlier", "later"),
    [
        ("cases", "opened", "closed"),
        ("measures", "started", "ended"),
        ("services", "started", "ended"),
        ("absence", "month", "started"),
        ("movements", "month", "event_date"),
    ],
)
def test_what_ends_began_before_and_what_belongs_to_a_month_lies_in_it(dataset: str, earlier: str, later: str) -> None:
    frame = drawn(dataset)

    assert frame.filter(pl.col(later) < pl.col(earlier)).height == 0
    assert frame[later].n_unique() > 20  # any day of the period, not its first alone
    if earlier == "month":
        assert frame.filter(pl.col(later).dt.truncate("1mo") != pl.col("month")).height == 0


def test_nothing_begins_after_the_month_is_over() -> None:
    end = worlds.OCTOBER.end

    assert drawn("cases").filter(pl.col("opened") >= end).height == 0
    assert drawn("measures").filter(pl.col("started") >= end).height == 0


def test_absent_days_lie_between_one_and_a_month() -> None:
    days = drawn("absence")["days"]

    assert days.min() == 1
    assert days.max() <= 31  # type: ignore[operator]


@pytest.mark.parametrize("dataset", ["ledger", "pupils", "population"])
def test_rows_stand_in_no_order(dataset: str) -> None:
    frame = drawn(dataset).filter(pl.col(PROVIDER) == drawn(dataset)[PROVIDER][0])

    own = [name for name in frame.columns if name in dimensions(microcells(world(), dataset, worlds.OCTOBER))]
    assert not frame.select(own).equals(frame.select(own).sort(own))


@pytest.mark.parametrize("dataset", EVERY)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(dataset: str) -> None:
    again = rows(worlds.small_world(), dataset, worlds.OCTOBER)
    other = rows(worlds.small_world(seed=2), dataset, worlds.OCTOBER)

    assert again.equals(drawn(dataset))
    assert not other.equals(drawn(dataset))


@pytest.mark.parametrize("dataset", ["ledger", "absence", "services"])
def test_pieces_hold_the_same_as_the_whole_and_none_is_large(dataset: str) -> None:
    cells = microcells(world(), dataset, worlds.OCTOBER)
    size = 700

    found = list(pieces(world(), dataset, worlds.OCTOBER, size=size))

    order = dimensions(cells)
    added = as_cells(pl.concat(found), dataset, cells).select(cells.columns)
    if person_column(dataset) is None:
        cells, added = cells.drop("persons"), added.drop("persons")
    assert added.sort(order).equals(cells.sort(order))
    assert len(found) > 5
    assert max(piece.height for piece in found) < 2 * size + int(cells["n"].max())  # type: ignore[arg-type]
    key = list(world().site.dataset(dataset).key)
    assert pl.concat(found).select(PROVIDER, *key).is_duplicated().sum() == 0


def test_absent_employees_are_employed_under_the_same_number() -> None:
    employed = drawn("employees").select(PROVIDER, "employee", "employment_no")
    absent = drawn("absence").select(PROVIDER, "employee", "employment_no").unique()

    both = absent.join(employed, on=[PROVIDER, "employee"], suffix="_of_pay")

    assert both.height > 0.5 * absent.height
    assert (both["employment_no"] == both["employment_no_of_pay"]).all()


def test_rows_of_one_provider_may_be_asked_for_by_name() -> None:
    provider = world().providers[0]

    frame = rows(world(), "pupils", worlds.OCTOBER, provider)

    assert frame[PROVIDER].unique().to_list() == [provider]
    assert frame.height == drawn("pupils").filter(pl.col(PROVIDER) == provider).height


# ── shares ─────────────────────────────────────────────────────────────────────────────────────────────────────

COUNTED = st.lists(st.tuples(st.integers(1, 40), st.floats(0, 1)), min_size=1, max_size=30)


@given(cells=COUNTED, seed=st.integers(0, 99))
def test_bounded_shares_add_up_and_stay_within_their_bounds(cells: list[tuple[int, float]], seed: int) -> None:
    counts = np.array([count for count, _ in cells], dtype=np.int64)
    totals = np.array([count + round(30 * count * part) for count, part in cells], dtype=np.int64)

    shares = split(totals, counts, np.random.default_rng(seed), lowest=1, highest=31)

    starts = np.cumsum(counts) - counts
    assert np.array_equal(np.add.reduceat(shares, starts), totals)
    assert shares.min() >= 1
    assert shares.max() <= 31


@given(
    cells=st.lists(st.tuples(st.integers(1, 40), st.integers(-(10**13), 10**13)), min_size=1, max_size=30),
    seed=st.integers(0, 99),
)
def test_shares_of_amounts_add_up_whatever_their_sign(cells: list[tuple[int, int]], seed: int) -> None:
    counts = np.array([count for count, _ in cells], dtype=np.int64)
    totals = np.array([total for _, total in cells], dtype=np.int64)

    shares = split(totals, counts, np.random.default_rng(seed), lowest=1, highest=None)

    assert np.array_equal(np.add.reduceat(shares, np.cumsum(counts) - counts), totals)
    assert (shares * np.repeat(np.sign(totals), counts) >= 0).all()


def test_a_million_persons_have_a_million_ids() -> None:
    ids = person_ids(np.arange(1_000_000), start=PERSONS - 5)

    assert np.unique(ids).size == 1_000_000
