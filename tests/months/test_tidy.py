"""`loadgate tidy`: what it deletes is redone, and every later verdict is what it would have been."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.months.conftest import SmallSite
from typer.testing import CliRunner

from loadgate.cli.main import app
from loadgate.errors import CouldNotRun
from loadgate.running import deciding
from loadgate.running.locking import alone, alone_in_state
from loadgate.running.opened import Ref, open_site
from loadgate.running.release import judge_again, verify
from loadgate.running.standing import standing
from loadgate.running.tidying import tidy
from loadgate.store.lock import Held

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.months.conftest import MakeSite

    LaidOnce = Callable[[str, Callable[[Path], object]], Path]

MONTHS = ("2026-01", "2026-02", "2026-03")
APRIL = "2026-04"
EXPECTED = """\
  - {type: expect_column_values_to_not_be_null, kwargs: {column: kind}, reason: It is of some kind.}
  - type: expect_category_share_to_be_near_reference
    kwargs: {column: kind, value_set: [S], reference: prior, absolute: 0.1, relative: 0.1, minimum_rows: 20}
    reason: It moves slowly.
"""


def send(site: SmallSite, period: str, *, special: int = 10) -> None:
    for town in ("101", "102"):
        rows = [f"{period};{'S' if n < special else 'N'}" for n in range(30 + int(town) % 100)]
        site.deliver(f"{period}/cases_{town}.csv", "month;kind", *rows)


@pytest.fixture
def site(make_site: MakeSite, laid_once: LaidOnce, tmp_path: Path) -> SmallSite:
    """Three approved months."""

    def lay_out(template: Path) -> None:
        site = make_site(of_kinds={"care/cases": EXPECTED})
        for period in MONTHS:
            send(site, period)
            site.run(period)
            site.approve(period)
        open_site(site.path).close()
        shutil.move(site.path, template)

    shutil.copytree(laid_once("months to tidy", lay_out), tmp_path, dirs_exist_ok=True)
    return SmallSite(tmp_path)


def folders(site: SmallSite) -> dict[str, int]:
    """Period → folders of rows and checks."""
    root = site.path / "state" / "deliveries"
    found = [path.relative_to(root).parts[0] for kind in ("typed", "checks") for path in root.rglob(f"{kind}-*")]
    return {period: found.count(period) for period in sorted(set(found))}


def told(ref: Ref) -> tuple[str, str, str]:
    """Verdict, findings and figures of a run, as its manifest has them."""
    manifest = json.loads((ref.open().places.run(ref.run) / "manifest.json").read_text())
    return manifest["verdict"], manifest["findings_sha256"], manifest["figures_sha256"]


def said(site: SmallSite, *words: str) -> Any:
    return CliRunner().invoke(app, [*words, "--site", str(site.path)])


def test_what_is_of_months_long_approved_goes_and_what_the_next_month_needs_stays(site: SmallSite) -> None:
    before = folders(site)

    counted = tidy(open_site(site.path), actor="test", dry_run=True)
    assert folders(site) == before == dict.fromkeys(MONTHS, 4)
    done = tidy(open_site(site.path), actor="test")

    assert done == counted
    assert folders(site) == {"2026-03": 4}
    assert (done.deleted["typed"].folders, done.deleted["checks"].folders, done.kept.folders) == (4, 4, 4)
    assert all(heap.size_bytes > 0 for name, heap in done.deleted.items() if name != "tmp")
    assert tidy(open_site(site.path), actor="test").deleted["typed"].folders == 0


def test_a_month_after_tidying_is_the_month_without(site: SmallSite, tmp_path_factory: pytest.TempPathFactory) -> None:
    send(site, APRIL, special=20)
    other = type(site)(tmp_path_factory.mktemp("other") / "site")
    shutil.copytree(site.path, other.path, symlinks=True)

    tidy(open_site(site.path), actor="test")
    shutil.rmtree(open_site(site.path).places.deliveries / "2026-03")  # even what is kept would be redone
    mine, theirs = site.run(APRIL), other.run(APRIL)

    assert told(mine) == told(theirs)
    assert any("share" in str(one.check) for one in deciding.stored(mine.open(), APRIL).findings)


def test_an_older_month_run_anew_after_tidying_is_what_it_was(
    site: SmallSite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = type(site)(tmp_path_factory.mktemp("other") / "site")
    shutil.copytree(site.path, other.path, symlinks=True)
    tidy(open_site(site.path), actor="test")

    assert site.run("2026-02").run == "2026-02"  # the same inputs: nothing to do
    edit = "# looked at again\n"
    for each in (site, other):
        suite = each.path / "expectations/suites/care/cases.yaml"
        suite.write_text(suite.read_text().replace("absolute: 0.1", "absolute: 0.05") + edit)
    mine, theirs = site.run("2026-02"), other.run("2026-02")

    assert (mine.run, theirs.run) == ("2026-02.2", "2026-02.2")
    assert told(mine) == told(theirs)
    assert folders(site)["2026-02"] == 4


def test_what_waits_for_a_decision_stays_and_is_judged_as_before(site: SmallSite) -> None:
    send(site, APRIL, special=20)
    ref = site.run(APRIL)
    before = judge_again(ref)

    tidy(open_site(site.path), actor="test")

    assert folders(site) == {"2026-03": 4, APRIL: 4}
    assert judge_again(ref) == before
    assert standing(open_site(site.path), None) == standing(open_site(site.path), APRIL)
    site.approve(APRIL)
    assert verify(open_site(site.path)) == (APRIL, [])


def test_status_cases_and_content_tried_against_a_tidied_month_say_the_same(site: SmallSite) -> None:
    send(site, APRIL, special=20)
    site.run(APRIL)
    site.approve(APRIL)
    send(site, "2026-05", special=20)
    site.run("2026-05")
    site.approve("2026-05")
    asked = (
        ("status", "--json"),
        ("runs", "--json"),
        ("case", "list", "--all", "--json"),
        ("case", "show", "1", "--json"),
        ("ledger", "verify", "--json"),
        ("verify", "--json"),
    )
    before = [said(site, *words).stdout for words in asked]
    against = json.loads(said(site, "check", "--against", APRIL, "--json").stdout)

    assert said(site, "tidy").exit_code == 0

    assert [said(site, *words).stdout for words in asked] == before
    again = json.loads(said(site, "check", "--against", APRIL, "--json").stdout)
    assert folders(site) == {"2026-05": 4}
    assert again["checks"] == against["checks"]
    assert said(site, "state", "rebuild").exit_code == 0
    assert said(site, "case", "show", "1", "--json").stdout == before[3]


def test_rows_whose_originals_are_gone_stay_and_are_counted(site: SmallSite) -> None:
    opened = open_site(site.path)
    lost = opened.inputs("2026-01").deliveries[0]
    opened.places.archived(lost.parts[0].sha256).unlink()

    done = tidy(opened, actor="test")

    assert done.without_originals == 2
    assert folders(site) == {"2026-01": 2, "2026-03": 4}
    assert "2 of those kept cannot be redone" in said(site, "tidy").stdout


def test_rows_that_are_gone_alone_are_typed_again(site: SmallSite) -> None:
    send(site, APRIL)
    ref = site.run(APRIL)
    before = told(ref)
    typed = next((site.path / "state/deliveries" / APRIL).rglob("typed-*"))
    shutil.rmtree(typed)
    (ref.open().places.run(APRIL) / "manifest.json").unlink()
    deciding.reopen(ref.open(), APRIL, steps=["across", "measure", "compare", "detect", "judge"])

    site.run(APRIL)

    assert typed.exists()
    assert told(ref) == before


def test_what_a_killed_process_left_goes_and_what_a_live_one_has_stays(site: SmallSite) -> None:
    opened = open_site(site.path)
    own = opened.tmp / "mine"
    own.write_text("mine")
    dead = opened.places.tmp / "dead"
    dead.mkdir()
    (dead / "rows").write_bytes(b"12345")

    done = tidy(opened, actor="test")

    assert (done.deleted["tmp"].folders, done.deleted["tmp"].size_bytes) == (1, 5)
    assert own.exists()
    assert not dead.exists()


def test_a_run_that_was_killed_before_it_froze_its_inputs_stops_nothing(site: SmallSite) -> None:
    opened, moment = open_site(site.path), datetime(2026, 5, 7, tzinfo=UTC)
    send(site, APRIL)
    opened.state.runs.open(APRIL, inputs_sha256="ab", as_of=moment, opened_at=moment, opened_by="anna")

    assert said(site, "tidy").exit_code == 0

    assert folders(site) == {MONTHS[-1]: 4}
    assert said(site, "status").stdout.startswith(f"{APRIL}      not complete")
    assert site.run(APRIL).run == "2026-04.2"  # with other inputs


def test_nothing_is_tidied_while_a_run_is_at_work(site: SmallSite) -> None:
    opened, before = open_site(site.path), folders(site)

    with alone(opened, APRIL, actor="maria"), pytest.raises(Held, match=f"{APRIL} is being worked on by maria"):
        tidy(opened, actor="test")

    assert folders(site) == before


def test_no_run_begins_while_the_state_is_tidied(site: SmallSite) -> None:
    opened = open_site(site.path)

    with alone_in_state(opened, actor="maria"):
        with pytest.raises(CouldNotRun, match="state is being worked on by maria"), alone(opened, APRIL, actor="test"):
            pytest.fail("both at work")
        with pytest.raises(CouldNotRun, match="state is being worked on by maria"):
            tidy(opened, actor="test")
    with alone(opened, APRIL, actor="test"):
        pass


def test_the_size_of_the_state_shrinks_by_what_is_told(site: SmallSite) -> None:
    def size(root: Path) -> int:
        return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())

    root = open_site(site.path).places.deliveries
    before = size(root)
    done = tidy(open_site(site.path), actor="test")

    assert before - size(root) == done.deleted["typed"].size_bytes + done.deleted["checks"].size_bytes
    assert size(root) == done.kept.size_bytes
