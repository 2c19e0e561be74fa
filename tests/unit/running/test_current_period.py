"""The period that nobody named is the one that holds today, where the site is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadgate.cli.sites import init
from loadgate.running.inputs import RunInputs
from loadgate.running.opened import Opened
from loadgate.running.opening import watch_period

EAST, WEST = "Etc/GMT-14", "Etc/GMT+12"  # 26 hours apart: it is never the same day in both


def daily_site(folder: Path, timezone: str) -> str:
    init(folder, source="empty")
    file = folder / "site.toml"
    text = file.read_text(encoding="utf-8").replace('"month"', '"day"').replace("Europe/Copenhagen", timezone)
    file.write_text(text, encoding="utf-8")
    return str(folder)


@pytest.fixture
def look(tmp_path: Path) -> Iterator[Callable[..., RunInputs]]:
    """What is seen in a site of that time zone."""
    opened: list[Opened] = []

    def look(timezone: str, period: str | None, as_of: str | None) -> RunInputs:
        ref = watch_period(daily_site(tmp_path / str(len(opened)), timezone), period, as_of=as_of)
        opened.append(ref.open())
        return opened[-1].inputs(ref.run)

    yield look
    for one in opened:
        one.close()


def test_a_watch_of_no_period_looks_at_the_day_that_it_is_there(look: Callable[..., RunInputs]) -> None:
    assert look(EAST, None, None).period > look(WEST, None, None).period


def test_a_time_that_a_flow_is_given_without_an_offset_is_one_of_the_site(look: Callable[..., RunInputs]) -> None:
    assert look(EAST, "2026-10-07", "2026-10-08T09:00").as_of.isoformat() == "2026-10-07T19:00:00+00:00"
