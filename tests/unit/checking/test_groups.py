"""Verdicts on whole groups are those of a plain loop over them, also where the hashes of two keys meet."""

from __future__ import annotations

import datetime as dt
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


def failing(rows: pl.DataFrame, type_: str, **kwargs: Any) -> set[int]:
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    register([type_])
    suite = ExpectationSuite(name="groups")
    suite.expectations.append(ExpectationConfiguration(type=type_, kwargs=kwargs).to_domain_obj())
    return set(compile_suite(suite).failing_rows(rows.lazy()).collect()["_row"])


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
