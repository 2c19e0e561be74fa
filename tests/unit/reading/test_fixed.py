"""Fixed width: types of record by their beginning, columns by their characters."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from loadgate.errors import CouldNotRun
from loadgate.model.kinds import Kind, Severity
from loadgate.reading import lines

PLACES = {"account": (3, 6), "cost": (9, 8), "day": (17, 10)}
HEAD, END = "00SENDER\n", "99{:06d}\n"
FORM: dict[str, Any] = {
    "kind": "fixed",
    "head_prefix": "00",
    "row_prefix": "10",
    "trailer": {"prefix": "99", "rows": {"start": 3, "length": 6}},
}


def row(account: str = "0100", cost: str = "1,50", day: str = "2026-10-07") -> str:
    return f"10{account:<6}{cost:>8}{day:<10}\n"


def delivery(*rows: str) -> bytes:
    return (HEAD + "".join(rows) + END.format(len(rows))).encode()


def test_columns_are_cut_at_their_places_and_blanks_around_them_are_no_value(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(delivery(row(), row("", "12,00-")), places=PLACES, trailing_minus=True, **FORM)

    assert read.typed.rows() == [
        (0, 1, 2, "0100", Decimal("1.50"), date(2026, 10, 7)),
        (0, 2, 3, None, Decimal("-12.00"), date(2026, 10, 7)),
    ]
    assert read.reading.findings == ()
    assert read.left == ["rejects.parquet", "typed.parquet"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "iso-8859-1", "utf-16"])
def test_places_are_characters_in_every_encoding(read_bytes: Callable[..., Any], encoding: str) -> None:
    content = delivery(row("ÆØÅæøå"), row("½§"), row("abcdef")).decode().encode(encoding)

    read = read_bytes(content, places=PLACES, encoding=encoding, **FORM)

    assert read.column("account") == ["ÆØÅæøå", "½§", "abcdef"]
    assert read.column("cost") == [Decimal("1.50")] * 3


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row()[:-3] + "\n", "24 characters instead of 26"),
        (row()[:-1] + " \n", "27 characters instead of 26"),
        ("\n", "blank line"),
        ("   \n", "blank line"),
        (HEAD, "header repeated"),
        ("20" + row()[2:], "unknown record type"),
    ],
)
def test_a_line_that_is_no_row_is_rejected(read_bytes: Callable[..., Any], bad: str, reason: str) -> None:
    read = read_bytes((HEAD + row() + bad + row() + "99000003\n").encode(), places=PLACES, **FORM)

    assert read.rejects.rows() == [(None, 3, None, reason)]
    assert read.column("_row") == [1, 3]
    assert read.column("_line") == [2, 4]


def test_a_row_may_be_longer_than_its_columns_by_what_the_profile_says(read_bytes: Callable[..., Any]) -> None:
    content = delivery(row()[:-1] + "ignored\n")

    assert read_bytes(content, places=PLACES, width=33, **FORM).reading.findings == ()
    assert read_bytes(content, places=PLACES, width=32, **FORM).kinds == [Kind.REJECTED_ROWS]


def test_blanks_at_the_end_may_be_missing_only_where_the_profile_says_so(read_bytes: Callable[..., Any]) -> None:
    content = delivery(row(day="").rstrip() + "\n", row() + "")

    read = read_bytes(content, places=PLACES, trimmed=True, **FORM)

    assert read.column("day") == [None, date(2026, 10, 7)]
    assert read.reading.findings == ()
    assert read_bytes(content, places=PLACES, **FORM).reasons == [(2, "16 characters instead of 26")]


def test_without_prefixes_every_line_is_a_row(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(
        b"01a\n02b\n", columns={"code": {}, "name": {}}, kind="fixed", places={"code": (1, 2), "name": (3, 1)}
    )

    assert read.typed.select("_line", "code", "name").rows() == [(1, "01", "a"), (2, "02", "b")]


def test_columns_may_overlap_and_leave_gaps(read_bytes: Callable[..., Any]) -> None:
    places = {"whole": (1, 4), "part": (3, 2), "last": (7, 1)}

    read = read_bytes(b"1234..z\n", columns={name: {} for name in places}, kind="fixed", places=places)

    assert read.typed.select(list(places)).rows() == [("1234", "34", "z")]


def test_line_ends_of_windows_and_a_missing_last_one_are_no_matter(read_bytes: Callable[..., Any]) -> None:
    plain = delivery(row(), row())

    windows = read_bytes(plain.replace(b"\n", b"\r\n").removesuffix(b"\r\n"), places=PLACES, **FORM)

    assert windows.typed.equals(read_bytes(plain, places=PLACES, **FORM).typed)
    assert windows.reading.findings == ()


@pytest.mark.parametrize("size", [1, 7, 64])
def test_where_a_block_ends_changes_nothing(
    read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    content = (HEAD + row() + "short\n" + row("æøå") * 3 + "99000007\n").encode()
    whole = read_bytes(content, places=PLACES, **FORM)

    monkeypatch.setattr(lines, "BLOCK_CHARACTERS", size)
    monkeypatch.setattr("loadgate.reading.sources.CHUNK_BYTES", 5)
    split = read_bytes(content, places=PLACES, **FORM)

    assert split.typed.equals(whole.typed)
    assert split.rejects.equals(whole.rejects)
    assert split.reading.findings == whole.reading.findings
    assert whole.kinds == [Kind.REJECTED_ROWS, Kind.TRAILER]


def test_a_last_row_that_breaks_off_is_critical(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes((HEAD + row() * 1000 + row()[:9]).encode(), places=PLACES, **FORM)

    finding = read.finding(Kind.REJECTED_ROWS)
    assert finding.severity is Severity.CRITICAL
    assert finding.detail["end"] == "cut off"
    assert read.finding(Kind.TRAILER).detail["problem"] == "trailer missing"


def test_a_gzip_that_ends_early_keeps_the_rows_before_and_says_so(read_bytes: Callable[..., Any]) -> None:
    rows = [row(f"{number:06d}", f"{number * 7919 % 99991},50") for number in range(20_000)]
    packed = gzip.compress(delivery(*rows))

    read = read_bytes(packed[: len(packed) // 2], places=PLACES, **FORM)

    assert read.kinds == [Kind.UNREADABLE_FILE, Kind.REJECTED_ROWS]
    assert 0 < read.reading.rows_typed < 20_000
    assert read.reading.rows_in == read.reading.rows_typed + 1


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", (HEAD + END.format(0)).encode()])
def test_a_file_without_rows_is_empty(read_bytes: Callable[..., Any], content: bytes) -> None:
    read = read_bytes(content, places=PLACES, **FORM)

    assert read.kinds == [Kind.EMPTY]
    assert read.typed.columns == ["_part", "_row", "_line", "account", "cost", "day"]


def test_a_profile_without_places_could_not_be_read(read_bytes: Callable[..., Any]) -> None:
    with pytest.raises(CouldNotRun, match="does not say where its columns stand"):
        read_bytes(b"01\n", kind="fixed")
