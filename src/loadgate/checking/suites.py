"""Typed rows and a dataset's suite in; out, one outcome per expectation, a GX result without values, and row marks."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from loadgate.checking.engine.outcomes import CheckState
from loadgate.checking.marks import MarksWriter
from loadgate.model.absence import NO_ROWS, absent_columns, has_rows, partly_absent
from loadgate.model.expected import CodeList, Dataset, ExpectationLine
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.identity import key_of, key_once
from loadgate.model.scope import Scope
from loadgate.model.tables import UNDECIDED

if TYPE_CHECKING:
    import polars as pl

    from loadgate.checking.engine.fast import CompiledSuite
    from loadgate.checking.engine.outcomes import CheckOutcome
    from loadgate.checking.engine.validation import Validation

    Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

ASIDE = ("_part", "_row", "_line")
HELD_BYTES = 16 << 20  # of hashes, in memory; the rest goes to files
REFUSED = "Great Expectations refuses its arguments; `loadgate check --deep` names file and line, and says why"
PARAMETERS = ("providers", "period")  # what a suite may ask for by {"$PARAMETER": name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`result`: GX's own JSON, without failing values; None where no row came, so that it was not asked.

    `marks`: MARKS of the rows that fail or are undecided.
    """

    outcomes: tuple[Outcome, ...]
    result: Path | None
    marks: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Another table to hold rows against, without its `absent` columns: those that not all of its files had."""

    rows: pl.LazyFrame
    absent: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A dataset's suite for the engine, of the lines `asked`: those whose arguments GX takes."""

    suite: CompiledSuite
    asked: tuple[ExpectationLine, ...]


class Checking:
    """A dataset's suite over typed rows as they pass by. Use as a context manager, or `close` it.

    A column that no file had is none of the table's, though the typed rows have it, as nulls: a check that reads it is
    not applicable, and says so. So is one that some files lack, where that alone leaves nothing to decide. Of a
    delivery without a row all checks are not applicable: that is a finding of reading's own, as where none came.

    Expectations that look at another table are asked only if `references` has the tables, by name, and then only they:
    see running.crossing. One that reads a column which such a table came without is not applicable either.

    `marks_per_check`: at most so many rows are marked, but all of a check whose rows a harmonisation rule takes.
    `parameters` are what a suite may ask for besides providers and period.
    """

    def __init__(
        self,
        *,
        dataset: Dataset,
        code_lists: Sequence[CodeList],
        providers: Sequence[str],
        period: str,
        scope: Scope,
        into: Path,
        marks_per_check: int | None = None,
        references: Mapping[str, Reference] | None = None,
        parameters: Mapping[str, object] | None = None,
    ) -> None:
        self._dataset = dataset.alone if references is None else dataset.crossing
        self._scope, self._into, self._references = scope, into, references or {}
        self._compiled = compiled(self._dataset, code_lists, period)
        self._parameters: dict[str, object] = {"providers": list(providers), "period": period, **(parameters or {})}
        taken = {f"{dataset.dataset}:{rule.check}" for rule in dataset.rules}
        names = [self._dataset.check_id(line) for line in self._compiled.asked]
        self._marks = MarksWriter(into / "marks.parquet", names, most=marks_per_check, whole=taken)
        self._running: Validation | None = None
        self._absent: frozenset[str] = frozenset()  # as far as the rows told when the first of them came

    def __enter__(self) -> Checking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, typed: pl.DataFrame) -> None:
        """Take the next rows, as reading typed them: with `_undecided.<column>` where one of them could not be read."""
        running = self._running or self._begin(typed.schema, self._lacking(typed))
        seen = self._seen(typed)
        running.add(seen, undecided=[name for name in self._dataset.columns if UNDECIDED + name in seen.columns])
        self._marks.flush()

    def add_all(self, typed: Path) -> None:
        """Take rows that were typed before."""
        self._take(typed)

    def finish(self, typed: Path) -> Checked:
        """Judge the rows. `typed` has all of them again, for checks that take a second look.

        Values that could not be read are undecided for a check that reads them, neither good nor bad.
        """
        import polars as pl

        if not has_rows(typed):
            return self._without_rows()
        running = self._running
        if running is None or self._absent != absent_columns(typed):  # a later file had what the first one lacks
            self.restart()
            running = self._take(typed)
        frame = self._seen(pl.scan_parquet(typed))
        there = frame.collect_schema()
        lacking = [UNDECIDED + name for name in self._columns if UNDECIDED + name not in there]
        frame = frame.with_columns(pl.lit(False).alias(name) for name in lacking)
        validated = running.finish(frame)
        partly = partly_absent(typed)
        told = {
            line.key: replace(self._outcome(line, found, partly), rows_unmarked=self._marks.lost(found.index))
            for line, found in zip(self._compiled.asked, validated.outcomes, strict=True)
        }
        outcomes = tuple(told.get(line.key) or self._unasked(line) for line in self._dataset.expectations)
        result = self._into / "gx_result.json"
        result.write_text(json.dumps(self._compiled.suite.to_json_dict(validated.result), sort_keys=True))
        silent = [found.index for found in validated.outcomes if found.state is CheckState.COULD_NOT_RUN]
        return Checked(outcomes=outcomes, result=result, marks=self._marks.close(without=silent))

    def _without_rows(self) -> Checked:
        """No row can be used: whatever was seen is void, and nobody knows what the checks would have found."""
        self.restart()
        outcomes = tuple(
            self._unasked(line, OutcomeState.NOT_APPLICABLE, NO_ROWS) for line in self._dataset.expectations
        )
        return Checked(outcomes=outcomes, result=None, marks=self._marks.close())

    def _unasked(
        self, line: ExpectationLine, state: OutcomeState = OutcomeState.COULD_NOT_RUN, reason: str = REFUSED
    ) -> Outcome:
        return Outcome(
            check=self._dataset.check_id(line), scope=self._scope, state=state, severity=line.severity, reason=reason
        )

    def restart(self) -> None:
        """Forget all rows."""
        self.close()
        self._running = None
        self._marks.discard()

    def close(self) -> None:
        if self._running is not None:
            self._running.close()
        self._marks.stop()

    @property
    def _columns(self) -> list[str]:
        return [name for name in self._dataset.columns if name not in self._absent]

    def _lacking(self, typed: pl.DataFrame) -> frozenset[str]:
        """Columns that these rows came without, or seem to: what the typed file says of all its rows counts."""
        maybe = [name for name, column in self._dataset.columns.items() if column.optional]
        flags = {name: UNDECIDED + name for name in maybe if UNDECIDED + name in typed.columns}
        return frozenset(name for name, flag in flags.items() if typed[flag].all())

    def _seen(self, typed: Frame) -> Frame:
        """The rows without the columns that did not come."""
        return typed.drop([*self._absent, *(UNDECIDED + name for name in self._absent)], strict=False)

    def _take(self, typed: Path) -> Validation:
        import polars as pl

        running = self._begin(pl.scan_parquet(typed).collect_schema(), absent_columns(typed))
        for rows in row_groups(typed):
            self.add(rows)
        return running

    def _begin(self, schema: Mapping[str, pl.DataType], absent: frozenset[str]) -> Validation:
        self._absent = absent
        self._running = self._compiled.suite.start(
            {name: type_ for name, type_ in schema.items() if not name.startswith(UNDECIDED) and name not in absent},
            parameters=self._parameters,
            undecided={name: UNDECIDED + name for name in self._columns},
            aside=ASIDE,
            references={name: table.rows for name, table in self._references.items()},
            marks=self._marks.add,
            held_bytes=HELD_BYTES,
            folder=self._into,
        )
        return self._running

    def _outcome(self, line: ExpectationLine, found: CheckOutcome, partly: Mapping[str, bool]) -> Outcome:
        outcome = outcome_of(line, self._dataset, found, self._scope)
        missing, there = frozenset(found.missing), self._references.get(line.reference or "")
        if missing and missing <= self._absent:
            return _not_in_file(outcome, missing, of="the file")
        if missing and there is not None and missing <= there.absent:
            return _not_in_file(outcome, missing, of=f"the file of {line.reference}")
        hiding = found.hidden_by
        if hiding and all(name in partly and not (found.all_or_none and partly[name]) for name in hiding):
            return _not_in_file(outcome, hiding, of="every file, and no row is left to decide")
        return outcome


def _not_in_file(outcome: Outcome, columns: Collection[str], *, of: str) -> Outcome:
    """The outcome of a check that reads optional columns that did not come: it did not run, and nobody need mend it."""
    named = ", ".join(sorted(columns))
    reason = f"column {named} is not in {of}" if len(columns) == 1 else f"columns {named} are not in {of}"
    return replace(outcome, state=OutcomeState.NOT_APPLICABLE, reason=reason)


def check(
    typed: Path,
    *,
    dataset: Dataset,
    code_lists: Sequence[CodeList],
    providers: Sequence[str],
    period: str,
    scope: Scope,
    into: Path,
) -> Checked:
    """Evaluate a dataset's suite over rows that were typed before."""
    with Checking(
        dataset=dataset, code_lists=code_lists, providers=providers, period=period, scope=scope, into=into
    ) as checking:
        checking.add_all(typed)
        return checking.finish(typed)


def row_groups(path: Path, *, columns: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
    """A Parquet file's row groups, one at a time; only those of the named columns that it has."""
    import polars as pl
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        wanted = None if columns is None else [name for name in file.schema_arrow.names if name in columns]
        for group in range(file.num_row_groups):
            yield pl.DataFrame(pl.from_arrow(file.read_row_group(group, columns=wanted)))


def compiled(dataset: Dataset, code_lists: Sequence[CodeList], period: str) -> Compiled:
    """The dataset's suite, compiled once per process, content and period."""
    wanted = {line.kwargs.get("code_list") for line in dataset.expectations}
    named = tuple(one for one in code_lists if one.name in wanted)

    def made() -> str:
        return key_of(dataset.model_dump(mode="json"), [one.model_dump(mode="json") for one in named])

    key = f"{key_once(made, 'suite', dataset, *named)} {period}"
    return _compile(_Content(key, dataset, named, period))


@dataclass(frozen=True, slots=True)
class _Content:
    """What a compiled suite depends on; equal and hashed by its key."""

    key: str
    dataset: Dataset
    code_lists: tuple[CodeList, ...]
    period: str

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and other.key == self.key


@lru_cache(maxsize=128)
def _compile(content: _Content) -> Compiled:
    from loadgate.checking.building import objections
    from loadgate.checking.engine.fast import compile_suite

    dataset = content.dataset
    asked = dataset.expectations
    try:
        suite = to_gx_suite(dataset, content.code_lists, content.period)
    except Exception:  # GX raises many kinds
        asked = tuple(line for line in asked if not objections(dataset, line))
        taken = dataset.model_copy(update={"expectations": asked})
        suite = to_gx_suite(taken, content.code_lists, content.period)
    return Compiled(suite=compile_suite(suite, result_format="BASIC"), asked=asked)


def to_gx_suite(dataset: Dataset, code_lists: Sequence[CodeList], period: str) -> Any:
    """The suite as GX's own ExpectationSuite, in the order of the content's lines."""
    from loadgate.checking.engine.quiet import import_gx

    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    from loadgate.checking.arguments import gx_arguments
    from loadgate.checking.conditions import to_gx
    from loadgate.checking.expectations.listed import register

    register(line.type for line in dataset.expectations)
    suite = ExpectationSuite(name=dataset.dataset)
    for line in dataset.expectations:
        kwargs = gx_arguments(line, dataset, code_lists, period)
        if line.where is not None:
            kwargs["row_condition"] = to_gx(line.where)
        configuration = ExpectationConfiguration(
            type=line.type,
            kwargs=kwargs,
            severity=FailureSeverity(line.severity.value),
            meta={"check": dataset.check_id(line), "reason": line.reason},
        )
        # not add_expectation: it refuses two lines that differ in nothing but their id
        suite.expectations.append(configuration.to_domain_obj())
    return suite


def outcome_of(line: ExpectationLine, dataset: Dataset, found: CheckOutcome, scope: Scope) -> Outcome:
    """What the engine says of a line's expectation, as the month keeps it."""
    return Outcome(
        check=dataset.check_id(line),
        scope=scope,
        state=OutcomeState(found.state.value.replace("_", " ")),
        severity=line.severity,
        rows_checked=found.rows_checked,
        rows_failed=found.rows_failed,
        rows_undecided=found.rows_undecided,
        observed=found.observed,
        reason=found.reason,
    )
