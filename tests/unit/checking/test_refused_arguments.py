"""A suite with a line that Great Expectations does not take."""
# ruff: noqa: E402

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from loadgate.checking.engine.fast import CheckState, compile_suite
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.core import ExpectationSuite

from loadgate.checking.expectations.category_share import ExpectCategoryShareToBeNearReference
from loadgate.checking.expectations.distribution import ExpectDistributionToBeNearReference
from loadgate.checking.expectations.trailer_rows import ExpectRowCountToMatchTrailer
from loadgate.checking.suites import REFUSED, Checking
from loadgate.content.yaml_lines import parse
from loadgate.model.expected import Dataset
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.scope import Scope

SUITE = """\
dataset: stays
area: care
title: Stays
columns:
  days: {type: integer}
expectations:
  - type: expect_column_values_to_be_between
    id: long
    kwargs: {column: days, max_value: 9}
    reason: Nobody stays so long.
  - type: expect_column_values_to_be_between
    id: no_limits
    kwargs: {column: days}
    severity: critical
    reason: Nobody said how long.
  - type: expect_column_values_to_not_be_null
    id: said
    kwargs: {column: days}
    reason: Everybody says how long.
"""


def checked(folder: Path, suite: str) -> tuple[tuple[Outcome, ...], pl.DataFrame]:
    """The outcomes of a suite on two stays, one of 10 days and one of unknown length, and the marks."""
    dataset = Dataset.model_validate(parse(suite, file="stays.yaml").value)
    rows = pl.DataFrame({"_row": [0, 1], "days": [10, None]}, schema_overrides={"_row": pl.UInt32})
    rows.write_parquet(folder / "typed.parquet")
    with Checking(
        dataset=dataset, code_lists=(), providers=(), period="2026-10", scope=Scope(), into=folder
    ) as checking:
        checking.add_all(folder / "typed.parquet")
        found = checking.finish(folder / "typed.parquet")
    return found.outcomes, pl.read_parquet(found.marks)


def test_a_line_that_gx_refuses_could_not_run_and_the_others_do(tmp_path: Path) -> None:
    outcomes, marks = checked(tmp_path, SUITE)

    assert [(one.check, one.state) for one in outcomes] == [
        ("stays:long", OutcomeState.FAIL),
        ("stays:no_limits", OutcomeState.COULD_NOT_RUN),
        ("stays:said", OutcomeState.FAIL),
    ]
    assert outcomes[1].reason == REFUSED
    assert marks.sort("check").select("check", "_row").rows() == [("stays:long", 0), ("stays:said", 1)]


def test_of_a_suite_that_gx_refuses_whole_every_check_could_not_run(tmp_path: Path) -> None:
    head, _, lines = SUITE.partition("expectations:\n")
    refused = lines[lines.index("  - type", 1) : lines.rindex("  - type")]

    (outcome,), marks = checked(tmp_path, f"{head}expectations:\n{refused}")

    assert (outcome.state, outcome.reason) == (OutcomeState.COULD_NOT_RUN, REFUSED)
    assert marks.is_empty()


@pytest.mark.parametrize("rows", [2.7, "2", " 2 ", "２", "1_000", True, float("inf"), [2]])
def test_a_number_of_rows_that_is_none_is_not_made_one(rows: object) -> None:
    """Two rows came; pydantic alone takes the first four for two, and true for one."""
    suite = compile_suite(
        ExpectationSuite("files", expectations=[ExpectRowCountToMatchTrailer(trailer_rows={"$PARAMETER": "told"})])
    )

    (outcome,) = suite.validate(pl.LazyFrame({"row": [1, 2]}), parameters={"told": rows}).outcomes

    assert outcome.state is CheckState.COULD_NOT_RUN
    assert outcome.reason == "the expectation does not take the value of its parameter told"


@pytest.mark.parametrize("rows", [2, 2.0, np.int64(2)])
def test_a_whole_number_of_rows_is_one_whatever_it_is_kept_in(rows: object) -> None:
    assert ExpectRowCountToMatchTrailer(trailer_rows=rows).trailer_rows == 2


def test_the_least_rows_to_compare_are_a_whole_number_too() -> None:
    settings = {"column": "row", "value_set": [1], "reference": "prior", "absolute": 0.1, "relative": 0}
    with pytest.raises(ValueError, match="a number of rows is a whole number, neither a fraction nor a text"):
        ExpectCategoryShareToBeNearReference(**settings, minimum_rows=2.7)
    with pytest.raises(ValueError, match="a number of rows is a whole number, neither a fraction nor a text"):
        ExpectDistributionToBeNearReference(column="row", reference="prior", max_distance=0.1, minimum_rows="500")
