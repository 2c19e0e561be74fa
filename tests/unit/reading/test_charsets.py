"""Bytes in another encoding than the profile names: one finding in its own words, and no row is used."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from loadgate.model.findings import RowsEvidence
from loadgate.model.kinds import KINDS, Kind, Owner, Severity
from loadgate.reading.charsets import recognise

HEAD = "account;cost;day\n"
ROW = "1;1,50;2026-10-07\n"
DANISH = "Bøger på Ærø;1;2026-10-07\n"
BOTH = "cp1252 or iso-8859-1"
ENCODINGS = ("utf-8", "cp1252", "iso-8859-1", "utf-16")


def zipped(*members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, member in enumerate(members):
            archive.writestr(f"PLANTED-{number}.csv", member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("expected", "written", "found"),
    [
        ("cp1252", "utf-8", "utf-8"),
        ("iso-8859-1", "utf-8", "utf-8"),
        ("cp1252", "utf-8-sig", "utf-8"),
        ("utf-8", "cp1252", BOTH),
        ("utf-8-sig", "iso-8859-1", BOTH),
        ("utf-8", "utf-16", "utf-16"),
        ("utf-8", "utf-16-le", "utf-16"),
        ("cp1252", "utf-16", "utf-16"),
        ("cp1252", "utf-16-le", "utf-16"),
        ("utf-16", "utf-8", "utf-8"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped])
def test_another_encoding_is_one_finding_that_names_both_and_no_rows(
    read_bytes: Callable[..., Any], expected: str, written: str, found: str, pack: Callable[[bytes], bytes]
) -> None:
    read = read_bytes(pack((HEAD + ROW + DANISH).encode(written)), encoding=expected)

    assert read.kinds == [Kind.ENCODING]
    finding = read.finding(Kind.ENCODING)
    assert finding.severity is Severity.CRITICAL
    assert finding.detail == {"expected": expected, "found": found, "parts": "1"}
    assert KINDS[Kind.ENCODING].owner is Owner.SUPPLIER
    assert read.reading.rows_in == read.typed.height == read.rejects.height == 0
    assert "PLANTED" not in read.said


def test_letters_of_windows_tell_it_from_iso_8859_1(read_bytes: Callable[..., Any]) -> None:
    content = (HEAD + "€ – ø;1;2026-10-07\n").encode("cp1252")

    for expected in ("utf-8", "iso-8859-1"):
        finding = read_bytes(content, encoding=expected).finding(Kind.ENCODING)
        assert finding.detail["found"] == "cp1252"


@pytest.mark.parametrize(
    ("expected", "written"),
    [("utf-8", "ø".encode("cp1252")), ("cp1252", "ø".encode()), ("iso-8859-1", "ø".encode()), ("iso-8859-1", b"\x80")],
)
def test_another_encoding_is_found_with_its_line(read_bytes: Callable[..., Any], expected: str, written: bytes) -> None:
    content = (HEAD + ROW * 3).encode() + written + f";1;2026-10-07\n{ROW}".encode()

    finding = read_bytes(content, encoding=expected).finding(Kind.ENCODING)

    assert isinstance(finding.evidence, RowsEvidence)
    assert finding.evidence.lines == (5,)


@pytest.mark.parametrize("rows", [1, 40])
def test_a_header_in_another_encoding_is_that_and_no_missing_column(
    read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("loadgate.reading.lines.BLOCK_CHARACTERS", 60)
    monkeypatch.setattr("loadgate.reading.sources.CHUNK_BYTES", 60)
    content = "Beløb\n" + "1,50\n" * rows
    more: dict[str, Any] = {"columns": {"amount": {"type": "decimal"}}, "sources": {"Beløb": "amount"}}

    assert read_bytes(content.encode(), encoding="cp1252", **more).kinds == [Kind.ENCODING]
    assert read_bytes(content.encode("cp1252"), **more).kinds == [Kind.ENCODING]
    assert read_bytes(content.encode("cp1252"), encoding="cp1252", **more).kinds == []


def test_a_fixed_file_in_another_encoding_is_that_and_no_wrong_length(read_bytes: Callable[..., Any]) -> None:
    more: dict[str, Any] = {"kind": "fixed", "columns": {"name": {}}, "places": {"name": (1, 6)}}
    content = "Ærøåxy\nBøgeås\nabcdef\n"

    assert read_bytes(content.encode("cp1252"), encoding="cp1252", **more).column("name")[0] == "Ærøåxy"
    assert read_bytes(content.encode(), encoding="cp1252", **more).kinds == [Kind.ENCODING]
    assert read_bytes(content.encode("cp1252"), encoding="utf-8", **more).kinds == [Kind.ENCODING]


def test_the_second_part_in_another_encoding_is_named(read_bytes: Callable[..., Any]) -> None:
    finding = read_bytes((HEAD + DANISH).encode(), (HEAD + DANISH).encode("cp1252")).finding(Kind.ENCODING)

    assert finding.detail["parts"] == "2"


@pytest.mark.parametrize("text", ["CAFÉ®", "SÃ¸ren og Søren", "½ §", "Æ", "ÆØÅ€"])
def test_windows_1252_that_only_looks_odd_is_read(read_bytes: Callable[..., Any], text: str) -> None:
    content = (HEAD + f"{text};1;2026-10-07\n").encode("cp1252")

    assert read_bytes(content, encoding="cp1252").column("account") == [text]


def test_utf_8_with_a_fault_in_it_is_a_fault_and_no_other_encoding(read_bytes: Callable[..., Any]) -> None:
    content = (HEAD + DANISH * 3).encode() + b"\xff;1;2026-10-07\n"

    assert read_bytes(content).finding(Kind.UNREADABLE_FILE).detail["problem"] == "encoding"


@pytest.mark.parametrize("cut", [1, 2])
def test_a_file_cut_inside_a_letter_lost_its_last_row_and_is_in_its_encoding(
    read_bytes: Callable[..., Any], cut: int
) -> None:
    content = (HEAD + ROW + "1;1,50;€").encode()[:-cut]

    read = read_bytes(content)

    assert read.kinds == [Kind.REJECTED_ROWS]
    assert read.finding(Kind.REJECTED_ROWS).severity is Severity.CRITICAL
    assert read.reasons == [(3, "cut off")]
    assert read.reading.rows_typed == 1


def test_a_piece_of_a_letter_alone_on_the_last_line_is_a_record_cut_off(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes((HEAD + ROW).encode() + b"\xc3")

    assert read.kinds == [Kind.REJECTED_ROWS]
    assert read.finding(Kind.REJECTED_ROWS).severity is Severity.CRITICAL


def test_utf_8_cut_inside_a_letter_is_still_not_windows_1252(read_bytes: Callable[..., Any]) -> None:
    content = (HEAD + DANISH * 5).encode() + b"\xc3"

    assert read_bytes(content, encoding="cp1252").kinds == [Kind.ENCODING]


@pytest.mark.parametrize("but", ENCODINGS)
def test_random_bytes_look_like_nothing(but: str) -> None:
    assert recognise(b"\x81\x8d\x90\xfe\xff" * 20, but=but) is None
