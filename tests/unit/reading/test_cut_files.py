"""Files cut anywhere: every format says so, loudly, and what was in the file stays in the data area."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from loadgate.model.kinds import Kind, Severity

ROWS = 400
TWENTIETHS = list(range(1, 20))
LOUD = {Kind.UNREADABLE_FILE, Kind.REJECTED_ROWS, Kind.TRAILER, Kind.COLUMNS, Kind.EMPTY}


def lines() -> list[str]:
    return [f"PLANTED{n:05d};{n * 37 % 1000},25;2026-10-{n % 28 + 1:02d}\n" for n in range(ROWS)]


def csv() -> bytes:
    return ("account;cost;day\n" + "".join(lines())).encode()


def with_trailer() -> bytes:
    total = sum(n * 37 % 1000 for n in range(ROWS)) + ROWS // 4
    return csv() + f"SLUT;{ROWS};{total},00\n".encode()


def fixed() -> bytes:
    rows = (f"R{n:06d}{n * 37 % 1000:>8},252026-10-{n % 28 + 1:02d}\n" for n in range(ROWS))
    total = sum(n * 37 % 1000 for n in range(ROWS)) + ROWS // 4
    return ("HSENDER\n" + "".join(rows) + f"T{ROWS:06d}{total:>12},00\n").encode("cp1252")


def zipped(*members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"PLANTED-{number}.csv", member)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    rows = [line.rstrip("\n").split(";") for line in lines()]
    pl.DataFrame(rows, schema=["account", "cost", "day"], orient="row").write_parquet(buffer)
    return buffer.getvalue()


TRAILER: dict[str, Any] = {"trailer": {"prefix": "SLUT", "rows": {"field": 2}, "sums": {"cost": {"field": 3}}}}
FIXED: dict[str, Any] = {
    "kind": "fixed",
    "encoding": "cp1252",
    "head_prefix": "H",
    "row_prefix": "R",
    "trailer": {
        "prefix": "T",
        "rows": {"start": 2, "length": 6},
        "sums": {"cost": {"start": 8, "length": 15}},
    },
    "places": {"account": (2, 6), "cost": (8, 11), "day": (19, 10)},
}


def cut(data: bytes, twentieth: int) -> bytes:
    return data[: len(data) * twentieth // 20]


def loud(read: Any) -> set[Kind]:
    assert "PLANTED" not in read.said
    assert "PLANTED" not in str(read.rejects.rows())
    return {one.kind for one in read.reading.findings if one.severity is Severity.CRITICAL} & LOUD


@pytest.mark.parametrize("at", range(1, 21))
def test_a_csv_cut_inside_a_record_lost_its_last_row(read_bytes: Callable[..., Any], at: int) -> None:
    data = csv()
    start = data.index(b"\n", len(data) * at // 21) + 1
    line = data[start : data.index(b"\n", start) + 1]
    last_field = line.rindex(b";") + 1

    for end in range(1, last_field, 4):
        read = read_bytes(data[: start + end])
        assert loud(read) == {Kind.REJECTED_ROWS}
        assert read.finding(Kind.REJECTED_ROWS).detail["end"] == "cut off"
        assert read.finding(Kind.REJECTED_ROWS).rows_failed == 1


@pytest.mark.parametrize("at", range(1, 21))
def test_a_csv_that_must_end_its_last_line_is_cut_off_wherever_it_does_not(
    read_bytes: Callable[..., Any], at: int
) -> None:
    data = csv()
    start = data.index(b"\n", len(data) * at // 21) + 1
    end = data.index(b"\n", start)

    for place in range(start + 1, end + 1, 4):
        read = read_bytes(data[:place], final_line_end=True)
        assert loud(read) == {Kind.REJECTED_ROWS}
        assert read.reading.rows_rejected == 1

    assert read_bytes(data[: end + 1], final_line_end=True).kinds == []
    assert read_bytes(data[:end]).kinds == []


def test_a_csv_cut_inside_quotes_lost_its_last_row(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(b'account;cost;day\n"1";"1,50";"2026-10-07"\n"2";"1,5')

    assert loud(read) == {Kind.REJECTED_ROWS}
    assert read.reading.rows_typed == 1


@pytest.mark.parametrize("twentieth", TWENTIETHS)
def test_a_file_without_its_trailer_is_cut_wherever_that_was(read_bytes: Callable[..., Any], twentieth: int) -> None:
    assert Kind.TRAILER in loud(read_bytes(cut(with_trailer(), twentieth), **TRAILER))
    assert Kind.TRAILER in loud(read_bytes(cut(fixed(), twentieth), **FIXED))


def test_a_trailer_file_cut_at_the_end_of_any_of_its_lines_is_found(read_bytes: Callable[..., Any]) -> None:
    for data, form in ((with_trailer(), TRAILER), (fixed(), FIXED)):
        assert read_bytes(data, **form).kinds == []
        ends = [at + 1 for at, byte in enumerate(data[:-1]) if byte == 10]
        for end in ends[1 :: ROWS // 10]:
            assert Kind.TRAILER in loud(read_bytes(data[:end], **form))


@pytest.mark.parametrize("twentieth", TWENTIETHS)
@pytest.mark.parametrize("what", ["gzip", "zip", "zips", "parquet", "xlsx"])
def test_a_packed_file_cut_anywhere_cannot_be_read(
    read_bytes: Callable[..., Any], books: ModuleType, what: str, twentieth: int
) -> None:
    head: list[object] = ["account", "cost", "day"]
    cells: list[list[object]] = [list(line.rstrip("\n").split(";")) for line in lines()[:80]]
    form: dict[str, Any]
    data, form = {
        "gzip": lambda: (gzip.compress(csv()), {"compression": "gzip"}),
        "zip": lambda: (zipped(csv()), {"compression": "zip"}),
        "zips": lambda: (zipped(csv(), csv(), csv()), {"compression": "zip", "member": "*.csv"}),
        "parquet": lambda: (parquet(), {"kind": "parquet"}),
        "xlsx": lambda: (books.of([head, *cells]), {"kind": "xlsx"}),
    }[what]()
    assert read_bytes(data, **form).kinds == []

    read = read_bytes(cut(data, twentieth), **form)

    assert Kind.UNREADABLE_FILE in loud(read)
    if what != "gzip":
        assert read.reading.rows_in == 0
