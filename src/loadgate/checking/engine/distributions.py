"""One metric as asked enters; leaves how a column's values are distributed: counts per value and per bin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine import predicates
from loadgate.checking.engine.aggregates import count, plain_number
from loadgate.checking.engine.domain import Asked, both
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.literals import bound
from loadgate.checking.engine.needs import Reduction, Tallied, added, added_each
from loadgate.checking.engine.spreads import quantiles
from loadgate.checking.engine.tallies import COUNT, VALUE

if TYPE_CHECKING:
    import polars as pl

_MOST_BINS: Final = 10_000  # each is counted; one far value among close ones asks for millions, at which GX gives up


def most_common(asked: Asked) -> Reduction:
    """All values that no other outnumbers, sorted."""
    return Reduction(needs=(Tallied(values=asked.picked().drop_nulls()),), finish=_foremost)


def value_counts(asked: Asked) -> Reduction:
    """A pandas Series, since GX's divergence goes on with one: how often each value occurs, sorted by value."""
    values = asked.picked().drop_nulls()
    return Reduction(needs=(Tallied(values=values),), finish=_series)


def histogram(asked: Asked) -> Reduction:
    """Count values per bin, as numpy does: a bin holds its lower edge, the last one its upper edge too."""
    import polars as pl

    bins = asked.arguments.get("bins")
    edges = [] if bins is None else [float(edge) for edge in bins]
    if len(edges) < 2 or any(later < earlier for earlier, later in pairwise(edges)):
        raise CannotEvaluateError("bins are no rising list of at least two numbers")
    if not (asked.dtype().is_numeric() or asked.dtype() in (pl.Boolean, pl.Null)):
        raise CannotEvaluateError(f"a column of type {asked.dtype()} holds no numbers")
    values = asked.picked().cast(pl.Float64)
    pairs = list(pairwise(edges))
    counts = [
        ((values >= low) & ((values <= high) if index == len(pairs) - 1 else (values < high))).sum().alias(str(index))
        for index, (low, high) in enumerate(pairs)
    ]
    return Reduction(needs=(added_each(pl.struct(counts)), added(values.count())), finish=_filled)


def null_count(asked: Asked) -> Reduction:
    """Count rows without a value."""
    return _counted(asked, predicates.is_null(asked))


def matching_count(asked: Asked) -> Reduction:
    """Count values that match a regex."""
    return _counted(asked, predicates.matches_regex(asked))


def not_matching_count(asked: Asked) -> Reduction:
    """Count values that do not match a regex."""
    return _counted(asked, predicates.matches_no_regex(asked))


def _counted(asked: Asked, met: pl.Expr) -> Reduction:
    return count(both(asked.rows.members, met.fill_null(False)), whole=asked.rows.whole)


def between_count(asked: Asked) -> Reduction:
    """Count values beyond one limit. GX's pandas engine, too, refuses two of them."""
    low, high = asked.arguments.get("min_value"), asked.arguments.get("max_value")
    if (low is None) == (high is None):
        raise CannotEvaluateError("one of min_value and max_value is needed")
    values = asked.picked()
    if low is not None:
        limit = _edge(low, asked)
        met = values > limit if asked.arguments.get("strict_min") else values >= limit
        return Reduction(needs=(added(met.sum()),))
    limit = _edge(high, asked)
    met = values < limit if asked.arguments.get("strict_max") else values <= limit
    return Reduction(needs=(added(met.sum()),))


def partition(asked: Asked) -> Reduction:
    """Bin edges from the values themselves, as numpy's "auto" and GX's "uniform" choose them."""
    bins = asked.arguments.get("bins") or "uniform"
    count = int(asked.arguments.get("n_bins") or 10)
    shares: Sequence[float]
    if bins == "auto":
        shares = (0.0, 0.25, 0.75, 1.0)
    elif bins == "uniform":
        shares = (0.0, 1.0)
    elif bins in ("ntile", "quantile", "percentile"):
        shares = [index / count for index in range(count + 1)]
    else:
        raise CannotEvaluateError(f"bins: {bins} is not known")
    if asked.dtype().is_temporal():
        raise CannotEvaluateError("bins of days and moments are not built into this engine")
    found = quantiles(replace(asked, arguments={"quantiles": shares}))

    def finish(row: dict[str, Any], present: int) -> list[Any]:
        edges: list[Any] = found.finish(row)
        if edges[0] is None or not all(math.isfinite(edge) for edge in edges):
            raise CannotEvaluateError("the column has no values, or infinite ones, to make bins of")
        if bins in ("auto", "uniform"):
            return _evenly(edges[0], edges[-1], _automatic(edges, present) if bins == "auto" else count)
        return edges

    return Reduction(needs=(*found.needs, added(asked.picked().count())), finish=finish)


def _automatic(edges: Sequence[float], present: int) -> int:
    """Choose a number of bins: the greater of Sturges' and Freedman and Diaconis'."""
    low, first, third, high = edges
    sturges = math.ceil(math.log2(present + 1.0))
    spread = third - first
    if spread < 1e-10:
        return sturges
    width: float = 2 * spread / present ** (1 / 3)
    return max(sturges, math.ceil((high - low) / width))


def _evenly(low: float, high: float, count: int) -> list[float]:
    import numpy as np

    if count > _MOST_BINS:
        raise CannotEvaluateError(f"the values spread over more than {_MOST_BINS} bins")
    return [float(edge) for edge in np.linspace(start=float(low), stop=float(high), num=count + 1)]


def _edge(limit: Any, asked: Asked) -> Any:
    import polars as pl

    if isinstance(limit, float) and not math.isfinite(limit):
        return pl.lit(limit)
    return bound(limit, asked.dtype())


def _filled(counts: dict[str, int], present: int) -> list[int]:
    if not present:  # GX would divide by their number
        raise CannotEvaluateError("the column has no values to make a distribution of")
    return list(counts.values())


def _foremost(found: pl.DataFrame) -> list[Any]:
    import polars as pl

    first = found.filter(pl.col(COUNT) == pl.col(COUNT).max())
    return [plain_number(value) for value in first[VALUE].sort()]


def _series(found: pl.DataFrame) -> Any:
    import pandas as pd

    pairs = sorted(((plain_number(value), count) for value, count in found.rows()), key=lambda pair: pair[0])
    index = pd.Index([value for value, _ in pairs], name=VALUE, dtype=object if not pairs else None)
    return pd.Series([number for _, number in pairs], index=index, name=COUNT, dtype="int64")
