"""Comparisons with the prior vintage in; cells that were there before and are not now, out.

A count that falls back to zero loses its row, so a few go in every run. A provider whose file lost part of its
history loses many at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loadgate.model.comparison import Status
from loadgate.model.expected import KeyFigure

if TYPE_CHECKING:
    import polars as pl

FLOOR = 0.02  # a fiftieth of a provider's cells


def marks(comparisons: pl.DataFrame, figures: Sequence[KeyFigure]) -> pl.DataFrame:
    """One row per prior cell whose reference period is still measured; a hit is one that is gone.

    Columns as in `restated_alone.marks`; `now` and `before` are empty: what is gone has no effect to sum up.
    """
    import polars as pl

    held = [Status.SAME.value, Status.RESTATED.value, Status.GONE.value]
    none = pl.lit(None, dtype=pl.Decimal(38, 6))
    return comparisons.filter(
        (pl.col("kind") == "prior")
        & pl.col("figure").is_in([figure.id for figure in figures])
        & pl.col("status").is_in(held)
    ).select(
        "figure",
        pl.col("cell").fill_null("").alias("item"),
        pl.lit("").alias("band"),
        "cell",
        "provider",
        "reference_start",
        (pl.col("status") == Status.GONE.value).alias("hit"),
        none.alias("now"),
        none.alias("before"),
        pl.lit(0.0).alias("chance"),
    )
