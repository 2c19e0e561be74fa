"""Verdicts on whole groups are those of a plain loop over them, also where the hashes of two keys meet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import combinations
from random import Random
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.fast import compile_suite
from loadgate.checking.engine.quiet import import_gx
from loadgate.checking.expectations.listed import register

FIRST = dt.date(2026, 1, 1)


def frame(seed: int, *, far: bool = False) -> pl.DataFrame:
    draw = Random(seed)
    day = [draw.randint(0, 30) for _ in range(120)]
    rows = {
        "key": [draw.choice(["a", "b", "ab", "ba", None, *map(str, range(30))]) for _ in day],
        "start": [None if draw.random() < 0.1 else FIRST + dt.timedelta(days=one) for one in day],
        "end": [None if draw.random() < 0.1 else FIRST + dt.timedelta(days=one + draw.randint(-1, 6)) for one in day],
        "value": [draw.choice(["x", "y", None]) for _ in day],
    }
    made = pl.DataFrame(rows).with_row_index("_row")
    return made.with_columns(pl.col("start", "end").cast(pl.Datetime("us"))) if far else made


def failing(
    rows: pl.DataFrame,
    type_: str,
    *,
    undecided: Mapping[str, str] | None = None,
    there: pl.DataFrame | None = None,
    **kwargs: Any,
) -> set[int]:
    """The rows that fail; `there` is another table of that name."""
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    register([type_])
    suite = ExpectationSuite(name="groups")
    suite.expectations.append(ExpectationConfiguration(type=type_, kwargs=kwargs).to_domain_obj())
    others = {} if there is None else {"there": there.lazy()}
    compiled = compile_suite(suite)
    return set(compiled.failing_rows(rows.lazy(), undecided=undecided or {}, references=others).collect()["_row"])


def naively_overlapping(rows: pl.DataFrame) -> set[int]:
    open_end = dt.datetime(9000, 1, 1) if rows["start"].dtype != pl.Date else dt.date(9000, 1, 1)
    spans = [
        (row["_row"], row["key"], row["start"], row["end"] or open_end)
        for row in rows.iter_rows(named=True)
        if row["key"] is not None and row["start"] is not None and (row["end"] is None or row["end"] > row["start"])
    ]
    pairs = [
        (one, other)
        for (one, key, start, end), (other, key2, start2, end2) in combinations(spans, 2)
        if key == key2 and start < end2 and start2 < end
    ]
    return {row for pair in pairs for row in pair}


def naively_undetermined(rows: pl.DataFrame) -> set[int]:
    held: dict[str, set[str]] = {}
    present = [row for row in rows.iter_rows(named=True) if row["key"] is not None and row["value"] is not None]
    for row in present:
        held.setdefault(row["key"], set()).add(row["value"])
    return {row["_row"] for row in present if len(held[row["key"]]) > 1}


@pytest.fixture(params=["apart", "meeting"])
def hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are; or such that half of all keys share the first one."""
    if request.param == "apart":
        return
    own = pl.Expr.hash

    def hash_(self: pl.Expr, seed: int = 0, *rest: int) -> pl.Expr:
        return own(self, seed, *rest) % 2 if seed == 0 else own(self, seed, *rest)

    monkeypatch.setattr(pl.Expr, "hash", hash_)


@pytest.mark.usefixtures("hashes")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("far", [False, True], ids=["days", "microseconds"])
def test_spans_overlap_where_a_loop_over_all_pairs_says_so(seed: int, far: bool) -> None:
    rows = frame(seed, far=far)

    found = failing(rows, "expect_spans_to_not_overlap", column_list=["key"], start_column="start", end_column="end")

    assert found == naively_overlapping(rows)
    assert 0 < len(found) < rows.height


@pytest.mark.usefixtures("hashes")
@pytest.mark.parametrize("seed", range(4))
def test_a_key_determines_a_value_where_a_loop_over_its_rows_says_so(seed: int) -> None:
    rows = frame(seed)

    found = failing(rows, "expect_columns_to_determine_column", column_list=["key"], column="value")

    assert found == naively_undetermined(rows)
    assert 0 < len(found) < rows.height


@pytest.mark.usefixtures("hashes")
def test_keys_that_lack_a_part_are_a_group_too_where_rows_with_them_count() -> None:
    rows = pl.DataFrame({"_row": range(4), "key": [None, None, "a", "b"], "value": ["x", "y", "x", "x"]})

    found = failing(
        rows, "expect_columns_to_determine_column", column_list=["key"], column="value", ignore_row_if="never"
    )

    assert found == {0, 1}


@pytest.mark.parametrize("dtype", [pl.UInt64, pl.Int128])
def test_spans_may_reach_beyond_numbers_of_64_bits(dtype: Any) -> None:
    spans = pl.DataFrame({"start": [0, 5, 2**63], "end": [5, 2**64 - 1, 2**63 + 1]}, schema=["start", "end"])
    rows = spans.cast(dtype).with_columns(key=pl.lit("a")).with_row_index("_row")

    found = failing(rows, "expect_spans_to_not_overlap", column_list=["key"], start_column="start", end_column="end")

    assert found == {1, 2}


def test_a_span_may_begin_with_the_least_number() -> None:
    rows = pl.DataFrame({"_row": [0], "key": ["a"], "start": [-(2**63)], "end": [None]}, schema_overrides=_SPANS)

    found = failing(rows, "expect_spans_to_not_overlap", column_list=["key"], start_column="start", end_column="end")

    assert not found


_SPANS = {"start": pl.Int64, "end": pl.Int64}


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["a", "b"])])
def test_keys_are_found_by_the_texts_of_categories(dtype: Any) -> None:
    rows = pl.DataFrame({"_row": [0, 1], "key": pl.Series(["a", "b"], dtype=dtype)})
    there = pl.DataFrame({"key": pl.Series(["b"], dtype=dtype)})

    found = failing(rows, "expect_keys_to_be_in_dataset", there=there, column_list=["key"], reference="there")

    assert found == {0}


def test_a_key_that_is_not_a_number_is_a_missing_one_also_beside_amounts_that_cannot_be_read() -> None:
    rows = pl.DataFrame({"_row": [0, 1], "key": [float("nan"), None], "amount": [5, None], "unread": [False, True]})

    found = failing(
        rows,
        "expect_debit_and_credit_to_balance",
        undecided={"amount": "unread"},
        column_list=["key"],
        amount_column="amount",
        ignore_row_if="never",
    )

    assert not found


@pytest.mark.parametrize("tolerance", [1e40, float("inf")])
def test_everything_balances_where_the_tolerance_is_large_enough(tolerance: float) -> None:
    rows = pl.DataFrame({"_row": [0], "key": ["a"], "amount": [2**62]})

    found = failing(
        rows, "expect_debit_and_credit_to_balance", column_list=["key"], amount_column="amount", tolerance=tolerance
    )

    assert not found
