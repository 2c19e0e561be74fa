"""Bytes in, blocks of whole physical lines as text out, each with its first line's number. Memory stays bounded."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from loadgate.reading.charsets import Watch, recognise
from loadgate.reading.problems import Problem, Unreadable

BLOCK_CHARACTERS = 8 * 1024 * 1024
MAX_LINE_CHARACTERS = 64 * 1024 * 1024
_BOM = "\ufeff"


class _End(Enum):
    """How a text ends that does not come to its end: the packed file ends early, or the text inside a character."""

    EARLY = 1
    INSIDE = 2


_Piece = tuple[str, int] | _End


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Whole lines, split by `\\n`. Only the last block may end without one.

    `cut`: its last line is torn off, since the packed file ends early. `torn`: it ends inside a character.
    """

    text: str
    first_line: int
    last: bool
    cut: bool = False
    torn: bool = False


def blocks(chunks: Iterator[bytes], *, encoding: str) -> Iterator[Block]:
    """Decode strictly and cut at line ends; a byte order mark is taken off.

    Raises: Unreadable with the line of the first byte that the encoding does not know, or that shows another one.
    """
    pending: list[str] = []
    held, ended, line, cut, torn = 0, 0, 1, False, False
    for piece in _ahead(_decoded(chunks, encoding)):
        if isinstance(piece, _End):
            cut, torn = piece is _End.EARLY, piece is _End.INSIDE
            pending += ["\ufffd"] * torn  # so that even a lone piece of a letter is a record
            break
        text, ends = piece
        pending.append(text)
        held += len(text)
        ended += ends
        if held < BLOCK_CHARACTERS or not ends:
            if held > MAX_LINE_CHARACTERS:
                raise Unreadable(Problem.LONG_LINE, line=line)
            continue
        joined = "".join(pending)
        rest = joined.rfind("\n") + 1
        yield Block(text=joined[:rest], first_line=line, last=False)
        line += ended
        pending, held, ended = [joined[rest:]], len(joined) - rest, 0
    yield Block(text="".join(pending), first_line=line, last=True, cut=cut, torn=torn)


def _ahead(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """The same, each made in a thread of its own while the one before is looked at; the first two are not."""
    yield from islice(pieces, 2)  # most files have no more
    with ThreadPoolExecutor(1, thread_name_prefix="unpacking") as pool:
        due = pool.submit(next, pieces, None)
        while (piece := due.result()) is not None:
            due = pool.submit(next, pieces, None)
            yield piece


def _decoded(chunks: Iterator[bytes], encoding: str) -> Iterator[_Piece]:
    """Texts of any length with the number of line ends in them, and at last how they end where they should go on."""
    decoder = codecs.getincrementaldecoder("utf-8" if encoding == "utf-8-sig" else encoding)()
    watch = Watch(encoding)
    lines, first = 1, True
    iterator = iter(chunks)
    while True:
        try:
            chunk = next(iterator, b"")
        except Unreadable as unreadable:
            if unreadable.problem is not Problem.ENDS_EARLY:
                raise
            yield _End.EARLY
            return
        watch.see(chunk, line=lines)
        try:
            if encoding == "cp1252" and not _has_c1(chunk):
                text = chunk.decode("iso-8859-1")  # the same, ten times as fast
            else:
                text = decoder.decode(chunk, final=not chunk)
        except UnicodeError as error:  # UTF-16 without its mark is no UnicodeDecodeError
            if not chunk and not first:
                yield _End.INSIDE
                return
            before = error.object[: error.start].count(b"\n") if isinstance(error, UnicodeDecodeError) else 0
            found = watch.looks_like or recognise(chunk, but=encoding)
            raise Unreadable(Problem.ENCODING, line=lines + before, looks_like=found) from None
        ends = text.count("\n") if encoding == "utf-16" else _count_line_ends(chunk)
        lines += ends
        if text:
            if first and text.partition("\n")[0].count("\x00"):
                raise Unreadable(Problem.ENCODING, line=1, looks_like="utf-16")
            yield (text.removeprefix(_BOM) if first else text), ends
            first = False
        if not chunk:
            return


def _has_c1(chunk: bytes) -> bool:
    """Whether there are octets that mean a letter in Windows-1252 and none in ISO-8859-1."""
    import numpy as np

    return bool(((np.frombuffer(chunk, np.uint8) & 0xE0) == 0x80).any())


def _count_line_ends(chunk: bytes) -> int:
    """Where an octet that looks like one is one. A text counts them more slowly."""
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord("\n")))
