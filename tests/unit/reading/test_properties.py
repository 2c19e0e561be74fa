"""What holds for every file: nothing is lost, order and splitting do not matter, hostile bytes never raise."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loadgate.model.kinds import Kind

COLUMNS: dict[str, dict[str, Any]] = {
    "note": {},
    "count": {"type": "integer"},
    "amount": {"type": "decimal", "scale": 3},
    "day": {"type": "date"},
    "flag": {"type": "boolean"},
}
HEADER = list(COLUMNS)
# a null and an empty text are written alike; a lone quote opens a field, so writers put it into quotes
NOTES = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)
ROWS = st.lists(
    st.tuples(
        NOTES,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.decimals(-(10**30), 10**30, places=3),
        st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
        st.none() | st.booleans(),
    ),
    max_size=8,
)
slow = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


def written(rows: list[tuple[Any, ...]], *, delimiter: str = ";", quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(HEADER)
    for note, count, amount, day, flag in rows:
        money = None if amount is None else format(amount, "f").replace(".", ",")
        writer.writerow([note, count, money, None if day is None else day.isoformat(), flag])
    return out.getvalue().encode()


def values(read: Any) -> list[tuple[Any, ...]]:
    return read.typed.select(HEADER).rows()


@slow
@given(rows=ROWS, delimiter=st.sampled_from(";\t,|"), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@example(rows=[('"', 1, Decimal("0.100"), None, True)], delimiter=";", quoting=csv.QUOTE_MINIMAL)
@example(rows=[("\r\n;\n", 1, None, None, None), ("\r", None, None, None, None)], delimiter=";", quoting=csv.QUOTE_ALL)
def test_reading_what_was_written_gives_it_back(
    read_bytes: Callable[..., Any], rows: list[tuple[Any, ...]], delimiter: str, quoting: int
) -> None:
    read = read_bytes(written(rows, delimiter=delimiter, quoting=quoting), columns=COLUMNS, delimiter=delimiter)

    assert values(read) == rows
    assert [kind for kind in read.kinds if kind is not Kind.EMPTY] == []


@slow
@given(rows=ROWS, cut=st.integers(0, 8), shuffle=st.randoms(use_true_random=False))
def test_row_order_and_splitting_never_change_the_fingerprint(
    read_bytes: Callable[..., Any], rows: list[tuple[Any, ...]], cut: int, shuffle: Any
) -> None:
    whole = read_bytes(written(rows), columns=COLUMNS).reading.fingerprint
    mixed = list(rows)
    shuffle.shuffle(mixed)

    split = read_bytes(written(mixed[:cut]), gzip.compress(written(mixed[cut:])), columns=COLUMNS).reading.fingerprint

    assert split == whole


@slow
@given(rows=ROWS.filter(bool), place=st.integers(0, 7))
def test_one_changed_value_changes_the_fingerprint(
    read_bytes: Callable[..., Any], rows: list[tuple[Any, ...]], place: int
) -> None:
    changed = list(rows)
    note, *others = changed[place % len(rows)]
    changed[place % len(rows)] = ((note or "") + "x", *others)

    before, after = (read_bytes(written(each), columns=COLUMNS).reading.fingerprint for each in (rows, changed))

    assert before.sha256 != after.sha256


PIECES = st.sampled_from(
    [
        b'"',
        b'""',
        b";",
        b"\n",
        b"\r\n",
        b"\r",
        b"a",
        b"1,5",
        b"2026-10-07",
        b"note;count\n",
        "æ".encode(),
        b"\x00",
        b" ",
    ]
)


@settings(slow, max_examples=150)
@given(body=st.lists(PIECES, max_size=30).map(b"".join))
def test_rows_in_are_typed_and_rejected_whatever_the_text(read_bytes: Callable[..., Any], body: bytes) -> None:
    read = read_bytes(b"note;count\n" + body, columns={"note": {}, "count": {"type": "integer"}})

    rejected = read.rejects.filter(read.rejects["_row"].is_null()).height
    assert read.reading.rows_in == read.typed.height + rejected
    assert read.reading.rows_rejected == rejected
    records = sorted(read.column("_line") + read.rejects.filter(read.rejects["_row"].is_null())["_line"].to_list())
    assert len(set(records)) == len(records)
    assert read.reading.rows_in <= body.count(b"\n") + 1


@settings(slow, max_examples=150)
@given(content=st.binary(max_size=200), start=st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"PAR1"]))
@pytest.mark.parametrize("form", [{}, {"kind": "parquet"}, {"encoding": "utf-16"}, {"encoding": "iso-8859-1"}])
def test_hostile_bytes_never_raise(
    read_bytes: Callable[..., Any], content: bytes, start: bytes, form: dict[str, str]
) -> None:
    read = read_bytes(start + content, columns={"note": {"optional": True}}, **form)

    assert read.reading.rows_in == read.typed.height + read.reading.rows_rejected


@slow
@given(at=st.integers(0, 400), byte=st.integers(0, 255), pack=st.sampled_from(["gzip", "zip", "parquet"]))
def test_one_changed_byte_in_a_packed_file_never_raises(
    read_bytes: Callable[..., Any], at: int, byte: int, pack: str
) -> None:
    import zipfile

    import polars as pl

    buffer = io.BytesIO()
    if pack == "parquet":
        pl.DataFrame({"note": ["a", None, "b"] * 9}).write_parquet(buffer)
    elif pack == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", b"note\n" + b"a\n" * 50)
    else:
        buffer.write(gzip.compress(b"note\n" + b"a\n" * 50, mtime=0))
    content = bytearray(buffer.getvalue())
    content[at % len(content)] = byte

    read = read_bytes(bytes(content), columns={"note": {}}, kind="parquet" if pack == "parquet" else "csv")

    assert read.reading.rows_in == read.typed.height + read.reading.rows_rejected
