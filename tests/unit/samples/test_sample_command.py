"""`loadgate sample`: which options go with which sample, where the truth may lie, and what the answer says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from loadgate.cli import sampling
from loadgate.cli.main import app
from loadgate.content.loader import load
from loadgate.model.site import Site
from loadgate.samples.flis import layout
from loadgate.samples.flis.faults import FAULTS

ROOT = Path(__file__).resolve().parents[3]
KEPT = {"153", "461", "851"}


def asked(*words: object) -> Result:
    return CliRunner().invoke(app, ["sample", *map(str, words)], env={"COLUMNS": "200", "TERM": "dumb"})


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few providers, and no past: both are tested elsewhere."""

    def few(folder: Path) -> Site:
        site = load(folder)
        kept = tuple(provider for provider in site.providers if provider.id in KEPT)
        lines = tuple(line for line in site.assignments if line.provider in KEPT | {"*"})
        return replace(site, providers=kept, assignments=lines)

    monkeypatch.setattr("loadgate.content.loader.load", few)
    monkeypatch.setattr(layout, "_write_past", lambda *_: 24)


FEW = ["--rows", "ledger=2000", "--rows", "employees=2000", "--rows", "absence=2000", "--rows", "pupils=2000"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rki", "OUT", "--seed", "3"], "Invalid value for --seed: the sample rki has no such option"),
        (["rki", "OUT", "--fault", "late@tea/pupils"], "Invalid value for --fault: the sample rki has no such option"),
        (["rki", "OUT", "--rows", "ledger=9"], "Invalid value for --rows: the sample rki has no such option"),
        (["flis", "OUT", "--bare"], "Invalid value for --bare: the sample flis has no such option"),
        (["flis", "OUT", "--rows", "ledger"], "Invalid value for --rows: 'ledger' is not DATASET=N"),
        (["flis", "OUT", "--rows", "ledgr=9"], "'ledgr' has no number of rows to choose; did you mean ledger?"),
        (["flis", "OUT", "--rows", "ledger=0"], "Invalid value for --rows: 'ledger=0' is not DATASET=N"),
        (["flis", "OUT", "--period", "2026-Q3"], "Invalid value for --period: 2026-Q3 is no month; write 2026-10"),
    ],
)
def test_an_option_that_does_not_fit_is_a_usage_error(words: list[str], said: str, tmp_path: Path) -> None:
    result = asked(*[str(tmp_path / "site") if word == "OUT" else word for word in words])

    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("inside", ["truth.json", "inbox/truth.json", "../site/truth.json"])
def test_the_truth_never_lies_inside_the_site(inside: str, tmp_path: Path) -> None:
    result = asked("flis", tmp_path / "site", "--truth", tmp_path / "site" / inside)

    assert result.exit_code == 2
    assert "lies inside" in result.output


def test_help_names_every_kind_of_fault_and_what_it_must_cause() -> None:
    told = " ".join(asked("--help").output.split())

    for kind in FAULTS.values():
        assert kind.name in told
        assert all(cause in told for cause in kind.causes)


def test_the_answer_says_what_was_laid_out_and_what_was_planted(tmp_path: Path, small: None) -> None:
    site = tmp_path / "site"

    result = asked("flis", site, "--seed", 5, *FEW, "--fault", "missing@klp/employees", "--faults", "2", "--json")

    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    truth = json.loads((tmp_path / "site.truth.json").read_text())
    assert list(answer) == ["sample", "site", "period", "seed", "deliveries", "rows", "vintages", "faults", "truth"]
    assert (answer["sample"], answer["period"], answer["seed"]) == ("flis", "2026-10", 5)
    assert (answer["vintages"], answer["truth"]) == (24, str(tmp_path / "site.truth.json"))
    assert answer["faults"][0] == {"kind": "missing", "where": "klp/employees", "size": None}
    assert [one["kind"] for one in truth] == [one["kind"] for one in answer["faults"]]
    assert len(truth) == 3
    assert 0 < answer["deliveries"] < 60
    assert answer["rows"] > 10_000
    assert (site / "inbox" / "received.csv").is_file()


def test_the_same_command_changes_nothing_and_another_is_refused(tmp_path: Path, small: None) -> None:
    site = tmp_path / "site"
    first = asked("flis", site, *FEW, "--json")
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*")}

    again = asked("flis", site, *FEW, "--json")
    other = asked("flis", site, *FEW, "--seed", 2)

    assert again.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*")} == before
    assert other.exit_code != 0
    assert "holds another sample" in str(other.exception)


def test_progress_goes_to_standard_error_and_a_next_step_is_proposed(tmp_path: Path, small: None) -> None:
    result = asked("flis", tmp_path / "site", *FEW)

    assert "2026-09/absence" in result.stderr
    assert "2026-09/absence" not in result.stdout
    assert f"run {sampling.SHOWN}" in result.stdout
