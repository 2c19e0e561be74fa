"""Runs that an earlier version judged: their cases stay as they were, and content that it took stops no other run."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from tests.months.conftest import SmallSite
from typer.testing import CliRunner

from loadgate.cli.main import app
from loadgate.judging.scopes import hull
from loadgate.model.encoding import dump
from loadgate.model.findings import Verdict
from loadgate.model.judgement import Judgement
from loadgate.model.period import Period
from loadgate.model.version import VERSION
from loadgate.running import acting, deciding, reducing
from loadgate.running.opened import open_site
from loadgate.running.opening import open_run
from loadgate.running.release import release
from loadgate.running.standing import standing
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


def test_content_that_is_no_longer_read_is_told_of_its_run_alone(
    ref: Ref, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = ref.open().inputs(ref.run).content
    site = SmallSite(tmp_path_factory.mktemp("later") / "site")  # opened by nobody yet
    ref.open().close()
    shutil.copytree(ref.site, site.path)
    frozen = site.path / "state" / "content" / content / "site.toml"
    for file, months in ((frozen, 1), (site.path / "site.toml", 2)):  # an earlier version took 1
        file.write_text(f"retention_months = {months}\n{file.read_text()}")
    site.deliver("2026-02/cases_101.csv", "month;kind", "2026-02;S")
    opened = open_site(site.path)
    february = open_run(opened, Period.parse("2026-02"), as_of=None, actor="test", quiet=True)

    told, waiting = standing(opened, None)

    assert told["what"] == (
        f"the content that a run was judged by has 1 in {frozen}, and loadgate {VERSION} expects at least 2: "
        "a month is compared with the one before it"
    )
    assert (told["run"], told["could_not_run"]) == (JANUARY, True)
    assert (waiting["run"], waiting["what"]) == (february.run, "not complete")
    assert site.run(JANUARY).run == "2026-01.2"
