"""`loadgate prune`: what is too old goes, once, by the ledger; and nothing of it looks as if it never came."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.months.conftest import SmallSite
from typer.testing import CliRunner

from loadgate.cli.main import app
from loadgate.errors import CouldNotRun, Refused, SiteError
from loadgate.model.findings import OutcomeState
from loadgate.model.kinds import Kind
from loadgate.model.period import Period
from loadgate.running import deciding
from loadgate.running.locking import alone
from loadgate.running.opened import open_site
from loadgate.running.opening import current_period, open_run
from loadgate.running.pruned import PRUNED
from loadgate.running.pruning import prune
from loadgate.running.standing import standing
from loadgate.store.lock import Held

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.months.conftest import MakeSite

    LaidOnce = Callable[[str, Callable[[Path], object]], Path]

MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05")
OLD, YOUNG = MONTHS[:3], MONTHS[3:]
JUNE = "2026-06"
EXPECTED = """\
  - {type: expect_column_values_to_not_be_null, kwargs: {column: kind}, reason: It is of some kind.}
  - type: expect_category_share_to_be_near_reference
    kwargs: {column: kind, value_set: [S], reference: prior, absolute: 0.1, relative: 0.1, minimum_rows: 20}
    reason: It moves slowly.
"""
SHARE = "cases:category_share_to_be_near_reference(kind)"
TOWNS = ("101", "102")


def send(site: SmallSite, period: str, *, towns: tuple[str, ...] = TOWNS, like: str | None = None) -> None:
    for town in towns:
        rows = [f"{like or period};{'S' if n < 10 else 'N'}" for n in range(30 + int(town) % 100)]
        site.deliver(f"{period}/cases_{town}.csv", "month;kind", *rows)


def state_retention(site: SmallSite, months: int | None) -> None:
    path = site.path / "site.toml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("retention_months")]
    stated = [] if months is None else [f"retention_months = {months}"]
    path.write_text("\n".join([*stated, *lines, ""]))


@pytest.fixture
def site(make_site: MakeSite, laid_once: LaidOnce, tmp_path: Path) -> SmallSite:
    """Five approved months, of which two may be kept; the newest closed on the seventh of June."""

    def lay_out(template: Path) -> None:
        site = make_site(of_kinds={"care/cases": EXPECTED})
        state_retention(site, 2)
        for period in MONTHS:
            send(site, period)
            site.run(period)
            site.approve(period)
        open_site(site.path).close()
        shutil.move(site.path, template)

    shutil.copytree(laid_once("months to prune", lay_out), tmp_path, dirs_exist_ok=True)
    return SmallSite(tmp_path)


def archived(site: SmallSite) -> set[str]:
    return {path.name for path in (site.path / "state/archive").rglob("*") if path.is_file()}


def came(site: SmallSite, *periods: str) -> set[str]:
    opened = open_site(site.path)
    return {part.sha256 for period in periods for one in opened.inputs(period).deliveries for part in one.parts}


def with_rows(site: SmallSite) -> list[str]:
    return sorted(path.name for path in (site.path / "state/deliveries").iterdir())


def entries(site: SmallSite) -> list[dict[str, Any]]:
    return [dict(entry.body) for entry in open_site(site.path).state.ledger.entries(PRUNED)]


def said(site: SmallSite, *words: str) -> Any:
    return CliRunner().invoke(app, [*words, "--site", str(site.path)])


def test_old_periods_go_and_one_entry_says_so(site: SmallSite) -> None:
    sizes = {path.name: path.stat().st_size for path in (site.path / "state/archive").rglob("*") if path.is_file()}

    planned = prune(open_site(site.path), actor="maria", dry_run=True)
    assert len(archived(site)) == 10
    done = prune(open_site(site.path), actor="maria")

    assert done.plan == planned.plan
    assert archived(site) == came(site, *YOUNG)
    assert with_rows(site) == [*YOUNG]
    (body,) = entries(site)
    assert (body["before"], body["periods"], body["retention_months"]) == ("2026-04", [*OLD], 2)
    assert (body["files"], body["file_bytes"]) == (6, sum(sizes[one] for one in came(site, *OLD)))
    assert body["folders"] == 12
    entry = open_site(site.path).state.ledger.entries(PRUNED)[0]
    assert (entry.actor, entry.seq) == ("maria", done.entry)
    assert "cases" not in json.dumps(body)
    assert not open_site(site.path).places.pruning.exists()
    again = prune(open_site(site.path), actor="maria")
    assert again.plan.is_empty
    assert (again.entry, len(entries(site))) == (None, 1)


def test_what_is_told_beforehand_is_what_is_done(site: SmallSite) -> None:
    planned = json.loads(said(site, "prune", "--dry-run", "--json").stdout)
    shown = said(site, "prune", "--dry-run").stdout
    done = said(site, "prune", "--actor", "maria")

    assert entries(site)[0] == {name: planned[name] for name in entries(site)[0]}
    assert shown.splitlines()[0].replace("would delete", "deleted") == done.stdout.splitlines()[0]
    assert "the inbox is not touched: originals that still lie there are its owner's to remove" in done.stdout


def test_a_site_that_states_no_retention_keeps_everything(site: SmallSite) -> None:
    state_retention(site, None)

    with pytest.raises(Refused, match="the site states no retention: nothing is deleted"):
        prune(open_site(site.path), actor="maria")
    assert len(archived(site)) == 10


def test_retention_that_comparisons_cannot_live_with_is_a_fault(site: SmallSite) -> None:
    state_retention(site, 1)
    with pytest.raises(SiteError) as told:
        open_site(site.path).site()
    (fault,) = told.value.faults
    assert str(fault) == (
        "site.toml:1  retention_months\n"
        "  found     1\n"
        "  expected  at least 2: a month is compared with the one before it\n"
        "  fix       write 2 or more, or leave it out to delete nothing"
    )
    state_retention(site, 0)
    with pytest.raises(SiteError, match=r"site.toml:1  retention_months"):
        open_site(site.path).site()
    state_retention(site, 2)
    assert open_site(site.path).site().file.retention_months == 2


def test_all_that_is_looked_at_later_goes_on(site: SmallSite, tmp_path_factory: pytest.TempPathFactory) -> None:
    asked = (("status", "--json"), ("runs", "--json"), ("verify", "--json"), ("case", "list", "--all", "--json"))
    before = [said(site, *words).stdout for words in asked]
    other = type(site)(tmp_path_factory.mktemp("other") / "site")
    shutil.copytree(site.path, other.path, symlinks=True)

    prune(open_site(site.path), actor="maria")

    assert [said(site, *words).stdout for words in asked] == before
    assert said(site, "ledger", "verify").exit_code == 0
    assert "before 2026-04" in said(site, "ledger", "show").stdout
    assert said(site, "state", "rebuild").exit_code == 0
    assert [said(site, *words).stdout for words in asked] == before
    for each in (site, other):
        send(each, JUNE)
        each.run(JUNE)
    mine, theirs = (deciding.stored(open_site(each.path), JUNE) for each in (site, other))
    assert (mine.verdict, mine.findings, mine.outcomes) == (theirs.verdict, theirs.findings, theirs.outcomes)
    assert open_site(site.path).inputs(JUNE).unexpected == ()
    assert archived(site) == came(site, *YOUNG, JUNE)  # old files still lie in the inbox
    assert len(list(site.inbox.rglob("*.csv"))) == 1 + 2 * 6


@pytest.mark.parametrize("still_there", [True, False])
def test_a_pruned_period_cannot_be_run_whatever_lies_in_the_inbox(site: SmallSite, *, still_there: bool) -> None:
    prune(open_site(site.path), actor="maria")
    if not still_there:
        shutil.rmtree(site.inbox / "2026-02")

    for words in (("run", "2026-02", "--inline"), ("arrivals", "2026-02")):
        told = said(site, *words)
        assert isinstance(told.exception, CouldNotRun)
        assert told.exception.message.startswith(
            "the files of 2026-02 are not kept any more: maria pruned what is older than 2026-04 on "
        )
        assert "retention_months = 2 asks (ledger entry 6)" in told.exception.message
        assert "ask for the files again" in (told.exception.fix or "")
    assert [row.id for row in open_site(site.path).state.runs.rows("2026-02")] == ["2026-02"]
    against = said(site, "check", "--against", "2026-02")
    assert against.exit_code == 5
    assert "an archived file of this delivery was deleted: maria pruned what is older than 2026-04" in against.stdout


def test_bytes_that_a_younger_period_came_with_too_stay(site: SmallSite) -> None:
    shutil.copyfile(site.inbox / "2026-01/cases_101.csv", site.inbox / "2026-05/cases_101.csv")
    site.deliver("2026-05/cases_102.csv", "month;kind", "2026-05;S")
    site.run("2026-05")
    site.approve("2026-05.2")
    shared = came(site, "2026-01") & came(site, "2026-05.2")

    prune(open_site(site.path), actor="maria")

    assert len(shared) == 1
    assert shared <= archived(site)
    assert archived(site) == came(site, "2026-04", "2026-05", "2026-05.2")


def test_pruned_bytes_that_a_younger_period_comes_with_are_archived_again(site: SmallSite) -> None:
    prune(open_site(site.path), actor="maria")
    send(site, JUNE)
    shutil.copyfile(site.inbox / "2026-01/cases_101.csv", site.inbox / f"{JUNE}/cases_101.csv")

    site.run(JUNE)

    assert came(site, JUNE) <= archived(site)
    judgement = deciding.stored(open_site(site.path), JUNE)
    assert [one.kind for one in judgement.findings if one.kind is Kind.DUPLICATE] == [Kind.DUPLICATE]
    assert not [one for one in judgement.outcomes if one.state is OutcomeState.COULD_NOT_RUN]


def test_where_arrival_times_are_not_stated_the_clock_says_what_is_old(site: SmallSite) -> None:
    path = site.path / "site.toml"
    path.write_text(path.read_text().replace("stated_times = true", "stated_times = false"))

    done = prune(open_site(site.path), actor="maria", dry_run=True)

    assert done.plan.before == str(current_period(open_site(site.path).site()).shift(-2))
    assert done.plan.periods == MONTHS[:4]  # all of it is past; May is the current release
    assert done.plan.compared == 2


def test_a_period_that_waits_stays_whole_until_it_is_decided(site: SmallSite) -> None:
    suite = site.path / "expectations/suites/care/cases.yaml"
    suite.write_text(suite.read_text() + "# edited\n")
    site.deliver("2026-02/cases_101.csv", "month;kind", "2026-02;S")
    assert site.run("2026-02").run == "2026-02.2"

    done = prune(open_site(site.path), actor="maria")

    assert done.plan.waiting == ("2026-02",)
    assert done.plan.compared == 2  # of January, which it is held against
    assert archived(site) == came(site, "2026-01", "2026-02", "2026-02.2", *YOUNG)
    assert site.run("2026-02").run == "2026-02.2"
    site.approve("2026-02.2")
    prune(open_site(site.path), actor="maria")
    assert archived(site) == came(site, *YOUNG)
    assert len(entries(site)) == 2


def test_the_newest_approved_delivery_of_a_stream_stays_until_there_is_a_newer(make_site: MakeSite) -> None:
    site = make_site(of_kinds={"care/cases": EXPECTED})
    state_retention(site, 2)
    for period in MONTHS:
        send(site, period, towns=TOWNS if period == "2026-01" else ("101",))
        site.run(period)
        site.approve(period)

    done = prune(open_site(site.path), actor="maria")

    kept = next(one for one in open_site(site.path).inputs("2026-01").deliveries if one.expected.unit == "102")
    assert done.plan.compared == 1
    assert archived(site) == {*came(site, *YOUNG), kept.parts[0].sha256}
    send(site, JUNE)
    ref = site.run(JUNE)
    states = {one.state for one in deciding.stored(ref.open(), JUNE).outcomes if one.check == SHARE}
    assert OutcomeState.COULD_NOT_RUN not in states
    assert "1 older delivery" in said(site, "prune", "--dry-run").stdout


def test_a_rerun_whose_earlier_delivery_was_pruned_could_not_hold_it_against_that(site: SmallSite) -> None:
    prune(open_site(site.path), actor="maria")
    site.deliver("2026-04/cases_101.csv", "month;kind", *(f"2026-04;{'S' if n < 10 else 'N'}" for n in range(29)))

    ref = site.run("2026-04")

    told = [one for one in deciding.stored(ref.open(), ref.run).outcomes if one.check == SHARE]
    assert {one.state for one in told} == {OutcomeState.COULD_NOT_RUN}
    assert all("maria pruned what is older than 2026-04" in (one.reason or "") for one in told)


def test_files_that_no_run_ever_took_go_when_they_are_old(site: SmallSite) -> None:
    site.deliver("2026-01/holiday.csv", "a;b")
    site.deliver("2026-05/holiday.csv", "c;d")
    site.run("2026-05")

    prune(open_site(site.path), actor="maria")

    assert len(archived(site) - came(site, *YOUNG)) == 1
    before = archived(site)
    send(site, JUNE)
    site.run(JUNE)
    assert archived(site) == before | came(site, JUNE)


def test_nothing_is_pruned_while_a_run_is_at_work(site: SmallSite) -> None:
    with alone(open_site(site.path), JUNE, actor="maria"), pytest.raises(Held):
        prune(open_site(site.path), actor="anna")
    assert (len(archived(site)), entries(site)) == (10, [])


def test_a_period_whose_arrivals_were_looked_at_stays_and_is_told_with_what_ends_it(site: SmallSite) -> None:
    before = "2025-12"
    send(site, before)
    assert said(site, "arrivals", before).exit_code == 0

    told = said(site, "prune", "--actor", "maria").stdout.replace("\n", " ")

    assert f"nobody has decided about them: {before} (`loadgate status`; `loadgate run` for those" in told
    assert archived(site) == {*came(site, *YOUNG), *came(site, f"watch-{before}")}
    site.run(before)


def test_a_run_as_of_a_later_day_makes_nothing_older(site: SmallSite) -> None:
    send(site, JUNE)
    open_run(open_site(site.path), Period.parse(JUNE), as_of=datetime(2062, 7, 7, tzinfo=UTC), actor="test", quiet=True)

    plan = prune(open_site(site.path), actor="maria").plan

    assert plan.before == "2026-05"
    site.run("2026-07")


def test_who_prunes_has_a_name(site: SmallSite) -> None:
    with pytest.raises(Refused, match="who acts has no name"):
        prune(open_site(site.path), actor=" ")


def run_killed(site: SmallSite, **environment: str) -> int:
    command = [sys.executable, "-m", "loadgate", "prune", "--site", str(site.path), "--actor", "maria"]
    return subprocess.run(command, env={**os.environ, **environment}, check=False, capture_output=True).returncode


def test_a_prune_that_is_killed_anywhere_is_ended_by_the_next(
    site: SmallSite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root, kept = tmp_path_factory.mktemp("lives"), came(site, *YOUNG)
    open_site(site.path).close()

    def copy(name: str) -> SmallSite:
        shutil.copytree(site.path, root / name, symlinks=True)
        return type(site)(root / name)

    undisturbed = copy("undisturbed")
    assert run_killed(undisturbed, LOADGATE_COUNT_POINTS=str(root / "points")) == 0
    (expected,) = entries(undisturbed)
    points, seen = int((root / "points").read_text()), set()
    for point in sorted({1, 7, 9, 11, 13, points // 3, 2 * points // 3, points - 5, points}):
        life = copy(f"at-{point}")
        assert run_killed(life, LOADGATE_KILL_AT=str(point)) == -9
        opened = open_site(life.path)
        whole, entered = len(archived(life)) == 10, entries(life)
        seen.add((whole, bool(entered)))
        assert whole or entered == [expected], "bytes are gone and the ledger is silent"
        if entered and opened.places.pruning.exists():
            assert standing(opened, None)[0]["what"] == "a prune was cut short"
            with pytest.raises(CouldNotRun, match="the files of 2026-02 are not kept any more"):
                life.run("2026-02")
        opened.close()

        assert run_killed(life) == 0

        assert entries(life) == [expected]
        assert archived(life) == kept
        assert with_rows(life) == [*YOUNG]
        assert not open_site(life.path).places.pruning.exists()
        assert said(life, "ledger", "verify").exit_code == 0
        open_site(life.path).close()
        shutil.rmtree(life.path)
    assert seen == {(True, False), (True, True), (False, True)}


DISCARDS = """
import os, sys
from pathlib import Path
from loadgate.errors import CouldNotRun
from loadgate.running.tidying import discard
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    discard(Path(sys.argv[1]))
except CouldNotRun as fault:
    print(fault.message, fault.fix, sep="|", end="")
"""


def test_what_cannot_be_deleted_is_told_and_not_taken_for_deleted() -> None:
    with tempfile.TemporaryDirectory() as above:  # where another account may go
        Path(above).chmod(0o755)
        folder = Path(above) / "v1" / "typed-0"
        folder.mkdir(parents=True)
        (folder / "typed.parquet").write_text("rows")
        folder.chmod(0o555)

        told = subprocess.run([sys.executable, "-c", DISCARDS, str(folder)], capture_output=True, text=True, check=True)

        assert (folder / "typed.parquet").exists()
        assert told.stdout == (
            f"1 of what is to be deleted could not be, the first below {folder.parent}|"
            "let the account that runs this write there, then run the command again"
        )
        folder.chmod(0o755)
