"""A Python question that is asked once per distinct text has the answer of each row, however the rows arrive."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgate.checking.engine.short_texts import views
from loadgate.checking.engine.verdicts import Verdicts
from loadgate.checking.engine.word_tables import tabulate

TEXTS = st.one_of(
    st.text(alphabet="ab0é٣\x00", max_size=7),
    st.sampled_from(["", "a", "b", "0123456789ab", "0123456789aé", "0123456789abc", "0123456789abd", "é" * 6, "é" * 7]),
)
BATCHES = st.lists(st.lists(st.lists(st.one_of(st.none(), TEXTS), max_size=8), min_size=1, max_size=3), max_size=5)
ENOUGH = 40_000  # rows that make a few texts worth a table


class Asked:
    """Remembers what it was asked, and accepts some."""

    def __init__(self, good: set[str]) -> None:
        self._good = good
        self.texts: list[str] = []

    def __call__(self, text: str) -> bool:
        self.texts.append(text)
        return text in self._good

    def of(self, column: pl.Series) -> list[bool | None]:
        return [None if text is None else text in self._good for text in column.to_list()]


def rows_of(texts: list[str]) -> pl.Series:
    """Enough rows of them."""
    return pl.Series("t", texts, dtype=pl.String).gather(np.arange(ENOUGH) % len(texts))


def numbers(start: int, stop: int, *, rows: int, seed: int) -> tuple[pl.Series, pl.Series]:
    """Numbers between 10**8 and 10**9 as texts, and which of them an odd one is."""
    drawn = pl.Series("t", np.random.default_rng(seed).integers(start, stop, rows)) * 7919 + 10**8
    return drawn.cast(pl.String), drawn % 2 == 1


def odd(text: str) -> bool:
    return text[-1] in "13579"


@given(st.lists(TEXTS, min_size=1, max_size=12, unique=True), BATCHES, st.sets(TEXTS), st.integers(0, 3))
def test_answers_are_those_of_a_plain_loop_also_once_texts_are_looked_up(
    often: list[str], batches: list[list[list[str | None]]], good: set[str], skipped: int
) -> None:
    asked = Asked(good | set(often[::2]))
    verdicts = Verdicts(asked)
    columns = [
        pl.concat([pl.Series("t", [*piece, often[0], often[-1]], dtype=pl.String)[skipped:] for piece in pieces])
        for pieces in batches
    ]

    first = verdicts(rows_of(often))
    looked_up = verdicts.looks_up
    answers = [verdicts(column) for column in columns]

    assert looked_up is any(len(text.encode()) <= 12 for text in often)
    assert first.to_list() == asked.of(rows_of(often))
    assert [answer.to_list() for answer in answers] == [asked.of(column) for column in columns]
    assert all(answer.name == "t" and answer.dtype == pl.Boolean for answer in answers)
    assert len(asked.texts) == len(set(asked.texts))


@pytest.mark.parametrize("good", [{"a", "b"}, {"a"}, set()])
def test_what_stands_in_a_row_that_has_no_text_is_no_text(good: set[str]) -> None:
    asked = Asked(good)
    verdicts = Verdicts(asked)
    verdicts(rows_of(["a", "b"]))
    held = pa.array(["a", "b", "zzz", "a", "b", "no text at all"], type=pa.string_view())
    column = pl.Series("t", pa.Array.from_buffers(held.type, 6, [pa.py_buffer(b"\x18"), *held.buffers()[1:]]))
    assert views(column)[0][2].tolist() == views(pl.Series(["zzz"]))[0][0].tolist()

    answers = [verdicts(column).to_list(), verdicts(column[2:5]).to_list()]

    none = [None]
    found = ["a" in good, "b" in good]
    assert answers == [none * 3 + found + none, none + found]
    assert set(asked.texts) == {"a", "b"}


def test_a_text_that_lost_its_place_to_another_has_its_own_answer() -> None:
    all_texts = pl.Series("t", np.arange(20_000) * 7919 + 10**8).cast(pl.String)
    asked = Asked(set(all_texts.filter(all_texts.str.contains("[13579]$"))))
    verdicts = Verdicts(asked)
    places = tabulate(views(all_texts)[0], least_bits=17, most_bits=17)
    assert not places.look_up(views(all_texts)[0])[1].all()

    for seed in range(3):
        texts, wanted = numbers(0, 20_000, rows=200_000, seed=seed)
        assert verdicts(texts).equals(wanted)

    assert verdicts.looks_up
    assert verdicts(all_texts).to_list() == asked.of(all_texts)
    assert len(asked.texts) == len(set(asked.texts)) == 20_000


def test_texts_that_differ_in_one_place_only_are_told_apart() -> None:
    text = "abcdefghijkl"
    neighbours = [text[:place] + "~" + text[place + 1 :] for place in range(12)]
    neighbours += [text[:length] for length in range(12)]
    verdicts = Verdicts(lambda asked: asked == text)

    verdicts(rows_of([text]))

    assert verdicts.looks_up
    assert verdicts(pl.Series([*neighbours, text])).to_list() == [False] * 24 + [True]


@pytest.mark.usefixtures("threads_switch_often")
def test_threads_that_share_the_answers_get_right_ones() -> None:
    verdicts = Verdicts(odd)
    batches = [numbers(0, 1000 + 10 * step, rows=20_000, seed=step) for step in range(80)]  # each has new texts
    batches += [(texts[::3], wanted[::3]) for texts, wanted in batches]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(verdicts, [texts for texts, _ in batches]))

    assert verdicts.looks_up
    assert all(answer.equals(wanted) for answer, (_, wanted) in zip(answers, batches, strict=True))


def test_texts_are_looked_up_only_while_most_rows_are_found() -> None:
    verdicts = Verdicts(odd)
    verdicts(rows_of(["1", "2"]))
    new = [pl.Series("t", [f"{batch}-{row}" for row in range(10)]) for batch in range(3)]
    mixed = pl.concat([new[2], rows_of(["1", "2"])])
    mostly_nothing = pl.Series("t", ["1", None, None, None])

    at_times = looks_up_after(verdicts, [*new[:2], mixed, *[mostly_nothing] * 3, *new[:2]])
    never = looks_up_after(verdicts, [new[0], mixed])

    assert (at_times, never) == ([True] * 8, [False] * 2)
    assert verdicts(mixed).to_list() == [odd(text) for text in mixed]


def looks_up_after(verdicts: Verdicts, batches: list[pl.Series]) -> list[bool]:
    found = []
    for batch in batches:
        verdicts(batch)
        found.append(verdicts.looks_up)
    return found


@pytest.mark.parametrize(
    "column",
    [
        rows_of(["1"])[:100],
        rows_of(["of more than twelve bytes", "and another one"]),
        rows_of([str(number) for number in range(15_000)]),
        pl.Series(np.arange(60_000)).cast(pl.String),
        pl.Series([None] * ENOUGH, dtype=pl.String),
    ],
    ids=["few rows", "long texts", "few rows per text", "more texts than are remembered", "no texts"],
)
def test_texts_are_not_looked_up_where_that_would_not_pay(column: pl.Series) -> None:
    verdicts = Verdicts(odd)

    answers = [verdicts(column) for _ in range(2)]

    assert not verdicts.looks_up
    assert [answer.to_list() for answer in answers] == [[None if text is None else odd(text) for text in column]] * 2


@given(st.sets(st.binary(max_size=9), min_size=1, max_size=60), st.integers(1, 8))
def test_a_table_finds_a_text_or_the_place_is_anothers(keys: set[bytes], most_bits: int) -> None:
    texts = [key.hex()[:12] for key in keys]
    (words,) = views(pl.Series(list(dict.fromkeys(texts))))
    table = tabulate(words, least_bits=1, most_bits=most_bits)

    places, found = table.look_up(words)

    assert len(set(places[found].tolist())) == found.sum() == len(set(places.tolist()))
    assert (table.words[places] == words).all(axis=1).tolist() == found.tolist()
    assert found.all() or len(table.words) == 2**most_bits
