"""Bytes in, the encoding that they seem to have out: where another one than the profile's shows.

In Windows-1252 and ISO-8859-1 (nearly) every byte means something, so a file in UTF-8 can be read as either, and each
of its letters beyond ASCII becomes two. Only the whole shows it, and the file is read only once: what is known is
asked after every chunk.
"""

from __future__ import annotations

import codecs
import re

from loadgate.reading.problems import Problem, Unreadable

SURE = 10  # letters of several bytes, and none that UTF-8 does not know: no chance makes so many
SINGLE_BYTE = "cp1252 or iso-8859-1"
_C1 = re.compile(rb"[\x80-\x9f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_LETTERS = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}",
)
_WESTERN = re.compile(rb"[\xc2\xc3][\x80-\xbf]")  # as single bytes a capital A with a sign after it: in no language
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def recognise(data: bytes, *, but: str) -> str | None:
    """What bytes look like that the encoding `but` does not know; None where nothing is plausible."""
    marked = _marked(data)
    if marked is not None and marked != but.removesuffix("-sig"):
        return marked
    data = data.removeprefix(codecs.BOM_UTF8)
    if _CONTROL.search(data):
        return "utf-16" if but != "utf-16" and b"\x00" in data[:200] else None
    if but == "utf-16" and data.isascii():
        return "utf-8"
    letters = len(_LETTERS.findall(data))
    strange = len(_HIGH.findall(_LETTERS.sub(b"", data)))
    if strange <= letters:  # UTF-8 with a fault in it is UTF-8
        return "utf-8" if but == "utf-16" and not strange else None
    if but in ("cp1252", "iso-8859-1"):
        return None
    if not _C1.search(data):
        return SINGLE_BYTE
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return "cp1252"


def _marked(data: bytes) -> str | None:
    return next((name for mark, name in _BOMS.items() if data.startswith(mark)), None)


class Watch:
    """Follows a file that should be in a single-byte encoding, chunk by chunk; the last is empty."""

    def __init__(self, encoding: str) -> None:
        self._single_byte = encoding in ("cp1252", "iso-8859-1")
        self._latin1 = encoding == "iso-8859-1"
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._may_be_utf8 = self._single_byte
        self._first_high: int | None = None  # lines
        self._first_c1: int | None = None
        self._letters = 0
        self._western = False
        self._begun = False

    @property
    def looks_like(self) -> str | None:
        return "utf-8" if self._may_be_utf8 and self._letters else None

    def see(self, chunk: bytes, *, line: int) -> None:
        """Raises: Unreadable as soon as there is no doubt, with the first line that shows it."""
        if not self._single_byte:
            return
        head = b""
        if not self._begun:
            if (marked := _marked(chunk)) is not None:
                raise Unreadable(Problem.ENCODING, line=1, looks_like=marked)
            head, self._begun = chunk.partition(b"\n")[0], True
        if not chunk.isascii():
            self._look(chunk, line=line)
        if self._may_be_utf8 and self._first_high is not None:
            certain = self._letters >= SURE or _WESTERN.search(head) is not None
            if certain or (not chunk and self._western):
                raise Unreadable(Problem.ENCODING, line=self._first_high, looks_like="utf-8")
        if self._latin1 and self._first_c1 is not None and (not self._may_be_utf8 or not chunk):
            raise Unreadable(Problem.ENCODING, line=self._first_c1, looks_like="cp1252")

    def _look(self, chunk: bytes, *, line: int) -> None:
        if self._first_high is None and (high := _HIGH.search(chunk)) is not None:
            self._first_high = line + chunk.count(b"\n", 0, high.start())
        if self._latin1 and self._first_c1 is None and (c1 := _C1.search(chunk)) is not None:
            self._first_c1 = line + chunk.count(b"\n", 0, c1.start())
        if not self._may_be_utf8:
            return
        try:
            text = self._utf8.decode(chunk)  # never final: a file may be cut inside a letter
        except UnicodeDecodeError:
            self._may_be_utf8 = False
            return
        beyond = text.encode("ascii", "ignore")
        self._letters += len(text) - len(beyond)
        self._western = self._western or self._letters >= 3 or _WESTERN.search(chunk) is not None
