"""Nothing enters; leaves the 40 checks of the benchmark, in words that every tool's file translates into its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

COUNTRIES = ("DK", "SE", "NO", "FI", "IS", "NL", "BE", "FR")
STATUSES = ("new", "paid", "packed", "sent", "returned")
CAPACITY = 100
FIRST_DAY, LAST_DAY = date(2024, 1, 1), date(2025, 12, 31)


class Kind(StrEnum):
    """What a check asks. Of rows, and as in GX a row without a value is not asked, up to SUM_EQUAL; then of columns."""

    NOT_NULL = "not_null"
    IN_SET = "in_set"
    NOT_IN_SET = "not_in_set"
    BETWEEN = "between"
    LENGTH = "length"
    REGEX = "regex"
    STRFTIME = "strftime"
    UNIQUE = "unique"
    AT_LEAST = "at_least"  # the first column's value is at least the second's
    SUM_EQUAL = "sum_equal"
    TYPE = "type"
    ROW_COUNT = "row_count"
    DISTINCT_COUNT = "distinct_count"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    SUM = "sum"
    STDEV = "stdev"


DISTINCT_STATE = frozenset({Kind.UNIQUE, Kind.DISTINCT_COUNT})
"""Kinds that cannot be answered without remembering values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: `low` and `high` are inclusive; `values` a set, `pattern` a regex, a date format, or a type."""

    kind: Kind
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    low: float | date | None = None
    high: float | date | None = None
    pattern: str = ""

    @property
    def column(self) -> str:
        return self.columns[0]

    @property
    def name(self) -> str:
        """Unique within the suite: no two checks are of one kind on the same columns."""
        return " ".join((self.kind, *self.columns))


Run = Callable[[Path], dict[str, int]]
"""What a tool makes of the suite: a Parquet or CSV file in, and out, per check that it could run (by its name), how
many rows failed it; a check of a whole column fails with 1."""


class CouldNotRunError(Exception):
    """A tool cannot run the suite on this machine; the text says why."""


def _check(kind: Kind, *columns: str, **more: object) -> Check:
    return Check(kind=kind, columns=columns, **more)  # type: ignore[arg-type]  # only below, where it is seen


_ALL = (
    _check(Kind.ROW_COUNT, low=1, high=10**9),
    _check(Kind.NOT_NULL, "order_id"),
    _check(Kind.UNIQUE, "order_id"),
    _check(Kind.REGEX, "order_id", pattern="^O[0-9]{10}$"),
    _check(Kind.LENGTH, "order_id", low=11, high=11),
    _check(Kind.NOT_NULL, "customer_id"),
    _check(Kind.REGEX, "customer_id", pattern="^C[0-9]{7}$"),
    _check(Kind.DISTINCT_COUNT, "customer_id", low=1, high=10**7),
    _check(Kind.NOT_NULL, "country"),
    _check(Kind.IN_SET, "country", values=COUNTRIES),
    _check(Kind.LENGTH, "country", low=2, high=2),
    _check(Kind.DISTINCT_COUNT, "country", low=2, high=9),
    _check(Kind.NOT_NULL, "status"),
    _check(Kind.IN_SET, "status", values=STATUSES),
    _check(Kind.NOT_IN_SET, "status", values=("lost", "test")),
    _check(Kind.NOT_NULL, "ordered_on"),
    _check(Kind.BETWEEN, "ordered_on", low=FIRST_DAY, high=LAST_DAY),
    _check(Kind.BETWEEN, "shipped_on", low=FIRST_DAY, high=date(2026, 1, 31)),
    _check(Kind.AT_LEAST, "shipped_on", "ordered_on"),
    _check(Kind.NOT_NULL, "entered"),
    _check(Kind.STRFTIME, "entered", pattern="%Y-%m-%d"),
    _check(Kind.LENGTH, "entered", low=10, high=10),
    _check(Kind.TYPE, "quantity", pattern="integer"),
    _check(Kind.NOT_NULL, "quantity"),
    _check(Kind.BETWEEN, "quantity", low=1, high=CAPACITY),
    _check(Kind.MIN, "quantity", low=1, high=1),
    _check(Kind.MAX, "quantity", low=2, high=3 * CAPACITY),
    _check(Kind.MEAN, "quantity", low=45, high=55),
    _check(Kind.SUM, "quantity", low=1, high=10**12),
    _check(Kind.STDEV, "quantity", low=25, high=35),
    _check(Kind.BETWEEN, "remaining", low=0, high=CAPACITY),
    _check(Kind.SUM_EQUAL, "quantity", "remaining", low=CAPACITY),
    _check(Kind.NOT_NULL, "price"),
    _check(Kind.BETWEEN, "price", low=0.01, high=1000.0),
    _check(Kind.MIN, "price", low=0.01, high=5.0),
    _check(Kind.MEAN, "price", low=30.0, high=70.0),
    _check(Kind.NOT_NULL, "amount"),
    _check(Kind.REGEX, "amount", pattern=r"^[0-9]{1,6}\.[0-9]{2}$"),
    _check(Kind.LENGTH, "amount", low=4, high=9),
    _check(Kind.LENGTH, "note", low=3, high=40),
)


def checks(*, distinct: bool = True) -> tuple[Check, ...]:
    """The 40 checks; without those of distinct values they are 37."""
    return tuple(check for check in _ALL if distinct or check.kind not in DISTINCT_STATE)
