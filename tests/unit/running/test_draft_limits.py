"""Values of a file in; out, the limits and lists that a draft has of them: true of them, and of months to come."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.content import yaml_lines
from loadgate.model.expected import Dataset
from loadgate.running.drafting import Asked, Drafted, draft_file


def drafted_of(tmp_path: Path, values: pl.Series) -> Drafted:
    path = tmp_path / "a.parquet"
    values.alias("v").to_frame().write_parquet(path)
    return draft_file(path, Asked())


def about_values(drafted: Drafted) -> dict[str, dict[str, Any]]:
    """Arguments by type, of what is said about the values."""
    dataset = Dataset.model_validate(yaml_lines.parse(drafted.text, file="x").value)
    return {
        line.type.removeprefix("expect_column_"): {name: part for name, part in line.kwargs.items() if name != "column"}
        for line in dataset.expectations
        if line.kwargs.get("column") == "v" and "not_be_null" not in line.type
    }


@pytest.mark.parametrize("last", [date(9999, 12, 31), datetime(9999, 12, 31, 23, 59, 59), datetime(9998, 1, 1)])
def test_days_at_the_end_of_time_get_no_last_day(tmp_path: Path, last: date) -> None:
    drafted = drafted_of(tmp_path, pl.Series([type(last)(2020, 5, 1), last] * 60))
    assert about_values(drafted) == {"values_to_be_between": {"min_value": date(2020, 1, 1)}}
    assert "whole years, and no end, since the latest lies at the end of time" in drafted.text


@pytest.mark.parametrize(("last", "limit"), [(date(9998, 1, 1), 9999), (date(2026, 1, 1), 2027)])
def test_days_before_it_get_one_year_more(tmp_path: Path, last: date, limit: int) -> None:
    (line,) = about_values(drafted_of(tmp_path, pl.Series([date(2020, 5, 1), last] * 60))).values()
    assert line["max_value"] == date(limit, 12, 31)


@pytest.mark.parametrize(("digits", "limited"), [(18, True), (19, False), (30, False)])
def test_numbers_of_which_content_holds_no_limits_get_none(tmp_path: Path, digits: int, limited: bool) -> None:
    values = [Decimal(int(f"{at % 9 + 1}{'1' * (digits - 1)}")) for at in range(30)]
    drafted = drafted_of(tmp_path, pl.Series(values, dtype=pl.Decimal(38, 0)))
    assert ("values_to_be_between" in about_values(drafted)) == limited
    assert ("numbers of 19 digits or more: no limits are proposed" in drafted.text) != limited


@pytest.mark.parametrize("value", ["101", "kontanthjælp", 101, 202610, Decimal("0.00"), 0.25])
def test_one_value_in_all_rows_says_nothing_of_other_deliveries(tmp_path: Path, value: object) -> None:
    drafted = drafted_of(tmp_path, pl.Series([value] * 40))
    assert about_values(drafted) == {}
    assert "one value in 40 rows: the next delivery may have another, so no list of it is proposed" in drafted.text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([2024, 2025, 2026], {"values_to_be_between": {"min_value": 2000, "max_value": 2100}}),
        ([202601, 202602, 202612], {"values_to_be_between": {"min_value": 200_000, "max_value": 210_000}}),
        (["2026M01", "2026M02"], {"values_to_match_regex": {"regex": "^[0-9]{4}[A-Z][0-9]{2}$"}}),
        ([2024, 2025, 12], {"values_to_be_in_set": {"value_set": [12, 2024, 2025]}}),
        ([202613, 202614], {"values_to_be_in_set": {"value_set": [202613, 202614]}}),
        (["A2026", "B12026"], {"values_to_be_in_set": {"value_set": ["A2026", "B12026"]}}),
    ],
)
def test_periods_are_no_closed_set(tmp_path: Path, values: list[object], said: dict[str, object]) -> None:
    assert about_values(drafted_of(tmp_path, pl.Series(values * 20))) == said


def test_where_some_could_not_be_read_the_others_are_no_closed_set(tmp_path: Path) -> None:
    drafted = drafted_of(tmp_path, pl.Series([0, 1, 2**64 - 1] * 20, dtype=pl.UInt64))
    assert about_values(drafted) == {"values_to_be_between": {"min_value": 0, "max_value": 2}}
    assert "20 of 60 rows could not be read: they are undecided, not missing" in drafted.text


@pytest.mark.parametrize("least", ["216.628,73-", "-216.628,73"])
def test_amounts_with_the_minus_behind_are_amounts_and_no_personal_text(tmp_path: Path, least: str) -> None:
    path = tmp_path / "a.csv"
    amounts = "".join(f"1.{at:03}.744,83;x\n{at}.000,01-;y\n" for at in range(1, 40))
    path.write_text(f"v;n\n{amounts}{least};z\n")
    drafted = draft_file(path, Asked())
    assert "decimal: ',', thousands: '.', trailing_minus: true}" in drafted.text
    limits = about_values(drafted)["values_to_be_between"]
    assert limits["min_value"] < -216628
    assert "personal" not in drafted.text


def test_numbers_with_a_stroke_behind_among_words_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("v;n\n" + "".join(f"{at}-;{at}\nx{at};{at}\n" for at in range(1, 40)))
    assert "trailing_minus" not in draft_file(path, Asked()).text


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["Ida", "Bo", "Per", "Åse", "Kai", "Lone", "Ane", "Niels", "Uffe", "Viggo"] * 9, "may be persons' names"),
        ([f"{at % 9 + 1}.{at * 37 % 97:02d}285112E+09" for at in range(90)], "may stand for persons"),
    ],
)
def test_single_names_and_numbers_as_a_spreadsheet_writes_them_look_personal(
    tmp_path: Path, values: list[str], why: str
) -> None:
    drafted = drafted_of(tmp_path, pl.Series(values))
    assert why in drafted.text
    assert not {"values_to_be_in_set", "values_to_be_between"} & set(about_values(drafted))
    assert not any(value in drafted.text for value in values)


@pytest.mark.parametrize("values", [["Ja", "Nej"], ["Nord", "Syd", "Vest"], [f"{at:c}KK" for at in range(65, 80)]])
def test_few_words_and_codes_are_listed(tmp_path: Path, values: list[str]) -> None:
    assert about_values(drafted_of(tmp_path, pl.Series(values * 12)))["values_to_be_in_set"] == {"value_set": values}


@pytest.mark.parametrize("amount", ["1,234.{:02}", "12,{:02}"])
def test_numbers_with_the_delimiter_in_them_are_text_since_no_profile_can_say_them(tmp_path: Path, amount: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,amount\n" + "".join(f'{at},"{amount.format(at)}"\n' for at in range(60)), encoding="utf-8")

    drafted = draft_file(path, Asked())

    assert "#   format: {kind: csv}\n" in drafted.text
    assert "# Some numbers have the delimiter in them, which no profile can say: they are text here." in drafted.text
    assert [one["type"] for one in drafted.facts["columns"]] == ["integer", "text"]


def test_of_many_keys_the_first_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    names = ";".join(f"n{column}" for column in range(40))
    rows = (";".join(str(row * 7919 + column) for column in range(40)) for row in range(60))
    path.write_text("\n".join([names, *rows]), encoding="utf-8")

    assert "# Key: also possible: n1; n2; n3, and 36 more\n" in draft_file(path, Asked()).text
