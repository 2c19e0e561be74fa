"""Some short texts enter; leaves a test of a whole column for being one of them, however many they are.

Each of the given texts has a place of its own in a table (see word_tables); a row holds one of them if its words are
those at its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Final

from loadgate.checking.engine.short_texts import LONGEST, asked_of, tested, views
from loadgate.checking.engine.word_tables import WordTable, tabulate

if TYPE_CHECKING:
    import polars as pl

MOST: Final = 100
"""So many texts find places of their own in a table that stays in the processor's cache."""
FEW: Final = 16
"""Up to so many longer texts it is faster to compare a column with each than to look each of its values up."""
_FEWEST: Final = 3
_MOST_BITS: Final = 63  # far more than texts that differ need to stand apart
_IN_FIRST_WORD: Final = 4  # bytes of the text; the others are its length


def stands_among(column: pl.Expr, texts: Sequence[str], *, at_once: bool = False) -> pl.Expr:
    """True where a column of texts holds one of them, null where it holds none."""
    import polars as pl

    if _FEWEST <= len(texts) <= MOST and max(map(_bytes, texts)) <= LONGEST:
        return asked_of(column, SetTest(texts), at_once=at_once)
    if 0 < len(texts) <= FEW:
        return reduce(or_, [column == text for text in texts])
    return column.is_in(pl.Series(texts, dtype=pl.String).implode())


class SetTest:
    """Tests columns of texts for being one of some, each of at most LONGEST bytes: true, false, or null for no text."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = tuple(dict.fromkeys(texts))
        self._words = 1 if max(map(_bytes, texts)) <= _IN_FIRST_WORD else 2

    def __call__(self, texts: pl.Series) -> pl.Series:
        return tested(texts, lambda words: self._table.look_up(words)[1])

    @cached_property
    def _table(self) -> WordTable:
        import polars as pl

        (words,) = views(pl.Series(self._texts, dtype=pl.String))
        return tabulate(words[:, : self._words], least_bits=len(self._texts).bit_length() + 1, most_bits=_MOST_BITS)


def _bytes(text: str) -> int:
    return len(text.encode())
