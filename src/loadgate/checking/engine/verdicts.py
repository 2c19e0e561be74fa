"""A yes/no question in Python about one text enters; leaves its answer for a column, each distinct text asked once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from loadgate.checking.engine.text_sets import stands_among

if TYPE_CHECKING:
    import polars as pl

_MOST_REMEMBERED: Final = 50_000
_TEXTS: Final = "texts"


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
        text = pl.col(_TEXTS)
        if len(refused) == len(distinct):
            answer = pl.when(text.is_not_null()).then(pl.lit(False))
        elif not refused:
            answer = pl.when(text.is_not_null()).then(pl.lit(True))
        else:
            answer = ~stands_among(text, refused)
        return texts.alias(_TEXTS).to_frame().select(answer.alias(texts.name)).to_series()

    def _asked(self, text: str) -> bool:
        if text not in self._known:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[text] = self._test(text)
        return self._known[text]
