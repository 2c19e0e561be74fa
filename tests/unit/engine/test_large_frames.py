"""A frame so large that its hashes are counted in passes gives what it gives at once; and a result's JSON is GX's."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine import passes
from loadgate.checking.engine.fast import CompiledSuite, compile_suite
from loadgate.checking.engine.quiet import import_gx

KEYS = {"column_list": ["group", "n"]}
CHECKS = (
    ("expect_compound_columns_to_be_unique", KEYS),
    ("expect_column_values_to_be_unique", {"column": "n"}),
    ("expect_column_values_to_be_between", {"column": "n", "min_value": 3, "max_value": {"$PARAMETER": "most"}}),
    ("expect_column_values_to_be_in_set", {"column": "group", "value_set": ["a", "b"], "mostly": 0.5}),
    ("expect_column_values_to_not_be_null", {"column": "nowhere"}),
    ("expect_table_row_count_to_be_between", {"min_value": 1}),
)


def compiled() -> CompiledSuite:
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    suite = ExpectationSuite(name="a suite")
    for type_, kwargs in CHECKS:
        suite.expectations.append(ExpectationConfiguration(type=type_, kwargs=kwargs).to_domain_obj())
    return compile_suite(suite)


def frame(*, repeated: int) -> pl.DataFrame:
    rows = pl.DataFrame({"n": range(500), "group": ["a", None, "b", "c"] * 125})
    return pl.concat([rows, rows.head(repeated)])


@pytest.mark.parametrize("at_once", [60, 1000])
@pytest.mark.parametrize("repeated", [0, 1, 90])
def test_counting_duplicates_in_passes_changes_no_outcome(
    monkeypatch: pytest.MonkeyPatch, repeated: int, at_once: int
) -> None:
    rows = frame(repeated=repeated).lazy()
    expected = compiled().validate(rows, parameters={"most": 400}).outcomes

    monkeypatch.setattr(passes, "HELD_ROWS", 100)
    monkeypatch.setattr(passes, "HASHES_AT_ONCE", at_once)
    counted: list[Any] = []
    count = passes.count_meeting
    monkeypatch.setattr(
        "loadgate.checking.engine.compiler.count_meeting", lambda *a, **k: counted.append(k["passes"]) or count(*a, **k)
    )

    assert compiled().validate(rows, parameters={"most": 400}).outcomes == expected
    assert counted == [-(-(500 + repeated) // at_once)] * 2


def test_the_json_of_a_result_is_gx_own() -> None:
    suite = compiled()
    for most in (400, 10):
        result = suite.validate(frame(repeated=3).lazy(), parameters={"most": most}).result

        assert suite.to_json_dict(result) == result.to_json_dict()
