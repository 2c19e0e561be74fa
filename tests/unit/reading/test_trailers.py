"""What a file says of itself, in its header and trailer records, against what was read of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loadgate.model.findings import RowsEvidence
from loadgate.model.kinds import Kind, Severity
from loadgate.reading import lines

NAMES, ROW = b"account;cost;day\n", b"0100;1,50;2026-10-07\n"
FORM: dict[str, Any] = {"trailer": {"prefix": "T", "rows": {"field": 2}, "sums": {"cost": {"field": 3}}}}
THREE = b"T;3;4,50\n"


def test_a_trailer_that_agrees_is_no_row_and_no_finding(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(NAMES + ROW * 3 + THREE, **FORM)

    assert read.reading.findings == ()
    assert read.reading.rows_in == read.typed.height == 3
    assert read.column("_line") == [2, 3, 4]


@pytest.mark.parametrize(
    "trailer",
    [b"T;3;4,50", b'"T";"3";"4,50"\n', b"T;3;4,5;;\r\n", b"T; 0003 ;4,500\n", b"T;3;4,50\n\n", b"T;3;4,50\n  \n"],
)
def test_a_trailer_may_be_quoted_padded_or_followed_by_blank_lines(
    read_bytes: Callable[..., Any], trailer: bytes
) -> None:
    read = read_bytes(NAMES + ROW * 3 + trailer, **FORM)

    assert Kind.TRAILER not in read.kinds
    assert read.reading.rows_typed == 3


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (ROW * 3, "trailer missing"),
        (ROW * 2 + THREE, "rows differ, sums differ"),
        (ROW * 3 + b"T;3;4,51\n", "sums differ"),
        (ROW * 3 + b"T;4;4,50\n", "rows differ"),
        (ROW * 3 + b"T;3\n", "trailer unreadable"),
        (ROW * 3 + b"T;three;4,50\n", "trailer unreadable"),
        (ROW * 3 + b"T;;4,50\n", "trailer unreadable"),
        (ROW * 2 + THREE + ROW, "rows after the trailer"),
        (ROW * 3 + THREE + ROW * 3 + THREE, "more than one trailer, rows after the trailer"),
        (b"", None),
    ],
)
def test_a_file_that_does_not_agree_with_its_trailer_is_one_critical_finding(
    read_bytes: Callable[..., Any], body: bytes, problem: str | None
) -> None:
    read = read_bytes(NAMES + body, **FORM)

    if problem is None:  # nothing came at all, which is said already
        assert read.kinds == [Kind.EMPTY]
        return
    assert read.kinds == [Kind.TRAILER]
    finding = read.finding(Kind.TRAILER)
    assert finding.severity is Severity.CRITICAL
    assert finding.detail["problem"] == problem
    assert finding.detail["parts"] == "1"


def test_rows_that_are_lost_are_counted_and_sums_name_their_column(read_bytes: Callable[..., Any]) -> None:
    finding = read_bytes(NAMES + ROW * 8 + b"T;10;15,00\n", **FORM).finding(Kind.TRAILER)

    assert finding.evidence == RowsEvidence(rows_checked=10, rows_failed=2, column="cost", lines=(10,))
    assert finding.detail == {
        "problem": "rows differ, sums differ",
        "parts": "1",
        "columns": "cost",
        "difference": "-2",
    }


def test_where_only_a_sum_differs_every_row_is_in_doubt(read_bytes: Callable[..., Any]) -> None:
    evidence = read_bytes(NAMES + ROW * 3 + b"T;3;4,49\n", **FORM).finding(Kind.TRAILER).evidence

    assert evidence == RowsEvidence(rows_checked=3, rows_failed=3, column="cost", lines=(5,))


def test_an_empty_file_that_announces_rows_lacks_them(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(NAMES + b"T;12;0,00\n", **FORM)

    assert read.kinds == [Kind.EMPTY, Kind.TRAILER]
    assert read.finding(Kind.TRAILER).rows_failed == 12


def test_a_rejected_row_counts_as_a_row_and_leaves_sums_open(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(NAMES + ROW * 2 + b"0100;1\n" + THREE, **FORM)

    assert read.kinds == [Kind.REJECTED_ROWS]


def test_an_unreadable_value_leaves_its_own_sum_open_only(read_bytes: Callable[..., Any]) -> None:
    columns = {"account": {}, "cost": {"type": "decimal"}, "count": {"type": "integer"}}
    trailer = {"prefix": "T", "sums": {"cost": {"field": 2}, "count": {"field": 3}}}
    body = b"account;cost;count\n1;1,50;7\n1;x;7\n"

    agrees = read_bytes(body + b"T;9,99;14\n", columns=columns, trailer=trailer)
    differs = read_bytes(body + b"T;9,99;15\n", columns=columns, trailer=trailer)

    assert agrees.kinds == [Kind.UNREADABLE_VALUES]
    assert differs.finding(Kind.TRAILER).detail["columns"] == "count"


def test_sums_are_exact_and_may_be_larger_than_an_integer(read_bytes: Callable[..., Any]) -> None:
    columns = {"key": {}, "count": {"type": "integer"}}
    trailer = {"prefix": "T", "sums": {"count": {"field": 2}}}
    most = b"9223372036854775807"

    one = read_bytes(
        b"key;count\na;%s\na;%s\nT;18446744073709551614\n" % (most, most), columns=columns, trailer=trailer
    )
    off = read_bytes(b"key;count\na;%s\na;-1\nT;%s\n" % (most, most), columns=columns, trailer=trailer)

    assert one.reading.findings == ()
    assert off.finding(Kind.TRAILER).detail["problem"] == "sums differ"


def test_numbers_of_the_trailer_are_written_like_those_of_the_rows(read_bytes: Callable[..., Any]) -> None:
    body = NAMES + b"1;1.000,50-;2026-10-07\n" * 2 + b"T;2;2.001,00-\n"

    assert read_bytes(body, thousands=".", trailing_minus=True, **FORM).reading.findings == ()


def test_every_part_has_its_own_trailer(read_bytes: Callable[..., Any]) -> None:
    good, bad = NAMES + ROW * 3 + THREE, NAMES + ROW * 2

    finding = read_bytes(good, bad, good, NAMES, **FORM).finding(Kind.TRAILER)

    assert finding.detail["problem"] == "trailer missing"
    assert finding.detail["parts"] == "2, 4"


def test_a_trailer_may_only_have_to_be_there(read_bytes: Callable[..., Any]) -> None:
    form = {"trailer": {"prefix": "EOF"}}

    assert read_bytes(NAMES + ROW + b"EOF\n", **form).reading.findings == ()
    assert read_bytes(NAMES + ROW, **form).kinds == [Kind.TRAILER]
    assert read_bytes(NAMES + ROW + b"EOFF;1,50;2026-10-07\n", **form).typed.height == 2


@pytest.mark.parametrize("size", [1, 20, 10_000])
def test_a_header_record_stands_before_the_names_and_a_trailer_behind_the_rows(
    read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(lines, "BLOCK_CHARACTERS", size)
    monkeypatch.setattr("loadgate.reading.sources.CHUNK_BYTES", 7)

    read = read_bytes(b"H;sender;2026-10\n" + NAMES + ROW * 3 + THREE, head_prefix="H", **FORM)

    assert read.reading.findings == ()
    assert read.column("_line") == [3, 4, 5]


def test_a_header_record_that_is_missing_or_repeated_is_told(read_bytes: Callable[..., Any]) -> None:
    missing = read_bytes(NAMES + ROW * 3 + THREE, head_prefix="H", **FORM)
    repeated = read_bytes(b"H;x\n" + NAMES + ROW * 3 + b"H;x\n", head_prefix="H")

    assert missing.finding(Kind.TRAILER).detail["problem"] == "header record missing"
    assert missing.reading.rows_typed == 3
    assert repeated.reasons == [(6, "header repeated")]


def test_a_trailer_without_its_last_line_end_is_not_cut_off(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(NAMES + ROW * 999 + b"short\n" + b"T;1000;1,50", **FORM)

    assert read.kinds == [Kind.REJECTED_ROWS]
    assert "end" not in read.finding(Kind.REJECTED_ROWS).detail


def test_in_fixed_width_a_trailer_is_compared_by_its_places(read_bytes: Callable[..., Any]) -> None:
    trailer = {
        "prefix": "99",
        "rows": {"start": 3, "length": 4},
        "sums": {"cost": {"start": 7, "length": 8}},
    }
    form: dict[str, Any] = {
        "kind": "fixed",
        "places": {"account": (3, 4), "cost": (7, 6)},
        "columns": {"account": {}, "cost": {"type": "decimal"}},
        "trailer": trailer,
    }
    body = b"100101001,50\n"

    agrees = read_bytes(body * 3 + b"990003    4,50\n", **form)
    differs = read_bytes(body * 2 + b"990003    4,50\n", **form)
    short = read_bytes(body * 3 + b"99000", **form)

    assert agrees.reading.findings == ()
    assert differs.finding(Kind.TRAILER).detail["problem"] == "rows differ, sums differ"
    assert short.finding(Kind.TRAILER).detail["problem"] == "trailer unreadable, rows differ"


@pytest.mark.parametrize("planted", [b"T;0101701234;4,50\n", b"T;PLANTED;4,50\n", b"T;3;101701234\n", b"PLANTED;3\n"])
def test_what_stands_in_a_trailer_is_told_to_nobody(read_bytes: Callable[..., Any], planted: bytes) -> None:
    read = read_bytes(NAMES + ROW * 3 + planted, **FORM)

    assert Kind.TRAILER in read.kinds
    for secret in ("1017012", "PLANTED"):
        assert secret not in read.said
        assert secret not in str(read.rejects.rows())
    assert "difference" not in read.finding(Kind.TRAILER).detail


def test_a_sum_with_too_many_digits_is_left_open(read_bytes: Callable[..., Any]) -> None:
    most = b"9" * 36 + b",99"
    body = NAMES + b"1;%s;2026-10-07\n" % most * 2

    read = read_bytes(body + b"T;2;1,00\n", **FORM)

    assert read.reading.rows_typed == 2
    assert Kind.TRAILER not in read.kinds
