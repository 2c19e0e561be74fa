"""Vintages that detection reads: each is held against its manifest first, and none stands in for a damaged one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loadgate.errors import CouldNotRun
from loadgate.model.period import Period
from loadgate.running import baseline

if TYPE_CHECKING:
    from tests.months.conftest import MakeSite

JANUARY, FEBRUARY = "2026-01", "2026-02"
EXPECTED = """\
  - {type: expect_column_values_to_not_be_null, kwargs: {column: month}, reason: It is of some month.}
"""


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_a_damaged_vintage_stops_and_the_whole_ones_are_read_oldest_first(
    make_site: MakeSite, damage: Callable[[Path], None]
) -> None:
    site = make_site(towns=["101"], of_kinds={"care/cases": EXPECTED})
    for period in (JANUARY, FEBRUARY):
        site.deliver(f"{period}/cases_101.csv", "month;kind", f"{period};S")
        opened = site.approve(site.run(period).run)
    runs = baseline.history(opened, Period.parse("2026-03"))

    folders = baseline.vintages(opened, runs)
    assert [*folders] == [JANUARY, FEBRUARY]

    damage(folders[JANUARY] / "figures.parquet")
    with pytest.raises(CouldNotRun, match="the vintage of 2026-01 is not what was approved"):
        baseline.vintages(opened, runs)
