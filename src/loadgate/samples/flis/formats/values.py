"""A typed column in, an expression of its text as a file holds it out; and a number's text back in plain digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from loadgate.model.expected import Column, ColumnType
from loadgate.model.profiles import FileFormat, FormatKind

if TYPE_CHECKING:
    import polars as pl

NUMBERS = (ColumnType.INTEGER, ColumnType.DECIMAL)
_DIGITS = 38
_WITHOUT_TEXT = (FormatKind.PARQUET, FormatKind.XLSX)  # nothing stands where nothing is


def written(value: pl.Expr, column: Column, form: FileFormat) -> pl.Expr:
    """The text by the profile's forms; a missing value is its first null value, blank in fixed fields."""
    import polars as pl

    text = _text(value, column, form)
    if form.kind in _WITHOUT_TEXT:
        return text
    nothing = form.null_values[0] if form.null_values and form.kind is FormatKind.CSV else ""
    return text.fill_null(pl.lit(nothing))


def _text(value: pl.Expr, column: Column, form: FileFormat) -> pl.Expr:
    import polars as pl

    match column.type:
        case ColumnType.TEXT:
            return value.cast(pl.String)
        case ColumnType.INTEGER:
            return _signed(value.cast(pl.Int64).cast(pl.String), 0, form)
        case ColumnType.DECIMAL:
            return _signed(value.cast(pl.Decimal(_DIGITS, column.scale)).cast(pl.String), column.scale, form)
        case ColumnType.BOOLEAN:
            return pl.when(value).then(pl.lit(form.true_values[0])).when(~value).then(pl.lit(form.false_values[0]))
        case ColumnType.DATE:
            return value.dt.strftime(form.date_form)
        case ColumnType.TIMESTAMP:
            return _moment(value, form.timestamp_form)
        case ColumnType.WEEK:
            return value.dt.strftime("%G-W%V")
        case ColumnType.MONTH:
            return value.dt.strftime("%Y-%m")
        case ColumnType.QUARTER:
            return value.dt.strftime("%Y-Q") + value.dt.quarter().cast(pl.String)
        case ColumnType.YEAR:
            return value.dt.strftime("%Y")
        case _:
            assert_never(column.type)


def _signed(text: pl.Expr, scale: int, form: FileFormat) -> pl.Expr:
    """In: `-1234.50`. Out, for instance, `1.234,50-`."""
    import polars as pl

    body = text.str.strip_prefix("-")
    whole = body.str.head(-scale - 1) if scale else body
    if form.thousands is not None:
        mark = form.thousands
        turned = whole.str.reverse().str.replace_all(r"([0-9]{3})", "${1}" + mark)
        whole = turned.str.strip_suffix(mark).str.reverse()
    if scale:
        whole = whole + form.decimal + body.str.tail(scale)
    minus = whole + "-" if form.trailing_minus else "-" + whole
    return pl.when(text.str.starts_with("-")).then(minus).otherwise(whole)


def _moment(value: pl.Expr, form: str) -> pl.Expr:
    """Milliseconds where a fraction is wanted, microseconds where those would not do."""
    import polars as pl

    form = form.replace(".%f", "%.f").replace("%z", "+0000")
    if "%.f" not in form:
        return value.dt.strftime(form)
    coarse = value.dt.microsecond() % 1000 == 0
    short, long = (value.dt.strftime(form.replace("%.f", part)) for part in ("%.3f", "%.6f"))
    return pl.when(coarse).then(short).otherwise(long)


def plain(text: pl.Expr, form: FileFormat) -> pl.Expr:
    """A number's text as digits with a leading minus and a point; null for what is no number by the profile's form."""
    import polars as pl

    if form.trailing_minus:
        text = text.str.replace(r"^([^-].*)-$", "-${1}")
    if form.thousands is not None:
        text = text.str.replace_all(form.thousands, "", literal=True)
    if form.decimal != ".":
        text = text.str.replace(form.decimal, ".", literal=True)
    return pl.when(text.str.contains(r"^-?[0-9]+(\.[0-9]+)?$")).then(text)
