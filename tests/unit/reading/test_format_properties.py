"""What holds for fixed width, trailers and workbooks too: nothing is lost, order does not matter, nothing raises."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadgate.model.kinds import Kind

COLUMNS: dict[str, dict[str, Any]] = {
    "note": {},
    "count": {"type": "integer"},
    "amount": {"type": "decimal", "scale": 3},
    "day": {"type": "date"},
}
PLACES = {"note": (3, 12), "count": (15, 20), "amount": (35, 20), "day": (55, 10)}
FIXED: dict[str, Any] = {
    "kind": "fixed",
    "encoding": "cp1252",
    "places": PLACES,
    "head_prefix": "H!",
    "row_prefix": "R!",
    "trailer": {
        "prefix": "T!",
        "rows": {"start": 3, "length": 9},
        "sums": {"count": {"start": 12, "length": 25}, "amount": {"start": 37, "length": 25}},
    },
}
DELIMITED: dict[str, Any] = {
    "trailer": {"prefix": "T!", "rows": {"field": 2}, "sums": {"count": {"field": 3}, "amount": {"field": 4}}},
    "head_prefix": "H!",
}
TEXTS = st.text("abcÆØÅé€ x;'", min_size=1, max_size=12).map(str.strip).filter(bool)
ROWS = st.lists(
    st.tuples(
        st.none() | TEXTS,
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.decimals(-(10**12), 10**12, places=3),
        st.none() | st.dates(date(1901, 1, 1), date(9999, 12, 31)),
    ),
    max_size=8,
)
slow = settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


def texts(row: tuple[Any, ...]) -> list[str]:
    note, count, amount, day = row
    money = "" if amount is None else format(amount, "f").replace(".", ",")
    return [note or "", "" if count is None else str(count), money, "" if day is None else day.isoformat()]


def sums(rows: list[tuple[Any, ...]]) -> list[str]:
    count = sum(row[1] or 0 for row in rows)
    amount = sum((row[2] or Decimal(0) for row in rows), Decimal("0.000"))
    return [str(len(rows)), str(count), format(amount, "f").replace(".", ",")]


def fixed(rows: list[tuple[Any, ...]]) -> bytes:
    body = "".join("R!{:<12}{:>20}{:>20}{:<10}\n".format(*texts(row)) for row in rows)
    return ("H!\n" + body + "T!{:>9}{:>25}{:>25}\n".format(*sums(rows))).encode("cp1252")


def delimited(rows: list[tuple[Any, ...]]) -> bytes:
    quoted = ['"' + texts(row)[0] + '";' + ";".join(texts(row)[1:]) for row in rows]
    return "\n".join(["H!;x", ";".join(COLUMNS), *quoted, ";".join(["T!", *sums(rows)]), ""]).encode()


def values(read: Any) -> list[tuple[Any, ...]]:
    return read.typed.select(list(COLUMNS)).rows()


def troubles(read: Any) -> list[Kind]:
    return [kind for kind in read.kinds if kind is not Kind.EMPTY]


@slow
@given(rows=ROWS)
def test_reading_fixed_width_gives_back_what_was_written(
    read_bytes: Callable[..., Any], rows: list[tuple[Any, ...]]
) -> None:
    read = read_bytes(fixed(rows), columns=COLUMNS, **FIXED)

    assert values(read) == rows
    assert troubles(read) == []


@slow
@given(rows=ROWS)
def test_reading_a_csv_with_a_trailer_gives_back_what_was_written(
    read_bytes: Callable[..., Any], rows: list[tuple[Any, ...]]
) -> None:
    read = read_bytes(delimited(rows), columns=COLUMNS, **DELIMITED)

    assert values(read) == rows
    assert troubles(read) == []


@slow
@given(rows=ROWS)
def test_reading_a_workbook_gives_back_what_was_written(
    read_bytes: Callable[..., Any], books: ModuleType, rows: list[tuple[Any, ...]]
) -> None:
    read = read_bytes(books.of([list(COLUMNS), *map(list, rows)]), columns=COLUMNS, kind="xlsx")

    assert values(read) == [row for row in rows if any(value is not None for value in row)]
    assert troubles(read) == []


@slow
@given(rows=ROWS, cut=st.integers(0, 8), shuffle=st.randoms(use_true_random=False))
@pytest.mark.parametrize("kind", ["fixed", "csv", "xlsx"])
def test_row_order_splitting_and_the_format_never_change_the_fingerprint(
    read_bytes: Callable[..., Any],
    books: ModuleType,
    kind: str,
    rows: list[tuple[Any, ...]],
    cut: int,
    shuffle: Any,
) -> None:
    rows = [row for row in rows if any(value is not None for value in row)]  # no row at all in a workbook
    whole = read_bytes(delimited(rows), columns=COLUMNS, **DELIMITED).reading.fingerprint
    mixed = list(rows)
    shuffle.shuffle(mixed)
    write: Callable[[list[tuple[Any, ...]]], bytes] = {
        "fixed": fixed,
        "csv": delimited,
        "xlsx": lambda some: books.of([list(COLUMNS), *map(list, some)]),
    }[kind]
    form = {"fixed": FIXED, "csv": DELIMITED, "xlsx": {"kind": "xlsx"}}[kind]

    split = read_bytes(write(mixed[:cut]), write(mixed[cut:]), columns=COLUMNS, **form)

    assert split.reading.fingerprint == whole
    assert troubles(split) == []


@slow
@given(rows=ROWS.filter(bool), place=st.integers(0, 7))
@pytest.mark.parametrize("kind", ["fixed", "csv"])
def test_a_lost_row_is_always_found(
    read_bytes: Callable[..., Any], kind: str, rows: list[tuple[Any, ...]], place: int
) -> None:
    content = (fixed if kind == "fixed" else delimited)(rows).splitlines(keepends=True)
    first = 1 if kind == "fixed" else 2
    del content[first + place % len(rows)]

    read = read_bytes(b"".join(content), columns=COLUMNS, **(FIXED if kind == "fixed" else DELIMITED))

    assert read.finding(Kind.TRAILER).detail["difference"] == "-1"


@slow
@given(rows=ROWS.filter(lambda rows: len(rows) > 1), share=st.floats(0.0, 0.95))
@pytest.mark.parametrize("kind", ["fixed", "csv"])
def test_a_truncated_file_is_always_found(
    read_bytes: Callable[..., Any], kind: str, rows: list[tuple[Any, ...]], share: float
) -> None:
    content = (fixed if kind == "fixed" else delimited)(rows)
    end = content.rindex(b"T!")

    read = read_bytes(content[: int(end * share)], columns=COLUMNS, **(FIXED if kind == "fixed" else DELIMITED))

    # cut inside a character or a quoted field, the file as a whole cannot be read
    assert set(read.kinds) & {Kind.TRAILER, Kind.EMPTY, Kind.COLUMNS, Kind.UNREADABLE_FILE}


PIECES = st.sampled_from(
    [b"H!", b"R!", b"T!", b"\n", b"\r\n", b" ", b"a", b";", b'"', b"1", b",", b"-", "æ".encode(), b"\x00", b"R!a\n"]
)


@settings(slow, max_examples=120)
@given(body=st.lists(PIECES, max_size=40).map(b"".join))
@pytest.mark.parametrize("kind", ["fixed", "csv"])
def test_rows_in_are_typed_and_rejected_whatever_the_text(
    read_bytes: Callable[..., Any], kind: str, body: bytes
) -> None:
    columns = {"note": {}, "count": {"type": "integer"}}
    form: dict[str, Any] = {
        "head_prefix": "H!",
        "trailer": {"prefix": "T!", "rows": {"field": 2}, "sums": {"count": {"field": 3}}},
    }
    if kind == "fixed":
        form["trailer"] = {
            "prefix": "T!",
            "rows": {"start": 3, "length": 2},
            "sums": {"count": {"start": 5, "length": 2}},
        }
        form |= {"kind": "fixed", "row_prefix": "R!", "trimmed": True, "places": {"note": (3, 1), "count": (4, 3)}}
        start = b""
    else:
        start = b"H!\nnote;count\n"

    read = read_bytes(start + body, columns=columns, **form)

    rejected = read.rejects.filter(read.rejects["_row"].is_null())
    assert read.reading.rows_in == read.typed.height + rejected.height
    records = sorted(read.column("_line") + rejected["_line"].to_list())
    assert len(set(records)) == len(records)


@settings(slow, max_examples=120)
@given(
    content=st.binary(max_size=200),
    start=st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"\xd0\xcf\x11\xe0"]),
)
@pytest.mark.parametrize("kind", ["fixed", "xlsx"])
def test_hostile_bytes_never_raise(read_bytes: Callable[..., Any], kind: str, content: bytes, start: bytes) -> None:
    places = {"note": (1, 4)} if kind == "fixed" else None

    read = read_bytes(start + content, columns={"note": {"optional": True}}, kind=kind, places=places)

    assert read.reading.rows_in == read.typed.height + read.reading.rows_rejected


@settings(slow, max_examples=150)
@given(part=st.integers(0, 7), at=st.integers(0, 2_000), byte=st.binary(min_size=1, max_size=3), packed=st.booleans())
def test_changed_bytes_in_a_workbook_never_raise(
    read_bytes: Callable[..., Any], books: ModuleType, part: int, at: int, byte: bytes, packed: bool
) -> None:
    rows = [["note", "count"], ["PLANTED", 1], [date(2026, 1, 1), 2.5]]
    content = bytearray(books.workbook(("PLANTED", books.sheet(rows)), shared=["<t>x</t>"]))
    if packed:
        content[at % len(content)] = byte[0]
        changed = bytes(content)
    else:  # the archive is sound, a part in it is not
        buffer = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
            for number, name in enumerate(old.namelist()):
                text = old.read(name)
                if number == part and text:
                    place = at % len(text)
                    text = text[:place] + byte + text[place + 1 :]
                new.writestr(name, text)
        changed = buffer.getvalue()

    read = read_bytes(changed, columns={"note": {}, "count": {"type": "integer"}}, kind="xlsx")

    assert read.reading.rows_in == read.typed.height + read.reading.rows_rejected
    assert "PLANTED" not in read.said
