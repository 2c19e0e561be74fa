"""A reference period's distance from the newest one in; its age band, in the figure's own cadence, out."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from loadgate.model.period import Cadence

if TYPE_CHECKING:
    import polars as pl

# Upper ends (included) of all bands but the last, in periods of the cadence. Late reports fill up a figure for a few
# periods whatever their length; a year later only corrections are left.
BANDS: dict[Cadence, tuple[int, ...]] = {
    Cadence.DAY: (6, 27, 90, 365),
    Cadence.WEEK: (1, 4, 12, 52),
    Cadence.MONTH: (0, 2, 11),
    Cadence.QUARTER: (0, 3),
    Cadence.YEAR: (0, 1),
}


def names(cadence: Cadence) -> list[str]:
    """`0-1`, `2-4`, …, `53+`, youngest first."""
    ends = BANDS[cadence]
    starts = [0, *(end + 1 for end in ends)]
    closed = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=False)]
    return [*closed, f"{starts[-1]}+"]


def closed(cadence: Cadence) -> str:
    """The oldest band: nothing is late any more."""
    return names(cadence)[-1]


def band(age: pl.Expr, cadence: Cadence) -> pl.Expr:
    """The band's name for an age in periods."""
    import polars as pl

    *closed, last = names(cadence)
    found = pl.lit(last)
    for end, name in reversed(list(zip(BANDS[cadence], closed, strict=True))):
        found = pl.when(age <= end).then(pl.lit(name)).otherwise(found)
    return found


def age(start: pl.Expr, newest: pl.Expr, cadence: Cadence) -> pl.Expr:
    """Whole periods between two first days."""
    days = (newest - start).dt.total_days()
    months = 12 * (newest.dt.year() - start.dt.year()) + newest.dt.month().cast(int) - start.dt.month().cast(int)
    match cadence:
        case Cadence.DAY:
            return days
        case Cadence.WEEK:
            return days // 7
        case Cadence.MONTH:
            return months
        case Cadence.QUARTER:
            return months // 3
        case Cadence.YEAR:
            return months // 12
        case _:
            assert_never(cadence)


def aged(cells: pl.DataFrame, cadences: dict[str, Cadence]) -> pl.DataFrame:
    """`cells` with `age` and `band`; age 0 is the newest period of the figure that has a prior value.

    In: COMPARISONS rows of kind prior that have a prior value; the cadence per figure.
    """
    import polars as pl

    parts = [cells.clear().with_columns(pl.lit(0, dtype=pl.Int64).alias("age"), pl.lit("").alias("band"))]
    for cadence in sorted(set(cadences.values())):
        own = cells.filter(pl.col("figure").is_in([figure for figure, its in cadences.items() if its is cadence]))
        newest = pl.col("reference_start").max().over("figure")
        own = own.with_columns(age(pl.col("reference_start"), newest, cadence).cast(pl.Int64).alias("age"))
        parts.append(own.with_columns(band(pl.col("age"), cadence).alias("band")))
    return pl.concat(parts)
