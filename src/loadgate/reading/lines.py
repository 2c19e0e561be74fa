"""Bytes in, blocks of whole physical lines as text out, each with its first line's number. Memory stays bounded."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from loadgate.reading.problems import Problem, Unreadable

BLOCK_CHARACTERS = 4 * 1024 * 1024
MAX_LINE_CHARACTERS = 64 * 1024 * 1024
_C1 = re.compile(rb"[\x80-\x9f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Whole lines, split by `\\n`. Only the last block may end without one, and `cut` if its last line is torn off."""

    text: str
    first_line: int
    last: bool
    cut: bool = False


def blocks(chunks: Iterator[bytes], *, encoding: str) -> Iterator[Block]:
    """Decode strictly and cut at line ends; a byte order mark is taken off.

    Raises: Unreadable with the line of the first byte that the encoding does not know, or that shows another one.
    """
    pending: list[str] = []
    held, line, cut = 0, 1, False
    for text in _decoded(chunks, encoding):
        if text is None:
            cut = True
            break
        pending.append(text)
        held += len(text)
        if held < BLOCK_CHARACTERS or "\n" not in text:
            if held > MAX_LINE_CHARACTERS:
                raise Unreadable(Problem.LONG_LINE, line=line)
            continue
        whole, _, rest = "".join(pending).rpartition("\n")
        yield Block(text=whole + "\n", first_line=line, last=False)
        line += whole.count("\n") + 1
        pending, held = [rest], len(rest)
    yield Block(text="".join(pending), first_line=line, last=True, cut=cut)


def _decoded(chunks: Iterator[bytes], encoding: str) -> Iterator[str | None]:
    """Texts of any length; None where the packed file ends early."""
    decoder = codecs.getincrementaldecoder("utf-8" if encoding == "utf-8-sig" else encoding)()
    watch = _Watch(encoding)
    lines, first = 1, True
    iterator = iter(chunks)
    while True:
        try:
            chunk = next(iterator, b"")
        except Unreadable as unreadable:
            if unreadable.problem is not Problem.ENDS_EARLY:
                raise
            yield None
            return
        watch.see(chunk, line=lines, first=first)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeError as error:  # UTF-16 without its mark is no UnicodeDecodeError
            before = error.object[: error.start].count(b"\n") if isinstance(error, UnicodeDecodeError) else 0
            raise Unreadable(Problem.ENCODING, line=lines + before) from None
        lines += text.count("\n")
        if text:
            if first and text.partition("\n")[0].count("\x00"):
                raise Unreadable(Problem.ENCODING, line=1)
            yield text.removeprefix(_BOM) if first else text
            first = False
        if not chunk:
            return


class _Watch:
    """Sees another encoding behind one in which (nearly) every byte means something.

    Letters of Windows-1252 are control characters in ISO-8859-1; UTF-8 read as either turns one letter into two.
    """

    def __init__(self, encoding: str) -> None:
        self._single_byte = encoding in ("cp1252", "iso-8859-1")
        self._latin1 = encoding == "iso-8859-1"
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._may_be_utf8 = self._single_byte
        self._first_high: int | None = None

    def see(self, chunk: bytes, *, line: int, first: bool) -> None:
        if not self._single_byte:
            return
        if first and chunk.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Unreadable(Problem.ENCODING, line=1)
        if self._may_be_utf8:
            self._may_be_utf8 = self._looks_utf8(chunk, line=line)
        if not chunk and self._may_be_utf8 and self._first_high is not None:
            raise Unreadable(Problem.ENCODING, line=self._first_high)
        if self._latin1 and not chunk.isascii() and (found := _C1.search(chunk)) and not self._may_be_utf8:
            raise Unreadable(Problem.ENCODING, line=line + chunk.count(b"\n", 0, found.start()))

    def _looks_utf8(self, chunk: bytes, *, line: int) -> bool:
        high = None if self._first_high is not None or chunk.isascii() else _HIGH.search(chunk)
        if high is not None:
            self._first_high = line + chunk.count(b"\n", 0, high.start())
        try:
            self._utf8.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            return False
        return True
