"""Meta, notes and ids of a suite that GX wrote in; out, each of them in the reason or a comment, none of them gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loadgate.running.exchanging import read_gx_suite


def text_of(tmp_path: Path, line: dict[str, Any], **suite: Any) -> str:
    path = tmp_path / "s.json"
    lines = [{"type": "expect_column_to_exist", "kwargs": {"column": "a"}, **line}]
    path.write_text(json.dumps({"name": "s", "expectations": lines, **suite}))
    read = read_gx_suite(path)
    assert read.kept == 1
    assert read.text is not None
    return read.text


@pytest.mark.parametrize(
    ("line", "comment"),
    [
        ({"meta": {"reason": {"code": 5}}}, '# meta in GX: {"reason": {"code": 5}}'),
        ({"meta": {"reason": "r", "check": "Q1"}, "id": "77"}, '# meta in GX: {"check": "Q1"}\n  # id in GX: "77"'),
        (
            {"meta": {"notes": {"content": ["x"], "by": "me"}}},
            '# meta in GX: {"notes": {"content": ["x"], "by": "me"}}',
        ),
        ({"meta": {"notes": ["x", 5]}}, '# meta in GX: {"notes": ["x", 5]}'),
        ({"meta": {"loadgate": "mine"}}, '# meta in GX: {"loadgate": "mine"}'),
        ({"notes": 7}, "# notes in GX: 7"),
    ],
)
def test_what_of_a_lines_meta_is_no_reason_is_a_comment(tmp_path: Path, line: dict[str, Any], comment: str) -> None:
    assert f"  {comment}\n  - type: expect_column_to_exist" in text_of(tmp_path, line)


@pytest.mark.parametrize(
    "line",
    [
        {"meta": {"reason": "why"}},
        {"notes": ["why"], "meta": {"notes": "why"}},
        {"meta": {"notes": {"format": "markdown", "content": ["why"]}}},
        {"description": "why", "notes": None, "meta": None},
    ],
)
def test_what_is_text_is_the_reason_and_no_comment(tmp_path: Path, line: dict[str, Any]) -> None:
    text = text_of(tmp_path, line)
    assert "    reason: why\n" in text
    assert " in GX: " not in text.partition("expectations:")[2]


def test_a_suites_meta_of_our_name_that_we_did_not_write_is_a_comment(tmp_path: Path) -> None:
    assert '# meta in GX: {"loadgate": "x", "owner": "y"}' in text_of(
        tmp_path, {}, meta={"loadgate": "x", "owner": "y"}
    )
