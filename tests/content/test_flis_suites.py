"""The FLIS site's suites on the examples beside them: every check finds what it is for, and nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from loadgate.arriving.expected import expect
from loadgate.arriving.patterns import PatternIndex
from loadgate.checking.arguments import valid_codes
from loadgate.content.loader import load, read
from loadgate.model.expected import Dataset, Examples
from loadgate.model.kinds import Severity
from loadgate.model.period import Period
from loadgate.model.site import Site
from loadgate.running.examples import Shown, run_examples

ROOT = Path(__file__).parents[2]


@cache
def site() -> Site:
    return load(ROOT)


@cache
def examples() -> tuple[Examples, ...]:
    draft, _ = read(ROOT, examples=True)
    return tuple(document.value for document in draft.examples)


@pytest.fixture(scope="module")
def shown() -> dict[str, Shown]:
    return {one.dataset: one for one in run_examples(ROOT)}


@pytest.mark.parametrize("dataset", [one.dataset for one in examples()])
def test_the_examples_of_a_suite_hold(dataset: str, shown: dict[str, Shown]) -> None:
    assert "\n".join(map(str, shown[dataset].faults)) == ""


def test_every_check_that_holds_or_warns_has_an_example_that_fails_it(shown: dict[str, Shown]) -> None:
    serious = {
        dataset.check_id(line)
        for dataset in site().datasets
        for line in dataset.expectations
        if line.severity is not Severity.INFO
    }

    assert serious & {check for one in shown.values() for check in one.without} == set()


def test_some_examples_leave_checks_undecided(shown: dict[str, Shown]) -> None:
    assert sum(one.undecided for one in shown.values()) >= 10


def test_every_dataset_has_an_example_that_passes_all_its_checks() -> None:
    sound = {one.dataset for one in examples() for each in one.examples if not each.fail and not each.undecided}

    assert sound == {dataset.dataset for dataset in site().datasets}


def check_of(dataset: Dataset, kind: str, columns: list[str]) -> Severity | None:
    return next(
        (
            line.severity
            for line in dataset.expectations
            if line.type == kind and columns in ([line.kwargs.get("column")], line.kwargs.get("column_list"))
        ),
        None,
    )


def test_every_dataset_checks_that_its_key_is_there_and_unique() -> None:
    unique, there = "expect_compound_columns_to_be_unique", "expect_column_values_to_not_be_null"

    assert len(site().datasets) == 13
    for dataset in site().datasets:
        assert check_of(dataset, unique, list(dataset.key)) is Severity.CRITICAL, dataset.dataset
        assert all(check_of(dataset, there, [name]) is Severity.CRITICAL for name in dataset.key), dataset.dataset


def test_columns_that_hold_persons_are_marked_personal() -> None:
    persons = {"person", "pupil", "employee", "employment_no", "child", "case_no"}
    for dataset in site().datasets:
        marked = {name for name, column in dataset.columns.items() if column.personal}
        assert marked == persons & set(dataset.columns), dataset.dataset


def test_every_column_is_described() -> None:
    assert all(column.description for dataset in site().datasets for column in dataset.columns.values())


def test_functions_change_with_the_chart_of_accounts_of_2026() -> None:
    functions = next(one for one in site().code_lists if one.name == "functions")
    before, after = (set(valid_codes(functions, period)) for period in ("2025-12", "2026-01"))

    assert before - after == {"4.62.84", "5.58.80"}
    assert after - before == {"4.62.83", "5.58.81"}


def expected(period: str) -> list[Any]:
    content = site()
    return expect(
        calendar=content.calendar,
        assignments=content.assignments,
        suppliers=content.suppliers,
        systems=content.file.systems,
        timezone=content.file.timezone,
        period=Period.parse(period),
        providers=content.providers,
    )


@pytest.mark.parametrize("period", ["2024-10", "2026-08", "2026-09", "2026-10"])
def test_a_month_expects_every_area_of_every_municipality_once(period: str) -> None:
    deliveries = expected(period)

    held = [(one.dataset, provider) for one in deliveries for provider in one.providers]
    assert len(held) == len(set(held)) == 13 * 98
    assert len(deliveries) == 894


def test_everything_has_closed_by_the_twelfth() -> None:
    assert {one.closes.date().isoformat() for one in expected("2026-10")} >= {"2026-11-12"}
    assert max(one.closes for one in expected("2026-10")).day == 12


def test_the_two_changes_of_system_take_effect_in_their_months() -> None:
    def systems(period: str, dataset: str, provider: str) -> set[str]:
        return {one.system for one in expected(period) if one.dataset == dataset and provider in one.providers}

    assert [systems(period, "pupils", "461") for period in ("2026-09", "2026-10")] == [{"kmd_elev"}, {"tea"}]
    assert [systems(period, "cases", "851") for period in ("2026-08", "2026-09")] == [{"as2007"}, {"dubu"}]


def test_every_system_serves_every_region_so_that_a_fault_of_one_is_no_fault_of_the_other() -> None:
    region = {provider.id: provider.region for provider in site().providers}
    served: dict[str, set[str]] = {}
    for one in expected("2026-10"):
        served.setdefault(one.system, set()).update(region[provider] for provider in one.providers)

    assert len(served) == 17
    assert all(regions == set(region.values()) for regions in served.values())


def test_no_file_name_fits_two_deliveries() -> None:
    deliveries = expected("2026-10")
    index = PatternIndex([(one.pattern, one.id) for one in deliveries])

    for one in deliveries:
        for part in ("", "_1", "-b", ".2", "_part2"):
            found = index.find(one.pattern.replace("{date}", "2026-11-05").replace("{part}", part))
            assert found is not None
            assert found[0] == one.id
