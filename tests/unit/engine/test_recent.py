"""Hashes that have come before are held back, and whatever is, the counts are those of all hashes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgate.checking.engine import recent
from loadgate.checking.engine.hashes import HashSets
from loadgate.checking.engine.recent import Recent

HIGHEST = 2**64 - 1
SAME_PLACE = [7, 8, 9]
"""Their high bits are the same, as are those of a place that nothing has come to yet."""


@pytest.mark.parametrize("repeats", [False, True])
@given(
    batches=st.lists(
        st.lists(
            st.sampled_from([0, HIGHEST, HIGHEST - 1, *SAME_PLACE]) | st.integers(0, HIGHEST), min_size=1, max_size=40
        ),
        max_size=6,
    ),
    times=st.integers(1, 700),
)
def test_counts_are_those_of_all_hashes_whatever_is_held_back(
    repeats: bool, batches: list[list[int]], times: int
) -> None:
    made = HashSets().new(repeats=repeats)
    for batch in batches:
        made.add(pl.Series(batch * times, dtype=pl.UInt64))

    counted = made.count()

    expected = Counter(one for batch in batches for one in batch * times)
    assert (counted.rows, counted.distinct) == (expected.total(), len(expected))
    if repeats:
        assert sorted(counted.repeated) == sorted(one for one, count in expected.items() if count > 1)


def test_what_hardly_differs_is_hardly_kept() -> None:
    batches = [pl.Series(np.random.default_rng(n).integers(0, 9, 50_000), dtype=pl.UInt64).hash() for n in range(8)]
    once, twice = HashSets().new(repeats=False), HashSets().new(repeats=True)
    for batch in batches:
        once.add(batch)
        twice.add(batch)

    assert once.held <= recent._ROWS_AT_ONCE
    assert twice.held <= 2 * recent._ROWS_AT_ONCE
    assert (once.count().distinct, twice.count().rows_repeated) == (9, 400_000)


def test_hashes_that_share_a_place_take_turns_there_and_none_is_taken_for_the_other() -> None:
    table = Recent(copies=1)

    kept = [table.fresh(pl.Series([one], dtype=pl.UInt64)).to_list() for one in (7, 7, 8, 7, 7)]

    assert kept == [[7], [], [8], [7], []]


def test_a_column_without_repetitions_is_not_looked_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "_TRIED", 1000)
    table = Recent(copies=1)
    for start in range(0, 3000, 500):
        table.fresh(pl.Series(range(start, start + 500), dtype=pl.UInt64).hash())

    assert table._asked == 1000


@pytest.mark.parametrize(("different", "asked"), [(751, 1000), (749, 1100)])
def test_a_column_is_looked_up_on_where_a_quarter_of_it_is_held_back(
    monkeypatch: pytest.MonkeyPatch, different: int, asked: int
) -> None:
    monkeypatch.setattr(recent, "_TRIED", 1000)
    table = Recent(copies=1)

    for count in (different, 1000 - different, 100):
        table.fresh(pl.Series(range(count), dtype=pl.UInt64) * 2**45)

    assert table._asked == asked
