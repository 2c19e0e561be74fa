"""This run's FIGURES and the baseline's in; one COMPARISONS row per key that either holds, out. Arithmetic only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.model.comparison import Status
from loadgate.model.tables import COMPARISONS, FIGURE_KEY, conform

if TYPE_CHECKING:
    import polars as pl

_SIDES = ("value", "numerator", "denominator")


def compare_prior(figures: pl.DataFrame, baseline: pl.DataFrame) -> pl.DataFrame:
    """Compare with the prior vintage, whatever run each part of it comes from.

    In: FIGURES; and FIGURES with a column `vintage` (run id), one row a key.
    Out: `kind` prior, `source` the vintage, sorted by key. Restated is a value that differs in 9 significant digits;
    one that does not is the same, whatever its numerator and denominator did. Whether a reference period is new or
    dropped is asked of the figure, not of the provider: a provider's rows of zero are absent.
    """
    import polars as pl

    mine = figures.select(*FIGURE_KEY, *_SIDES, pl.lit(True).alias("here"))
    other = baseline.select(
        *FIGURE_KEY, *(pl.col(side).alias(f"other_{side}") for side in _SIDES), "vintage", pl.lit(True).alias("there")
    )
    both = mine.join(other, on=FIGURE_KEY, how="full", coalesce=True, nulls_equal=True)
    both = both.with_columns(pl.col("here").fill_null(False), pl.col("there").fill_null(False))
    period = ["figure", "reference_start"]
    both = both.with_columns(
        pl.col("here").any().over(period).alias("measured"),
        pl.col("there").any().over(period).alias("known"),
        pl.col("here").any().over("figure", "provider").alias("came"),
    )
    difference = pl.col("value") - pl.col("other_value")
    size = pl.col("other_value").abs()
    compared = both.select(
        pl.lit("prior").alias("kind"),
        pl.col("vintage").alias("source"),
        *FIGURE_KEY,
        _status().alias("status"),
        "value",
        pl.col("other_value").alias("other"),
        "numerator",
        "other_numerator",
        "denominator",
        "other_denominator",
        difference.alias("difference"),
        pl.when(size > 0).then(difference / size).alias("difference_relative"),
    )
    return conform(compared, COMPARISONS).sort(FIGURE_KEY)


def _status() -> pl.Expr:
    import polars as pl

    here, there = pl.col("here"), pl.col("there")
    word = {status: pl.lit(status.value) for status in Status}
    return (
        pl.when(here & there & _same())
        .then(word[Status.SAME])
        .when(here & there)
        .then(word[Status.RESTATED])
        .when(here & pl.col("known"))
        .then(word[Status.APPEARED])
        .when(here)
        .then(word[Status.NEW])
        .when(~pl.col("came"))
        .then(word[Status.ABSENT])
        .when(pl.col("measured"))
        .then(word[Status.GONE])
        .otherwise(word[Status.DROPPED])
    )


def _same() -> pl.Expr:
    import polars as pl

    return pl.col("value").round_sig_figs(9).eq_missing(pl.col("other_value").round_sig_figs(9))
