"""Period: text forms, neighbours and membership, for every cadence and over the whole calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgate.errors import NotFound
from loadgate.model.period import Cadence, Period

days = st.dates(date(2, 1, 5), date(9997, 12, 28))
periods = st.builds(Period.of, days, st.sampled_from(Cadence))


@given(periods)
def test_a_period_is_read_as_it_was_written(period: Period) -> None:
    assert Period.parse(str(period)) == period


@given(periods)
def test_previous_and_next_undo_each_other(period: Period) -> None:
    assert period.previous.next == period == period.next.previous


@given(periods, st.integers(-20, 20), st.integers(-20, 20))
def test_shifts_add_up(period: Period, first: int, second: int) -> None:
    near = Period.of(period.start.replace(year=2000 + period.start.year % 100, day=1), period.cadence)
    assert near.shift(first).shift(second) == near.shift(first + second)


@given(periods)
def test_a_period_holds_its_days_and_no_others(period: Period) -> None:
    day = timedelta(days=1)
    assert period.start in period
    assert period.end - day in period
    assert period.start - day not in period
    assert period.end not in period
    assert period.next.start == period.end


@given(days, st.sampled_from(Cadence))
def test_every_day_lies_in_the_period_of_that_day(day: date, cadence: Cadence) -> None:
    assert day in Period.of(day, cadence)


@given(days, st.sampled_from(Cadence))
def test_days_of_one_period_have_one_period(day: date, cadence: Cadence) -> None:
    period = Period.of(day, cadence)
    assert Period.of(period.end - timedelta(days=1), cadence) == period


@given(periods, periods)
def test_periods_are_ordered_by_first_day_then_cadence(one: Period, other: Period) -> None:
    assert (one < other) == ((one.start, one.cadence) < (other.start, other.cadence))
    assert (one <= other) == (one < other or one == other)


@given(periods)
def test_a_year_ago_is_52_or_53_weeks_or_365_or_366_days_earlier(period: Period) -> None:
    apart = (period.start - period.year_ago.start).days
    allowed = {Cadence.WEEK: {52 * 7, 53 * 7}}.get(period.cadence, {365, 366})
    assert period.year_ago.cadence is period.cadence
    assert apart in allowed


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", date(2026, 1, 1), date(2027, 1, 1)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 4, 1)),
        ("2026-Q4", date(2026, 10, 1), date(2027, 1, 1)),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 5)),
        ("2026-W53", date(2026, 12, 28), date(2027, 1, 4)),
        ("2024-02-29", date(2024, 2, 29), date(2024, 3, 1)),
    ],
)
def test_a_period_starts_on_its_first_day_and_ends_before_the_next(text: str, start: date, end: date) -> None:
    period = Period.parse(text)
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("2026", "2025"),
        ("2026-Q3", "2025-Q3"),
        ("2026-10", "2025-10"),
        ("2026-W41", "2025-W41"),
        ("2026-W53", "2025-W52"),
        ("2024-02-29", "2023-02-28"),
        ("2026-10-07", "2025-10-07"),
    ],
)
def test_a_year_ago_is_the_same_place_or_the_last_there_is(text: str, ago: str) -> None:
    assert str(Period.parse(text).year_ago) == ago


@pytest.mark.parametrize(
    "text",
    [
        "",
        "26",
        "02026",
        "2026-13",
        "2026-00",
        "2026-Q0",
        "2026-Q5",
        "2026-W00",
        "2026-W54",
        "2025-W53",  # that year has 52
        "2026-02-29",
        "0000",
        "2026-1",
        " 2026",
        "2026\n",
        "2026-10-7",
        "２０２６",
        "2026-q3",
    ],
)
def test_anything_else_is_no_period_and_the_forms_are_named(text: str) -> None:
    with pytest.raises(NotFound) as problem:
        Period.parse(text)
    assert problem.value.message == f"{text!r} is not a period"
    assert problem.value.fix == "write 2026, 2026-Q3, 2026-10, 2026-W41 or 2026-10-07"


@pytest.mark.parametrize(
    ("cadence", "fix"),
    [
        (Cadence.DAY, "write a day, e.g. 2026-10-07"),
        (Cadence.WEEK, "write a week, e.g. 2026-W41"),
        (Cadence.MONTH, "write a month, e.g. 2026-10"),
        (Cadence.QUARTER, "write a quarter, e.g. 2026-Q4"),
        (Cadence.YEAR, "write a year, e.g. 2026"),
    ],
)
def test_of_a_site_only_its_own_form_is_named(cadence: Cadence, fix: str) -> None:
    with pytest.raises(NotFound) as problem:
        Period.parse("2025-13", like=cadence)
    assert problem.value.fix == fix


def test_a_day_that_begins_no_period_of_the_cadence_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-10-07 is not the first day of a month"):
        Period(Cadence.MONTH, date(2026, 10, 7))


def test_the_period_of_a_moment_is_that_of_its_day() -> None:
    moment = datetime(2026, 10, 7, 23, 59)
    assert [str(Period.of(moment, cadence)) for cadence in Cadence] == [
        "2026-10-07",
        "2026-W41",
        "2026-10",
        "2026-Q4",
        "2026",
    ]


@pytest.mark.parametrize("text", ["9999-12-31", "9999-W52", "9999-12", "9999-Q4", "9999"])
def test_the_calendars_last_period_has_an_end(text: str) -> None:
    assert Period.parse(text).end == date.max


def test_periods_are_counted_up_to_and_with_the_last() -> None:
    weeks = Period.parse("2026-W52").until(Period.parse("2027-W02"))
    assert list(map(str, weeks)) == ["2026-W52", "2026-W53", "2027-W01", "2027-W02"]


def test_counting_up_to_an_earlier_period_gives_nothing() -> None:
    assert list(Period.parse("2026-10").until(Period.parse("2026-09"))) == []
