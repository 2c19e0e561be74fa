"""Months after `loadgate tidy`: what went is made again when it is asked for, and nothing is found otherwise."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.months.conftest import SmallSite
from typer.testing import CliRunner

from loadgate.cli.main import app
from loadgate.errors import CouldNotRun
from loadgate.running import deciding
from loadgate.running.opened import Ref, open_site
from loadgate.store import durable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.months.conftest import MakeSite

    LaidOnce = Callable[[str, Callable[[Path], object]], Path]

MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"]
EXPECTED = """\
  - {type: expect_column_values_to_not_be_null, kwargs: {column: kind}, reason: It is of some kind.}
  - type: expect_category_share_to_be_near_reference
    kwargs: {column: kind, value_set: [S], reference: prior, absolute: 0.01, relative: 0.01, minimum_rows: 2}
    reason: It moves slowly.
"""
GATE = "rules:\n  - {kinds: [checking.failed], then: block_run, reason: Nobody may miss it.}\n" + (
    "  - {then: show, reason: The rest.}\n"
)
KNOWN_ERROR = """\
errors:
  - id: E-1
    title: Rows that cannot be read
    kind: reading.rejected_rows
    scope: supplier=courier
    ceiling: {share: 1.0}
    reason: Each month has one.
    owner: operations
    reported: 2025-01-10
    review: 2030-01-10
"""
KNOWN = "expectations/known_errors/courier.yaml"


@pytest.fixture
def site(make_site: MakeSite, laid_once: LaidOnce, tmp_path: Path) -> SmallSite:
    """Five months, all approved but the last; in each a kind is missing and a row cannot be read."""

    def lay_out(template: Path) -> None:
        site = make_site({"expectations/gate.yaml": GATE, KNOWN: KNOWN_ERROR}, of_kinds={"care/cases": EXPECTED})
        for number, period in enumerate(MONTHS):
            send(site, period, number)
        for period in MONTHS:
            site.run(period)
            if period != MONTHS[-1]:
                site.approve(period)
        open_site(site.path).close()
        shutil.move(site.path, template)

    shutil.copytree(laid_once("months that were tidied", lay_out), tmp_path, dirs_exist_ok=True)
    return SmallSite(tmp_path)


def send(site: SmallSite, period: str, number: int) -> None:
    for town in ("101", "102"):
        rows = [f"{period};{kind}" for kind in ["S", "N", *["T"] * number, town, ""]]
        site.deliver(f"{period}/cases_{town}.csv", "month;kind", *rows, f"{period};S;more")


def invoke(site: SmallSite, *words: str) -> Any:
    told = CliRunner().invoke(app, [*words, "--site", str(site.path), "--json"], catch_exceptions=False)
    return json.loads(told.stdout)


def tree(site: SmallSite) -> dict[str, bytes]:
    root = site.path / "state" / "deliveries"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def typed(files: dict[str, bytes], period: str) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name.startswith(period) and name.endswith("typed.parquet")}


def periods(site: SmallSite) -> list[str]:
    return sorted(path.name for path in (site.path / "state" / "deliveries").iterdir())


def found(ref: Ref) -> tuple[Any, ...]:
    judgement = deciding.stored(ref.open(), ref.run)
    return judgement.verdict, deciding.findings_sha256(judgement), judgement.outcomes, judgement.caveats


def twin(site: SmallSite, folder: Path) -> SmallSite:
    """The same site elsewhere."""
    shutil.copytree(site.path, folder)
    return SmallSite(folder)


@pytest.mark.parametrize("words", [["status"], ["runs"], ["case", "list", "--all"], ["case", "show", "1"], ["verify"]])
def test_what_there_is_to_see_is_the_same_after_it(site: SmallSite, words: list[str]) -> None:
    before = invoke(site, *words)

    invoke(site, "tidy")

    assert invoke(site, *words) == before


def test_an_older_month_that_is_run_again_is_found_as_it_was(site: SmallSite) -> None:
    before = invoke(site, "run", "2026-01", "--inline")
    rows = tree(site)

    invoke(site, "tidy")
    assert "2026-01" not in periods(site)
    after = invoke(site, "run", "2026-01", "--inline")

    assert after == before
    assert typed(tree(site), "2026-01") == typed(rows, "2026-01") != {}


def test_the_terminal_tells_of_rows_that_were_made_again(site: SmallSite) -> None:
    words = ["run", "2026-01", "--inline", "--site", str(site.path)]
    invoke(site, "tidy")
    refused = CliRunner().invoke(app, ["release", "2026-01", "--dry-run", "--site", str(site.path)])
    assert isinstance(refused.exception, CouldNotRun)
    assert "`loadgate run 2026-01` makes deliveries anew that are gone" in str(refused.exception)

    told = CliRunner().invoke(app, words, catch_exceptions=False).stdout

    assert "reading     2 of 2  8 rows typed, 2 rejected" in told
    assert "nothing left to do" not in told
    assert "nothing left to do" in CliRunner().invoke(app, words, catch_exceptions=False).stdout
    assert invoke(site, "release", "2026-01", "--dry-run")["verdict"] == "release_with_caveats"


def test_the_next_run_of_an_older_month_and_the_next_month_find_what_they_would_have(
    site: SmallSite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = twin(site, tmp_path_factory.mktemp("twin") / "site")
    invoke(site, "tidy")

    for one in (site, other):
        send(one, "2026-01", 3)
        send(one, "2026-02", 4)
        send(one, "2026-06", 5)

    for period in ("2026-01", "2026-02", "2026-06"):
        refs = [one.run(period) for one in (site, other)]
        assert refs[0].run == refs[1].run
        assert found(refs[0]) == found(refs[1])
        assert any(outcome.check.startswith("cases:category_share") for outcome in found(refs[0])[2])


@pytest.mark.parametrize("edit", ["nothing", "a suite", "a profile"])
def test_content_is_tried_on_an_older_month_as_on_one_whose_rows_are_there(site: SmallSite, edit: str) -> None:
    if edit == "a suite":
        suite = site.path / "expectations/suites/care/cases.yaml"
        suite.write_text(suite.read_text().replace("absolute: 0.01", "absolute: 0.5"))
    if edit == "a profile":
        profile = site.path / "vendor_profiles/courier.yaml"
        profile.write_text(profile.read_text().replace('delimiter: ";"', 'delimiter: ","'))
    before = invoke(site, "check", "--against", "2026-02")
    rows_there = before.pop("read_again")

    invoke(site, "tidy")
    after = invoke(site, "check", "--against", "2026-02")

    assert (rows_there, after.pop("read_again")) == (2 if edit == "a profile" else 0, 2)
    assert after == before
    assert [one["size"] for one in after["known_errors"]] != [0]


@pytest.mark.parametrize("at", [1, 2, 3, 5, 8, 27])
def test_killed_anywhere_it_leaves_whole_folders_and_an_older_month_as_it_was(site: SmallSite, at: int) -> None:
    before = invoke(site, "run", "2026-01", "--inline")

    killed = subprocess.run(
        [sys.executable, "-m", "loadgate", "tidy", "--site", str(site.path)],
        env={**os.environ, "LOADGATE_KILL_AT": str(at)},
        capture_output=True,
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    for manifest in (site.path / "state/deliveries").rglob("manifest.json"):
        assert durable.differences(manifest.parent) == []
        assert any(one.name.startswith("typed-") for one in manifest.parent.parent.iterdir() if durable.exists(one))
    assert invoke(site, "run", "2026-01", "--inline") == before
    invoke(site, "tidy")
    assert periods(site) == ["2026-04", "2026-05"]
