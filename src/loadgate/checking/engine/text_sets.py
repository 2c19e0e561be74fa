"""Some short texts enter; leaves a test of a whole column for being one of them, however many they are.

As in short_texts, a text of up to 12 bytes is two 64-bit words. Multiplying them (Dietzfelbinger et al. 1997) sends
each of the given texts to a place of its own in a table; a row holds one of them if its words are those at its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.short_texts import LONGEST, tested

if TYPE_CHECKING:
    import polars as pl

MOST: Final = 100
"""So many texts find places of their own in a table that stays in the processor's cache."""
FEW: Final = 16
"""Up to so many longer texts it is faster to compare a column with each than to look each of its values up."""
_FEWEST: Final = 3
_TRIES: Final = 64
_SEED: Final = 20_260_101
_IN_FIRST_WORD: Final = 4  # bytes of the text; the others are its length


def stands_among(column: pl.Expr, texts: Sequence[str]) -> pl.Expr:
    """True where a column of texts holds one of them, null where it holds none."""
    import polars as pl

    if _FEWEST <= len(texts) <= MOST and max(map(_bytes, texts)) <= LONGEST:
        return column.map_batches(SetTest(texts), return_dtype=pl.Boolean, is_elementwise=True)
    if 0 < len(texts) <= FEW:
        return reduce(or_, [column == text for text in texts])
    return column.is_in(pl.Series(texts, dtype=pl.String).implode())


class SetTest:
    """Tests columns of texts for being one of some, each of at most LONGEST bytes: true, false, or null for no text."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = tuple(dict.fromkeys(texts))
        self._words = 1 if max(map(_bytes, texts)) <= _IN_FIRST_WORD else 2

    def __call__(self, texts: pl.Series) -> pl.Series:
        return tested(texts, self._met)

    def _met(self, words: Any) -> Any:
        """Whether each row's words are those at its place; the second says nothing where texts end in the first."""
        import numpy as np

        factors, shift, table = self._hashing
        columns = [np.ascontiguousarray(words[:, index]) for index in range(self._words)]
        places = columns[0] * factors[0]
        for column, factor in zip(columns[1:], factors[1:], strict=True):
            places += column * factor
        places >>= shift
        at = places.view(np.int64)
        met = table[0].take(at) == columns[0]
        for column, known in zip(columns[1:], table[1:], strict=True):
            met &= known.take(at) == column
        return met

    @cached_property
    def _hashing(self) -> tuple[Any, Any, Any]:
        """A factor per word, how far to shift, and per word the table: at a free place a word that no text has."""
        import numpy as np

        raw = b"".join(_bytes(text).to_bytes(4, "little") + text.encode().ljust(LONGEST, b"\0") for text in self._texts)
        known = np.frombuffer(raw, dtype="<u8").reshape(-1, 2).T[: self._words]
        random = np.random.default_rng(_SEED)
        for bits in range(len(self._texts).bit_length() + 1, 64):  # the expected number of rounds is small
            factors = random.integers(2**64, size=(_TRIES, self._words), dtype=np.uint64) | np.uint64(1)
            shift = np.uint64(64 - bits)
            places = (factors[:, :, None] * known).sum(axis=1, dtype=np.uint64) >> shift
            ordered = np.sort(places, axis=1)
            if apart := np.flatnonzero((ordered[:, 1:] != ordered[:, :-1]).all(axis=1)).tolist():
                table = np.full((self._words, 2**bits), np.iinfo(np.uint64).max, dtype=np.uint64)
                table[:, places[apart[0]].astype(np.intp)] = known
                return factors[apart[0]], shift, table
        raise AssertionError("texts that differ have words that differ")


def _bytes(text: str) -> int:
    return len(text.encode())
