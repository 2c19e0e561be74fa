"""Groups of rows enter; leave failed the rows that do not meet what their group has to meet."""
# ruff: noqa: E402

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.expectations.row_conditions import RowConditionType

from loadgate.checking.expectations.grouped import GroupedRowsExpectation, in_failing_groups

if TYPE_CHECKING:
    import polars as pl


@row_rule("groups.condition", domain="multicolumn", columns=("when", "then"), value_keys=("whose",), whole=True)
def _met(keys: list[pl.Expr], *, when: pl.Expr, then: pl.Expr, whose: str = "any") -> pl.Expr:
    import polars as pl

    concerned = pl.col("when").any() if whose == "any" else pl.col("when").all()
    return then.fill_null(False) | ~in_failing_groups(keys, {"when": when}, fails=concerned)


class ExpectGroupsToMeetCondition(GroupedRowsExpectation):
    """Expect every row to meet `then` in groups (`column_list`) where any row, or all of them, meet `when`.

    A row whose value hides whether it meets either condition is undecided, and takes no part in its group.
    """

    when: RowConditionType
    then: RowConditionType
    whose: Literal["any", "all"] = "any"

    map_metric = "groups.condition"
    domain_keys = (*GroupedRowsExpectation.domain_keys, "when", "then")
    success_keys = (*GroupedRowsExpectation.success_keys, "whose")
    args_keys = ("column_list", "when", "then", "whose")
