"""A block that is parsed at once gives what splitting it line by line gives, or is left to that."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from loadgate.reading.formats.delimited import _fields, _parse_whole
from loadgate.reading.header import Places
from loadgate.reading.records import Shape, split

ODD = st.sampled_from(["a", ";", ";", ";", "\n", "\n", " ", '"', "\r", "æ", "\ufeff", "END", "x;y;z\n", "\x00", "#"])
PIECES = st.sampled_from(["a;b;c\n", ";;\n", "a;æ;\n", "a;b;c;d\n", "a;b\n", "END;2;1\n"]) | ODD
PLACES = Places(fields=3, position={"third": 2, "first": 0})


def shape(*, quote: str | None) -> Shape:
    return Shape(delimiter=";", quote=quote, fields=3, header="x;y;z", head_prefix=None, trailer_prefix="END")


@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(pieces=st.lists(PIECES, max_size=40), quote=st.sampled_from(['"', None]))
@example(pieces=["a;b;c\n", "a;b\n"], quote=None)
@example(pieces=["a;b;c;d\n", "a;b;c\n"], quote=None)
@example(pieces=["\n", "a;b;c\n"], quote=None)
@example(pieces=["a;b;c\n", "a;b;c;d\n", "a;b\n", "a;b;c"], quote=None)
@example(pieces=["a;b;c\n", "a;b;c;\n", "\n", "b;c\n", "a;b;c"], quote=None)
@example(pieces=["a;b;c\n" * 50, ";;;;\n", "\n", "a;b;c"], quote=None)
@example(pieces=["a;b;\n", ";;\n"], quote='"')
@example(pieces=["END;b;c\n"], quote='"')
@example(pieces=["x;y;z\n", "a;b;c\n"], quote='"')
def test_a_block_is_parsed_at_once_only_to_what_its_lines_give(pieces: list[str], quote: str | None) -> None:
    text = "".join(pieces).removesuffix("\n") + "\n"

    whole = _parse_whole(text, shape(quote=quote), PLACES, first_line=7, first_record=3)

    if whole is not None:
        parts = split(text, shape(quote=quote), first_line=7, first_record=3, last=True)
        assert parts.rejected.height == parts.trailers.height == 0
        slowly = _fields(parts.good, PLACES, shape(quote=quote), {})
        assert whole.select(slowly.columns).rows() == slowly.rows()


def test_a_block_of_sound_records_is_parsed_at_once() -> None:
    whole = _parse_whole("a;b;c\n;;\n", shape(quote='"'), PLACES, first_line=7, first_record=3)

    assert whole is not None
    assert whole.rows(named=True) == [
        {"_record": 3, "_line": 7, "first": "a", "third": "c"},
        {"_record": 4, "_line": 8, "first": "", "third": ""},
    ]
