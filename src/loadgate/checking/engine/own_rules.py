"""A function from columns to a yes or no per row, or to one value, enters; leaves a metric that GX can ask for.

    @row_rule("column_values.even")
    def _even(column: pl.Expr, **arguments) -> pl.Expr:
        return column % 2 == 0

    class ExpectColumnValuesToBeEven(ColumnMapExpectation):
        map_metric = "column_values.even"

    @aggregate("column.odd_count")
    def _odd(column: pl.Expr, **arguments) -> pl.Expr:
        return (column % 2 == 1).sum()

    class ExpectColumnToHaveFewOddValues(ColumnAggregateExpectation):
        metric_dependencies = ("column.odd_count",)

GX's own decorators (`column_condition_partial` and its like) raise for every engine but GX's three, which is why there
is one here. The function has GX's signature: the columns, then the metric's values by keyword.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine import samples
from loadgate.checking.engine.compiler import COUNTED
from loadgate.checking.engine.domain import TOGETHER, Asked
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.metrics import METRICS, OWN_RULES, Aggregate, RowRule
from loadgate.checking.engine.needs import Reduction, Whole

if TYPE_CHECKING:
    import polars as pl

Condition = Callable[..., "pl.Expr"]
Refusal = Callable[[Mapping[str, "pl.DataType"]], str | None]
"""The types of the columns that further arguments name, by argument → why the rule cannot be put to them, or None."""

_ROWS: Final = ("row_condition", "condition_parser")
_DOMAIN_KEYS: Final = {
    "table": ("batch_id", "table", *_ROWS),
    "column": ("batch_id", "table", "column", *_ROWS),
    "column_pair": ("batch_id", "table", "column_A", "column_B", *_ROWS, "ignore_row_if"),
    "multicolumn": ("batch_id", "table", "column_list", *_ROWS, "ignore_row_if"),
}


def row_rule(
    name: str,
    *,
    value_keys: Sequence[str] = (),
    domain: str = "column",
    columns: Sequence[str] = (),
    whole: bool = False,
    together: bool = False,
    references: Sequence[str] = (),
    refuses: Refusal | None = None,
    opens: Callable[..., bool] | None = None,
) -> Callable[[Condition], Condition]:
    """Make a function a row rule of this engine, for `map_metric = name` of an expectation of one's own.

    `value_keys` are the arguments that it takes from the expectation. `domain` is `column` (the function gets one
    expression, and rows without a value are not asked), `column_pair` (two) or `multicolumn` (a list of them).
    `columns` are further arguments that name columns, or hold conditions in GX's form: the function gets expressions
    by these keywords, and a row with an unreadable value in one of them is undecided. Of `references`, arguments that
    name another table, it gets that table as a LazyFrame; what is not given is not passed. It returns an expression:
    true where the row is as expected. It is tried on no rows before any is read; what it then raises, or types of
    columns that it `refuses`, make the check one that could not run.

    `whole`: the expression looks at other rows (its group, the row before). Rows that do not count have no values in
    it. `together`: one undecided row of a multicolumn key leaves all rows with that key undecided, as for a sum.
    `opens` gets what the function gets, and says whether that may leave rows open: then a null is no no, but undecided.
    Raises: ValueError if the name is that of a built-in metric, or the domain is not known.
    """
    keys = _domain_keys(name, domain=domain, columns=columns, together=together)

    def register(condition: Condition) -> Condition:
        def predicate(asked: Asked) -> pl.Expr:
            import polars as pl

            if refuses is not None and (reason := refuses(_types(asked, columns))) is not None:
                raise CannotEvaluateError(reason)
            if domain == "column" and asked.dtype() == pl.Null:
                return asked.column().is_null()  # no row has a value, and those without are not asked
            return _called(name, condition, asked, domain=domain, masked=whole, columns=columns, references=references)

        def may_open(asked: Asked) -> bool:
            told = partial(_told, name, domain=domain, masked=whole, columns=columns, references=references)
            return opens is not None and bool(told(opens, asked))

        OWN_RULES[name] = RowRule(
            predicate=predicate, skips_missing=domain == "column", whole=whole, opens=opens and may_open
        )
        for suffix in (*COUNTED, *samples.SUFFIXES):
            formatted = ("result_format",) if suffix in samples.SUFFIXES else ()
            asked_for = (*value_keys, *references, *formatted)
            _tell_gx(name + suffix, value_keys=asked_for, domain_keys=keys, together=together)
        return condition

    return register


def aggregate(
    name: str,
    *,
    value_keys: Sequence[str] = (),
    domain: str = "column",
    columns: Sequence[str] = (),
    references: Sequence[str] = (),
    finish: Callable[..., Any] | None = None,
    shown: bool = False,
) -> Callable[[Condition], Condition]:
    """Make a function an aggregate of this engine, for `metric_dependencies = (name,)` of an expectation of one's own.

    As `row_rule`, with three differences: `domain` may also be `table`; the expressions hold the values of the rows
    that count, and the function reduces them to one value (a struct or a list, if it wants more); and of `references`
    only those rows and columns are given that the expectation asks of its own table, so that like meets like.
    `finish` makes the metric of that value; it gets the `value_keys` too, and may raise CannotEvaluateError.
    `shown`: the number that the expectation observes is a count, a share or a distance, never a row's value, so
    outcomes and results may show it; not of a single row all the same.
    Raises: ValueError if the name is that of a built-in metric, or the domain is not known.
    """
    keys = _domain_keys(name, domain=domain, columns=columns, together=False)

    def register(reduce: Condition) -> Condition:
        def build(asked: Asked) -> Reduction:
            value = _called(name, reduce, asked, domain=domain, picked=True, columns=columns, references=references)
            if finish is None:
                return Reduction(needs=(Whole(expr=value),))
            given = {key: asked.arguments[key] for key in value_keys if asked.arguments.get(key) is not None}
            return Reduction(needs=(Whole(expr=value),), finish=partial(finish, **given))

        OWN_RULES[name] = Aggregate(build=build, shown=shown)
        _tell_gx(name, value_keys=(*value_keys, *references), domain_keys=keys, together=False)
        return reduce

    return register


def _called(name: str, function: Condition, asked: Asked, **how: Any) -> pl.Expr:
    """The expression that a function of one's own makes."""
    import polars as pl

    answer = _told(name, function, asked, **how)
    if not isinstance(answer, pl.Expr):
        raise CannotEvaluateError(f"the rule {name} gave a {type(answer).__name__}, not an expression of Polars")
    return answer


def _told(
    name: str,
    function: Callable[..., Any],
    asked: Asked,
    *,
    domain: str,
    columns: Sequence[str],
    references: Sequence[str],
    masked: bool = False,
    picked: bool = False,
) -> Any:
    """Call a function of one's own; what it raises becomes a reason without the text, which may quote arguments."""
    import polars as pl

    def shown(column: pl.Expr) -> pl.Expr:
        members = asked.rows.members
        if members is None or not (masked or picked):
            return column
        return column.filter(members) if picked else pl.when(members).then(column)

    given: dict[str, Any] = {key: value for key, value in asked.arguments.items() if value is not None}
    given.pop("result_format", None)
    for key in columns:
        if (extra := asked.named(key)) is not None:
            given[key] = [shown(one) for one in extra] if isinstance(extra, list) else shown(extra)
    for key in references:
        if key in given:
            given[key] = asked.alike(str(given[key])) if picked else asked.reference(str(given[key]))
    main = [shown(column) for column in asked.main()]
    try:
        return function(main, **given) if domain == "multicolumn" else function(*main, **given)
    except CannotEvaluateError:
        raise
    except Exception as error:  # whatever a function of one's own raises; its text may quote its arguments
        raise CannotEvaluateError(f"the rule {name} raised {type(error).__name__}") from None


def _types(asked: Asked, columns: Sequence[str]) -> dict[str, pl.DataType]:
    named = {key: asked.domain.get(key) for key in columns}
    return {key: asked.schema[name] for key, name in named.items() if isinstance(name, str)}


def _domain_keys(name: str, *, domain: str, columns: Sequence[str], together: bool) -> tuple[str, ...]:
    if name in METRICS:
        raise ValueError(f"{name} is built in; choose another name")
    if domain not in _DOMAIN_KEYS:
        raise ValueError(f"the domain {domain} is none of {', '.join(_DOMAIN_KEYS)}")
    return (*_DOMAIN_KEYS[domain], *columns, *((TOGETHER,) if together else ()))


def _tell_gx(name: str, *, value_keys: Sequence[str], domain_keys: tuple[str, ...], together: bool) -> None:
    """Register a metric that GX asks for. It is answered by PolarsExecutionEngine.resolve_metrics."""
    from loadgate.checking.engine.execution import register_own

    defaults: Mapping[str, Any] = {TOGETHER: True} if together else {}
    register_own(name, value_keys=tuple(value_keys), domain_keys=domain_keys, defaults=defaults)
