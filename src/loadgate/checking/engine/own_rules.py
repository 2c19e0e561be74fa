"""A function from columns to a yes or no per row enters under a metric's name; leaves a row rule that GX can ask for.

    @row_rule("column_values.even")
    def _even(column: pl.Expr, **arguments) -> pl.Expr:
        return column % 2 == 0

    class ExpectColumnValuesToBeEven(ColumnMapExpectation):
        map_metric = "column_values.even"

GX's own decorators (`column_condition_partial` and its like) raise for every engine but GX's three, which is why there
is one here. The function has GX's signature: the columns, then the metric's values by keyword.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.metrics import METRICS, OWN_RULES, RowRule

if TYPE_CHECKING:
    import polars as pl

Condition = Callable[..., "pl.Expr"]

_SUFFIXES: Final = (
    ".unexpected_count",
    ".filtered_row_count",
    ".unexpected_values",
    ".unexpected_index_list",
    ".unexpected_index_query",
    ".unexpected_rows",
)
_DOMAIN_KEYS: Final = {
    "column": ("batch_id", "table", "column", "row_condition", "condition_parser"),
    "column_pair": ("batch_id", "table", "column_A", "column_B", "row_condition", "condition_parser", "ignore_row_if"),
    "multicolumn": ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if"),
}


def row_rule(name: str, *, value_keys: Sequence[str] = (), domain: str = "column") -> Callable[[Condition], Condition]:
    """Make a function a row rule of this engine, for `map_metric = name` of an expectation of one's own.

    `value_keys` are the arguments that it takes from the expectation. `domain` is `column` (the function gets one
    expression, and rows without a value are not asked), `column_pair` (two) or `multicolumn` (a list of them). It
    returns an expression: true where the row is as expected. It is tried on no rows before any is read; what it then
    raises makes the check one that could not run.
    Raises: ValueError if the name is that of a built-in metric, or the domain is not known.
    """
    if name in METRICS:
        raise ValueError(f"{name} is built in; choose another name")
    if domain not in _DOMAIN_KEYS:
        raise ValueError(f"the domain {domain} is none of {', '.join(_DOMAIN_KEYS)}")

    def register(condition: Condition) -> Condition:
        def predicate(asked: Asked) -> pl.Expr:
            columns = [asked.column(index) for index in range(len(asked.columns))]
            given = {key: asked.arguments[key] for key in value_keys if asked.arguments.get(key) is not None}
            try:
                return condition(columns, **given) if domain == "multicolumn" else condition(*columns, **given)
            except Exception as error:  # whatever a function of one's own raises; its text may quote its arguments
                raise CannotEvaluateError(f"the rule {name} raised {type(error).__name__}") from None

        OWN_RULES[name] = RowRule(predicate=predicate, skips_missing=domain == "column")
        _tell_gx(name, value_keys=tuple(value_keys), domain_keys=_DOMAIN_KEYS[domain])
        return condition

    return register


def _tell_gx(name: str, *, value_keys: tuple[str, ...], domain_keys: tuple[str, ...]) -> None:
    """Register the metrics that GX asks for a row rule. They are answered by PolarsExecutionEngine.resolve_metrics."""
    from loadgate.checking.engine.execution import register_row_rule

    for suffix in _SUFFIXES:
        asks_format = suffix not in (".unexpected_count", ".filtered_row_count")
        keys = (*value_keys, "result_format") if asks_format else value_keys
        register_row_rule(name + suffix, value_keys=keys, domain_keys=domain_keys)
