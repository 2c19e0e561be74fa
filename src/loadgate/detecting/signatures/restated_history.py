"""Comparisons with the prior vintage in; old reference periods whose numbers were restated, by age band, out.

Late reports restate young periods in every run, and corrections a few old ones; what is usual per band is learned
from earlier runs. A mark here is ordinary: only a share far above history says anything. Until enough runs are known,
only over half of what is closed does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loadgate.detecting.ages import aged, closed
from loadgate.model.comparison import Status
from loadgate.model.expected import KeyFigure
from loadgate.model.period import Cadence

if TYPE_CHECKING:
    import polars as pl

FLOOR = 0.02  # under two in a hundred cells of a band, a restatement is housekeeping
# Whatever earlier runs were like, corrections do not restate half of what is closed; and where they sum up to a quarter
# of it, what came is another series.
HALF = 0.5
_QUARTER = 0.25


def tested(figures: Sequence[KeyFigure]) -> list[KeyFigure]:
    """One figure for each thing counted: figures that share a numerator are restated together."""
    first: dict[str, KeyFigure] = {}
    for figure in sorted(figures, key=lambda figure: (figure.published is not None, figure.id)):
        column = None if figure.cells is None else figure.cells.column
        counted = figure.published if figure.numerator is None else figure.numerator
        first.setdefault(f"{figure.dataset}|{figure.reference}|{column}|{figure.where!r}|{counted!r}", figure)
    return sorted(first.values(), key=lambda figure: figure.id)


def unlearned(band: str) -> float | None:
    """The usual rate while too few runs are known: of a closed band, a half; of one that fills up, nothing is known."""
    return HALF if band in {closed(cadence) for cadence in Cadence} else None


def massive(marks: pl.DataFrame) -> bool:
    """Whether over half of the marks' closed cells are hit, and what they moved by is a quarter of what there was."""
    import polars as pl

    old = marks.filter(pl.col("band").is_in([closed(cadence) for cadence in Cadence]))
    hits, moved, before = old.select(
        pl.col("hit").sum().alias("hits"),
        (pl.col("now") - pl.col("before")).abs().sum().alias("moved"),
        pl.col("before").abs().sum().alias("before"),
    ).row(0)
    return bool(hits > HALF * old.height and float(moved) >= _QUARTER * float(before))


def marks(comparisons: pl.DataFrame, figures: Sequence[KeyFigure]) -> pl.DataFrame:
    """One row per cell with a number on both sides; a hit is a changed numerator (value, where there is none).

    Columns as in `restated_alone.marks`; the item is the age band.
    """
    import polars as pl

    cadences = {figure.id: figure.cadence for figure in tested(figures)}
    pairs = comparisons.filter(
        (pl.col("kind") == "prior")
        & pl.col("figure").is_in(list(cadences))
        & pl.col("status").is_in([Status.SAME.value, Status.RESTATED.value])
    )
    exact = pl.Decimal(38, 6)
    now = pl.coalesce("numerator", pl.col("value").round_sig_figs(9).round(6).cast(exact, strict=False))
    before = pl.coalesce("other_numerator", pl.col("other").round_sig_figs(9).round(6).cast(exact, strict=False))
    return (
        aged(pairs, cadences)
        .with_columns(now.alias("now"), before.alias("before"))
        .filter(pl.col("now").is_not_null() & pl.col("before").is_not_null())
        .select(
            "figure",
            pl.col("band").alias("item"),
            "band",
            "cell",
            "provider",
            "reference_start",
            (pl.col("now") != pl.col("before")).alias("hit"),
            "now",
            "before",
            pl.lit(0.0).alias("chance"),
        )
    )
