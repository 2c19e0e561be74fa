"""A condition that is written as text means what it means in pandas; what cannot be read is refused, not guessed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.conditions import compile_condition, condition_columns, plain_condition
from loadgate.checking.engine.faults import CannotEvaluateError

ROWS = pl.DataFrame(
    {
        "a": [1.0, 2.0, 3.0, None, -1.0, 0.0],
        "b": [2, 3, 1, 4, -1, 7],
        "a name": [5, 0, 2, 2, 2, 9],
        "word": ["x", "y", None, "x", "y", "and"],
        "said": [" Ax", "ax", None, "", "b\u00c6", "xX y"],
        "flag": [True, False, True, True, False, False],
        "d": [None, *(dt.datetime(2023 + month // 12, 1 + month % 12, 28, 13) for month in range(10, 15))],
    }
)
AS_IN_PANDAS = [
    "a == [1, 3]",
    "a != [1, 3]",
    "a in [1, 3]",
    "a in (1, -1)",
    "a not in [1, 3]",
    "[1, 3] == a",
    "word in ['x']",
    "word != 'x'",
    "'x' == word",
    "word == 'and' or b == 3",
    "a == -1",
    "a == +2",
    "a > -0.5",
    "1 < a",
    "2 <= a",
    "2 > a",
    "2 >= a",
    "2 != a",
    "1 <= a < 3",
    "3 > a > -1",
    "a + b > 4",
    "a - b < 0",
    "b - a < 2",
    "a * b == 6",
    "b / 2 >= 2",
    "b % 2 == 1",
    "a + b * 2 == 5",
    "(a + b) * 2 == 6",
    "a != b",
    "a == b",
    "b > a",
    "`a name` > 1 & a < 3",
    "`a name` > 4 | a < 0",
    "not a == 1",
    "~(a == 1 | b == 3)",
    "a == 1 | a == 3 & b == 3",
    "(a == 1 | a == 3) & b == 1",
    "a.isnull()",
    "word.notna() and\n a < 2",
    "b // 2 == 1",
    "a // 2 == -1",
    "b // `a name` > 1",
    "a // `a name` < 1",
    "a / 0 > 1",
    "a / 0 != a / 0",
    "0 / a == 0",
    "-a < 0",
    "+a > 0",
    "abs(a - b) > 1",
    "a.abs() == 1",
    "1 < b <= 3 < 5",
    "a.isin([1, -1])",
    "not a.isin([1, -1])",
    "a.between(1, 3)",
    "a.between(1, 3, inclusive='left')",
    "a.between(1, 3, inclusive='neither')",
    "~a.between(1, 3, inclusive='right')",
    "d.between('2024-01-01', '2024-02-28')",
    "a.gt(1) | a.eq(-1)",
    "a.ne(1) & b.le(3)",
    "a.isna() == False",
    "True != a.isna()",
    "(a > 0) == True",
    "flag == False",
    "said.str.contains('x')",
    "said.str.contains('x', na=True)",
    "not said.str.contains('x', na=False)",
    "said.str.contains('X', case=False)",
    "said.str.contains('.', regex=False) or b == 3",
    "said.str.contains('x(?! )')",
    "said.str.contains('^a|y$')",
    r"said.str.match('\\s\w')",
    r"said.str.match('\\\\s[A-Z]') or said.str.contains(r'\bax\b')",
    "said.str.match('ax|x')",
    "said.str.fullmatch('a?x|b.')",
    "said.str.fullmatch('(?=a)ax')",
    "said.str.match('(?i)A(?!y)')",
    "said.str.match('A(?!y)', case=False)",
    "said.str.startswith('a')",
    "said.str.endswith('x', na=False)",
    "said.str.len() > 2",
    "said.str.len() != 2",
    "-said.str.len() < -2",
    "d.dt.month * 100 > 300",
    "said.str.strip().str.lower() == 'ax'",
    "said.str.upper().isin(['AX', 'B\u00c6'])",
    "said.str.lstrip() != said.str.rstrip()",
    "word.isnull() or said.str.strip() == ''",
    "d.dt.year == 2024",
    "d.dt.year != 2024",
    "d.dt.month >= 2 and d.dt.day == 28",
    "d.dt.quarter == 1 or d.dt.hour < 13",
    "d.dt.weekday > 4",
    "d.dt.dayofweek == d.dt.day_of_week and d.dt.minute == 0 and a < 0",
    "word == '`x`' or said == \"it's `b`\" or a == 1",
]


def met(condition: Any, *, rows: pl.DataFrame = ROWS, parser: str = "pandas") -> list[int]:
    """The numbers of the rows that meet it."""
    plain = plain_condition(condition, parser=parser)
    assert plain is not None
    mask = rows.select(compile_condition(plain, schema=rows.schema, flags={})).to_series()
    assert mask.null_count() == 0
    return mask.arg_true().to_list()


@pytest.mark.filterwarnings("ignore:Series.dt.* is deprecated")
@pytest.mark.filterwarnings("ignore:invalid escape sequence")  # pandas reads it with Python's parser, as it is
@pytest.mark.parametrize("condition", AS_IN_PANDAS)
def test_a_condition_takes_the_rows_that_pandas_takes(condition: str) -> None:
    pandas = ROWS.to_pandas()

    wanted = pandas.query(condition.replace("\n", " "), engine="python").index.to_list()

    assert 0 < len(wanted) < ROWS.height
    assert met(condition) == wanted


@pytest.mark.parametrize("condition", ["a < b", "b + a > 0", "a > 2 - b % 2", "1 < a * 2 < b"])
@pytest.mark.parametrize("column", ["a", "b"])
def test_a_value_that_could_not_be_read_leaves_a_comparison_of_columns_without_an_answer_in_its_row(
    condition: str, column: str
) -> None:
    plain = plain_condition(condition, parser="pandas")
    assert plain is not None
    flags = {column: pl.int_range(pl.len()) == 1, "word": pl.lit(True)}

    answers = ROWS.select(compile_condition(plain, schema=ROWS.schema, flags=flags)).to_series()

    assert answers.is_null().arg_true().to_list() == [1]
    assert sorted(condition_columns(plain)) == ["a", "b"]


NONE = "pandas finds nothing equal to None; column.isnull() or column.notnull() asks for missing values"
VALUES = "it compares values with each other; a column's name stands without quotes"
LISTS = "a list is compared with in or not in, and they with nothing else"
NO_TRUTH = "it is neither true nor false in a row; compare it with a value"
DAY = "a day is written as datetime.date(2024, 1, 31), or as '2024-01-31'"
UNKNOWN = (
    "only isnull(), notnull(), isin(), between() and abs() are read here, of texts str.contains, match, fullmatch, "
    "startswith, endswith, len, lower, upper, strip, lstrip, rstrip, of moments dt.year, quarter, month, day, hour, "
    "minute, day_of_week, weekday, dayofweek; let a column of the table hold what else is computed"
)
SENSE = (
    "it is no expression of pandas' query language: conditions are joined by and, or, not; == compares; texts stand in "
    "quotes, and names that are no single words in backticks"
)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("3", f"3: {NO_TRUTH}"),
        ("a + 1", f"a + 1: {NO_TRUTH}"),
        ("a if b else a", f"a if b else a: {NO_TRUTH}"),
        ("b == 1 and 'x'", f"'...': {NO_TRUTH}"),
        ("a is 1", "a is 1: pandas has no is; == compares, and column.isnull() asks for missing values"),
        ("1 < a is 1", "1 < a is 1: pandas has no is; == compares, and column.isnull() asks for missing values"),
        ("b > 1 and a == None", f"a == None: {NONE}"),
        ("a in [1, None]", f"[1, None]: {NONE}"),
        ("'word' == 'x'", f"'...' == '...': {VALUES}"),
        ("a in b", "a in b: in needs a column on its left and a list of values on its right"),
        ("'x' in word", "'...' in word: in needs a column on its left and a list of values on its right"),
        ("a in 3", f"a in 3: {LISTS}"),
        ("a < [1, 2]", f"a < [1, 2]: {LISTS}"),
        ("a == [1, b]", "[1, b]: a list holds values only"),
        ("a == [1, [2]]", "[1, [2]]: a list holds values only"),
        ("(a > 1) == (b > 1)", "a > 1: it is a condition; join conditions by and, or, not"),
        ("a ** 2 > 1", "a ** 2: of numbers it knows + - * / // % alone"),
        ("`a name`.shift(1) > 1", f"`a name`.shift(1): {UNKNOWN}"),
        ("a.isnull(1)", f"a.isnull(1): {UNKNOWN}"),
        ("a.between(1)", f"a.between(1): {UNKNOWN}"),
        ("a.between(1, 2, inclusive='some')", f"a.between(1, 2, inclusive='...'): {UNKNOWN}"),
        ("a.isin([1], b)", f"a.isin([1], b): {UNKNOWN}"),
        ("word.contains('x')", f"word.contains('...'): {UNKNOWN}"),
        ("word.str.contains('x', flags=2)", f"word.str.contains('...', flags=2): {UNKNOWN}"),
        ("word.str.contains(b)", f"word.str.contains(b): {UNKNOWN}"),
        ("word.str.contains(1)", f"word.str.contains(1): {UNKNOWN}"),
        ("word.str[0] == 'x'", f"word.str[0]: {UNKNOWN}"),
        ("word.str.split('x') == 'x'", f"word.str.split('...'): {UNKNOWN}"),
        (
            "word.str.contains('x', regex=False, case=False)",
            "word.str.contains('...', regex=False, case=False): case=False is for patterns; ask str.lower() instead",
        ),
        ("a == b'x'", f"'...': {UNKNOWN}"),
        ("a == f'x{b}'", f"f'...': {UNKNOWN}"),
        ("a > @least", "@ names a variable of a program, and there is none here; write its value"),
        ("`a name > 1", SENSE),
        ("a == 1 `", SENSE),
        ("a ==", SENSE),
        ("a == 1 AND b == 1", SENSE),
        ("a > datetime.date(2024, 1)", f"datetime.date(2024, 1): {DAY}"),
        ("a > datetime.date(2024, 1, True)", f"datetime.date(2024, 1, True): {DAY}"),
        (
            "a > datetime.datetime(2024, 1, 1, fold=1)",
            "datetime.datetime(2024, 1, 1, fold=1): the only zone that can be named is tzinfo=datetime.timezone.utc",
        ),
        ("__import__('os')", f"__import__('...'): {UNKNOWN}"),
        (f"{'a + ' * 40}1", f"{'a + ' * 20}...: {NO_TRUTH}"),
    ],
)
def test_what_is_no_condition_is_refused_with_the_part_in_question_and_none_of_its_texts(
    condition: str, told: str
) -> None:
    with pytest.raises(CannotEvaluateError) as refused:
        plain_condition(condition, parser="pandas")

    assert refused.value.reason == f"its row_condition cannot be read as a condition: {told}"


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("a.str.len() > 1", "its row_condition asks .str of column a (Float64), which holds no texts"),
        (
            "word.dt.year > 1",
            "its row_condition asks .dt of column word (String), which holds neither days nor moments",
        ),
        ("word.str.contains('[')", "the pattern that its row_condition has for word is malformed"),
        ("word.str.match('a++')", "its pattern has ++, which Python and this engine read differently"),
        ("a + word == 1", "the check does not fit a (Float64), word (String): "),
        ("a == word", "the check does not fit a (Float64), word (String): "),
        (
            "d < '31/01/2024'",
            "a limit that is a text, and not in ISO 8601 (2024-01-31, 2024-01-31T12:00:00), cannot be compared with a "
            "column of type Datetime(",
        ),
    ],
)
def test_what_does_not_fit_a_column_is_refused(condition: str, told: str) -> None:
    with pytest.raises(CannotEvaluateError) as refused:
        met(condition)

    assert refused.value.reason.startswith(told)


@pytest.mark.parametrize(("column", "dtype"), [("word", pl.Categorical), ("word", pl.Null), ("d", pl.Null)])
def test_parts_are_taken_of_categories_and_of_columns_of_nothing(column: str, dtype: Any) -> None:
    rows = ROWS.select(pl.col(column) if dtype != pl.Null else pl.lit(None).alias(column)).with_columns(
        pl.col(column).cast(dtype)
    )
    condition = "word.str.upper() == 'X' or word.str.startswith('a')" if column == "word" else "d.dt.year > 2000"

    assert met(condition, rows=rows) == ([0, 3, 5] if dtype == pl.Categorical else [])


def test_a_condition_of_more_than_4000_characters_is_refused_unread() -> None:
    condition = "a == 1".ljust(4000)

    assert met(condition) == [0]
    with pytest.raises(CannotEvaluateError, match="too long"):
        plain_condition(condition + " ", parser="pandas")


@pytest.mark.filterwarnings("error")
def test_a_pattern_is_read_without_a_word_about_its_backslashes() -> None:
    assert met(r"said.str.contains('\w\sy')") == [5]


def test_a_moment_may_be_named_to_the_microsecond() -> None:
    moments = pl.DataFrame({"t": ["2024-01-02 03:04:05.000006", "2024-01-02 03:04:05.000007"]})
    rows = moments.select(pl.col("t").str.to_datetime())

    assert met("t == datetime.datetime(2024, 1, 2, 3, 4, 5, 7)", rows=rows) == [1]


def test_in_gx_s_own_language_a_missing_value_meets_no_comparison_and_days_are_named_by_their_text() -> None:
    rows = pl.DataFrame({"d": ["2024-01-01", "2024-01-03", None]}).select(pl.col("d").str.to_date())
    own = "great_expectations"

    assert met('col("a") != 1', parser=own) == [1, 2, 4, 5]
    assert met('col("d") > date("2024-01-02")', rows=rows, parser=own) == [1]
    assert met('col("d").notNull()', rows=rows, parser=own) == [0, 1]
    with pytest.raises(CannotEvaluateError):
        plain_condition('column("a") != 1', parser=own)


@pytest.mark.parametrize("parser", [None, "spark", "sql"])
def test_a_text_in_a_language_that_is_not_named_is_refused(parser: str | None) -> None:
    with pytest.raises(
        CannotEvaluateError, match="its condition_parser is none of those read: pandas, python, great_expectations"
    ):
        plain_condition("a == 1", parser=parser)


@pytest.mark.parametrize("condition", [5, ["a == 1"], {"type": "regex", "column": {"name": "a"}}, {}])
def test_a_condition_of_no_known_form_is_refused(condition: Any) -> None:
    with pytest.raises(CannotEvaluateError, match="of a form that this engine does not know"):
        plain_condition(condition)


@pytest.mark.parametrize("kind", ["and", "or"])
def test_a_group_of_no_conditions_is_refused(kind: str) -> None:
    with pytest.raises(CannotEvaluateError, match="an empty group"):
        met({"type": kind, "conditions": []})


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_condition_is_none(nothing: str | None) -> None:
    assert plain_condition(nothing) is None
