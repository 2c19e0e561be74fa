"""The suite as a dataframely schema, and its lazy filter: the rows that fail are collected, those that pass are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.expressions import OF_THE_TABLE, holds_in_row, holds_of_table
from benchmarks.peers.frames import COLUMNS, DATES, scan
from benchmarks.peers.suite import Check, Kind, Run

_NATIVE = {
    Kind.NOT_NULL: ("nullability",),
    Kind.UNIQUE: ("unique",),
    Kind.REGEX: ("regex",),
    Kind.LENGTH: ("min_length", "max_length"),
}
"""Kinds that a column has an argument for, and the rules that it makes of it. A type is a column's class."""


def prepare(suite: Sequence[Check]) -> Run:
    schema = _schema(suite)

    def run(path: Path) -> dict[str, int]:
        _, failure = schema.filter(scan(path))
        counts = failure.counts()
        return {check.name: _failing(check, counts) for check in suite}

    return run


def _failing(check: Check, counts: dict[str, int]) -> int:
    if rules := _NATIVE.get(check.kind):
        return sum(counts.get(f"{check.column}|{rule}", 0) for rule in rules)
    found = counts.get(check.name, 0)
    return int(found > 0) if check.kind in OF_THE_TABLE else found


def _schema(suite: Sequence[Check]) -> Any:
    import dataframely as dy

    kinds = {"quantity": dy.Int64, "remaining": dy.Int64, "price": dy.Float64, **dict.fromkeys(DATES, dy.Date)}
    members: dict[str, Any] = {
        name: kinds.get(name, dy.String)(**_arguments([check for check in suite if check.columns == (name,)]))
        for name in COLUMNS
    }
    for check in suite:
        if check.kind not in _NATIVE and check.kind is not Kind.TYPE:
            members[check.name] = _rule(check)
    return type("Benchmark", (dy.Schema,), members)


def _arguments(checks: Sequence[Check]) -> dict[str, Any]:
    arguments: dict[str, Any] = {"nullable": True}
    for check in checks:
        match check.kind:
            case Kind.NOT_NULL:
                arguments["nullable"] = False
            case Kind.UNIQUE:
                arguments["unique"] = True
            case Kind.REGEX:
                arguments["regex"] = check.pattern
            case Kind.LENGTH:
                arguments |= {"min_length": check.low, "max_length": check.high}
            case _:
                pass
    return arguments


def _rule(check: Check) -> Any:
    import dataframely as dy

    def rule(cls: Any) -> Any:
        del cls
        return holds_of_table(check) if check.kind in OF_THE_TABLE else holds_in_row(check)

    return dy.rule()(rule)
