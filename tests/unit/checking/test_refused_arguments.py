"""A suite with a line that Great Expectations does not take."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from loadgate.checking.suites import Checking
from loadgate.content.yaml_lines import parse
from loadgate.errors import CouldNotRun
from loadgate.model.expected import Dataset
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
    reason: Nobody said how long.
"""


def test_a_line_that_gx_refuses_is_named_and_no_fault_of_the_program(tmp_path: Path) -> None:
    dataset = Dataset.model_validate(parse(SUITE, file="stays.yaml").value)
    rows = pl.DataFrame({"_row": [1], "days": [10]}, schema_overrides={"_row": pl.UInt32})

    with (
        pytest.raises(CouldNotRun, match=r"refuses the arguments of stays:no_limits\n"),
        Checking(
            dataset=dataset, code_lists=(), providers=(), period="2026-10", scope=Scope(), into=tmp_path
        ) as checking,
    ):
        checking.add(rows)
