"""GX metric configurations and a LazyFrame enter; {metric id: value} leaves, and for each metric without one a reason.

One pass over the frame answers every metric; more follow only where rows are listed, where equal hashes have to be
compared, and for what no batch alone can help to, see needs.Whole.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Final, assert_never

from loadgate.checking.engine import aggregates, csv_pieces, parquet_slices, rules, samples
from loadgate.checking.engine.csv_pieces import CsvFile
from loadgate.checking.engine.domain import Asked, ask
from loadgate.checking.engine.exact_names import all_of
from loadgate.checking.engine.faults import CannotEvaluateError, not_here
from loadgate.checking.engine.folding import Computed, Fold
from loadgate.checking.engine.metrics import METRICS, OWN_RULES, Aggregate, Metric, RowRule, SchemaFact
from loadgate.checking.engine.needs import Question
from loadgate.checking.engine.parquet_slices import ParquetFile
from loadgate.checking.engine.passes import Guard, SurplusError, UnreadableError, batches, broken, guarded
from loadgate.checking.engine.plans import Compiled, Known, Plan
from loadgate.checking.engine.surroundings import ALONE, Surroundings

if TYPE_CHECKING:
    import polars as pl
    from great_expectations.validator.metric_configuration import MetricConfiguration

__all__ = ["Computed", "Plan", "compile_metrics", "is_built_in", "is_shown", "look_up", "run"]

FAILURES: Final = ".unexpected_count"
CHECKED: Final = ".filtered_row_count"
COUNTED: Final = (FAILURES, CHECKED)
"""Suffixes of a row rule's name that are counted in the one pass."""
UNDECIDED: Final = ".undecided_count"
ELEMENTS: Final = ".element_count"
OPENS: Final = ".opens"
DOUBT: Final = (UNDECIDED, ELEMENTS, OPENS)
"""Suffixes of our own, for rules that may leave rows undecided themselves; GX knows nothing of them."""
SURPLUS: Final = "some rows have more fields than the table has columns"
ANOTHER_TABLE: Final = "it counts the rows of another table, and here is only one"
"""Why the count that GX asks of another table, as table.row_count with a table in its domain, has no answer."""


def compile_metrics(
    metrics: Iterable[MetricConfiguration],
    *,
    schema: Mapping[str, pl.DataType],
    around: Surroundings = ALONE,
) -> Plan:
    """Make the plan of metrics over frames with a schema.

    Raises: KeyError if a flag column that is named `around` the table is not in the schema.
    """
    delivered = around.delivered(schema)
    by_id: dict[Hashable, MetricConfiguration] = {metric.id: metric for metric in metrics}

    def compile_one(metric: Hashable, flags: Mapping[str, pl.Expr]) -> Compiled:
        return compile_metric(by_id[metric], schema=delivered, flags=flags, references=around.references)

    return Plan(metrics=tuple(by_id), schema=schema, flags=around.flags(schema), compile_one=compile_one)


def run(
    plan: Plan, frame: pl.LazyFrame, *, guard: Guard | None = None, file: CsvFile | ParquetFile | None = None
) -> Computed:
    """Run a plan over a frame with the schema that it was compiled for.

    With a `guard`, nothing has a value if a row has more fields than there are columns. `file` has the frame's rows.
    """
    with Fold(plan) as fold:
        try:
            feed(fold, frame, guard=guard, file=file)
            return fold.finish(frame)
        except SurplusError:
            return Computed(values={}, reasons=dict.fromkeys(plan.metrics, SURPLUS))
        except UnreadableError as error:
            fault = error
    alone = plan.apart()
    if len(alone) <= 1:
        return Computed(values={}, reasons=dict.fromkeys(plan.metrics, broken(fault.kind)))
    parts = [run(part, frame, guard=guard, file=file) for part in alone]
    return Computed(
        values={metric: value for part in parts for metric, value in part.values.items()},
        reasons={metric: reason for part in parts for metric, reason in part.reasons.items()},
        missing={metric: names for part in parts for metric, names in part.missing.items()},
        doubted=frozenset(column for part in parts for column in part.doubted),
    )


def feed(
    fold: Fold, frame: pl.LazyFrame, *, guard: Guard | None = None, file: CsvFile | ParquetFile | None = None
) -> None:
    """Stream the columns concerned of a frame through a fold. Raises: UnreadableError."""
    plan = fold.plan
    if not plan.reads_batches and not (guard is not None and plan.variant(frozenset()).needs):
        return
    # Polars counts a CSV file's rows by its line breaks, whether or not they can be read: so one column always is.
    columns = ([*plan.schema][:1] or None) if plan.columns == [] else plan.columns
    if guard is not None and (columns is None or len(columns) == len(plan.schema)):
        guard = None  # Polars notices by itself
    if isinstance(file, CsvFile) and guard is None and not plan.flags and not plan.carries:
        pieces = csv_pieces.cut(file, plan.schema, columns)
        if pieces is not None:
            with pieces:
                rest = pieces.rest(fold.add_read(pieces.read))
            if rest is None:
                return
            frame = rest
    if guard is not None:
        wanted = guard.frame.select(all_of([*(columns or ()), guard.column]))
    else:
        wanted = frame if columns is None else frame.select(all_of(columns))
    cuts = parquet_slices.cut(file) if isinstance(file, ParquetFile) else None
    stream = batches(wanted, in_order=plan.in_order) if cuts is None else parquet_slices.slices(wanted, cuts)
    with closing(stream) as rows:  # or an exception's traceback would keep it reading
        kept = rows if guard is None else guarded(rows, guard)
        fold.add_all((batch, plan.up(batch)) for batch in kept)


def compile_metric(
    metric: MetricConfiguration,
    *,
    schema: Mapping[str, pl.DataType],
    flags: Mapping[str, pl.Expr],
    references: Mapping[str, pl.LazyFrame],
) -> Compiled:
    """Compile one metric. Raises: CannotEvaluateError with the reason."""
    entry, suffix = look_up(metric.metric_name)
    if isinstance(entry, SchemaFact):
        return Known(value=entry.answer(schema))
    asked = ask_for(metric, schema=schema, flags=flags, references=references)
    match entry:
        case Aggregate():
            return entry.build(asked)
        case RowRule() if suffix == FAILURES:
            return rules.failed_count(entry, asked, _question(metric, entry, asked))
        case RowRule() if suffix == CHECKED:
            return rules.checked_count(entry, asked)
        case RowRule() if suffix == UNDECIDED:
            return aggregates.undecided_count(asked)
        case RowRule() if suffix == ELEMENTS:
            return aggregates.element_count(asked)
        case RowRule() if suffix == OPENS:
            return Known(value=entry.opens is not None and entry.opens(asked))
        case RowRule():
            paired = "column_A" in metric.metric_domain_kwargs
            question = _question(metric, entry, asked)
            return samples.sample(entry, asked, suffix=suffix, question=question, paired=paired)
        case _:
            assert_never(entry)


def _question(metric: MetricConfiguration, rule: RowRule, asked: Asked) -> Question:
    return Question(
        name=metric.metric_name.rpartition(".")[0],
        domain=metric.metric_domain_kwargs_id,
        arguments=metric.metric_value_kwargs.to_id(id_ignore_keys={"result_format"}),
        rule=rule,
        asked=asked,
    )


def ask_for(
    metric: MetricConfiguration,
    *,
    schema: Mapping[str, pl.DataType],
    flags: Mapping[str, pl.Expr],
    references: Mapping[str, pl.LazyFrame],
) -> Asked:
    """Resolve a metric's domain, and what its rule leaves open. Raises: CannotEvaluateError if a column is missing."""
    if metric.metric_domain_kwargs.get("table"):
        raise not_here(ANOTHER_TABLE)
    asked = ask(
        metric.metric_domain_kwargs, metric.metric_value_kwargs, schema=schema, flags=flags, references=references
    )
    entry, _ = look_up(metric.metric_name)
    return rules.opened(entry, asked) if isinstance(entry, RowRule) else asked


def look_up(name: str) -> tuple[Metric, str]:
    """Find a metric by GX's name; a row rule's name ends in a suffix.

    Raises: CannotEvaluateError if this engine does not have it.
    """
    entry = METRICS.get(name) or OWN_RULES.get(name)
    if entry is not None and not isinstance(entry, RowRule):
        return entry, ""
    stem, _, ending = name.rpartition(".")
    suffix = f".{ending}"
    rule = METRICS.get(stem) or OWN_RULES.get(stem)
    if isinstance(rule, RowRule) and suffix in (*COUNTED, *DOUBT, *samples.SUFFIXES):
        return rule, suffix
    raise CannotEvaluateError(f"the metric {name} is not built into this engine")


def is_built_in(name: str) -> bool:
    try:
        look_up(name)
    except CannotEvaluateError:
        return False
    return True


def is_shown(name: str) -> bool:
    """Whether it is an aggregate of one's own whose observed number may be shown."""
    entry = OWN_RULES.get(name)
    return isinstance(entry, Aggregate) and entry.shown
