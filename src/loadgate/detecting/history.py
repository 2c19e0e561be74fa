"""What earlier runs looked like in; how often a mark is usual, per figure and band, out.

Each run's signatures leave one small HISTORY table; `running` stores it and hands the approved runs' tables back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

Item = tuple[str, str]  # figure, and a band, or "" where the signature has none

_YEAR = 12  # runs before the worst is known: late reports have seasons, and three quiet months show none of them
_WORST_OF = 20  # eligible cells from which one provider's share says something


def schema() -> pl.Schema:
    """HISTORY: marks per signature, figure and band of one run; `worst` is the largest share at one provider."""
    import polars as pl

    return pl.Schema(
        {
            "signature": pl.String,
            "figure": pl.String,
            "band": pl.String,
            "eligible": pl.Int64,
            "hits": pl.Int64,
            "worst": pl.Float64,
        }
    )


def summarise(signature: str, marks: pl.DataFrame) -> pl.DataFrame:
    """One run's HISTORY rows of one signature, sorted. In: marks (figure, band, provider, hit)."""
    import polars as pl

    by_provider = marks.group_by("figure", "band", "provider").agg(
        pl.len().cast(pl.Int64).alias("eligible"), pl.col("hit").sum().cast(pl.Int64).alias("hits")
    )
    share = (pl.col("hits") / pl.col("eligible")).filter(pl.col("eligible") >= _WORST_OF)
    rows = by_provider.group_by("figure", "band").agg(
        pl.col("eligible").sum(), pl.col("hits").sum(), share.max().alias("worst")
    )
    return rows.select(pl.lit(signature).alias("signature"), *rows.columns).cast(schema()).sort("figure", "band")


def rates(history: Sequence[pl.DataFrame], signature: str, column: str) -> dict[Item, list[float]]:
    """Per figure and band, one rate a run: `share` (hits of eligible) or `worst`; runs without any are left out."""
    import polars as pl

    found: dict[Item, list[float]] = {}
    for table in history:
        rows = table.filter((pl.col("signature") == signature) & (pl.col("eligible") > 0))
        share = (pl.col("hits") / pl.col("eligible")).alias("share")
        for row in rows.with_columns(share).iter_rows(named=True):
            if row[column] is not None:
                found.setdefault((row["figure"], row["band"]), []).append(row[column])
    return found


def usual(seen: Mapping[Item, Sequence[float]], item: Item, *, floor: float) -> float | None:
    """Three times the middle run's rate, never under the floor; None above a third: no rate would be unusual.

    Three quiet runs are taken for granted, so one loud run early on does not hide the next; only what most runs show
    becomes usual.
    """
    middle = median_low([*seen.get(item, ()), floor, floor, floor])
    if middle > 1 / 3:
        return None
    return floor if middle <= floor else min(0.95, 3 * middle)


def worst(seen: Mapping[Item, Sequence[float]], item: Item, *, floor: float) -> float | None:
    """Half again the worst share that one provider ever had; None with fewer than twelve runs: nothing can be said."""
    runs = seen.get(item, ())
    return min(0.9, max(floor, 1.5 * max(runs))) if len(runs) >= _YEAR else None
