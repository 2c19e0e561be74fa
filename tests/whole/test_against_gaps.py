"""A month with gaps, tried against: what did not come, and what came without a row, is told and counted."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from typer.testing import CliRunner

if TYPE_CHECKING:
    from conftest import Laid


def test_deliveries_that_did_not_come_or_have_no_rows_are_told(site_at: Callable[[Path], Laid], tmp_path: Path) -> None:
    from loadgate.cli.main import app
    from loadgate.running.opened import open_site

    laid = site_at(tmp_path / "site")
    laid.delivered("05").unlink()
    empty = laid.delivered("07")
    empty.write_bytes(gzip.compress(gzip.decompress(empty.read_bytes()).splitlines(keepends=True)[0]))
    laid.run()
    asked = ["check", "--site", str(laid.root), "--against", laid.period]

    said = CliRunner().invoke(app, asked)
    told = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)

    assert said.exit_code == 0
    assert said.stdout.splitlines()[-2:] == [
        "1 delivery came without a row that can be used, so no check was asked",
        "1 delivery that the run expected did not come, so no check could be asked",
    ]
    assert (told["deliveries"], told["missing"], told["empty"]) == (15, 1, 1)
    open_site(laid.root).close()


def test_deliveries_that_lack_what_the_content_wants_now_are_told_and_never_pass(
    site_at: Callable[[Path], Laid], tmp_path: Path
) -> None:
    from loadgate.cli.main import app
    from loadgate.running.opened import open_site

    laid = site_at(tmp_path / "site")
    content = laid.root / "expectations"
    suite, profile = content / "suites/notifications/weekly_reports.yaml", laid.root / "vendor_profiles/rki.yaml"
    suite.write_text(suite.read_text("utf-8") + RULE, "utf-8")
    laid.run()
    suite.write_text(suite.read_text("utf-8").replace("  cases:", "  sex: {type: text}\n  cases:", 1), "utf-8")
    first = "      - {source: Meldewoche, column: week}\n"
    profile.write_text(
        profile.read_text("utf-8").replace(first, first + "      - {source: Geschlecht, column: sex}\n", 1), "utf-8"
    )
    (content / "examples/notifications/weekly_reports.yaml").unlink()
    asked = ["check", "--site", str(laid.root), "--against", laid.period]

    said = CliRunner().invoke(app, asked)
    told = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)

    assert said.exit_code == 5
    assert "1 rule had no rows to look at: weekly_reports:young" in said.stdout
    assert "16 deliveries could not be looked at, and nothing is known of what is in them:" in said.stdout
    assert "came without a row" not in said.stdout
    assert (told["deliveries"], told["empty"], len(told["unseen"])) == (16, 0, 16)
    assert all("missing Geschlecht" in one["reason"] for one in told["unseen"])
    open_site(laid.root).close()


RULE = """
rules:
  - {id: young, kind: remove, where: {column: age_group, is: equal, value: 00-14}, reason: Another office's.}
"""
