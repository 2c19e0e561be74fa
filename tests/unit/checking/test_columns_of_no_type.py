"""A column of nothing but missing values that says no type, as JSON or a spreadsheet give it, is one of its type."""
# ruff: noqa: E402

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.fast import CheckState, compile_suite
from loadgate.checking.engine.quiet import import_gx

import_gx()

from great_expectations.core import ExpectationSuite

from loadgate.checking.expectations.balance import ExpectDebitAndCreditToBalance
from loadgate.checking.expectations.days_in_period import ExpectDaysToLieInPeriod
from loadgate.checking.expectations.determined import ExpectColumnsToDetermineColumn
from loadgate.checking.expectations.keys_in_dataset import ExpectKeysToBeInDataset
from loadgate.checking.expectations.overlaps import ExpectSpansToNotOverlap
from loadgate.checking.expectations.person_numbers import (
    ExpectColumnValuesToBePersonNumbers,
    ExpectPersonNumbersToKeepLeadingZero,
    ExpectPersonNumbersToMeetModulusEleven,
)
from loadgate.checking.expectations.valid_codes import ExpectCodesToBeValidOnDate

ROWS = pl.DataFrame(
    {
        "group": [1, 1, 2],
        "amount": [5, -5, 1],
        "code": ["a", "b", "x"],
        "day": [dt.date(2026, 1, 1)] * 3,
        "next": [dt.date(2026, 1, 2)] * 3,
        "empty": [None] * 3,
    }
)
CODES = [["a", None, None], ["b", "2026-02-01", None]]
ASKED: dict[str, tuple[Any, type[pl.DataType]]] = {
    "no amount": (ExpectDebitAndCreditToBalance(column_list=["group"], amount_column="empty"), pl.Int64),
    "no debit": (
        ExpectDebitAndCreditToBalance(column_list=["group"], debit_column="empty", credit_column="amount"),
        pl.Int64,
    ),
    "no credit": (
        ExpectDebitAndCreditToBalance(column_list=["group"], debit_column="amount", credit_column="empty"),
        pl.Int64,
    ),
    "no group": (ExpectDebitAndCreditToBalance(column_list=["empty"], amount_column="amount"), pl.Int64),
    "nothing determined": (ExpectColumnsToDetermineColumn(column_list=["group"], column="empty"), pl.String),
    "no key": (ExpectKeysToBeInDataset(column_list=["empty"], reference="rows", reference_columns=["code"]), pl.String),
    "no key, asked all the same": (
        ExpectKeysToBeInDataset(
            column_list=["empty"], reference="rows", reference_columns=["code"], ignore_row_if="never"
        ),
        pl.String,
    ),
    "no key there": (
        ExpectKeysToBeInDataset(column_list=["code"], reference="rows", reference_columns=["empty"]),
        pl.String,
    ),
    "no start": (ExpectSpansToNotOverlap(column_list=["group"], start_column="empty", end_column="next"), pl.Date),
    "no end": (ExpectSpansToNotOverlap(column_list=["group"], start_column="day", end_column="empty"), pl.Date),
    "no code": (ExpectCodesToBeValidOnDate(column="empty", date_column="day", codes=CODES), pl.String),
    "no day": (ExpectCodesToBeValidOnDate(column="code", date_column="empty", codes=CODES), pl.Date),
    "no day to lie anywhere": (ExpectDaysToLieInPeriod(column="empty", date_column="day"), pl.Date),
    "no period": (ExpectDaysToLieInPeriod(column="day", date_column="empty"), pl.Date),
    "nobody": (ExpectColumnValuesToBePersonNumbers(column="empty"), pl.String),
    "no zero lost": (ExpectPersonNumbersToKeepLeadingZero(column="empty"), pl.String),
    "nothing to weigh": (ExpectPersonNumbersToMeetModulusEleven(column="empty"), pl.String),
}


@pytest.mark.parametrize(("expectation", "dtype"), ASKED.values(), ids=ASKED.keys())
def test_it_is_checked_as_one_that_says_its_type(expectation: Any, dtype: type[pl.DataType]) -> None:
    suite = compile_suite(ExpectationSuite("rows", expectations=[expectation]))
    typed = ROWS.with_columns(pl.col("empty").cast(dtype))

    found, wanted = (suite.validate(rows.lazy(), references={"rows": rows.lazy()}) for rows in (ROWS, typed))

    assert wanted.outcomes[0].state is not CheckState.COULD_NOT_RUN
    assert found.outcomes == wanted.outcomes
    assert found.result.results[0].result == wanted.result.results[0].result
