"""Age bands count in the figure's own cadence."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from loadgate.detecting.ages import BANDS, aged, names
from loadgate.model.period import Cadence, Period


@pytest.mark.parametrize("cadence", list(Cadence))
def test_every_cadence_has_bands_without_gaps(cadence: Cadence) -> None:
    ends = BANDS[cadence]
    newest = Period.of(dt.date(2026, 6, 30), cadence)
    starts = [newest.shift(-steps).start for steps in range(ends[-1] + 2)]
    cells = pl.DataFrame({"figure": ["f"] * len(starts), "reference_start": starts})

    found = aged(cells, {"f": cadence}).sort("age")

    assert found["age"].to_list() == list(range(len(starts)))
    sizes = found.group_by("band", maintain_order=True).len()
    assert sizes["band"].to_list() == names(cadence)
    assert sizes["len"].to_list() == [b - a for a, b in zip((-1, *ends), (*ends, ends[-1] + 1), strict=True)]


def test_age_nought_is_the_newest_period_of_each_figure() -> None:
    cells = pl.DataFrame(
        {
            "figure": ["f", "f", "g"],
            "reference_start": [dt.date(2026, 5, 1), dt.date(2026, 3, 1), dt.date(2025, 1, 1)],
        }
    )

    found = aged(cells, {"f": Cadence.MONTH, "g": Cadence.YEAR}).sort("figure", "age")

    assert found.select("figure", "age", "band").rows() == [("f", 0, "0"), ("f", 2, "1-2"), ("g", 0, "0")]
