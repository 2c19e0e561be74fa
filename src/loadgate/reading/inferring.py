"""Raw columns in; out, the type that each seems to have and the form that the file writes values in.

A guess from the first rows, to be held against all of them by whoever uses it. What could be a code stays text: a
number with a leading zero is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.model.expected import Column, ColumnType
from loadgate.model.profiles import FileFormat, FormatKind
from loadgate.reading import casting

if TYPE_CHECKING:
    import polars as pl

SAMPLE_ROWS = 20_000
NULL = "NULL"  # what a database writes for a value that is not there: no word that anybody means
LEADING_ZERO = r"^[+-]?0[0-9]"
_MOST_DIGITS = 18  # an Int64 holds any of them
_DIGITS_OF_A_NAME, _NAMES = 6, 20
_MAX_SCALE = 6
_DATE_FORMS = ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y", "%Y/%m/%d", "%Y%m%d", "%m/%d/%Y")
_TIME_FORMS = tuple(
    f"{day}{between}{time}"
    for day in _DATE_FORMS[:4]
    for between in (" ", "T")
    for time in ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M")
)
_BEGINS_AS_DAY = r"^[0-9][0-9./-]{7}"  # as each of these forms does, and most columns do not
_MINUS_BEHIND = r"^(?:-?[0-9][0-9.,]*|[0-9][0-9.,]*-)$"
_PERIODS = {
    ColumnType.WEEK: r"^[0-9]{4}-W[0-9]{2}$",
    ColumnType.MONTH: r"^[0-9]{4}-(0[1-9]|1[0-2])$",
    ColumnType.QUARTER: r"^[0-9]{4}-Q[1-4]$",
}
_WORDS = ("true", "false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guessed:
    """Types by raw column; None where a column holds what no column of a dataset can (lists, times of day, bytes).

    `unsaid`: some numbers are written with the file's delimiter in them, in quotes, which no profile can say.
    """

    types: dict[str, Column | None]
    form: FileFormat
    unsaid: bool = False


def guess(raw: pl.LazyFrame, form: FileFormat) -> Guessed:
    """Look at the first rows. Without a value that says more, a column is text."""
    import polars as pl

    schema = raw.collect_schema()
    sample = raw.head(SAMPLE_ROWS).collect()
    texts = {name: sample[name].drop_nulls() for name, kind in schema.items() if _is_text(kind)}
    texts = {name: values.cast(pl.String).str.strip_chars() for name, values in texts.items()}
    if any((values == NULL).any() for values in texts.values()):
        form = form.model_copy(update={"null_values": (*form.null_values, NULL)})
    nothing = ["", *form.null_values]
    texts = {name: values.filter(~values.is_in(nothing)) for name, values in texts.items()}
    form, unsaid = _with_forms(list(texts.values()), form)
    types: dict[str, Column | None] = {}
    for name, kind in schema.items():
        types[name] = _of_text(texts[name], form) if name in texts else _of_typed(sample[name], kind, form)
    return Guessed(types=types, form=form, unsaid=unsaid)


def _is_text(kind: pl.DataType) -> bool:
    import polars as pl

    return isinstance(kind, pl.String | pl.Categorical | pl.Enum)


def _all(values: pl.Series, pattern: str) -> bool:
    return bool(len(values)) and bool(values.str.contains(pattern).all())


def _with_forms(columns: Sequence[pl.Series], form: FileFormat) -> tuple[FileFormat, bool]:
    """One form of decimals, dates and moments per file, that of most columns, as in a profile; and what is `unsaid`."""
    behind = any(_all(values, _MINUS_BEHIND) and bool(values.str.ends_with("-").any()) for values in columns)
    found = [_decimal(values.str.replace("-$", "") if behind else values) for values in columns]
    numbers = [marks for marks in found if marks]
    between = form.delimiter if form.kind is FormatKind.CSV else ""
    decimal = Counter(marks for marks in numbers if between not in marks.split()).most_common(1)
    dated = [values for values in columns if _all(values.head(50), _BEGINS_AS_DAY)]
    dates = _commonest(dated, _DATE_FORMS, _reads_as_date)
    moments = _commonest(dated, _TIME_FORMS, _reads_as_moment)
    update: dict[str, object] = {"trailing_minus": True} if behind else {}
    if decimal:
        mark, _, thousands = decimal[0][0].partition(" ")
        update |= {"decimal": mark, "thousands": thousands or None}
    if dates is not None:
        update["date_form"] = dates
    if moments is not None:
        update["timestamp_form"] = moments
    return form.model_copy(update=update), any(between in marks.split() for marks in numbers)


def _decimal(values: pl.Series) -> str | None:
    """`,` or `.`, and the mark of thousands behind a blank; None for a column that is not all numbers with either."""
    for mark, other in ((",", "."), (".", ",")):
        point, group = (f"[{mark}]", f"[{other}]")
        if _all(values, rf"^[+-]?[0-9]+({point}[0-9]+)?$") and bool(values.str.contains(point).any()):
            return mark
        grouped = rf"^[+-]?[0-9]{{1,3}}({group}[0-9]{{3}})*({point}[0-9]+)?$"
        if _all(values, grouped) and bool(values.str.contains(group).any()) and bool(values.str.contains(point).any()):
            return f"{mark} {other}"
    return None


def _commonest(
    columns: Sequence[pl.Series], forms: Sequence[str], reads: Callable[[pl.Series, str], bool]
) -> str | None:
    """The form that most columns have; the first of those where a column could be read by several."""
    found = Counter(form for values in columns for form in forms if reads(values, form))
    return max(found, key=lambda form: (found[form], -forms.index(form))) if found else None


def _reads_as_date(values: pl.Series, form: str) -> bool:
    return _reads(values, Column(type=ColumnType.DATE), FileFormat(date_form=form)) and (
        form != "%Y%m%d" or _all(values, r"^(19|20)[0-9]{6}$")
    )


def _reads_as_moment(values: pl.Series, form: str) -> bool:
    return _reads(values, Column(type=ColumnType.TIMESTAMP), FileFormat(timestamp_form=form))


def _reads(values: pl.Series, column: Column, form: FileFormat) -> bool:
    import polars as pl

    few = values.head(50).to_frame("v")  # most columns are something else, which few values show
    for frame in (few, values.to_frame("v")):
        read = frame.select(casting.from_text(pl.col("v"), column, form).value.is_not_null().all()).item()
        if not read:
            return False
    return True


def _of_text(values: pl.Series, form: FileFormat) -> Column:
    if not len(values):
        return Column()
    if bool(values.str.to_lowercase().is_in(_WORDS).all()):
        return Column(type=ColumnType.BOOLEAN)
    for kind, pattern in _PERIODS.items():
        if _all(values, pattern):
            return Column(type=kind)
    if _reads_as_date(values, form.date_form):
        return Column(type=ColumnType.DATE)
    if _reads_as_moment(values, form.timestamp_form):
        return Column(type=ColumnType.TIMESTAMP)
    if bool(values.str.contains(LEADING_ZERO).any()) and not bool(values.str.contains(r"^[+-]?0[.,]").any()):
        return Column()
    whole = Column(type=ColumnType.INTEGER)
    if _reads(values, whole, form):
        return Column() if _is_number_of_something(values) else whole
    places = values.str.extract(rf"[{form.decimal}]([0-9]+)-?$", 1).str.len_chars().max()
    scale = places if isinstance(places, int) else 0
    exact = Column(type=ColumnType.DECIMAL, scale=min(max(scale, 2), _MAX_SCALE))
    return exact if _reads(values, exact, form) else Column()


def _is_number_of_something(values: pl.Series) -> bool:
    """Digits that nobody reckons with: too many, or all of one length and nearly each another."""
    lengths = values.str.len_chars()
    if bool((lengths > _MOST_DIGITS).any()):
        return True
    alike = lengths.min() == lengths.max() and bool((lengths >= _DIGITS_OF_A_NAME).all())
    return alike and len(values) >= _NAMES and values.n_unique() * 2 > len(values)


def _of_typed(values: pl.Series, kind: pl.DataType, form: FileFormat) -> Column | None:
    import polars as pl

    if kind == pl.Boolean:
        return Column(type=ColumnType.BOOLEAN)
    if kind == pl.Date:
        return Column(type=ColumnType.DATE)
    if isinstance(kind, pl.Datetime):
        return Column(type=ColumnType.TIMESTAMP)
    if kind.is_integer():
        return Column(type=ColumnType.INTEGER)
    if isinstance(kind, pl.Decimal):
        return Column(type=ColumnType.DECIMAL, scale=min(kind.scale, _MAX_SCALE))
    if kind.is_float():
        present = values.drop_nulls()
        choices = [
            Column(type=ColumnType.INTEGER),
            *(Column(type=ColumnType.DECIMAL, scale=n) for n in (2, 3, 4, 5, 6)),
        ]
        for column in choices:
            reading = casting.from_typed(pl.col("v"), column, kind, form).value
            if len(present) and present.to_frame("v").select(reading.is_not_null().all()).item():
                return column
        return choices[-1]
    return Column() if kind == pl.Null else None
