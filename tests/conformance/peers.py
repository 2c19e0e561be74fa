"""A frame and expectations enter; leave the results of GX on pandas, of GX on our engine, and of the fast path."""

from __future__ import annotations

import copy
import os
import sqlite3
import warnings
from collections.abc import Sequence
from traceback import format_exception
from typing import Any

import polars as pl
from parameters import OLDER, OLDER_CONDITIONS

os.environ["TQDM_DISABLE"] = "1"  # one of GX's expectations shows a bar whatever it is told

Case = tuple[str, dict[str, Any]]
Given = dict[str, Any] | None
SEVERITIES = ("critical", "warning", "info")
PANDAS, ENGINE, FAST = "GX on pandas", "engine", "fast path"


def configurations(cases: Sequence[Case]) -> list[Any]:
    """Make GX's configurations, of every severity in turn."""
    from loadgate.checking.engine.quiet import import_gx

    import_gx()
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return [
        ExpectationConfiguration(type=name, kwargs=kwargs, severity=SEVERITIES[index % 3], meta={"place": index})
        for index, (name, kwargs) in enumerate(cases)
    ]


def with_pandas(
    frame: Any, cases: Sequence[Case], result_format: Any, *, parameters: Given = None, catch: bool = True
) -> list[Any]:
    """Ask GX's own engine. `frame` is a Polars or a pandas frame. Unless `catch`, GX raises what it can."""
    asked = [_for_pandas(frame, name, kwargs, parameters or {}) for name, kwargs in cases]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = configurations(asked)
        from great_expectations.execution_engine import PandasExecutionEngine
        from great_expectations.validator.validator import Validator

        table = frame.to_pandas() if isinstance(frame, pl.DataFrame) else frame
        engine = PandasExecutionEngine(batch_data_dict={"b": table})
        validator = Validator(execution_engine=engine, data_context=context())
        return _in_order(validator, made, result_format, parameters or {}, catch)


def with_engine(
    frame: pl.DataFrame, cases: Sequence[Case], result_format: Any, *, parameters: Given = None, catch: bool = True
) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = configurations(cases)
        from loadgate.checking.engine.execution import validator_for

        context()
        return _in_order(validator_for(frame.lazy()), made, result_format, parameters or {}, catch)


def with_fast(frame: pl.DataFrame, cases: Sequence[Case], result_format: Any, *, parameters: Given = None) -> list[Any]:
    from loadgate.checking.engine.fast import compile_suite

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = [one.to_domain_obj() for one in configurations(cases)]
        import great_expectations as gx

        suite = gx.ExpectationSuite(name="s")
        suite.expectations = made
        return list(
            compile_suite(suite, result_format=copy.deepcopy(result_format), values=True)
            .validate(frame.lazy(), parameters=parameters or {})
            .result.results
        )


def context() -> Any:
    import great_expectations as gx

    global _CONTEXT
    if _CONTEXT is None:
        _CONTEXT = gx.get_context(mode="ephemeral")
        _CONTEXT.variables.progress_bars = {"globally": False}
    return _CONTEXT


_CONTEXT: Any = None


def _in_order(
    validator: Any, made: list[Any], result_format: Any, parameters: dict[str, Any], catch: bool
) -> list[Any]:
    """GX returns what failed to run first: give each configuration an id to find its result by."""
    for index, one in enumerate(made):
        one.id = str(index)
    wanted = {"result_format": copy.deepcopy(result_format), "catch_exceptions": catch}
    try:
        filled = validator.process_expectations_for_validation(made, parameters) if parameters else made
        found = validator.graph_validate(configurations=filled, runtime_configuration=wanted)
    except Exception as error:  # GX catches what metrics raise, but not what an expectation does beforehand
        if not catch:
            raise
        if len(made) == 1:
            return [failed(made[0], error)]
        return [_in_order(validator, [one], result_format, parameters, catch)[0] for one in made]
    by_id = {one.expectation_config.id: one for one in found}
    return [by_id[one.id] for one in made]


def failed(configuration: Any, error: Exception) -> Any:
    from great_expectations.core import ExpectationValidationResult

    info = {"raised_exception": True, "exception_message": str(error)}
    info["exception_traceback"] = "".join(format_exception(error))
    return ExpectationValidationResult(success=False, expectation_config=configuration, exception_info=info)


def accepts(case: Case) -> bool:
    """Whether GX takes these arguments at all."""
    try:
        configurations([case])[0].to_domain_obj()
    except Exception:
        return False
    return True


def raises(run: Any, frame: pl.DataFrame, case: Case, parameters: dict[str, Any]) -> bool:
    """Whether an engine raises when it is told to catch no exceptions."""
    try:
        run(frame, [case], "BASIC", parameters=parameters, catch=False)
    except Exception:
        return True
    return False


def _for_pandas(frame: Any, name: str, kwargs: dict[str, Any], parameters: dict[str, Any]) -> Case:
    """GX's pandas engine has no LIKE. SQLite has: the texts that it matches become the set of an in_set check.

    Nor does it read conditions in GX's own older language: it gets the newer objects, which say the same.
    """
    if kwargs.get("condition_parser") == OLDER:
        from great_expectations.expectations.row_conditions import Column

        rest = {key: value for key, value in kwargs.items() if key != "condition_parser"}
        kwargs = rest | {"row_condition": OLDER_CONDITIONS[kwargs["row_condition"]](Column)}
    if "like_pattern" not in name or not isinstance(frame, pl.DataFrame) or kwargs["column"] not in frame.columns:
        return name, kwargs
    left = kwargs.get("like_pattern")
    if isinstance(left, dict):
        kwargs = kwargs | {"like_pattern": parameters[left["$PARAMETER"]]}
    column = kwargs["column"]
    rest = {key: value for key, value in kwargs.items() if key not in ("like_pattern", "like_pattern_list", "match_on")}
    rest.pop("escape", None)
    patterns = kwargs.get("like_pattern_list") or [kwargs["like_pattern"]]
    texts = frame[column].drop_nulls().cast(pl.String).unique().to_list()
    judge = all if kwargs.get("match_on") == "all" and "_not_" not in name else any
    with sqlite3.connect(":memory:") as database:
        database.execute("PRAGMA case_sensitive_like = ON")
        met = [text for text in texts if judge(_like(database, text, one, kwargs.get("escape")) for one in patterns)]
    kept = "expect_column_values_to_not_be_in_set" if "_not_" in name else "expect_column_values_to_be_in_set"
    return kept, {**rest, "value_set": met or ["\0nothing\0"]}


def _like(database: sqlite3.Connection, text: str, pattern: str, escape: str | None) -> bool:
    end = ", ?" if escape else ""
    return bool(
        database.execute(f"SELECT like(?, ?{end})", (pattern, text, *([escape] if escape else []))).fetchone()[0]
    )
