"""The header: which columns are found, and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from loadgate.model.kinds import Kind, Severity

COLUMNS: dict[str, dict[str, Any]] = {"account": {}, "cost": {"type": "decimal"}, "note": {"optional": True}}
SOURCES = {"Konto": "account", "Beløb": "cost", "Note": "note"}


def test_columns_are_found_by_name_in_any_order(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes("Beløb;Note; Konto \n1,5;x;01\n".encode(), columns=COLUMNS, sources=SOURCES)

    assert read.typed.select("account", "cost", "note").rows() == [("01", Decimal("1.50"), "x")]
    assert read.reading.findings == ()


def test_an_optional_column_may_be_absent(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes("Beløb;Konto\n1,5;01\n".encode(), columns=COLUMNS, sources=SOURCES)

    assert read.column("note") == [None]
    assert read.reading.findings == ()


def test_a_renamed_column_is_named_as_expected_and_the_new_name_is_only_counted(
    read_bytes: Callable[..., Any],
) -> None:
    read = read_bytes(b"PLANTED;Konto\n1,5;01\n", columns=COLUMNS, sources=SOURCES)

    finding = read.finding(Kind.COLUMNS)
    assert finding.severity is Severity.CRITICAL
    assert finding.detail == {"missing": "Beløb", "unexpected": "1", "places": "1"}
    assert read.typed.height == read.reading.rows_in == 0
    assert "PLANTED" not in read.said


def test_a_column_that_stands_there_twice_is_named(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes("Konto;Beløb;Konto\n01;1,5;02\n".encode(), columns=COLUMNS, sources=SOURCES)

    assert read.finding(Kind.COLUMNS).detail == {"duplicate": "Konto"}
    assert read.typed.height == 0


def test_of_a_column_that_nobody_wants_the_place_is_told_and_the_rest_is_read(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes("Konto;PLANTED;Beløb;Note\n01;x;1,5;n\n".encode(), columns=COLUMNS, sources=SOURCES)

    assert read.kinds == [Kind.COLUMNS_ADDED]
    finding = read.finding(Kind.COLUMNS_ADDED)
    assert finding.severity is Severity.WARNING
    assert finding.detail == {"unexpected": "1", "places": "2"}
    assert read.column("cost") == [Decimal("1.50")]
    assert "PLANTED" not in read.said


def test_a_column_that_nobody_wants_may_be_the_optional_one_that_is_not_there(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes("Konto;PLANTED;Beløb\n01;x;1,5\n".encode(), columns=COLUMNS, sources=SOURCES)

    finding = read.finding(Kind.COLUMNS)
    assert finding.severity is Severity.WARNING
    assert finding.detail == {"missing": "Note", "unexpected": "1", "places": "2"}
    assert read.column("cost") == [Decimal("1.50")]
    assert "PLANTED" not in read.said


def test_the_file_with_most_columns_that_nobody_wants_is_told(read_bytes: Callable[..., Any]) -> None:
    files = ["Konto;Beløb;Note\n", "Konto;x;Beløb;Note;y\n", "Konto;Beløb;z;Note\n"]

    read = read_bytes(
        *(names.encode() + b"01;1;1;1;1\n"[: 2 * names.count(";") + 3] + b"\n" for names in files),
        columns=COLUMNS,
        sources=SOURCES,
    )

    assert read.finding(Kind.COLUMNS_ADDED).detail == {"unexpected": "2", "places": "2, 5"}


def test_a_column_that_the_profile_ignores_is_no_finding(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes("Konto;Fri;Beløb\n01;x;1,5\n".encode(), columns=COLUMNS, sources=SOURCES, ignore=("Fri",))

    assert read.reading.findings == ()


def test_another_delimiter_is_a_matter_of_columns(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes("Konto,Beløb\n01,1.5\n".encode(), columns=COLUMNS, sources=SOURCES)

    assert read.finding(Kind.COLUMNS).detail == {"missing": "Konto, Beløb", "unexpected": "1", "places": "1"}


def test_without_a_header_columns_come_in_the_profiles_order(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(b"01;1,5;x\n", columns=COLUMNS, sources=SOURCES, header=False)

    assert read.typed.select("_line", "account", "note").rows() == [(1, "01", "x")]


def test_a_quoted_header_may_span_lines(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(b'"Konto";"Be\nl";x\n01;1,5;\n', columns=COLUMNS, sources={"Konto": "account", "Be\nl": "cost"})

    assert read.column("_line") == [3]
    assert read.column("account") == ["01"]


@pytest.mark.parametrize("count", [1, 3])
def test_wrong_columns_in_several_parts_are_one_finding(read_bytes: Callable[..., Any], count: int) -> None:
    read = read_bytes(*[b"x;Konto\n"] * count, columns=COLUMNS, sources=SOURCES)

    assert read.kinds == [Kind.COLUMNS]


def test_one_part_with_wrong_columns_leaves_no_row_of_the_delivery(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes("Konto;Beløb\n01;1,5\n".encode(), b"Konto\n01\n", columns=COLUMNS, sources=SOURCES)

    assert read.reading.rows_in == read.typed.height == 0
    assert read.left == ["rejects.parquet", "typed.parquet"]
