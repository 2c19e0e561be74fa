"""An expectation that GX alone can take apart enters with a frame; leaves GX's result of it, from its own Validator.

Only for metrics that are not built in, and for bins that are chosen from the data: it is ten times as dear.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loadgate.checking.engine.checks import could_not_run
from loadgate.checking.engine.conditions import condition_columns, plain_condition
from loadgate.checking.engine.exact_names import all_of
from loadgate.checking.engine.faults import CannotEvaluateError, missing_columns
from loadgate.checking.engine.outcomes import CheckOutcome, CheckState, without_values
from loadgate.checking.engine.surroundings import Surroundings

if TYPE_CHECKING:
    import polars as pl
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration


def validate_by_gx(
    index: int,
    configuration: ExpectationConfiguration,
    frame: pl.LazyFrame,
    *,
    around: Surroundings,
    result_format: Mapping[str, Any],
    whole: bool,
) -> tuple[ExpectationValidationResult, CheckOutcome]:
    """Let GX's Validator evaluate one expectation on the delivered columns of a frame.

    What a failed cast hides it cannot tell from a missing value, so it does not get columns that have some: an
    expectation that names one, or names none, could not run; nor could one that looks at such a column unasked.
    """
    from loadgate.checking.engine.execution import validator_for

    named = _named(configuration)
    if missing := [name for name in named if name not in frame.collect_schema()]:
        fault = missing_columns(missing)
        return could_not_run(index, configuration, fault.reason, missing=fault.missing)
    hiding = set(named) & set(around.undecided)
    if around.undecided and (not named or hiding):
        reason = "it needs GX's own Validator, which takes values that could not be read for missing ones"
        return could_not_run(index, configuration, reason, hidden_by=hiding, all_or_none=True)
    try:
        columns = around.delivered(frame.collect_schema())
        delivered = frame.select(all_of(name for name in columns if name not in around.undecided))
        found = validator_for(delivered, references=around.references).graph_validate(
            configurations=[configuration], runtime_configuration={"result_format": dict(result_format)}
        )[0]
    except Exception as error:  # what is in the text of GX's exceptions is not known
        return could_not_run(index, configuration, f"GX could not evaluate it ({type(error).__name__})")
    info = found.exception_info or {}
    if info.get("raised_exception", any(isinstance(part, dict) for part in info.values())):
        return could_not_run(index, configuration, "GX could not evaluate it on this engine")
    found.result = found.result if whole else without_values(found.result, shown=None)
    state = CheckState.PASS if found.success else CheckState.FAIL
    return found, CheckOutcome(index=index, state=state)


def _named(configuration: ExpectationConfiguration) -> list[str]:
    """The columns that an expectation names, those of its row_condition too if it can be read here."""
    arguments = configuration.kwargs
    named = [arguments.get(key) for key in ("column", "column_A", "column_B")] + [*(arguments.get("column_list") or ())]
    try:
        condition = plain_condition(arguments.get("row_condition"), parser=arguments.get("condition_parser"))
    except CannotEvaluateError:
        condition = None
    return [name for name in [*named, *(condition_columns(condition) if condition else ())] if name is not None]
