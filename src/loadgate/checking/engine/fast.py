"""A GX suite enters once, then a frame per file; leave genuine GX results without values, and outcomes.

The suite's metrics are compiled once and answered in one pass per file; GX itself judges them, through each
expectation's own `_validate`. Its Validator, which takes ten times as long for a small file, is not used.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine import marks
from loadgate.checking.engine.checks import Check, could_not_run, evaluate, prepare
from loadgate.checking.engine.compiler import Computed, Plan, compile_metrics, run
from loadgate.checking.engine.csv_pieces import CsvFile
from loadgate.checking.engine.faults import CannotEvaluateError, NeedsEngineError, arguments_fit
from loadgate.checking.engine.folding import NO_SECOND_PASS, Fold
from loadgate.checking.engine.hashes import HELD_BYTES
from loadgate.checking.engine.marks import Marking, Marks
from loadgate.checking.engine.outcomes import CheckOutcome, CheckState, Validated
from loadgate.checking.engine.parameters import fill, listed, parameter_names
from loadgate.checking.engine.parquet_slices import ParquetFile
from loadgate.checking.engine.passes import unread
from loadgate.checking.engine.quiet import import_gx
from loadgate.checking.engine.rules import failed
from loadgate.checking.engine.surroundings import Surroundings
from loadgate.checking.engine.validation import Validation

if TYPE_CHECKING:
    import polars as pl
    from great_expectations.core import (
        ExpectationSuite,
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

__all__ = ["CheckOutcome", "CheckState", "CompiledSuite", "Validated", "Validation", "compile_suite"]

ASIDE: Final = ("_row", "_line")
"""Columns that readers add to a frame: they are not part of the table that a suite describes."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_MOST_KEPT = 256  # plans and filled-in expectations; a month has a handful of schemas per suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A place in the suite: its check, or why there is none, or (while parameters are open) neither yet.

    `by_gx` if GX's own Validator is asked, since the metrics are not ours; `reason` then says which.
    """

    index: int
    configuration: ExpectationConfiguration
    check: Check | None = None
    reason: str | None = None
    parameters: tuple[str, ...] = ()
    by_gx: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledSuite:
    """A suite that has been compiled; see compile_suite. Safe to share between threads, not between processes."""

    name: str
    planned: tuple[Planned, ...]
    result_format: Mapping[str, Any]
    values: bool = False
    _filled: dict[Hashable, Planned] = field(default_factory=dict)
    _plans: dict[Hashable, Plan] = field(default_factory=dict)
    _written: dict[int, tuple[ExpectationConfiguration, dict[str, Any]]] = field(default_factory=dict)

    def validate(
        self,
        frame: pl.LazyFrame | CsvFile | ParquetFile,
        *,
        parameters: Mapping[str, object] = _NOTHING,
        undecided: Mapping[str, str] = _NOTHING,
        aside: Collection[str] = ASIDE,
        references: Mapping[str, pl.LazyFrame] = _NOTHING,
    ) -> Validated:
        """Validate one frame, or one file.

        `parameters` fill `{"$PARAMETER": name}`. `undecided` names, per column, the boolean column of the frame that
        says where a value failed to cast; those columns and `aside` are no part of the table. `references` are other
        tables that rules of one's own may ask for by name. Never raises for bad data, nor for a file that cannot be
        read: what cannot be evaluated has its outcome.
        Raises: KeyError if a flag column named in `undecided` is not in the frame.
        """
        import polars as pl

        around = Surroundings(undecided=undecided, aside=aside, references=references)
        planned = [self._fill(entry, parameters) for entry in self.planned]
        file = frame if isinstance(frame, CsvFile | ParquetFile) else None
        try:
            rows = frame.frame() if isinstance(frame, CsvFile | ParquetFile) else frame
            schema = rows.collect_schema()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            return self._unread(planned, unread(error), parameters)
        plan = self._plan(_checks(planned), schema, around)
        return self._judged(planned, rows, run(plan, rows, file=file), parameters, around)

    def start(
        self,
        schema: Mapping[str, pl.DataType],
        *,
        parameters: Mapping[str, object] = _NOTHING,
        undecided: Mapping[str, str] = _NOTHING,
        aside: Collection[str] = ASIDE,
        references: Mapping[str, pl.LazyFrame] = _NOTHING,
        marks: Marks | None = None,
        held_bytes: int = HELD_BYTES,
        folder: Path | None = None,
    ) -> Validation:
        """Validate a table as its rows pass by: `add` each batch, then `finish`.

        `schema` is the table's; the flag columns named in `undecided` may be in it or not, see Validation.add. `marks`
        gets frames of the rows that fail a check or cannot be decided by it; the batches need `_row` then. It may get
        rows of a check that in the end could not run: its outcome says so. Hashes of which more than `held_bytes` come
        together go to a private place in `folder`, never values.
        """
        import polars as pl

        around = Surroundings(undecided=undecided, aside=aside, references=references)
        planned = [self._fill(entry, parameters) for entry in self.planned]
        checks = _checks(planned)
        full = {**schema, **{flag: pl.Boolean() for flag in undecided.values() if flag not in schema}}
        marking = None if marks is None else Marking(checks, marks, around=around)
        watch = None if marking is None else marking.watch
        return Validation(
            Fold(self._plan(checks, full, around), watch=watch, held_bytes=held_bytes, folder=folder),
            undecided=undecided,
            judge=lambda frame, computed: self._judged(planned, frame, computed, parameters, around),
            marking=marking,
        )

    def _judged(
        self,
        planned: Sequence[Planned],
        frame: pl.LazyFrame | None,
        computed: Computed,
        parameters: Mapping[str, object],
        around: Surroundings,
    ) -> Validated:
        here = around.of_rows(doubted=computed.doubted)
        return _validated(self.name, [self._judge(entry, frame, computed, here) for entry in planned], parameters)

    def _unread(self, planned: Sequence[Planned], reason: str, parameters: Mapping[str, object]) -> Validated:
        known = [None if one.by_gx else one.reason for one in planned]
        refused = [
            could_not_run(one.index, one.configuration, why or reason) for one, why in zip(planned, known, strict=True)
        ]
        return _validated(self.name, refused, parameters)

    def _judge(
        self, entry: Planned, frame: pl.LazyFrame | None, computed: Computed, around: Surroundings
    ) -> tuple[ExpectationValidationResult, CheckOutcome]:
        if entry.check is not None:
            return evaluate(entry.check, computed, undecided=around.undecided, result_format=self.result_format)
        if not entry.by_gx:
            return could_not_run(entry.index, entry.configuration, entry.reason or "its parameters are open")
        if frame is None:
            return could_not_run(entry.index, entry.configuration, NO_SECOND_PASS)
        from loadgate.checking.engine.delegation import validate_by_gx

        return validate_by_gx(
            entry.index,
            entry.configuration,
            frame,
            around=around,
            result_format=self.result_format,
            whole=self.values,
        )

    def to_json_dict(self, result: ExpectationSuiteValidationResult) -> dict[str, Any]:
        """GX's own JSON of one of this suite's results.

        Nine tenths of GX's time for it go into the configurations, which are the same for every file.
        """
        from great_expectations.util import convert_to_json_serializable

        results = []
        for one in result.results:
            configuration = one.expectation_config and self._configuration(one.expectation_config)
            written = {"success": one.success, "expectation_config": configuration}
            for name in ("result", "meta", "exception_info"):
                written[name] = convert_to_json_serializable(dict(getattr(one, name)))
            results.append(written)
        return {
            "id": result.id,
            "success": result.success,
            "results": results,
            "suite_name": result.suite_name,
            "suite_parameters": convert_to_json_serializable(dict(result.suite_parameters)),
            "statistics": convert_to_json_serializable(dict(result.statistics)),
            "meta": convert_to_json_serializable(dict(result.meta)),
        }

    def _configuration(self, configuration: ExpectationConfiguration) -> dict[str, Any]:
        kept = self._written.get(id(configuration))
        if kept is None:
            kept = configuration, configuration.to_json_dict()
            _make_room(self._written)
            self._written[id(configuration)] = kept
        return kept[1]

    def failing_rows(
        self,
        frame: pl.LazyFrame,
        *,
        parameters: Mapping[str, object] = _NOTHING,
        undecided: Mapping[str, str] = _NOTHING,
        aside: Collection[str] = ASIDE,
        references: Mapping[str, pl.LazyFrame] = _NOTHING,
        checks: Collection[int] | None = None,
    ) -> pl.LazyFrame:
        """List failing rows: `_row` as in the frame, `check` (UInt32) the expectation's index; one pass when collected.

        Only checks of rows have any. `checks` narrows it to those indexes: pass the failed ones, it saves the others'
        work. `references` as in validate; a check whose table is not among them has no rows here.
        Raises: KeyError if the frame has no `_row`. When collected it raises Polars' exception, which may quote values,
        if one of the checks could not run on these rows, as where a sum has more digits than a decimal: `validate` says
        which, and those that failed, passed as `checks`, do not.
        """
        around = Surroundings(undecided=undecided, aside=aside, references=references)
        return marks.mark_rows(frame, self._rules(parameters, checks), around=around, mask=failed)

    def undecided_rows(
        self,
        frame: pl.LazyFrame,
        *,
        parameters: Mapping[str, object] = _NOTHING,
        undecided: Mapping[str, str] = _NOTHING,
        aside: Collection[str] = ASIDE,
        references: Mapping[str, pl.LazyFrame] = _NOTHING,
        checks: Collection[int] | None = None,
    ) -> pl.LazyFrame:
        """List rows that checks could not decide, in the shape of failing_rows."""
        around = Surroundings(undecided=undecided, aside=aside, references=references)
        return marks.mark_rows(frame, self._rules(parameters, checks), around=around, mask=marks.undecided)

    def _rules(self, parameters: Mapping[str, object], indexes: Collection[int] | None) -> list[Check]:
        entries = (entry for entry in self.planned if indexes is None or entry.index in indexes)
        checks = (self._fill(entry, parameters).check for entry in entries)
        return [check for check in checks if check is not None and check.rule is not None]

    def _fill(self, entry: Planned, parameters: Mapping[str, object]) -> Planned:
        if not entry.parameters:
            return entry
        key = (entry.index, *(repr(listed(parameters.get(name))) for name in entry.parameters))
        found = self._filled.get(key)
        if found is None:
            found = _filled(entry, parameters, self.result_format if self.values else None)
            _make_room(self._filled)
            self._filled[key] = found
        return found

    def _plan(self, checks: Sequence[Check], schema: Mapping[str, pl.DataType], around: Surroundings) -> Plan:
        metrics = [metric for check in checks for metric in check.asks(around.undecided)]
        if around.references:  # a plan holds what it was compiled against
            return compile_metrics(metrics, schema=schema, around=around)
        key = (
            tuple(schema.items()),
            tuple(around.undecided.items()),
            tuple(around.aside),
            tuple(metric.id for metric in metrics),
        )
        plan = self._plans.get(key)
        if plan is None:
            plan = compile_metrics(metrics, schema=schema, around=around)
            _make_room(self._plans)
            self._plans[key] = plan
        return plan


def compile_suite(
    suite: ExpectationSuite, *, result_format: str | Mapping[str, Any] = "BASIC", values: bool = False
) -> CompiledSuite:
    """Compile a suite once, to validate many files with it.

    `result_format` is GX's. Without `values` no failing value enters the result, so BASIC, SUMMARY and COMPLETE
    differ in nothing, and BOOLEAN_ONLY leaves the counts out too; with them the results are GX's own, whole.
    Outcomes are always whole, and never hold a value.
    """
    import_gx()
    from great_expectations.expectations.expectation_configuration import parse_result_format

    wanted = parse_result_format(result_format if isinstance(result_format, str) else dict(result_format))
    if not values:
        wanted |= {"exclude_unexpected_values": True, "partial_unexpected_count": 0, "include_unexpected_rows": False}
    whole = wanted if values else None
    planned = tuple(_planned(index, expectation, whole) for index, expectation in enumerate(suite.expectations))
    return CompiledSuite(name=suite.name, planned=planned, result_format=wanted, values=values)


def _planned(index: int, expectation: Expectation, whole: Mapping[str, Any] | None) -> Planned:
    configuration = expectation.configuration
    if names := parameter_names(configuration.kwargs):
        return Planned(index=index, configuration=configuration, parameters=names)
    return _prepared(index, expectation, configuration, whole)


def _prepared(
    index: int, expectation: Expectation, configuration: ExpectationConfiguration, whole: Mapping[str, Any] | None
) -> Planned:
    try:
        with arguments_fit():
            check = prepare(index, expectation, result_format=whole)
    except NeedsEngineError as fault:
        return Planned(index=index, configuration=configuration, reason=fault.reason, by_gx=True)
    except CannotEvaluateError as fault:
        return Planned(index=index, configuration=configuration, reason=fault.reason)
    return Planned(index=index, configuration=configuration, check=check)


def _filled(entry: Planned, parameters: Mapping[str, object], whole: Mapping[str, Any] | None) -> Planned:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    open_form = entry.configuration
    try:
        configuration = ExpectationConfiguration(
            type=open_form.type,
            kwargs=fill(open_form.kwargs, parameters),
            meta=open_form.meta,
            notes=open_form.notes,
            description=open_form.description,
            severity=open_form.severity,
            id=open_form.id,
        )
        expectation = configuration.to_domain_obj()
    except CannotEvaluateError as fault:
        return Planned(index=entry.index, configuration=open_form, reason=fault.reason)
    except (ValueError, TypeError, ArithmeticError):
        names = ", ".join(entry.parameters)
        reason = f"the expectation does not take the value of its parameter {names}"
        return Planned(index=entry.index, configuration=open_form, reason=reason)
    return _prepared(entry.index, expectation, configuration, whole)


def _checks(planned: Sequence[Planned]) -> list[Check]:
    return [entry.check for entry in planned if entry.check is not None]


def _make_room(kept: dict[Any, Any]) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()


def _validated(
    name: str, judged: Sequence[tuple[ExpectationValidationResult, CheckOutcome]], parameters: Mapping[str, object]
) -> Validated:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.validator.validation_statistics import calc_validation_statistics

    results = [result for result, _ in judged]
    statistics = calc_validation_statistics(results)._asdict()
    result = ExpectationSuiteValidationResult(
        success=statistics.pop("success"),
        results=results,
        suite_name=name,
        suite_parameters={
            key: value if isinstance(value, str | int | float) else str(value) for key, value in parameters.items()
        },
        statistics=statistics,
    )
    return Validated(result=result, outcomes=tuple(outcome for _, outcome in judged))
