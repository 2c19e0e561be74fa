"""The lines of `loadgate check --against`: what is said of checks that found nothing, and of those that could not."""

from __future__ import annotations

import pytest

from loadgate.cli import trying
from loadgate.running.against import Against, Found, Marking

SOUND = Found(check="ledger:sound", content="same", shadow=False, deliveries=16, rows_checked=1000)
HIDDEN = Found(check="ledger:hidden", content="same", shadow=False, deliveries=16, rows_checked=2, rows_undecided=998)
UNMET = Found(check="ledger:unmet", content="same", shadow=False, deliveries=16)


def lines(capsys: pytest.CaptureFixture[str], *checks: Found, rules: tuple[Marking, ...] = ()) -> list[str]:
    told = Against(
        run="2026-10",
        deliveries=16,
        missing=0,
        empty=0,
        read_again=0,
        unseen=(),
        checks=checks,
        rules=rules,
        known_errors=(),
        without_delivery=(),
    )
    trying._say_against(told)
    return capsys.readouterr().out.splitlines()[1:]


def test_a_check_that_could_not_decide_rows_is_never_said_to_have_found_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = lines(capsys, SOUND, HIDDEN)
    (row,) = [line.split() for line in said if line.startswith("ledger:hidden")]
    assert row[1:4] == ["2", "0", "998"]
    assert said[-1] == "1 check found nothing, neither then nor now"


def test_a_check_whose_condition_no_row_meets_looked_at_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, SOUND, UNMET) == [
        "1 check found nothing, neither then nor now",
        "1 check had no rows to look at, or nothing to compare them with: ledger:unmet",
    ]


def test_a_rule_that_could_not_decide_rows_is_never_said_to_have_marked_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = lines(capsys, SOUND, rules=(Marking(rule="removed", content="same", rows_checked=5, rows_undecided=3),))
    assert any(line.split()[:4] == ["removed", "5", "0", "3"] for line in said)
