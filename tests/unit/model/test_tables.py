"""Tables: frames conform to their schema, and the logical hash sees what a table says and nothing else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgate.model import tables

ALL = [
    tables.FIGURES,
    tables.CONTROLS,
    tables.COMPARISONS,
    tables.LINEAGE,
    tables.OUTCOMES,
    tables.MARKS,
    tables.REJECTS,
]


def figures(values: list[float | None]) -> pl.DataFrame:
    rows = {"figure": [f"f{i}" for i in range(len(values))], "value": values}
    frame = pl.DataFrame(rows, schema={"figure": pl.String, "value": pl.Float64})
    return tables.conform(
        frame.with_columns(numerator=pl.lit(Decimal("1.5")), reference_start=pl.lit(date(2026, 1, 1))), tables.FIGURES
    )


def sha256(frame: pl.DataFrame) -> str:
    return tables.logical_sha256(frame, tables.FIGURES)


@pytest.mark.parametrize("table", ALL)
def test_every_table_has_a_polars_schema_and_an_empty_frame(table: dict[str, str]) -> None:
    frame = tables.empty(table)
    assert frame.columns == list(table)
    assert dict(frame.schema) == tables.schema(table)


def test_a_column_that_the_table_does_not_know_is_refused() -> None:
    with pytest.raises(KeyError, match="columns not in the table"):
        tables.conform(pl.DataFrame({"colour": ["red"]}), tables.FIGURES)


def test_a_missing_column_is_null_and_the_order_is_the_tables() -> None:
    frame = tables.conform(pl.DataFrame({"provider": ["101"], "figure": ["a"]}), tables.FIGURES)
    assert frame.columns == list(tables.FIGURES)
    assert frame.row(0)[:4] == ("a", None, "101", None)


@given(st.lists(st.none() | st.floats(allow_nan=False), max_size=6), st.randoms())
def test_row_order_and_column_order_do_not_change_the_hash(values: list[float | None], random: object) -> None:
    frame = figures(values)
    order = list(range(len(values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = frame[order].select(reversed(frame.columns)) if order else frame
    assert sha256(shuffled) == sha256(frame)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1.0, 1.0 + 1e-12, True),  # beyond nine digits
        (1.0, 1.00000001, False),
        (0.0, -0.0, True),
        (0.0, None, False),
        (0.1 + 0.2, 0.3, True),
    ],
)
def test_floats_count_to_nine_digits(one: float, other: float | None, same: bool) -> None:
    assert (sha256(figures([one])) == sha256(figures([other]))) is same


def test_another_value_in_any_column_changes_the_hash() -> None:
    frame = figures([1.0])
    changed = {
        "figure": pl.lit("other"),
        "cell": pl.lit("c"),
        "provider": pl.lit("101"),
        "reference_start": pl.lit(date(2026, 1, 2)),
        "value": pl.lit(2.0),
        "numerator": pl.lit(Decimal("1.500001")),
        "denominator": pl.lit(Decimal(0)),
        "suppressed": pl.lit(True),
        "part": pl.lit("a/101"),
    }
    assert set(changed) == set(tables.FIGURES)
    hashes = {
        sha256(tables.conform(frame.with_columns(value.alias(n)), tables.FIGURES)) for n, value in changed.items()
    }
    assert len(hashes | {sha256(frame)}) == len(changed) + 1
