"""Names that Polars takes for patterns, or that the engine might want for itself, are names like any others."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.quiet import import_gx

pytestmark = pytest.mark.filterwarnings("ignore")  # GX's own

ODD = ("*", "^a.*$", "^$", "row", "row_", "texts", "values", "__row_number__", "m0", "a b", "a.b", "naïve 列")
PLAIN = "plain"


def table(name: str) -> pl.DataFrame:
    """A column of that name beside others, one of which its pattern fits."""
    wanted = {name: [3, 1, 2, 2, None], f"{name}_n": ["a", "b", "c", None, "e"], "abc": [9, 9, 9, 9, 9]}
    return pl.DataFrame(wanted)


def suite(name: str) -> Any:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.row_conditions import Column

    other = f"{name}_n"
    return ExpectationSuite(
        name="names",
        expectations=[
            gxe.ExpectColumnValuesToBeUnique(column=name),
            gxe.ExpectColumnValuesToBeIncreasing(column=name),
            gxe.ExpectColumnValuesToBeBetween(column=name, max_value=2, row_condition=Column(name) > 1),
            gxe.ExpectColumnValuesToNotBeNull(column=other, row_condition=Column(name) > 1),
            gxe.ExpectColumnValuesToBeInSet(column=other, value_set=["a", "b", "c"]),
            gxe.ExpectColumnValuesToBeJsonParseable(column=other),
            gxe.ExpectColumnMedianToBeBetween(column=name, max_value=1),
            gxe.ExpectColumnKLDivergenceToBeLessThan(column=name, threshold=0.1, bucketize_data=True),
            gxe.ExpectColumnDistinctValuesToBeInSet(column=name, value_set=[1]),
            gxe.ExpectCompoundColumnsToBeUnique(column_list=[name, "abc"]),
            gxe.ExpectColumnPairValuesToBeEqual(column_A=name, column_B="abc"),
        ],
    )


def as_if_plain(found: Any, name: str) -> list[Any]:
    """Results by expectation, with the plain name in place of the odd one."""
    results = [(one.expectation_config.type, one.success, dict(one.result)) for one in found.results]
    return sorted((renamed(one, name) for one in results), key=repr)


def renamed(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value.replace(name, PLAIN) if value in (name, f"{name}_n") else value
    if isinstance(value, dict):
        return {renamed(key, name): renamed(one, name) for key, one in value.items()}
    return [renamed(one, name) for one in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", ODD)
def test_a_column_with_an_odd_name_is_checked_as_any_other(name: str) -> None:
    from loadgate.checking.engine.execution import validator_for
    from loadgate.checking.engine.fast import compile_suite

    def answers(name: str) -> list[Any]:
        wanted = {"result_format": "COMPLETE", "unexpected_index_column_names": [name]}
        validator = validator_for(table(name), expectation_suite=suite(name))
        fast = compile_suite(suite(name), result_format=wanted, values=True).validate(table(name).lazy()).result
        return [as_if_plain(validator.validate(result_format=wanted), name), as_if_plain(fast, name)]

    found = answers(name)

    assert found == answers(PLAIN)
    assert all(result for side in found for *_, result in side)


@pytest.mark.parametrize("name", ODD)
def test_failing_rows_of_a_column_with_an_odd_name_are_listed(name: str) -> None:
    from loadgate.checking.engine.fast import compile_suite

    frame = table(name).with_row_index("_row").lazy()

    found = compile_suite(suite(name)).failing_rows(frame, checks=[0, 2]).collect()

    assert sorted(found.rows()) == [(0, 2), (2, 0), (3, 0)]


def test_a_batch_is_parted_by_the_column_of_that_very_name(tmp_path: Path) -> None:
    from loadgate.checking.engine.scanning import PARQUET, scan

    days = {"^a.*$": [dt.date(2024, 1, 1), dt.date(2025, 1, 1)], "abc": [dt.date(2025, 1, 1), dt.date(2024, 1, 1)]}
    pl.DataFrame({**days, "row": [1, 2]}).write_parquet(tmp_path / "days.parquet")
    parted = {"column_name": "^a.*$", "batch_identifiers": {"^a.*$": {"year": 2024}}}
    spec: dict[str, Any] = {"reader_method": PARQUET, "path": str(tmp_path / "days.parquet")}
    spec |= {"partitioner_method": "partition_on_year", "partitioner_kwargs": parted}

    assert scan(spec, storage_options={}).frame.collect()["row"].to_list() == [1]


def test_a_column_without_a_name_keeps_none_where_failing_rows_are_shown() -> None:
    """A CSV file that pandas wrote with its index has one."""
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite

    from loadgate.checking.engine.fast import compile_suite

    frame = pl.DataFrame({"": [0, 1], "code": ["a", "a"], "n": [7, 7]})
    wanted = {"result_format": "SUMMARY", "unexpected_index_column_names": [""], "include_unexpected_rows": True}
    suite = ExpectationSuite(
        name="names",
        expectations=[
            gxe.ExpectColumnValuesToBeUnique(column="code"),
            gxe.ExpectMulticolumnSumToEqual(column_list=["", "n"], sum_total=0),
        ],
    )

    found = compile_suite(suite, result_format=wanted, values=True).validate(frame.lazy()).result.results

    assert [one.result["unexpected_count"] for one in found] == [2, 2]
    assert [one.result["partial_unexpected_index_list"] for one in found] == [
        [{"code": "a", "": 0}, {"code": "a", "": 1}],
        [{"": 0, "n": 7}, {"": 1, "n": 7}],
    ]
    assert [list(one.result["unexpected_rows"].columns) for one in found] == [["", "code", "n"]] * 2
