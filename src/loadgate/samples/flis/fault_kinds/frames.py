"""Typed rows of one provider in; out, the same rows with some of them spoiled. Nothing here knows a fault's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

_ROW = "_spoiled_row"


def some(frame: pl.DataFrame, eligible: pl.Expr, share: float, rng: np.random.Generator) -> pl.Series:
    """Which rows: a share of the eligible ones, rounded by chance so that many small frames come to the share."""
    places = _places(frame, eligible)
    count = min(len(places), int(share * len(places) + rng.random()))
    return _mask(frame, places, count, rng)


def at_least_one(frame: pl.DataFrame, eligible: pl.Expr, share: float, rng: np.random.Generator) -> pl.Series:
    """As `some`, and never none where there is one."""
    places = _places(frame, eligible)
    return _mask(frame, places, min(len(places), max(1, round(share * len(places)))), rng)


def some_of_sum(frame: pl.DataFrame, eligible: pl.Expr, column: str, share: float) -> pl.Series:
    """Those of the eligible rows, the smaller amounts first, that hold about this share of what the column sums up to.

    Amounts of the other sign stay: without them a few rows may hold more than the whole.
    """
    import numpy as np
    import polars as pl

    places = _places(frame, eligible)
    held = frame[column].cast(pl.Float64).fill_null(0).to_numpy()[places]
    whole = held.sum()
    with_it = np.flatnonzero(held * np.sign(whole) > 0)
    ordered = with_it[np.argsort(np.abs(held[with_it]), kind="stable")]
    if not ordered.size:
        return _chosen(frame, places[:0])
    best = int(np.abs(np.cumsum(np.abs(held[ordered])) - share * abs(whole)).argmin())
    return _chosen(frame, places[ordered[: best + 1]])


def exactly(frame: pl.DataFrame, eligible: pl.Expr, count: int, rng: np.random.Generator) -> pl.Series:
    places = _places(frame, eligible)
    return _mask(frame, places, min(len(places), count), rng)


def _places(frame: pl.DataFrame, eligible: pl.Expr) -> np.ndarray:
    """Positions of the rows that are eligible; a condition that names no column holds of all of them or none."""
    flags = frame.with_columns(eligible.fill_null(False).alias(_ROW))[_ROW]
    found: np.ndarray = flags.arg_true().to_numpy()
    return found


def _mask(frame: pl.DataFrame, places: np.ndarray, count: int, rng: np.random.Generator) -> pl.Series:
    return _chosen(frame, rng.choice(places, size=count, replace=False) if count > 0 else places[:0])


def _chosen(frame: pl.DataFrame, places: np.ndarray) -> pl.Series:
    import numpy as np
    import polars as pl

    mask = np.zeros(frame.height, dtype=bool)
    mask[places] = True
    return pl.Series(_ROW, mask)


def put(frame: pl.DataFrame, mask: pl.Series, column: str, value: pl.Expr) -> pl.DataFrame:
    """The column with another value in the rows of the mask, in its own type."""
    import polars as pl

    kind = frame.schema[column]
    return frame.with_columns(pl.when(mask).then(value.cast(kind)).otherwise(pl.col(column)).alias(column))


def newest(column: str) -> pl.Expr:
    """Rows of the newest reference period in the frame."""
    import polars as pl

    return pl.col(column) == pl.col(column).max()


def multiplied(frame: pl.DataFrame, column: str, factor: float, where: pl.Expr) -> pl.DataFrame:
    """The column times the factor in the rows that fit, rounded to its own digits."""
    import polars as pl

    kind = frame.schema[column]
    digits = kind.scale if isinstance(kind, pl.Decimal) else 0
    product = (pl.col(column).cast(pl.Float64) * factor).round(digits).cast(kind)
    return frame.with_columns(pl.when(where).then(product).otherwise(pl.col(column)).alias(column))


def without(frame: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    return frame.filter(~mask)
