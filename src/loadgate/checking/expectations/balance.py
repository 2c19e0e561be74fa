"""Amounts enter by group; leave failed all rows of groups whose debit and credit do not balance exactly."""
# ruff: noqa: E402

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loadgate.checking.engine.literals import bound
from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility import pydantic
from great_expectations.compatibility.pydantic import Field

from loadgate.checking.expectations.grouped import GroupedRowsExpectation, in_failing_groups

if TYPE_CHECKING:
    import polars as pl

_AMOUNTS = ("amount_column", "debit_column", "credit_column")


def _inexact(types: Mapping[str, pl.DataType]) -> str | None:
    """Sums of floats depend on the order of rows, so they say nothing of a balance."""
    import polars as pl

    exact = {name: dtype.is_integer() or dtype.is_decimal() or dtype == pl.Null for name, dtype in types.items()}
    wrong = [name for name, is_exact in exact.items() if not is_exact]
    return f"{wrong[0]} is of type {types[wrong[0]]}, and a balance needs exact numbers" if wrong else None


@row_rule(
    "groups.balance",
    domain="multicolumn",
    columns=_AMOUNTS,
    value_keys=("tolerance",),
    whole=True,
    together=True,
    refuses=_inexact,
)
def _balanced(
    keys: list[pl.Expr],
    *,
    amount_column: pl.Expr | None = None,
    debit_column: pl.Expr | None = None,
    credit_column: pl.Expr | None = None,
    tolerance: float = 0,
) -> pl.Expr:
    import polars as pl

    limit = bound(tolerance, pl.Decimal())
    values = {"amount": amount_column, "debit": debit_column, "credit": credit_column}
    given = {name: value for name, value in values.items() if value is not None}
    total = pl.col("amount").sum() if "amount" in given else pl.col("debit").sum() - pl.col("credit").sum()
    return ~in_failing_groups(keys, given, fails=total.abs() > limit, sums=True)


class ExpectDebitAndCreditToBalance(GroupedRowsExpectation):
    """Expect amounts of a group to sum to nothing, or its debit to equal its credit; at most `tolerance` apart.

    A missing amount is none. One unreadable amount leaves its whole group undecided.
    """

    amount_column: str | None = None
    debit_column: str | None = None
    credit_column: str | None = None
    tolerance: float = Field(default=0, ge=0)

    map_metric = "groups.balance"
    domain_keys = (*GroupedRowsExpectation.domain_keys, *_AMOUNTS)
    success_keys = (*GroupedRowsExpectation.success_keys, "tolerance")
    args_keys = ("column_list", *_AMOUNTS, "tolerance")

    @pydantic.root_validator
    def _signed_or_both(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        signed, debit, credit = (values.get(name) is not None for name in _AMOUNTS)
        if (signed and (debit or credit)) or (not signed and not (debit and credit)):
            raise ValueError("name either amount_column, or debit_column and credit_column")
        return values
