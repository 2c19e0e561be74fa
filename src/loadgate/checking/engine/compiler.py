"""GX metric configurations and a LazyFrame enter; {metric id: value} leaves, and for each metric without one a reason.

One pass over the frame answers every metric; two more follow only where a check failed: exact counts of duplicates,
and samples of failing rows if they were asked for.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from loadgate.checking.engine import rules, samples
from loadgate.checking.engine.aggregates import Reduction
from loadgate.checking.engine.domain import Asked, ask
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.metrics import METRICS, OWN_RULES, Aggregate, Metric, RowRule, SchemaFact
from loadgate.checking.engine.passes import count_meeting, passes_over_hashes, preflight, reduce_frame

if TYPE_CHECKING:
    import polars as pl
    from great_expectations.validator.metric_configuration import MetricConfiguration

COUNTS = {".unexpected_count": rules.failed_count, ".filtered_row_count": rules.checked_count}
"""Suffixes of a row rule's name that are counted in the one pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Metrics compiled against one schema: what is known already, what the pass yields, and what cannot be had."""

    known: Mapping[Hashable, Any]
    reductions: Mapping[Hashable, Reduction]
    samples: Mapping[Hashable, samples.Sample]
    reasons: Mapping[Hashable, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """`values` and `reasons` together have every metric that was asked for; no metric is in both."""

    values: Mapping[Hashable, Any]
    reasons: Mapping[Hashable, str]


def compute(
    frame: pl.LazyFrame,
    metrics: Iterable[MetricConfiguration],
    *,
    undecided: Mapping[str, str | pl.Expr] | None = None,
) -> Computed:
    """Compute metrics over a frame.

    `undecided` names, per column, a boolean column (or gives an expression) that says where a value failed to cast.
    """
    return run(compile_metrics(metrics, schema=frame.collect_schema(), undecided=undecided or {}), frame)


def compile_metrics(
    metrics: Iterable[MetricConfiguration],
    *,
    schema: Mapping[str, pl.DataType],
    undecided: Mapping[str, str | pl.Expr],
    aside: Iterable[str] = (),
    references: Mapping[str, pl.LazyFrame] | None = None,
) -> Plan:
    """Compile metrics and try each on no rows, so that one bad pattern or missing column spoils nothing else.

    `aside` names columns of the frame that are not part of the delivered table; `references` are other tables that
    rules may ask for by name.
    """
    flags = flag_expressions(schema, undecided)
    hidden = {*aside, *(name for name in undecided.values() if isinstance(name, str))}
    delivered = {name: dtype for name, dtype in schema.items() if name not in hidden}
    known: dict[Hashable, Any] = {}
    reductions: dict[Hashable, Reduction] = {}
    wanted_samples: dict[Hashable, samples.Sample] = {}
    reasons: dict[Hashable, str] = {}
    for metric in {metric.id: metric for metric in metrics}.values():
        try:
            match compile_metric(metric, schema=delivered, flags=flags, references=references):
                case Reduction() as reduction:
                    reductions[metric.id] = reduction
                case samples.Sample() as sample:
                    wanted_samples[metric.id] = sample
                case Known(value=value):
                    known[metric.id] = value
        except CannotEvaluateError as fault:
            reasons[metric.id] = fault.reason
    spoilt = preflight(schema, {key: reduction.expr for key, reduction in reductions.items()})
    spoilt |= preflight(schema, {key: sample.mask.sum() for key, sample in wanted_samples.items()})
    return Plan(
        known=known,
        reductions={key: reduction for key, reduction in reductions.items() if key not in spoilt},
        samples={key: sample for key, sample in wanted_samples.items() if key not in spoilt},
        reasons=reasons | spoilt,
    )


def run(plan: Plan, frame: pl.LazyFrame) -> Computed:
    """Run a plan over a frame with the schema that it was compiled for."""
    hashed = {key: reduction.hashes for key, reduction in plan.reductions.items() if reduction.hashes is not None}
    passes = passes_over_hashes(frame) if hashed else 0
    hashed = hashed if passes else {}
    first = {key: reduction.expr for key, reduction in plan.reductions.items() if key not in hashed}
    failing = {("failing", key): sample.mask.sum() for key, sample in plan.samples.items()}
    raw, reasons = reduce_frame(frame, first | failing)
    for key, pick in hashed.items():
        counted, uncounted = count_meeting(pick(frame), key=key, passes=passes)
        raw, reasons = raw | counted, reasons | uncounted
    found = {key: raw.pop(("failing", key), 0) for key in plan.samples}
    reasons = {key[1] if key in failing else key: reason for key, reason in reasons.items()}
    doubtful = {
        key: reduction.confirm
        for key, reduction in plan.reductions.items()
        if reduction.confirm is not None and raw.get(key)
    }
    exact, unconfirmed = reduce_frame(frame, doubtful)
    reasons |= unconfirmed
    raw = {key: value for key, value in (raw | exact).items() if key not in unconfirmed}
    values = dict(plan.known)
    for key, value in raw.items():
        try:
            values[key] = plan.reductions[key].finish(value)
        except CannotEvaluateError as fault:
            reasons[key] = fault.reason
    for key, sample in plan.samples.items():
        if key not in reasons:
            _sample_into(values, reasons, key, sample if found[key] else None, frame)
    return Computed(values=values, reasons=dict(plan.reasons) | reasons)


def _sample_into(
    values: dict[Hashable, Any],
    reasons: dict[Hashable, str],
    key: Hashable,
    sample: samples.Sample | None,
    frame: pl.LazyFrame,
) -> None:
    import polars as pl

    try:
        values[key] = [] if sample is None else samples.take(frame, sample)
    except pl.exceptions.PolarsError as error:
        reasons[key] = f"failing rows could not be sampled ({type(error).__name__})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A metric that needs no row."""

    value: Any


def compile_metric(
    metric: MetricConfiguration,
    *,
    schema: Mapping[str, pl.DataType],
    flags: Mapping[str, pl.Expr],
    references: Mapping[str, pl.LazyFrame] | None = None,
) -> Reduction | samples.Sample | Known:
    """Compile one metric. Raises: CannotEvaluateError with the reason."""
    entry, suffix = look_up(metric.metric_name)
    if isinstance(entry, SchemaFact):
        return Known(value=entry.answer(schema))
    asked = ask_for(metric, schema=schema, flags=flags, references=references)
    match entry:
        case Aggregate():
            return entry.build(asked)
        case RowRule() if suffix in COUNTS:
            return COUNTS[suffix](entry, asked)
        case RowRule():
            return samples.sample(entry, asked, suffix=suffix, paired="column_A" in metric.metric_domain_kwargs)
        case _:
            assert_never(entry)


def ask_for(
    metric: MetricConfiguration,
    *,
    schema: Mapping[str, pl.DataType],
    flags: Mapping[str, pl.Expr],
    references: Mapping[str, pl.LazyFrame] | None = None,
) -> Asked:
    """Resolve a metric's domain. Raises: CannotEvaluateError if a column is missing."""
    if metric.metric_domain_kwargs.get("table"):
        raise CannotEvaluateError("another table is asked for, and this engine sees one frame only")
    return ask(
        metric.metric_domain_kwargs, metric.metric_value_kwargs, schema=schema, flags=flags, references=references
    )


def look_up(name: str) -> tuple[Metric, str]:
    """Find a metric by GX's name; a row rule's name ends in a suffix.

    Raises: CannotEvaluateError if this engine does not have it.
    """
    entry = METRICS.get(name)
    if entry is not None and not isinstance(entry, RowRule):
        return entry, ""
    stem, _, ending = name.rpartition(".")
    suffix = f".{ending}"
    rule = METRICS.get(stem) or OWN_RULES.get(stem)
    if isinstance(rule, RowRule) and (suffix in COUNTS or suffix in samples.SUFFIXES):
        return rule, suffix
    raise CannotEvaluateError(f"the metric {name} is not built into this engine")


def is_built_in(name: str) -> bool:
    try:
        look_up(name)
    except CannotEvaluateError:
        return False
    return True


def flag_expressions(schema: Mapping[str, pl.DataType], undecided: Mapping[str, str | pl.Expr]) -> dict[str, pl.Expr]:
    """Make, per column, the expression that is true where its value failed to cast.

    Raises: KeyError if a named flag column is not in the frame: silently taking it for "all fine" would pass rows.
    """
    import polars as pl

    for name in undecided.values():
        if isinstance(name, str) and name not in schema:
            raise KeyError(f"the flag column {name} is not in the frame")
    named = {column: pl.col(flag) if isinstance(flag, str) else flag for column, flag in undecided.items()}
    return {column: flag.fill_null(False) for column, flag in named.items()}
