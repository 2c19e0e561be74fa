"""The FLIS site's suites on the examples beside them: every check finds what it is for, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.arriving.expected import expect
from loadgate.arriving.patterns import PatternIndex
from loadgate.checking.suites import ASIDE, UNDECIDED, check, valid_codes
from loadgate.content.layout import EXAMPLES
from loadgate.content.loader import load
from loadgate.content.yaml_lines import parse
from loadgate.model.expected import Dataset
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.kinds import Severity
from loadgate.model.period import Period
from loadgate.model.profiles import FileFormat
from loadgate.model.scope import Scope
from loadgate.model.site import Site
from loadgate.reading import casting

ROOT = Path(__file__).parents[2]


@cache
def site() -> Site:
    return load(ROOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Rows of one dataset, and the checks that must fail on them, leave them undecided or pass them."""

    dataset: str
    period: str
    providers: tuple[str, ...]
    title: str
    rows: tuple[dict[str, Any], ...]
    passes: frozenset[str]
    fails: frozenset[str]
    undecided: frozenset[str]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.title}"


@cache
def examples() -> tuple[Example, ...]:
    return tuple(example for path in sorted((ROOT / EXAMPLES).rglob("*.yaml")) for example in written(path))


def written(path: Path) -> Iterator[Example]:
    content: Any = parse(path.read_text(encoding="utf-8"), file=path.name).value
    dataset = content["dataset"]

    def ids(entry: dict[str, Any], name: str) -> frozenset[str]:
        return frozenset(f"{dataset}:{key}" for key in entry.get(name, ()))

    for entry in content["examples"]:
        yield Example(
            dataset=dataset,
            period=content["period"],
            providers=tuple(content.get("providers", ())),
            title=entry["title"],
            rows=tuple({**content["sound"], **changed} for changed in entry["rows"]),
            passes=ids(entry, "pass"),
            fails=ids(entry, "fail"),
            undecided=ids(entry, "undecided"),
        )


def outcomes(example: Example, into: Path) -> list[Outcome]:
    """Write the rows as reading leaves them, unreadable values told aside, and put them through the suite."""
    dataset = site().dataset(example.dataset)
    raw = pl.DataFrame(
        [{name: None if row[name] is None else str(row[name]) for name in dataset.columns} for row in example.rows],
        schema=dict.fromkeys(dataset.columns, pl.String),
    )
    read = {name: casting.from_text(pl.col(name), column, FileFormat()) for name, column in dataset.columns.items()}
    typed = raw.select(
        *(one.value.cast(casting.dtype(dataset.columns[name])).alias(name) for name, one in read.items()),
        *((one.value.is_null() & ~one.missing).alias(f"{UNDECIDED}{name}") for name, one in read.items()),
        *(pl.int_range(pl.len(), dtype=pl.UInt32).alias(name) for name in ASIDE),
    )
    undecided = [name for name in dataset.columns if typed[f"{UNDECIDED}{name}"].any()]
    keep = [column for column in typed.columns if column.removeprefix(UNDECIDED) in {*undecided, column}]
    typed.select(keep).write_parquet(into / "typed.parquet")
    checked = check(
        into / "typed.parquet",
        dataset=dataset,
        code_lists=site().code_lists,
        providers=example.providers,
        period=example.period,
        undecided=undecided,
        scope=Scope(),
        into=into,
    )
    return list(checked.outcomes)


@pytest.mark.parametrize("example", examples(), ids=str)
def test_an_example_fails_the_checks_that_it_names_and_no_others(example: Example, tmp_path: Path) -> None:
    found = outcomes(example, tmp_path)

    assert {one.check for one in found if one.state is OutcomeState.FAIL} == example.fails
    assert {one.check for one in found if one.rows_undecided} == example.undecided
    passed = {one.check for one in found if one.state is OutcomeState.PASS}
    assert passed >= example.passes
    assert {one.check for one in found} == passed | example.fails, "a check could not run"
    assert {one.check: one.rows_failed for one in found if one.rows_failed} == dict.fromkeys(
        example.fails, len(example.rows)
    )


def test_every_check_that_holds_or_warns_has_an_example_that_fails_it() -> None:
    serious = {
        dataset.check_id(line)
        for dataset in site().datasets
        for line in dataset.expectations
        if line.severity is not Severity.INFO
    }
    shown = {name for example in examples() for name in example.fails}

    assert serious - shown == set()


def test_every_check_that_an_example_names_exists() -> None:
    known = {dataset.check_id(line) for dataset in site().datasets for line in dataset.expectations}
    named = {name for one in examples() for name in one.passes | one.fails | one.undecided}

    assert named - known == set()


def test_every_dataset_has_an_example_that_passes_all_its_checks() -> None:
    sound = {one.dataset for one in examples() if not one.fails and not one.undecided}

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
