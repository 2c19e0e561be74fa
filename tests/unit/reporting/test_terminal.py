"""The last lines of a run."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest
from rich.console import Console
from rich.text import Text

from loadgate.reporting.language import LANGUAGES, Language
from loadgate.reporting.terminal import terminal

HELD = """\
HOLD   one case

  case 1  critical  restatement, whole run                                                       new
          Rate per 100,000 inhabitants came restated in weeks 2020-W01 to 2025-W30, in all 16
          municipalities and every age group, by −1.0 % to +2.3 %, where cases did not change.
          Not moved: cases (95 of 14,908 restated).  Looks like: another denominator.

Next
  loadgate case show 1                      evidence, by municipality and breakdown
  loadgate run 2025-08                      after a new delivery
  loadgate waive 1 --reason "…" --until 2025-09-30 --ceiling 2.5%    asks for a second person
  loadgate release 2025-08                  when the gate says yes
Report   state/runs/2025-08/report.html"""


def test_a_hold_ends_with_the_case_and_what_to_do(views: ModuleType) -> None:
    view = views.held()

    assert terminal(view.judgement, view.names, report="state/runs/2025-08/report.html") == HELD


def test_in_a_narrow_terminal_sentences_are_as_wide_as_it_and_a_title_stands_below_its_label(views: ModuleType) -> None:
    view = views.held()

    lines = terminal(view.judgement, view.names, report=None, width=40).splitlines()

    assert lines[2:4] == ["  case 1  critical  new", "          restatement, whole run"]
    assert max(map(len, lines[: lines.index("Next")])) <= 40


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", ["release", "held", "with_caveats", "large"])
def test_markup_says_the_same_as_plain_text(report: str, language: Language, views: ModuleType) -> None:
    view = getattr(views, report)(language)
    names = replace(view.names, figures={"rate": "Rate [red]x[/red]", "cases": "Cases"})

    plain = terminal(view.judgement, names, report="a[b]c")
    markup = terminal(view.judgement, names, report="a[b]c", rich=True)

    assert Text.from_markup(markup).plain == plain
    assert "[red]" not in plain or "[red]x[/red]" in plain


def test_no_line_is_wider_than_the_terminal_but_a_command(views: ModuleType) -> None:
    view = views.large()

    lines = terminal(view.judgement, view.names, report=None).splitlines()

    assert [line for line in lines if len(line) > 100 and "loadgate" not in line] == []


def test_cases_that_are_not_printed_are_counted(views: ModuleType) -> None:
    view = views.large()

    text = terminal(view.judgement, view.names, report=None)

    assert "32 cases less urgent, in the report" in text
    assert "Caveats: 13 travel with the figures" in text
    assert "Resolved: case 4, case 11" in text


def test_a_case_that_is_part_of_another_now_says_of_which(views: ModuleType) -> None:
    view = views.large()
    judgement = replace(view.judgement, merged=((11, 4),))

    text = terminal(judgement, view.names, report=None)

    assert "Resolved: case 4, case 11 (now part of case 4)" in text


def test_a_quiet_month_is_three_lines(views: ModuleType) -> None:
    view = views.release()

    text = terminal(view.judgement, view.names, report=None)

    assert text.splitlines()[0] == "RELEASE   no case"
    assert text.splitlines()[-1].split() == ["loadgate", "release", "2025-08", "publishes", "the", "figures"]


def test_the_markup_can_be_printed(views: ModuleType) -> None:
    view = views.held()
    console = Console(width=100, record=True, quiet=True)

    console.print(terminal(view.judgement, view.names, report="x", rich=True), highlight=False)
