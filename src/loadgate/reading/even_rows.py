"""Text whose lines all have the same length in; columns cut at once out, or nothing where there is any doubt.

Such a text is a matrix of octets. A column is taken out of it as Arrow's 16-byte views, without looking at lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

_BLANK, _CR, _LF = 0x20, 0x0D, 0x0A
_CHARSETS: Final = ("iso-8859-1", "cp1252")  # in which a letter is one octet; the first is the quicker one
_INLINE: Final = 12  # octets that a view holds itself; of a longer text it holds four, and where it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class EvenRows:
    """`octets`: a line's in each row, `width` of them without the line's end."""

    body: bytes
    octets: np.ndarray[Any, np.dtype[np.uint8]]
    width: int
    charset: str
    ascii: bool

    @property
    def height(self) -> int:
        return len(self.octets)

    def begin_with(self, prefix: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which lines do. Raises: ValueError if none can: it is longer, or has other letters."""
        import numpy as np

        wanted = np.frombuffer(prefix.encode(self.charset), np.uint8)
        if len(wanted) > self.width:
            raise ValueError("longer than a line")
        found: np.ndarray[Any, np.dtype[np.bool_]] = (self.octets[:, : len(wanted)] == wanted).all(axis=1)
        return found

    def any_blank(self) -> bool:
        """Whether a line has nothing but blanks."""
        first = self.octets[:, 0]
        some = self.octets[(first == _BLANK) | (first == _CR), : self.width]
        return bool(((some == _BLANK) | (some == _CR)).all(axis=1).any())

    def column(self, start: int, length: int) -> pl.Series:
        """The text at these places (from 0) of each line, without the blanks around it."""
        place = self.octets[:, start : min(start + length, self.width)]
        text = self._views(start, place) if self.ascii or not (place & 0x80).any() else self._decoded(place)
        if (place[:, 0] == _BLANK).any() or (place[:, -1] == _BLANK).any():
            return text.str.strip_chars(" ")
        return text

    def _views(self, start: int, place: np.ndarray[Any, np.dtype[np.uint8]]) -> pl.Series:
        import numpy as np
        import polars as pl
        import pyarrow as pa

        rows, length = place.shape
        views = np.zeros((rows, 16), np.uint8)
        numbers = views.view(np.int32)
        numbers[:, 0] = length
        if length <= _INLINE:
            views[:, 4 : 4 + length] = place
        else:
            views[:, 4:8] = place[:, :4]
            numbers[:, 3] = np.arange(start, len(self.body), self.octets.shape[1], dtype=np.int32)
        buffers = [None, pa.py_buffer(views), pa.py_buffer(self.body)]
        return pl.Series(pl.from_arrow(pa.Array.from_buffers(pa.string_view(), rows, buffers)))

    def _decoded(self, place: np.ndarray[Any, np.dtype[np.uint8]]) -> pl.Series:
        """Letters beyond ASCII take two octets in Polars."""
        import numpy as np
        import polars as pl

        lines = np.full((len(place), place.shape[1] + 1), _LF, np.uint8)
        lines[:, :-1] = place
        text = lines.tobytes().decode(self.charset)
        return pl.Series([text], dtype=pl.String).str.split("\n").explode().head(len(place))


def even_rows(text: str, *, width: int) -> EvenRows | None:
    """The lines of a text, if each has as many characters and the same end; None otherwise."""
    import numpy as np

    length = text.find("\n") + 1
    if length < 2 or not text.endswith("\n"):
        return None
    ends = 2 if text[length - 2] == "\r" else 1
    if length - ends != width:
        return None
    body, charset = _encoded(text)
    if body is None or len(body) % length:
        return None
    octets = np.frombuffer(body, np.uint8).reshape(-1, length)
    before = octets[:, length - 2] == _CR
    lines = len(octets)
    if not (octets[:, -1] == _LF).all() or np.count_nonzero(octets == _LF) != lines or before.any() != before.all():
        return None
    return EvenRows(body=body, octets=octets, width=width, charset=charset, ascii=text.isascii())


def _encoded(text: str) -> tuple[bytes | None, str]:
    for charset in _CHARSETS:
        try:
            return text.encode(charset), charset
        except UnicodeEncodeError:
            continue
    return None, ""
