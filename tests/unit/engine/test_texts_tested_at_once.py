"""What is faster than a regex or a Python question per row answers exactly what they answer."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgate.checking.engine.fast import CheckState, compile_suite
from loadgate.checking.engine.quiet import import_gx
from loadgate.checking.engine.short_texts import ShapeTest, read_shape
from loadgate.checking.engine.text_sets import MOST, SetTest, stands_among
from loadgate.checking.engine.verdicts import Verdicts

SHAPES = (
    r"^[A-Z]{2}[0-9]{4,6}$",
    r"^[0-9]{1,6}\.[0-9]{2}$",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^[A-Za-z0-9]{2,5}$",
    r"^a?b$",
    r"^O[0-9]{10}$",
    r"^\[[a-c]\]$",
    r"^[A-Z]{12}$",
)
MORE = (
    *(r"^(a|b)$", r"^[^a]$", r"^a+$", r"^a{2,}$", r"^.$", r"^\w$", r"^\bab$", r"^[a-]$", r"^é$", r"^$", r"ab", r"^ab"),
    *(
        r"^[A-Z]{13}$",
        r"^a?b?$",
        r"^[[:alpha:]]$",
        r"^[a-z&&b]$",
        r"^ab\$",
        r"^(?i)a$",
        r"^[a-cA-C0-36-9]$",
        r"^a{2}{3}$",
        r"^\<a$",
        r"^a\>$",
        r"^[\<]$",
        r"^[z-a]$",
        r"^[A-Z9-0]$",
        r"^a{3,2}$",
    ),
)
TEXTS = st.one_of(
    st.none(),
    st.text(alphabet="aAbBzZ09.-O[]@`{/:é٣\x00\x7f\n", max_size=14),
    st.from_regex(re.compile("|".join(SHAPES[:6]), re.ASCII)),
)


@given(st.lists(TEXTS, max_size=20), st.sampled_from(SHAPES), st.integers(0, 3))
def test_a_shape_is_met_by_the_texts_that_its_regex_matches(
    texts: list[str | None], pattern: str, skipped: int
) -> None:
    column = pl.Series("t", texts, dtype=pl.String)[skipped:]
    shape = read_shape(pattern)
    assert shape is not None

    found = ShapeTest(shape)(column)

    assert found.equals(column.str.contains(pattern), check_names=True)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (SHAPES[0], "AB123456"),
        (SHAPES[1], "123456.78"),
        (SHAPES[2], "٢٠٢٦-01-02"),
        (SHAPES[3], "aZ09"),
        (SHAPES[4], "b"),
        (SHAPES[5], "O0123456789"),
        (SHAPES[6], "[b]"),
        (SHAPES[7], "ABCDEFGHIJKL"),
    ],
)
def test_each_shape_has_texts_that_meet_it_and_neighbours_that_do_not(pattern: str, text: str) -> None:
    shape = read_shape(pattern)
    assert shape is not None
    neighbours = pl.Series(
        ["~" + text[1:], text[:-1] + "/", text[:-1] + "\x80", text * 4, "", text[:-1], text + "x", "a" * 12, None]
    )

    assert ShapeTest(shape)(pl.Series([text])).to_list() == [True]
    assert ShapeTest(shape)(neighbours).to_list()[:5] == [False] * 5
    assert ShapeTest(shape)(neighbours).equals(neighbours.str.contains(pattern))


@pytest.mark.parametrize("pattern", MORE)
def test_a_regex_that_says_more_than_what_may_stand_where_is_left_to_the_regex_engine(pattern: str) -> None:
    assert read_shape(pattern) is None


@given(st.lists(st.sampled_from([None, "a", "b", "c", "d"])), st.sets(st.sampled_from("abcd")))
def test_a_question_is_asked_once_per_text_and_its_answer_is_every_rows(
    texts: list[str | None], good: set[str]
) -> None:
    asked: list[str] = []
    verdicts = Verdicts(lambda text: asked.append(text) or text in good)
    column = pl.Series("t", texts, dtype=pl.String)

    answers = [verdicts(column).to_list() for _ in range(2)]

    assert answers == [[None if text is None else text in good for text in texts]] * 2
    assert sorted(asked) == sorted({text for text in texts if text is not None})


@given(st.lists(TEXTS, max_size=20), st.data(), st.integers(0, 3))
def test_a_text_is_one_of_some_if_it_is_equal_to_one(
    texts: list[str | None], data: st.DataObject, skipped: int
) -> None:
    short = st.text(alphabet="aAbBzZ09.-é٣\x00", max_size=6)
    elsewhere = data.draw(st.lists(short, min_size=1, max_size=30))
    present = [text for text in texts if text is not None and len(text.encode()) <= 12]
    wanted = data.draw(st.lists(st.sampled_from([*present, *elsewhere]), min_size=1, max_size=30))
    column = pl.Series("t", texts, dtype=pl.String)[skipped:]

    found = SetTest(wanted)(column)

    assert found.to_list() == [None if text is None else text in wanted for text in texts[skipped:]]


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, MOST, MOST + 1, 1000])
@pytest.mark.parametrize("longer", ["", "-and-so-on"])
def test_few_texts_are_found_as_many_are(count: int, longer: str) -> None:
    wanted = [f"v{index}{longer}" for index in range(count)]
    frame = pl.DataFrame({"t": [wanted[0], wanted[-1], f"v{count}{longer}", None, "", "v", wanted[0][:-1]]})

    found = frame.select(stands_among(pl.col("t"), wanted)).to_series().to_list()

    assert found == [True, True, False, None, False, False, False]


def test_a_text_that_only_begins_like_one_is_another() -> None:
    column = pl.Series(
        ["ab", "ab\x00", "abcd", "abcde", "abcdefghijkl", "abcdefghijklm", "xbcdefghijkl", "abcdefghijkx"]
    )

    assert SetTest(["ab", "cd", "ef"])(column).to_list() == [True] + [False] * 7
    assert SetTest(["abcdefghijkl", "b", "c"])(column).to_list() == [False] * 4 + [True] + [False] * 3


@pytest.mark.parametrize("start", ["abcd", "abcdefg", "abcdefghijk", "ab\u00e9"])
def test_texts_that_differ_in_their_last_character_only_are_told_apart(start: str) -> None:
    texts = [start + chr(last) for last in range(128)]
    wanted = texts[40:43]

    found = SetTest(wanted)(pl.Series(texts))

    assert found.arg_true().to_list() == [40, 41, 42]


@pytest.mark.parametrize(
    "text", ["\u0662\u0660", "2\u0660", "12-\u0660\u0661", "1234-\u0660\u0661", "1234-\u0660\u0661\u0662\u0663"]
)
def test_a_digit_may_be_one_of_another_script_wherever_it_stands(text: str) -> None:
    pattern = {2: r"^\d{2}$", 5: r"^\d{2}-\d{2}$", 7: r"^\d{4}-\d{2}$", 9: r"^\d{4}-\d{4}$"}[len(text)]
    shape = read_shape(pattern)
    assert shape is not None

    assert ShapeTest(shape)(pl.Series([text])).to_list() == [True]


def test_a_long_column_is_tested_to_its_end() -> None:
    texts = pl.Series(range(50_000)).cast(pl.String)
    shape = read_shape("^[0-9]{2}$")
    assert shape is not None

    assert ShapeTest(shape)(texts).arg_true().to_list() == list(range(10, 100))
    assert SetTest(["7", "20000", "49999"])(texts).arg_true().to_list() == [7, 20_000, 49_999]


def test_no_text_is_taken_for_what_stands_at_a_free_place() -> None:
    texts = [*(f"{number:b}" for number in range(2000)), "", "\x00", "\x00" * 4, "\x00" * 12, "\x7f" * 12]

    for count in (1, 3, 100):
        assert SetTest([f"w{index}" for index in range(count)])(pl.Series(texts)).any() is False


def test_a_pattern_that_cannot_be_read_makes_a_check_that_could_not_run_though_it_looks_like_a_shape() -> None:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite

    bad = gxe.ExpectColumnValuesToNotMatchRegex(column="t", regex="^[z-a]$")

    (found,) = (
        compile_suite(ExpectationSuite(name="s", expectations=[bad])).validate(pl.LazyFrame({"t": ["b"]})).outcomes
    )

    assert found.state is CheckState.COULD_NOT_RUN


PIECES = [9_000, 375, 1, 12_000, 8_000]


def in_pieces(name: str, texts: list[str | None]) -> pl.Series:
    ends = [sum(PIECES[: index + 1]) for index in range(len(PIECES))]
    parts = [texts[end - rows : end] for end, rows in zip(ends, PIECES, strict=True)]
    return pl.concat([pl.Series(name, part, dtype=pl.String) for part in parts], rechunk=False)


@pytest.mark.parametrize(
    "test",
    [
        ShapeTest(read_shape("^[a-c]{1,3}[0-9]$")),  # type: ignore[arg-type]
        ShapeTest(read_shape("^[a-c2][0-9]$")),  # type: ignore[arg-type]
        ShapeTest(read_shape(r"^\d{1,3}$")),  # type: ignore[arg-type]
        SetTest(["a1", "b2", "22"]),
        Verdicts(lambda text: text in ("a1", "7", "longer than a view")),
    ],
)
def test_a_column_in_pieces_is_answered_as_one_in_one_piece(test: Callable[[pl.Series], pl.Series]) -> None:
    few = ["a1", "b2", None, "22", "7", "٣", "longer than a view", ""]
    texts = [few[row * row % 23 % len(few)] for row in range(sum(PIECES))]
    column = in_pieces("texts", texts)
    assert column.n_chunks() == len(PIECES)

    for _ in range(3):  # what is remembered of the first time may answer the others
        assert test(column).to_list() == test(column.rechunk()).to_list()
    assert [test(column).slice(9_370, 20)[row] for row in range(20)] == test(column.slice(9_370, 20)).to_list()


def test_a_batch_in_pieces_is_given_to_a_test_at_once_and_one_in_crumbs_is_put_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations import ExpectColumnValuesToBeInSet

    asked: list[tuple[int, int]] = []

    def noted(self: SetTest, texts: pl.Series) -> pl.Series:
        if len(texts):
            asked.append((len(texts), texts.n_chunks()))
        return pl.Series([True]).new_from_index(0, len(texts))

    monkeypatch.setattr(SetTest, "__call__", noted)
    suite = ExpectationSuite(
        name="codes", expectations=[ExpectColumnValuesToBeInSet(column="code", value_set=["a", "b", "c"])]
    )
    pieces = in_pieces("code", ["a"] * sum(PIECES)).to_frame()
    crumbs = pl.concat([pl.DataFrame({"code": ["a"] * 100})] * 150, rechunk=False)
    for batch in (pieces, crumbs):
        with compile_suite(suite).start(batch.schema) as running:
            running.add(batch)
            running.finish()

    assert asked == [(sum(PIECES), len(PIECES)), (15_000, 1)]
