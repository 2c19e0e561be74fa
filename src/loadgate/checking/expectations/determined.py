"""Rows enter; leave failed those whose column has another value than other rows with the same key have."""
# ruff: noqa: E402

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.compatibility.pydantic import Field, StrictStr

from loadgate.checking.expectations.grouped import GroupedRowsExpectation, in_failing_groups

if TYPE_CHECKING:
    import polars as pl


@row_rule("columns.determine", domain="multicolumn", columns=("column",), whole=True)
def _determined(keys: list[pl.Expr], *, column: pl.Expr) -> pl.Expr:
    import polars as pl

    value = pl.col("value")
    return ~in_failing_groups(keys, {"value": column}, fails=value.min() != value.max()) | column.is_null()


class ExpectColumnsToDetermineColumn(GroupedRowsExpectation):
    """Expect rows that agree in `column_list` to agree in `column`; all rows of a key with two values fail.

    Rows without a value are not compared.
    """

    column: StrictStr = Field(min_length=1)

    map_metric = "columns.determine"
    domain_keys = (*GroupedRowsExpectation.domain_keys, "column")
    args_keys = ("column_list", "column")
