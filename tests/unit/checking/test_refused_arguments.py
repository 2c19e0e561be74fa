"""A suite with a line that Great Expectations does not take."""

from __future__ import annotations

from pathlib import Path

import polars as pl

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
