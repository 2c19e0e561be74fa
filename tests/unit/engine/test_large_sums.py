"""Sums as large as columns can hold: exact, or refused; never begun anew below zero, nor cut to 28 digits."""
# ruff: noqa: E402

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.fast import CheckState, CompiledSuite, compile_suite
from loadgate.checking.engine.quiet import import_gx

import_gx()

import great_expectations.expectations as gxe
from great_expectations.core import ExpectationSuite

from loadgate.checking.expectations.balance import ExpectDebitAndCreditToBalance

MOST = 2**127 - 1
LARGE = Decimal("1" + "0" * 30)


def compiled(*expectations: Any) -> CompiledSuite:
    return compile_suite(ExpectationSuite("sums", expectations=list(expectations)))


ABOUT_NOTHING = (
    gxe.ExpectColumnSumToBeBetween(column="amount", min_value=-9, max_value=9),
    gxe.ExpectColumnMeanToBeBetween(column="amount", min_value=-9, max_value=9),
    ExpectDebitAndCreditToBalance(column_list=["voucher"], amount_column="amount"),
)


@pytest.mark.parametrize(
    ("dtype", "amounts"),
    [
        (pl.Int128, [MOST, MOST, 2]),  # 2 to the 128th, which is 0 in 128 bits
        (pl.Int128, [10**37] * 35),
        (pl.UInt128, [2**127, 2**127, 0]),
        (pl.Decimal(38, 0), [Decimal("9" * 38)] * 3),
    ],
)
def test_a_sum_that_has_no_room_is_none(dtype: Any, amounts: list[Any]) -> None:
    rows = pl.DataFrame({"voucher": [1] * len(amounts), "amount": pl.Series(amounts, dtype=dtype)})

    outcomes = compiled(*ABOUT_NOTHING).validate(rows.lazy()).outcomes

    assert [one.state for one in outcomes] == [CheckState.COULD_NOT_RUN] * 3


@pytest.mark.parametrize("dtype", [pl.Int128, pl.UInt128, pl.Int64, pl.UInt8])
def test_whole_numbers_of_any_width_have_a_whole_sum(dtype: Any) -> None:
    rows = pl.LazyFrame({"voucher": [1, 1], "amount": pl.Series([2, 3], dtype=dtype)})

    total, mean, balance = compiled(*ABOUT_NOTHING).validate(rows).result.results

    assert (total.result["observed_value"], type(total.result["observed_value"])) == (5, int)
    assert (mean.result["observed_value"], balance.success) == (2.5, False)


def test_sums_of_decimals_are_added_exactly_from_batch_to_batch() -> None:
    rows = pl.DataFrame({"amount": pl.Series([LARGE, Decimal("0.01"), -LARGE], dtype=pl.Decimal(38, 2))})
    suite = compiled(gxe.ExpectColumnSumToBeBetween(column="amount", min_value=0.01, max_value=0.01))

    streamed = suite.start(rows.schema)
    for row in rows.iter_slices(1):
        streamed.add(row)

    for found in (suite.validate(rows.lazy()), streamed.finish(rows.lazy())):
        assert found.result.results[0].result["observed_value"] == 0.01
        assert found.result.success


@pytest.mark.parametrize("total", [2**53 + 1, 2**53 + 3, 2**63 - 1, -(2**62) - 1])
def test_a_limit_that_gx_makes_a_float_of_still_takes_in_the_sum_that_was_written(total: int) -> None:
    suite = compiled(
        gxe.ExpectColumnSumToBeBetween(column="amount", min_value=total, max_value=total),
        gxe.ExpectColumnSumToBeBetween(column="amount", min_value=total + 2**12),
    )

    within, beyond = suite.validate(pl.LazyFrame({"amount": [total - 2, 2, None]})).result.results

    assert (within.success, beyond.success) == (True, False)
    assert within.to_json_dict()["result"] == {"observed_value": total}
