"""An area that publishes no key figure of its own is compared with its last approved delivery like any other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from loadgate.model.period import Period
from loadgate.running import baseline, deciding
from loadgate.running.inline import run_inline
from loadgate.running.opened import Ref, open_site
from loadgate.running.opening import open_run
from loadgate.running.replay import approve_run

JANUARY, FEBRUARY = "2026-01", "2026-02"
SHARE = "cases:category_share_to_be_near_reference(kind)"
SITE = {
    "site.toml": """\
name = "areas"
title = "Two areas"
timezone = "Europe/Copenhagen"
languages = ["en"]
stated_times = true
[provider_label]
en = "town"
[[systems]]
id = "desk"
name = "Desk"
area = "care"
vendor = "acme"
[[systems]]
id = "aid"
name = "Aid"
area = "aid"
vendor = "acme"
""",
    "vendor_profiles/calendar.yaml": """\
rules:
  - due: {month: 1, day: 3, at: "12:00"}
    closes: {month: 1, day: 7, at: "12:00"}
    reason: Early.
""",
    "vendor_profiles/providers.csv": "id,name,region\n101,Northtown,north\n102,Southtown,south\n",
    "vendor_profiles/assignments.csv": "area,provider,system,system_version,supplier,valid_from,valid_to\n"
    + "".join(
        f"{area},{town},{system},,courier,2020-01-01,\n"
        for area, system in (("care", "desk"), ("aid", "aid"))
        for town in (101, 102)
    ),
    "vendor_profiles/courier.yaml": "supplier: courier\nname: The courier\ndeliveries:\n"
    + "".join(
        f"  - system: {system}\n    dataset: {dataset}\n"
        f'    files: "{{period}}/{dataset}_{{provider}}{{part}}.csv"\n    format: {{delimiter: ";"}}\n'
        "    columns: [{source: m, column: month}, {source: k, column: kind}]\n"
        for system, dataset in (("desk", "cases"), ("aid", "measures"))
    ),
    "expectations/suites/care/cases.yaml": """\
dataset: cases
area: care
title: Cases
columns:
  month: {type: month}
  kind: {type: text}
expectations:
  - type: expect_category_share_to_be_near_reference
    kwargs: {column: kind, value_set: [S], reference: prior, absolute: 0.1, relative: 0.1, minimum_rows: 20}
    reason: It moves slowly.
""",
    "expectations/suites/aid/measures.yaml": """\
dataset: measures
area: aid
title: Measures
columns:
  month: {type: month}
  kind: {type: text}
expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: kind}, reason: It is of some kind.}
""",
    "expectations/key_figures/aid.yaml": """\
area: aid
figures:
  - id: measures
    title: {en: Measures}
    kind: count
    family: measures
    dataset: measures
    cadence: month
    reference: month
    numerator: {count: rows}
    unit: measures
""",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, text in SITE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def send(site: Path, period: str, *, special: tuple[int, int]) -> None:
    """Thirty rows of each dataset from each town, so many of a special kind."""
    inbox = site / "inbox"
    (inbox / period).mkdir(parents=True, exist_ok=True)
    for dataset in ("cases", "measures"):
        for town, count in zip((101, 102), special, strict=True):
            rows = [f"{period};{'S' if n < count else 'N'}" for n in range(30)]
            (inbox / period / f"{dataset}_{town}.csv").write_text("\n".join(["m;k", *rows, ""]))
    files = sorted(path.relative_to(inbox).as_posix() for path in inbox.glob("*/*.csv"))
    lines = [f"{name},{Period.parse(name[:7]).shift(1)}-02T09:00:00+01:00" for name in files]
    (inbox / "received.csv").write_text("\n".join(["name,received_at", *lines, ""]))


def run(site: Path, period: str) -> Ref:
    ref = open_run(open_site(site), Period.parse(period), as_of=None, actor="test", quiet=True)
    run_inline(ref, actor="test")
    return ref


def test_its_checks_against_the_last_approved_delivery_are_asked(site: Path) -> None:
    send(site, JANUARY, special=(10, 10))
    january = run(site, JANUARY)
    approve_run(january, deciding.stored(january.open(), january.run))
    send(site, FEBRUARY, special=(10, 20))

    february = run(site, FEBRUARY)
    opened = february.open()
    inputs = opened.inputs(february.run)
    _, outcomes = deciding.gather(opened, inputs, opened.frozen(inputs.content))

    found = {town: one.state.value for one in outcomes if one.check == SHARE for town in one.scope.provider or ()}
    assert found == {"101": "pass", "102": "fail"}


def test_what_was_withheld_is_no_earlier_delivery_to_compare_with(site: Path) -> None:
    send(site, JANUARY, special=(10, 10))
    ref = run(site, JANUARY)
    approve_run(ref, deciding.stored(ref.open(), ref.run))
    opened = ref.open()
    (january,) = baseline.history(opened, Period.parse(FEBRUARY))
    later = "2026-02-001"
    body = {"run": later, "withheld": ["care/101"]}
    opened.state.ledger.append("released", "test", body, datetime(2026, 3, 9, tzinfo=UTC))

    found = [baseline.newest_approved(opened, [january, later], f"care/{town}") for town in (101, 102)]

    assert found == [january, later]
