"""Every kind of mistake in content, and the very words in which it is told: the table is faults.yaml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from loadgate.content.loader import load
from loadgate.errors import Exit, SiteError

MakeSite = Callable[..., Path]
CASES = YAML(typ="safe").load(Path(__file__).with_name("faults.yaml"))["cases"]


def told(folder: Path) -> str:
    with pytest.raises(SiteError) as caught:
        load(folder)
    assert caught.value.exit is Exit.CONTENT
    return "\n".join(str(fault) for fault in caught.value.faults)


def test_the_small_site_has_no_fault(make_site: MakeSite) -> None:
    site = load(make_site())
    assert (site.file.name, [figure.id for figure in site.figures]) == ("small", ["spent", "spent_share"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_mistake_is_told_with_place_found_expected_and_fix(case: dict[str, str], make_site: MakeSite) -> None:
    assert told(make_site(case["file"], case["old"], case["new"])) == case["says"].rstrip("\n")


def test_every_fault_of_every_file_is_told_at_once_in_order_of_file_and_line(make_site: MakeSite) -> None:
    folder = make_site(
        extra={
            "baselines/bridges/office.yaml": 'name: office\nsource: office\nfigure: spent\ncels: {"A": "1"}\n',
            "vendor_profiles/peers.csv": "group,provider\ncoast,999\n",
            "expectations/known_errors/acme.yaml": "errors: none\n",
            "vendor_profiles/contacts.yaml": "contacts:\n  - {role: x, name: y, scope: area=x}\n"
            "  - {role: x, nam: y}\n",
        }
    )
    with pytest.raises(SiteError) as caught:
        load(folder)
    assert [(fault.file, fault.line, fault.key) for fault in caught.value.faults] == [
        ("baselines/bridges/office.yaml", 4, "cels"),
        ("expectations/known_errors/acme.yaml", 1, "errors"),
        ("vendor_profiles/contacts.yaml", 2, "contacts[0].scope"),
        ("vendor_profiles/contacts.yaml", 3, "contacts[1].nam"),
        ("vendor_profiles/peers.csv", 2, "provider"),
    ]
    assert str(caught.value).startswith("5 faults in the site's content\n\nbaselines/bridges/office.yaml:4  cels\n")


def test_a_contacts_role_that_nothing_waits_for_is_told_by_check_and_stops_no_run(make_site: MakeSite) -> None:
    folder = make_site("vendor_profiles/contacts.yaml", "role: operations", "role: aprover")
    load(folder)
    with pytest.raises(SiteError) as caught:
        load(folder, examples=True)
    assert [str(fault) for fault in caught.value.faults] == [
        "vendor_profiles/contacts.yaml:2  contacts[0].role\n"
        '  found     "aprover"\n'
        "  expected  a known role: approver, operations, provider, steward, supplier, vendor\n"
        '  fix       write "approver"'
    ]


@pytest.mark.parametrize("file", ["site.toml", "vendor_profiles/calendar.yaml"])
def test_a_file_that_every_site_needs_is_missed(file: str, make_site: MakeSite) -> None:
    with pytest.raises(SiteError) as caught:
        load(make_site(without=(file,)))
    assert (caught.value.faults[0].file, caught.value.faults[0].found) == (file, "no such file")


def test_a_folder_without_anything_is_no_site(tmp_path: Path) -> None:
    assert told(tmp_path) == (
        "site.toml:1  (file)\n"
        "  found     no such file\n"
        "  expected  this file in every site\n"
        "  fix       `loadgate init DIR` makes a site; or go to the folder that has one\n"
        "vendor_profiles/calendar.yaml:1  (file)\n"
        "  found     no such file\n"
        "  expected  this file in every site\n"
        "  fix       write when deliveries are due and when waiting ends"
    )


def test_a_file_that_nothing_reads_is_a_fault(make_site: MakeSite) -> None:
    folder = make_site(extra={"expectations/know_errors/acme.yaml": "errors: []\n"})
    with pytest.raises(SiteError) as caught:
        load(folder)
    fault = caught.value.faults[0]
    assert (fault.file, fault.found, fault.fix) == (
        "expectations/know_errors/acme.yaml",
        "a file that nothing reads",
        "rename it like expectations/known_errors/*.yaml",
    )


def test_explanations_examples_and_hidden_files_are_no_content(make_site: MakeSite) -> None:
    folder = make_site(
        extra={
            "expectations/README.md": "why",
            "baselines/.gitkeep": "",
            "baselines/vintages/2026-01/manifest.json": "{}",
            "expectations/examples/money/ledger.yaml": "dataset: ledger\n",
        }
    )
    files = load(folder).files
    assert "expectations/suites/money/ledger.yaml" in files
    assert not [file for file in files if file.endswith((".md", ".gitkeep")) or "vintages" in file or "exam" in file]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            b"supplier: courier\nname: K\xf8benhavn\n",
            "vendor_profiles/courier.yaml:2  (file)\n  found     a byte that is",
        ),
        (b"# " + b"x" * 2_000_001, "vendor_profiles/courier.yaml:1  (file)\n  found     2.0 MB\n"),
    ],
)
def test_a_file_that_is_no_text_or_far_too_large_is_not_read(data: bytes, says: str, make_site: MakeSite) -> None:
    text = told(make_site(extra={"vendor_profiles/courier.yaml": data}))
    assert text.startswith(says)
    assert text.count("found") == 1  # nothing is said of what refers to it


def test_gate_rules_behind_the_last_are_told(make_site: MakeSite) -> None:
    gate = "rules:\n  - {then: show, reason: all}\n  - {kinds: [arrival.late], then: caveat, reason: late}\n"
    assert told(make_site(extra={"expectations/gate.yaml": gate})) == (
        "expectations/gate.yaml:1  rules\n"
        "  found     no rule for what the others leave\n"
        "  expected  a last rule without kinds, severity, scope and shared\n"
        "  fix       add {then: show, reason: …} at the end\n"
        "expectations/gate.yaml:2  rules[0]\n"
        "  found     a rule that fits every finding, before others\n"
        "  expected  it last: the first rule that fits decides\n"
        "  fix       move it to the end"
    )
