"""Words and numbers of both languages."""

from __future__ import annotations

import re
from string import Formatter
from typing import Any

import pytest

from loadgate.reporting.language import LANGUAGES, Language, mid_sentence, moment, words


def placeholders(text: str) -> list[str]:
    return sorted(field for _, field, _, _ in Formatter().parse(text) if field is not None)


def test_both_languages_have_the_same_words() -> None:
    keys = [{(table, key) for table, rows in words(each).tables.items() for key in rows} for each in LANGUAGES]

    assert keys[0] == keys[1]


def test_both_languages_fill_the_same_places() -> None:
    english, danish = words("en").tables, words("da").tables

    different = [
        (table, key)
        for table, rows in english.items()
        for key, text in rows.items()
        if set(placeholders(text)) != set(placeholders(danish[table][key]))
    ]

    assert different == []


@pytest.mark.parametrize(
    ("language", "value", "decimals", "signed", "written"),
    [
        ("en", 1096, 0, False, "1,096"),
        ("da", 1096, 0, False, "1.096"),
        ("en", 1234567.891, 2, False, "1,234,567.89"),
        ("da", 1234567.891, 2, False, "1.234.567,89"),
        ("en", -0.96, 1, True, "−1.0"),
        ("en", 2.31, 1, True, "+2.3"),
        ("en", 0.0, 1, True, "0.0"),
        ("en", -0.04, 1, True, "0.0"),
        ("en", float("nan"), 1, False, "–"),
        ("en", float("inf"), 0, False, "–"),
    ],
)
def test_a_number_is_written_as_its_language_does(
    language: Language, value: float, decimals: int, signed: bool, written: str
) -> None:
    assert words(language).number(value, decimals, signed=signed) == written


@pytest.mark.parametrize(
    ("fraction", "written"), [(0.001, "+0.1 %"), (0.00099, "+0.10 %"), (0.0001, "+0.01 %"), (0.00002, "+0.002 %")]
)
def test_a_small_share_gets_the_decimals_that_show_it(fraction: float, written: str) -> None:
    assert words("en").percent(fraction, signed=True) == written


def test_a_span_is_one_value_where_both_ends_read_the_same() -> None:
    assert words("en").span(-0.0096, 0.0231) == "−1.0 % to +2.3 %"
    assert words("da").span(-0.0096, 0.0231) == "−1,0 % til +2,3 %"
    assert words("en").span(0.0101, 0.0102) == "+1.0 %"
    assert words("en").span(None, 0.02) == "+2.0 %"
    assert words("en").span(None, None) is None


def test_a_list_says_how_many_it_leaves_out() -> None:
    assert words("en").join(["a"]) == "a"
    assert words("en").join(["a", "b", "c"], most=3) == "a, b and c"
    assert words("en").join(["a", "b", "c", "d"], most=3) == "a, b and 2 more"
    assert words("da").join(["a", "b", "c", "d"], most=3) == "a, b og 2 til"


def test_a_moment_is_shown_in_the_zone_of_the_site() -> None:
    assert moment("2025-08-28T07:12:00+00:00", "Europe/Copenhagen") == "2025-08-28 09:12"
    assert moment("2025-08-28", "Europe/Copenhagen") == "2025-08-28"
    assert moment("soon", "Europe/Copenhagen") == "soon"


def test_a_title_inside_a_sentence_keeps_its_abbreviation() -> None:
    assert mid_sentence("Cases per week") == "cases per week"
    assert mid_sentence("BNP per head") == "BNP per head"


def test_no_text_holds_markup_or_a_machine_path() -> None:
    texts = [text for each in LANGUAGES for rows in words(each).tables.values() for text in rows.values()]

    found: list[Any] = [text for text in texts if re.search(r"[<>]|https?:|/home|  ", text)]

    assert found == []
