"""A column and that of an earlier delivery enter; leaves whether a category's share stayed where it was."""
# ruff: noqa: E402

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.literals import UNFIT, fit_set
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

_SHARES = "column.share_against_reference"


def _compared(found: dict[str, int], *, minimum_rows: int, **_: object) -> dict[str, int]:
    refuse_too_few(found["rows"], found["rows_before"], minimum=minimum_rows)
    return found


@aggregate(_SHARES, value_keys=("value_set", "minimum_rows"), references=("reference",), finish=_compared, shown=True)
def _shares(column: pl.Expr, *, value_set: list[Any], reference: pl.LazyFrame, **_: object) -> pl.Expr:
    """Rows with a value, and those of them in the category, now and before."""
    import polars as pl

    (dtype,) = reference.collect_schema().dtypes()
    fitted = fit_set(value_set, dtype)
    if unfit := sum(one is UNFIT for _, one in fitted.written):
        raise CannotEvaluateError(f"value_set has {unfit} values that no column of type {dtype} can hold")
    category = fitted.series.implode()

    def counts(values: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
        return values.count(), values.is_in(category).sum()

    before = reference.select(pl.struct(*(one.alias(name) for one, name in zip(counts(pl.first()), "nk", strict=True))))
    then = before.collect(engine="streaming").item()
    rows, hits = counts(column)
    return pl.struct(rows=rows, hits=hits, rows_before=pl.lit(then["n"]), hits_before=pl.lit(then["k"]))


class ExpectCategoryShareToBeNearReference(ColumnAggregateExpectation):
    """Expect the share of `value_set` among the values of a column to be near that in the table `reference`.

    It is near if it differs by at most `absolute`, or by at most `relative` of what it was, reckoned exactly. With
    fewer than `minimum_rows` values, here or there, it cannot be said; nor of values that the column cannot hold.
    """

    value_set: list[Any] = Field(min_items=1)
    reference: StrictStr = Field(min_length=1)
    absolute: float = Field(ge=0, le=1)
    relative: float = Field(ge=0)
    minimum_rows: int = Field(default=100, ge=1)

    metric_dependencies = (_SHARES,)
    success_keys = ("value_set", "reference", "absolute", "relative", "minimum_rows")
    args_keys = ("column", "value_set", "reference", "absolute", "relative", "minimum_rows")

    _whole = pydantic.validator("minimum_rows", pre=True, allow_reuse=True)(whole)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        found, wanted = metrics[_SHARES], self._get_success_kwargs()
        share, before = Fraction(found["hits"], found["rows"]), Fraction(found["hits_before"], found["rows_before"])
        absolute, relative = (Fraction(str(wanted[name])) for name in ("absolute", "relative"))  # 0.1 is a tenth
        near = abs(share - before) <= max(absolute, relative * before)
        return {"success": near, "result": {"observed_value": float(share)}}
