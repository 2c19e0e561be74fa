"""Typed rows of now and of the period before in, how far they are from each other out: 0 is the same, 1 nothing alike.

Identifiers, places and codes go on from month to month, and so does the size of an amount; another provider's do not.
Values are compared in memory, and only a number leaves.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.model.expected import ColumnType, Dataset

if TYPE_CHECKING:
    import polars as pl

MIN_VALUES = 20  # fewer, and another's are easily the same
_NUMBERS = (ColumnType.INTEGER, ColumnType.DECIMAL)


def unlikeness(now: Path, before: Path, *, dataset: Dataset, provider: str | None) -> float | None:
    """The mean over rows, columns and sums; None where either has no rows.

    `provider`: only its rows, where a delivery holds several providers'.
    """
    new, old = _rows(now, dataset, provider), _rows(before, dataset, provider)
    if new.height == 0 or old.height == 0:
        return None
    distances = [_ratio(new.height, old.height)]
    for name, column in dataset.columns.items():
        if name == dataset.provider_column:
            continue
        if column.type in _NUMBERS:
            distances.append(_ratio(float(new[name].sum() or 0), float(old[name].sum() or 0)))
        values = new[name].unique().drop_nulls()
        if len(values):
            known = values.is_in(old[name].unique().drop_nulls().implode()).sum()
            distances.append(1 - int(known) / len(values))
    return sum(distances) / len(distances)


def goes_on(now: Path, before: Path, *, dataset: Dataset) -> dict[str, float]:
    """By column with enough different values: the share of them that stood there before.

    In: typed rows. Identifiers stay with their provider, so a column of them says whose rows these are.
    """
    new, old = _rows(now, dataset, None), _rows(before, dataset, None)
    shares = {}
    for name in dataset.columns:
        values = new[name].unique().drop_nulls()
        if len(values) >= MIN_VALUES:
            known = values.is_in(old[name].unique().drop_nulls().implode()).sum()
            shares[name] = int(known) / len(values)
    return shares


def _rows(path: Path, dataset: Dataset, provider: str | None) -> pl.DataFrame:
    import polars as pl

    rows = pl.scan_parquet(path)
    if provider is not None and dataset.provider_column is not None:
        rows = rows.filter(pl.col(dataset.provider_column).cast(pl.String) == provider)
    return rows.select(list(dataset.columns)).collect()


def _ratio(one: float, other: float) -> float:
    if one == other:
        return 0.0
    return min(1.0, abs(math.log(one / other))) if one * other > 0 else 1.0
