"""Files that are no tables, or tables with something above, in; out, a refusal that says what the file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadgate.errors import CouldNotRun
from loadgate.running.drafting import Asked, draft_file

SENTENCES = "Kære kollega.\n\nAnders ringer om tallene i morgen.\nHusk, at fristen er den femte.\n"
IS_TEXT = "no delimiter splits the lines, and they are sentences: the file is plain text, no table"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (SENTENCES.encode(), IS_TEXT),
        (b"Only this one sentence.", IS_TEXT),
        (b'[{"navn": "Anders"}, {"navn": "Berit"}]', "the file is JSON, no table"),
        (b'{"navn": "Anders", "n": 1}\n{"navn": "Berit", "n": 2}\n', "the file is JSON, no table"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<rows><a>1</a></rows>\n", "the file is XML or HTML, no table"),
        (b"<!DOCTYPE html>\n<html><p>Not found, sorry</p></html>\n", "the file is XML or HTML, no table"),
        (b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "the file is a PDF, no table"),
    ],
)
def test_what_is_no_table_is_refused_by_what_it_is(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(CouldNotRun) as told:
        draft_file(path, Asked())
    assert told.value.message == message
    assert "say --header or --no-header" in str(told.value.fix)


def test_a_column_of_sentences_is_one_where_a_person_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("answer\n" + "It was all quite good\n" * 30)
    assert draft_file(path, Asked(header=True)).facts["rows"] == 30


def test_a_csv_with_titles_above_its_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Udtræk;;;\nOktober;;;\n\nkode;dato;navn;beløb\n" + "101;2026-10-01;x;1\n" * 30, encoding="utf-8")
    with pytest.raises(CouldNotRun) as told:
        draft_file(path, Asked())
    assert told.value.message == ("the first line fills 1 of 4 fields, and names stand further down, below titles")
    assert told.value.fix == "take the lines above the names out of a copy; if the first line is a row, say --no-header"
    assert draft_file(path, Asked(header=False)).facts["rows"] > 30


def test_a_header_that_comes_again_among_the_rows_is_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("code;amount\n" + ("7;1.5\n" * 20 + "code;amount\n") * 3)
    drafted = draft_file(path, Asked())
    assert [one["type"] for one in drafted.facts["columns"]] == ["integer", "decimal"]
    assert drafted.facts["rows"] == 60
    assert "# Not counted: 3 rows that repeat the header." in drafted.text


def test_lines_that_end_in_a_delimiter_have_a_header_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a;b;\n" + "1;x;\n2;y;\n" * 30)
    drafted = draft_file(path, Asked())
    assert [one["name"] for one in drafted.facts["columns"]] == ["a", "b", "column_3"]
    assert "- {source: '', column: column_3}" in drafted.text


def test_an_address_of_mail_names_no_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("anna@example.org\n" + "".join(f"x{at}@example.org\n" for at in range(9)))
    assert "example.org" not in draft_file(path, Asked()).text
