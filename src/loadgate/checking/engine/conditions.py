"""A GX `row_condition` enters; leaves an expression: true, false, or null where a failed cast hides the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add, and_, mod, mul, or_, sub, truediv
from typing import TYPE_CHECKING, Any

from loadgate.checking.engine.column_parts import take_parts, text_meets
from loadgate.checking.engine.exact_names import values_of
from loadgate.checking.engine.faults import CannotEvaluateError, unusable_expression
from loadgate.checking.engine.literals import bound, fit_set
from loadgate.checking.engine.many_columns import as_kin
from loadgate.checking.engine.text_sets import stands_among
from loadgate.checking.engine.written_conditions import PANDAS, read_condition

if TYPE_CHECKING:
    import polars as pl

_ORDER = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_COMPARED = _ORDER | {"==": "eq", "!=": "ne"}
_FORMS = ("comparison", "nullity", "text", "and", "or", "not", "compared")


def condition_columns(condition: Mapping[str, Any]) -> list[str]:
    """List the columns that a condition reads, in order of appearance."""
    match condition["type"]:
        case "and" | "or":
            parts = list(condition["conditions"])
        case "not":
            parts = [condition["condition"]]
        case "compared":
            return list(dict.fromkeys((*_operand_columns(condition["left"]), *_operand_columns(condition["right"]))))
        case _:
            return [condition["column"]["name"]]
    return list(dict.fromkeys(name for part in parts for name in condition_columns(part)))


def _operand_columns(operand: Mapping[str, Any]) -> list[str]:
    if "sum" in operand:
        return [*_operand_columns(operand["left"]), *_operand_columns(operand["right"])]
    if "absolute" in operand:
        return _operand_columns(operand["absolute"])
    return [operand["column"]] if "column" in operand else []


def plain_condition(condition: Any, *, parser: str | None = None) -> dict[str, Any] | None:
    """Bring a row_condition (GX object, its dict, text in one of GX's two older forms, or none) to its dict form.

    `parser` is GX's condition_parser, which says how a text is to be read.
    Raises: CannotEvaluateError if the condition cannot be read.
    """
    if condition is None or condition == "":
        return None
    if isinstance(condition, str):
        return read_condition(condition, parser=parser)
    plain = condition if isinstance(condition, dict) else getattr(condition, "dict", lambda: None)()
    if isinstance(plain, dict) and plain.get("type") == "pass_through":  # how GX keeps a text since 1.5
        return read_condition(str(plain["pass_through_filter"]), parser=PANDAS)
    if not isinstance(plain, dict) or plain.get("type") not in _FORMS:
        raise CannotEvaluateError("its row_condition is of a form that this engine does not know")
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
    if condition["type"] == "not":
        return ~compile_condition(condition["condition"], schema=schema, flags=flags)
    if condition["type"] == "compared":
        return _compared(condition, schema, flags)
    return _leaf(condition, schema, flags)


def _leaf(condition: Mapping[str, Any], schema: Mapping[str, pl.DataType], flags: Mapping[str, pl.Expr]) -> pl.Expr:
    import polars as pl

    name = condition["column"]["name"]
    if condition.get("alone") and schema[name] not in (pl.Boolean, pl.Null):
        raise CannotEvaluateError(f"its row_condition takes column {name} ({schema[name]}) for one of true and false")
    column, dtype = _taken(condition["column"], schema)
    if condition["type"] == "nullity":
        met = column.is_null() if condition["is_null"] else column.is_not_null()
    elif condition["type"] == "text":
        met = text_meets(column, dtype, condition["test"], condition["parameter"], name=name)
        met = met.fill_null(bool(condition["missing"]))
    else:
        met = _compare(column, dtype, str(condition["operator"]), condition["parameter"])
        met = met.fill_null(bool(condition.get("missing")))
    flag = flags.get(name)
    return met if flag is None else pl.when(~flag).then(met)


def _taken(column: Mapping[str, Any], schema: Mapping[str, pl.DataType]) -> tuple[pl.Expr, pl.DataType]:
    """A column, or the part of its values that is asked for, and its type once it is read."""
    name = column["name"]
    return take_parts(held(name, schema[name]), schema[name], column.get("taken", ()), name=name)


def _compared(condition: Mapping[str, Any], schema: Mapping[str, pl.DataType], flags: Mapping[str, pl.Expr]) -> pl.Expr:
    """Compare columns, or sums of them, with each other; as in pandas, a missing value is unequal to everything."""
    import polars as pl

    operator, right = condition["operator"], condition["right"]
    columns = condition_columns(condition)
    left, dtype = _operand(condition["left"], schema)
    if "value" in right:
        met = _compare(left, dtype, operator, right["value"])
    else:
        other, its_type = _operand(right, schema)
        (left, other), _ = as_kin([left, other], [dtype, its_type])
        met = getattr(left, _COMPARED[operator])(other)
        _type_of(met, columns, schema)
    met = met.fill_null(operator in ("!=", "NOT_IN") and bool(condition["missing"]))
    up = [flags[name] for name in columns if name in flags]
    return met if not up else pl.when(~pl.any_horizontal(up)).then(met)


def _operand(operand: Mapping[str, Any], schema: Mapping[str, pl.DataType]) -> tuple[pl.Expr, pl.DataType]:
    """What is compared, and its type. As in pandas, what is no number (0 / 0) is a missing value."""
    import polars as pl

    if "value" in operand:
        literal = pl.lit(operand["value"])
        return literal, _type_of(literal, [], schema)
    if "column" in operand:
        return _taken({"name": operand["column"], "taken": operand.get("taken", ())}, schema)
    if "absolute" in operand:
        column = _operand(operand["absolute"], schema)[0]
        return column.abs(), _type_of(column.abs(), _operand_columns(operand), schema)
    total = _SUMS[operand["sum"]](_operand(operand["left"], schema)[0], _operand(operand["right"], schema)[0])
    dtype = _type_of(total, _operand_columns(operand), schema)
    return (total.fill_nan(None) if dtype.is_float() else total), dtype


def _floored(left: Any, right: Any) -> Any:
    """Divide as pandas does: by nothing, a whole number is infinite too."""
    import polars as pl

    return pl.when(right == 0).then(left / right).otherwise(left // right)


_SUMS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": truediv,
    "//": _floored,
    "%": mod,
}


def _type_of(asked: pl.Expr, columns: Sequence[str], schema: Mapping[str, pl.DataType]) -> pl.DataType:
    """The type of what is asked of columns. Raises: CannotEvaluateError if their types do not fit each other."""
    import polars as pl

    try:
        return pl.DataFrame(schema={name: schema[name] for name in columns}).select(asked).dtypes[0]
    except pl.exceptions.PolarsError as error:
        told = ", ".join(f"{name} ({schema[name]})" for name in columns)
        raise unusable_expression(error, columns=told) from None


def _compare(column: pl.Expr, dtype: pl.DataType, operator: str, parameter: Any) -> pl.Expr:
    import polars as pl

    wanted_as = as_checked(dtype)
    if wanted_as != dtype and (dtype.is_temporal() or operator in ("IN", "NOT_IN")):
        column, dtype = column.cast(wanted_as), wanted_as
    if operator in _ORDER:
        return getattr(column, _ORDER[operator])(bound(parameter, dtype))  # type: ignore[no-any-return]
    if operator in _COMPARED and dtype in (pl.Date, pl.Datetime) and isinstance(parameter, int | float):
        raise CannotEvaluateError(f"its row_condition compares a column of type {dtype} with a number")
    wanted = parameter if operator in ("IN", "NOT_IN") else [parameter]
    found = is_one_of(column, dtype, wanted)
    return found if operator in ("IN", "==") else ~found


def is_one_of(column: pl.Expr, dtype: pl.DataType, values: Any, *, at_once: bool = False) -> pl.Expr:
    """True where the column holds one of the values, null where it holds nothing; `at_once` as in short_texts."""
    import polars as pl

    fitted = fit_set(values, dtype)
    if not fitted.values:
        return pl.when(column.is_not_null()).then(pl.lit(False))
    if fitted.series.dtype == pl.String:
        return stands_among(column, list(fitted.values), at_once=at_once)
    return column.is_in(fitted.series.implode())


def readable(name: str, dtype: pl.DataType) -> pl.Expr:
    """Read a column as GX's checks see it, see as_checked: NaN is a missing value, a category is its text."""
    column, wanted = held(name, dtype), as_checked(dtype)
    return column if wanted == dtype else column.cast(wanted)


def as_checked(dtype: pl.DataType) -> pl.DataType:
    """The type that checks compare a column in: as in GX, the Float32 next to 0.1 is not 0.1, but a little more.

    Beside milliseconds, Polars cuts what is finer off the limit that they are compared with.
    """
    import polars as pl

    if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ms":
        return pl.Datetime("us", dtype.time_zone)
    if isinstance(dtype, pl.Duration) and dtype.time_unit == "ms":
        return pl.Duration("us")
    return pl.Float64() if dtype == pl.Float32 else dtype


def held(name: str, dtype: pl.DataType) -> pl.Expr:
    """Read a column as conditions see it: where a Float32 is compared, 0.1 is the Float32 next to it, as in pandas."""
    import polars as pl

    column = values_of(name)
    if dtype.is_float():
        return column.fill_nan(None)
    if dtype in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    return column
