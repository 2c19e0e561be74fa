"""COMPARISONS in; the small frames that a report shows out: restatements by age, control outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.model.expected import KeyFigure
from loadgate.model.period import Cadence

if TYPE_CHECKING:
    import polars as pl

# First age of each band, in units of the figure's own cadence; the last band is open.
AGE_BANDS: dict[Cadence, tuple[int, ...]] = {
    Cadence.DAY: (0, 2, 8, 31),
    Cadence.WEEK: (0, 2, 5, 13, 53),
    Cadence.MONTH: (0, 2, 4, 13),
    Cadence.QUARTER: (0, 1, 3, 5),
    Cadence.YEAR: (0, 1, 2, 4),
}
RESTATEMENTS = ("figure", "unit", "age_first", "age_last", "restated", "eligible", "usual_low", "usual_high")
CONTROL_SUMMARY = ("source", "figure", "compared", "agree", "minimal", "substantial", "not_applicable")
_CLOSE = 1e-9  # shares closer than this are the same
_ENOUGH_HISTORY = 8  # runs; with fewer, fences around the quartiles say nothing
_FENCE = 1.5  # Tukey's: quartile spreads beyond the quartiles; a quarter of odd runs cannot move it


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBand:
    """One row of RESTATEMENTS; `last` is None for the open band, the usual shares None without enough history."""

    figure: str
    unit: str
    first: int
    last: int | None
    restated: int
    eligible: int
    low: float | None
    high: float | None

    @property
    def share(self) -> float:
        return self.restated / self.eligible

    @property
    def place(self) -> str:
        """`above`, `below` or `inside` the usual band, or `unknown`."""
        if self.low is None or self.high is None:
            return "unknown"
        above, below = self.share > self.high + _CLOSE, self.share < self.low - _CLOSE
        return "above" if above else "below" if below else "inside"


def age_bands(frame: pl.DataFrame) -> list[AgeBand]:
    """RESTATEMENTS as values, ages in order within a figure; bands in which nothing was compared are left out."""
    ordered = frame.filter(frame["eligible"] > 0).sort("figure", "age_first", maintain_order=True)
    names = ("figure", "unit", "first", "last", "restated", "eligible", "low", "high")
    return [AgeBand(**dict(zip(names, row, strict=True))) for row in ordered.select(RESTATEMENTS).rows()]


def restatements_by_age(comparisons: pl.DataFrame, figures: Sequence[KeyFigure]) -> pl.DataFrame:
    """Values that differ from the earlier run, per figure and age band; age 0 is the newest period compared.

    In: COMPARISONS of kind prior. Out: the columns RESTATEMENTS, the usual band still null.
    """
    import polars as pl

    cadences = {figure.id: figure.cadence for figure in figures}
    both = comparisons.filter(
        (pl.col("kind") == "prior")
        & pl.col("figure").is_in(list(cadences))
        & pl.col("value").is_not_null()
        & pl.col("other").is_not_null()
    ).with_columns(
        pl.col("reference_start").max().over("figure").alias("newest"),
        (pl.col("value").round_sig_figs(9) != pl.col("other").round_sig_figs(9)).alias("moved"),
    )
    frames = []
    for figure, cadence in cadences.items():
        starts = AGE_BANDS[cadence]
        ages = _age(cadence)
        own = both.filter(pl.col("figure") == figure).with_columns(ages.alias("age"))
        if own.is_empty():
            continue
        band = pl.lit(0)
        for index, start in enumerate(starts):
            band = pl.when(pl.col("age") >= start).then(pl.lit(index)).otherwise(band)
        frames.append(
            own.group_by(band.alias("band"))
            .agg(pl.col("moved").sum().cast(pl.Int64).alias("restated"), pl.len().cast(pl.Int64).alias("eligible"))
            .sort("band")
            .select(
                pl.lit(figure).alias("figure"),
                pl.lit(cadence.value).alias("unit"),
                pl.col("band").replace_strict(dict(enumerate(starts)), return_dtype=pl.Int64).alias("age_first"),
                pl.col("band")
                .replace_strict(dict(enumerate([*(start - 1 for start in starts[1:]), None])), return_dtype=pl.Int64)
                .alias("age_last"),
                "restated",
                "eligible",
                pl.lit(None, dtype=pl.Float64).alias("usual_low"),
                pl.lit(None, dtype=pl.Float64).alias("usual_high"),
            )
        )
    return pl.concat(frames) if frames else _no_restatements()


def with_usual_band(now: pl.DataFrame, earlier: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Fill the usual band from the same summary of earlier runs: Tukey's fences around their shares.

    The band is at least one value wide on each side, and null with fewer than eight runs.
    """
    import polars as pl

    if not earlier:
        return now
    key = ["figure", "age_first"]
    share = pl.col("restated") / pl.col("eligible")
    quarter, three = share.quantile(0.25, "linear"), share.quantile(0.75, "linear")
    band = (
        pl.concat([frame.filter(pl.col("eligible") > 0) for frame in earlier])
        .group_by(key)
        .agg(
            (quarter - _FENCE * (three - quarter)).alias("low"),
            (three + _FENCE * (three - quarter)).alias("high"),
            pl.len().alias("runs"),
        )
        .filter(pl.col("runs") >= _ENOUGH_HISTORY)
    )
    one = 1 / pl.col("eligible")
    return (
        now.join(band, on=key, how="left")
        .with_columns(
            (pl.col("low") - one).clip(0, 1).alias("usual_low"), (pl.col("high") + one).clip(0, 1).alias("usual_high")
        )
        .select(RESTATEMENTS)
        .sort("figure", "age_first")
    )


def values_gone(comparisons: pl.DataFrame) -> int:
    """How many values of the earlier run have no counterpart now."""
    import polars as pl

    gone = (pl.col("kind") == "prior") & pl.col("value").is_null() & pl.col("other").is_not_null()
    return comparisons.filter(gone).height


def control_summary(comparisons: pl.DataFrame) -> pl.DataFrame:
    """Outcomes per source and figure, the most substantial first. Out: the columns CONTROL_SUMMARY."""
    import polars as pl

    outcomes = CONTROL_SUMMARY[3:]
    return (
        comparisons.filter(pl.col("kind") == "control")
        .group_by("source", "figure")
        .agg(
            pl.len().cast(pl.Int64).alias("compared"),
            *((pl.col("outcome") == outcome).sum().cast(pl.Int64).alias(outcome) for outcome in outcomes),
        )
        .sort(["substantial", "minimal", "source", "figure"], descending=[True, True, False, False])
        .select(CONTROL_SUMMARY)
    )


def control_deviations(comparisons: pl.DataFrame) -> pl.DataFrame:
    """The COMPARISONS of kind control that do not agree, substantial ones and large differences first."""
    import polars as pl

    return comparisons.filter((pl.col("kind") == "control") & pl.col("outcome").is_in(["minimal", "substantial"])).sort(
        [
            pl.col("outcome") == "substantial",
            pl.col("difference_relative").abs().fill_null(float("inf")),
            pl.col("figure"),
            pl.col("cell"),
            pl.col("provider"),
            pl.col("reference_start"),
        ],
        descending=[True, True, False, False, False, False],
    )


def _age(cadence: Cadence) -> pl.Expr:
    import polars as pl

    newest, start = pl.col("newest"), pl.col("reference_start")
    days = (newest - start).dt.total_days()
    months = (newest.dt.year() - start.dt.year()).cast(pl.Int64) * 12 + (
        newest.dt.month().cast(pl.Int64) - start.dt.month().cast(pl.Int64)
    )
    by_cadence = {
        Cadence.DAY: days,
        Cadence.WEEK: days // 7,
        Cadence.MONTH: months,
        Cadence.QUARTER: months // 3,
        Cadence.YEAR: months // 12,
    }
    return by_cadence[cadence]


def _no_restatements() -> pl.DataFrame:
    import polars as pl

    types = (pl.String, pl.String, pl.Int64, pl.Int64, pl.Int64, pl.Int64, pl.Float64, pl.Float64)
    return pl.DataFrame(schema=dict(zip(RESTATEMENTS, types, strict=True)))
