"""The search that the privacy test relies on finds a value in every form and every package."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import quopri
import sqlite3
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from searching import Search

PLANTED = {
    "letters": "Zq4-Ærø-CELL<&>884",
    "a number": "31415926535897932384626433",
    "a person's number": "150482-4417",
}
VALUE = PLANTED["letters"]


@pytest.fixture
def search(search_for: Callable[[dict[str, str]], Search]) -> Search:
    return search_for(PLANTED)


def _database(folder: Path, *, in_the_log: bool) -> bytes | Path:
    path = folder / "some.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (a TEXT, b BLOB)")
    connection.execute("INSERT INTO t VALUES ('x', ?)", (zlib.compress(VALUE.encode()),))
    connection.commit()
    if in_the_log:
        copy = folder / "copy"
        copy.mkdir()
        for part in folder.glob("some.db*"):
            (copy / part.name).write_bytes(part.read_bytes())
        connection.close()
        return copy / "some.db"
    connection.close()
    return path.read_bytes()


def _parquet_with(frame: pl.DataFrame, **options: object) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, **options)  # type: ignore[call-overload]
    return buffer.getvalue()


FORMS: dict[str, Callable[[str], bytes]] = {
    "raw": lambda value: value.encode(),
    "JSON": lambda value: json.dumps({"a": [value]}).encode(),
    "JSON in JSON": lambda value: json.dumps(json.dumps({"a": value})).encode(),
    "UTF-16 LE": lambda value: value.encode("utf-16-le"),
    "UTF-16 BE": lambda value: b"\0" + value.encode("utf-16-be"),
    "base64": lambda value: base64.b64encode(value.encode()),
    "base64 after one": lambda value: base64.b64encode(f"a{value} and more".encode()),
    "base64 after two": lambda value: base64.b64encode(f"ab{value} and more".encode()),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(f"abcd{value}".encode()),
    "base64 of JSON": lambda value: base64.b64encode(json.dumps([value]).encode()),
    "HTML": lambda value: html.escape(value).encode(),
    "a mail": lambda value: quopri.encodestring(value.encode()),
    "in small letters": lambda value: value.encode().lower(),
}


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("form", FORMS)
def test_the_search_finds_every_form(search: Search, what: str, form: str) -> None:
    assert any(found.startswith(what) for found in search.seen(b"... " + FORMS[form](PLANTED[what]) + b" ..."))


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        zlib.compress,
        lambda data: gzip.compress(zlib.compress(gzip.compress(data))),
        lambda data: _zipped("a.txt", data),
        lambda data: _zipped(data.decode(), b"x"),
        lambda data: _parquet_with(pl.DataFrame({"a": [data.decode()] * 9}), compression="zstd"),
        lambda data: _parquet_with(pl.DataFrame({"a": [data.decode()] * 9}), statistics=False),
        lambda data: _parquet_with(pl.DataFrame({"a": [1]}), metadata={"k": data.decode()}),
        lambda data: _parquet_with(pl.DataFrame({data.decode(): [1]})),
        lambda data: _zipped("a.parquet", _parquet_with(pl.DataFrame({"a": [[data.decode()]]}))),
        lambda data: data.decode().encode("utf-16"),
    ],
)
def test_the_search_looks_inside(search: Search, pack: Callable[[bytes], bytes]) -> None:
    assert any(found.startswith("letters") for found in search.seen(pack(VALUE.encode())))


def _zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def test_the_search_reads_every_cell_of_a_database_and_its_log(search: Search, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    whole_file, with_log = _database(tmp_path / "one", in_the_log=False), _database(tmp_path / "two", in_the_log=True)

    assert isinstance(whole_file, bytes)
    assert isinstance(with_log, Path)
    assert any(found.startswith("letters") for found in search.seen(whole_file))
    assert any(found.startswith("letters") for found in search.seen_in(with_log))


def test_the_search_tells_what_is_not_there(search: Search) -> None:
    assert search.seen(b"Zq4 and nothing else") == set()
