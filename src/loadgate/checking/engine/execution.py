"""Polars frames enter Great Expectations as batches; leave metrics, all of a suite's in one pass over the frame.

Usable alone, by GX users who know nothing of loadgate:

    context = gx.get_context(mode="ephemeral")  # GX's Validator wants one, of any kind
    validator = validator_for(pl.scan_parquet("orders.parquet"), expectation_suite=suite)
    result = validator.validate()

Metrics written for it with `@metric_value(engine=PolarsExecutionEngine)` work beside the built-in ones; their
function gets the frame from `execution_engine.get_domain_records(domain_kwargs)`.
"""
# ruff: noqa: E402

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Final, NoReturn

from loadgate.checking.engine.quiet import import_gx

import_gx()  # has to come before GX's own modules: it switches telemetry off

import polars as pl
from great_expectations.core import ExpectationValidationResult
from great_expectations.core.batch import Batch, BatchData, BatchMarkers
from great_expectations.exceptions.exceptions import (
    DataContextRequiredError,
    GreatExpectationsError,
    MetricResolutionError,
)
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.expectation_configuration import (
    ExpectationConfiguration,
    parse_result_format,
)
from great_expectations.expectations.metrics.metric_provider import MetricProvider
from great_expectations.expectations.registry import _registered_metrics, register_metric
from great_expectations.expectations.row_conditions import Condition
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validation_graph import MAX_METRIC_COMPUTATION_RETRIES
from great_expectations.validator.validator import Validator

from loadgate.checking.engine.checks import (
    ELSEWHERE,
    ELSEWHERE_METRICS,
    TYPE_CHECKS,
    could_not_run,
    judge_type,
    refuse_elsewhere,
)
from loadgate.checking.engine.compiler import Computed, compile_metrics, is_built_in, run
from loadgate.checking.engine.conditions import compile_condition, plain_condition
from loadgate.checking.engine.csv_pieces import CsvFile
from loadgate.checking.engine.domain import ask
from loadgate.checking.engine.faults import CannotEvaluateError, not_here
from loadgate.checking.engine.object_stores import StorageOptions
from loadgate.checking.engine.parquet_slices import ParquetFile
from loadgate.checking.engine.passes import Guard, unread
from loadgate.checking.engine.scanning import scan
from loadgate.checking.engine.surroundings import Surroundings

_TYPES_REFUSED: Final = (
    "GX's own Validator judges a column's type for its own three engines only; exchange such checks by "
    "loadgate.checking.engine.type_expectations.for_polars(suite), or ask for the metric table.polars_types"
)

_TYPE_FACTS: Final = ("table.column_types", "table.polars_types")
_NO_TABLES: Final[Mapping[str, pl.LazyFrame]] = MappingProxyType({})


class _RefusedTypes:
    """Types of columns that nobody may look at; GX's metrics of a column ask for them, and then do not."""

    def __iter__(self) -> NoReturn:
        raise CannotEvaluateError(_TYPES_REFUSED)

    def __len__(self) -> NoReturn:  # or, of no columns, GX would ask no further
        raise CannotEvaluateError(_TYPES_REFUSED)


class _References(dict[str, pl.LazyFrame]):
    """Other tables by name."""

    def __missing__(self, name: str) -> NoReturn:
        raise CannotEvaluateError(
            f"the table {name} is not there to compare with; give it by its name to set_references of the data source, "
            "or as one of the references of validator_for"
        )


class PolarsBatchData(BatchData):
    """A LazyFrame as a GX batch; nothing is read before a metric is asked for.

    `unfit` is why no metric of it has a value, and `untyped` why those of its columns' types have none, if so.
    """

    def __init__(
        self,
        execution_engine: ExecutionEngine[Any],
        frame: pl.LazyFrame,
        *,
        guard: Guard | None = None,
        file: CsvFile | ParquetFile | None = None,
        unfit: str | None = None,
        untyped: str | None = None,
    ) -> None:
        super().__init__(execution_engine)
        self.frame = frame
        self.guard = guard
        self.file = file
        self.unfit = unfit
        self.untyped = untyped

    def refusal(self, metric_name: str) -> str | None:
        """Why a metric of this batch has no value, whatever its rows are."""
        return self.unfit or (self.untyped if metric_name in _TYPE_FACTS else None)

    @cached_property
    def schema(self) -> pl.Schema:
        """The frame's schema, found out once: of thousands of columns that takes longer than a check of one."""
        return self.frame.collect_schema()


class PolarsExecutionEngine(ExecutionEngine[pl.Expr]):
    """GX's execution engine on Polars. See loadgate.checking.engine.metrics.METRICS for what it can compute."""

    def __init__(
        self,
        *,
        storage_options: StorageOptions | None = None,
        gx_judges_types: bool = False,
        references: Mapping[str, pl.LazyFrame | pl.DataFrame] = _NO_TABLES,
        **arguments: Any,
    ) -> None:
        """Make an engine.

        `storage_options` are for files on S3. `gx_judges_types` says that GX's own Validator runs on it, which leaves
        checks of a column's type without a verdict: who looks at the schema is then refused it, with the reason. Not
        who asks for the types of no batch in particular, as GX's metric retrievers do: a check always names its own.
        `references` are as in set_references.
        """
        register_metrics()
        self._storage_options = dict(storage_options or {})
        self._gx_judges_types = gx_judges_types
        self.set_references(references)
        super().__init__(**arguments)

    def set_references(self, frames: Mapping[str, pl.LazyFrame | pl.DataFrame]) -> None:
        """Give the tables that rules of one's own ask for by name, in place of those that were given before.

        Raises: TypeError if one is no Polars frame.
        """
        for name, frame in frames.items():
            if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
                raise TypeError(f"the table {name} must be a DataFrame or LazyFrame of Polars")
        self._references = _References((name, frame.lazy()) for name, frame in frames.items())

    @property
    def references(self) -> Mapping[str, pl.LazyFrame]:
        """The tables given by name; asked for another one, it raises CannotEvaluateError with what to do."""
        return self._references

    def load_batch_data(self, batch_id: str, batch_data: Any) -> None:
        """Take a DataFrame, a LazyFrame or PolarsBatchData as a batch."""
        if isinstance(batch_data, pl.DataFrame | pl.LazyFrame):
            batch_data = PolarsBatchData(self, batch_data.lazy())
        if not isinstance(batch_data, PolarsBatchData):
            raise GreatExpectationsError(f"a Polars frame is needed, not {type(batch_data).__name__}")
        super().load_batch_data(batch_id=batch_id, batch_data=batch_data)

    def get_batch_data_and_markers(self, batch_spec: Any) -> tuple[PolarsBatchData, BatchMarkers]:
        """Take the frame out of a batch spec's `batch_data`, or scan the files at its `path`.

        GX writes a batch spec into results, as JSON, so the frame does not stay in it.
        Raises: GreatExpectationsError if the files cannot be scanned.
        """
        if "batch_data" in batch_spec:
            frame = batch_spec["batch_data"].lazy()
            batch_spec["batch_data"] = "PolarsLazyFrame"
            data = PolarsBatchData(self, frame)
        else:
            try:
                scanned = scan(batch_spec, storage_options=self._storage_options)
            except CannotEvaluateError as fault:
                raise GreatExpectationsError(fault.reason) from None
            data = PolarsBatchData(
                self,
                scanned.frame,
                guard=scanned.guard,
                file=scanned.file,
                unfit=scanned.unfit,
                untyped=scanned.untyped,
            )
        return data, BatchMarkers(ge_load_time=f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}")

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: dict[Any, Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Any]:
        """Compute all built-in metrics of each batch in one pass, and others by their own functions.

        Raises: MetricResolutionError with the metrics that have no value for one and the same reason; GX asks for the
        rest again. What has a value is put into `metrics` before, because GX asks for all of it again otherwise.
        """
        wanted = list(metrics_to_resolve)
        ours = [metric for metric in wanted if is_built_in(metric.metric_name)]
        others = [metric for metric in wanted if not is_built_in(metric.metric_name)]
        resolved: dict[Any, Any] = {}
        reasons: dict[Any, str] = {}
        for metric in wanted:
            if refusal := self._batch(metric.metric_domain_kwargs.get("batch_id")).refusal(metric.metric_name):
                reasons[metric.id] = refusal
        answered = [metric for metric in ours if metric.id not in reasons]
        for batch_id in dict.fromkeys(metric.metric_domain_kwargs.get("batch_id") for metric in answered):
            batch = [metric for metric in answered if metric.metric_domain_kwargs.get("batch_id") == batch_id]
            computed = _computed(self._batch(batch_id), batch, self._references)
            resolved |= computed.values
            reasons |= computed.reasons
        if self._gx_judges_types and runtime_configuration:
            asked = (metric for metric in ours if metric.metric_name == "table.column_types")
            types = {metric.id for metric in asked if metric.metric_domain_kwargs}
            resolved |= {metric: _RefusedTypes() for metric in types & resolved.keys()}
        if metrics is not None:
            metrics.update(resolved)
        if reasons:
            reason = next(iter(reasons.values()))
            raise _failed([metric for metric in wanted if reasons.get(metric.id) == reason], reason)
        if others:
            resolved |= self._resolved_by_gx(others, metrics, runtime_configuration)
        return resolved

    def _resolved_by_gx(
        self, metrics_to_resolve: list[MetricConfiguration], metrics: Any, runtime_configuration: Any
    ) -> dict[Any, Any]:
        """Let GX call the functions of metrics of one's own. What they raise may quote a row: its text stays here."""
        try:
            return super().resolve_metrics(metrics_to_resolve, metrics, runtime_configuration)
        except MetricResolutionError as error:
            failed = list(error.failed_metrics)
            if isinstance(error.__cause__, CannotEvaluateError):
                raise _failed(failed, error.__cause__.reason) from None
            kind = type(error.__cause__ or error).__name__
        raise _failed(failed, f"the metric {', '.join(metric.metric_name for metric in failed)} raised {kind}")

    def get_domain_records(self, domain_kwargs: dict[str, Any]) -> pl.LazyFrame:
        """The rows of a domain: row_condition and ignore_row_if applied."""
        frame = self._frame(domain_kwargs.get("batch_id"))
        members = ask(domain_kwargs, {}, schema=frame.collect_schema(), flags={}).rows.members
        return frame if members is None else frame.filter(members)

    def get_compute_domain(
        self, domain_kwargs: dict[str, Any], domain_type: Any, accessor_keys: Iterable[str] | None = None
    ) -> tuple[pl.LazyFrame, dict[str, Any], dict[str, Any]]:
        """The rows of a domain, and its arguments parted as GX wants them: for the rows, and for the columns."""
        parted = self._partition_domain_kwargs(domain_kwargs, domain_type, accessor_keys)
        return self.get_domain_records(domain_kwargs), parted.compute, parted.accessor

    def condition_to_filter_clause(self, condition: Condition) -> pl.Expr:
        """Compile a condition against the active batch's columns."""
        plain = plain_condition(condition)
        if plain is None:
            raise CannotEvaluateError("there is no condition")
        return compile_condition(plain, schema=self._frame(None).collect_schema(), flags={})

    _comparison_condition_to_filter_clause = condition_to_filter_clause
    _nullity_condition_to_filter_clause = condition_to_filter_clause
    _and_condition_to_filter_clause = condition_to_filter_clause
    _or_condition_to_filter_clause = condition_to_filter_clause

    def _frame(self, batch_id: str | None) -> pl.LazyFrame:
        """The rows of a batch. Raises: CannotEvaluateError if its files are not one table."""
        batch = self._batch(batch_id)
        if batch.unfit is not None:
            raise CannotEvaluateError(batch.unfit)
        return batch.frame

    def _batch(self, batch_id: str | None) -> PolarsBatchData:
        manager = self.batch_manager
        found = manager.active_batch_data if batch_id is None else manager.batch_data_cache.get(batch_id)
        if not isinstance(found, PolarsBatchData):
            raise GreatExpectationsError("no batch is loaded" if batch_id is None else f"no batch {batch_id}")
        return found


class PolarsValidator(Validator):
    """GX's Validator, which in addition answers what GX leaves to its own three engines: checks of a column's type.

    It needs no context: GX's asks for one only to learn whether its results go to GX Cloud.
    """

    @property
    def _include_rendered_content(self) -> bool:
        try:
            return bool(super()._include_rendered_content)
        except DataContextRequiredError:
            return False

    def graph_validate(
        self, configurations: list[ExpectationConfiguration], runtime_configuration: dict[str, Any] | None = None
    ) -> list[ExpectationValidationResult]:
        """Validate expectations; as in GX, those that raise an exception may come first."""
        ours = [one for one in configurations if one.type in (*TYPE_CHECKS, *ELSEWHERE)]
        others = [one for one in configurations if one.type not in (*TYPE_CHECKS, *ELSEWHERE)]
        wanted = runtime_configuration or {}
        judged = [self._judge(one, wanted) for one in ours]
        return [*judged, *(super().graph_validate(others, runtime_configuration) if others else ())]

    def _judge(self, configuration: ExpectationConfiguration, wanted: dict[str, Any]) -> ExpectationValidationResult:
        try:
            refuse_elsewhere(configuration.type)
            batch_id = configuration.kwargs.get("batch_id")
            types = MetricConfiguration("table.column_types", {} if batch_id is None else {"batch_id": batch_id})
            found = self._execution_engine.resolve_metrics([types])[types.id]
            verdict = judge_type(configuration, found)
        except (CannotEvaluateError, MetricResolutionError) as fault:
            if not wanted.get("catch_exceptions", True):
                raise
            reason = fault.reason if isinstance(fault, CannotEvaluateError) else fault.message
            return could_not_run(0, configuration, reason)[0]
        if parse_result_format(wanted.get("result_format") or "BASIC")["result_format"] == "BOOLEAN_ONLY":
            verdict["result"] = {}
        return ExpectationValidationResult(expectation_config=configuration, **verdict)


def _failed(metrics: list[MetricConfiguration], reason: str) -> MetricResolutionError:
    """GX asks for a metric until it has failed so many times; said at once, it costs no more passes."""
    return MetricResolutionError(message=reason, failed_metrics=metrics * MAX_METRIC_COMPUTATION_RETRIES)


def _computed(
    data: PolarsBatchData, metrics: list[MetricConfiguration], references: Mapping[str, pl.LazyFrame]
) -> Computed:
    """Compute metrics; a frame that cannot even be opened answers none of them, and its text stays here."""
    try:
        plan = compile_metrics(metrics, schema=data.schema, around=Surroundings(references=references))
        return run(plan, data.frame, guard=data.guard, file=data.file)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = unread(error)
    return Computed(values={}, reasons={metric.id: reason for metric in metrics})


def validator_for(
    frame: pl.LazyFrame | pl.DataFrame,
    *,
    references: Mapping[str, pl.LazyFrame | pl.DataFrame] = _NO_TABLES,
    **arguments: Any,
) -> PolarsValidator:
    """Make a GX Validator over a frame; `arguments` go to Validator (an expectation_suite, a data_context).

    `references` are other tables that rules of one's own may ask for by name.
    """
    engine = PolarsExecutionEngine(references=references)
    batch = Batch(data=PolarsBatchData(engine, frame.lazy()))  # type: ignore[arg-type]  # a closed union again
    return PolarsValidator(execution_engine=engine, batches=[batch], **arguments)


def register_metrics() -> None:
    """Tell GX which of its metrics this engine computes. Doing it twice changes nothing.

    GX's decorators for row rules refuse engines other than its own three, so a stub without dependencies is
    registered for each: with none, every metric is ready at once, and resolve_metrics gets them all together.
    So is one for each metric that runs SQL, to say why there is no answer: GX says that it found no provider.
    """
    for name, definition in list(_registered_metrics.items()):
        if "PolarsExecutionEngine" in definition["providers"] or not (is_built_in(name) or name in ELSEWHERE_METRICS):
            continue
        _register(
            name,
            value_keys=definition["metric_value_keys"],
            domain_keys=definition["metric_domain_keys"],
            defaults=definition["default_kwarg_values"],
            provider=partial(_refuse, name) if name in ELSEWHERE_METRICS else _answered_in_one_pass,
        )


def register_own(
    name: str, *, value_keys: tuple[str, ...], domain_keys: tuple[str, ...], defaults: Mapping[str, Any]
) -> None:
    """Tell GX of one metric of a rule, or an aggregate, of one's own.

    `defaults` are for keys that the expectation leaves open.
    """
    _register(
        name, value_keys=value_keys, domain_keys=domain_keys, defaults=dict(defaults), provider=_answered_in_one_pass
    )


def _register(
    name: str,
    *,
    value_keys: tuple[str, ...],
    domain_keys: tuple[str, ...],
    defaults: dict[str, Any],
    provider: Callable[..., None],
) -> None:
    members = {
        "default_kwarg_values": defaults,
        "domain_keys": domain_keys,
        "value_keys": value_keys,
        "_get_evaluation_dependencies": classmethod(_no_dependencies),
    }
    register_metric(
        metric_name=name,
        metric_domain_keys=domain_keys,
        metric_value_keys=value_keys,
        execution_engine=PolarsExecutionEngine,
        metric_class=type("PolarsMetric", (MetricProvider,), members),
        metric_provider=provider,
    )


def _refuse(name: str, **arguments: Any) -> None:
    del arguments
    raise not_here(ELSEWHERE_METRICS[name])


def _no_dependencies(cls: Any, /, **arguments: Any) -> dict[str, Any]:
    del cls, arguments
    return {}


def _answered_in_one_pass(**arguments: Any) -> None:
    del arguments
    raise CannotEvaluateError("PolarsExecutionEngine.resolve_metrics computes this metric, and it was not asked")
