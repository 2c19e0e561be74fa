"""A moment is a day where the site is; what is written without an offset is meant there."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from loadgate.errors import NotFound
from loadgate.model.moments import day_in, read_moment

LATE = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("timezone", "day"),
    [("UTC", date(2026, 10, 31)), ("Europe/Copenhagen", date(2026, 11, 1)), ("America/New_York", date(2026, 10, 31))],
)
def test_the_day_is_that_of_the_place(timezone: str, day: date) -> None:
    assert day_in(timezone, LATE) == day


def test_a_moment_without_a_zone_is_of_the_place_already() -> None:
    assert day_in("Europe/Copenhagen", LATE.replace(tzinfo=None)) == date(2026, 10, 31)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-31", "2026-07-31T21:59:59+00:00"),  # a day is its end
        ("2026-12-31", "2026-12-31T22:59:59+00:00"),
        ("2026-07-31T09:12", "2026-07-31T07:12:00+00:00"),
        ("2026-07-31T09:12:00+00:00", "2026-07-31T09:12:00+00:00"),
        ("2026-07-31 09:12:00-05:00", "2026-07-31T14:12:00+00:00"),
    ],
)
def test_what_is_written_without_an_offset_is_local(text: str, moment: str) -> None:
    assert read_moment(text, "Europe/Copenhagen").isoformat() == moment


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(NotFound, match="is no time"):
        read_moment("yesterday", "Europe/Copenhagen")


@pytest.mark.parametrize("text", ["0001-01-01", "1899-12-31T23:59", "3000-01-01T00:00+00:00", "9999-12-31"])
def test_a_moment_that_leaves_no_room_before_or_after_it_is_refused(text: str) -> None:
    with pytest.raises(NotFound) as raised:
        read_moment(text, "Europe/Copenhagen")
    assert raised.value.fix == "name one from 1900 to 2999"
