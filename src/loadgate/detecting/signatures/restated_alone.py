"""Comparisons with the prior vintage in; cells whose published value moved while its numerator did not, out.

A published value is numerator over a denominator that nobody sends. If the value moves and the numerator does not,
the denominator did. For ordinary ratios, whose denominator is in the data, there is nothing to infer and no mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loadgate.model.comparison import Status
from loadgate.model.expected import FigureKind, KeyFigure

if TYPE_CHECKING:
    import polars as pl

# One in 2,000: several hundred times what a definition allows (a value that follows from its numerator never moves
# alone), so that a handful of single corrections make no group.
FLOOR = 0.0005
# A provider with fewer standing numerators than this share is tested by its implied denominators instead. They prove
# less (a value that does not follow its numerator looks the same), so a third of its cells must show it.
_STANDING = 0.05
# Where many numerators are restated, one in fifty of them is taken to come to the same number as before by chance.
_COINCIDENCE = 0.02
_THIRD = 1 / 3


def tested(figures: Sequence[KeyFigure]) -> list[KeyFigure]:
    """Figures whose value is published over a denominator that is not."""
    return [
        figure
        for figure in figures
        if figure.kind is FigureKind.PUBLISHED and figure.numerator is not None and figure.denominator is None
    ]


def marks(comparisons: pl.DataFrame, figures: Sequence[KeyFigure]) -> pl.DataFrame:
    """Cells that could show it: figure, item (cell), band, cell, provider, reference_start, hit, now, before, chance.

    Eligible: both values, and both numerators, equal and not zero. A hit is any change of the value. Where nearly all
    of a provider's numerators moved, its other cells are eligible instead: a hit if the value moved and the
    denominators that value and numerator imply, as intervals from the rounding, do not meet.
    `chance` is the probability of a mark by coincidence; `now` and `before` are the values in units of their last
    decimal, exact, to sum up effects.
    """
    import polars as pl

    decimals = {figure.id: 6 if figure.decimals is None else figure.decimals for figure in tested(figures)}
    half = {figure.id: 0.0 if figure.decimals is None else 0.5 * 10.0**-figure.decimals for figure in tested(figures)}
    if not decimals:
        return _shaped(comparisons.clear().with_columns(*_nothing()))
    pairs = comparisons.filter(
        (pl.col("kind") == "prior")
        & pl.col("figure").is_in(list(decimals))
        & pl.col("status").is_in([Status.SAME.value, Status.RESTATED.value])
        & pl.all_horizontal(pl.col("value", "other", "numerator", "other_numerator").is_not_null())
        & (pl.col("numerator") != pl.lit(0, dtype=pl.Decimal(38, 6)))
        & (pl.col("other_numerator") != pl.lit(0, dtype=pl.Decimal(38, 6)))
    )
    scale = pl.col("figure").replace_strict({name: 10.0**places for name, places in decimals.items()})
    pairs = pairs.with_columns(
        (pl.col("numerator") == pl.col("other_numerator")).alias("standing"),
        (pl.col("value").round_sig_figs(9) != pl.col("other").round_sig_figs(9)).alias("moved"),
        pl.col("figure").replace_strict(half, return_dtype=pl.Float64).alias("half"),
        (pl.col("value") * scale).round().cast(pl.Int64, strict=False).cast(pl.Decimal(38, 6)).alias("now"),
        (pl.col("other") * scale).round().cast(pl.Int64, strict=False).cast(pl.Decimal(38, 6)).alias("before"),
    )
    group = ["figure", "provider"]
    chance = (_COINCIDENCE * (1 - pl.col("standing").mean().over(group))).alias("chance")
    few = pl.col("standing").mean().over(group) < _STANDING
    hit = pl.when(~pl.col("standing")).then(pl.col("moved") & _apart()).otherwise(pl.col("moved"))
    kept = pairs.with_columns(few.alias("few"), chance).filter(pl.col("standing") | pl.col("few"))
    kept = kept.with_columns(hit.alias("hit"))
    return _shaped(kept.filter(~pl.col("few") | (pl.col("hit").mean().over(group) >= _THIRD)))


def _apart() -> pl.Expr:
    """Whether the implied denominators before and after, given the rounding, have nothing in common."""
    low, high = _implied("numerator", "value")
    other_low, other_high = _implied("other_numerator", "other")
    margin = 1 + 1e-9
    return (low > other_high * margin) | (other_low > high * margin)


def _implied(numerator: str, value: str) -> tuple[pl.Expr, pl.Expr]:
    import polars as pl

    size, given, half = pl.col(numerator).abs().cast(pl.Float64), pl.col(value).abs(), pl.col("half")
    below = given - half
    return size / (given + half), pl.when(below > 0).then(size / below).otherwise(float("inf"))


def _nothing() -> list[pl.Expr]:
    import polars as pl

    none = pl.lit(None, dtype=pl.Decimal(38, 6))
    return [pl.lit(False).alias("hit"), none.alias("now"), none.alias("before"), pl.lit(0.0).alias("chance")]


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return frame.select(
        "figure",
        pl.col("cell").fill_null("").alias("item"),
        pl.lit("").alias("band"),
        "cell",
        "provider",
        "reference_start",
        "hit",
        "now",
        "before",
        "chance",
    )
