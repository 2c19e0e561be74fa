"""A column's values enter, batch by batch; leaves how often each occurs. As long as there are different values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

VALUE: Final = "value"
COUNT: Final = "count"
_LOOSE_ROWS: Final = 1_000_000  # of batches' own counts, before they are added up


class Tally:
    """Counts per value, null included."""

    def __init__(self) -> None:
        self._counts: list[pl.DataFrame] = []
        self._loose = 0

    def add(self, values: pl.Series) -> None:
        counts = values.alias(VALUE).value_counts(name=COUNT)
        self._counts.append(counts)
        self._loose += counts.height
        if self._loose > max(_LOOSE_ROWS, 2 * self._counts[0].height):
            self.counted()

    def counted(self) -> pl.DataFrame:
        """A frame of `value` and `count`, in no order."""
        import polars as pl

        if len(self._counts) > 1:
            added = pl.concat(self._counts).group_by(VALUE).agg(pl.col(COUNT).sum())
            self._counts, self._loose = [added], 0
        return self._counts[0]
