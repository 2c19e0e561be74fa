"""File patterns: what fits and what does not, which of two wins, and that no name makes matching slow."""

from __future__ import annotations

import time

import pytest

from loadgate.arriving.patterns import MAX_NAME, Matched, Pattern, PatternIndex, fill


def test_what_is_known_is_filled_in_and_the_rest_stays() -> None:
    names = {"period": "2026-10", "provider": "101", "batch": None}

    assert fill("{provider}/{period}_{date}{part}-{batch}*.csv", names) == "101/2026-10_{date}{part}-{batch}*.csv"


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("in/a.csv", "in/a.csv", True),
        ("in/a.csv", "in/A.csv", False),
        ("in/a.csv", "in/axcsv", False),
        ("in/a.csv", "other/in/a.csv", False),
        ("in/a.csv", "in/a.csv\n", False),
        ("a{part}.csv", "a.csv", True),
        ("a{part}.csv", "a_2.csv", True),
        ("a{part}.csv", "a-b.csv", True),
        ("a{part}.csv", "a.3.csv", True),
        ("a{part}.csv", "a_part12.csv", True),
        ("a{part}.csv", "a2.csv", False),
        ("a{part}.csv", "a_old.csv", False),
        ("a{part}.csv", "a_12345.csv", False),
        ("a_{date}.csv", "a_2026-10-07.csv", True),
        ("a_{date}.csv", "a_20261007.csv", True),
        ("a_{date}.csv", "a_2026-1-7.csv", False),
        ("a_*.csv", "a_.csv", True),
        ("a_*.csv", "a_b/c.csv", False),
        ("*/a*b*.csv", "x/a1b2.csv", True),
        ("*/a*b*.csv", "x/a12.csv", False),
        ("x*ab*ab.csv", "x1ab2ab.csv", True),
        ("x*{date}{part}.csv", "x-2026-10-07_2.csv", True),
        ("{date}/{date}.csv", "20261007/20261008.csv", True),
        ("kø.csv", "ko\u0308.csv".replace("o\u0308", "ø"), True),
        ("é.csv", "e\u0301.csv", True),
        ("(a+)[b].csv", "(a+)[b].csv", True),
    ],
)
def test_a_name_fits_as_a_whole_or_not_at_all(pattern: str, name: str, fits: bool) -> None:
    found = PatternIndex([(pattern, "key")]).find(name)

    assert (found is not None) is fits


def test_a_match_tells_date_and_part() -> None:
    assert Pattern("a_{date}{part}.csv").match("a_2026-10-07-b.csv") == Matched(date="20261007", part="-b")


def test_the_more_specific_pattern_wins() -> None:
    index = PatternIndex([("in/*.csv", "any"), ("in/a*.csv", "begins"), ("in/a.csv", "exact"), ("*/ab.*", "ends")])

    found = {name: index.find(name) for name in ("in/a.csv", "in/ab.csv", "in/x.csv", "on/ab.csv", "on/x.csv")}

    assert {name: key and key[0] for name, key in found.items()} == {
        "in/a.csv": "exact",
        "in/ab.csv": "begins",
        "in/x.csv": "any",
        "on/ab.csv": "ends",
        "on/x.csv": None,
    }


def test_a_name_that_is_too_long_fits_nothing() -> None:
    assert Pattern("*").match("a" * MAX_NAME) is not None
    assert Pattern("*").match("a" * (MAX_NAME + 1)) is None


def test_no_name_makes_matching_slow() -> None:
    pattern = Pattern("*a*a*a*a*a*a*b.csv")
    started = time.process_time()

    assert pattern.match("a" * MAX_NAME) is None

    assert time.process_time() - started < 5  # backtracking over six stars would take years
