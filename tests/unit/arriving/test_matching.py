"""What came: states on both sides of every limit, versions, parts, strays, repetitions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from loadgate.arriving.matching import content_key, periods_named
from loadgate.model.deliveries import ArrivalState, ReceivedFile
from loadgate.model.identity import key_of, sha256
from loadgate.model.period import Cadence

DUE, CLOSES = (11, 5, 12), (11, 10, 12)
ONE = [{"provider": "101"}]
ID = "2026-10/prisme/ledger/101"
DATED = "{provider}_{period}_{date}{part}.csv"


def keys(*contents: str) -> str:
    return key_of(sorted(sha256(content.encode()) for content in contents))


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        ((11, 5, 11, 59, 59), ArrivalState.AWAITED),
        (DUE, ArrivalState.OVERDUE),
        ((11, 10, 11, 59, 59), ArrivalState.OVERDUE),
        (CLOSES, ArrivalState.MISSING),
        ((12, 24), ArrivalState.MISSING),
    ],
)
def test_what_is_not_there_is_awaited_overdue_then_missing(
    expected: Callable[..., Any], arrive: Callable[..., Any], as_of: tuple[int, ...], state: ArrivalState
) -> None:
    (arrival,) = arrive(expected(assigned=ONE), as_of=as_of).arrivals

    assert arrival.state is state
    assert arrival.delivery is None


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (DUE, ArrivalState.ON_TIME),
        ((11, 5, 12, 0, 1), ArrivalState.LATE),
        ((11, 10, 12, 0, 1), ArrivalState.LATE),
    ],
)
def test_what_came_is_on_time_up_to_the_due_moment(
    expected: Callable[..., Any], arrive: Callable[..., Any], seen: tuple[int, ...], state: ArrivalState
) -> None:
    (arrival,) = arrive(expected(assigned=ONE), {"prisme/2026-10/101.csv": seen}).arrivals

    assert arrival.state is state
    assert arrival.delivery.received_at == datetime(2026, *seen, tzinfo=UTC)  # type: ignore[misc]


def test_a_file_seen_after_as_of_is_not_there_yet(expected: Callable[..., Any], arrive: Callable[..., Any]) -> None:
    files = {"prisme/2026-10/101.csv": (11, 5, 10, 0, 1), "stray.csv": (11, 5, 10, 0, 1)}

    before = arrive(expected(assigned=ONE), files, as_of=(11, 5, 10))
    at = arrive(expected(assigned=ONE), files, as_of=(11, 5, 10, 0, 1))

    assert (before.arrivals[0].state, before.unexpected) == (ArrivalState.AWAITED, ())
    assert (at.arrivals[0].state, len(at.unexpected)) == (ArrivalState.ON_TIME, 1)


def test_parts_make_one_delivery_that_came_with_the_last_of_them(
    expected: Callable[..., Any], arrive: Callable[..., Any]
) -> None:
    files = {"prisme/2026-10/101_2.csv": (11, 6), "prisme/2026-10/101.csv": (11, 1)}

    (arrival,) = arrive(expected(assigned=ONE), files).arrivals

    assert [part.name for part in arrival.delivery.parts] == ["prisme/2026-10/101.csv", "prisme/2026-10/101_2.csv"]
    assert arrival.delivery.received_at == datetime(2026, 11, 6, tzinfo=UTC)
    assert arrival.state is ArrivalState.LATE


def test_a_later_date_supersedes_and_a_good_start_is_not_made_late(
    expected: Callable[..., Any], arrive: Callable[..., Any]
) -> None:
    files = {
        "101_2026-10_20261108_2.csv": (11, 8),
        "101_2026-10_2026-11-02.csv": (11, 2),
        "101_2026-10_2026-11-08.csv": (11, 8),
    }

    old, new = arrive(expected(assigned=ONE, files=DATED), files).arrivals

    assert (old.state, old.delivery.version, len(old.delivery.parts)) == (ArrivalState.SUPERSEDED, 1, 1)
    assert (new.state, new.delivery.version, len(new.delivery.parts)) == (ArrivalState.ON_TIME, 2, 2)
    assert new.delivery.id == f"{ID}/v2"


def test_changed_bytes_are_a_new_version_and_known_ones_keep_theirs(
    expected: Callable[..., Any], arrive: Callable[..., Any]
) -> None:
    known = {ID: [keys("first"), keys("second")]}

    def version(content: str) -> int:
        files = {"prisme/2026-10/101.csv": ((11, 1), content)}
        return arrive(expected(assigned=ONE), files, known_versions=known).arrivals[0].delivery.version  # type: ignore[no-any-return]

    assert [version(content) for content in ("first", "second", "third")] == [1, 2, 3]


def test_a_content_key_does_not_mind_names_or_order() -> None:
    def file(name: str, content: str) -> ReceivedFile:
        seen = datetime(2026, 11, 1, tzinfo=UTC)
        return ReceivedFile(name=name, size_bytes=1, sha256=sha256(content.encode()), first_seen=seen)

    assert content_key([file("a", "x"), file("b", "y")]) == content_key([file("c", "y"), file("d", "x")])
    assert content_key([file("a", "x")]) != content_key([file("a", "x"), file("b", "y")])


def test_the_same_bytes_twice_in_one_delivery_count_once_and_are_told(
    expected: Callable[..., Any], arrive: Callable[..., Any]
) -> None:
    files = {"prisme/2026-10/101.csv": ((11, 1), "same"), "prisme/2026-10/101_2.csv": ((11, 2), "same")}

    arrivals = arrive(expected(assigned=ONE), files)

    assert len(arrivals.arrivals[0].delivery.parts) == 1
    assert arrivals.duplicates == ((ID, ID),)


def test_bytes_of_an_earlier_period_are_a_duplicate(expected: Callable[..., Any], arrive: Callable[..., Any]) -> None:
    files = {"prisme/2026-10/101.csv": ((11, 1), "old")}

    arrivals = arrive(expected(assigned=ONE), files, earlier={keys("old"): "2026-09/prisme/ledger/101"})

    assert arrivals.duplicates == ((ID, "2026-09/prisme/ledger/101"),)


def test_bytes_of_another_provider_are_told_of_both(expected: Callable[..., Any], arrive: Callable[..., Any]) -> None:
    files = {"prisme/2026-10/101.csv": ((11, 1), "same"), "prisme/2026-10/147.csv": ((11, 1), "same")}

    arrivals = arrive(expected(), files)

    other = "2026-10/prisme/ledger/147"
    assert arrivals.duplicates == ((ID, other), (other, ID))


def test_an_older_version_repeats_nothing(expected: Callable[..., Any], arrive: Callable[..., Any]) -> None:
    files = {
        "101_2026-10_20261101.csv": ((11, 1), "old"),
        "101_2026-10_20261102.csv": ((11, 2), "new"),
    }

    arrivals = arrive(expected(assigned=ONE, files=DATED), files, earlier={keys("old"): "2026-09/x/y/101"})

    assert arrivals.duplicates == ()


@pytest.mark.parametrize(
    ("name", "seen", "is_stray"),
    [
        ("other/2026-10/101.csv", (1, 1), True),
        ("x_2026-10_2026-11.csv", (1, 1), True),
        ("other/2026-09/101.csv", (11, 1), False),
        ("other/2026-11/101.csv", (11, 1), False),
        ("notes.txt", (10, 20, 12), True),
        ("notes.txt", (10, 20, 11, 59, 59), False),
        ("x_2026-11-02.csv", (11, 1), True),
        ("12026-09.csv", (11, 1), True),
        ("received.csv", (11, 1), True),
        ("Prisme/2026-10/101.csv", (11, 1), True),
    ],
)
def test_a_stray_file_is_this_periods_by_its_name_or_its_first_sighting(
    expected: Callable[..., Any], arrive: Callable[..., Any], name: str, seen: tuple[int, ...], is_stray: bool
) -> None:
    arrivals = arrive(expected(), {name: seen}, opens=datetime(2026, 10, 20, 12, tzinfo=UTC))

    assert [file.name for file in arrivals.unexpected] == ([name] if is_stray else [])


def test_without_a_stated_opening_it_is_one_period_before_closing(
    expected: Callable[..., Any], arrive: Callable[..., Any]
) -> None:
    files = {"early.txt": (10, 10, 11, 59, 59), "later.txt": (10, 10, 12)}

    assert [file.name for file in arrive(expected(), files).unexpected] == ["later.txt"]


def test_stated_times_are_no_stray_where_the_site_says_so(
    expected: Callable[..., Any], arrive: Callable[..., Any]
) -> None:
    files = {"received.csv": (11, 1), "below/received.csv": (11, 1)}

    assert [f.name for f in arrive(expected(), files, stated_times=True).unexpected] == ["below/received.csv"]


def test_nothing_expected_and_nothing_there_is_nothing(arrive: Callable[..., Any]) -> None:
    arrivals = arrive([], {})

    assert (arrivals.arrivals, arrivals.unexpected, arrivals.duplicates) == ((), (), ())


def test_nine_hundred_files_find_nine_hundred_deliveries(
    expected: Callable[..., Any], arrive: Callable[..., Any]
) -> None:
    names = tuple(str(number) for number in range(101, 1001))
    wanted = expected(assigned=[{"provider": "*"}], providers=names, files=DATED)

    arrivals = arrive(wanted, {f"{name}_2026-10_20261101.csv": (11, 1) for name in names})

    assert {arrival.state for arrival in arrivals.arrivals} == {ArrivalState.ON_TIME}
    assert all(a.delivery.parts[0].name.startswith(f"{a.expected.unit}_") for a in arrivals.arrivals)
    assert len(arrivals.arrivals) == 900


def test_periods_are_seen_in_names() -> None:
    names = ["a/2026-10/x", "2026-09_b", "2026-10-07", "12026-08", "2026-13"]

    assert [str(found) for found in periods_named(names, cadence=Cadence.MONTH)] == ["2026-09", "2026-10"]
