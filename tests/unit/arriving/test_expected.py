"""Who must deliver what, and when: assignments, calendar, clocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

import pytest

from loadgate.arriving.expected import moment, opening
from loadgate.errors import SiteError
from loadgate.model.period import Period
from loadgate.model.profiles import Calendar, CalendarRule, Moment


def test_each_assigned_provider_is_expected_with_all_that_is_known(expected: Callable[..., Any]) -> None:
    first, second = expected(assigned=[{"provider": "147"}, {"provider": "101", "system_version": "4.2"}])

    assert (first.id, second.id) == ("2026-10/prisme/ledger/101", "2026-10/prisme/ledger/147")
    assert str(first.scope) == (
        "area=economy; dataset=ledger; vendor=fjord; system=prisme; system_version=4.2; supplier=nordwind; "
        "delivery=2026-10/prisme/ledger/101; provider=101"
    )
    assert second.system_version is None
    assert first.pattern == "prisme/2026-10/101{part}.csv"
    assert first.due == datetime(2026, 11, 5, 12, tzinfo=UTC)
    assert first.closes == datetime(2026, 11, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "comes"),
    [
        ("2026-10-01", None, True),
        ("2026-10-02", None, False),
        ("2020-01-01", "2026-10-01", True),
        ("2020-01-01", "2026-09-30", False),
    ],
)
def test_an_assignment_counts_if_it_holds_on_the_periods_first_day(
    expected: Callable[..., Any], valid_from: str, valid_to: str | None, comes: bool
) -> None:
    found = expected(assigned=[{"provider": "101", "valid_from": valid_from, "valid_to": valid_to}])

    assert bool(found) is comes


@pytest.mark.parametrize(("period", "supplier"), [("2026-06", "nordwind"), ("2026-07", "syd"), ("2026-08", "syd")])
def test_a_supplier_changed_in_mid_year_is_expected_from_the_next_first_day_on(
    expected: Callable[..., Any], period: str, supplier: str
) -> None:
    changed = [
        {"provider": "101", "valid_to": "2026-06-15"},
        {"provider": "101", "valid_from": "2026-06-16", "supplier": "syd"},
    ]

    found = expected(assigned=changed, period=period, suppliers=("nordwind", "syd"))

    assert [delivery.supplier for delivery in found] == [supplier]


def test_a_star_stands_for_every_provider_and_a_named_line_wins(expected: Callable[..., Any]) -> None:
    found = expected(assigned=[{"provider": "101", "system_version": "5"}, {"provider": "*", "system_version": "4"}])

    assert [(delivery.unit, delivery.system_version) for delivery in found] == [("101", "5"), ("147", "4")]


def test_a_delivery_of_all_holds_the_assigned_providers(expected: Callable[..., Any]) -> None:
    (delivery,) = expected(assigned=[{"provider": "*"}], per="all", files="{system}_{period}.zip")

    assert (delivery.id, delivery.providers) == ("2026-10/prisme/ledger/_all", ("101", "147"))


def test_a_batch_is_expected_for_those_of_it_that_are_assigned(expected: Callable[..., Any]) -> None:
    found = expected(
        assigned=[{"provider": "101"}, {"provider": "147"}, {"provider": "200", "valid_to": "2026-09-30"}],
        per="batch",
        batches={"north": ("147", "101", "200"), "south": ("200",)},
        files="{batch}_{period}.csv",
    )

    assert [(delivery.unit, delivery.providers, delivery.pattern) for delivery in found] == [
        ("north", ("101", "147"), "north_2026-10.csv")
    ]


def test_versions_that_differ_within_a_delivery_are_no_version(expected: Callable[..., Any]) -> None:
    lines = [{"provider": "101", "system_version": "4"}, {"provider": "147", "system_version": "5"}]

    assert [delivery.system_version for delivery in expected(assigned=lines, per="all")] == [None]


def test_nobody_assigned_nothing_expected(expected: Callable[..., Any]) -> None:
    assert expected(assigned=[], rules=[{"area": "school", "due": {"day": 1}, "closes": {"day": 2}}]) == []


def test_the_first_rule_that_fits_counts(expected: Callable[..., Any]) -> None:
    rules = [
        {"area": "school", "due": {"day": 1}, "closes": {"day": 2}},
        {"system": "prisme", "dataset": "ledger", "due": {"day": 3}, "closes": {"day": 4}},
        {"due": {"day": 5}, "closes": {"day": 6}},
    ]

    assert {delivery.due.day for delivery in expected(rules=rules)} == {3}


def test_a_stream_without_a_rule_is_a_fault_of_the_calendar(expected: Callable[..., Any]) -> None:
    with pytest.raises(SiteError) as caught:
        expected(rules=[{"area": "school", "due": {"day": 1}, "closes": {"day": 2}}])

    assert str(caught.value.faults[0]) == (
        "vendor_profiles/calendar.yaml:1  rules\n"
        "  found     no rule for area economy, system prisme, dataset ledger\n"
        "  expected  a rule that fits every stream of deliveries\n"
        "  fix       end the list with a rule that has due, closes and reason only"
    )


def test_a_system_that_nobody_described_is_a_fault_of_the_profile(expected: Callable[..., Any]) -> None:
    with pytest.raises(SiteError) as caught:
        expected(system="other")

    assert str(caught.value.faults[0]) == (
        "vendor_profiles/nordwind.yaml:1  deliveries.system\n"
        "  found     other\n"
        "  expected  a system of site.toml\n"
        "  fix       add the system other to site.toml, or mend the name here"
    )


@pytest.mark.parametrize(
    ("period", "month", "day", "said"),
    [
        ("2026-01", 1, 31, "2026-02-28T11:00"),
        ("2024-01", 1, 31, "2024-02-29T11:00"),
        ("2026-03", 1, 31, "2026-04-30T10:00"),
        ("2026-12", 1, 5, "2027-01-05T11:00"),
        ("2026-11", 14, 1, "2028-01-01T11:00"),
        ("2026-W41", 0, 31, "2026-10-31T11:00"),
        ("2026-Q3", 3, 15, "2026-10-15T10:00"),
        ("2026", 12, 1, "2027-01-01T11:00"),
    ],
)
def test_a_moment_is_so_many_months_on_at_local_noon(period: str, month: int, day: int, said: str) -> None:
    found = moment(Moment(month=month, day=day), Period.parse(period), "Europe/Copenhagen")

    assert found.isoformat(timespec="minutes") == f"{said}+00:00"


@pytest.mark.parametrize(
    ("day", "at", "said"),
    [
        (28, time(12), "2026-03-28T11:00"),  # the day before clocks go forward
        (29, time(1, 59), "2026-03-29T00:59"),
        (29, time(2, 30), "2026-03-29T01:30"),  # skipped
        (29, time(3), "2026-03-29T01:00"),
        (29, time(12), "2026-03-29T10:00"),
    ],
)
def test_where_clocks_go_forward_a_moment_stays_a_moment(day: int, at: time, said: str) -> None:
    found = moment(Moment(day=day, at=at), Period.parse("2026-03"), "Europe/Copenhagen")

    assert found.isoformat(timespec="minutes") == f"{said}+00:00"


@pytest.mark.parametrize(
    ("at", "said"), [(time(1, 59), "23:59"), (time(2, 30), "00:30"), (time(3), "02:00"), (time(12), "11:00")]
)
def test_where_clocks_go_back_the_first_of_two_equal_times_counts(at: time, said: str) -> None:
    found = moment(Moment(day=25, at=at), Period.parse("2026-10"), "Europe/Copenhagen")

    assert found.strftime("%H:%M") == said


def test_a_period_opens_when_the_last_wait_of_the_one_before_ends() -> None:
    rules = [
        CalendarRule(due=Moment(day=1), closes=Moment(month=1, day=day), reason="plan", area=area)
        for day, area in ((10, "economy"), (20, "school"))
    ]

    found = opening(Calendar(rules=tuple(rules)), timezone="UTC", period=Period.parse("2026-10"))

    assert found == datetime(2026, 10, 20, 12, tzinfo=UTC)
