"""Row numbers enter, in any order; leaves for other rows whether they are among them. One bit a row, however many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


class RowSet:
    """Rows by their `_row`: 50 million take 6 MB."""

    def __init__(self) -> None:
        self._bytes: Any = None  # numpy's uint8; none before the first row

    def add(self, rows: pl.Series) -> None:
        import numpy as np

        if not len(rows):
            return
        numbers = rows.to_numpy()
        needed = (int(numbers.max()) >> 3) + 1
        if self._bytes is None or len(self._bytes) < needed:
            grown = np.zeros(needed + needed // 8, dtype=np.uint8)
            if self._bytes is not None:
                grown[: len(self._bytes)] = self._bytes
            self._bytes = grown
        np.bitwise_or.at(self._bytes, numbers >> 3, np.left_shift(1, numbers & 7).astype(np.uint8))

    def has(self, rows: pl.Series) -> pl.Series:
        """One Boolean per row."""
        import numpy as np
        import polars as pl

        if self._bytes is None or not len(rows):
            return pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True)
        numbers = rows.to_numpy()
        known = (numbers >> 3) < len(self._bytes)
        place = np.where(known, numbers >> 3, 0)
        return pl.Series((self._bytes[place] >> (numbers & 7)) & 1 == 1) & pl.Series(known)
