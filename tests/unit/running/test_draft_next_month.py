"""Two files drawn alike, one drafted from; out, lines that hold for the other too, and keys that are none by chance."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.content import yaml_lines
from loadgate.model.expected import Dataset
from loadgate.running.drafting import Asked, Drafted, draft_file

Draw = Callable[[random.Random], object]


def drafted_of(tmp_path: Path, **columns: list[Any]) -> Drafted:
    path = tmp_path / "a.csv"
    pl.DataFrame({name: list(map(str, values)) for name, values in columns.items()}).write_csv(path, separator=";")
    return draft_file(path, Asked())


def said_of(drafted: Drafted, column: str) -> dict[str, dict[str, Any]]:
    dataset = Dataset.model_validate(yaml_lines.parse(drafted.text, file="x").value)
    return {
        line.type.removeprefix("expect_column_"): {name: part for name, part in line.kwargs.items() if name != "column"}
        for line in dataset.expectations
        if line.kwargs.get("column") == column and "not_be_null" not in line.type
    }


def key_of(drafted: Drafted) -> list[str]:
    return list(drafted.facts["key"])


@pytest.mark.parametrize("draw", [lambda r: r.gauss(100, 900), lambda r: r.expovariate(1), lambda r: r.uniform(5, 9)])
@pytest.mark.parametrize("rows", [40, 400])
def test_limits_hold_for_the_next_file_drawn_alike(
    tmp_path: Path, draw: Callable[[random.Random], float], rows: int
) -> None:
    broken = 0
    for seed in range(20):
        here, there = random.Random(seed), random.Random(seed + 1000)
        drafted = drafted_of(tmp_path, v=[f"{draw(here):.2f}" for _ in range(rows)])
        limits = said_of(drafted, "v")["values_to_be_between"]
        broken += any(not limits["min_value"] <= draw(there) <= limits["max_value"] for _ in range(rows))
    assert broken <= 2


def test_numbers_that_become_ever_rarer_are_a_count_and_no_closed_set(tmp_path: Path) -> None:
    children = [0, 1, 0, 2, 0, 0, 1, 0, 0, 1] * 20 + [3, 0, 3, 0, 3, 0, 3, 0]
    drafted = drafted_of(tmp_path, children=children, classes=[at % 4 + 1 for at in range(208)])
    assert said_of(drafted, "children") == {"values_to_be_between": {"min_value": 0, "max_value": 6}}
    assert said_of(drafted, "classes") == {"values_to_be_in_set": {"value_set": [1, 2, 3, 4]}}


@pytest.mark.parametrize(("longest", "limit"), [(1, 2), (3, 5), (5, 8), (7, 11)])
def test_a_text_may_be_half_as_long_again_and_never_only_as_long(tmp_path: Path, longest: int, limit: int) -> None:
    texts = ["æø"[longest == 1 and at % 2] * (at % longest + 1) for at in range(18)]
    assert said_of(drafted_of(tmp_path, v=texts), "v") == {"value_lengths_to_be_between": {"max_value": limit}}


def test_a_count_in_a_form_has_room_where_it_varied(tmp_path: Path) -> None:
    form = said_of(drafted_of(tmp_path, v=[f"S-{at}" for at in range(95, 195)]), "v")["values_to_match_regex"]["regex"]
    assert form == "^[A-Z]-[0-9]{1,4}$"
    assert all(re.match(form, value) for value in ("S-1", "S-1000"))
    assert not re.match(form, "S-10000")


def test_few_rows_that_differ_by_chance_have_no_key(tmp_path: Path) -> None:
    chance = random.Random(1)
    numbers = chance.sample(range(1000), 60)
    ages, days = [at % 12 for at in numbers], [at // 12 for at in numbers]  # no two rows alike in both
    drafted = drafted_of(tmp_path, number=numbers)
    assert key_of(drafted) == []
    assert set(said_of(drafted, "number")) == {"values_to_be_between"}
    assert "Key: perhaps number: no two rows are alike, but so few may differ by chance." in drafted.text
    drafted = drafted_of(tmp_path, age=ages, day=days)
    assert key_of(drafted) == []
    assert "Key: perhaps age, day: no two" in drafted.text


@pytest.mark.parametrize(
    "values",
    [
        [7 * at for at in range(60)],  # in order
        random.Random(2).sample(range(1000, 1070), 60),  # few others could have come
        [f"{random.Random(at).getrandbits(60):015x}" for at in range(60)],  # none can come twice
    ],
)
def test_rows_that_would_not_differ_by_chance_have_one(tmp_path: Path, values: list[object]) -> None:
    assert key_of(drafted_of(tmp_path, v=values)) == ["v"]


def test_measurements_of_many_decimals_are_no_persons_and_no_keys(tmp_path: Path) -> None:
    chance = random.Random(3)
    values = [chance.gauss(0, 1) for _ in range(200)]
    path = tmp_path / "a.parquet"
    pl.DataFrame({"v": values}).write_parquet(path)
    for drafted in (drafted_of(tmp_path, v=[f"{value:.12f}" for value in values]), draft_file(path, Asked())):
        (column,) = drafted.facts["columns"]
        assert (column["type"], column["personal"], column["undecided"]) == ("text", False, 0)
        assert set(said_of(drafted, "v")) == {"value_lengths_to_be_between"}
        assert "numbers with more decimals than a column holds, or an exponent: it is text" in drafted.text
        assert key_of(drafted) == []
