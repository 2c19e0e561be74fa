"""A condition that is written as text means what it means in pandas; what cannot be read is refused, not guessed."""

from __future__ import annotations

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
]


def met(condition: Any, *, rows: pl.DataFrame = ROWS, parser: str = "pandas") -> list[int]:
    """The numbers of the rows that meet it."""
    plain = plain_condition(condition, parser=parser)
    assert plain is not None
    mask = rows.select(compile_condition(plain, schema=rows.schema, flags={})).to_series()
    assert mask.null_count() == 0
    return mask.arg_true().to_list()


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


@pytest.mark.parametrize(
    "condition",
    [
        "3",
        "'x'",
        "a + 1",
        "a if b else a",
        "a is 1",
        "1 < a is 1",
        "a in b",
        "a in 3",
        "a not in 3",
        "a < [1, 2]",
        "a == [1, b]",
        "a.abs() == 1",
        "a.isnull(1)",
        "a == b'x'",
        "a == None",
        "`a name > 1",
        "a == 1 `",
        "a ==",
        "a > datetime.date(2024, 1)",
        "a > datetime.date(2024, 1, True)",
        "a > datetime.datetime(2024, 1, 1, 0, 0, 0, 0, 0)",
        "a > datetime.datetime(2024, 1, 1, fold=1)",
        "__import__('os')",
    ],
)
def test_what_is_no_condition_is_refused(condition: str) -> None:
    with pytest.raises(CannotEvaluateError, match="cannot be read as a condition"):
        plain_condition(condition, parser="pandas")


def test_a_condition_of_more_than_4000_characters_is_refused_unread() -> None:
    condition = "a == 1".ljust(4000)

    assert met(condition) == [0]
    with pytest.raises(CannotEvaluateError, match="too long"):
        plain_condition(condition + " ", parser="pandas")


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
