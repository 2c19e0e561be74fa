"""One month, run ten times, comes to one set of figures and one of findings, however its rows are laid into files."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

PERIOD = "2024-02"
PROVIDERS = ("04", "10", "13")


def shuffled(seed: int, lines: list[bytes]) -> list[bytes]:
    head, *body = lines
    random.Random(seed).shuffle(body)
    return [head, *body]


def as_it_came(site: Any) -> None:
    """Nothing is changed."""


def shuffle(seed: int) -> Any:
    def lay(site: Any) -> None:
        for provider in PROVIDERS:
            site.rewrite(PERIOD, provider, lambda lines: shuffled(seed, lines))

    return lay


def split(parts: int, *, seed: int | None = None) -> Any:
    """Cut every delivery into files whose names end in _a, _b, …; each has the header."""

    def lay(site: Any) -> None:
        for provider in PROVIDERS:
            whole = site.file(PERIOD, provider)
            lines = site.lines(PERIOD, provider)
            head, *body = lines if seed is None else shuffled(seed, lines)
            stated = (site.path / "inbox" / "received.csv").read_text()
            at = next(line for line in stated.splitlines() if line.startswith(site.name_of(whole))).split(",", 1)[1]
            names: dict[str, str | None] = {site.name_of(whole): None}
            whole.unlink()
            for part in range(parts):
                file = whole.with_name(whole.name.replace(".tsv.gz", f"_{'abcdefgh'[part]}.tsv.gz"))
                site.put(file, [head, *body[part::parts]])
                names[site.name_of(file)] = at
            site.receive(names)

    return lay


WAYS = [
    as_it_came,
    as_it_came,
    as_it_came,
    as_it_came,
    shuffle(1),
    shuffle(2),
    shuffle(3),
    split(2),
    split(3, seed=4),
    split(5, seed=5),
]


@pytest.fixture(scope="module")
def ten_runs(case_template: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    folder: Path = tmp_path_factory.mktemp("ten")
    sites = []
    for number, lay in enumerate(WAYS):
        site = case_template.copy(folder / str(number))
        lay(site)
        site.run(PERIOD)
        sites.append(site)
    return sites


def test_ten_runs_of_one_month_give_one_figures_hash(ten_runs: list[Any]) -> None:
    assert len({site.manifest(PERIOD)["figures_sha256"] for site in ten_runs}) == 1


def test_ten_runs_of_one_month_give_one_findings_hash(ten_runs: list[Any]) -> None:
    assert len({site.manifest(PERIOD)["findings_sha256"] for site in ten_runs}) == 1


def test_ten_runs_of_one_month_give_the_same_cases_and_verdict(ten_runs: list[Any]) -> None:
    told = {(site.manifest(PERIOD)["verdict"], *site.manifest(PERIOD)["cases"]) for site in ten_runs}
    assert len(told) == 1


def test_runs_of_the_same_bytes_give_the_same_manifest_to_the_byte(ten_runs: list[Any]) -> None:
    written = {(site.state / "runs" / PERIOD / "manifest.json").read_bytes() for site in ten_runs[:4]}
    assert len(written) == 1


def test_a_changed_count_changes_the_figures_hash(
    ten_runs: list[Any], case_template: Any, tmp_path: Path, edits: Any
) -> None:
    site = case_template.copy(tmp_path / "changed")
    site.rewrite(PERIOD, "04", edits.edited(4, b"", b"77", rows=slice(9, 10)))
    assert site.lines(PERIOD, "04") != case_template.lines(PERIOD, "04")
    site.run(PERIOD)
    assert site.manifest(PERIOD)["figures_sha256"] != ten_runs[0].manifest(PERIOD)["figures_sha256"]
