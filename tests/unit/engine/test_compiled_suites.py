"""One suite, many frames: states, counts and reasons; what a failed cast does; parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.fast import CheckOutcome, CheckState, CompiledSuite, compile_suite
from loadgate.checking.engine.quiet import import_gx

SECRET = "qzx-7741-planted"


def compiled(*checks: tuple[str, dict[str, Any]], result_format: str = "BASIC") -> CompiledSuite:
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configurations = [ExpectationConfiguration(type=f"expect_{name}", kwargs=kwargs) for name, kwargs in checks]
    suite = ExpectationSuite(name="a suite", expectations=[each.to_domain_obj() for each in configurations])
    return compile_suite(suite, result_format=result_format)


def outcome(
    frame: pl.DataFrame, name: str, /, *, undecided: Mapping[str, str] | None = None, **kwargs: Any
) -> CheckOutcome:
    return compiled((name, kwargs)).validate(frame.lazy(), undecided=undecided or {}).outcomes[0]


def counts(found: CheckOutcome) -> tuple[str, int | None, int | None, int | None]:
    return found.state.value, found.rows_checked, found.rows_failed, found.rows_undecided


def where(column: str, operator: str, parameter: Any) -> dict[str, Any]:
    return {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter}


# What a failed cast does -------------------------------------------------------------------------------------------

BADLY_CAST = pl.DataFrame(
    {
        "n": [1, 5, None, None],
        "n_failed": [False, False, True, False],  # the third was not a number, the fourth was not there
        "group": ["a", "a", "a", "b"],
        "m": [1, 1, 1, 1],
    }
)


@pytest.mark.parametrize(
    ("name", "kwargs", "expected"),
    [
        ("column_values_to_be_between", {"min_value": 3}, ("fail", 2, 1, 1)),
        ("column_values_to_not_be_null", {}, ("fail", 3, 1, 1)),
        ("column_values_to_be_null", {"mostly": 0.3}, ("pass", 3, 2, 1)),
        ("column_values_to_be_unique", {}, ("pass", 2, 0, 1)),
        ("column_proportion_of_non_null_values_to_be_between", {"min_value": 0.6}, ("pass", 3, None, 1)),
        ("column_sum_to_be_between", {"max_value": 6}, ("pass", 2, None, 1)),
    ],
)
def test_a_value_that_failed_to_cast_is_neither_checked_nor_failed_but_undecided(
    name: str, kwargs: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert counts(outcome(BADLY_CAST, name, column="n", undecided={"n": "n_failed"}, **kwargs)) == expected


def test_without_being_told_a_failed_cast_looks_like_a_missing_value() -> None:
    assert counts(outcome(BADLY_CAST, "column_values_to_not_be_null", column="n")) == ("fail", 4, 2, 0)


def test_a_pair_is_undecided_if_either_value_failed_to_cast() -> None:
    found = outcome(
        BADLY_CAST, "column_pair_values_to_be_equal", column_A="n", column_B="m", undecided={"n": "n_failed"}
    )

    assert counts(found) == ("fail", 3, 2, 1)


def test_a_row_that_is_ignored_whatever_the_failed_value_was_is_not_undecided() -> None:
    frame = pl.DataFrame({"n": [None, 1], "n_failed": [True, False], "m": [None, 1]}, schema_overrides={"m": pl.Int64})

    found = outcome(
        frame,
        "column_pair_values_to_be_equal",
        column_A="n",
        column_B="m",
        ignore_row_if="either_value_is_missing",
        undecided={"n": "n_failed"},
    )

    assert counts(found) == ("pass", 1, 0, 0)


def test_a_row_whose_condition_cannot_be_decided_is_undecided_unless_the_rest_of_the_condition_settles_it() -> None:
    condition = {"type": "and", "conditions": [where("n", ">", 2), where("group", "==", "a")]}
    frame = BADLY_CAST.with_columns(pl.Series("n_failed", [False, False, True, True]))

    found = outcome(
        frame,
        "column_values_to_be_in_set",
        column="m",
        value_set=[1],
        row_condition=condition,
        undecided={"n": "n_failed"},
    )

    assert counts(found) == ("pass", 1, 0, 1)  # the fourth row is in group b, so it is out either way


def test_a_null_condition_on_a_failed_cast_is_undecided() -> None:
    condition = {"type": "nullity", "column": {"name": "n"}, "is_null": True}

    found = outcome(
        BADLY_CAST,
        "column_values_to_be_in_set",
        column="m",
        value_set=[1],
        row_condition=condition,
        undecided={"n": "n_failed"},
    )

    assert counts(found) == ("pass", 1, 0, 1)


def test_a_check_that_can_decide_no_row_at_all_could_not_run() -> None:
    frame = BADLY_CAST.with_columns(n=pl.lit(None, dtype=pl.Int64), n_failed=pl.lit(True))

    found = outcome(frame, "column_values_to_be_between", column="n", min_value=1, undecided={"n": "n_failed"})

    assert found.state is CheckState.COULD_NOT_RUN
    assert found.reason == "none of 4 rows can be decided: their values could not be read"


def test_the_share_for_mostly_is_taken_of_decided_rows() -> None:
    found = outcome(BADLY_CAST, "column_values_to_not_be_null", column="n", mostly=0.6, undecided={"n": "n_failed"})

    assert counts(found) == ("pass", 3, 1, 1)  # two of three; two of four would fail


def test_a_flag_column_that_is_not_there_is_an_error_and_not_taken_for_all_fine() -> None:
    with pytest.raises(KeyError, match="the flag column n_failed is not in the frame"):
        outcome(BADLY_CAST.drop("n_failed"), "column_values_to_not_be_null", column="n", undecided={"n": "n_failed"})


# What cannot be evaluated ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kwargs", "reason"),
    [
        ("column_values_to_not_be_null", {"column": "x"}, "column x is missing"),
        ("column_sum_to_be_between", {"column": "x", "min_value": 0}, "column x is missing"),
        ("column_type_to_be", {"column": "x", "type_": "Int64"}, "column x is missing"),
        ("compound_columns_to_be_unique", {"column_list": ["x", "n", "y"]}, "columns x, y are missing"),
        ("column_values_to_not_be_null", {"column": "n", "row_condition": where("x", "==", 1)}, "column x is missing"),
        (
            "column_values_to_match_regex",
            {"column": "group", "regex": "(?<=a+)b"},
            "the pattern for group (String) is malformed",
        ),
        (
            "column_values_to_be_between",
            {"column": "group", "min_value": 1},
            "a limit of type float cannot be compared with a column of type String",
        ),
        (
            "column_max_to_be_between",
            {"column": "group", "max_value": 1},
            "GX could not judge it (TypeError)",
        ),
        (
            "column_sum_to_be_between",
            {"column": "group", "max_value": 1},
            "the check does not fit group (String): `sum` operation not supported for dtype `str`",
        ),
        ("column_median_to_be_between", {"column": "group"}, "a column of type String holds no numbers"),
        (
            "column_values_to_match_strftime_format",
            {"column": "n", "strftime_format": "%Y"},
            "a column of type Int64 holds no texts to read",
        ),
        (
            "column_values_to_match_json_schema",
            {"column": "group", "json_schema": {}},
            "4 values cannot be read as what the check is about",
        ),
        (
            "table_row_count_to_equal_other_table",
            {"other_table_name": "t"},
            "cannot be evaluated here, because it counts the rows of another table, and here is only one",
        ),
        ("column_values_to_be_of_type", {"column": "n", "type_": "Zahl"}, "the type Zahl is not known to this engine"),
        (
            "table_row_count_to_be_between",
            {"min_value": {"$PARAMETER": "before"}},
            "the parameter before has no value",
        ),
    ],
)
def test_what_cannot_be_evaluated_says_why_and_spoils_nothing_else(
    name: str, kwargs: dict[str, Any], reason: str
) -> None:
    sound = ("column_values_to_not_be_null", {"column": "group"})

    validated = compiled(sound, (name, kwargs), sound).validate(BADLY_CAST.lazy())

    before, found, after = validated.outcomes
    assert (found.state, found.reason) == (CheckState.COULD_NOT_RUN, reason)
    assert (before.state, after.state) == (CheckState.PASS, CheckState.PASS)
    assert not validated.result.success
    assert validated.result.results[1].success is False
    assert validated.result.results[1].exception_info["exception_message"] == reason


@pytest.mark.parametrize(
    ("name", "kwargs", "missing"),
    [
        ("column_values_to_not_be_null", {"column": "x, y"}, ("x, y",)),
        ("column_sum_to_be_between", {"column": "x", "min_value": 0}, ("x",)),
        ("column_type_to_be", {"column": "x", "type_": "Int64"}, ("x",)),
        ("compound_columns_to_be_unique", {"column_list": ["x", "n", "y"]}, ("x", "y")),
        ("column_values_to_not_be_null", {"column": "n", "row_condition": where("x", "==", 1)}, ("x",)),
        ("column_kl_divergence_to_be_less_than", {"column": "x", "threshold": 1}, ("x",)),
        ("column_median_to_be_between", {"column": "group"}, ()),
        ("column_values_to_not_be_null", {"column": "m"}, ()),
    ],
)
def test_the_columns_that_a_check_lacks_are_told_by_themselves(
    name: str, kwargs: dict[str, Any], missing: tuple[str, ...]
) -> None:
    assert outcome(BADLY_CAST, name, **kwargs).missing == missing


ELSEWHERE = {
    "expect_table_row_count_to_equal_other_table": (
        {"other_table_name": "t"},
        "cannot be evaluated here, because it counts the rows of another table, and here is only one",
    ),
    "expect_query_results_to_match_comparison": (
        {"base_query": "SELECT 1", "comparison_data_source_name": "d", "comparison_query": "SELECT 1"},
        "cannot be evaluated here, because it runs SQL queries on two data sources",
    ),
    "unexpected_rows_expectation": (
        {"unexpected_rows_query": "SELECT * FROM {batch}"},
        "cannot be evaluated here, because it runs an SQL query of its own",
    ),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_needs_sql_or_another_table_could_not_run_and_says_why(name: str) -> None:
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    kwargs, reason = ELSEWHERE[name]
    asked = ExpectationConfiguration(type=name, kwargs=kwargs).to_domain_obj()

    found = compile_suite(ExpectationSuite(name="s", expectations=[asked])).validate(BADLY_CAST.lazy()).outcomes[0]

    assert (found.state, found.reason) == (CheckState.COULD_NOT_RUN, reason)


def test_all_expectations_but_those_three_are_evaluated() -> None:
    from loadgate.checking.engine.catalogue import generate

    listed = {name for name, entry in generate()["expectations"].items() if not entry["evaluated"]}

    assert listed == set(ELSEWHERE)


@pytest.mark.filterwarnings("ignore:Passing a string:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The condition_parser:DeprecationWarning")
@pytest.mark.parametrize(
    ("written", "parser", "expected"),
    [
        ("n > 1", "pandas", (1, 0)),
        ("n == 5 or group == 'b'", "pandas", (2, 0)),
        ("not n > 1 & `group` in ['a']", "pandas", (2, 0)),
        ('col("n").notNull()', "great_expectations", (2, 0)),
        ("n > 1", None, (1, 0)),  # GX takes it for pandas'
        ("__import__('os')", "pandas", "its row_condition cannot be read as a condition: __import__('...'): only"),
        ("n.sum() > 1", "pandas", "its row_condition cannot be read as a condition: n.sum(): only"),
    ],
)
def test_a_condition_written_as_text_is_read_but_never_run(written: str, parser: str | None, expected: Any) -> None:
    arguments = {"row_condition": written} | ({"condition_parser": parser} if parser else {})

    found = outcome(BADLY_CAST, "column_values_to_not_be_null", column="m", **arguments)

    if isinstance(expected, str):
        assert found.reason.startswith(expected)
    else:
        assert expected == (found.rows_checked, found.rows_failed)


def test_data_that_break_the_pass_leave_every_check_without_answer_and_no_value_in_the_reason() -> None:
    frame = pl.LazyFrame({"n": ["1", SECRET]}).select(pl.col("n").cast(pl.Int64))
    suite = compiled(("column_sum_to_be_between", {"column": "n"}), ("table_row_count_to_equal", {"value": 2}))

    total, rows = suite.validate(frame).outcomes

    assert {one.state for one in (total, rows)} == {CheckState.COULD_NOT_RUN}  # nobody knows how many rows there are
    assert total.reason == rows.reason == "the data could not be evaluated (InvalidOperationError)"


# Parameters --------------------------------------------------------------------------------------------------------


def test_parameters_are_filled_in_per_file() -> None:
    suite = compiled(("table_row_count_to_be_between", {"min_value": {"$PARAMETER": "least"}}))

    states = [suite.validate(BADLY_CAST.lazy(), parameters={"least": n}).outcomes[0].state for n in (4, 5, 4)]

    assert states == [CheckState.PASS, CheckState.FAIL, CheckState.PASS]


def test_a_parameter_in_a_value_set_is_found() -> None:
    suite = compiled(("column_values_to_be_in_set", {"column": "group", "value_set": {"$PARAMETER": "codes"}}))

    found = suite.validate(BADLY_CAST.lazy(), parameters={"codes": ["a"]}).outcomes[0]

    assert counts(found) == ("fail", 4, 1, 0)


def test_a_parameter_without_a_value_does_not_open_the_limit() -> None:
    suite = compiled(("table_row_count_to_be_between", {"min_value": {"$PARAMETER": "least"}}))

    found = suite.validate(BADLY_CAST.lazy(), parameters={"least": None}).outcomes[0]

    assert (found.state, found.reason) == (CheckState.COULD_NOT_RUN, "the parameter least has no value")


def test_a_parameter_that_does_not_fit_is_named_but_not_quoted() -> None:
    suite = compiled(("table_row_count_to_be_between", {"min_value": {"$PARAMETER": "least"}}))

    found = suite.validate(BADLY_CAST.lazy(), parameters={"least": SECRET}).outcomes[0]

    assert found.reason == "the expectation does not take the value of its parameter least"


@pytest.mark.parametrize("reader", [pl.scan_parquet, pl.scan_csv])
@pytest.mark.parametrize("known", [True, False])  # whether the file goes before or after its columns were asked for
def test_a_file_that_is_gone_leaves_every_check_without_answer(reader: Any, known: bool, tmp_path: Path) -> None:
    path = tmp_path / f"{SECRET}.file"
    pl.DataFrame({"n": [1]}).write_parquet(path) if reader is pl.scan_parquet else path.write_text("n\n1\n")
    frame = reader(path)
    suite = compiled(("column_values_to_be_unique", {"column": "n"}), ("column_median_to_be_between", {"column": "m"}))
    if known:
        frame = frame.with_columns(pl.col("n").alias("m"))
        frame.collect_schema()
    path.unlink()

    found = suite.validate(frame)

    assert [one.state for one in found.outcomes] == [CheckState.COULD_NOT_RUN] * 2
    assert not found.result.success
    assert SECRET not in str(found)


def test_a_file_that_is_none_of_its_kind_leaves_every_check_without_answer_and_none_of_its_text(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(SECRET.encode())
    suite = compiled(
        ("table_row_count_to_equal", {"value": 0}),
        ("column_max_to_be_between", {"column": "n", "max_value": {"$PARAMETER": "most"}}),
    )

    found = suite.validate(pl.scan_parquet(tmp_path / "broken.parquet"))

    assert [one.reason for one in found.outcomes] == [
        "the data could not be read (ComputeError)",
        "the parameter most has no value",
    ]
    assert SECRET not in str(found)


@pytest.mark.parametrize("days", [10**7, 10**8])  # years that Python lacks; of the latter Polars says so by a panic
def test_a_day_that_python_lacks_leaves_only_checks_that_would_show_it_without_answer(days: int) -> None:
    frame = pl.DataFrame({"n": [1, 1], "day": pl.Series([0, days], dtype=pl.Int32).cast(pl.Date)})
    latest = {"column": "day", "max_value": "2024-01-01"}
    suite = compiled(
        ("column_values_to_be_unique", {"column": "n"}),
        ("column_values_to_be_between", latest),
        ("column_max_to_be_between", latest),
        ("column_distinct_values_to_be_in_set", {"column": "day", "value_set": ["2024-01-01"]}),
    )

    found = suite.validate(frame.lazy()).outcomes

    assert [one.state.value for one in found] == ["fail", "fail", "could_not_run", "fail"]
    assert str(days) not in str(found)
