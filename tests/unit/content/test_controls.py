"""Control figure files as the CONTROLS table of one run period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from loadgate.content.controls import read_controls, source_of
from loadgate.content.loader import load
from loadgate.errors import SiteError
from loadgate.model.tables import CONTROLS, schema

MakeSite = Callable[..., Path]
HEADER = "period,figure,cell,provider,reference,value,reported\n"


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("baselines/control_figures/office_2026-10.csv", "office"),
        ("baselines/control_figures/office_2026.csv", "office"),
        ("baselines/control_figures/national_office_2026-Q3.csv", "national_office"),
        ("baselines/control_figures/national_office.csv", "national_office"),
        ("baselines/control_figures/2026.csv", "2026"),
    ],
)
def test_a_source_is_the_files_name_up_to_a_period(file: str, source: str) -> None:
    assert source_of(file) == source


def test_controls_are_exact_bridged_and_typed(make_site: MakeSite) -> None:
    _, controls = read_controls(load(make_site()), period="2026-01")
    assert dict(controls.schema) == schema(CONTROLS)
    assert controls.rows() == [
        ("office", "2026-01", "spent", "1", "101", date(2026, 1, 1), Decimal("12.5"), None),
        ("office", "2026-01", "spent", "9", None, date(2026, 1, 1), Decimal(-3), Decimal(-3)),
    ]


def test_lines_of_another_period_are_left_out_and_lines_of_none_are_always_in(make_site: MakeSite) -> None:
    text = f"{HEADER}2026-02,spent,9,,2026-01,1,\n,spent,9,,2026-01,2,\n"
    site = load(make_site(extra={"baselines/control_figures/office_2026.csv": text}))
    assert read_controls(site, period="2026-01")[1]["value"].to_list() == [Decimal(2)]
    assert sorted(read_controls(site, period="2026-02")[1]["value"].to_list()) == [Decimal(1), Decimal(2)]


def test_the_key_changes_with_the_files_of_the_period_alone(make_site: MakeSite) -> None:
    file = "baselines/control_figures/office_2026-02.csv"
    first = load(make_site(extra={file: f"{HEADER}2026-02,spent,9,,2026-02,1,\n"}))
    january, february = (read_controls(first, period=period)[0] for period in ("2026-01", "2026-02"))
    second = load(make_site(extra={file: f"{HEADER}2026-02,spent,9,,2026-02,2,\n"}))
    assert read_controls(second, period="2026-01")[0] == january
    assert read_controls(second, period="2026-02")[0] != february


def test_a_site_without_control_figures_has_an_empty_table(make_site: MakeSite) -> None:
    file = "baselines/control_figures/office_2026.csv"
    _, controls = read_controls(load(make_site(without=(file,))), period="2026-01")
    assert (controls.height, dict(controls.schema)) == (0, schema(CONTROLS))


@pytest.mark.parametrize(("cadence", "form"), [("quarter", "2026-Q4"), ("year", "2026"), ("week", "2026-W41")])
def test_a_period_that_no_run_of_the_site_has_is_told_in_the_form_of_its_runs(
    make_site: MakeSite, cadence: str, form: str
) -> None:
    root = make_site()
    told = root / "site.toml"
    text = told.read_text(encoding="utf-8")
    told.write_text(f'cadence = "{cadence}"\n{text}', encoding="utf-8")

    with pytest.raises(SiteError) as stopped:
        load(root)

    (fault,) = [one for one in stopped.value.faults if one.file.endswith("office_2026.csv") and one.key == "period"]
    assert fault.found == '"2026-01" (and on 1 more line)'
    assert (fault.expected, fault.fix) == (
        f"a run period, a {cadence}, or nothing",
        f"write it as the runs are called, like {form}",
    )


def test_each_fault_is_told_once_with_its_first_line_and_how_many_more_have_it(make_site: MakeSite) -> None:
    lines = [
        "2026-01,spent,9,,2026-01,1,",
        '2026-01,spent,"9\n9",,2026-01,1,',  # two lines of the file
        "",
        "2026-01,spent,9,,2026-01,2,",
        "2026-01,spent,9,,2026-01,3,1,4",
        "2026-01,spend,9,,2026-01,1,",
        "2026-01,spent,9,,2026-01,4,",
        "2026-01,spend,9,,2026-02,one,",
    ]
    file = "baselines/control_figures/office_2026.csv"
    with pytest.raises(SiteError) as stopped:
        load(make_site(extra={file: HEADER + "\n".join(lines) + "\n"}))

    told = [(one.line, one.key, one.found) for one in stopped.value.faults if one.file == file]
    assert told == [
        (4, "cell", '"9\n9"'),
        (6, "(line)", "a second line for the same cell (and on 1 more line)"),
        (7, "(line)", "8 fields"),
        (8, "figure", '"spend" (and on 1 more line)'),
        (10, "value", '"one"'),
    ]
