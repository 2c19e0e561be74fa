"""Splitting: which rows are typed, which are rejected, and on which line they stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from loadgate.model import tables
from loadgate.model.findings import RowsEvidence
from loadgate.model.kinds import Kind, Severity
from loadgate.reading import lines

HEAD = b"account;cost;day\n"
ROW = b"0100;1,50;2026-10-07\n"


def test_a_row_is_typed_with_its_part_row_and_line(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(HEAD + ROW, HEAD + ROW + ROW)

    assert read.typed.rows() == [
        (0, 1, 2, "0100", Decimal("1.50"), date(2026, 10, 7)),
        (1, 2, 2, "0100", Decimal("1.50"), date(2026, 10, 7)),
        (1, 3, 3, "0100", Decimal("1.50"), date(2026, 10, 7)),
    ]
    assert read.reading.findings == ()
    assert read.left == ["rejects.parquet", "typed.parquet"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"0100;1,50\n", "2 fields instead of 3"),
        (b"0100\n", "1 field instead of 3"),
        (b"0100;1,50;2026-10-07;more\n", "4 fields instead of 3"),
        (b"\n", "blank line"),
        (b"   \n", "blank line"),
        (HEAD, "header repeated"),
        (b'"01"00;1,50;2026-10-07\n', "quote out of place"),
        (b'"0100;1,50;2026-10-07\n', "quote never closed"),
    ],
)
def test_a_row_that_cannot_be_split_is_rejected(read_bytes: Callable[..., Any], row: bytes, reason: str) -> None:
    read = read_bytes(HEAD + ROW + row + ROW)

    assert read.rejects.rows() == [(None, 3, None, reason)]
    assert read.rejects.schema == tables.schema(tables.REJECTS)
    assert read.column("_row") == [1, 3]
    assert read.column("_line") == [2, 4]
    assert (read.reading.rows_in, read.reading.rows_typed, read.reading.rows_rejected) == (3, 2, 1)


def test_a_row_of_empty_fields_is_typed_as_nulls(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(HEAD + b";;\n")

    assert read.column("account") == [None]
    assert read.reading.values_unreadable == {}


def test_a_quoted_field_holds_delimiters_line_ends_and_quotes_and_lines_go_on_right(
    read_bytes: Callable[..., Any],
) -> None:
    quoted = b'"a;b\r\nc ""d""\n;";1,50;2026-10-07\r\n'

    read = read_bytes(HEAD + ROW + quoted + ROW)

    assert read.column("account") == ["0100", 'a;b\r\nc "d"\n;', "0100"]
    assert read.column("_line") == [2, 3, 6]
    assert read.column("_row") == [1, 2, 3]


def test_a_quote_inside_a_field_that_does_not_begin_with_one_is_text(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(HEAD + b'5" pipe;1,50;2026-10-07\n' + b'"x;y";2,00;2026-10-07\n')

    assert read.column("account") == ['5" pipe', "x;y"]
    assert read.column("cost") == [Decimal("1.50"), Decimal("2.00")]


def test_a_quote_that_never_closes_costs_its_own_row_only(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(HEAD + b'"0100;1,50;2026-10-07\n' + ROW * 900 + b'"a\nb";1,50;2026-10-07\n')

    assert read.reasons == [(2, "quote never closed")]
    assert read.reading.rows_typed == 901
    assert read.column("account")[-1] == "a\nb"


def test_without_a_quote_character_quotes_are_text(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(HEAD + b'"0100;1,50;2026-10-07\n', quote=None)

    assert read.column("account") == ['"0100']


@pytest.mark.parametrize("size", [1, 7, 64])
def test_where_a_block_ends_changes_nothing(
    read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    content = HEAD + ROW + b'"a\nb\n";1,5;2026-10-07\n' + b"short\n" + b'"never;1;2026-10-07\n' + ROW * 3
    whole = read_bytes(content)

    monkeypatch.setattr(lines, "BLOCK_CHARACTERS", size)
    monkeypatch.setattr("loadgate.reading.sources.CHUNK_BYTES", 5)
    split = read_bytes(content)

    assert split.typed.equals(whole.typed)
    assert split.rejects.equals(whole.rejects)
    assert split.reading.fingerprint == whole.reading.fingerprint
    assert whole.reasons == [(6, "1 field instead of 3"), (7, "quote never closed")]


def test_line_ends_of_windows_and_a_missing_last_one_are_no_matter(read_bytes: Callable[..., Any]) -> None:
    plain = read_bytes(HEAD + ROW + ROW)

    windows = read_bytes((HEAD + ROW + ROW).replace(b"\n", b"\r\n").removesuffix(b"\r\n"))

    assert windows.typed.equals(plain.typed)


def test_a_delimiter_and_a_quote_beyond_ascii_are_read(read_bytes: Callable[..., Any]) -> None:
    content = "account¤cost¤day\n»a¤b»¤1,5¤2026-10-07\n".encode()

    read = read_bytes(content, delimiter="¤", quote="»")

    assert read.column("account") == ["a¤b"]


def test_a_single_column_is_read(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(b'account\n0100\n"a\nb"\n\n', columns={"account": {}})

    assert read.column("account") == ["0100", "a\nb"]
    assert read.reasons == [(5, "blank line")]


def test_one_row_in_a_hundred_lost_is_a_warning(read_bytes: Callable[..., Any]) -> None:
    finding = read_bytes(HEAD + ROW * 99 + b"short\n" + b"").finding(Kind.REJECTED_ROWS)

    assert finding.severity is Severity.WARNING
    assert finding.evidence == RowsEvidence(rows_checked=100, rows_failed=1, lines=(101,))
    assert finding.detail == {"reason": "1 field instead of 3", "reasons": "1"}


def test_more_than_one_row_in_a_hundred_lost_is_critical(read_bytes: Callable[..., Any]) -> None:
    finding = read_bytes(HEAD + ROW * 98 + b"short\n").finding(Kind.REJECTED_ROWS)

    assert finding.severity is Severity.CRITICAL


def test_blank_lines_alone_are_never_critical(read_bytes: Callable[..., Any]) -> None:
    finding = read_bytes(HEAD + ROW + b"\n\n").finding(Kind.REJECTED_ROWS)

    assert finding.severity is Severity.WARNING
    assert finding.rows_failed == 2


def test_a_last_row_that_breaks_off_is_critical(read_bytes: Callable[..., Any]) -> None:
    finding = read_bytes(HEAD + ROW * 1000 + b"0100;1").finding(Kind.REJECTED_ROWS)

    assert finding.severity is Severity.CRITICAL
    assert finding.detail["end"] == "cut off"


def test_no_more_than_ten_lines_are_named(read_bytes: Callable[..., Any]) -> None:
    evidence = read_bytes(HEAD + b"short\n" * 40).finding(Kind.REJECTED_ROWS).evidence

    assert isinstance(evidence, RowsEvidence)
    assert evidence.lines == tuple(range(2, 12))
    assert evidence.rows_failed == 40


def test_a_file_of_blank_lines_is_empty(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(HEAD + b"\n  \n\n")

    assert read.kinds == [Kind.EMPTY, Kind.REJECTED_ROWS]
    assert read.reading.rows_typed == 0


@pytest.mark.parametrize("content", [b"", HEAD, HEAD.rstrip(), b"\xef\xbb\xbf", b"\r\n"])
def test_a_file_without_rows_is_empty(read_bytes: Callable[..., Any], content: bytes) -> None:
    read = read_bytes(content)

    assert read.kinds == [Kind.EMPTY]
    assert read.reading.rows_in == 0
    assert read.typed.columns == ["_part", "_row", "_line", "account", "cost", "day"]
    assert read.typed.height == read.rejects.height == 0
