"""YAML that remembers its lines: what plain scalars mean, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgate.content.yaml_lines import parse


def value_of(text: str) -> object:
    parsed = parse(text, file="x.yaml")
    assert not parsed.faults
    return parsed.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-5", -5),
        ("0", 0),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("false", False),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("1.12.0.1", "1.12.0.1"),
        ("00+", "00+"),
        ("2026-10", "2026-10"),
        ("2026-10-07", date(2026, 10, 7)),
        ("2026-02-30", "2026-02-30"),
        ("'2026-10-07'", "2026-10-07"),
        ('"01"', "01"),
        ("0x1F", "0x1F"),
        (".nan", ".nan"),
        ("9" * 25, "9" * 25),
    ],
)
def test_a_plain_scalar_is_read_as_yaml_1_2_reads_it(text: str, value: object) -> None:
    found = value_of(f"key: {text}")
    assert found == {"key": value}
    assert type(found["key"]) is type(value)  # type: ignore[index]


def test_a_key_is_always_text() -> None:
    assert value_of("1.10: a\n01: b\ntrue: c\n2026-10-07: d") == {
        "1.10": "a",
        "01": "b",
        "true": "c",
        "2026-10-07": "d",
    }


def test_each_key_and_entry_knows_its_line() -> None:
    lines = parse("# a note\na:\n  - x\n  - b: 1\n    c: >\n      text\n      more\n  - {d: 1}\ne: 2\n", file="x").lines
    assert [lines.at(path) for path in [("a",), ("a", 0), ("a", 1, "c"), ("a", 2, "d"), ("e",)]] == [2, 3, 5, 8, 9]
    assert lines.at(("a", 1, "nothing")) == 4  # the entry that would hold it


def test_an_alias_bomb_is_refused_without_being_built() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    parsed = parse(bomb, file="x.yaml")
    assert {fault.found for fault in parsed.faults} == {"an anchor or alias"}
    assert parsed.value["a29"] == [None] * 9  # type: ignore[index]


def test_a_tag_makes_no_object() -> None:
    parsed = parse("run: !!python/object/apply:os.getcwd []\n", file="x.yaml")
    assert parsed.value == {"run": []}
    assert [(fault.line, fault.key) for fault in parsed.faults] == [(1, "run")]


def test_nesting_without_end_is_refused() -> None:
    parsed = parse("[" * 3000 + "]" * 3000, file="x.yaml")
    assert [fault.found for fault in parsed.faults] == ["deep nesting"]


def test_the_first_of_two_equal_keys_counts_and_the_second_is_told() -> None:
    parsed = parse("a: 1\nb: 2\na: {c: 3}\n", file="x.yaml")
    assert parsed.value == {"a": 1, "b": 2}
    assert [(fault.line, fault.key, fault.expected) for fault in parsed.faults] == [(3, "a", "one (line 1)")]


@pytest.mark.parametrize("text", ["a: [", "a: 'x", "\ta: 1", "a: b: c", "- a\nb: 1", "\x00", "? [a, b]\n: c"])
def test_what_is_no_yaml_is_a_fault_with_a_line(text: str) -> None:
    parsed = parse(text, file="x.yaml")
    assert parsed.faults
    assert all(fault.line >= 1 for fault in parsed.faults)


@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_a_fault_and_never_an_exception(text: str) -> None:
    parsed = parse(text, file="x.yaml")
    assert all(fault.file == "x.yaml" and fault.fix for fault in parsed.faults)
