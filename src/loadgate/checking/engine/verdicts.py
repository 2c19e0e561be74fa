"""A yes/no question in Python about one text enters; leaves its answer for a column, each distinct text asked once.

Where a column's texts are few and short, most rows are answered by looking their words up (see word_tables).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.short_texts import LONGEST, by_pieces, views, where_texts_are
from loadgate.checking.engine.text_sets import stands_among
from loadgate.checking.engine.word_tables import WordTable, tabulate

if TYPE_CHECKING:
    import polars as pl

_MOST_REMEMBERED: Final = 50_000
_SPARE_BITS: Final = 3
_MOST_BITS: Final = 17
_FEWEST_ROWS: Final = 2**14
_ROWS_PER_TEXT: Final = 8  # so many rows that were not found pay for giving a text its place
_MOST_IN_VAIN: Final = 3
_TEXTS: Final = "texts"
_UNKNOWN, _ACCEPTED, _REFUSED = range(3)


class Verdicts:
    """The answers that were given so far are remembered from batch to batch, up to a limit.

    Several threads may ask at once. They may do the same work twice then, but nobody changes a table that others read:
    it is replaced by another.
    """

    def __init__(self, test: Callable[[str], bool]) -> None:
        self._test = test
        self._known: dict[str, bool] = {}
        self._table: _Table | None = None
        self._in_table = 0  # texts that were known when it was made
        self._missed = 0  # rows since then that were not in it
        self._in_vain = 0  # batches in a row that were mostly not in it
        self._too_many = False

    @property
    def looks_up(self) -> bool:
        """Whether there are texts to find the next batch's among."""
        return self._table is not None

    def __call__(self, texts: pl.Series) -> pl.Series:
        """Answer per row, null where there is no text."""
        table = self._table
        if table is not None:
            return self._found(texts, table)
        answer = self._asked(texts)
        self._learn(len(texts) - texts.null_count())
        return answer

    def _found(self, texts: pl.Series, table: _Table) -> pl.Series:
        import numpy as np

        verdicts = by_pieces(texts, table.look_up, dtype="u1")
        answer = verdicts == _ACCEPTED
        unknown = verdicts == _UNKNOWN
        if texts.null_count():
            unknown &= texts.is_not_null().to_numpy()
        missed = np.flatnonzero(unknown)
        if len(missed):
            answer[missed] = self._asked(texts.gather(missed)).to_numpy()
            self._learn(len(missed))
        mostly = 2 * len(missed) > len(texts) - texts.null_count()
        self._in_vain = self._in_vain + 1 if mostly else 0
        if self._in_vain >= _MOST_IN_VAIN:
            self._table, self._too_many = None, True
        return where_texts_are(texts, answer)

    def _asked(self, texts: pl.Series) -> pl.Series:
        import polars as pl

        answer: pl.Expr
        distinct = texts.unique().drop_nulls()
        refused = [text for text in distinct if not self._accepted(text)]
        text = pl.col(_TEXTS)
        if len(refused) == len(distinct):
            answer = pl.when(text.is_not_null()).then(pl.lit(False))
        elif not refused:
            answer = pl.when(text.is_not_null()).then(pl.lit(True))
        else:
            answer = ~stands_among(text, refused, at_once=True)
        return texts.alias(_TEXTS).to_frame().select(answer.alias(texts.name)).to_series()

    def _accepted(self, text: str) -> bool:
        accepted = self._known.get(text)
        if accepted is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
                self._too_many = True
            accepted = self._known[text] = self._test(text)
        return accepted

    def _learn(self, missed: int) -> None:
        """Make a new table once there are so many rows per text that it will be worth its making."""
        self._missed += missed
        count = len(self._known)
        if self._too_many or count == self._in_table or self._missed < max(_FEWEST_ROWS, _ROWS_PER_TEXT * count):
            return
        self._table = _table_of(self._known.copy())
        self._in_table, self._missed = count, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Short texts, and the verdict at each of their places; none are kept where all are accepted."""

    texts: WordTable
    verdicts: Any

    def look_up(self, words: Any) -> Any:
        at, found = self.texts.look_up(words)
        if self.verdicts is None:
            return found  # true is _ACCEPTED, false _UNKNOWN
        verdicts = self.verdicts.take(at)
        verdicts *= found
        return verdicts


def _table_of(known: dict[str, bool]) -> _Table | None:
    import numpy as np
    import polars as pl

    (words,) = views(pl.Series(list(known), dtype=pl.String))
    accepted = np.fromiter(known.values(), dtype=bool, count=len(known))
    short = (words[:, 0] & np.uint64(0xFFFFFFFF)) <= LONGEST
    words, accepted = words[short], accepted[short]
    if not len(words):
        return None
    bits = min(len(words).bit_length() + _SPARE_BITS, _MOST_BITS)
    texts = tabulate(words, least_bits=bits, most_bits=_MOST_BITS)
    if accepted.all():
        return _Table(texts=texts, verdicts=None)
    at, found = texts.look_up(words)
    verdicts = np.full(len(texts.words), _UNKNOWN, dtype="u1")
    verdicts[at[found]] = np.where(accepted, _ACCEPTED, _REFUSED)[found]
    return _Table(texts=texts, verdicts=verdicts)
