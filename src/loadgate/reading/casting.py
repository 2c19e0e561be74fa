"""A raw column in, two expressions out: its typed value, and why a value that is there could not be read.

Text is read strictly, by the form that the profile states, and never guessed: `1.5` is no date, `1e5` no amount, and
a decimal with more places than the column holds is not rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from loadgate.model.expected import Column, ColumnType
from loadgate.model.profiles import FileFormat

if TYPE_CHECKING:
    import polars as pl

DECIMAL_DIGITS = 38
_DAY = r"[0-9]{1,2}"
_FORM_PARTS = {
    "%Y": r"[0-9]{4}",
    "%y": r"[0-9]{2}",
    "%m": _DAY,
    "%d": _DAY,
    "%e": r" ?[0-9]{1,2}",
    "%H": _DAY,
    "%M": _DAY,
    "%S": _DAY,
    "%.f": r"(?:\.[0-9]{1,9})?",
    "%z": r"[+-][0-9]{2}:?[0-9]{2}",
    "%%": "%",
}
REASONS: dict[ColumnType, str] = {
    ColumnType.TEXT: "not a text",
    ColumnType.INTEGER: "not an integer",
    ColumnType.DECIMAL: "not a decimal number",
    ColumnType.DATE: "not a date",
    ColumnType.TIMESTAMP: "not a timestamp",
    ColumnType.BOOLEAN: "not a boolean",
    ColumnType.WEEK: "not a week",
    ColumnType.MONTH: "not a month",
    ColumnType.QUARTER: "not a quarter",
    ColumnType.YEAR: "not a year",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """`value`: typed, null where missing or unreadable. `missing`: nothing is there to read.

    `reason`: closed words; counts only where the value is null and not missing, and is worked out only for those rows.
    `usual`, if given, is quicker than `value` and the same or null: it knows the usual way of writing only.
    """

    value: pl.Expr
    missing: pl.Expr
    reason: pl.Expr
    usual: pl.Expr | None = None


def dtype(column: Column) -> pl.DataType:
    """The Polars type of a dataset's column."""
    import polars as pl

    match column.type:
        case ColumnType.TEXT:
            return pl.String()
        case ColumnType.INTEGER:
            return pl.Int64()
        case ColumnType.DECIMAL:
            return pl.Decimal(DECIMAL_DIGITS, column.scale)
        case ColumnType.TIMESTAMP:
            return pl.Datetime("us")
        case ColumnType.BOOLEAN:
            return pl.Boolean()
        case ColumnType.DATE | ColumnType.WEEK | ColumnType.MONTH | ColumnType.QUARTER | ColumnType.YEAR:
            return pl.Date()
        case _:
            assert_never(column.type)


def from_text(raw: pl.Expr, column: Column, form: FileFormat) -> Casting:
    """Read text. Null values are compared as they stand and, except in text columns, without surrounding blanks."""
    import polars as pl

    nulls = list(form.null_values)
    if column.type is ColumnType.TEXT:
        value = pl.when(~raw.is_in(nulls)).then(raw) if nulls else raw
        return Casting(value=value, missing=value.is_null(), reason=pl.lit(REASONS[column.type]))
    bare = raw.str.strip_chars()
    missing = raw.is_null() | raw.is_in(nulls) | bare.is_in(nulls) if nulls else raw.is_null()
    value, reason = _read(bare, column, form)
    usual = _usual_decimal(raw, column, form) if column.type is ColumnType.DECIMAL else None
    return Casting(value=pl.when(~missing).then(value), missing=missing, reason=reason, usual=usual)


def _read(text: pl.Expr, column: Column, form: FileFormat) -> tuple[pl.Expr, pl.Expr]:
    """Value and, where it is null, the reason."""
    import polars as pl

    said = pl.lit(REASONS[column.type])
    match column.type:
        case ColumnType.INTEGER | ColumnType.DECIMAL:
            return _number(text, column, form)
        case ColumnType.DATE:
            return _by_form(text, form.date_form, time=False), said
        case ColumnType.TIMESTAMP:
            return _by_form(text, form.timestamp_form, time=True), said
        case ColumnType.BOOLEAN:
            low = text.str.to_lowercase()
            true, false = (
                [value.strip().lower() for value in values] for values in (form.true_values, form.false_values)
            )
            return pl.when(low.is_in(true)).then(True).when(low.is_in(false)).then(False), said
        case ColumnType.WEEK:
            return _day(text, r"[0-9]{4}-W[0-9]{2}", text + "-1", "%G-W%V-%u"), said
        case ColumnType.MONTH:
            return _day(text, r"[0-9]{4}-[0-9]{2}", text + "-01", "%Y-%m-%d"), said
        case ColumnType.QUARTER:
            month = (text.str.slice(6, 1).cast(pl.Int64, strict=False) * 3 - 2).cast(pl.String)
            return _day(text, r"[0-9]{4}-Q[1-4]", text.str.slice(0, 5) + month + "-1", "%Y-%m-%d"), said
        case ColumnType.YEAR:
            return _day(text, r"[0-9]{4}", text + "-01-01", "%Y-%m-%d"), said
        case ColumnType.TEXT:
            return text, said
        case _:
            assert_never(column.type)


def _day(text: pl.Expr, pattern: str, written: pl.Expr, form: str) -> pl.Expr:
    import polars as pl

    return pl.when(text.str.contains(f"^{pattern}$")).then(written).str.to_date(form, strict=False)


def _by_form(text: pl.Expr, form: str, *, time: bool) -> pl.Expr:
    """Dates by a strftime form, its shape checked first: the parser alone takes year 26 for `%Y`."""
    import polars as pl

    form = form.replace(".%f", "%.f")
    pieces = re.split(r"(%\.f|%.)", form)
    pattern = "".join(_FORM_PARTS.get(piece, ".+") if piece.startswith("%") else re.escape(piece) for piece in pieces)
    shaped = pl.when(text.str.contains(f"^{pattern}$")).then(text)
    if not time:
        return shaped.str.to_date(form, strict=False)
    parsed = shaped.str.to_datetime(form, strict=False, time_unit="us")
    return parsed.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if "%z" in form else parsed


def _number(text: pl.Expr, column: Column, form: FileFormat) -> tuple[pl.Expr, pl.Expr]:
    """Whole numbers and decimals; thousands marks must stand where they belong."""
    import polars as pl

    if form.trailing_minus:
        text = text.str.replace(r"^([^+-].*?)\s*-$", "-${1}")
    if form.thousands == " ":
        text = text.str.replace_all("[\u00a0\u202f]", " ")
    whole, point = _whole(form), re.escape(form.decimal)
    plain = text if form.thousands is None else text.str.replace_all(form.thousands, "", literal=True)
    if column.type is ColumnType.INTEGER:
        shaped = text.str.contains(f"^[+-]?{whole}$")
        checked = plain if form.thousands is None else pl.when(shaped).then(plain)  # the cast itself takes digits only
        value = checked.cast(pl.Int64, strict=False)
        return value, pl.when(shaped).then(pl.lit("too large")).otherwise(pl.lit(REASONS[column.type]))
    shaped = text.str.contains(f"^[+-]?(?:{whole}(?:{point}[0-9]+)?|{point}[0-9]+)$")
    places = f"{point}[0-9]{{1,{column.scale}}}0*" if column.scale else f"{point}0+"
    good = text.str.contains(f"^[+-]?(?:{whole}(?:{places})?|{places})$")  # shaped, and no more places than there are
    if form.decimal != ".":
        plain = plain.str.replace(form.decimal, ".", literal=True)
    # zeros beyond the scale would count as digits
    short = plain.str.replace(rf"(\.[0-9]{{{column.scale}}})0+$", "${1}").str.strip_suffix(".")
    value = pl.when(good).then(short).cast(pl.Decimal(DECIMAL_DIGITS, column.scale), strict=False)
    reason = (
        pl.when(good)
        .then(pl.lit("too large"))
        .when(shaped)
        .then(pl.lit(f"more than {column.scale} decimals"))
        .otherwise(pl.lit(REASONS[column.type]))
    )
    return value, reason


def _whole(form: FileFormat) -> str:
    """The pattern of digits before the decimal point."""
    if form.thousands is None:
        return "[0-9]+"
    return f"(?:[0-9]{{1,3}}(?:{re.escape(form.thousands)}[0-9]{{3}})+|[0-9]+)"


def _usual_decimal(raw: pl.Expr, column: Column, form: FileFormat) -> pl.Expr:
    """Digits, perhaps a minus, and no more decimals than the column holds: nothing to be cut off or made up."""
    import polars as pl

    decimals = f"(?:{re.escape(form.decimal)}[0-9]{{1,{column.scale}}})?" if column.scale else ""
    number = f"{_whole(form)}{decimals}"
    pattern = f"^(?:-?{number}|{number}-)$" if form.trailing_minus else f"^-?{number}$"
    plain = raw if form.thousands is None else raw.str.replace_all(form.thousands, "", literal=True)
    if form.decimal != ".":
        plain = plain.str.replace(form.decimal, ".", literal=True)
    if form.trailing_minus:
        plain = pl.when(plain.str.ends_with("-")).then("-" + plain.str.strip_suffix("-")).otherwise(plain)
    return pl.when(raw.str.contains(pattern)).then(plain).cast(pl.Decimal(DECIMAL_DIGITS, column.scale), strict=False)


def from_typed(raw: pl.Expr, column: Column, found: pl.DataType, form: FileFormat) -> Casting:
    """Read a column that its file types already. A value that the wanted type cannot hold exactly is unreadable."""
    import polars as pl

    if found == pl.String:
        return from_text(raw, column, form)
    said = pl.lit(REASONS[column.type])
    if isinstance(found, pl.Categorical | pl.Enum) or (column.type is ColumnType.YEAR and found.is_integer()):
        return from_text(raw.cast(pl.String, strict=False), column, form)
    return Casting(value=_exactly(raw, column, found), missing=raw.is_null(), reason=said)


def _exactly(raw: pl.Expr, column: Column, found: pl.DataType) -> pl.Expr:
    """The value where a cast there and back gives it again; types of another family are never read."""
    import polars as pl

    wanted = dtype(column)
    if isinstance(found, pl.Datetime) and found.time_zone is not None:
        raw = raw.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        found = pl.Datetime(found.time_unit)
    day = isinstance(found, pl.Date | pl.Datetime)
    match column.type:
        case ColumnType.TEXT:
            if found.is_float():  # codes that became floats because some were missing
                whole = raw.cast(pl.Int64, strict=False)
                return pl.when(whole == raw).then(whole.cast(pl.String)).otherwise(raw.cast(pl.String))
            fits = found.is_numeric() or day or found == pl.Boolean
        case ColumnType.INTEGER | ColumnType.DECIMAL:
            fits = found.is_numeric()
        case ColumnType.BOOLEAN:
            fits = found.is_integer() or found == pl.Boolean
        case _:
            fits = day
    if not fits:
        return pl.lit(None, wanted)
    value = raw.cast(wanted, strict=False)
    if column.type is ColumnType.TEXT:
        return value
    same = value.cast(found, strict=False) == raw
    every = {"week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}.get(column.type)
    if every is not None:
        same = same & (value == value.dt.truncate(every))
    return pl.when(same).then(value)
