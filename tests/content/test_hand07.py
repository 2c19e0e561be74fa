"""The comparison that the programme published itself (HAND07, one municipality, 2018), to the printed digit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRINTED = {
    "1.1": "131 128 141 146 | 128 127 136 141 | 3 1 5 5 | 2,3% 0,8% 3,5% 3,4%",
    "1.3": "0 0 0 0 | 0 0 0 0 | 0 0 0 0 | - - - -",
    "1.4": "91 94 97 95 | 92 95 98 96 | -1 -1 -1 -1 | -1,1% -1,1% -1,0% -1,1%",
    "1.17": "4 4 4 4 | 3 3 3 3 | 1 1 1 1 | 25,0% 25,0% 25,0% 25,0%",
    "1.8.1": "67 66 69 68 | 64 65 68 68 | 3 1 1 0 | 4,5% 1,5% 1,4% -",
    "1.8.2": "81 84 90 95 | 79 82 86 86 | 2 2 4 9 | 2,5% 2,4% 4,4% 9,5%",
    "1.13.2": "27 26 25 25 | 27 26 25 25 | 0 0 0 0 | - - - -",
    "1.13.3": "3 3 3 3 | 3 3 3 3 | 0 0 0 0 | - - - -",
    "1.13.4": "153 152 153 155 | 150 146 147 145 | 3 6 6 10 | 2,0% 3,9% 3,9% 6,5%",
    "1.12.0.1": "97 99 98 99 | 100 102 102 103 | -3 -3 -4 -4 | -3,1% -3,0% -4,1% -4,0%",
    "1.12.0.2": "292 294 291 278 | 294 300 297 281 | -2 -6 -6 -3 | -0,7% -2,0% -2,1% -1,1%",
}


def command(*more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "loadgate", "control", "table", "--site", str(ROOT), *more],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("code", PRINTED)
def test_the_comparison_is_reproduced_to_the_printed_digit(code: str) -> None:
    (line,) = [line.split() for line in command().splitlines() if line.split()[:1] == [code]]

    assert line[1:17] == PRINTED[code].replace("|", "").split()


def test_the_rows_are_printed_in_the_programme_s_order() -> None:
    lines = [line.split()[0] for line in command().splitlines() if line.split()[0] in PRINTED]

    assert lines == list(PRINTED)


def test_a_good_comparison_sees_what_is_systematic_and_what_drifts_apart() -> None:
    (table,) = json.loads(command("--json"))
    notes = {row["code"]: set(row["notes"]) for row in table["rows"]}
    differing = {code for code, text in PRINTED.items() if text.split("|")[2].split() != ["0"] * 4}

    assert {code for code, found in notes.items() if "one-sided" in found} == differing
    assert {code for code, found in notes.items() if "drifting" in found} == {"1.8.2", "1.13.4"}
    assert {code for code, found in notes.items() if "closing" in found} == {"1.8.1"}
    assert {code for code, found in notes.items() if "within tolerance" in found} == {"1.4", "1.17"}
