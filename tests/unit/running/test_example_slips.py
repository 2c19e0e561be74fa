"""Slips of the pen in a suite's examples: each is told once, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadgate.content.draft import write_empty
from loadgate.content.loader import load
from loadgate.errors import SiteError
from loadgate.running.examples import run_examples

SUITE = """\
dataset: ledger
area: economy
title: Postings
columns:
  week: {type: week}
  region_id: {}
  age_group: {}
expectations:
  - type: expect_compound_columns_to_be_unique
    kwargs: {column_list: [week, region_id, age_group]}
    reason: One line for each.
  - type: expect_column_values_to_not_be_null
    kwargs: {column: region_id}
    reason: Somebody reports.
  - type: expect_category_share_to_be_near_reference
    id: steady
    kwargs: {column: age_group, value_set: [A], reference: prior, absolute: 0.1, relative: 0.1, minimum_rows: 1}
    reason: It moves slowly.
  - type: expect_distribution_to_be_near_reference
    id: alike
    kwargs: {column: age_group, reference: prior, max_distance: 0.2}
    reason: It moves slowly.
"""
EXAMPLES = """\
dataset: ledger
period: "2026-10"
leave_out: [alike]
sound: {week: 2026-W41, region_id: "101", age_group: A}
examples:
  - title: Twice
    rows: [{}, {}]
    fail: ["compound_columns_to_be_unique(week,region_id,age_group)"]
  - title: As before
    rows: [{}]
    prior: [{}]
    pass: [steady]
"""
FILE = "expectations/examples/economy/ledger.yaml"


def site_with(root: Path, old: str = "", new: str = "") -> Path:
    write_empty(root)
    assert EXAMPLES.count(old) == 1 or not old
    with (root / "site.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[systems]]\nid = "books"\nname = "Books"\narea = "economy"\nvendor = "acme"\n')
    (root / "vendor_profiles/providers.csv").write_text("id,name,region\n101,Northtown,north\n", encoding="utf-8")
    for name, text in (("suites", SUITE), ("examples", EXAMPLES.replace(old, new) if old else EXAMPLES)):
        path = root / "expectations" / name / "economy" / "ledger.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    return root


def told(root: Path) -> list[str]:
    with pytest.raises(SiteError) as raised:
        load(root, examples=True)
    return [str(fault) for fault in raised.value.faults]


def test_examples_without_a_slip_hold(tmp_path: Path) -> None:
    (shown,) = run_examples(site_with(tmp_path))
    assert (shown.examples, shown.faults) == (2, ())


@pytest.mark.parametrize(
    "name",
    ["compound_columns_to_be_unique(week,region_id,age_group)", "compound_columns_to_be_unique(week,region,age)"],
)
def test_a_name_that_yaml_takes_apart_at_its_commas_is_told_once_with_its_quotes(tmp_path: Path, name: str) -> None:
    (fault,) = told(
        site_with(
            tmp_path,
            '["compound_columns_to_be_unique(week,region_id,age_group)"]',
            f"[not_be_null(region_id), {name}, steady]",
        )
    )
    assert fault == (
        f"{FILE}:8  examples[0].fail[1]\n"
        f"  found     {name}, which YAML takes apart at its commas\n"
        "  expected  one name of a check: alike, compound_columns_to_be_unique(week,region_id,age_group), "
        "not_be_null(region_id), steady\n"
        '  fix       put it in quotes: "compound_columns_to_be_unique(week,region_id,age_group)"'
    )


def test_a_bracket_that_is_never_closed_takes_no_other_name_with_it(tmp_path: Path) -> None:
    (fault,) = told(site_with(tmp_path, "pass: [steady]", "pass: ['not_be_null(region_id', steady]"))
    assert fault.endswith('fix       write "not_be_null(region_id)"')


def test_a_period_of_another_cadence_is_a_fault(tmp_path: Path) -> None:
    (fault,) = told(site_with(tmp_path, 'period: "2026-10"', "period: 2026-W41"))
    assert fault == (
        f"{FILE}:2  period\n"
        '  found     "2026-W41"\n'
        "  expected  a run period, a month\n"
        "  fix       write it as the runs are called, like 2026-10"
    )


def test_a_site_of_weeks_is_told_how_a_week_is_written(tmp_path: Path) -> None:
    root = site_with(tmp_path)
    file = root / "site.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('cadence = "month"', 'cadence = "week"'), encoding="utf-8")
    (fault,) = (fault for fault in told(root) if fault.startswith(f"{FILE}:2  period\n"))
    assert fault.endswith("expected  a run period, a week\n  fix       write it as the runs are called, like 2026-W41")


def test_a_provider_that_does_not_exist_is_a_fault(tmp_path: Path) -> None:
    (fault,) = told(site_with(tmp_path, "leave_out: [alike]", 'leave_out: [alike]\nproviders: ["101", "110"]'))
    assert fault == (
        f'{FILE}:4  providers[1]\n  found     "110"\n  expected  a known provider: 101\n  fix       write "101"'
    )


def test_a_check_that_needs_more_rows_than_the_example_has_says_so(tmp_path: Path) -> None:
    (shown,) = run_examples(site_with(tmp_path, "leave_out: [alike]\n", ""))
    (fault,) = shown.faults
    assert str(fault) == (
        f"{FILE}:8  As before: ledger:alike\n"
        "  found     it is not applicable: too few rows to compare: 1, and 1 there; at least 500 are needed\n"
        "  expected  it passes\n"
        "  fix       give it more rows, here and under prior, or name it under leave_out, beside sound, "
        "for all examples of the file"
    )
