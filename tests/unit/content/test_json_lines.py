"""JSON with the line of every key, read strictly."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgate.content.json_lines import parse

JSON = """{
  "a": [
    1,
    {"b": "}{\\"]", "c": null},
    []
  ],
  "\\u0064": {}
}
"""


def test_every_key_and_entry_knows_its_line() -> None:
    lines = parse(JSON, file="x.json").lines
    places = [(), ("a",), ("a", 0), ("a", 1), ("a", 1, "b"), ("a", 1, "c"), ("a", 2), ("d",)]
    assert [lines.keys[place] for place in places] == [1, 2, 3, 4, 4, 4, 5, 7]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(JSON_VALUES, st.sampled_from([None, 1]))
def test_any_document_keeps_its_values_and_every_path_has_a_line(value: object, indent: int | None) -> None:
    parsed = parse(json.dumps(value, indent=indent), file="x.json")
    assert (parsed.value, parsed.faults) == (value, [])
    assert set(parsed.lines.keys) == set(paths(value, ()))


def paths(value: object, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, part in below for found in paths(part, (*path, name)))]


@pytest.mark.parametrize(
    ("text", "found", "line"),
    [
        ('{"a": 1,\n "a": 2}', "a second a in one object", 2),
        ('{"a": "a",\n "b": [{"a": ",", "c": 1},\n {"a": 1,\n "\\u0061": 2}]}', "a second a in one object", 4),
        ('{"a": {"b": 1},\n "a": {"b": 1,\n "b": 2}} ] }', "a second a in one object", 2),
        ('{"a":\n NaN}', "NaN, an infinity or a number too long", 2),
        ('["NaN",\n-Infinity, }', "NaN, an infinity or a number too long", 2),
        ('["' + "1" * 5000 + '",\n\n' + "1" * 5000 + "]", "NaN, an infinity or a number too long", 3),
        ('{"a": 1\n', "expecting ',' delimiter", 2),
        ("[" * 5000 + "]" * 5000, "deep nesting", 1),
        ("[" * 70 + "]" * 70, "deep nesting", 1),
        ('["a",\n "\\ud800"]', "half of a character", 2),
        ('[\n{"\\ud800": "\\ud800"}]', "half of a character", 2),
        ('{"\\ud800": 1, "\\ud800": 2}', "a second ? in one object", 1),
        ("", "expecting value", 1),
    ],
)
def test_what_is_no_json_has_one_fault(text: str, found: str, line: int) -> None:
    (fault,) = parse(text, file="x.json").faults
    assert (fault.found, fault.line) == (found, line)
    assert str(fault).encode()  # whatever stood there, this can be said
