"""A rule over many columns means what it means over few, and takes time with their number, not its square."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import reduce
from operator import add
from typing import Any, Final

import polars as pl
import pytest

from loadgate.checking.engine import many_columns, predicates
from loadgate.checking.engine.conditions import as_checked
from loadgate.checking.engine.domain import Asked, ask
from loadgate.checking.engine.fast import compile_suite
from loadgate.checking.engine.literals import as_read
from loadgate.checking.engine.many_columns import MANY, Part, all_differ, as_kin, can_be_sorted, sum_of, type_of_sum
from loadgate.checking.engine.outcomes import CheckOutcome, CheckState
from loadgate.checking.engine.passes import preflight
from loadgate.checking.engine.quiet import import_gx

pytestmark = pytest.mark.filterwarnings("ignore")  # GX's own

WHOLE: Final = 2**53  # from here on a float has no room for every whole number
DAY, UTC = dt.datetime(2020, 1, 1), dt.UTC
VALUES: Final[dict[pl.DataType, list[Any]]] = {
    pl.Int8(): [0, 1, -1, 127],
    pl.UInt16(): [0, 1, 65535],
    pl.Int32(): [0, 1, 2**24, 2**24 + 1, -5],
    pl.Int64(): [0, 1, WHOLE, WHOLE + 1, -1, 2**63 - 1, -(2**63)],
    pl.UInt64(): [0, 1, WHOLE, WHOLE + 1, 2**63, 2**64 - 1],
    pl.Int128(): [0, 1, WHOLE + 1, 2**64, 2**100],
    pl.Float32(): [0.0, -0.0, 1.0, 0.1, 2.0**24, float("nan"), float("inf")],
    pl.Float64(): [0.0, -0.0, 1.0, 0.1, 2.0**53, 2.0**63, float("nan"), float("-inf")],
    pl.Decimal(20, 2): [Decimal(0), Decimal(1), Decimal("0.10"), Decimal("1.50")],
    pl.Decimal(38, 6): [Decimal(0), Decimal("0.1"), Decimal("1.500001")],
    pl.Boolean(): [True, False],
    pl.String(): ["a", "b", "", "1"],
    pl.Categorical(): ["a", "b", "c"],
    pl.Enum(["a", "b"]): ["a", "b"],
    pl.Binary(): [b"a", b"b"],
    pl.Date(): [DAY.date(), dt.date(1970, 1, 1)],
    pl.Datetime("ms"): [DAY, dt.datetime(1970, 1, 1)],
    pl.Datetime("us"): [DAY, dt.datetime(1970, 1, 1, 0, 0, 0, 1)],
    pl.Datetime("ns"): [DAY, dt.datetime(1970, 1, 1, 0, 0, 0, 1)],
    pl.Datetime("us", "UTC"): [DAY.replace(tzinfo=UTC)],
    pl.Duration("ms"): [dt.timedelta(0), dt.timedelta(seconds=1)],
    pl.Duration("us"): [dt.timedelta(0), dt.timedelta(microseconds=1)],
    pl.Time(): [dt.time(0), dt.time(12)],
    pl.Null(): [None],
}


def some_table(seed: int) -> tuple[pl.DataFrame, Asked, list[pl.DataType]]:
    """A table of a few types, what is asked of all of its columns, and their types as they are read."""
    chance = random.Random(seed)
    few = chance.sample(list(VALUES), chance.randint(1, 4))
    missing = chance.choice([0.0, 0.1, 0.4])

    def value(dtype: pl.DataType) -> Any:
        if chance.random() < missing:
            return None
        if dtype.is_integer() and chance.random() < 0.7:
            return chance.randint(0, 100)
        return (
            f"{chance.randint(0, 99)}" if dtype == pl.String and chance.random() < 0.7 else chance.choice(VALUES[dtype])
        )

    types = [chance.choice(few) for _ in range(chance.randint(2, 7))]
    rows = chance.randint(0, 6)
    frame = pl.DataFrame(
        [
            pl.Series(f"c{place}", [value(dtype) for _ in range(rows)], dtype=dtype, strict=False)
            for place, dtype in enumerate(types)
        ]
    )
    asked = ask({"column_list": frame.columns}, {}, schema=frame.schema, flags={})
    return frame, asked, [as_read(as_checked(dtype)) for dtype in types]


def read(asked: Asked) -> list[pl.Expr]:
    return [asked.column(place) for place in range(len(asked.columns))]


def test_values_that_are_sorted_differ_where_they_do_in_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_columns, "_CELLS", 10)  # so that a few rows take several turns
    met = rows = 0
    for seed in range(400):
        frame, asked, types = some_table(seed)
        columns, numbers = as_kin(read(asked), types)
        assert can_be_sorted(numbers)
        expected = frame.select(met=predicates.all_different(asked))

        found = frame.select(met=all_differ(columns, numbers))

        assert found.equals(expected), frame.rows()
        met, rows = met + expected["met"].to_list().count(True), rows + frame.height
    assert rows / 5 < met < rows * 4 / 5


def test_texts_that_share_a_hash_still_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_columns, "_hashed", lambda texts: texts.str.len_chars().cast(pl.Int64).fill_null(-(2**63)))
    frame = pl.DataFrame({"a": ["x", "x", "x", None], "b": ["y", "x", "yy", "x"], "c": ["zzz", "zz", "z", "y"]})
    asked = ask({"column_list": frame.columns}, {}, schema=frame.schema, flags={})

    found = [frame[row : row + 1].select(met=all_differ(read(asked), frame.dtypes)).item() for row in range(4)]
    together = frame.select(met=all_differ(read(asked), frame.dtypes))["met"].to_list()

    assert found == [True, False, True, True]
    assert together == found


def test_a_sum_in_steps_is_the_sum_from_left_to_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_columns, "_STEP", 2)
    added = refused = 0
    for seed in range(400):
        frame, asked, types = some_table(seed)
        part = part_of(types)
        parts = [part(column, place) for place, column in enumerate(read(asked))]
        try:
            expected = frame.select(total=reduce(add, parts))
        except pl.exceptions.PolarsError:
            refused += 1
            with pytest.raises(pl.exceptions.PolarsError):
                type_of_sum(types, part)
            continue

        found = frame.select(total=sum_of(read(asked), part, dtype=type_of_sum(types, part)))

        assert found.schema == expected.schema
        assert found.equals(expected), frame.rows()
        added += frame.height
    assert added
    assert refused


def part_of(types: list[pl.DataType]) -> Part:
    return lambda column, place: predicates.roomy(column, types[place])


def outcome(frame: pl.DataFrame, name: str, **arguments: Any) -> CheckOutcome:
    import_gx()
    import great_expectations.expectations as gxe
    from great_expectations.core import ExpectationSuite

    wanted = getattr(gxe, name)(column_list=arguments.pop("column_list", frame.columns), **arguments)
    return compile_suite(ExpectationSuite(name="s", expectations=[wanted])).validate(frame.lazy()).outcomes[0]


def table(columns: int, *rows: list[Any]) -> pl.DataFrame:
    return pl.DataFrame([row + list(range(len(row), columns)) for row in rows], orient="row", schema=names(columns))


def names(columns: int) -> list[str]:
    return [f"c{place}" for place in range(columns)]


@pytest.mark.parametrize("columns", [4, MANY - 1, MANY, 3 * MANY + 1])
def test_the_rules_over_columns_mean_the_same_for_few_and_for_many(columns: int) -> None:
    frame = table(columns, [], [0, 0], [None], [None, None], [2])
    total = sum(range(columns))

    summed = outcome(frame, "ExpectMulticolumnSumToEqual", sum_total=total)
    differing = outcome(frame, "ExpectSelectColumnValuesToBeUniqueWithinRecord")
    unique = outcome(pl.concat([frame, frame.head(1)]), "ExpectCompoundColumnsToBeUnique")
    equal = outcome(frame.select(pl.lit(1).alias(name) for name in frame.columns), "ExpectMulticolumnValuesToBeEqual")

    assert summed.rows_failed == 4
    assert differing.rows_failed == 3
    assert unique.rows_failed == 2
    assert equal.state is CheckState.PASS


def test_a_sum_of_many_columns_that_cannot_be_added_says_why() -> None:
    frame = table(MANY + 5, [1]).with_columns(c3=pl.lit(dt.date(2020, 1, 1)), c4=pl.lit(True))

    found = outcome(frame, "ExpectMulticolumnSumToEqual", sum_total=3)

    assert found.state is CheckState.COULD_NOT_RUN
    assert "c3 (Date), c4 (Boolean)" in str(found.reason)
    assert "not allowed" in str(found.reason)


def test_many_columns_of_decimals_and_truths_are_compared_as_few_are() -> None:
    frame = table(MANY + 5, [1]).with_columns(c3=pl.lit(Decimal("1.0")), c4=pl.lit(True))
    few = frame.select("c3", "c4")

    found = [
        outcome(rows, "ExpectSelectColumnValuesToBeUniqueWithinRecord").rows_failed
        for rows in (frame, few, few.with_columns(c3=pl.lit(Decimal("1.5"))))
    ]

    assert found == [1, 1, 0]


def test_names_that_look_like_patterns_are_added_up_too() -> None:
    frame = table(MANY, [1]).rename({"c0": "*", "c1": "^c.*$"})

    found = outcome(frame, "ExpectMulticolumnSumToEqual", sum_total=sum(range(MANY)) + 1)

    assert found.state is CheckState.PASS


@pytest.mark.parametrize(
    "name",
    [
        "ExpectMulticolumnSumToEqual",
        "ExpectMulticolumnValuesToBeEqual",
        "ExpectSelectColumnValuesToBeUniqueWithinRecord",
        "ExpectCompoundColumnsToBeUnique",
    ],
)
def test_two_thousand_columns_are_a_matter_of_a_moment(name: str) -> None:
    frame = table(2000, [1])
    arguments = {"sum_total": 5} if "Sum" in name else {}
    outcome(table(2, [1]), name, **arguments)  # what is imported once is no matter of columns
    begun = time.process_time()

    outcome(frame, name, **arguments)

    assert time.process_time() - begun < 2  # as one expression they take four times as long


class Noting(Mapping[str, pl.DataType]):
    """A schema that notes of which columns somebody wants to know the type."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.columns = frozenset(columns)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> pl.DataType:
        if name not in self.columns:
            raise KeyError(name)
        self.asked.add(name)
        return pl.Int64()

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


def test_a_check_of_one_column_is_tried_on_that_column_alone() -> None:
    schema = Noting(names(2000))

    reasons = preflight(schema, {name: pl.col(name).str.len_chars() for name in ("c1", "c2")} | {"c3": pl.col("c3")})

    assert schema.asked == {"c1", "c2", "c3"}  # to make empty columns of all takes longer than most checks
    assert [*reasons] == ["c1", "c2"]
