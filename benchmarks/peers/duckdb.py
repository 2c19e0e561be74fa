"""The suite as one plain SQL query of DuckDB over the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_never

from benchmarks.peers.frames import COLUMNS, DATES
from benchmarks.peers.suite import Check, Kind, Run

_TYPES = {"integer": ("INTEGER", "BIGINT")}


def prepare(suite: Sequence[Check]) -> Run:
    import duckdb

    connection = duckdb.connect()
    answers = ", ".join(_answer(check) for check in suite)

    def run(path: Path) -> dict[str, int]:
        row = connection.execute(f"SELECT {answers} FROM {table(path)}").fetchone()  # noqa: S608
        return dict(zip((check.name for check in suite), map(int, row or ()), strict=True))

    return run


def table(path: Path) -> str:
    """Name a file where SQL wants a table."""
    if path.suffix == ".parquet":
        return f"read_parquet({_text(str(path))})"
    kinds = {"quantity": "BIGINT", "remaining": "BIGINT", "price": "DOUBLE", **dict.fromkeys(DATES, "DATE")}
    columns = ", ".join(f"{_text(name)}: {_text(kinds.get(name, 'VARCHAR'))}" for name in COLUMNS)
    return f"read_csv({_text(str(path))}, header=true, auto_detect=false, columns={{{columns}}})"


def _answer(check: Check) -> str:
    """Failing rows; SQL's own three-valued logic leaves out rows without a value. Of an aggregate: 0 or 1."""
    column = check.columns[0] if check.columns else ""
    low, high = _literal(check.low), _literal(check.high)

    def failing(condition: str) -> str:
        return f"count(*) FILTER (WHERE {condition})"

    def outside(aggregate: str) -> str:
        return f"coalesce(({aggregate}) NOT BETWEEN {low} AND {high}, true)::INT"

    match check.kind:
        case Kind.NOT_NULL:
            return failing(f"{column} IS NULL")
        case Kind.IN_SET:
            return failing(f"{column} NOT IN ({', '.join(map(_text, check.values))})")
        case Kind.NOT_IN_SET:
            return failing(f"{column} IN ({', '.join(map(_text, check.values))})")
        case Kind.BETWEEN:
            return failing(f"{column} NOT BETWEEN {low} AND {high}")
        case Kind.LENGTH:
            return failing(f"length({column}) NOT BETWEEN {low} AND {high}")
        case Kind.REGEX:
            return failing(f"NOT regexp_matches({column}, {_text(check.pattern)})")
        case Kind.STRFTIME:
            return failing(f"{column} IS NOT NULL AND try_strptime({column}, {_text(check.pattern)}) IS NULL")
        case Kind.UNIQUE:
            # whether, and how many values too many; which rows they stand in takes a second pass
            return f"count({column}) - count(DISTINCT {column})"
        case Kind.AT_LEAST:
            return failing(f"{column} < {check.columns[1]}")
        case Kind.SUM_EQUAL:
            return failing(f"{' + '.join(check.columns)} <> {low}")
        case Kind.TYPE:
            allowed = ", ".join(map(_text, _TYPES[check.pattern]))
            return f"coalesce(any_value(typeof({column})) NOT IN ({allowed}), true)::INT"
        case Kind.ROW_COUNT:
            return outside("count(*)")
        case Kind.DISTINCT_COUNT:
            return outside(f"count(DISTINCT {column})")
        case Kind.MIN:
            return outside(f"min({column})")
        case Kind.MAX:
            return outside(f"max({column})")
        case Kind.MEAN:
            return outside(f"avg({column})")
        case Kind.SUM:
            return outside(f"sum({column})")
        case Kind.STDEV:
            return outside(f"stddev_samp({column})")
        case _:
            assert_never(check.kind)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _literal(value: Any) -> str:
    if value is None or isinstance(value, int | float):
        return str(value)
    return f"DATE {_text(value.isoformat())}"
