"""The printed control table: a programme's own published comparison, to the printed digit."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from loadgate.comparing.control import compare_control
from loadgate.comparing.table import Note, Table, as_json, as_text, percent, table
from loadgate.model.expected import KeyFigure, Tolerance
from loadgate.model.period import Cadence
from loadgate.model.tables import CONTROLS, FIGURES, conform, empty

# One municipality, 2018, by service code and quarter: statistics office, programme, difference, per cent as printed.
# Source: transcribed from the programme's webinar of 2020.
HAND07 = """
1.1      | 131 128 141 146 | 128 127 136 141 | 3 1 5 5     | 2,3% 0,8% 3,5% 3,4%
1.3      | 0 0 0 0         | 0 0 0 0         | 0 0 0 0     | - - - -
1.4      | 91 94 97 95     | 92 95 98 96     | -1 -1 -1 -1 | -1,1% -1,1% -1,0% -1,1%
1.17     | 4 4 4 4         | 3 3 3 3         | 1 1 1 1     | 25,0% 25,0% 25,0% 25,0%
1.8.1    | 67 66 69 68     | 64 65 68 68     | 3 1 1 0     | 4,5% 1,5% 1,4% -
1.8.2    | 81 84 90 95     | 79 82 86 86     | 2 2 4 9     | 2,5% 2,4% 4,4% 9,5%
1.13.2   | 27 26 25 25     | 27 26 25 25     | 0 0 0 0     | - - - -
1.13.3   | 3 3 3 3         | 3 3 3 3         | 0 0 0 0     | - - - -
1.13.4   | 153 152 153 155 | 150 146 147 145 | 3 6 6 10    | 2,0% 3,9% 3,9% 6,5%
1.12.0.1 | 97 99 98 99     | 100 102 102 103 | -3 -3 -4 -4 | -3,1% -3,0% -4,1% -4,0%
1.12.0.2 | 292 294 291 278 | 294 300 297 281 | -2 -6 -6 -3 | -0,7% -2,0% -2,1% -1,1%
"""
PRINTED = [[block.split() for block in line.split("|")] for line in HAND07.strip().splitlines()]
CODES = [line[0][0] for line in PRINTED]


def hand07() -> Table:
    rows = [
        {
            "source": "office",
            "figure": "recipients",
            "cell": code,
            "reference_start": dt.date(2018, 3 * quarter + 1, 1),
            "value": Decimal(control),
            "reported": Decimal(value),
        }
        for (code,), controls, values, _, _ in PRINTED
        for quarter, (control, value) in enumerate(zip(controls, values, strict=True))
    ]
    recipients = KeyFigure.model_validate(
        {
            "id": "recipients",
            "title": {"en": "Recipients"},
            "kind": "persons",
            "family": "disability",
            "dataset": "services",
            "cadence": "quarter",
            "reference": "quarter",
            "unit": "persons",
            "numerator": {"distinct": "person"},
            "cells": {"column": "code", "values": CODES},
        }
    )
    tolerance = Tolerance.model_validate(
        {
            "minimal": {"absolute": 2, "relative": 0.02},
            "substantial": {"absolute": 5, "relative": 0.05},
            "reason": "agreed",
        }
    )
    compared = compare_control(
        empty(FIGURES),
        conform(pl.DataFrame(rows), CONTROLS),
        key_figures=[recipients],
        tolerances=[tolerance],
        expected={},
        delivered={},
        areas={},
    )
    return table(compared, source="office", title="HAND07", cadence=Cadence.QUARTER, order=CODES)


def test_the_programmes_table_is_reproduced_to_the_printed_digit() -> None:
    made = hand07()

    assert made.periods == ("2018-Q1", "2018-Q2", "2018-Q3", "2018-Q4")
    assert [row.code for row in made.rows] == CODES
    for row, (_, controls, values, differences, percents) in zip(made.rows, PRINTED, strict=True):
        assert [str(entry.control) for entry in row.entries] == [f"{number}.000000" for number in controls]
        assert [entry.value for entry in row.entries] == [Decimal(number) for number in values]
        assert [entry.difference for entry in row.entries] == [Decimal(number) for number in differences]
        assert [entry.percent for entry in row.entries] == percents


def test_notes_say_what_the_differences_have_in_common() -> None:
    said = {row.code: set(row.notes) for row in hand07().rows}

    drifting = {code for code, notes in said.items() if Note.DRIFTING in notes}
    silent = {code for code, notes in said.items() if not notes}
    assert drifting == {"1.8.2", "1.13.4"}
    assert silent == {"1.3", "1.13.2", "1.13.3"}
    assert all(Note.ONE_SIDED in notes for code, notes in said.items() if code not in silent)
    assert {code for code, notes in said.items() if Note.CLOSING in notes} == {"1.8.1"}
    assert {code for code, notes in said.items() if Note.WITHIN_TOLERANCE in notes} == {"1.4", "1.17"}


def test_text_and_json_hold_the_same_numbers() -> None:
    made = hand07()

    text = as_text(made, control="DST", value="FLIS")
    lines = {line.split()[0]: line for line in text.splitlines() if line[:2] == "1."}
    rows = as_json(made)["rows"]

    assert isinstance(rows, list)
    assert " ".join(lines["1.8.2"].split()) == (
        "1.8.2 81 84 90 95 79 82 86 86 2 2 4 9 2,5% 2,4% 4,4% 9,5% one-sided, drifting"
    )
    assert rows[5]["entries"][3] == {
        "period": "2018-Q4",
        "control": "95",
        "value": "86",
        "difference": "9",
        "percent": "9,5%",
        "outcome": "substantial",
    }


@pytest.mark.parametrize(
    ("difference", "control", "decimals", "printed"),
    [
        ("0.25", "100", 1, "0,3%"),  # half away from zero
        ("-0.25", "100", 1, "-0,3%"),
        ("0.35", "100", 1, "0,4%"),  # binary floats would say 0,3
        ("1", "-4", 1, "-25,0%"),
        ("-0.01", "100", 1, "0,0%"),
        ("5", "8", 0, "63%"),
        ("1", "0", 1, "n/a"),
        ("0", "0", 1, "-"),
    ],
)
def test_percentages_are_rounded_on_exact_numbers(difference: str, control: str, decimals: int, printed: str) -> None:
    assert percent(Decimal(difference), Decimal(control), decimals=decimals) == printed
