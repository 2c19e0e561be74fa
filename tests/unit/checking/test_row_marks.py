"""Which rows of a suite's checks are marked, where the profile keeps but some of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from loadgate.checking.suites import Checked, Checking
from loadgate.content.yaml_lines import parse
from loadgate.model.expected import Dataset
from loadgate.model.findings import OutcomeState
from loadgate.model.scope import Scope
from loadgate.model.tables import UNDECIDED

SUITE = """\
dataset: stays
area: care
title: Stays
columns:
  person: {type: text}
  days: {type: integer}
expectations:
  - type: expect_column_values_to_be_between
    id: long
    kwargs: {column: days, max_value: 9}
    severity: warning
    reason: Nobody stays so long.
  - type: expect_column_values_to_be_unique
    id: once
    kwargs: {column: person}
    severity: warning
    reason: One line a person.
"""
RULE = """\
rules:
  - {id: too_long, kind: remove, code: "1", check: long, reason: Not a stay.}
"""
ROWS = 30


def checked(folder: Path, content: str, *, most: int | None, undecided: int = 0) -> Checked:
    """Thirty rows in three batches: all of one person, each of more days than allowed, some of them unreadable."""
    dataset = Dataset.model_validate(parse(content, file="stays.yaml").value)
    rows = pl.DataFrame({"_row": range(ROWS), "person": ["p"] * ROWS, "days": [10] * ROWS}).cast({"_row": pl.UInt32})
    unread = pl.col("_row") < undecided
    rows = rows.with_columns(pl.when(~unread).then("days"), unread.alias(f"{UNDECIDED}days"))
    rows.write_parquet(folder / "typed.parquet")
    with Checking(
        dataset=dataset,
        code_lists=(),
        providers=(),
        period="2026-10",
        scope=Scope(),
        into=folder,
        marks_per_check=most,
    ) as checking:
        for batch in rows.iter_slices(10):
            checking.add(batch)
        return checking.finish(folder / "typed.parquet")


def marked(found: Checked) -> dict[str, list[int]]:
    marks = pl.read_parquet(found.marks).sort("_row")
    return {check: marks.filter(pl.col("check") == f"stays:{check}")["_row"].to_list() for check in ("long", "once")}


@pytest.mark.parametrize(("most", "kept"), [(None, ROWS), (1, 1), (10, 10), (25, 25), (ROWS, ROWS), (999, ROWS)])
def test_the_first_rows_of_each_check_are_marked_and_the_rest_are_counted(
    tmp_path: Path, most: int | None, kept: int
) -> None:
    found = checked(tmp_path, SUITE, most=most)

    assert marked(found) == {"long": list(range(kept)), "once": list(range(kept))}
    assert [(one.state, one.rows_failed, one.rows_unmarked) for one in found.outcomes] == [
        (OutcomeState.FAIL, ROWS, ROWS - kept)
    ] * 2


def test_rows_that_could_not_be_decided_count_with_those_that_fail(tmp_path: Path) -> None:
    found = checked(tmp_path, SUITE, most=12, undecided=8)

    assert marked(found)["long"] == list(range(12))
    outcome = found.outcomes[0]
    assert (outcome.rows_failed, outcome.rows_undecided, outcome.rows_unmarked) == (ROWS - 8, 8, ROWS - 12)


def test_all_rows_of_a_check_are_marked_when_a_rule_takes_them(tmp_path: Path) -> None:
    found = checked(tmp_path, SUITE + RULE, most=3)

    assert marked(found) == {"long": list(range(ROWS)), "once": [0, 1, 2]}
    assert [one.rows_unmarked for one in found.outcomes] == [0, ROWS - 3]
