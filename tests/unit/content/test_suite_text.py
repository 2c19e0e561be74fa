"""The writer of suites: whatever stands in them, every reader of YAML reads the same."""

from __future__ import annotations

import io
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from loadgate.content import yaml_lines
from loadgate.content.suite_text import Remarks, flow, scalar, suite_text
from loadgate.errors import CouldNotRun
from loadgate.model.expected import Column, Dataset, ExpectationLine

HOSTILE = [
    *("no", "Yes", "y", "on", "null", "~", "", "true", "01", "1e5", "0x1f", "1_000", ".5", ".inf", "12:30:00"),
    *("2026-10-07", "=1+1", "+1", "-x", "@SUM(A1)", "- a", "? x", "a: b", "a #b", "# c", "'q'", '"d"', "{a}", "[b]"),
    *("*a", "&b", "!t", "%d", "`y`", "<<", "---", "...", " lead", "trail ", "a\nb", "a\\nb", "tab\t", "\x00", "\x85"),
    *("\u2028", "\ufeffz", "\u202eevil", "æøå", "🎉", "^[0-9]{2}$"),
]


def suite(*, names: list[str], values: list[object], reason: str = "Because.") -> Dataset:
    lines = (ExpectationLine(type="expect_column_values_to_be_in_set", kwargs={"value_set": values}, reason=reason),)
    return Dataset(
        dataset="d", area="a", title="t", columns={name: Column(description=name) for name in names}, expectations=lines
    )


def test_hostile_texts_are_read_back_as_they_were_by_old_and_new_readers() -> None:
    text = suite_text(suite(names=HOSTILE, values=list(HOSTILE)))
    for read in (lambda: yaml_lines.parse(text, file="x").value, lambda: old_reader().load(io.StringIO(text))):
        value = read()
        assert list(value["columns"]) == HOSTILE
        assert value["expectations"][0]["kwargs"]["value_set"] == HOSTILE


def old_reader() -> YAML:
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 1)
    return reader


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(value: str, reason: str) -> None:
    text = suite_text(suite(names=[value], values=[value], reason=reason))
    assert yaml_lines.parse(text, file="x").value["expectations"][0]["reason"] == reason  # type: ignore[index]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (5, "5"),
        (-1e-07, "-1.0e-07"),
        (date(2026, 10, 7), "2026-10-07"),
        (datetime(2026, 10, 7, 12), "'2026-10-07T12:00:00'"),
        ({"$PARAMETER": "providers"}, "{'$PARAMETER': providers}"),
        (["a", "no"], "[a, 'no']"),
    ],
)
def test_a_value_is_written_in_one_way(value: object, written: str) -> None:
    assert flow(value) == written


def test_plain_words_stand_without_quotes_and_others_in_them() -> None:
    assert [scalar(text) for text in ("Cost of a month", "it's", "no", "01")] == [
        "Cost of a month",
        "'it''s'",
        "'no'",
        "'01'",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**20, b"x"])
def test_a_value_that_content_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(CouldNotRun, match="content cannot hold"):
        flow(value)


def test_half_a_character_is_refused_rather_than_changed() -> None:
    with pytest.raises(CouldNotRun, match="cannot be written as YAML that says the same"):
        suite_text(suite(names=["a"], values=["\ud800"]))


def test_a_comment_stays_one_whatever_stands_in_it() -> None:
    remarks = Remarks(head=["a\ndataset: evil"], columns={"a": ["b\u2028c: d"]}, lines={0: ["x\r- type: y"]}, end=["z"])
    text = suite_text(suite(names=["a"], values=[1]), remarks)
    assert [line.strip() for line in text.splitlines() if "#" in line] == [
        "# a dataset: evil",
        "# b c: d",
        "# x - type: y",
        "# z",
    ]


def test_a_long_reason_is_folded_and_comes_back_in_one_line() -> None:
    reason = "Draft: " + "# many words: " * 20 + "end."
    text = suite_text(suite(names=["a"], values=[1], reason=reason))
    assert max(map(len, text.splitlines())) <= 120
    assert yaml_lines.parse(text, file="x").value["expectations"][0]["reason"] == reason  # type: ignore[index]
