# ruff: noqa: T201, E501
"""A checkout of GX's repository enters; leaves how this engine does on the cases that GX wrote for its own engines.

Two forms of public case tables are read there, and nothing of them is kept: `tests/test_definitions/*/*.json`, checked by
the checkers that GX ships; and the newer `tests/integration/data_sources_and_expectations/expectations/*.py`, see
integration.py. What GX's pandas engine passes, this engine must pass, but for the reasoned list in differences.toml.
"""

from __future__ import annotations

import copy
import io
import json
import math
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from listed import is_listed, read_cases

from peers import ENGINE, FAST, PANDAS, configurations, context, failed, with_fast

_TYPES = {
    "int": pl.Int64, "int64": pl.Int64, "int32": pl.Int32, "Int64Dtype": pl.Int64, "float": pl.Float64,
    "float64": pl.Float64, "str": pl.String, "string": pl.String, "bool": pl.Boolean, "boolean": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True)
class TableCase:
    """One of GX's cases: data as JSON has it, the types that it has in pandas, and GX's own test."""

    expectation: str
    data: dict[str, list[Any]]
    types: dict[str, str]
    test: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.expectation}: {self.test['title']}"


def read_tables(checkout: Path) -> Iterator[TableCase]:
    for path in sorted(checkout.glob("tests/test_definitions/*/*.json")):
        table = json.loads(path.read_text(encoding="utf-8"))
        for dataset in table["datasets"]:
            if not isinstance(dataset["data"], dict) or "schemas" in dataset["data"]:
                continue  # several tables, for SQL
            schemas = dataset.get("schemas") or {}
            for test in dataset["tests"]:
                yield TableCase(table["expectation_type"], dataset["data"], schemas.get("pandas") or {}, test)


def run_tables(checkout: Path, *, show: int) -> bool:
    """Run GX's cases on both engines and print what came out. Returns whether every difference is listed."""
    from integration import run_integration

    entries = read_cases()
    cases = list(read_tables(checkout))
    passed = [case for case in cases if problem(case, adapter=PANDAS) is None]
    print(f"GX's tables of cases: {len(cases)} found for one table, {len(passed)} pass on pandas")
    sound = bool(passed)
    for adapter in (ENGINE, FAST):
        counts: Counter[str] = Counter({"agree": 0})
        for case in passed:
            trouble = problem(case, adapter=adapter)
            listed = is_listed(case.name, adapter, entries)
            what = "agree" if trouble is None else "differ for a listed reason" if listed else "differ otherwise"
            counts[what] += 1
            if what == "differ otherwise" and counts[what] <= 40 * show:
                print(f"GX's case {case.name}\n    {case.test.get('in')}\n    {trouble}")
        print(f"GX's tables of cases, {adapter}: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
        sound = sound and counts["differ otherwise"] == 0
    return run_integration(checkout, show=show) and sound


def problem(case: TableCase, *, adapter: str) -> str | None:
    """Say what is wrong with an answer, or None."""
    import_checkers()
    from great_expectations.self_check.util import evaluate_json_test_v3_api

    test = copy.deepcopy(case.test)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            validator = _validator(case, adapter)
            evaluate_json_test_v3_api(
                validator=validator, expectation_type=case.expectation, test=test, pk_column="pk_index" in case.data
            )
        except Exception as error:
            return f"{type(error).__name__}: {str(error)[:300]}"
    return None


def import_checkers() -> None:
    from loadgate.checking.engine.quiet import import_gx

    import_gx()


class FastAnswers:
    """What GX's checkers ask of a validator, by the fast path."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def _initialize_expectations(self, expectation_suite: Any) -> None:
        """GX's checkers give a suite that they do not use."""

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("expect_"):
            raise AttributeError(name)

        def answer(**arguments: Any) -> Any:
            wanted = arguments.pop("result_format")
            for option in ("catch_exceptions", "include_config", "meta"):
                arguments.pop(option, None)
            try:
                configurations([(name, arguments)])[0].to_domain_obj()
            except Exception as error:  # GX itself refuses the arguments: no suite can hold them
                return failed(configurations([(name, arguments)])[0], error)
            return with_fast(self.frame, [(name, arguments)], wanted)[0]

        return answer


def _validator(case: TableCase, adapter: str) -> Any:
    if adapter == FAST:
        return FastAnswers(polars_frame(case))
    if adapter == PANDAS:
        from great_expectations.core.batch import Batch
        from great_expectations.execution_engine import PandasExecutionEngine
        from great_expectations.validator.validator import Validator

        batch: Any = Batch(data=pandas_frame(case))
        return Validator(execution_engine=PandasExecutionEngine(), batches=[batch], data_context=context())
    from loadgate.checking.engine.execution import validator_for

    context()
    return validator_for(polars_frame(case))


def pandas_frame(case: TableCase) -> Any:
    import pandas as pd

    frame = pd.DataFrame(case.data)
    for name, kind in case.types.items():
        if name not in frame:
            continue
        if "datetime" in kind or "Timestamp" in kind:
            frame[name] = pd.to_datetime(frame[name], utc="tz" in kind.lower() or None)
        elif kind.endswith("Dtype"):
            frame[name] = frame[name].astype(getattr(pd, kind)())
        else:
            present = frame[name].where(frame[name].notnull(), None) if kind in ("object", "str") else frame[name]
            frame[name] = present.astype(object if kind == "str" and present.isnull().any() else kind)
    return frame


def polars_frame(case: TableCase) -> pl.DataFrame:
    return pl.DataFrame([polars_column(name, values, case.types.get(name, "")) for name, values in case.data.items()])


def polars_column(name: str, values: list[Any], kind: str) -> pl.Series:
    """Build a column as a Polars reader would: one type; where there are several, texts."""
    from dateutil.parser import parse

    values = [None if isinstance(value, float) and math.isnan(value) else value for value in values]
    if "datetime" in kind or "Timestamp" in kind:
        moments = [None if value is None else parse(value) if isinstance(value, str) else value for value in values]
        return pl.Series(name, moments, dtype=None if any(m is not None for m in moments) else pl.Datetime("us"))
    if kind in _TYPES and kind != "str":
        try:
            return pl.Series(name, values).cast(_TYPES[kind])
        except pl.exceptions.PolarsError:
            pass
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        try:
            return pl.Series(name, values, dtype=pl.Float64, strict=True)
        except (TypeError, pl.exceptions.PolarsError):
            return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)
