"""A regex like ^[A-Z]{2}[0-9]{4,6}$ enters; leaves a test of a whole column at once, character by character.

Arrow keeps a text of up to 12 bytes in its 16-byte view: four bytes of length, then the text, then zeros. Whether each
of these bytes is in the range that stands at its place is asked of some thousand views in one go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import polars as pl

LONGEST: Final = 12
_ROWS_AT_ONCE: Final = 16_384  # so that the words stay in the processor's cache
_MOST_RANGES: Final = 3
_TILED: Final = 1024  # rows whose limits stand ready, if all rows' are the same
_WIDTH: Final = 16  # bytes of a view
_TOPS: Final = 0x8080808080808080  # the top bit of each byte
_ALL: Final = 0x0101010101010101  # true in each byte
_NEVER: Final = (255, 255)  # as the last byte of its length, no text has that

Range = tuple[int, int]
_TOKEN: Final = re.compile(
    r"""(?: (?P<digit>\\d) | \\(?P<escaped>[^A-Za-z0-9<>\s\x80-\U0010ffff]) | (?P<plain>[A-Za-z0-9 _,:;@%=!<>"'/#&~-])
        | \[(?P<set>(?:[A-Za-z0-9 _,:;@%=!<>"'/.+*?(){}|$]|\\[^A-Za-z0-9<>\s\x80-\U0010ffff]|
          [A-Za-z0-9]-[A-Za-z0-9])+)\] )
        (?: \{(?P<least>\d{1,2})(?P<span>,(?P<most>\d{1,2}))?\} | (?P<maybe>\?) )?""",
    re.VERBOSE,
)
_IN_SET: Final = re.compile(r"([A-Za-z0-9])-([A-Za-z0-9])|\\?(.)")


@dataclass(frozen=True, slots=True)
class _Run:
    """So many characters in a row, each in one of the ranges."""

    ranges: tuple[Range, ...]
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Shape:
    """A regex whose match is decided by a text's length and, place by place, by ranges of ASCII characters.

    `unicode`: it has a class with other characters than ASCII in it too.
    """

    pattern: str
    runs: tuple[_Run, ...]
    unicode: bool

    @property
    def lengths(self) -> range:
        return range(sum(run.least for run in self.runs), sum(run.most for run in self.runs) + 1)

    def places(self, length: int) -> list[tuple[Range, ...]]:
        """The ranges per place of a text of this length: at most one run can give way."""
        spare = length - self.lengths.start
        return [run.ranges for run in self.runs for _ in range(run.least + (spare if run.most > run.least else 0))]


def read_shape(pattern: str) -> Shape | None:
    """Read a regex as a shape, or give None if it is more than that: the regex itself is to be used then."""
    if not (pattern.startswith("^") and pattern.endswith("$")) or pattern.endswith("\\$"):
        return None
    runs = list(_runs(pattern[1:-1]))
    known = [run for run in runs if run is not None]
    giving_way = sum(run.most > run.least for run in known)
    longest = sum(run.most for run in known)
    if len(known) < len(runs) or not known or giving_way > 1 or longest > LONGEST:
        return None
    return Shape(pattern, tuple(known), unicode="\\d" in pattern.replace("\\\\", ""))


def _runs(body: str) -> Iterator[_Run | None]:
    place = 0
    while place < len(body):
        token = _TOKEN.match(body, place)
        if token is None:
            yield None
            return
        place = token.end()
        least = 0 if token["maybe"] else int(token["least"] or 1)
        most = 1 if token["maybe"] else int(token["most"] or least) if token["span"] else least
        ranges = _ranges(token)
        sound = least <= most and all(low <= high for low, high in ranges)  # what is not, the regex engine refuses
        yield _Run(ranges, least, most) if sound and len(ranges) <= _MOST_RANGES else None


def _ranges(token: re.Match[str]) -> tuple[Range, ...]:
    if token["digit"]:
        return ((ord("0"), ord("9")),)
    if token["set"] is None:
        one = ord(token["escaped"] or token["plain"])
        return ((one, one),)
    return tuple((ord(low or one), ord(high or one)) for low, high, one in _IN_SET.findall(token["set"]))


class ShapeTest:
    """Tests columns of texts for a shape: true, false, or null where there is no text."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def __call__(self, texts: pl.Series) -> pl.Series:
        if self._shape.unicode and not all(map(_is_plain, views(texts))):
            return texts.str.contains(self._shape.pattern)
        return tested(texts, self._fits(min(len(texts), _ROWS_AT_ONCE)))

    def _fits(self, most: int) -> Callable[[Any], Any]:
        """A function of at most so many views: which have the shape. One per column, as it has a place to work in."""
        import numpy as np

        above, within, also = np.empty((3, most * _WIDTH), dtype=np.uint8)
        limits_of = self._limits_of(most)

        def fits(words: Any) -> Any:
            characters = words.reshape(-1).view(np.uint8)
            size = len(characters)
            for index, (lowest, spans) in enumerate(limits_of(words)):
                found = within if index == 0 else also
                _compare(characters, lowest, spans, above[:size], found[:size])
                if index:
                    within[:size] |= also[:size]
            halves = within[:size].view("<u8")
            return (halves[0::2] & halves[1::2]) == np.uint64(_ALL)

        return fits

    def _limits_of(self, most: int) -> Callable[[Any], Iterable[tuple[Any, Any]]]:
        """A function of at most so many views: per range that a place can have, their lowest bytes and spans.

        Where all texts have to have one length, those of some: the others' are the same.
        """
        import numpy as np

        if len(self._shape.lengths) == 1:
            return lambda _: self._same
        taken = np.empty((*self._by_length.shape[:2], most, 2), dtype="<u8")

        def limits_of(words: Any) -> Iterator[tuple[Any, Any]]:
            length = words.view("<u4")[:, 0].astype(np.intp)
            for by_length, space in zip(self._by_length, taken, strict=True):
                lowest, spans = (
                    limits.take(length, axis=0, out=rows[: len(length)], mode="clip").reshape(-1).view(np.uint8)
                    for limits, rows in zip(by_length, space, strict=True)
                )
                yield lowest, spans

        return limits_of

    @cached_property
    def _same(self) -> list[tuple[Any, Any]]:
        import numpy as np

        length = self._shape.lengths.start
        return [
            (np.tile(lowest[length], _TILED).view(np.uint8), np.tile(spans[length], _TILED).view(np.uint8))
            for lowest, spans in self._by_length
        ]

    @cached_property
    def _by_length(self) -> Any:
        """Per range that a place can have, the lowest bytes of a view and spans above them, by the text's length.

        The last are of all lengths above LONGEST. Bytes are packed to 64-bit words.
        """
        import numpy as np

        options = max(len(run.ranges) for run in self._shape.runs)
        limits = [[self._limits(length, option) for length in range(LONGEST + 2)] for option in range(options)]
        low, high = np.moveaxis(np.array(limits, dtype=np.uint8), 3, 0)
        return np.stack([low, high - low], axis=1).view("<u8")

    def _limits(self, length: int, option: int) -> list[Range]:
        """The lowest and the highest byte at each place of the view of a text with this length."""
        if length not in self._shape.lengths:
            return [_NEVER] * _WIDTH
        wanted = [ranges[min(option, len(ranges) - 1)] for ranges in self._shape.places(length)]
        return [(length, length), *[(0, 0)] * 3, *wanted, *[(0, 255)] * (LONGEST - length)]


def _compare(characters: Any, lowest: Any, spans: Any, above: Any, found: Any) -> None:
    """Find the bytes in a range: no further above the lowest than the span. What is below wraps around.

    Limits of fewer bytes hold for as many after them, too.
    """
    import numpy as np

    rest = len(characters) % len(lowest)
    whole = len(characters) - rest
    for part, width in ((slice(whole), len(lowest)), (slice(whole, None), rest)):
        if width:
            lines = (-1, width)
            np.subtract(characters[part].reshape(lines), lowest[:width], out=above[part].reshape(lines))
            np.less_equal(above[part].reshape(lines), spans[:width], out=found[part].view(bool).reshape(lines))


def asked_of(column: pl.Expr, test: Callable[[pl.Series], pl.Series], *, at_once: bool) -> pl.Expr:
    """Ask a test in Python of a column: `at_once` where rows come in batches, else as a stream needs it.

    Polars gives elementwise functions one piece of a column after the other, and a batch of a CSV file has a dozen.
    """
    import polars as pl

    return column.map_batches(test, return_dtype=pl.Boolean, is_elementwise=not at_once)


def tested(texts: pl.Series, test: Callable[[Any], Any]) -> pl.Series:
    """Ask `test` of the views: its yes or no per row, and null where there is no text."""
    return where_texts_are(texts, by_pieces(texts, test, dtype="?"))


def by_pieces(texts: pl.Series, test: Callable[[Any], Any], *, dtype: str) -> Any:
    """Ask `test` of the views of some thousand rows at a time: all that it answers."""
    import numpy as np

    answers, end = np.empty(len(texts), dtype=dtype), 0
    for words in views(texts):
        for start in range(0, len(words), _ROWS_AT_ONCE):
            rows = words[start : start + _ROWS_AT_ONCE]
            answers[end : end + len(rows)] = test(rows)
            end += len(rows)
    return answers


def where_texts_are(texts: pl.Series, answers: Any) -> pl.Series:
    """The answers as a column, null where there is no text."""
    import polars as pl

    answer = pl.Series(texts.name, answers)
    if texts.null_count() == 0:
        return answer
    return pl.select(pl.when(texts.is_not_null()).then(answer).alias(texts.name)).to_series()


def views(texts: pl.Series) -> list[Any]:
    """The 16-byte views of a column of texts, as two 64-bit words each, piece by piece. Nothing is copied."""
    import numpy as np
    import pyarrow as pa

    pieces = (piece for piece in pa.chunked_array(texts, type=pa.string_view()).chunks if len(piece))
    return [
        np.frombuffer(piece.buffers()[1], dtype="<u8").reshape(-1, 2)[piece.offset : piece.offset + len(piece)]
        for piece in pieces
    ]


def _is_plain(words: Any) -> bool:
    """Whether all texts are short, and of ASCII characters only."""
    import numpy as np

    seen = np.bitwise_or.reduce(words[:, 0]), np.bitwise_or.reduce(words[:, 1])
    longest = int((words[:, 0] & np.uint64(0xFFFFFFFF)).max())
    return longest <= LONGEST and not (int(seen[0]) >> 32 | int(seen[1])) & _TOPS
