"""Comparisons with the prior vintage in; cells that were there before and are not now, out.

A count that falls back to zero loses its row, so a few go in every run. A file that lost part of its history, a cell
that got another name or a column that came empty lose many at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from loadgate.model.comparison import Status
from loadgate.model.expected import KeyFigure
from loadgate.model.period import Period
from loadgate.model.tables import FIGURE_KEY

if TYPE_CHECKING:
    import polars as pl

FLOOR = 0.02  # a fiftieth of a provider's cells
# A delivery may hold the last so many periods only: about as many leave at the old end as come at the new one. Months
# hold 28 to 31 days and four or five weeks, hence a quarter more and one.
_MOVES_ON = 1.25
_STILL = 0.1  # of the providers whose window moved on: so few that still hold a period divide by an old one

_HERE = (Status.SAME.value, Status.RESTATED.value, Status.APPEARED.value, Status.NEW.value)


def held(comparisons: pl.DataFrame, figures: Sequence[KeyFigure]) -> pl.DataFrame:
    """COMPARISONS rows that had a value in the prior vintage and could have one now, with `gone`.

    A reference period that the whole run has not got is gone too, unless the window only moved on; who has nothing
    of the newest period sent an old window, and does not say where it begins. Each prior vintage has a window of
    its own: what a provider had that last was in an older one is not lost to the others. A figure's window ends
    where that of a figure it takes its parts from ends: a period without a denominator has no value. A figure of
    which a provider has nothing is gone where other figures of the dataset came from it; else its delivery is
    missing, and arrival says so.
    """
    import polars as pl

    datasets = {figure.id: figure.dataset for figure in figures}
    status, start = pl.col("status"), pl.col("reference_start")
    prior = comparisons.filter((pl.col("kind") == "prior") & pl.col("figure").is_in(list(datasets)))
    prior = prior.with_columns(
        pl.col("figure").replace_strict(datasets, return_dtype=pl.String).alias("dataset"),
        status.is_in(_HERE).alias("here"),
    )
    prior = prior.with_columns((status == Status.NEW.value).any().over("figure", "provider").alias("moved"))
    holder = pl.col("provider").filter(pl.col("here") & pl.col("moved"))
    prior = prior.with_columns(
        (holder.n_unique().over("figure", "reference_start") <= _STILL * holder.n_unique().over("figure")).alias("left")
    )
    first = start.filter(pl.col("here") & ~pl.col("left")).min().over("figure")
    prior = prior.with_columns(
        pl.col("here").any().over("dataset", "provider").alias("came"),
        (pl.col("left") & (start < first)).fill_null(False).alias("oldest"),
        start.filter(status == Status.NEW.value).n_unique().over("figure").alias("new"),
    )
    dropped = start.filter(pl.col("oldest")).n_unique().over("figure", "source")
    on = pl.col("oldest") & (pl.col("new") > 0) & (dropped <= _MOVES_ON * pl.col("new") + 1)
    kept = prior.filter(pl.col("other").is_not_null() & pl.col("came") & ~on)
    kept = kept.select(*comparisons.columns, pl.col("value").is_null().alias("gone"))
    return kept.join(_ended_with_a_part(kept, prior.filter(on), figures), on=FIGURE_KEY, how="anti", nulls_equal=True)


def _ended_with_a_part(kept: pl.DataFrame, left: pl.DataFrame, figures: Sequence[KeyFigure]) -> pl.DataFrame:
    """Keys of the cells that are gone where the window of another figure, which they take a part from, moved on."""
    import polars as pl

    by_id = {figure.id: figure for figure in figures}
    ended = [kept.select(FIGURE_KEY).clear()]
    for figure in figures:
        gone = kept.filter((pl.col("figure") == figure.id) & pl.col("gone")).select(FIGURE_KEY)
        for other in _taken(figure, by_id) if gone.height else ():
            starts = {day: Period.of(day, other.cadence).start for day in set(gone["reference_start"])}
            begins = pl.col("reference_start").replace_strict(starts, return_dtype=pl.Date)
            without = left.filter(pl.col("figure") == other.id).select("provider", "reference_start")
            ended.append(gone.join(without, left_on=["provider", begins], right_on=without.columns, how="semi"))
    return pl.concat(ended).unique()


def _taken(figure: KeyFigure, by_id: Mapping[str, KeyFigure]) -> list[KeyFigure]:
    """The figures whose numerators are parts of this one, directly or through others."""
    found: list[KeyFigure] = []
    for part in (figure.numerator, figure.denominator):
        measure, other = part, None
        for _ in by_id:  # no chain is longer, unless it is a circle
            if measure is None or measure.figure is None:
                break
            other = by_id[measure.figure]
            measure = other.numerator
        found += [] if other is None else [other]
    return found


def marks(comparisons: pl.DataFrame, figures: Sequence[KeyFigure]) -> pl.DataFrame:
    """One row per cell that `held` names; a hit is one that is gone.

    Columns as in `restated_alone.marks`; `now` and `before` are empty: what is gone has no effect to sum up.
    """
    import polars as pl

    none = pl.lit(None, dtype=pl.Decimal(38, 6))
    return held(comparisons, figures).select(
        "figure",
        pl.col("cell").fill_null("").alias("item"),
        pl.lit("").alias("band"),
        "cell",
        "provider",
        "reference_start",
        pl.col("gone").alias("hit"),
        none.alias("now"),
        none.alias("before"),
        pl.lit(0.0).alias("chance"),
    )
