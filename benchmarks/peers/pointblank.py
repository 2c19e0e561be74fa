"""The suite as a pointblank plan, without extracts of failing rows, which it takes by default."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_never

from benchmarks.peers.expressions import holds_in_row, holds_of_table
from benchmarks.peers.frames import scan
from benchmarks.peers.suite import Check, Kind, Run


def prepare(suite: Sequence[Check]) -> Run:
    import pointblank as pb

    def run(path: Path) -> dict[str, int]:
        plan = pb.Validate(data=scan(path).collect(engine="streaming"))
        for check in suite:
            plan = _step(plan, check)
        done = plan.interrogate(collect_extracts=False, collect_tbl_checked=False)
        failed: dict[int, int] = done.n_failed()
        return {check.name: int(failed[number]) for number, check in enumerate(suite, start=1)}

    return run


def _step(plan: Any, check: Check) -> Any:
    import pointblank as pb

    column = check.columns[0] if check.columns else ""
    match check.kind:
        case Kind.NOT_NULL:
            return plan.col_vals_not_null(column)
        case Kind.IN_SET:
            return plan.col_vals_in_set(column, set=check.values)
        case Kind.NOT_IN_SET:
            return plan.col_vals_not_in_set(column, set=check.values)
        case Kind.BETWEEN:
            return plan.col_vals_between(column, left=check.low, right=check.high, na_pass=True)
        case Kind.LENGTH:
            return plan.col_vals_str_len(column, min_val=check.low, max_val=check.high, na_pass=True)
        case Kind.REGEX:
            return plan.col_vals_regex(column, pattern=check.pattern, na_pass=True)
        case Kind.STRFTIME | Kind.SUM_EQUAL:
            return plan.col_vals_expr(holds_in_row(check).fill_null(True))
        case Kind.UNIQUE:
            return plan.rows_distinct(columns_subset=column)
        case Kind.AT_LEAST:
            return plan.col_vals_ge(column, value=pb.col(check.columns[1]), na_pass=True)
        case Kind.TYPE:
            return plan.col_schema_match(pb.Schema(columns=[(column, "Int64")]), complete=False)
        case Kind.ROW_COUNT | Kind.DISTINCT_COUNT | Kind.MIN | Kind.MAX | Kind.MEAN | Kind.SUM | Kind.STDEV:
            return plan.specially(expr=_of_table(check))
        case _:
            assert_never(check.kind)


def _of_table(check: Check) -> Any:
    """Its own steps for means, sums and deviations know one limit each; a function of the table knows both."""
    return lambda table: bool(table.select(holds_of_table(check)).item())
