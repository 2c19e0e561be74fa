"""A new site: it loads as it is, and so do the examples that its explanations show."""

from __future__ import annotations

import re
from pathlib import Path

from loadgate.content.draft import write_empty
from loadgate.content.loader import default_gate, load
from loadgate.running.examples import run_examples

SYSTEM = '\n[[systems]]\nid = "books"\nname = "Books"\narea = "economy"\nvendor = "acme"\n'


def test_an_empty_site_has_no_fault(tmp_path: Path) -> None:
    write_empty(tmp_path)
    site = load(tmp_path)
    assert (site.datasets, site.figures, site.assignments) == ((), (), ())
    assert site.gate == default_gate()


def test_the_examples_in_its_explanations_load(tmp_path: Path) -> None:
    write_empty(tmp_path)
    explained = ("vendor_profiles", "expectations", "expectations/examples")
    readmes = [(tmp_path / name / "README.md").read_text() for name in explained]
    profile, suite, figures, examples = re.findall(r"```yaml\n(.*?)```", "\n".join(readmes), flags=re.DOTALL)
    texts = {
        "vendor_profiles/courier.yaml": profile,
        "expectations/suites/economy/ledger.yaml": suite,
        "expectations/key_figures/economy.yaml": figures,
        "expectations/examples/economy/ledger.yaml": examples,
        "site.toml": (tmp_path / "site.toml").read_text() + SYSTEM,
        "vendor_profiles/providers.csv": "id,name,region\n101,Northtown,\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with (tmp_path / "vendor_profiles" / "assignments.csv").open("a") as file:
        file.write("economy,*,books,,courier,2026-01-01,\n")
    site = load(tmp_path, examples=True)
    (shown,) = run_examples(tmp_path)
    assert (shown.examples, shown.undecided, shown.faults, shown.without) == (3, 1, (), ())
    assert [figure.id for figure in site.figures] == ["spending"]
    assert [row.provider for row in site.assignments] == ["*"]
