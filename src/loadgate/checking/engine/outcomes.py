"""A check's numbers enter; leaves what may be kept of them: counts and reasons, never a value of a row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

_COUNTS: Final = (
    "element_count",
    "unexpected_count",
    "unexpected_percent",
    "unexpected_percent_total",
    "unexpected_percent_nonmissing",
    "missing_count",
    "missing_percent",
)
_COUNT_LIKE: Final = (
    "table.row_count",
    "table.column_count",
    "column.non_null_proportion",
    "column.unique_proportion",
    "column.distinct_values.count",
)
_SUM_LIKE: Final = ("column.sum", "column.mean")  # of a single value they are that value
_SIGNIFICANT_DIGITS: Final = 9


class CheckState(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    COULD_NOT_RUN = "could_not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """What came of one expectation, `index` being its place in the suite.

    `rows_checked` is, for a check of rows, the rows that were asked, and for an aggregate the values that went into
    it; None if the check reads no rows. `rows_failed` is None unless the check is one of rows. `rows_undecided` are
    in neither: a value failed to cast. `observed` is a count, share, sum, mean or distance; None for all else.
    `reason` says why the check could not run; None if it did. `missing` are the columns that it lacks, if that is why.
    `hidden_by`: if all that is left to look at is undecided, the columns whose flags say so, else none; `all_or_none`
    then says that a row with a value may be among it, since one undecided row leaves others undecided.
    """

    index: int
    state: CheckState
    rows_checked: int | None = None
    rows_failed: int | None = None
    rows_undecided: int | None = None
    observed: float | None = None
    reason: str | None = None
    missing: tuple[str, ...] = ()
    hidden_by: frozenset[str] = frozenset()
    all_or_none: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """A genuine GX result without failing values, and one outcome per expectation, in the suite's order."""

    result: ExpectationSuiteValidationResult
    outcomes: tuple[CheckOutcome, ...]


def observed(metric: str, value: Any, *, rows_checked: int | None, own: bool = False) -> int | float | None:
    """Say what may be shown of an aggregate. Floats are rounded: their sum depends on the order of rows.

    `own`: it is an aggregate of one's own that may be shown, see own_rules.aggregate.
    """
    shown = metric in _COUNT_LIKE or (metric in _SUM_LIKE and (rows_checked or 0) > 1) or (own and rows_checked != 1)
    if not shown or isinstance(value, bool):
        return None
    if isinstance(value, Integral):  # numpy's too
        return int(value)
    return significant(float(value)) if isinstance(value, Real) and math.isfinite(value) else None


def significant(value: float) -> float:
    """Round to nine significant digits."""
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}")


def without_values(result: Mapping[str, Any], *, shown: int | float | None) -> dict[str, Any]:
    """Keep counts and percentages of a GX result, and an observed value only if it may be shown.

    Names of columns go too: in a file without a header they are values.
    """
    kept = {name: result[name] for name in _COUNTS if name in result}
    return kept if shown is None else {"observed_value": shown, **kept}
