"""A column and that of an earlier delivery enter; leaves how far apart their values are distributed."""
# ruff: noqa: E402

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.own_rules import aggregate
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility import pydantic
from great_expectations.compatibility.pydantic import Field, StrictStr
from great_expectations.expectations.expectation import ColumnAggregateExpectation

from loadgate.checking.expectations.enough import refuse_too_few
from loadgate.checking.expectations.whole_numbers import whole

if TYPE_CHECKING:
    import polars as pl

_DISTANCE = "column.distance_from_reference"
_CATEGORIES = "total_variation"
_MOST_CATEGORIES = 1_000
_EDGES = 99  # percentiles of the earlier delivery
_RARELY = 0.001  # how often chance alone may exceed what is taken for noise


def total_variation(found: dict[str, Any]) -> tuple[Fraction, float]:
    """Half the sum of differences in share, and what chance alone would hardly exceed."""
    rows, before = found["rows"], found["rows_before"]
    now, then = ({next(iter(one.values())): one["count"] for one in found[key]} for key in ("counts", "counts_before"))
    counts = [(now.get(name, 0), count) for name, count in then.items()]
    counts.append((rows - sum(count for count, _ in counts), 0))  # what was not there before
    pairs = [(count / rows, earlier / before) for count, earlier in counts]
    spread = 1 / rows + 1 / before
    usual = sum(math.sqrt(max(mean * (1 - mean), 0) * spread) for mean in (sum(pair) / 2 for pair in pairs))
    noise = usual / math.sqrt(2 * math.pi) + math.sqrt(-math.log(_RARELY) / 2 * spread)
    return Fraction(sum(abs(one * before - other * rows) for one, other in counts), 2 * rows * before), noise


def kolmogorov_smirnov(found: dict[str, Any]) -> tuple[Fraction, float]:
    """The largest difference between shares of values up to a percentile of before, and what chance explains."""
    rows, before = found["rows"], found["rows_before"]
    pairs = zip(found["counts"], found["counts_before"], strict=True)
    apart = max((abs(one * before - other * rows) for one, other in pairs), default=0)
    return Fraction(apart, rows * before), math.sqrt(-math.log(_RARELY / 2) / 2 * (1 / rows + 1 / before))


def _measured(found: dict[str, Any], *, minimum_rows: int, **_: object) -> dict[str, Fraction | float]:
    refuse_too_few(found["rows"], found["rows_before"], minimum=minimum_rows)
    categories = bool(found["counts_before"]) and isinstance(found["counts_before"][0], dict)
    distance, noise = total_variation(found) if categories else kolmogorov_smirnov(found)
    return {"distance": distance, "noise": noise}


@aggregate(_DISTANCE, value_keys=("method", "minimum_rows"), references=("reference",), finish=_measured, shown=True)
def _distributions(column: pl.Expr, *, reference: pl.LazyFrame, method: str | None = None, **_: object) -> pl.Expr:
    """How many values there are, now and before, and how many of each category, or up to each percentile of before."""
    import polars as pl

    before = reference.collect(engine="streaming").to_series().drop_nulls().alias("value")
    numeric = before.dtype.is_numeric() or before.dtype.is_temporal()
    if method == _CATEGORIES or (method is None and not numeric):
        known = before.value_counts()
        if known.height > _MOST_CATEGORIES:
            raise CannotEvaluateError(f"the column had {known.height} different values, too many for categories")
        now = column.filter(column.is_in(known["value"].implode())).alias("value")
        counts, then = now.value_counts().implode(), pl.Series(known.to_struct())
    elif numeric:
        numbers = before.sort()
        places = {len(numbers) * one // (_EDGES + 1) for one in range(1, _EDGES + 1)} if len(numbers) else set()
        edges = numbers.gather(sorted(places)).unique()

        def below(values: pl.Expr) -> pl.Expr:
            counted = [(values <= pl.lit(edges.slice(at, 1)).first()).sum() for at in range(len(edges))]
            return pl.concat_list(counted) if counted else pl.lit([])

        counts, then = below(column), before.to_frame().select(below(pl.first())).item()
    else:
        raise CannotEvaluateError(f"the column is of type {before.dtype}, and {method} needs numbers")
    return pl.struct(
        rows=column.count(),
        rows_before=pl.lit(len(before)),
        counts=counts,
        counts_before=pl.lit(then.implode()).first(),
    )


class ExpectDistributionToBeNearReference(ColumnAggregateExpectation):
    """Expect a column's values to be distributed as those in the table `reference`, `max_distance` apart at most.

    The distance is between 0 and 1: of texts the total variation of their shares, of numbers and days the largest
    difference (Kolmogorov-Smirnov) at the percentiles of before. It must also be more than chance explains at these
    numbers of values. With fewer than `minimum_rows`, here or there, it cannot be said.
    """

    reference: StrictStr = Field(min_length=1)
    max_distance: float = Field(ge=0, le=1)
    method: Literal["total_variation", "kolmogorov_smirnov"] | None = None
    minimum_rows: int = Field(default=500, ge=1)

    metric_dependencies = (_DISTANCE,)
    success_keys = ("reference", "max_distance", "method", "minimum_rows")
    args_keys = ("column", "reference", "max_distance", "method", "minimum_rows")

    _whole = pydantic.validator("minimum_rows", pre=True, allow_reuse=True)(whole)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        found, wanted = metrics[_DISTANCE], self._get_success_kwargs()
        most = Fraction(str(wanted["max_distance"]))  # 0.1 is a tenth
        near = found["distance"] <= max(most, found["noise"])
        return {"success": near, "result": {"observed_value": float(found["distance"])}}
