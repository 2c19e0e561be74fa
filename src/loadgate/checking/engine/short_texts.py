"""A regex like ^[A-Z]{2}[0-9]{4,6}$ enters; leaves a test of a whole column at once, eight characters per operation.

Arrow keeps a text of up to 12 bytes in its 16-byte view: four bytes of length, then the text, then zeros. Whether each
of its bytes is in the range that stands at that place is then a matter of two subtractions in 64-bit words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import polars as pl

LONGEST: Final = 12
_ROWS_AT_ONCE: Final = 16_384  # so that the words stay in the processor's cache
_MOST_RANGES: Final = 3
_TOPS: Final = 0x8080808080808080  # the top bit of each byte
_NEVER: Final = 127  # the length of no text

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

    @cached_property
    def _constants(self) -> Any:
        """Per word of the view, kind of constant (see _misses) and length of text: 64-bit words."""
        import numpy as np

        rounds = max(len(run.ranges) for run in self._shape.runs)
        by_length = [self._of_length(length, rounds) for length in range(LONGEST + 1)]
        return np.ascontiguousarray(np.array(by_length, dtype=np.uint8).view("<u8").transpose(2, 1, 0))

    def __call__(self, texts: pl.Series) -> pl.Series:
        if self._shape.unicode and not all(_is_plain(views(piece)) for piece in texts.get_chunks()):
            return texts.str.contains(self._shape.pattern)
        return tested(texts, lambda words: self._misses(words) == 0)

    def _of_length(self, length: int, rounds: int) -> list[list[int]]:
        """Sixteen bytes each: per round what tells too low and too high a character."""
        places: list[tuple[Range, ...]] = [((0, 127),)] * LONGEST
        if length in self._shape.lengths:
            wanted = self._shape.places(length)
            places[: len(wanted)] = wanted
        counted = length if length in self._shape.lengths else _NEVER
        ranges = [((counted, counted),), *[((0, 0),)] * 3, *places]
        rows = []
        for index in range(rounds):
            limits = [options[index] if index < len(options) else (128, 127) for options in ranges]
            rows += [[low + 127 for low, _ in limits], [127 - high for _, high in limits]]
        return rows

    def _misses(self, words: Any) -> Any:
        """Not zero where a text does not have the shape.

        Of a character x below 128, `low + 127 - x` has its top bit set if x is below `low`, and `x + 127 - high` if it
        is above `high`; neither carries into the next one.
        """
        import numpy as np

        lengths = self._shape.lengths
        index: Any = lengths.start
        if len(lengths) > 1:
            index = np.minimum(words[:, 0] & np.uint64(0xFFFFFFFF), np.uint64(LONGEST)).astype(np.intp)
        missed = [
            self._missed(np.ascontiguousarray(words[:, place]), [one.take(index) for one in self._constants[place]])
            for place in (0, 1)
        ]
        return missed[0] | missed[1]

    def _missed(self, word: Any, constants: list[Any]) -> Any:
        import numpy as np

        low, high = constants[:2]
        missed = low - word
        missed |= word + high
        for below, above in zip(constants[2::2], constants[3::2], strict=True):
            missed &= (below - word) | (word + above)
        missed |= word
        missed &= np.uint64(_TOPS)
        return missed


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
    for piece in texts.get_chunks():  # as they come: none is copied
        words = views(piece)
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


def views(texts: pl.Series) -> Any:
    """The 16-byte views of a column of texts, as two 64-bit words each. Nothing is copied."""
    import numpy as np
    import polars as pl

    array = texts.to_arrow(compat_level=pl.CompatLevel.newest())
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.empty((0, 2), dtype="<u8")
    return np.frombuffer(buffer, dtype="<u8").reshape(-1, 2)[array.offset : array.offset + len(array)]


def _is_plain(words: Any) -> bool:
    """Whether all texts are short, and of ASCII characters only."""
    import numpy as np

    if not len(words):
        return True
    seen = np.bitwise_or.reduce(words[:, 0]), np.bitwise_or.reduce(words[:, 1])
    longest = int((words[:, 0] & np.uint64(0xFFFFFFFF)).max())
    return longest <= LONGEST and not (int(seen[0]) >> 32 | int(seen[1])) & 0x8080808080808080
