"""Conditions as people write them in YAML: a small typed grammar, compiled to Polars expressions here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from loadgate.model.written import Written

if TYPE_CHECKING:
    import polars as pl

Scalar = bool | int | float | date | str


class Compare(Written):
    """`{column: kind, is: not_equal, value: 0}`"""

    column: str
    op: Literal["equal", "not_equal", "less", "at_most", "greater", "at_least"] = Field(alias="is")
    value: Scalar


class Among(Written):
    """`{column: account_class, among: ["1", "2"]}`; `not_among` likewise."""

    column: str
    among: tuple[Scalar, ...] | None = None
    not_among: tuple[Scalar, ...] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Among:
        if (self.among is None) == (self.not_among is None):
            raise ValueError("name exactly one of among, not_among")
        return self


class Missing(Written):
    """`{column: end_date, missing: true}`"""

    column: str
    missing: bool


class All(Written):
    """`{all: [...]}`: every condition holds."""

    all: tuple[Condition, ...] = Field(min_length=1)


class Any(Written):
    """`{any: [...]}`: at least one holds."""

    any: tuple[Condition, ...] = Field(min_length=1)


class Not(Written):
    """`{not: {...}}`"""

    negated: Condition = Field(alias="not")


Condition = Annotated[Compare | Among | Missing | All | Any | Not, Field(union_mode="left_to_right")]
for _model in (All, Any, Not):
    _model.model_rebuild()


def read(written: object) -> Condition:
    """A condition out of plain values. Raises pydantic's ValidationError."""
    found: Condition = TypeAdapter(Condition).validate_python(written)
    return found


def columns(condition: Condition) -> frozenset[str]:
    """Every column that the condition reads."""
    match condition:
        case Compare() | Among() | Missing():
            return frozenset([condition.column])
        case All():
            return frozenset().union(*map(columns, condition.all))
        case Any():
            return frozenset().union(*map(columns, condition.any))
        case Not():
            return columns(condition.negated)


def to_polars(condition: Condition, *, unknown: Mapping[str, str] | None = None) -> pl.Expr:
    """One boolean expression; a missing value makes a comparison unknown (null), as in SQL.

    `unknown`: columns, and for each the column that says of which rows nobody knows whether its value is missing.
    """
    import polars as pl

    match condition:
        case Compare():
            column, value = pl.col(condition.column), pl.lit(condition.value)
            return {
                "equal": column == value,
                "not_equal": column != value,
                "less": column < value,
                "at_most": column <= value,
                "greater": column > value,
                "at_least": column >= value,
            }[condition.op]
        case Among():
            inside = pl.lit(True) if condition.among is None else _one_of(condition.column, condition.among)
            outside = pl.lit(True) if condition.not_among is None else ~_one_of(condition.column, condition.not_among)
            return inside & outside
        case Missing():
            column = pl.col(condition.column)
            answer = column.is_null() if condition.missing else column.is_not_null()
            flag = (unknown or {}).get(condition.column)
            return answer if flag is None else pl.when(~pl.col(flag)).then(answer)
        case All():
            return pl.all_horizontal([to_polars(one, unknown=unknown) for one in condition.all])
        case Any():
            return pl.any_horizontal([to_polars(one, unknown=unknown) for one in condition.any])
        case Not():
            return ~to_polars(condition.negated, unknown=unknown)


def _one_of(name: str, values: Sequence[Scalar]) -> pl.Expr:
    """Whether the column has one of the values, each compared as by `is: equal`."""
    import polars as pl

    column, types = pl.col(name), set(map(type, values))
    if types <= {str} or types <= {int}:
        return column.is_in(list(values))
    # a list is of one type, and is_in takes no floats for a decimal column, nor dates for one of timestamps
    return pl.any_horizontal(column == pl.lit(value) for value in values)
