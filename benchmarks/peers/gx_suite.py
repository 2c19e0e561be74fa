"""The benchmark's checks in; out, a GX suite of them, and out of GX's results what the benchmark compares."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from importlib import import_module
from typing import TYPE_CHECKING, Any, assert_never

from benchmarks.peers.suite import Check, Kind

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite

TYPES = {"integer": ["Int64", "int64", "BIGINT"]}


def quiet() -> None:
    """No telemetry, no progress bars' chatter; what GX warns of is its makers' business."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    warnings.simplefilter("ignore")
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)


def context() -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return made


def gx_suite(suite: Sequence[Check]) -> ExpectationSuite:
    from great_expectations.core import ExpectationSuite

    return ExpectationSuite(name="benchmark", expectations=[_expectation(check) for check in suite])


def _expectation(check: Check) -> Any:
    gxe: Any = import_module("great_expectations.expectations")

    column = check.columns[0] if check.columns else ""
    limits: dict[str, Any] = {"min_value": _moment(check.low), "max_value": _moment(check.high)}
    match check.kind:
        case Kind.NOT_NULL:
            return gxe.ExpectColumnValuesToNotBeNull(column=column)
        case Kind.IN_SET:
            return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(check.values))
        case Kind.NOT_IN_SET:
            return gxe.ExpectColumnValuesToNotBeInSet(column=column, value_set=list(check.values))
        case Kind.BETWEEN:
            return gxe.ExpectColumnValuesToBeBetween(column=column, **limits)
        case Kind.LENGTH:
            return gxe.ExpectColumnValueLengthsToBeBetween(column=column, **limits)
        case Kind.REGEX:
            return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=check.pattern)
        case Kind.STRFTIME:
            return gxe.ExpectColumnValuesToMatchStrftimeFormat(column=column, strftime_format=check.pattern)
        case Kind.UNIQUE:
            return gxe.ExpectColumnValuesToBeUnique(column=column)
        case Kind.AT_LEAST:
            return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=column, column_B=check.columns[1], or_equal=True, ignore_row_if="either_value_is_missing"
            )
        case Kind.SUM_EQUAL:
            return gxe.ExpectMulticolumnSumToEqual(column_list=list(check.columns), sum_total=check.low)
        case Kind.TYPE:
            return gxe.ExpectColumnValuesToBeInTypeList(column=column, type_list=TYPES[check.pattern])
        case Kind.ROW_COUNT:
            return gxe.ExpectTableRowCountToBeBetween(**limits)
        case Kind.DISTINCT_COUNT:
            return gxe.ExpectColumnUniqueValueCountToBeBetween(column=column, **limits)
        case Kind.MIN:
            return gxe.ExpectColumnMinToBeBetween(column=column, **limits)
        case Kind.MAX:
            return gxe.ExpectColumnMaxToBeBetween(column=column, **limits)
        case Kind.MEAN:
            return gxe.ExpectColumnMeanToBeBetween(column=column, **limits)
        case Kind.SUM:
            return gxe.ExpectColumnSumToBeBetween(column=column, **limits)
        case Kind.STDEV:
            return gxe.ExpectColumnStdevToBeBetween(column=column, **limits)
        case _:
            assert_never(check.kind)


def _moment(limit: Any) -> Any:
    """GX on pandas has no dates, so its users write midnight."""
    return limit if limit is None or isinstance(limit, int | float) else datetime.combine(limit, time())


def failing(suite: Sequence[Check], results: Iterable[Any]) -> dict[str, int]:
    """Failing rows by check. GX gives results in another order than the suite has, if some raised an exception.

    A result with an exception is no answer: its check is left out.
    """
    by_expectation = {_identity(_expectation(check).configuration): check.name for check in suite}
    found = {}
    for result in results:
        if not _raised(result.exception_info):
            rows = result.result.get("unexpected_count")
            found[by_expectation[_identity(result.expectation_config)]] = int(
                not result.success if rows is None else rows
            )
    return found


def _identity(configuration: Any) -> tuple[Any, ...]:
    arguments = configuration.kwargs
    columns = [arguments.get(name) for name in ("column", "column_A", "column_B", "column_list")]
    return configuration.type, *map(str, columns)


def _raised(info: dict[str, Any]) -> bool:
    return any(part.get("raised_exception") for part in _parts(info))


def messages(info: dict[str, Any]) -> list[str]:
    """What GX says of a check that raised."""
    return [str(part.get("exception_message")) for part in _parts(info) if part.get("raised_exception")]


def _parts(info: dict[str, Any]) -> list[dict[str, Any]]:
    """GX's exception_info is either of the whole check, or one per metric."""
    return [info] if "raised_exception" in info else [part for part in info.values() if isinstance(part, dict)]
