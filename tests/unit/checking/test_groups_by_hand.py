"""Expectations of our own over groups and keys, against loops over the rows that say what their pages say.

A value that could not be read is `UNREAD` here. Each loop gives a word per row: `-` is not asked, `?` is undecided.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgate.checking.conditions import to_gx
from loadgate.checking.engine.fast import compile_suite
from loadgate.checking.engine.outcomes import CheckOutcome
from loadgate.checking.engine.quiet import import_gx
from loadgate.checking.expectations.listed import register
from loadgate.model import conditions
from loadgate.model.tables import UNDECIDED

Row = dict[str, Any]
UNREAD = "unread"
TYPES: Mapping[str, Any] = {
    "key": pl.String(),
    "part": pl.Int64(),
    "kind": pl.String(),
    "size": pl.Int64(),
    "start": pl.Date(),
    "end": pl.Date(),
}
DAYS = [dt.date(2026, 1, day) for day in (1, 2, 3, 5)]
VALUES: Mapping[str, Sequence[object]] = {
    "key": ["a", "a", "a ", "é"],
    "part": [1, 1, 2],
    "kind": ["x", "y"],
    "size": [-2, -1, 1, 2],
    "start": DAYS,
    "end": DAYS,
}
OFTEN = st.fixed_dictionaries(
    {name: st.one_of([*[st.sampled_from(values)] * 6, st.none(), st.just(UNREAD)]) for name, values in VALUES.items()}
)
WHERE = {"column": "kind", "is": "not_equal", "value": "y"}
IGNORED = st.sampled_from(["any_value_is_missing", "all_values_are_missing", "never"])


def first_look(row: Row, *, ignore: str, where: bool) -> str:
    """`-`, `?`, or that the row has a key which counts: nothing."""
    kind, key = row["kind"], (row["key"], row["part"])
    missing = [value is None for value in key]
    if where and kind in ("y", None):
        return "-"
    if ignore != "never" and (any(missing) if ignore.startswith("any") else all(missing)):
        return "-"
    return "?" if UNREAD in key or (where and kind == UNREAD) else ""


def grouped(rows: Sequence[Row], told: Sequence[str]) -> list[list[int]]:
    groups = defaultdict(list)
    for place, row in enumerate(rows):
        if not told[place]:
            groups[row["key"], row["part"]].append(place)
    return list(groups.values())


def determined(rows: Sequence[Row], told: list[str]) -> None:
    undecided(rows, told, "size")
    for group in grouped(rows, told):
        held = {rows[place]["size"] for place in group} - {None}
        for place in group:
            told[place] = "fail" if len(held) > 1 and rows[place]["size"] is not None else "pass"


def apart(rows: Sequence[Row], told: list[str]) -> None:
    undecided(rows, told, "start", "end")
    for group in grouped(rows, told):
        for place in group:
            others = (rows[other] for other in group if other != place)
            told[place] = "fail" if any(overlap(rows[place], other) for other in others) else "pass"


def overlap(one: Row, other: Row) -> bool:
    (start, end), (begin, stop) = ((row["start"], row["end"] or dt.date.max) for row in (one, other))
    return None not in (start, begin) and start < end and begin < stop and start < stop and begin < end


def balanced(rows: Sequence[Row], told: list[str]) -> None:
    spoilt = {
        (row["key"], row["part"])
        for row, said in zip(rows, told, strict=True)
        if said == "?" or (not said and row["size"] == UNREAD)
    }
    for group in grouped(rows, told):
        first = rows[group[0]]
        word = "?" if (first["key"], first["part"]) in spoilt else ""
        word = word or ("fail" if abs(sum(rows[place]["size"] or 0 for place in group)) > 1 else "pass")
        for place in group:
            told[place] = word


def meeting(rows: Sequence[Row], told: list[str]) -> None:
    """Where any row has a size above 1 of kind x, every row has a start."""
    when = [both(greater(row["size"], 1), equal(row["kind"], "x")) for row in rows]
    for place, row in enumerate(rows):
        if not told[place] and (when[place] == UNREAD or row["start"] == UNREAD):
            told[place] = "?"
    for group in grouped(rows, told):
        concerned = any(when[place] is True for place in group)
        for place in group:
            told[place] = "fail" if concerned and rows[place]["start"] is None else "pass"


def greater(value: object, limit: int) -> object:
    return value if value == UNREAD else isinstance(value, int) and value > limit


def equal(value: object, other: object) -> object:
    return value if value == UNREAD else value == other


def both(one: object, other: object) -> object:
    return False if False in (one, other) else UNREAD if UNREAD in (one, other) else True


def undecided(rows: Sequence[Row], told: list[str], *columns: str) -> None:
    for place, row in enumerate(rows):
        if not told[place] and UNREAD in [row[column] for column in columns]:
            told[place] = "?"


RULES: Mapping[str, tuple[Callable[[Sequence[Row], list[str]], None], dict[str, Any]]] = {
    "expect_columns_to_determine_column": (determined, {"column": "size"}),
    "expect_spans_to_not_overlap": (apart, {"start_column": "start", "end_column": "end"}),
    "expect_debit_and_credit_to_balance": (balanced, {"amount_column": "size", "tolerance": 1}),
    "expect_groups_to_meet_condition": (
        meeting,
        {
            "when": {
                "all": [
                    {"column": "size", "is": "greater", "value": 1},
                    {"column": "kind", "is": "equal", "value": "x"},
                ]
            },
            "then": {"column": "start", "missing": False},
        },
    ),
}


def typed(rows: Sequence[Row]) -> pl.DataFrame:
    plain = [{name: None if row[name] == UNREAD else row[name] for name in TYPES} for row in rows]
    flags = [pl.Series(UNDECIDED + name, [row[name] == UNREAD for row in rows], dtype=pl.Boolean) for name in TYPES]
    return pl.DataFrame(plain, schema=TYPES).with_row_index("_row").with_columns(flags)


def asked(
    type_: str, rows: Sequence[Row], cuts: Sequence[int], there: Sequence[Row] | None = None, **kwargs: Any
) -> tuple[CheckOutcome, dict[int, str]]:
    """The outcome of rows that come in pieces, and the marks: `fail` or `?`, by row."""
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    register([type_])
    for name in ("when", "then", "row_condition"):
        if kwargs.get(name) is not None:
            kwargs[name] = to_gx(conditions.read(kwargs[name]))
    suite = ExpectationSuite(name="groups")
    kwargs |= {"column_list": ["key", "part"]}
    suite.expectations.append(ExpectationConfiguration(type=type_, kwargs=kwargs).to_domain_obj())
    frame, marks = typed(rows), list[pl.DataFrame]()
    edges = sorted({0, *(cut for cut in cuts if cut < len(rows)), len(rows)})
    with compile_suite(suite).start(
        frame.schema,
        undecided={name: UNDECIDED + name for name in TYPES},
        references={} if there is None else {"there": typed(there).lazy()},
        marks=marks.append,
    ) as passing:
        for low, high in pairwise(edges):
            passing.add(frame[low:high])
        (outcome,) = passing.finish(frame.lazy()).outcomes
    found = [one for piece in marks for one in piece.select("_row", "undecided").rows()]
    assert len(found) == len(dict(found)), "a row is marked once"
    return outcome, {row: "?" if open_ else "fail" for row, open_ in found}


def agree(outcome: CheckOutcome, marks: Mapping[int, str], told: Sequence[str]) -> None:
    failed, passed, hidden = (told.count(word) for word in ("fail", "pass", "?"))
    if hidden and not failed + passed:
        assert outcome.state.value == "could_not_run"
        return
    assert marks == {place: word for place, word in enumerate(told) if word in ("fail", "?")}
    assert outcome.state.value == ("fail" if failed else "pass")
    assert (outcome.rows_checked, outcome.rows_failed, outcome.rows_undecided or 0) == (passed + failed, failed, hidden)


@pytest.mark.parametrize("type_", RULES)
@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(OFTEN, min_size=1, max_size=12),
    cuts=st.lists(st.integers(1, 11), max_size=3),
    ignore=IGNORED,
    where=st.booleans(),
)
def test_groups_are_judged_as_a_loop_over_their_rows_does(
    type_: str, rows: list[Row], cuts: list[int], ignore: str, where: bool
) -> None:
    told = [first_look(row, ignore=ignore, where=where) for row in rows]
    loop, arguments = RULES[type_]
    loop(rows, told)

    outcome, marks = asked(type_, rows, cuts, ignore_row_if=ignore, row_condition=WHERE if where else None, **arguments)

    agree(outcome, marks, told)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(OFTEN, min_size=1, max_size=8),
    there=st.lists(OFTEN, max_size=6),
    cuts=st.lists(st.integers(1, 7), max_size=2),
    ignore=IGNORED,
)
def test_keys_are_looked_for_as_a_loop_over_the_other_table_does(
    rows: list[Row], there: list[Row], cuts: list[int], ignore: str
) -> None:
    keys = [(row["key"], row["part"]) for row in there]
    told = [first_look(row, ignore=ignore, where=False) for row in rows]
    for place, row in enumerate(rows):
        own = (row["key"], row["part"])
        possible = [key for key in keys if all(held in (UNREAD, value) for held, value in zip(key, own, strict=True))]
        told[place] = told[place] or ("pass" if own in possible else "?" if possible else "fail")

    outcome, marks = asked("expect_keys_to_be_in_dataset", rows, cuts, there, reference="there", ignore_row_if=ignore)

    agree(outcome, marks, told)
