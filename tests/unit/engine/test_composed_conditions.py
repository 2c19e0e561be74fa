"""Conditions that are put together at random take the rows that pandas takes, whatever is missing in them."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgate.checking.engine.conditions import compile_condition, plain_condition
from loadgate.checking.engine.faults import CannotEvaluateError

VALUES = {
    "i": [-3, -1, 0, 1, 2, 4],
    "n": [None, 0.0, 1.0, 2.0, -1.0],
    "f": [None, 0.0, 1.5, -2.5, float("inf")],
    "s": [None, "x", "Ax ", "", "é", "x\ny", "b.c"],
    "t": ["x", "ab", "xX"],
    "flag": [True, False],
    "d": [None, dt.datetime(2024, 1, 1), dt.datetime(2023, 12, 31, 23, 59), dt.datetime(2024, 2, 29, 12)],
}
SCHEMA = {"i": pl.Int64, "n": pl.Float64, "f": pl.Float64, "s": pl.String, "t": pl.String, "flag": pl.Boolean}
SCHEMA |= {"d": pl.Datetime("us")}


def written(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts in which each {} is one of its part's."""
    return st.tuples(*parts).map(lambda drawn: pattern.format(*drawn))


def one_of(*words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words)


SIGNS = one_of("==", "!=", "<", ">", "<=", ">=")
COLUMNS = one_of("i", "n", "f", "s.str.len()", "d.dt.month", "d.dt.weekday + 0")
NUMBERS = st.recursive(
    COLUMNS,
    lambda deeper: st.one_of(
        written("({} {} {})", deeper, one_of("+", "-", "*", "/", "//"), deeper | one_of("2", "0.5", "-3")),
        written("({} % {})", deeper, one_of("2", "-3")),  # of fractions and infinities Polars has another remainder
        written("abs({})", deeper),
        written("-({})", deeper),
    ),
    max_leaves=3,
)
TEXTS = one_of("s", "t", "s.str.lower()", "s.str.strip()", "t.str.upper()")
LEAVES = st.one_of(
    written("{} {} {}", NUMBERS, SIGNS, NUMBERS | one_of("1", "-2.5")),
    written("{} < {} <= {}", one_of("-2", "i", "f"), NUMBERS, one_of("n", "3")),
    written("{} {} {}", TEXTS, one_of("==", "!="), TEXTS | one_of("'x'", "''")),
    written("{} {} ['x', 'ab', '']", TEXTS, one_of("in", "not in")),
    written("{}.{}", one_of("i", "n", "f", "s", "d"), one_of("isnull()", "notna()", "isna() == False")),
    written(
        "{}.str.{}('{}'{})",
        one_of("s", "t"),
        one_of("contains", "match", "fullmatch"),
        one_of("x", "^x", ".", "b.c", "(?i)x", "[^x]", "x|a", "x(?!X)"),
        one_of("", ", na=True", ", na=False", ", case=False"),
    ),
    written("{}.str.{}('{}')", one_of("s", "t"), one_of("startswith", "endswith"), one_of("x", "b", "")),
    written("{}.between(-1, 2, inclusive='{}')", one_of("i", "f", "n"), one_of("both", "left", "right", "neither")),
    written("{}.{}(1)", one_of("i", "n"), one_of("eq", "ne", "lt", "ge")),
    written("{}.isin([0, 1, 1.5])", one_of("i", "n", "f")),
    one_of("flag", "flag == False", "d > '2024-01-01'", "d <= '2024-01-31'"),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda deeper: written("not ({})", deeper) | written("({}) {} ({})", deeper, one_of("and", "or", "&", "|"), deeper),
    max_leaves=4,
)
ROWS = st.lists(st.tuples(*(st.sampled_from(values) for values in VALUES.values())), min_size=1, max_size=12)


@pytest.mark.filterwarnings("ignore")  # pandas warns of divisions by nothing, and of its own older names
@settings(max_examples=400, deadline=None)
@given(condition=CONDITIONS, rows=ROWS)
def test_a_condition_of_many_parts_takes_the_rows_that_pandas_takes(condition: str, rows: list[tuple[object]]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    wanted = frame.to_pandas().query(condition, engine="python").index.to_list()
    plain = plain_condition(condition, parser="pandas")
    assert plain is not None

    met = frame.select(compile_condition(plain, schema=frame.schema, flags={})).to_series()

    assert met.arg_true().to_list() == wanted
    assert met.null_count() == 0


PIECES = [
    *"ab =<>()[]{}`'\"@&|~!.,:;*/%\\\n1",
    " and ",
    "a.str.",
    "None",
    " in ",
    "abs(",
    "not ",
    "na=False",
    "==",
    ".isin(",
]


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_whatever_else_is_written_is_read_or_refused(pieces: list[str]) -> None:
    with suppress(CannotEvaluateError):
        plain_condition("".join(pieces), parser="pandas")
