"""What to do next."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from loadgate.model.findings import Verdict
from loadgate.reporting.language import LANGUAGES, Language
from loadgate.reporting.steps import holding, steps, urgent_first, waive_command, waive_until


def commands(view: object) -> list[str | None]:
    return [step.command for step in steps(view.judgement, view.names)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hold_is_settled_in_four_steps_with_exact_commands(language: Language, views: ModuleType) -> None:
    assert commands(views.held(language)) == [
        "loadgate case show 1",
        "loadgate run 2025-08",
        'loadgate waive 1 --reason "…" --until 2025-09-30 --ceiling 2.5%',
        "loadgate release 2025-08",
    ]


def test_a_quiet_month_has_one_step(views: ModuleType) -> None:
    assert commands(views.release()) == ["loadgate release 2025-08"]


def test_a_rerun_is_released_by_its_own_id_and_run_again_by_its_period(views: ModuleType) -> None:
    view = views.held()
    again = replace(view, judgement=replace(view.judgement, run="2025-08.2"))

    assert commands(again)[1] == "loadgate run 2025-08"
    assert commands(again)[-1] == "loadgate release 2025-08.2"


def test_caveats_are_read_before_the_release(views: ModuleType) -> None:
    told = steps(views.with_caveats().judgement, views.names())

    assert [step.text for step in told] == [
        "What held the run has been waived. Read the 2 caveats below: they are published with the figures. "
        "If that is right, publish."
    ]


def test_what_could_not_run_is_the_first_step_where_no_case_holds(views: ModuleType) -> None:
    bare = views.judgement(verdict=Verdict.HOLD, verdict_before_waivers=Verdict.HOLD)

    told = steps(bare, views.names())

    assert told[0].text.startswith("Find out what could not run")
    assert told[0].command == "loadgate run 2025-08"


def test_a_waived_case_holds_no_longer(views: ModuleType) -> None:
    assert [case.number for case in holding(views.held().judgement)] == [1]
    assert holding(views.with_caveats().judgement) == []


def test_cases_that_hold_come_first_and_those_of_the_whole_run_before_the_others(views: ModuleType) -> None:
    numbers = [case.number for case in urgent_first(views.large().judgement)]

    assert numbers[:2] == [2, 1]
    assert len(numbers) == 40


def test_the_other_holding_cases_are_named(views: ModuleType) -> None:
    view = views.large()

    told = [step.text for step in steps(view.judgement, view.names)]

    assert told[3] == "Then settle case 1 too; its own commands stand with it."


@pytest.mark.parametrize(("size", "ceiling"), [(0.025, "2.5%"), (0.0251, "3%"), (0.0003, "0.5%"), (1.0, "100%")])
def test_the_ceiling_is_the_next_half_per_cent(size: float, ceiling: str, views: ModuleType) -> None:
    case = replace(views.held().judgement.cases[0], size=size)

    assert waive_command(case, as_of=views.AS_OF, timezone="UTC").endswith(f" --ceiling {ceiling}")


def test_a_case_without_a_size_has_no_ceiling(views: ModuleType) -> None:
    case = replace(views.held().judgement.cases[0], size=0.0)

    assert "--ceiling" not in waive_command(case, as_of=views.AS_OF, timezone="UTC")


@pytest.mark.parametrize(
    ("as_of", "until"),
    [
        ("2025-08-28T07:12:00+00:00", "2025-09-30"),
        ("2025-01-31T07:12:00+00:00", "2025-02-28"),
        ("2025-12-31T22:30:00+00:00", "2026-01-31"),
        ("2025-12-31T23:30:00+00:00", "2026-02-28"),
    ],
)
def test_a_waiver_runs_to_the_end_of_next_month_in_the_zone_of_the_site(as_of: str, until: str) -> None:
    assert waive_until(as_of, "Europe/Copenhagen").isoformat() == until
