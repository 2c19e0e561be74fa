"""A block that is cut or parsed at once gives what going through its lines gives, or is left to that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loadgate.model.profiles import Compression, FileFormat
from loadgate.reading.batches import Batch
from loadgate.reading.formats import delimited
from loadgate.reading.formats.fixed import _Ruler, _split, _split_even
from loadgate.reading.header import Layout, Wanted
from loadgate.reading.lines import Block, blocks
from loadgate.reading.problems import Unreadable
from loadgate.reading.sources import Limits, Source

often = settings(max_examples=600, deadline=None, derandomize=True, database=None)
TRAILER = {"prefix": "T", "rows": {"start": 2, "length": 3}}

# ── fixed width ────────────────────────────────────────────────────────────────────────────────────────────────

ROWS = st.sampled_from(
    ["R12 ab    cdefghijklmnop q", "R 3æ  €     ghijklmnopæ   ", "R" + 25 * " ", "R12 ab    cdefghijkl € p q"]
)
LINES = ROWS | st.sampled_from(
    [
        26 * " ",
        "H" + 25 * "x",
        "T  2" + 22 * " ",
        "T",
        "",
        "R12",
        "X" + 25 * "y",
        "R12 \r" + 21 * "z",
        "R12 ab    cdefghijklmnop \r",
        "R12 ab    cdefghijklmnop qr",
        "R12 ab    cd\nefghijklmnopq",
    ]
)
PLACES = {"number": (2, 2), "word": (4, 7), "long": (11, 14), "over": (10, 3), "last": (26, 5)}


def fixed_form(**facts: Any) -> FileFormat:
    return FileFormat.model_validate({"kind": "fixed", "width": 26, **facts})


def ruler(form: FileFormat) -> _Ruler:
    wanted = (Wanted(source=a, column=a, optional=False, start=b, length=c) for a, (b, c) in PLACES.items())
    return _Ruler.of(Layout(wanted=tuple(wanted), ignored=frozenset(), form=form))


def told(batch: Batch) -> tuple[Any, ...]:
    return batch.raw.rows(), batch.raw.schema, batch.rejected.rows(), replace(batch, raw=None, rejected=None)  # type: ignore[arg-type]


@often
@given(
    lines=st.lists(ROWS, max_size=3).flatmap(lambda few: st.lists(LINES, max_size=2).map(lambda odd: [*few, *odd])),
    end=st.sampled_from(["\n", "\r\n"]),
    open_end=st.booleans(),
    head=st.booleans(),
    first=st.booleans(),
    form=st.fixed_dictionaries(
        {},
        optional={
            "head_prefix": st.just("H"),
            "row_prefix": st.just("R"),
            "trailer": st.just(TRAILER),
            "trimmed": st.just(True),
            "final_line_end": st.just(True),
        },
    ),
    how=st.sampled_from([{}, {}, {}, {"cut": True}, {"torn": True}]),
)
@example(
    lines=["R12 ab    cdefghijklmnop q", "T  2"], end="\r\n", open_end=True, head=True, first=True, form={}, how={}
)
def test_a_block_of_even_rows_is_cut_only_to_what_its_lines_give(
    lines: list[str], end: str, open_end: bool, head: bool, first: bool, form: dict[str, Any], how: dict[str, bool]
) -> None:
    text = "".join(line + end for line in ([*["Hsender"] * head, *lines]))
    block = Block(text=text.removesuffix(end) if open_end else text, first_line=7, last=open_end, **how)
    asked = ruler(fixed_form(**form))

    at_once = _split_even(block, asked, first=first, first_record=3)

    if at_once is not None:
        assert told(at_once) == told(_split(block, asked, first=first, first_record=3))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("row", ["R12 ab    cdefghijklmnop q", "R 3æ  €     ghijklmnopæ   "])
def test_rows_between_a_header_and_a_trailer_are_cut_at_once(end: str, row: str) -> None:
    form = fixed_form(head_prefix="H", row_prefix="R", trailer=TRAILER)
    block = Block(text=end.join(["Hsender", row, row, "T  2", ""]), first_line=1, last=True)

    batch = _split_even(block, ruler(form), first=True, first_record=1)

    assert batch is not None
    assert batch.raw.height == 2
    assert [(ending.line, ending.rows) for ending in batch.endings] == [(4, "2")]


# ── delimited ──────────────────────────────────────────────────────────────────────────────────────────────────

RECORDS = st.sampled_from(["a;b;c", ";;", "a;æ;€", "1;2;3"])
RECORDS_AND_ODD = RECORDS | st.sampled_from(
    ["", " ", "a;b", "a;b;c;d", "T;1", '"T";1', 'a;"b;c', "a;b\rc;d", "x;y;z", "\ufeffa;b;c", "a;\x00;c", "a;b;c\r"]
)


@often
@given(
    records=st.lists(RECORDS, max_size=3).flatmap(
        lambda few: st.lists(RECORDS_AND_ODD, max_size=3).map(lambda odd: [*few, *odd])
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    open_end=st.booleans(),
    form=st.fixed_dictionaries(
        {},
        optional={
            "quote": st.none(),
            "final_line_end": st.just(True),
            "trailer": st.just({"prefix": "T", "rows": {"field": 2}}),
        },
    ),
)
@example(records=["a;b;c", "a;b\rc;d;e", ""], end="\n", open_end=False, form={})
@example(records=["", "a;b;c"], end="\n", open_end=False, form={})
@example(records=["\ufeffa;b;c"], end="\n", open_end=False, form={})
@example(records=["a;b;c", "T;1"], end="\r\n", open_end=True, form={"trailer": {"prefix": "T", "rows": {"field": 2}}})
def test_a_file_parsed_at_once_is_what_its_lines_give(
    records: list[str], end: str, open_end: bool, form: dict[str, Any]
) -> None:
    text = end.join(["x;y;z", *records]) + ("" if open_end else end)
    source = _source(text.encode())
    layout = Layout(
        wanted=tuple(Wanted(source=name, column=name, optional=False) for name in ("z", "x")),
        ignored=frozenset("y"),
        form=FileFormat.model_validate({"delimiter": ";", **form}),
    )

    at_once = list(delimited.read_delimited(source, layout))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "_parse_whole", lambda *_, **__: None)
        by_line = list(delimited.read_delimited(source, layout))

    assert [told(batch) for batch in at_once] == [told(batch) for batch in by_line]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_windows_line_ends_and_a_trailer_do_not_keep_a_block_from_being_parsed_at_once(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "split", None)
    form = {"delimiter": ";", "trailer": {"prefix": "T", "rows": {"field": 2}}}
    wanted = (Wanted(source="x", column="x", optional=False),)
    layout = Layout(wanted=wanted, ignored=frozenset("y"), form=FileFormat.model_validate(form))

    (batch,) = delimited.read_delimited(_source(end.join(["x;y", "a;b", "c;d", "T;2", ""]).encode()), layout)

    assert batch.raw.rows() == [(1, 2, "a"), (2, 3, "c")]
    assert [(ending.line, ending.rows) for ending in batch.endings] == [(4, "2")]


def _source(content: bytes) -> Source:
    nowhere = Path()
    return Source(
        path=nowhere, compression=Compression.NONE, chunks=lambda: iter([content]), scratch=nowhere, limits=Limits()
    )


# ── decoding ───────────────────────────────────────────────────────────────────────────────────────────────────


@often
@given(chunks=st.lists(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\xe6", b"\x80", b"\x81", b"\xa0"]))))
def test_windows_letters_are_decoded_as_python_does(chunks: list[list[bytes]]) -> None:
    content = [b"".join(octets) for octets in chunks if octets]
    whole = b"".join(content)
    try:
        text, line = whole.decode("cp1252"), None
    except UnicodeDecodeError as error:
        text, line = "", whole.count(b"\n", 0, error.start) + 1

    try:
        found, failed = "".join(block.text for block in blocks(iter(content), encoding="cp1252")), None
    except Unreadable as unreadable:
        found, failed = "", unreadable.line

    assert (found, failed) == (text, line)
