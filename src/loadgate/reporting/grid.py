"""What a table on the page is made of: text and marks, ready to be drawn by one macro."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A word with an icon of its own shape, never only a colour. `icon` is the name of a symbol of the page."""

    icon: str
    text: str
    tone: str = ""  # hold, caveat, release or nothing


Content = str | Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table: the first column heads its row, `numeric` columns are set right with tabular digits."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Content, ...], ...]
    numeric: frozenset[int] = frozenset()
