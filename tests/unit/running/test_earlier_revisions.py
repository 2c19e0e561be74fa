"""How far earlier runs moved a figure's one old period: each against the run as far before it as ours is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from loadgate.model.expected import KeyFigure
from loadgate.model.period import Period
from loadgate.model.tables import FIGURES, conform
from loadgate.running.baseline import load_revisions

OURS = Period.parse("2026-10")
COUNTED = KeyFigure.model_validate(
    {
        "id": "counted",
        "title": {"en": "counted"},
        "kind": "count",
        "family": "care",
        "dataset": "care",
        "cadence": "month",
        "reference": "month",
        "unit": "x",
        "numerator": {"count": "rows"},
    }
)


def vintage(folder: Path, run: str, *, providers: Sequence[str] = ("101", "147")) -> Path:
    """Three months of 1,000 each; late reports make it 10 % more a month later, and as much of 1,000 again."""
    period = Period.parse(run[:7])
    rows = [
        {
            "figure": figure,
            "provider": provider,
            "reference_start": period.shift(-age).start,
            "numerator": 1000 + 100 * age,
            "value": 1000.0 + 100 * age,
        }
        for figure in ("counted", "of_no_interest")
        for provider in providers
        for age in range(3)
    ]
    path = folder / run
    path.mkdir()
    conform(pl.DataFrame(rows), FIGURES).write_parquet(path / "figures.parquet")
    return path


def loaded(folders: dict[str, Path], *, since: str | None) -> list[tuple[str, str, float]]:
    """(month, provider, moved) in the order of rows; `moved` as a fraction."""
    found = load_revisions(folders, figures=[COUNTED], period=OURS, since=since)
    assert set(found["stream"]) <= {"care|month|month|rows"}
    moved = (pl.col("moved").exp() - 1).round(4)
    return found.select(pl.col("run_start").dt.strftime("%Y-%m"), "provider", moved).rows()


def test_each_run_is_held_against_the_one_before_it_in_whatever_order_they_come(tmp_path: Path) -> None:
    runs = ["2026-09", "2026-07", "2026-08.2"]
    folders = {run: vintage(tmp_path, run) for run in runs}

    told = loaded(folders, since="2026-09")

    of_the_oldest = round(1200 / 1100 - 1, 4)
    assert told == [(month, who, of_the_oldest) for month in ("2026-08", "2026-09") for who in ("101", "147")]


def test_a_run_whose_predecessor_is_missing_says_nothing(tmp_path: Path) -> None:
    folders = {run: vintage(tmp_path, run) for run in ("2026-05", "2026-06", "2026-08", "2026-09")}

    assert {month for month, _, _ in loaded(folders, since="2026-09")} == {"2026-06", "2026-09"}


def test_where_ours_is_two_months_after_the_prior_run_so_are_the_others(tmp_path: Path) -> None:
    folders = {run: vintage(tmp_path, run) for run in ("2026-05", "2026-06", "2026-07", "2026-08")}

    told = loaded(folders, since="2026-08")

    assert [(month, moved) for month, who, moved in told if who == "101"] == [("2026-07", 0.2), ("2026-08", 0.2)]


def test_a_part_that_was_withheld_says_nothing_of_that_run_nor_of_the_next(tmp_path: Path) -> None:
    folders = {run: vintage(tmp_path, run) for run in ("2026-06", "2026-07", "2026-09")}
    folders["2026-08"] = vintage(tmp_path, "2026-08", providers=["101"])

    told = loaded(folders, since="2026-09")

    assert [month for month, who, _ in told if who == "147"] == ["2026-07"]
    assert [month for month, who, _ in told if who == "101"] == ["2026-07", "2026-08", "2026-09"]


@pytest.mark.parametrize("since", [None, "2024-01"])
def test_without_a_prior_run_or_long_after_it_nothing_is_read(tmp_path: Path, since: str | None) -> None:
    assert loaded({"2026-09": tmp_path / "never read"}, since=since) == []
