"""A check that follows from another one is asked of few rows or none, and has the answer that it has alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgate.checking.engine.compiler import compile_metrics
from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.folding import Computed, Fold
from loadgate.checking.engine.implied import MOST_TEXTS
from loadgate.checking.engine.metrics import METRICS, OWN_RULES, RowRule, Sees
from loadgate.checking.engine.own_rules import row_rule
from loadgate.checking.engine.plans import Plan
from loadgate.checking.engine.predicates import length_between
from loadgate.checking.engine.quiet import import_gx
from loadgate.checking.engine.surroundings import Surroundings

if TYPE_CHECKING:
    from great_expectations.validator.metric_configuration import MetricConfiguration

Asking = tuple[str, Mapping[str, Any]]
"""A row rule's name without what all of them begin with, and its arguments; of them, domain keys go to the domain."""
ROWS = 12_000
FEW = {"type": "comparison", "column": {"name": "n"}, "operator": ">", "parameter": 1}
CODES: Asking = ("in_set", {"value_set": ["DK", "SE"]})
AMOUNT: Asking = ("match_regex", {"regex": r"^[0-9]{1,6}\.[0-9]{2}$"})
TWO: Asking = ("value_length.equals", {"value": 2})


def metric(asking: Asking, suffix: str = ".unexpected_count") -> MetricConfiguration:
    import_gx()
    from great_expectations.validator.metric_configuration import MetricConfiguration

    name, given = asking
    domain = {"column": "t"} | {key: given[key] for key in ("column", "row_condition") if key in given}
    values = {key: value for key, value in given.items() if key not in domain}
    if suffix != ".unexpected_count":
        values["result_format"] = {"result_format": "COMPLETE"}
    return MetricConfiguration(f"column_values.{name}{suffix}", domain, values)


def planned(rows: pl.DataFrame, askings: Sequence[Asking], **how: Any) -> Plan:
    suffixes = (".unexpected_count", ".unexpected_index_list")
    return compile_metrics(
        [metric(one, suffix) for one in askings for suffix in suffixes],
        schema=rows.schema,
        around=Surroundings(**how),
    )


def folded(rows: pl.DataFrame, askings: Sequence[Asking], **how: Any) -> tuple[Computed, dict[Any, list[bool]]]:
    """What is computed, and per need which rows fail."""
    plan = planned(rows, askings, **how)
    failing: dict[Any, list[bool]] = {}

    def watch(_: pl.DataFrame, masks: Mapping[Any, pl.Series]) -> None:
        for slot, mask in masks.items():
            failing.setdefault(slot, []).extend(mask.to_list())

    with Fold(plan, watch=watch) as fold:
        fold.add(rows, plan.up(rows))
        return fold.finish(rows.lazy()), failing


def led(askings: Sequence[Asking], dtype: Any = pl.String) -> dict[str, str]:
    """Per check that follows from another one: which."""
    schema = {"t": dtype, "other": pl.String, "n": pl.Int64}
    plan = compile_metrics([metric(one) for one in askings], schema=schema)
    found = plan.variant(frozenset()).implied
    return {one.name.partition(".")[2]: implied.leader.name.partition(".")[2] for one, implied in found.items()}


def texts(*, bad: int, pieces: int = 1) -> pl.DataFrame:
    """Country codes, of which so many have another length."""
    rows = pl.DataFrame({"t": ["DK", "SE", None] * (ROWS // 3), "n": range(ROWS)})
    rows = rows.with_columns(pl.when(pl.col("n") >= ROWS - bad).then(pl.lit("other")).otherwise("t").alias("t"))
    return pl.concat(rows.iter_slices(ROWS // pieces), rechunk=False)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many rows at a time lengths are asked."""
    asked: list[int] = []

    def counting(texts: pl.Series) -> pl.Series:
        asked.append(len(texts))
        return texts.is_not_null()

    def predicate(asking: Asked) -> pl.Expr:
        seen = asking.column().map_batches(counting, return_dtype=pl.Boolean, is_elementwise=True)
        return seen & length_between(asking)

    monkeypatch.setitem(METRICS, "column_values.value_length.between", RowRule(predicate=predicate, sees=Sees.LENGTH))
    return asked


CHARACTERS = st.text(alphabet="DKSE09.%_-é٣\n", max_size=5)
TEXTS = st.one_of(
    st.none(), st.sampled_from(["DK", "SE", "DK\n", "12", "٣٣", "12.34", "", "é", "long" * 9]), CHARACTERS
)
SETS = st.lists(st.one_of(st.sampled_from(["DK", "SE", "12", "", "DK\n"]), CHARACTERS), min_size=1, max_size=5)
REGEXES = st.sampled_from(
    [r"^[A-Z]{2}$", r"^\d{2}$", r"^[0-9]{1,6}\.[0-9]{2}$", r"^.{2}$", r"^D", "K$", r"^[A-Z0-9]{0,4}$", r"^é?$", "2"]
)
LIKES = st.sampled_from(["__", "%K", "D%", "%", "_.%"])
LENGTHS = st.integers(0, 9)
CHECKS = st.one_of(
    st.builds(lambda texts: ("in_set", {"value_set": texts}), SETS),
    st.builds(lambda texts: ("not_in_set", {"value_set": texts}), SETS),
    st.builds(lambda regex: ("match_regex", {"regex": regex}), REGEXES),
    st.builds(lambda regex: ("not_match_regex", {"regex": regex}), REGEXES),
    st.builds(lambda some: ("match_regex_list", {"regex_list": some}), st.lists(REGEXES, min_size=1, max_size=3)),
    st.builds(lambda like: ("match_like_pattern", {"like_pattern": like}), LIKES),
    st.builds(lambda like: ("not_match_like_pattern", {"like_pattern": like}), LIKES),
    st.builds(
        lambda form: ("match_strftime_format", {"strftime_format": form}), st.sampled_from(["%d", "%H.%M", "DK"])
    ),
    st.builds(lambda text: ("between", {"min_value": text}), st.sampled_from(["", "DK", "é"])),
    st.builds(lambda value: ("value_length.equals", {"value": value}), LENGTHS),
    st.builds(
        lambda low, more, strict: ("value_length.between", {"min_value": low, "max_value": low + more, **strict}),
        LENGTHS,
        LENGTHS,
        st.sampled_from([{}, {"strict_min": True}, {"strict_max": True}]),
    ),
)
CONDITIONS = st.sampled_from([{}, {}, {"row_condition": FEW}])
ASKED = st.builds(lambda check, condition: (check[0], check[1] | condition), CHECKS, CONDITIONS)
TABLE = st.lists(st.tuples(TEXTS, st.integers(0, 3), st.booleans()), min_size=1, max_size=20)


@pytest.mark.filterwarnings("ignore:Parsing dates involving a day of month without a year")  # from Python 3.13 on
@settings(max_examples=60)
@given(TABLE, st.lists(ASKED, min_size=2, max_size=6), st.booleans(), st.booleans())
def test_checks_asked_together_find_what_each_finds_alone(
    table: list[tuple[str | None, int, bool]], askings: list[Asking], in_pieces: bool, failed_casts: bool
) -> None:
    schema = {"t": pl.String, "n": pl.Int64, "failed": pl.Boolean}
    few = pl.concat([pl.DataFrame(table, schema=schema, orient="row")] * (ROWS // 3 // len(table) + 1), rechunk=True)
    rows = pl.concat([few] * 3, rechunk=not in_pieces)
    how = {"undecided": {"t": "failed"} if failed_casts else {}}

    together, failing = folded(rows, askings, **how)

    for one in askings:
        alone, failing_alone = folded(rows, [one], **how)
        assert alone.reasons == {}
        assert {metric: together.values[metric] for metric in alone.values} == alone.values
        assert {slot: failing[slot] for slot in failing_alone} == failing_alone


@pytest.mark.parametrize(
    "other",
    [
        TWO,
        ("value_length.between", {"min_value": 1, "max_value": 2}),
        ("in_set", {"value_set": ["SE", "NO", "DK"]}),
        ("not_in_set", {"value_set": ["test"]}),
        ("between", {"min_value": "DK", "max_value": "SE"}),
        ("match_regex", {"regex": "^[A-Z]{2}$"}),
        ("not_match_regex", {"regex": "[0-9]"}),
        ("match_regex_list", {"regex_list": ["^D", "E$"]}),
        ("not_match_regex_list", {"regex_list": ["X", "Y"]}),
        ("match_like_pattern", {"like_pattern": "__"}),
        ("not_match_like_pattern", {"like_pattern": "%x%"}),
        ("match_like_pattern_list", {"like_pattern_list": ["D%", "S%"]}),
        ("not_match_like_pattern_list", {"like_pattern_list": ["x%", "y%"]}),
    ],
    ids=lambda asking: str(asking[0]),
)
def test_what_all_texts_of_a_set_meet_follows_from_the_set(other: Asking) -> None:
    assert led([other, CODES]) == {other[0]: "in_set"}


@pytest.mark.parametrize(
    "other",
    [
        ("value_length.equals", {"value": 3}),
        ("value_length.between", {"min_value": 2, "max_value": 4, "strict_min": True}),
        ("not_in_set", {"value_set": ["SE"]}),
        ("match_regex", {"regex": "^D"}),
        ("dateutil_parseable", {}),
        ("json_parseable", {}),
        ("nonnull", {}),
        ("unique", {}),
        ("increasing", {}),
        (TWO[0], {**TWO[1], "row_condition": FEW}),
        (TWO[0], {**TWO[1], "column": "other"}),
    ],
    ids=str,
)
def test_what_a_text_of_a_set_does_not_meet_or_what_is_about_other_rows_does_not_follow(other: Asking) -> None:
    assert led([CODES, other]) == {}


@pytest.mark.parametrize(
    ("regex", "low", "high", "follows"),
    [
        (AMOUNT[1]["regex"], 4, 9, True),
        (AMOUNT[1]["regex"], 5, 9, False),
        (AMOUNT[1]["regex"], 4, 8, False),
        (r"^\d{3}$", 3, 3, True),
        (r"^D?$", 0, 1, True),
        (r"^D?$", 1, 1, False),
        (r"^D+$", 1, 99, False),  # true, and not known: this is more than a shape
    ],
)
def test_a_length_follows_from_a_regex_that_leaves_no_other(regex: str, low: int, high: int, follows: bool) -> None:
    length = ("value_length.between", {"min_value": low, "max_value": high})

    assert led([length, ("match_regex", {"regex": regex})]) == (
        {"value_length.between": "match_regex"} if follows else {}
    )


def test_from_a_regex_nothing_else_than_lengths_follows() -> None:
    assert led([AMOUNT, ("not_match_regex", {"regex": "x{20}"}), ("not_in_set", {"value_set": ["y"]})]) == {}


def test_of_two_checks_that_say_the_same_one_is_asked() -> None:
    regex = ("match_regex", {"regex": "^[A-Z]{2}$"})
    again = ("in_set", {"value_set": ["SE", "DK"]})
    plan = planned(texts(bad=0), [regex, TWO, again, CODES])

    found = plan.variant(frozenset()).implied

    assert sorted(one.name for one in found) == [
        "column_values.in_set",
        "column_values.match_regex",
        "column_values.value_length.equals",
    ]
    assert {implied.leader.asked.arguments["value_set"][0] for implied in found.values()} == {"SE"}


@pytest.mark.parametrize(("most", "follows"), [(MOST_TEXTS, True), (MOST_TEXTS + 1, False)])
def test_a_large_set_is_not_gone_through(most: int, follows: bool) -> None:
    large = ("in_set", {"value_set": [f"{number:03}" for number in range(most)]})

    assert led([large, ("value_length.equals", {"value": 3})]) == ({"value_length.equals": "in_set"} if follows else {})


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum(["DK", "SE"])], ids=str)
def test_only_columns_of_texts_have_checks_that_follow(dtype: pl.DataType) -> None:
    assert led([CODES, TWO], dtype) == {}


@pytest.fixture
def own_rule() -> Iterator[Asking]:
    @row_rule("column_values.of_two")
    def _rule(column: pl.Expr, **_: Any) -> pl.Expr:
        return column.str.len_chars() == column.str.len_chars().max()

    yield "of_two", {}
    del OWN_RULES["column_values.of_two"]


def test_a_rule_of_ones_own_is_always_asked(own_rule: Asking) -> None:
    assert led([CODES, own_rule]) == {}


@pytest.mark.parametrize("pieces", [1, 4])
@pytest.mark.parametrize("bad", [0, 1, 37, ROWS])
def test_only_rows_that_fail_the_first_check_are_asked_the_second(sizes: list[int], bad: int, pieces: int) -> None:
    length = ("value_length.between", {"min_value": 2, "max_value": 2})
    rows = texts(bad=bad, pieces=pieces)

    found, _ = folded(rows, [length, CODES])

    assert sum(size for size in sizes if size > len(CODES[1]["value_set"])) == (bad if bad > 1 else 0)
    assert {found.values[metric(one).id] for one in (CODES, length)} == {bad}


def test_a_small_batch_is_asked_everything_at_once(sizes: list[int]) -> None:
    folded(texts(bad=0).head(100), [("value_length.between", {"max_value": 2}), CODES])

    assert sizes[-1] == 100


def raising_if(met: Callable[[pl.Series], bool]) -> RowRule:
    def test(texts: pl.Series) -> pl.Series:
        if met(texts):
            raise ValueError
        return texts.is_in(["DK", "SE"])

    def predicate(asked: Asked) -> pl.Expr:
        return asked.column().map_batches(test, return_dtype=pl.Boolean, is_elementwise=True)

    return RowRule(predicate=predicate, sees=Sees.TEXT)


def test_a_check_that_breaks_down_over_rows_that_fail_the_first_one_spoils_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(METRICS, "column_values.value_length.equals", raising_if(lambda some: "other" in some))
    inside = ("not_in_set", {"value_set": ["other"]})

    found, _ = folded(texts(bad=5), [TWO, CODES, inside])

    assert found.reasons[metric(TWO).id] == "the data could not be evaluated (ValueError)"
    assert (found.values[metric(CODES).id], found.values[metric(inside).id]) == (5, 5)


def test_a_check_that_follows_from_one_that_breaks_down_is_asked_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "column_values.in_set", raising_if(lambda some: len(some) > 9))
    rows = texts(bad=5)
    assert planned(rows, [TWO, CODES]).variant(frozenset()).implied

    found, _ = folded(rows, [TWO, CODES])

    assert found.reasons[metric(CODES).id] == "the data could not be evaluated (ValueError)"
    assert found.values[metric(TWO).id] == 5


def test_a_check_that_breaks_down_when_it_is_asked_of_the_texts_of_a_set_does_not_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(METRICS, "column_values.value_length.equals", raising_if(lambda some: len(some) == 2))

    found, _ = folded(texts(bad=5), [TWO, CODES])

    assert led([TWO, CODES]) == {}
    assert (found.values[metric(TWO).id], found.reasons) == (5, {})
