"""Editing one content file changes the keys of just those steps that read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from loadgate.content import slices
from loadgate.content.controls import read_controls
from loadgate.content.loader import content_files, load

MakeSite = Callable[..., Path]

COLUMNS = "reading checking measuring"

# file, old, new -> the steps that read it; what every run does anew is not named
EDITS = [
    ("site.toml", 'name = "Books"', 'name = "Ledgers"', "detecting"),
    ("site.toml", 'title = "A small site"', 'title = "Another"', ""),
    ("vendor_profiles/calendar.yaml", "day: 3", "day: 4", ""),
    ("vendor_profiles/providers.csv", "Northtown", "Newtown", ""),
    ("vendor_profiles/assignments.csv", "2024-12-31", "2025-12-31", "detecting"),
    ("vendor_profiles/contacts.yaml", "Desk", "Office", ""),
    ("vendor_profiles/alerts.yaml", "DESK_URL", "OFFICE_URL", ""),
    ("vendor_profiles/courier.yaml", "{part}.csv", "{part}.txt", ""),
    ("vendor_profiles/courier.yaml", 'decimal: ","', 'decimal: "."', "reading"),
    ("expectations/suites/money/ledger.yaml", "mostly: 0.9", "mostly: 0.8", "checking"),
    ("expectations/suites/money/ledger.yaml", "{type: decimal}", "{type: integer}", COLUMNS),
    ("expectations/suites/money/ledger.yaml", "key: [", 'shadow_until: "2026-12"\nkey: [', ""),
    ("expectations/code_lists/accounts.yaml", "Rent", "Hire", "checking"),
    ("expectations/key_figures/money.yaml", "unit: kroner", "unit: euro", "measuring comparing detecting"),
    ("expectations/known_errors/acme.yaml", "share: 0.1", "share: 0.2", ""),
    ("baselines/tolerances.yaml", "relative: 0.01", "relative: 0.02", "comparing"),
    ("baselines/planned_changes.yaml", '"2026-02"', '"2026-03"', "detecting"),
    ("baselines/control_tables.yaml", "en: Office", "en: The office", ""),
    ("baselines/control_figures/office_2026.csv", "12.5", "12.6", "controls"),
    ("baselines/bridges/office.yaml", '{"A": "1"}', '{"A": "1", "B": "9"}', "comparing controls"),
]  # fmt: skip


def keys(folder: Path) -> dict[str, str]:
    site = load(folder)
    dataset = site.dataset("ledger")
    spec = site.spec(supplier="courier", system="books", dataset="ledger")
    return {
        "reading": slices.reading_slice(site, spec, dataset),
        "checking": slices.checking_slice(site, dataset),
        "measuring": slices.measure_slice(site, "money"),
        "comparing": slices.compare_slice(site),
        "controls": read_controls(site, period="2026-01")[0],
        "detecting": slices.detect_slice(site),
    }


@pytest.mark.parametrize(("file", "old", "new", "steps"), EDITS, ids=[f"{edit[0]}-{edit[3]}" for edit in EDITS])
def test_an_edit_redoes_the_steps_that_read_it(file: str, old: str, new: str, steps: str, make_site: MakeSite) -> None:
    before = keys(make_site())
    after = keys(make_site(file, old, new))
    assert {step for step in before if before[step] != after[step]} == set(steps.split())


def test_an_edit_of_the_gate_redoes_nothing_but_the_judging_that_every_run_has(make_site: MakeSite) -> None:
    before = keys(make_site())
    after = keys(make_site(extra={"expectations/gate.yaml": "rules:\n  - {then: show, reason: All.}\n"}))
    assert after == before


def test_a_comment_changes_the_content_but_no_step(make_site: MakeSite) -> None:
    folder = make_site()
    files, before = content_files(folder), keys(folder)
    changed = make_site("baselines/tolerances.yaml", "tolerances:", "# why\ntolerances:")
    assert content_files(changed) != files
    assert keys(changed) == before


def test_a_figure_brings_the_figures_that_it_divides_by(make_site: MakeSite) -> None:
    site = load(make_site())
    share = [figure for figure in site.figures if figure.id == "spent_share"]
    assert [figure.id for figure in slices.with_referred(site, share)] == ["spent", "spent_share"]
    assert slices.datasets_of(site, share) == {"ledger"}


def test_an_edit_of_a_rule_redoes_the_checking_and_no_reading(make_site: MakeSite) -> None:
    suite, line = "expectations/suites/money/ledger.yaml", "expectations:\n"
    rule = 'rules:\n  - {id: odd, kind: approve, where: {column: account, is: equal, value: "1"}, reason: Why.}\n'
    before = keys(make_site(suite, line, rule + line))
    after = keys(make_site(suite, line, rule.replace('"1"', '"9"') + line))
    assert {step for step in before if before[step] != after[step]} == {"checking"}
