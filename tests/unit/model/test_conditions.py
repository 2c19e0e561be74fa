"""Conditions: what people write becomes one expression, and a missing value is unknown, never false."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter, ValidationError

from loadgate.model.conditions import Condition, columns, to_polars

ADAPTER: TypeAdapter[Any] = TypeAdapter(Condition)
ROWS = pl.DataFrame({"n": [1, 2, None], "t": ["a", "b", None]})


def holds(written: dict[str, object]) -> list[bool | None]:
    return ROWS.select(to_polars(ADAPTER.validate_python(written)).alias("holds"))["holds"].to_list()


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("equal", [False, True, None]),
        ("not_equal", [True, False, None]),
        ("less", [True, False, None]),
        ("at_most", [True, True, None]),
        ("greater", [False, False, None]),
        ("at_least", [False, True, None]),
    ],
)
def test_a_comparison_with_a_missing_value_is_unknown(op: str, expected: list[bool | None]) -> None:
    assert holds({"column": "n", "is": op, "value": 2}) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"column": "t", "among": ["a"]}, [True, False, None]),
        ({"column": "t", "not_among": ["a"]}, [False, True, None]),
        ({"column": "t", "missing": True}, [False, False, True]),
        ({"column": "t", "missing": False}, [True, True, False]),
        ({"not": {"column": "n", "is": "equal", "value": 1}}, [False, True, None]),
        (
            {"all": [{"column": "n", "is": "greater", "value": 0}, {"column": "t", "missing": True}]},
            [False, False, None],
        ),
        (
            {"any": [{"column": "n", "is": "greater", "value": 1}, {"column": "t", "missing": True}]},
            [False, True, True],
        ),
    ],
)
def test_conditions_combine_as_in_sql(written: dict[str, object], expected: list[bool | None]) -> None:
    assert holds(written) == expected


def test_a_condition_names_every_column_that_it_reads() -> None:
    written = {"any": [{"not": {"column": "a", "missing": True}}, {"all": [{"column": "b", "among": ["x"]}]}]}
    assert columns(ADAPTER.validate_python(written)) == {"a", "b"}


@pytest.mark.parametrize(
    "written",
    [
        {"column": "t"},  # says nothing of it
        {"column": "t", "among": ["a"], "not_among": ["b"]},
        {"column": "t", "is": "like", "value": "a"},
        {"all": []},
        {"any": []},
        {"column": "t", "missing": True, "note": "x"},
    ],
)
def test_what_is_no_condition_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"column": "t", "missing": True}, [False, False, None]),
        ({"column": "t", "missing": False}, [True, True, None]),
        ({"not": {"column": "t", "missing": True}}, [True, True, None]),
        ({"column": "n", "missing": True}, [False, False, True]),
        ({"all": [{"column": "t", "missing": True}, {"column": "n", "missing": False}]}, [False, False, False]),
        ({"any": [{"column": "t", "missing": True}, {"column": "n", "missing": True}]}, [False, False, True]),
    ],
)
def test_whether_a_value_is_missing_is_unknown_where_nobody_could_read_it(
    written: dict[str, object], expected: list[bool | None]
) -> None:
    rows = ROWS.with_columns(pl.Series("unread", [False, False, True]))

    found = rows.select(holds=to_polars(ADAPTER.validate_python(written), unknown={"t": "unread"}))

    assert found["holds"].to_list() == expected
