"""Conditions with a list of values: whatever the column's type, each value is compared as by `is: equal`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest

from loadgate.checking.conditions import to_gx
from loadgate.checking.engine.conditions import compile_condition, plain_condition
from loadgate.checking.engine.quiet import import_gx
from loadgate.model.conditions import read, to_polars

ROWS = pl.DataFrame(
    {
        "text": ["a", "b", None],
        "number": [1, 2, None],
        "amount": [Decimal("1.10"), Decimal("2.00"), None],
        "day": [date(2026, 1, 1), date(2026, 1, 2), None],
        "moment": [datetime(2026, 1, 1), datetime(2026, 1, 1, 5), None],
        "open": [True, False, None],
    },
    schema_overrides={"amount": pl.Decimal(38, 2)},
)
FIRST: list[tuple[str, list[object]]] = [
    ("text", ["a", "x"]),
    ("number", [1, 3]),
    ("amount", [1.1]),
    ("amount", [7, 1.1, 0.1]),
    ("day", [date(2026, 1, 1), date(2025, 1, 1)]),
    ("moment", [date(2026, 1, 1)]),
    ("open", [True]),
]
FORMS = [
    ({"column": "COLUMN", "among": "VALUES"}, [True, False, None]),
    ({"column": "COLUMN", "not_among": "VALUES"}, [False, True, None]),
    ({"not": {"column": "COLUMN", "among": "VALUES"}}, [False, True, None]),
    ({"not": {"column": "COLUMN", "not_among": "VALUES"}}, [True, False, None]),
]


def written(form: object, column: str, values: list[object]) -> object:
    if isinstance(form, dict):
        return {name: written(part, column, values) for name, part in form.items()}
    return column if form == "COLUMN" else values


@pytest.mark.parametrize(("form", "expected"), FORMS, ids=["among", "not among", "no among", "no not among"])
@pytest.mark.parametrize(("column", "values"), FIRST, ids=[f"{name} {len(values)}" for name, values in FIRST])
def test_a_list_holds_the_rows_of_its_values_in_figures_and_rules_and_in_the_suite(
    column: str, values: list[object], form: dict[str, object], expected: list[bool | None]
) -> None:
    import_gx()
    condition = read(written(form, column, values))

    found = ROWS.select(to_polars(condition).alias("found"))["found"].to_list()
    plain = plain_condition(to_gx(condition))
    assert plain is not None
    asked = ROWS.with_row_index().filter(compile_condition(plain, schema=ROWS.schema, flags={}))["index"].to_list()

    assert found == expected
    assert asked == [place for place, holds in enumerate(expected) if holds]
