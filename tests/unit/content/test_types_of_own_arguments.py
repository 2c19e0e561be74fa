"""Columns that an expectation of our own names are of a type that it can be asked of, or content has a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadgate.content.draft import write_empty
from loadgate.content.loader import load
from loadgate.errors import SiteError

SYSTEM = '\n[[systems]]\nid = "books"\nname = "Books"\narea = "economy"\nvendor = "acme"\n'
SUITE = """\
dataset: ledger
area: economy
title: Ledger
columns:
  text: {type: text}
  whole: {type: integer}
  exact: {type: decimal}
  day: {type: date}
  week: {type: week}
  moment: {type: timestamp}
expectations:
  - type: %s
    kwargs: %s
    reason: r
"""
SPANS, BALANCE, CODES = (
    "expect_spans_to_not_overlap",
    "expect_debit_and_credit_to_balance",
    "expect_codes_to_be_valid_on_date",
)


def site(root: Path, kind: str, arguments: str) -> Path:
    write_empty(root)
    with (root / "site.toml").open("a", encoding="utf-8") as file:
        file.write(SYSTEM)
    path = root / "expectations/suites/economy/ledger.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(SUITE % (kind, arguments), encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("kind", "arguments", "says"),
    [
        (SPANS, "{column_list: [text], start_column: day, end_column: moment}", "week or month or quarter or year"),
        (SPANS, "{column_list: [text], start_column: moment, end_column: day}", "expected  one of type timestamp\n"),
        (SPANS, "{column_list: [text], start_column: exact, end_column: exact}", "exact, a column of type decimal"),
        (BALANCE, "{column_list: [text], amount_column: text}", "one of type integer or decimal"),
        (BALANCE, "{column_list: [text], debit_column: day, credit_column: exact}", "day, a column of type date"),
        (CODES, "{column: text, date_column: whole, codes: [[a, null, null]]}", "whole, a column of type integer"),
    ],
)
def test_a_column_of_a_type_that_cannot_be_asked_is_a_fault(
    kind: str, arguments: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(SiteError) as told:
        load(site(tmp_path, kind, arguments))
    assert "expectations/suites/economy/ledger.yaml:13  expectations[0].kwargs." in str(told.value)
    assert says in str(told.value)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (SPANS, "{column_list: [text], start_column: day, end_column: week}"),
        (SPANS, "{column_list: [text], start_column: whole, end_column: whole}"),
        (BALANCE, "{column_list: [text], debit_column: whole, credit_column: exact}"),
        (CODES, "{column: text, date_column: moment, codes: [[a, null, null]]}"),
    ],
)
def test_a_column_of_a_type_that_can_be_asked_is_none(kind: str, arguments: str, tmp_path: Path) -> None:
    assert load(site(tmp_path, kind, arguments)).dataset("ledger")
