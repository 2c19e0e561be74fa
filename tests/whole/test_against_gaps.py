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
