"""The suite as cuallee rules, and as its SQL predicates where the rules don't fit.

They don't where values are missing, which its rules count as failed, and for aggregates, of which its rules know
equality only. The type of a column it can't check.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.frames import MISSING, scan
from benchmarks.peers.suite import Check, Kind, Run

_AGGREGATES = {
    Kind.ROW_COUNT: "COUNT(*)",
    Kind.DISTINCT_COUNT: "COUNT(DISTINCT {})",
    Kind.MIN: "MIN({})",
    Kind.MAX: "MAX({})",
    Kind.MEAN: "AVG({})",
    Kind.SUM: "SUM({})",
    Kind.STDEV: "STDDEV({})",
}
_ANY = 1e-12
"""A predicate of the whole table is true of one row or of none; this share of rows has to meet it."""


def prepare(suite: Sequence[Check]) -> Run:
    able = [check for check in suite if check.kind is not Kind.TYPE]

    def run(path: Path) -> dict[str, int]:
        from cuallee import Check as Rules
        from cuallee import CheckLevel

        rules = Rules(CheckLevel.WARNING, "benchmark")
        for check in able:
            _add(rules, check)
        found = rules.validate(scan(path).collect(engine="streaming"))
        return {
            check.name: int(status == "FAIL") if check.kind in _AGGREGATES else int(violations)
            for check, status, violations in zip(able, found["status"], found["violations"], strict=True)
        }

    return run


def _add(rules: Any, check: Check) -> None:
    if check.kind in _AGGREGATES:
        column = check.columns[0] if check.columns else "order_id"
        aggregate = _AGGREGATES[check.kind].format(column)
        rules.satisfies(column, f"{aggregate} BETWEEN {check.low} AND {check.high}", pct=_ANY)
    elif check.column in MISSING and check.kind is not Kind.NOT_NULL:
        rules.satisfies(check.column, f"{' OR '.join(f'{one} IS NULL' for one in check.columns)} OR {_sql(check)}")
    else:
        _add_plain(rules, check)


def _add_plain(rules: Any, check: Check) -> None:
    match check.kind:
        case Kind.NOT_NULL:
            rules.is_complete(check.column)
        case Kind.UNIQUE:
            rules.is_unique(check.column)
        case Kind.IN_SET:
            rules.is_contained_in(check.column, check.values)
        case Kind.NOT_IN_SET:
            rules.not_contained_in(check.column, check.values)
        case Kind.BETWEEN:
            rules.is_between(check.column, (check.low, check.high))
        case Kind.REGEX:
            rules.has_pattern(check.column, check.pattern)
        case _:
            rules.satisfies(check.column, _sql(check))


def _sql(check: Check) -> str:
    match check.kind:
        case Kind.BETWEEN:
            return f"{check.column} BETWEEN {_literal(check.low)} AND {_literal(check.high)}"
        case Kind.LENGTH:
            return f"LENGTH({check.column}) BETWEEN {check.low} AND {check.high}"
        case Kind.STRFTIME:
            return f"TRY_CAST({check.column} AS DATE) IS NOT NULL"
        case Kind.AT_LEAST:
            return f"{check.column} >= {check.columns[1]}"
        case Kind.SUM_EQUAL:
            return f"{' + '.join(check.columns)} = {check.low}"
        case _:
            raise ValueError(check.kind)


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else f"DATE '{value.isoformat()}'"
