"""An expectation enters; leaves the metrics that it needs, once, and per file its GX result and outcome."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.column_types import has_type
from loadgate.checking.engine.compiler import (
    ANOTHER_TABLE,
    CHECKED,
    DOUBT,
    FAILURES,
    Computed,
    is_built_in,
    is_shown,
    look_up,
)
from loadgate.checking.engine.conditions import condition_columns, plain_condition
from loadgate.checking.engine.domain import TOGETHER, domain_columns
from loadgate.checking.engine.faults import (
    CannotEvaluateError,
    NeedsEngineError,
    arguments_fit,
    missing_columns,
    not_here,
)
from loadgate.checking.engine.metrics import RowRule
from loadgate.checking.engine.outcomes import CheckOutcome, CheckState, observed, without_values

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.validator.metric_configuration import MetricConfiguration

_VALUE_LISTS: Final = ("column.distinct_values.not_in_set", "column.distinct_values.missing_from_column")
"""Metrics that GX wants for a list of values in the result; no verdict needs them."""
_NULLS: Final = f"column_values.nonnull{FAILURES}"
NONE_DECIDED: Final = "can be decided: their values could not be read"
NONE_COMPARED: Final = "can be decided: their values, or those to compare with, could not be read"
"""End the reason why a check of nothing but undecided rows could not run."""
TYPE_CHECKS: Final = (
    "expect_column_type_to_be",
    "expect_column_values_to_be_of_type",
    "expect_column_values_to_be_in_type_list",
)
"""Their `_validate` branches on GX's own engines and returns nothing for any other."""
ELSEWHERE: Final = {
    "expect_query_results_to_match_comparison": "it runs SQL queries on two data sources",
    "expect_table_row_count_to_equal_other_table": ANOTHER_TABLE,
    "unexpected_rows_expectation": "it runs an SQL query of its own",
}
"""What no engine on a single frame can answer, and why."""
_RUNS_SQL: Final = ELSEWHERE["unexpected_rows_expectation"]
ELSEWHERE_METRICS: Final = {
    "unexpected_rows_query.table": _RUNS_SQL,
    "unexpected_rows_query.row_count": _RUNS_SQL,
    "query.table": _RUNS_SQL,
    "query.row_count": _RUNS_SQL,
    "query.column": _RUNS_SQL,
    "query.column_pair": _RUNS_SQL,
    "query.multiple_columns": _RUNS_SQL,
    "query.template_values": _RUNS_SQL,
    "query.data_source_table": _RUNS_SQL,
    "base_query.table": ELSEWHERE["expect_query_results_to_match_comparison"],
    "comparison_query.data_source_table": ELSEWHERE["expect_query_results_to_match_comparison"],
}
"""What GX's Validator asks of them, and of expectations of one's own on SQL, and why there is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """An expectation with its parameters filled in, and the metrics that decide it.

    `rule` is the metric with the yes/no question if it is a check of rows. `doubt` is asked for only if a column of
    `reads` may have failed casts, or the rule has `opens`, which says whether it may itself leave rows undecided: how
    many rows are undecided, and how many are left. `whole` results keep values.
    `all_or_none`: one undecided row leaves others undecided, as for a sum over them.
    """

    index: int
    expectation: Expectation
    configuration: ExpectationConfiguration
    metrics: Mapping[str, MetricConfiguration]
    main: str
    rule: str | None
    volume: MetricConfiguration | None
    doubt: tuple[MetricConfiguration, MetricConfiguration] | None
    opens: MetricConfiguration | None
    reads: frozenset[str]
    whole: bool = False
    all_or_none: bool = False

    def asks(self, undecided: Mapping[str, str]) -> list[MetricConfiguration]:
        """List the metrics to compute, given which columns may have failed casts."""
        doubt = self.doubt if self.doubt is not None and self.in_doubt(undecided) else ()
        others = (one for one in (self.opens, self.volume) if one is not None)
        return [*self.metrics.values(), *doubt, *others]

    def in_doubt(self, undecided: Mapping[str, str]) -> bool:
        """Whether rows may be undecided, given which columns may have failed casts."""
        return self.opens is not None or bool(self.reads & set(undecided))


def prepare(index: int, expectation: Expectation, *, result_format: Mapping[str, Any] | None = None) -> Check:
    """Ask GX which metrics an expectation needs.

    With a `result_format`, the results are whole, values included, as GX's own would be in that format.
    Raises: CannotEvaluateError if it needs SQL or another table, its row_condition cannot be read, or GX cannot say;
    NeedsEngineError if only GX's Validator on this engine can answer it.
    """
    from great_expectations.validator.metric_configuration import MetricConfiguration

    refuse_elsewhere(expectation.configuration.type)
    needed = _needed(expectation, result_format or {"result_format": "BOOLEAN_ONLY"})
    metrics = {name: metric for name, metric in needed.items() if result_format or name not in _VALUE_LISTS}
    if custom := [metric.metric_name for metric in metrics.values() if not is_built_in(metric.metric_name)]:
        raise NeedsEngineError(f"the metric {custom[0]} is not built into this engine")
    rule = getattr(expectation, "map_metric", None)
    rule = rule if f"{rule}{FAILURES}" in metrics else None
    main = f"{rule}{FAILURES}" if rule else next(iter(metrics), "")
    domain = metrics[main].metric_domain_kwargs if main else {}
    if rule is not None and main != _NULLS and _NULLS in metrics:
        # GX asks for it of the column alone; a row whose other value could not be read would then be taken off twice
        metrics[_NULLS] = MetricConfiguration(metrics[_NULLS].metric_name, domain)
    condition = plain_condition(domain.get("row_condition"), parser=domain.get("condition_parser"))
    volume = _volume(main) if rule is None else None
    reads_rows = rule is not None or volume is not None or main == "table.row_count"
    entry = look_up(main)[0] if rule is not None else None
    asks_values = isinstance(entry, RowRule) and entry.skips_missing
    names = ("rows.undecided_value_count" if asks_values else "rows.undecided_count", "rows.element_count")
    undecided, elements = (MetricConfiguration(name, domain) for name in names)
    opens = None
    if isinstance(entry, RowRule) and entry.opens is not None:
        values = metrics[main].metric_value_kwargs
        undecided, elements, opens = (MetricConfiguration(f"{rule}{suffix}", domain, values) for suffix in DOUBT)
    return Check(
        index=index,
        expectation=expectation,
        configuration=expectation.configuration,
        metrics=metrics,
        main=main,
        rule=rule,
        volume=None if volume is None else MetricConfiguration(volume, domain),
        doubt=(undecided, elements) if reads_rows else None,
        opens=opens,
        reads=frozenset((*domain_columns(domain), *(condition_columns(condition) if condition else ()))),
        whole=result_format is not None,
        all_or_none=bool(domain.get(TOGETHER)),
    )


def refuse_elsewhere(type_: str) -> None:
    """Raises: CannotEvaluateError if an expectation of this type needs more than one frame."""
    if type_ in ELSEWHERE:
        raise not_here(ELSEWHERE[type_])


def _needed(expectation: Expectation, result_format: Mapping[str, Any]) -> Mapping[str, MetricConfiguration]:
    """Ask for the fewest metrics that the result format needs.

    They are made anew, for their ids: GX tells one which quantiles it is asked only after it has got its id.
    """
    from great_expectations.validator.metric_configuration import MetricConfiguration

    try:
        dependencies = expectation.get_validation_dependencies(
            execution_engine=None, runtime_configuration={"result_format": dict(result_format)}
        )
    except AssertionError as error:  # GX wants an engine to look at the data first
        raise NeedsEngineError(f"GX could not say what it needs ({type(error).__name__})") from None
    except Exception as error:  # they check their arguments at this point, each in its own way
        raise CannotEvaluateError(f"GX could not say what it needs ({type(error).__name__})") from None
    return {
        name: MetricConfiguration(metric.metric_name, metric.metric_domain_kwargs, metric.metric_value_kwargs)
        for name, metric in dependencies.metric_configurations.items()
    }


def _volume(main: str) -> str | None:
    """Name the metric that says how much went into an aggregate."""
    if main == "column.non_null_proportion":
        return "rows.element_count"
    return "column.non_null_count" if main.startswith("column.") else None


def evaluate(
    check: Check, computed: Computed, *, undecided: Mapping[str, str], result_format: Mapping[str, Any]
) -> tuple[ExpectationValidationResult, CheckOutcome]:
    """Let GX judge the computed metrics, and keep what may be kept."""
    try:
        return _judge(check, computed, undecided=undecided, result_format=result_format)
    except CannotEvaluateError as fault:
        return could_not_run(check.index, check.configuration, fault.reason, missing=fault.missing)


def could_not_run(
    index: int,
    configuration: ExpectationConfiguration,
    reason: str,
    *,
    missing: tuple[str, ...] = (),
    hidden_by: Collection[str] = (),
    all_or_none: bool = False,
) -> tuple[ExpectationValidationResult, CheckOutcome]:
    """Make the result of a check without an answer: not a success, and GX's mark of an exception."""
    from great_expectations.core import ExpectationValidationResult

    info = {"raised_exception": True, "exception_message": reason, "exception_traceback": None}
    result = ExpectationValidationResult(
        success=False, expectation_config=configuration, result={}, exception_info=info
    )
    return result, CheckOutcome(
        index=index,
        state=CheckState.COULD_NOT_RUN,
        reason=reason,
        missing=missing,
        hidden_by=frozenset(hidden_by),
        all_or_none=all_or_none,
    )


def _judge(
    check: Check, computed: Computed, *, undecided: Mapping[str, str], result_format: Mapping[str, Any]
) -> tuple[ExpectationValidationResult, CheckOutcome]:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.exceptions.exceptions import GreatExpectationsError

    asked = check.asks(undecided)
    for metric in asked:
        if metric.id in computed.reasons:
            raise CannotEvaluateError(computed.reasons[metric.id], missing=computed.missing.get(metric.id, ()))
    metrics = {name: computed.values[metric.id] for name, metric in check.metrics.items()}
    hidden = _doubt(check, computed, metrics, undecided)
    rows_checked = _rows_checked(check, computed, metrics)
    if hidden and not rows_checked:
        opened = check.opens is not None and computed.values[check.opens.id]
        return could_not_run(
            check.index,
            check.configuration,
            f"none of {hidden} rows {NONE_COMPARED if opened else NONE_DECIDED}",
            hidden_by=check.reads & set(undecided),
            all_or_none=check.all_or_none or opened,
        )
    raw = _gx_verdict(check, metrics, result_format)
    value = raw.get("result", {}).get("observed_value")
    shown = observed(check.main, value, rows_checked=rows_checked, own=is_shown(check.main))
    kept = without_values(raw.get("result", {}), shown=shown)
    if hidden:
        kept["undecided_count"] = hidden
    if check.whole:
        kept = raw.get("result", {})
    try:
        result = ExpectationValidationResult(
            success=raw["success"],
            expectation_config=check.configuration,
            result={} if result_format["result_format"] == "BOOLEAN_ONLY" else kept,
        )
    except (GreatExpectationsError, TypeError):  # its check of its own counts, and its writing of the error
        raise CannotEvaluateError("GX does not take its own verdict for one") from None
    return result, CheckOutcome(
        index=check.index,
        state=CheckState.PASS if raw["success"] else CheckState.FAIL,
        rows_checked=rows_checked,
        rows_failed=metrics[check.main] if check.rule else None,
        rows_undecided=None if check.doubt is None else hidden,
        observed=None if shown is None else float(shown),
    )


def _doubt(check: Check, computed: Computed, metrics: dict[str, Any], undecided: Mapping[str, str]) -> int:
    """Count undecided rows, and take them out of the number of rows that GX divides by."""
    if check.doubt is None or not check.in_doubt(undecided):
        return 0
    hidden, elements = (computed.values[metric.id] for metric in check.doubt)
    if check.rule is not None and "table.row_count" in metrics:
        metrics["table.row_count"] = elements
    return int(hidden)


def _rows_checked(check: Check, computed: Computed, metrics: Mapping[str, Any]) -> int | None:
    if check.volume is not None:
        return int(computed.values[check.volume.id])
    if check.rule is None:
        return int(metrics[check.main]) if check.main == "table.row_count" else None
    filtered = metrics.get(f"{check.rule}{CHECKED}")
    if filtered is not None:
        return int(filtered)
    nulls = metrics.get(_NULLS, 0) if check.main != _NULLS else 0
    return int(metrics["table.row_count"] - nulls)


def _gx_verdict(check: Check, metrics: dict[str, Any], result_format: Mapping[str, Any]) -> dict[str, Any]:
    if check.configuration.type in TYPE_CHECKS:
        with arguments_fit():
            return judge_type(check.configuration, metrics["table.column_types"])
    with arguments_fit():
        expectation = _with_comparable_limits(check, metrics)
        metrics = _with_comparable_value(check, metrics)
    try:
        raw = expectation._validate(
            metrics=metrics, runtime_configuration={"result_format": dict(result_format)}, execution_engine=None
        )
    except Exception as error:  # GX raises what it likes, with values in the text: keep the kind only
        raise CannotEvaluateError(f"GX could not judge it ({type(error).__name__})") from None
    if not isinstance(raw, dict) or type(raw.get("success")).__name__ not in ("bool", "bool_"):
        raise CannotEvaluateError("GX gave no verdict for this engine")
    return raw | {"success": bool(raw["success"])}


def judge_type(configuration: ExpectationConfiguration, column_types: list[dict[str, str]]) -> dict[str, Any]:
    """Answer one of TYPE_CHECKS in the shape of a GX verdict. Raises: CannotEvaluateError if it cannot be."""
    arguments = configuration.kwargs
    types = {entry["name"]: entry["type"] for entry in column_types}
    if arguments["column"] not in types:
        raise missing_columns([arguments["column"]])
    actual = types[arguments["column"]]
    listed = arguments.get("type_list")
    wanted = [arguments.get("type_")] if listed is None else listed  # a list of no types is met by none
    met = any(name is None or has_type(actual, name) for name in wanted)
    return {"success": met, "result": {"observed_value": actual}}


def _with_comparable_value(check: Check, metrics: dict[str, Any]) -> dict[str, Any]:
    """Take a day for its midnight where a limit is a moment: GX would read the day as a text, and fail."""
    value = metrics.get(check.main)
    limits = [check.configuration.kwargs.get(name) for name in ("min_value", "max_value")]
    moments = [limit for limit in limits if isinstance(limit, dt.datetime)]
    if type(value) is not dt.date or not moments:
        return metrics
    return metrics | {check.main: dt.datetime.combine(value, dt.time(), tzinfo=moments[0].tzinfo)}


def _with_comparable_limits(check: Check, metrics: Mapping[str, Any]) -> Expectation:
    """Give limits that are days a time of day if the column has one: Python refuses to compare the two."""
    value = metrics.get(check.main)
    if not isinstance(value, dt.datetime):
        return check.expectation
    days = {
        name: dt.datetime.combine(limit, dt.time(), tzinfo=value.tzinfo)
        for name in ("min_value", "max_value")
        if isinstance(limit := check.configuration.kwargs.get(name), dt.date) and not isinstance(limit, dt.datetime)
    }
    return check.expectation.copy(update=days) if days else check.expectation
