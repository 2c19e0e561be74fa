"""The same suite over the same frame: our results beside those of GX's own pandas engine."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine.fast import CheckState, compile_suite
from loadgate.checking.engine.quiet import import_gx

pytestmark = pytest.mark.filterwarnings("ignore")  # GX and pandas warn about each other

COMPARED = ("element_count", "unexpected_count", "unexpected_percent", "missing_count", "missing_percent")
COMPARED += ("unexpected_percent_total", "unexpected_percent_nonmissing")
WORDS = ("a", "ab", "Æble", "ø", "日本", "naïve", "", " a", "A1", "12", "é́", "x" * 40)
SCHEMA = {
    "whole": pl.Int64,
    "n": pl.Int64,
    "m": pl.Int64,
    "f": pl.Float64,
    "g": pl.Float64,
    "word": pl.String,
    "code": pl.String,
    "flag": pl.Boolean,
    "seen": pl.Datetime("us"),
    "until": pl.Datetime("us"),
    "nothing": pl.Float64,
}


def frame(*, rows: int, seed: int) -> pl.DataFrame:
    chance = random.Random(seed)

    def maybe(value: Any) -> Any:
        return None if chance.random() < 0.2 else value

    def moment() -> dt.datetime:
        return dt.datetime(2024, 1, 1) + dt.timedelta(hours=chance.randrange(0, 24 * 60))

    records = [
        {
            "whole": index // 2,
            "n": maybe(chance.randrange(0, 6)),
            "m": maybe(chance.randrange(0, 6)),
            "f": maybe(chance.choice([0.0, -0.0, 1.5, 2.25, -3.5, 1e9])),
            "g": maybe(chance.choice([0.0, 1.5, 2.25])),
            "word": maybe(chance.choice(WORDS)),
            "code": maybe(chance.choice(["A1", "A2", "B1", "b1"])),
            "flag": chance.random() < 0.5,
            "seen": maybe(moment()),
            "until": maybe(moment()),
            "nothing": None,
        }
        for index in range(rows)
    ]
    return pl.DataFrame(records, schema=SCHEMA)


FRAMES = {
    "empty": frame(rows=0, seed=1),
    "one row": frame(rows=1, seed=2),
    "two rows": frame(rows=2, seed=5),
    "many rows": frame(rows=200, seed=3),
    "other rows": frame(rows=57, seed=4),
    "no nulls": frame(rows=80, seed=6).drop_nulls(subset=[name for name in SCHEMA if name != "nothing"]),
}


def suite_of(name: str, expectations: list[Any]) -> Any:
    import great_expectations as gx

    return gx.ExpectationSuite(name=name, expectations=expectations)


def expectations() -> list[Any]:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.expectations.row_conditions import Column

    columns = ["whole", "n", "f", "word", "code", "nothing"]
    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1, max_value=100),
        gxe.ExpectTableRowCountToEqual(value=57),
        gxe.ExpectTableColumnCountToEqual(value=11),
        gxe.ExpectTableColumnCountToBeBetween(min_value=12),
        gxe.ExpectTableColumnsToMatchSet(column_set=[*SCHEMA]),
        gxe.ExpectTableColumnsToMatchSet(column_set=["n"], exact_match=False),
        gxe.ExpectTableColumnsToMatchOrderedList(column_list=[*SCHEMA]),
        gxe.ExpectTableColumnsToMatchOrderedList(column_list=[*reversed(SCHEMA)]),
        gxe.ExpectColumnToExist(column="n"),
        gxe.ExpectColumnToExist(column="n", column_index=1),
        gxe.ExpectColumnToExist(column="elsewhere"),
        *(gxe.ExpectColumnValuesToNotBeNull(column=name) for name in columns),
        *(gxe.ExpectColumnValuesToBeNull(column=name, mostly=0.5) for name in columns),
        *(gxe.ExpectColumnValuesToBeUnique(column=name) for name in columns),
        *(gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(column=name, min_value=0.5) for name in columns),
        *(gxe.ExpectColumnUniqueValueCountToBeBetween(column=name, min_value=1, max_value=5) for name in columns),
        *(gxe.ExpectColumnProportionOfUniqueValuesToBeBetween(column=name, max_value=0.5) for name in columns[:5]),
        gxe.ExpectColumnValuesToBeInSet(column="n", value_set=[0, 1, 2]),
        gxe.ExpectColumnValuesToBeInSet(column="n", value_set=[0, 1.0, 2.5, "3"], mostly=0.3),
        gxe.ExpectColumnValuesToBeInSet(column="f", value_set=[0, 1.5, 2.25]),
        gxe.ExpectColumnValuesToBeInSet(column="word", value_set=["a", "Æble", "日本", ""]),
        gxe.ExpectColumnValuesToBeInSet(column="word", value_set=[12]),
        gxe.ExpectColumnValuesToBeInSet(column="flag", value_set=[True]),
        gxe.ExpectColumnValuesToNotBeInSet(column="word", value_set=["a", "12"]),
        gxe.ExpectColumnValuesToNotBeInSet(column="n", value_set=[5], mostly=0.8),
        gxe.ExpectColumnValuesToBeBetween(column="n", min_value=1, max_value=4),
        gxe.ExpectColumnValuesToBeBetween(column="n", min_value=1, max_value=4, strict_min=True, strict_max=True),
        gxe.ExpectColumnValuesToBeBetween(column="n", min_value=0.5, mostly=0.8),
        gxe.ExpectColumnValuesToBeBetween(column="f", max_value=2.25),
        gxe.ExpectColumnValuesToBeBetween(column="f", max_value=2.25, strict_max=True),
        gxe.ExpectColumnValuesToBeBetween(column="seen", min_value=dt.datetime(2024, 1, 20)),
        gxe.ExpectColumnValuesToBeBetween(column="word", min_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="nothing", min_value=1),
        gxe.ExpectColumnValueLengthsToBeBetween(column="word", min_value=1, max_value=4),
        gxe.ExpectColumnValueLengthsToBeBetween(column="word", max_value=4, strict_max=True),
        gxe.ExpectColumnValueLengthsToEqual(column="code", value=2),
        gxe.ExpectColumnValueLengthsToEqual(column="word", value=2, mostly=0.1),
        gxe.ExpectColumnValuesToMatchRegex(column="code", regex="^[A-Z][0-9]$"),
        gxe.ExpectColumnValuesToMatchRegex(column="word", regex="^\\w+$", mostly=0.5),
        gxe.ExpectColumnValuesToNotMatchRegex(column="word", regex="[æøåÆØÅ]"),
        gxe.ExpectColumnValuesToMatchRegexList(column="code", regex_list=["^A", "1$"], match_on="any"),
        gxe.ExpectColumnValuesToMatchRegexList(column="code", regex_list=["^A", "1$"], match_on="all"),
        gxe.ExpectColumnValuesToNotMatchRegexList(column="code", regex_list=["^b", "2$"]),
        gxe.ExpectColumnValuesToBeIncreasing(column="whole"),
        gxe.ExpectColumnValuesToBeIncreasing(column="whole", strictly=True),
        gxe.ExpectColumnValuesToBeIncreasing(column="n", mostly=0.4),
        gxe.ExpectColumnValuesToBeDecreasing(column="f"),
        gxe.ExpectColumnValuesToBeDecreasing(column="n", strictly=True, row_condition=Column("whole") > 3),
        *(gxe.ExpectColumnSumToBeBetween(column=name, min_value=1, max_value=1000) for name in ("n", "f", "nothing")),
        *(gxe.ExpectColumnMinToBeBetween(column=name, min_value=0) for name in ("n", "f", "nothing")),
        *(gxe.ExpectColumnMaxToBeBetween(column=name, max_value=5) for name in ("n", "f", "nothing")),
        *(gxe.ExpectColumnMeanToBeBetween(column=name, max_value=3) for name in ("n", "f", "nothing")),
        gxe.ExpectColumnMaxToBeBetween(column="seen", max_value=dt.datetime(2024, 2, 1)),
        gxe.ExpectColumnDistinctValuesToBeInSet(column="code", value_set=["A1", "A2", "B1"]),
        gxe.ExpectColumnDistinctValuesToBeInSet(column="n", value_set=[0, 1, 2, 3, 4, 5]),
        gxe.ExpectColumnDistinctValuesToContainSet(column="code", value_set=["A1", "C9"]),
        gxe.ExpectColumnDistinctValuesToContainSet(column="n", value_set=[1, 1.0, 7, "x"]),
        gxe.ExpectColumnDistinctValuesToEqualSet(column="code", value_set=["A1", "A2", "B1", "b1"]),
        gxe.ExpectColumnPairValuesToBeEqual(column_A="n", column_B="m"),
        gxe.ExpectColumnPairValuesToBeEqual(column_A="n", column_B="m", ignore_row_if="either_value_is_missing"),
        gxe.ExpectColumnPairValuesToBeEqual(column_A="n", column_B="m", ignore_row_if="neither"),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="n", column_B="m", mostly=0.2),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="n", column_B="m", or_equal=True, mostly=0.2),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="until", column_B="seen", ignore_row_if="either_value_is_missing"
        ),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["n", "m", "code"]),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["n", "m"], ignore_row_if="any_value_is_missing"),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["n", "m"], ignore_row_if="never"),
        gxe.ExpectMulticolumnSumToEqual(column_list=["n", "m"], sum_total=5, mostly=0.1),
        gxe.ExpectMulticolumnSumToEqual(column_list=["n", "m"], sum_total=5, ignore_row_if="never"),
        gxe.ExpectMulticolumnValuesToBeEqual(column_list=["f", "g"]),
        gxe.ExpectMulticolumnValuesToBeEqual(column_list=["f", "g"], ignore_row_if="any_value_is_missing"),
        gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord(column_list=["n", "m", "whole"]),
        gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord(column_list=["n", "m"], ignore_row_if="never"),
        gxe.ExpectColumnValuesToNotBeNull(column="n", row_condition=Column("code") == "A1"),
        gxe.ExpectColumnValuesToBeBetween(
            column="n", min_value=2, row_condition=(Column("code") == "A1") | (Column("f") > 1)
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="n", min_value=2, row_condition=(Column("whole") <= 20) & Column("code").is_null()
        ),
        gxe.ExpectColumnValuesToBeInSet(column="code", value_set=["A1"], row_condition=Column("n").is_in([1, 2, 3])),
        gxe.ExpectColumnSumToBeBetween(column="f", min_value=1, row_condition=Column("n").is_not_null()),
        gxe.ExpectTableRowCountToBeBetween(min_value=3, row_condition=Column("n") < 3),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["n", "m"], row_condition=Column("whole") < 9),
        gxe.ExpectColumnValuesToBeUnique(column="n", row_condition=Column("flag") == True),  # noqa: E712
        gxe.ExpectColumnPairValuesToBeEqual(column_A="n", column_B="m", row_condition=Column("code") != "A1"),
        gxe.ExpectColumnSumToBeBetween(column="elsewhere", min_value=1),
        gxe.ExpectColumnValuesToNotBeNull(column="elsewhere"),
    ]


DIFFERENCES = {
    "a missing value meets no comparison here, as in SQL; in pandas' query language NaN != 'A1' is true": (
        "expect_column_pair_values_to_be_equal",
        "row_condition",
        "!=",
    ),
    "a combining accent is a word character in Rust's regular expressions (Unicode UTS 18), but not in Python's": (
        "expect_column_values_to_match_regex",
        "w+$",
    ),
    "a number as the limit of a text column is a mistake in the suite even if no row shows it": (
        "expect_column_values_to_be_between",
        "'word'",
    ),
}


def validate_with_pandas(frame: pl.DataFrame) -> list[Any]:
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
    got = batch.get_batch({"dataframe": frame.to_pandas()}).validate(suite_of("pandas", expectations()))
    return list(got.results)


def key_of(result: Any) -> str:
    kwargs = {name: value for name, value in result.expectation_config.kwargs.items() if name != "batch_id"}
    return repr((result.expectation_config.type, sorted(kwargs.items(), key=repr)))


def is_known_difference(key: str) -> bool:
    return any(all(part in key for part in parts) for parts in DIFFERENCES.values())


@pytest.mark.parametrize("name", FRAMES)
def test_every_supported_expectation_gives_the_verdict_and_counts_of_gx_pandas(name: str) -> None:
    compiled = compile_suite(suite_of("polars", expectations()))
    theirs = {key_of(result): result for result in validate_with_pandas(FRAMES[name])}

    validated = compiled.validate(FRAMES[name].lazy())

    different = []
    for ours, outcome in zip(validated.result.results, validated.outcomes, strict=True):
        key = key_of(ours)
        other = theirs[key]
        if is_known_difference(key):
            continue
        if other.exception_info.get("raised_exception", True) or outcome.state is CheckState.COULD_NOT_RUN:
            same = not other.success and outcome.state is CheckState.COULD_NOT_RUN
        else:
            same = other.success == ours.success and all(
                ours.result.get(count) == pytest.approx(other.result.get(count))
                for count in COMPARED
                if count in ours.result
            )
            shown = ours.result.get("observed_value")
            same = same and (shown is None or shown == pytest.approx(other.result["observed_value"]))
        if not same:
            different.append((key, outcome, ours.result, other.success, other.result, other.exception_info))
    assert not different, "\n".join(map(str, different))
    assert len(theirs) == len(validated.outcomes)
