"""A type of expectation of one's own enters; leaves its class, registered with GX. EXPECTATIONS is the list of all."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

EXPECTATIONS: Final = {
    "expect_category_share_to_be_near_reference": "category_share",
    "expect_codes_to_be_valid_on_date": "valid_codes",
    "expect_column_values_to_be_person_numbers": "person_numbers",
    "expect_columns_to_determine_column": "determined",
    "expect_days_to_lie_in_period": "days_in_period",
    "expect_debit_and_credit_to_balance": "balance",
    "expect_distribution_to_be_near_reference": "distribution",
    "expect_groups_to_meet_condition": "group_condition",
    "expect_keys_to_be_in_dataset": "keys_in_dataset",
    "expect_person_numbers_to_keep_leading_zero": "person_numbers",
    "expect_person_numbers_to_meet_modulus_eleven": "person_numbers",
    "expect_row_count_to_match_trailer": "trailer_rows",
    "expect_spans_to_not_overlap": "overlaps",
}
"""Type → module of this folder. To add one: a module, a line here, a table in tests/spec/expectations."""


def register(types: Iterable[str]) -> None:
    """Let GX know those of these types that are ours, so that suites can name them; doing it twice changes nothing.

    Importing is what registers: GX keeps a list of every expectation class that is made.
    """
    for module in sorted({EXPECTATIONS[name] for name in types if name in EXPECTATIONS}):
        import_module(f"loadgate.checking.expectations.{module}")


def classes() -> dict[str, type[Expectation]]:
    """Every expectation of one's own, by type."""
    register(EXPECTATIONS)
    from great_expectations.expectations.registry import get_expectation_impl

    return {name: get_expectation_impl(name) for name in sorted(EXPECTATIONS)}
