"""A dataset's suite in; out, the lines that a fault breaks, and values that break them. Asked, never known by heart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from loadgate.model.conditions import columns as columns_of
from loadgate.model.expected import ColumnType, Dataset, ExpectationLine
from loadgate.model.kinds import Severity

if TYPE_CHECKING:
    from loadgate.model.profiles import DeliverySpec
    from loadgate.model.site import Site

IN_SET = "expect_column_values_to_be_in_set"
NOT_NULL = "expect_column_values_to_not_be_null"
REGEX = "expect_column_values_to_match_regex"
BETWEEN = "expect_column_values_to_be_between"
ORDER = "expect_column_pair_values_a_to_be_greater_than_b"
UNIQUE = (
    "expect_compound_columns_to_be_unique",
    "expect_column_values_to_be_unique",
)
_FREE = "se notat"
_STRANGE = ("Q7", "Z9", "XX", "Z", "Q", "9")


def told(dataset: Dataset) -> tuple[ExpectationLine, ...]:
    """Lines whose failure is told: what is info changes nothing."""
    return tuple(line for line in dataset.expectations if line.severity is not Severity.INFO)


def lines_of(dataset: Dataset, type_: str) -> Iterator[ExpectationLine]:
    return (line for line in told(dataset) if line.type == type_)


def column_of(line: ExpectationLine) -> str:
    return str(line.kwargs["column"])


def unique(dataset: Dataset) -> ExpectationLine | None:
    """The line that a row which stands there twice breaks."""
    return next((line for line in told(dataset) if line.type in UNIQUE), None)


def not_null(dataset: Dataset, column: str) -> ExpectationLine | None:
    found = (line for line in lines_of(dataset, NOT_NULL) if column_of(line) == column)
    return min(found, key=lambda line: line.where is not None, default=None)


def coded(dataset: Dataset) -> tuple[ExpectationLine, ...]:
    """Lines that hold a text column to a list of codes in every row, rows' owner aside."""
    return tuple(
        line
        for line in lines_of(dataset, IN_SET)
        if line.where is None
        and column_of(line) != dataset.provider_column
        and dataset.columns[column_of(line)].type is ColumnType.TEXT
    )


def codes(site: Site, line: ExpectationLine) -> tuple[str, ...]:
    """The codes that a line allows, validity aside."""
    named = line.kwargs.get("code_list")
    if named is not None:
        return tuple(next(one for one in site.code_lists if one.name == named).codes)
    return tuple(map(str, cast("Sequence[object]", line.kwargs.get("value_set", ()))))


def special(dataset: Dataset) -> ExpectationLine | None:
    """The rule that a special school has special classes only: codes of the class, asked of some schools."""
    for line in lines_of(dataset, IN_SET):
        if column_of(line) == "class_type" and line.where is not None and "school_type" in columns_of(line.where):
            return line
    return None


def other_codes(site: Site, dataset: Dataset, line: ExpectationLine) -> tuple[str, ...]:
    """Codes of the column that its other lines allow and this one does not."""
    own = set(codes(site, line))
    others = [one for one in dataset.expectations if one is not line and one.type == IN_SET]
    return tuple(
        code for one in others if column_of(one) == column_of(line) for code in codes(site, one) if code not in own
    )


def strange(site: Site, line: ExpectationLine, spec: DeliverySpec, *, free: bool) -> str:
    """A text that the line's list does not hold and the file's field does: a phrase, or what looks like a code."""
    column = column_of(line)
    length = next((one.length for one in spec.columns if one.column == column), None) or 99
    allowed = set(codes(site, line))
    offered = ([_FREE[:length].strip()] if free else []) + [text for text in _STRANGE if len(text) <= length]
    return next(text for text in offered if text not in allowed)


def lower_bound(line: ExpectationLine) -> float | None:
    found = line.kwargs.get("min_value")
    return float(found) if isinstance(found, int | float) else None


def upper_bound(line: ExpectationLine) -> float | None:
    found = line.kwargs.get("max_value")
    return float(found) if isinstance(found, int | float) else None
