"""Rules and aggregates of one's own: other rows, other tables by name, further columns, and what makes them refuse."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
import pytest

from loadgate.checking.engine.compiler import look_up
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.metrics import METRICS, OWN_RULES
from loadgate.checking.engine.own_rules import aggregate, row_rule
from loadgate.checking.engine.quiet import import_gx

import_gx()

import great_expectations  # noqa: E402
from great_expectations.core import ExpectationSuite  # noqa: E402
from great_expectations.core.metric_domain_types import MetricDomainTypes  # noqa: E402
from great_expectations.expectations.expectation import (  # noqa: E402
    ColumnAggregateExpectation,
    ColumnMapExpectation,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration  # noqa: E402
from great_expectations.expectations.metrics import ColumnAggregateMetricProvider  # noqa: E402
from great_expectations.expectations.metrics.metric_provider import metric_value  # noqa: E402
from great_expectations.expectations.row_conditions import Column  # noqa: E402

from loadgate.checking.engine.execution import PolarsExecutionEngine, validator_for  # noqa: E402
from loadgate.checking.engine.fast import CheckOutcome, CheckState, compile_suite  # noqa: E402

FRAME = pl.DataFrame({"_row": range(5), "group": list("aabbb"), "amount": [1, 2, 3, 4, 5], "other": [1, 1, 3, 9, 5]})


@row_rule("column_values.largest", columns=("of", "limits"), value_keys=("plus",), whole=True)
def _largest(column: pl.Expr, *, of: pl.Expr, limits: list[pl.Expr], plus: int = 0) -> pl.Expr:
    return (column + plus >= column.max().over(of)) & pl.all_horizontal(limit.is_not_null() for limit in limits)


class ExpectColumnValuesToBeLargest(ColumnMapExpectation):
    of: str
    limits: list[str]
    plus: int | None = None
    map_metric = "column_values.largest"
    domain_keys = (*ColumnMapExpectation.domain_keys, "of", "limits")
    success_keys = (*ColumnMapExpectation.success_keys, "plus")


def _enough(found: dict[str, int], *, least: int, **_: object) -> int:
    if found["here"] < least:
        raise CannotEvaluateError("there is not enough")
    return found["here"] - found["there"]


@aggregate("column.more_than_there", value_keys=("least",), references=("beside",), finish=_enough)
def _more(column: pl.Expr, *, beside: pl.LazyFrame, **_: object) -> pl.Expr:
    there = beside.select(pl.first().sum()).collect().item()
    return pl.struct(here=column.sum(), there=pl.lit(there))


class ExpectColumnToSumToMoreThanThere(ColumnAggregateExpectation):
    beside: str
    least: int = 0
    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.more_than_there",)
    success_keys: ClassVar[tuple[str, ...]] = ("beside", "least")

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        return {"success": metrics["column.more_than_there"] > 0, "result": {}}


def _spoil(found: int) -> int:
    raise ValueError(f"secret {found}")


@aggregate("column.spoilt_at_the_end", finish=_spoil)
def _spoilt(column: pl.Expr) -> pl.Expr:
    return column.sum()


@aggregate("column.share_of_ones", shown=True)
def _ones(column: pl.Expr) -> pl.Expr:
    return (column == 1).mean()


@aggregate("column.greatest_of_all")
def _greatest(column: pl.Expr) -> pl.Expr:
    return column.max()


class ExpectColumnToObserveShare(ColumnAggregateExpectation):
    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.share_of_ones",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        (found,) = (metrics[name] for name in self.metric_dependencies)
        return {"success": True, "result": {"observed_value": found}}


class ColumnSpan(ColumnAggregateMetricProvider):
    metric_name = "column.span"

    @metric_value(engine=PolarsExecutionEngine)
    def _polars(cls, execution_engine: Any, metric_domain_kwargs: Any, **_: object) -> int:  # noqa: N805
        rows, _, named = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.COLUMN)
        column = pl.col(named["column"])
        return int(rows.select(column.max() - column.min()).collect().item())


class ExpectColumnToSpanAtMost(ColumnAggregateExpectation):
    most: int = 0
    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.span",)
    success_keys: ClassVar[tuple[str, ...]] = ("most",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        return {"success": metrics["column.span"] <= self.most, "result": {"observed_value": metrics["column.span"]}}


class ExpectColumnValuesToAnswer(ColumnMapExpectation):
    map_metric = "column_values.answering"


class ExpectColumnToSpoilItsAnswer(ExpectColumnToObserveShare):
    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.spoilt_at_the_end",)


class ExpectColumnToObserveGreatest(ExpectColumnToObserveShare):
    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.greatest_of_all",)


@row_rule("column_values.there", references=("beside",))
def _there(column: pl.Expr, *, beside: pl.LazyFrame) -> pl.Expr:
    return column.is_in(beside.select("amount").collect().to_series().implode())


class ExpectColumnValuesToBeThere(ColumnMapExpectation):
    beside: str
    map_metric = "column_values.there"
    success_keys = (*ColumnMapExpectation.success_keys, "beside")


def _some_missing(column: pl.Expr, *, beside: pl.LazyFrame) -> bool:
    return bool(beside.select(pl.col("amount").null_count()).collect().item())


@row_rule("column_values.surely_there", references=("beside",), opens=_some_missing)
def _surely_there(column: pl.Expr, *, beside: pl.LazyFrame) -> pl.Expr:
    return pl.when(_there(column, beside=beside)).then(True)


class ExpectColumnValuesToBeSurelyThere(ColumnMapExpectation):
    beside: str
    map_metric = "column_values.surely_there"
    success_keys = (*ColumnMapExpectation.success_keys, "beside")


@row_rule("column_values.raising")
def _raising(column: pl.Expr) -> pl.Expr:
    raise KeyError("secret")


class ExpectColumnValuesToRaise(ColumnMapExpectation):
    map_metric = "column_values.raising"


def suite_of(type_: str, **arguments: Any) -> ExpectationSuite:
    suite = ExpectationSuite(name="own")
    suite.expectations.append(ExpectationConfiguration(type=type_, kwargs=arguments).to_domain_obj())
    return suite


def outcome(type_: str, frame: pl.DataFrame = FRAME, **arguments: Any) -> CheckOutcome:
    tables = arguments.pop("tables", {})
    undecided = arguments.pop("undecided", {})
    suite = suite_of(type_, **arguments)
    references = {name: table.lazy() for name, table in tables.items()}
    found = compile_suite(suite).validate(frame.lazy(), references=references, undecided=undecided)
    return found.outcomes[0]


def test_a_whole_rule_sees_its_group_without_the_rows_that_do_not_count() -> None:
    arguments = {"column": "amount", "of": "group", "limits": ["other"]}

    assert outcome("expect_column_values_to_be_largest", **arguments).rows_failed == 3
    assert outcome("expect_column_values_to_be_largest", **arguments, plus=1).rows_failed == 1
    without = outcome("expect_column_values_to_be_largest", **arguments, row_condition=Column("other") < 9)
    assert (without.rows_checked, without.rows_failed) == (4, 2)


def test_an_unreadable_value_in_a_further_column_leaves_the_row_undecided() -> None:
    flagged = FRAME.with_columns(unread=pl.col("_row") == 4)

    found = outcome(
        "expect_column_values_to_be_largest",
        flagged,
        column="amount",
        of="group",
        limits=["other"],
        undecided={"other": "unread"},
    )

    assert (found.rows_checked, found.rows_failed, found.rows_undecided) == (4, 2, 1)


@pytest.mark.parametrize(
    ("there", "state", "counted"),
    [
        ([1, 3, None], CheckState.PASS, (2, 0, 2)),
        ([1, 3], CheckState.FAIL, (3, 1, 1)),
    ],
)
def test_a_rule_that_may_leave_rows_open_leaves_those_undecided_of_which_it_says_nothing(
    there: list[int | None], state: CheckState, counted: tuple[int, int, int]
) -> None:
    frame = pl.DataFrame({"_row": range(5), "amount": [1, 2, 3, None, None], "unread": [False] * 4 + [True]})
    tables = {"there": pl.DataFrame({"amount": there})}

    found = outcome(
        "expect_column_values_to_be_surely_there",
        frame,
        column="amount",
        beside="there",
        tables=tables,
        undecided={"amount": "unread"},
    )

    assert (found.state, found.rows_checked, found.rows_failed, found.rows_undecided) == (state, *counted)


def test_a_further_column_that_is_missing_is_named() -> None:
    found = outcome("expect_column_values_to_be_largest", column="amount", of="team", limits=["none"])
    assert (found.state, found.reason) == (CheckState.COULD_NOT_RUN, "columns team, none are missing")


def test_an_aggregate_gets_the_same_column_and_rows_of_another_table() -> None:
    there = pl.DataFrame({"amount": [14, 100], "group": ["a", "z"], "other": [1, 1]})
    arguments = {"column": "amount", "beside": "there", "tables": {"there": there}}

    assert outcome("expect_column_to_sum_to_more_than_there", **arguments).state is CheckState.FAIL
    like = outcome("expect_column_to_sum_to_more_than_there", **arguments, row_condition=Column("group") != "z")
    assert (like.state, like.rows_checked) == (CheckState.PASS, 5)


@pytest.mark.parametrize(
    ("tables", "least", "reason", "missing"),
    [
        ({}, 0, "the table there is not there to compare with", ()),
        ({"there": FRAME.drop("amount")}, 0, "in there, column amount is missing", ("amount",)),
        ({"there": FRAME}, 16, "there is not enough", ()),
    ],
)
def test_what_an_aggregate_lacks_is_said(
    tables: dict[str, pl.DataFrame], least: int, reason: str, missing: tuple[str, ...]
) -> None:
    found = outcome(
        "expect_column_to_sum_to_more_than_there", column="amount", beside="there", tables=tables, least=least
    )
    assert (found.state, found.reason, found.missing) == (CheckState.COULD_NOT_RUN, reason, missing)


def test_what_an_aggregate_observes_is_shown_only_if_it_says_so_and_never_of_one_row() -> None:
    shown = outcome("expect_column_to_observe_share", column="other")
    hidden = outcome("expect_column_to_observe_greatest", column="other")
    of_one = outcome("expect_column_to_observe_share", FRAME.head(1), column="other")

    assert (shown.state, shown.observed, shown.rows_checked) == (CheckState.PASS, 0.4, 5)
    assert (hidden.state, hidden.observed) == (CheckState.PASS, None)
    assert (of_one.state, of_one.observed) == (CheckState.PASS, None)


@pytest.mark.filterwarnings("ignore")  # GX's own
def test_gxs_validator_asks_for_an_aggregate_of_ones_own() -> None:
    from loadgate.checking.engine.execution import validator_for

    validator = validator_for(FRAME, expectation_suite=suite_of("expect_column_to_observe_greatest", column="other"))

    (found,) = validator.validate().results

    assert (found.success, found.result["observed_value"]) == (True, FRAME["other"].max())


def test_a_function_that_was_made_a_rule_or_an_aggregate_is_the_function_that_it_was() -> None:
    largest = _largest(pl.col("amount"), of=pl.col("group"), limits=[pl.col("other")])

    assert FRAME.select(largest).to_series().to_list() == [False, True, False, False, True]
    assert FRAME.select(_ones(pl.col("other"))).item() == 0.4


def test_an_aggregate_of_ones_own_is_found_without_being_one_of_the_built_in() -> None:
    assert "column.share_of_ones" not in METRICS
    assert look_up("column.share_of_ones") == (OWN_RULES["column.share_of_ones"], "")


def test_rows_are_listed_for_a_rule_that_looks_at_another_table() -> None:
    suite = compile_suite(suite_of("expect_column_values_to_be_there", column="amount", beside="there"))
    flagged = FRAME.with_columns(unread=pl.col("_row") == 4).lazy()
    given: dict[str, Any] = {"undecided": {"amount": "unread"}, "references": {"there": FRAME.head(2).lazy()}}

    assert suite.failing_rows(flagged, **given).collect()["_row"].to_list() == [2, 3]
    assert suite.undecided_rows(flagged, **given).collect()["_row"].to_list() == [4]
    assert suite.failing_rows(flagged, undecided={"amount": "unread"}).collect().is_empty()


def test_what_a_rule_raises_is_told_by_its_kind_only() -> None:
    found = outcome("expect_column_values_to_raise", column="amount")
    assert found.reason == "the rule column_values.raising raised KeyError"


def test_what_an_aggregate_raises_at_its_end_is_told_by_its_kind_only() -> None:
    found = outcome("expect_column_to_spoil_its_answer", column="amount")
    assert (found.state, found.reason) == (
        CheckState.COULD_NOT_RUN,
        "its value could not be worked out (ValueError)",
    )


def test_gxs_own_validator_asks_rules_of_ones_own() -> None:
    suite = ExpectationSuite(name="own")
    kwargs = {"column": "amount", "of": "group", "limits": ["other"]}
    suite.expectations.append(
        ExpectationConfiguration(type="expect_column_values_to_be_largest", kwargs=kwargs).to_domain_obj()
    )

    great_expectations.get_context(mode="ephemeral")
    (result,) = validator_for(FRAME, expectation_suite=suite).validate().results

    assert result.result["unexpected_count"] == 3


@pytest.mark.parametrize("answer", [True, pl.Series([True] * 5), None])
def test_a_rule_that_gives_no_expression_says_so_and_leaves_the_others_their_answers(answer: Any) -> None:
    row_rule("column_values.answering")(lambda *_, **__: answer)
    suite = suite_of("expect_column_values_to_answer", column="amount")
    suite.expectations.append(ExpectationConfiguration("expect_column_to_exist", {"column": "amount"}).to_domain_obj())

    odd, sound = compile_suite(suite).validate(FRAME.lazy()).outcomes

    assert odd.reason == f"the rule column_values.answering gave a {type(answer).__name__}, not an expression of Polars"
    assert sound.state is CheckState.PASS


@pytest.mark.parametrize("read", [pl.col("gone") > 0, pl.col("^a.*$") > pl.col("gone")])
def test_a_rule_that_reads_a_column_that_is_not_there_leaves_the_others_their_answers(read: pl.Expr) -> None:
    row_rule("column_values.answering")(lambda *_, **__: read)
    suite = suite_of("expect_column_values_to_answer", column="amount")
    suite.expectations.append(ExpectationConfiguration("expect_column_to_exist", {"column": "amount"}).to_domain_obj())

    odd, sound = compile_suite(suite).validate(FRAME.lazy()).outcomes
    results = validator_for(FRAME, expectation_suite=suite).validate().results

    assert (odd.state, odd.reason) == (CheckState.COULD_NOT_RUN, "column gone is missing")
    assert sound.state is CheckState.PASS
    assert {one.expectation_config.type: one.success for one in results} == {
        "expect_column_values_to_answer": False,
        "expect_column_to_exist": True,
    }
    assert compile_suite(suite).failing_rows(FRAME.lazy()).collect().is_empty()


@pytest.mark.filterwarnings("ignore")  # GX warns about its own batch parameters
def test_gxs_validator_takes_a_metric_of_a_column_written_in_gxs_way_beside_a_type_that_it_cannot_judge() -> None:
    import loadgate.checking.engine.datasource  # noqa: F401  adds add_polars

    context = great_expectations.get_context(mode="ephemeral")
    batches = context.data_sources.add_polars("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("w")
    typed_as = {"column": "other", "type_": "int64"}
    suite = ExpectationSuite(name="own")
    suite.expectations = [
        ExpectColumnToSpanAtMost(column="other", most=8),
        ExpectColumnToSpanAtMost(column="other", most=3, row_condition=Column("group") == "b"),
        ExpectationConfiguration("expect_column_values_to_be_of_type", typed_as).to_domain_obj(),
    ]

    found: Any = batches.get_batch({"dataframe": FRAME}).validate(suite)

    spans = [one for one in found.results if "span" in one.expectation_config.type]
    (typed,) = (one for one in found.results if one not in spans)
    assert sorted((one.result["observed_value"], one.success) for one in spans) == [(6, False), (8, True)]
    assert (typed.success, typed.exception_info["raised_exception"]) == (False, True)
    assert typed.exception_info["exception_message"].startswith("GX's own Validator judges a column's type")


@pytest.mark.parametrize("make", [row_rule, aggregate])
def test_a_name_that_is_taken_and_a_domain_that_is_none_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r"column_values\.null is built in"):
        make("column_values.null")
    with pytest.raises(ValueError, match="the domain rows is none of table, column"):
        make("column_values.mine", domain="rows")
