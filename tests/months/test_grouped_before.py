"""A run whose cases an earlier version made: however its findings would be grouped today, its cases stay as judged."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from loadgate.cli.main import app
from loadgate.judging.scopes import hull
from loadgate.model.encoding import dump
from loadgate.model.findings import Verdict
from loadgate.model.judgement import Judgement
from loadgate.running import acting, deciding, reducing
from loadgate.running.release import release
from loadgate.store import durable

if TYPE_CHECKING:
    from tests.months.conftest import MakeSite

    from loadgate.running.opened import Ref

JANUARY = "2026-01"
GATE = "rules:\n  - {then: block_run, reason: Nobody may miss it.}\n"
NOT_NULL = """\
  - {type: expect_column_values_to_not_be_null, kwargs: {column: kind}, reason: It is of some kind.}
"""


@pytest.fixture
def ref(make_site: MakeSite) -> Ref:
    """A held run: of one town nothing came, of the other a kind is missing. Both were one case."""
    site = make_site({"expectations/gate.yaml": GATE}, of_kinds={"care/cases": NOT_NULL})
    site.deliver(f"{JANUARY}/cases_101.csv", "month;kind", f"{JANUARY};", f"{JANUARY};S")
    ref = site.run(JANUARY)
    judged = deciding.stored(ref.open(), JANUARY)
    first, second = judged.cases
    one = replace(
        first,
        findings=tuple(sorted({*first.findings, *second.findings})),
        kinds=tuple(sorted({*first.kinds, *second.kinds})),
        scope=hull([first.scope, second.scope]),
        checks=tuple(sorted({*first.checks, *second.checks})),
        size=1.0,
    )
    store(ref, replace(judged, cases=(one,)))
    return ref


def store(ref: Ref, judgement: Judgement) -> None:
    folder = ref.open().places.step(ref.run, "judge") / reducing.ALL
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / deciding.JUDGEMENT).write_bytes(dump(Judgement, judgement))
    durable.seal(folder, {"key": "as it was"})


def said(ref: Ref, *words: str) -> Any:
    told = CliRunner().invoke(app, [*words, "--site", ref.site, "--json"], catch_exceptions=False)
    return json.loads(told.stdout)


def test_it_waits_for_the_case_that_was_told_and_its_waiver_lets_it_out(ref: Ref) -> None:
    opened = ref.open()
    judged = deciding.stored(opened, ref.run)
    (case,) = judged.cases
    (waiting,) = said(ref, "status")
    asked = acting.request_waiver(
        opened, case, judged.findings, reason="as confirmed", until=date(2030, 1, 1), ceiling=None, actor="anna"
    )
    acting.approve_waiver(opened, asked.id, actor="maria")
    (waived,) = said(ref, "status")

    done = release(ref, actor="anna")

    assert waiting["what"] == f"HOLD because of case {case.number}"
    assert waived["what"] == "judged release_with_caveats, not released"
    assert (done.verdict, done.waivers) == (Verdict.RELEASE_WITH_CAVEATS, (asked.id,))
