"""A GX `row_condition` enters; leaves an expression: true, false, or null where a failed cast hides the answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.literals import bound, fit_set

if TYPE_CHECKING:
    import polars as pl

_ORDER = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def condition_columns(condition: Mapping[str, Any]) -> list[str]:
    """List the columns that a condition reads, in order of appearance."""
    if condition["type"] in ("and", "or"):
        names = [name for part in condition["conditions"] for name in condition_columns(part)]
        return list(dict.fromkeys(names))
    return [condition["column"]["name"]]


def plain_condition(condition: Any) -> dict[str, Any] | None:
    """Bring a row_condition (GX object, its dict, or none) to its dict form.

    Raises: CannotEvaluateError for conditions written as text, which would need an interpreter for pandas' language.
    """
    if condition is None:
        return None
    plain = condition if isinstance(condition, dict) else getattr(condition, "dict", lambda: None)()
    if not isinstance(plain, dict) or plain.get("type") not in ("comparison", "nullity", "and", "or"):
        raise CannotEvaluateError("its row_condition is written as text; this engine takes condition objects only")
    return plain


def compile_condition(
    condition: Mapping[str, Any], *, schema: Mapping[str, pl.DataType], flags: Mapping[str, pl.Expr]
) -> pl.Expr:
    """Compile a condition; `flags` says, per column, where a value failed to cast.

    A missing value meets no comparison, not even `!=` (as in SQL). Where a flag is up the answer is null, and
    and/or pass that on only where the other side does not decide.
    """
    if condition["type"] in ("and", "or"):
        parts = [compile_condition(part, schema=schema, flags=flags) for part in condition["conditions"]]
        if not parts:
            raise CannotEvaluateError("its row_condition is an empty group")
        return reduce(and_ if condition["type"] == "and" else or_, parts)
    return _leaf(condition, schema, flags)


def _leaf(condition: Mapping[str, Any], schema: Mapping[str, pl.DataType], flags: Mapping[str, pl.Expr]) -> pl.Expr:
    import polars as pl

    name = condition["column"]["name"]
    column = readable(name, schema[name])
    if condition["type"] == "nullity":
        met = column.is_null() if condition["is_null"] else column.is_not_null()
    else:
        met = _compare(column, schema[name], str(condition["operator"]), condition["parameter"]).fill_null(False)
    flag = flags.get(name)
    return met if flag is None else pl.when(~flag).then(met)


def _compare(column: pl.Expr, dtype: pl.DataType, operator: str, parameter: Any) -> pl.Expr:
    if operator in _ORDER:
        return getattr(column, _ORDER[operator])(bound(parameter, dtype))  # type: ignore[no-any-return]
    wanted = parameter if operator in ("IN", "NOT_IN") else [parameter]
    found = is_one_of(column, dtype, wanted)
    return found if operator in ("IN", "==") else ~found


def is_one_of(column: pl.Expr, dtype: pl.DataType, values: Any) -> pl.Expr:
    """True where the column holds one of the values, null where it holds nothing."""
    import polars as pl

    fitted = fit_set(values, dtype)
    if not fitted.values:
        return pl.when(column.is_not_null()).then(pl.lit(False))
    return column.is_in(fitted.series.implode())


def readable(name: str, dtype: pl.DataType) -> pl.Expr:
    """Read a column as GX sees it: NaN is a missing value, a category is its text."""
    import polars as pl

    column = pl.col(name)
    if dtype.is_float():
        return column.fill_nan(None)
    if dtype in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    return column
