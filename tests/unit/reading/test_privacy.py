"""Values of rows stay in the typed file: nothing that reading says repeats them."""

from __future__ import annotations

import io
import traceback
import zipfile
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from loadgate.errors import CouldNotRun
from loadgate.reading import casting

HEAD = b"account;cost;day\n"


@pytest.mark.parametrize(
    "row",
    [
        b"1;PLANTED;2026-10-07\n",
        b"1;1,50;PLANTED\n",
        b"PLANTED\n",
        b"1;2;3;PLANTED\n",
        b'"PLANTED;1,50;2026-10-07\n',
        b'"PLA"NTED;1,50;PLANTED\n',
        b"PLANTED;1,50;2026-10-07\n",
        b"PLANTED\xff;1,50;2026-10-07\n",
    ],
)
def test_a_planted_value_is_in_no_reason_finding_or_fingerprint(read_bytes: Callable[..., Any], row: bytes) -> None:
    read = read_bytes(HEAD + b"1;1,50;2026-10-07\n" + row)

    assert read.reading.rows_in in (0, 2)
    assert "PLA" not in read.said
    assert "PLA" not in str(read.rejects.rows())


def test_a_planted_member_name_is_in_no_finding(read_bytes: Callable[..., Any]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../PLANTED.csv", HEAD)

    read = read_bytes(buffer.getvalue())

    assert read.reading.findings
    assert "PLANTED" not in read.said


class PanicException(BaseException):
    pass


@pytest.mark.parametrize("error", [pl.exceptions.ComputeError, ValueError, PanicException])
def test_what_a_library_says_of_a_value_is_not_passed_on(
    read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def fail(*_: object) -> None:
        raise error("could not cast PLANTED")

    monkeypatch.setattr(casting, "from_typed", fail)

    with pytest.raises(CouldNotRun) as caught:
        read_bytes(HEAD + b"1;1,50;2026-10-07\n")

    assert str(caught.value) == (
        f"dataset ledger could not be read: {error.__name__}\n"
        "  fix       look for space and permissions in the state folder, then run again"
    )
    assert "PLANTED" not in "".join(traceback.format_exception(caught.value))


def test_a_wish_to_stop_is_obeyed(read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(casting, "from_typed", stop)

    with pytest.raises(KeyboardInterrupt):
        read_bytes(HEAD + b"1;1,50;2026-10-07\n")


def workbook(books: Any, sheet: str, *rows: list[object]) -> bytes:
    content: bytes = books.workbook((sheet, books.sheet(list(rows))))
    return content


def test_a_planted_header_or_sheet_name_is_in_no_finding(read_bytes: Callable[..., Any], books: Any) -> None:
    names: list[object] = ["account", "PLANTED", "day"]
    row: list[object] = ["1", "1,50", "2026-10-07"]
    buffer = io.BytesIO()
    pl.DataFrame({"account": ["1"], "PLANTED": ["1"], "day": ["2026-10-07"]}).write_parquet(buffer)

    for content, form in [
        (b"account;PLANTED;day\n1;1,50;2026-10-07\n", {}),
        (b"account;cost;day;PLANTED\n1;1,50;2026-10-07;1\n", {}),
        (b"account;PLANTED;PLANTED;cost;cost;day\n", {}),
        (buffer.getvalue(), {"kind": "parquet"}),
        (workbook(books, "PLANTED", names, row), {"kind": "xlsx"}),
        (workbook(books, "PLANTED", names, row), {"kind": "xlsx", "sheet": "Budget"}),
    ]:
        read = read_bytes(content, **form)

        assert read.reading.findings
        assert "PLANTED" not in read.said
        assert "PLANTED" not in str(read.rejects.rows())


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "iso-8859-1", "utf-16"])
def test_a_planted_name_in_another_encoding_is_in_no_finding(read_bytes: Callable[..., Any], encoding: str) -> None:
    for expected in {"utf-8", "cp1252", "iso-8859-1", "utf-16"} - {encoding}:
        read = read_bytes((HEAD.decode() + "PLANTED æøå;1,50;2026-10-07\n").encode(encoding), encoding=expected)

        assert "PLANTED" not in read.said
