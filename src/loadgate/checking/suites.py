"""Typed rows and a dataset's suite in; out, one outcome per expectation, a GX result without values, and row marks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.model.expected import CodeList, Dataset, ExpectationLine
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.identity import key_of, key_once
from loadgate.model.period import Period
from loadgate.model.scope import Scope
from loadgate.model.tables import MARKS, schema

if TYPE_CHECKING:
    import polars as pl

    from loadgate.checking.engine.fast import CompiledSuite
    from loadgate.checking.engine.outcomes import CheckOutcome

ASIDE = ("_part", "_row", "_line")
UNDECIDED = "_undecided."
PARAMETERS = ("providers", "period")  # what a suite may ask for by {"$PARAMETER": name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`result`: GX's own JSON, without failing values. `marks`: MARKS of the rows that fail or are undecided."""

    outcomes: tuple[Outcome, ...]
    result: Path
    marks: Path


def check(
    typed: Path,
    *,
    dataset: Dataset,
    code_lists: Sequence[CodeList],
    providers: Sequence[str],
    period: str,
    undecided: Sequence[str],
    scope: Scope,
    into: Path,
) -> Checked:
    """Evaluate a dataset's suite over typed rows in one pass; a second one only for the marks of checks that failed.

    `undecided` are columns with values that could not be read: their rows are undecided, neither good nor bad.
    """
    import polars as pl

    suite = compiled(dataset, code_lists, period)
    frame = pl.scan_parquet(typed)
    flags = {column: f"{UNDECIDED}{column}" for column in undecided}
    parameters: dict[str, object] = {"providers": list(providers), "period": period}
    validated = suite.validate(frame, parameters=parameters, undecided=flags, aside=ASIDE)
    outcomes = tuple(
        _outcome(line, dataset, found, scope)
        for line, found in zip(dataset.expectations, validated.outcomes, strict=True)
    )
    result = into / "gx_result.json"
    result.write_text(json.dumps(suite.to_json_dict(validated.result), sort_keys=True))
    marks = into / "marks.parquet"
    _marks(suite, frame, dataset, validated.outcomes, parameters, flags).write_parquet(marks)
    return Checked(outcomes=outcomes, result=result, marks=marks)


def compiled(dataset: Dataset, code_lists: Sequence[CodeList], period: str) -> CompiledSuite:
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
def _compile(content: _Content) -> CompiledSuite:
    from loadgate.checking.engine.fast import compile_suite

    return compile_suite(to_gx_suite(content.dataset, content.code_lists, content.period), result_format="BASIC")


def to_gx_suite(dataset: Dataset, code_lists: Sequence[CodeList], period: str) -> Any:
    """The suite as GX's own ExpectationSuite, in the order of the content's lines."""
    from loadgate.checking.engine.quiet import import_gx

    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    from loadgate.checking.conditions import to_gx

    codes = {one.name: valid_codes(one, period) for one in code_lists}
    suite = ExpectationSuite(name=dataset.dataset)
    for line in dataset.expectations:
        kwargs = dict(line.kwargs)
        if "code_list" in kwargs:
            kwargs["value_set"] = codes[str(kwargs.pop("code_list"))]
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


def valid_codes(code_list: CodeList, period: str) -> list[str]:
    """Codes that are valid on some day of the period."""
    span = Period.parse(period)
    return [
        code
        for code, facts in code_list.codes.items()
        if (facts.valid_from is None or facts.valid_from < span.end)
        and (facts.valid_to is None or facts.valid_to >= span.start)
    ]


def _outcome(line: ExpectationLine, dataset: Dataset, found: CheckOutcome, scope: Scope) -> Outcome:
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


def _marks(
    suite: CompiledSuite,
    frame: pl.LazyFrame,
    dataset: Dataset,
    outcomes: Sequence[CheckOutcome],
    parameters: dict[str, object],
    flags: dict[str, str],
) -> pl.DataFrame:
    """Which rows fail which check, and which are undecided: `_row`, check, outcome; no keys, no values."""
    import polars as pl

    names = pl.DataFrame(
        {
            "index": pl.Series(range(len(dataset.expectations)), dtype=pl.UInt32),
            "name": [dataset.check_id(line) for line in dataset.expectations],
        }
    )
    parts = [pl.DataFrame(schema=schema(MARKS))]
    for outcome, rows, wanted in (
        ("fail", suite.failing_rows, [one.index for one in outcomes if one.rows_failed]),
        ("undecided", suite.undecided_rows, [one.index for one in outcomes if one.rows_undecided]),
    ):
        if wanted:
            marked = rows(frame, parameters=parameters, undecided=flags, aside=ASIDE, checks=wanted).collect()
            named = marked.join(names, left_on="check", right_on="index", how="left")
            parts.append(
                named.select(
                    pl.col("_row").cast(pl.UInt32), pl.col("name").alias("check"), pl.lit(outcome).alias("outcome")
                )
            )
    return pl.concat(parts).sort("_row", "check")
