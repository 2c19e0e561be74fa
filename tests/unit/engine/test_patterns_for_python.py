"""A pattern that Polars does not read, with look-around or back-references, is answered as Python's re answers it."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.outcomes import CheckState, Validated
from loadgate.checking.engine.quiet import import_gx

pytestmark = pytest.mark.filterwarnings("ignore")  # GX and pandas warn about each other

TEXTS = ["abc", "Abc1!", "test-1", "abab", "foo@bar.no", "1234", None, "", "\u00f8\u00f8", "pass\n"]
PATTERNS = [
    r"^(?!test)",
    r"^(?=.*[A-Z])(?=.*\d)(?=.*[!@#]).{4,}$",
    r"(?<!\d)\d{4}(?!\d)",
    r"(.)\1",
    r"(?P<pair>ab)(?P=pair)",
    r"^(?:(?!\.).)*$",
    r"s(?=\n)",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("rows", [1, 3000], ids=["few rows", "texts that come again"])
def test_texts_match_as_in_python(pattern: str, rows: int) -> None:
    frame = pl.DataFrame({"a": TEXTS * rows})
    failing = [text for text in TEXTS if text is not None and not re.search(pattern, text)]

    done = validated(
        frame, {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regex": pattern}}
    )

    assert done.outcomes[0].rows_failed == rows * len(failing)
    assert set(done.result.results[0].result["partial_unexpected_list"]) == set(failing)


def test_numbers_match_by_their_text() -> None:
    check = {"type": "expect_column_values_to_not_match_regex", "kwargs": {"column": "n", "regex": r"(.)\1"}}

    found = validated(pl.DataFrame({"n": [11, 12, None, 211]}), check).result.results[0].result

    assert found["unexpected_list"] == [11, 211]


@pytest.mark.parametrize(("match_on", "failed"), [("any", 1), ("all", 3)])
def test_a_list_may_hold_patterns_of_both_kinds(match_on: str, failed: int) -> None:
    kwargs = {"column": "a", "regex_list": [r"^(?!b)", "a$"], "match_on": match_on}
    check = {"type": "expect_column_values_to_match_regex_list", "kwargs": kwargs}

    assert validated(pl.DataFrame({"a": ["a", "b", "ba", "c"]}), check).outcomes[0].rows_failed == failed


def test_what_follows_from_another_check_is_answered_too() -> None:
    """Texts of a set are asked nothing more: see implied.py."""
    kwargs = {"column": "a", "value_set": ["ab", "cd"]}
    checks = [
        {"type": "expect_column_values_to_be_in_set", "kwargs": kwargs},
        {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regex": "^(?!x)"}},
        {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regex": r"^(?!y)..$"}},
    ]

    done = validated(pl.DataFrame({"a": ["ab", "cd"] * 10_000 + ["xx", "yy"]}), *checks)

    assert [outcome.rows_failed for outcome in done.outcomes] == [2, 1, 1]


@pytest.mark.parametrize("pattern", ["(", "*a", "(?<=a+)b", "a{2,1}", "\\"])
def test_a_malformed_pattern_could_not_run(pattern: str) -> None:
    check = {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regex": pattern}}

    found = validated(pl.DataFrame({"a": ["ab"]}), check).outcomes[0]

    assert found.state is CheckState.COULD_NOT_RUN
    assert found.reason == "the pattern for a (String) is malformed"


def test_gx_validator_answers_too() -> None:
    from loadgate.checking.engine.execution import validator_for

    validator: Any = validator_for(pl.DataFrame({"a": ["ab", "test"]}))

    found = validator.expect_column_values_to_match_regex(column="a", regex="^(?!test)")

    assert found.result["unexpected_count"] == 1


def validated(frame: pl.DataFrame, *checks: dict[str, Any]) -> Validated:
    import_gx()
    from great_expectations.core import ExpectationSuite

    from loadgate.checking.engine.fast import compile_suite

    suite = ExpectationSuite(name="s", expectations=list(checks))
    return compile_suite(suite, result_format="COMPLETE", values=True).validate(frame.lazy())
