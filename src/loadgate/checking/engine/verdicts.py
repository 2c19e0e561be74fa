"""A yes/no question in Python about one text enters; leaves its answer for a column, each distinct text asked once."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

_MOST_REMEMBERED: Final = 50_000
FEW: Final = 16
"""Up to so many texts it is faster to compare a column with each than to look each of its values up."""


class Verdicts:
    """The answers that were given so far are remembered from batch to batch, up to a limit."""

    def __init__(self, test: Callable[[str], bool]) -> None:
        self._test = test
        self._known: dict[str, bool] = {}

    def __call__(self, texts: pl.Series) -> pl.Series:
        """Answer per row, null where there is no text."""
        import polars as pl

        answer: pl.Expr
        distinct = texts.unique().drop_nulls()
        refused = [text for text in distinct if not self._asked(text)]
        name = texts.name or "texts"
        if len(refused) == len(distinct):
            answer = pl.when(pl.col(name).is_not_null()).then(pl.lit(False))
        elif not refused:
            answer = pl.when(pl.col(name).is_not_null()).then(pl.lit(True))
        else:
            answer = ~stands_among(pl.col(name), refused)
        return texts.alias(name).to_frame().select(answer.alias(texts.name)).to_series()

    def _asked(self, text: str) -> bool:
        if text not in self._known:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[text] = self._test(text)
        return self._known[text]


def stands_among(column: pl.Expr, texts: list[str]) -> pl.Expr:
    """True where a column holds one of the texts, null where it holds none."""
    import polars as pl

    if 0 < len(texts) <= FEW:
        return reduce(or_, [column == text for text in texts])
    return column.is_in(pl.Series(texts, dtype=pl.String).implode())
