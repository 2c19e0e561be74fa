"""What stands in the way of a release, and what `verify` and `status` say of what was changed by hand."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import loadgate
from loadgate.errors import CouldNotRun, Refused, VerificationFailed
from loadgate.model.identity import canonical_json
from loadgate.model.period import Period
from loadgate.model.version import VERSION
from loadgate.running import acting, deciding
from loadgate.running.cases import newest_judgement_of
from loadgate.running.inline import run_inline
from loadgate.running.opened import Ref
from loadgate.running.opening import open_run
from loadgate.running.release import judge_again, release, verify
from loadgate.running.standing import all_runs, case_detail, standing
from loadgate.store import publication

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.months.conftest import MakeSite, SmallSite

    from loadgate.model.findings import Case
    from loadgate.model.judgement import Waiver
    from loadgate.running.opened import Opened

JANUARY, FEBRUARY = "2026-01", "2026-02"
EXPECTED = """\
  - type: expect_column_values_to_not_be_null
    kwargs: {column: kind}
    severity: critical
    reason: It is of some kind.
"""
GATE = """\
rules:
  - {severity: [critical], then: block_run, reason: It is wrong.}
  - {then: show, reason: The rest.}
"""


@pytest.fixture
def site(make_site: MakeSite) -> SmallSite:
    return make_site({"expectations/gate.yaml": GATE}, towns=["101"], of_kinds={"care/cases": EXPECTED})


def send(site: SmallSite, period: str, *rows: str) -> None:
    site.deliver(f"{period}/cases_101.csv", "month;kind", *(rows or (f"{period};S", f"{period};N")))


@pytest.fixture
def released(site: SmallSite) -> Ref:
    send(site, JANUARY)
    ref = site.run(JANUARY)
    release(ref, actor="anna")
    return ref


@pytest.fixture
def held(site: SmallSite) -> Ref:
    send(site, JANUARY, f"{JANUARY};S", f"{JANUARY};")
    return site.run(JANUARY)


def ask(ref: Ref, *, until: date = date(2030, 1, 1), actor: str = "anna") -> Waiver:
    opened = ref.open()
    judgement = deciding.stored(opened, ref.run)
    (case,) = judgement.cases
    return acting.request_waiver(
        opened, case, judgement.findings, reason="as confirmed", until=until, ceiling=None, actor=actor
    )


def edit_ledger(opened: Opened, statement: str) -> None:
    with sqlite3.connect(opened.places.state / "loadgate.db") as database:
        database.execute(statement)
    database.close()


# ── release ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_that_has_a_newer_one_is_not_released_in_its_place(site: SmallSite) -> None:
    send(site, JANUARY)
    first = site.run(JANUARY)
    send(site, JANUARY, f"{JANUARY};S", f"{JANUARY};")
    second = open_run(first.open(), Period.parse(JANUARY), as_of=None, actor="anna", quiet=True)

    with pytest.raises(Refused, match=r"2026-01\.2 is a newer run of 2026-01 than 2026-01\n.*loadgate run 2026-01"):
        release(first, actor="anna")
    run_inline(second, actor="anna")
    with pytest.raises(
        Refused, match=r"2026-01\.2 is a newer run of 2026-01 than 2026-01\n.*loadgate release 2026-01\.2"
    ):
        release(first, actor="anna")
    with pytest.raises(Refused, match="HOLD"):
        release(second, actor="anna")

    assert first.open().state.ledger.entries() == []


def test_what_was_released_is_told_again_though_a_newer_run_was_begun(released: Ref, site: SmallSite) -> None:
    send(site, JANUARY, f"{JANUARY};S", f"{JANUARY};")
    assert site.run(JANUARY).run == "2026-01.2"
    assert release(released, actor="anna").already


def test_figures_that_were_changed_since_they_were_judged_do_not_go_out(site: SmallSite) -> None:
    send(site, JANUARY)
    ref = site.run(JANUARY)
    opened = ref.open()
    (file,) = opened.places.step(JANUARY, "measure").rglob("figures.parquet")
    pl.read_parquet(file).with_columns(pl.col("value") * 2).write_parquet(file)

    with pytest.raises(CouldNotRun, match="is not what was judged"):
        release(ref, actor="anna")

    assert opened.state.ledger.entries() == []
    assert not opened.places.published.exists()


def test_findings_that_were_taken_away_since_they_were_judged_release_nothing(held: Ref) -> None:
    opened = held.open()
    for file in (opened.places.state / "deliveries").rglob("*.json"):
        if file.name == "outcomes.json":
            file.write_text(file.read_text().replace('"fail"', '"pass"'))

    with pytest.raises(CouldNotRun, match="is not what was judged"):
        judge_again(held)
    with pytest.raises(CouldNotRun, match="is not what was judged"):
        release(held, actor="anna")
    (line,) = standing(opened, None)
    assert line["what"].endswith("is not what was judged")
    assert line["next"].startswith(f"`loadgate run {JANUARY}` makes deliveries anew that are gone; else restore both")
    assert line["could_not_run"]


def test_deliveries_that_are_gone_are_made_anew_and_then_released(site: SmallSite) -> None:
    send(site, JANUARY)
    ref = site.run(JANUARY)
    shutil.rmtree(ref.open().places.state / "deliveries")

    with pytest.raises(CouldNotRun, match=r"`loadgate run 2026-01` makes deliveries anew that are gone"):
        release(ref, actor="anna")
    run_inline(ref, actor="anna")

    assert not release(ref, actor="anna").already


def test_a_run_that_older_code_judged_otherwise_goes_out_as_the_next_run(site: SmallSite, tmp_path: Path) -> None:
    send(site, JANUARY)
    older = tmp_path / "older"
    shutil.copytree(Path(loadgate.__file__).parent, older / "loadgate", ignore=shutil.ignore_patterns("__pycache__"))
    version, judging = older / "loadgate/model/version.py", older / "loadgate/running/deciding.py"
    version.write_text(version.read_text().replace(VERSION, "0.0.9"))
    judging.write_text(
        judging.read_text().replace("in judgement.findings]", 'in judgement.findings] + [{"evidence": {}}]')
    )
    subprocess.run(
        [sys.executable, "-m", "loadgate", "run", JANUARY, "--site", site.path, "--inline", "--quiet"],
        env={**os.environ, "PYTHONPATH": str(older)},
        check=True,
    )

    told = (
        rf"2026-01 was judged by loadgate 0\.0\.9, and {re.escape(VERSION)} finds.*\n.*loadgate run 2026-01: the next"
    )
    with pytest.raises(CouldNotRun, match=told):
        release(Ref(str(site.path), JANUARY), actor="anna")
    newer = site.run(JANUARY)

    assert newer.run == "2026-01.2"
    assert not release(newer, actor="anna").already


def test_a_ledger_of_which_an_entry_was_edited_releases_nothing(held: Ref) -> None:
    opened = held.open()
    acting.approve_waiver(opened, ask(held, until=date(2026, 1, 1)).id, actor="ben")
    edit_ledger(opened, "UPDATE ledger SET body = replace(body, '2026-01-01', '2030-01-01') WHERE seq = 1")

    with pytest.raises(CouldNotRun, match="entry 1 was changed after it was written"):
        release(held, actor="anna")

    assert not opened.places.published.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.unlink(),
        lambda file: file.write_text(file.read_text()[:50]),
        lambda file: file.write_text(file.read_text().replace('"hold"', '"release"')),
    ],
    ids=["gone", "cut", "edited"],
)
def test_a_judgement_that_is_not_what_was_kept_is_told_and_not_shown(held: Ref, change: Callable[[Path], Any]) -> None:
    opened = held.open()
    (file,) = opened.places.run(JANUARY).rglob("judgement.json")
    change(file)

    (row,) = all_runs(opened)
    assert (row["state"], row["verdict"], row["cases"]) == ("judged", None, None)
    assert row["could_not_run"] == "the judgement of 2026-01 is not what was kept"
    assert row["fix"] == "restore state/runs/2026-01/judge from the backup"


# ── waivers ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["", " ", "\t", "-", "\u200b"])
def test_who_has_no_name_neither_asks_nor_approves_nor_releases(held: Ref, name: str) -> None:
    with pytest.raises(Refused, match="who acts has no name"):
        ask(held, actor=name)
    waiver = ask(held)
    with pytest.raises(Refused, match="who acts has no name"):
        acting.approve_waiver(held.open(), waiver.id, actor=name)
    with pytest.raises(Refused, match="who acts has no name"):
        release(held, actor=name)


@pytest.mark.parametrize(
    "typed", ["Zoë  Berg", "zoë berg", " ZOË BERG ", "Zoe\u0308 Berg", "Zo\u00adë Berg", "\ufeffZoë\u200b Berg"]
)
def test_one_person_is_not_two_however_the_name_is_typed(held: Ref, typed: str) -> None:
    waiver = ask(held, actor="Zoë Berg")
    with pytest.raises(Refused, match="a second person approves it"):
        acting.approve_waiver(held.open(), waiver.id, actor=typed)


def test_an_approval_of_what_nobody_asked_for_is_told(held: Ref) -> None:
    opened = held.open()
    acting.approve_waiver(opened, ask(held).id, actor="ben")
    edit_ledger(opened, "DELETE FROM ledger WHERE kind = 'waiver_requested'")

    with pytest.raises(CouldNotRun, match="an approval of W-1, and nobody asked for it"):
        judge_again(held)


def test_status_holds_a_waiver_against_the_clock_as_the_release_does(site: SmallSite) -> None:
    settings = site.path / "site.toml"
    settings.write_text(settings.read_text().replace("stated_times = true", "stated_times = false"))
    send(site, JANUARY, f"{JANUARY};S", f"{JANUARY};")
    came = datetime(2026, 2, 2, 9, tzinfo=UTC)
    for file in site.inbox.rglob("*.csv"):
        os.utime(file, (came.timestamp(), came.timestamp()))
    (site.inbox / "received.csv").unlink()
    from loadgate.running.opened import open_site

    opened = open_site(site.path)
    as_of = datetime(2026, 2, 10, 12, tzinfo=UTC)
    ref = open_run(opened, Period.parse(JANUARY), as_of=as_of, actor="anna", quiet=True)
    run_inline(ref, actor="anna")
    acting.approve_waiver(opened, ask(ref, until=date(2026, 2, 20)).id, actor="ben")

    assert [line["what"] for line in standing(opened, None)] == ["HOLD because of case 1; W-1 ended on 2026-02-20"]
    assert case_detail(opened, *newest_judgement_of(opened, 1))["waivers"] == ["W-1 ended on 2026-02-20"]
    with pytest.raises(Refused, match="HOLD"):
        release(ref, actor="anna")


def test_a_case_that_grew_beyond_its_waiver_says_so_until_one_covers_it(held: Ref) -> None:
    opened = held.open()
    _, case = newest_judgement_of(opened, 1)
    acting.approve_waiver(opened, ask(held).id, actor="ben")
    wider = replace(case, scope=replace(case.scope, provider=frozenset({"101", "102", "109"})))
    today = date(2026, 2, 1)

    def told(one: Case) -> list[str]:
        return acting.refused_cover(opened, one, today=today)

    assert told(case) == []
    assert told(replace(case, size=case.size * 2)) == [
        f"W-1 permits {acting.percent(case.size)}, and the case is {acting.percent(case.size * 2)}"
    ]
    (beyond,) = told(wider)
    assert beyond.startswith("W-1 does not reach so far: the case has gone beyond it in provider ")
    assert told(replace(case, kinds=(*case.kinds, "arrival.late"))) == ["W-1 does not permit arrival.late"]
    assert told(replace(case, number=2)) == []


def test_a_waiver_that_is_over_does_not_count_by_an_earlier_moment(held: Ref) -> None:
    opened = held.open()
    acting.approve_waiver(opened, ask(held, until=date(2026, 1, 31)).id, actor="ben")
    earlier = datetime(2026, 1, 30, tzinfo=UTC)

    with pytest.raises(
        Refused, match=r"cannot be judged by a moment before 2026-02-\d\d \d\d:\d\d\n.*leave --as-of out"
    ):
        release(held, actor="carl", as_of=earlier)
    with pytest.raises(Refused, match="cannot be judged by a moment before"):
        judge_again(held, as_of=earlier)

    assert not opened.places.published.exists()


def test_only_what_blocks_is_named_and_only_the_waiver_that_was_used_is_told(make_site: MakeSite) -> None:
    rule = "  - {severity: [warning], then: caveat, reason: It is odd.}\n  - {then: show"
    few = (
        "  - type: expect_column_values_to_be_in_set\n    kwargs: {column: kind, value_set: [S, N]}\n    reason: Few.\n"
    )
    site = make_site(
        {"expectations/gate.yaml": GATE.replace("  - {then: show", rule)},
        towns=["101"],
        of_kinds={"care/cases": EXPECTED + few + "    severity: warning\n"},
    )
    send(site, JANUARY, f"{JANUARY};S", f"{JANUARY};", f"{JANUARY};Q")
    ref = site.run(JANUARY)
    opened, judgement = ref.open(), deciding.stored(ref.open(), JANUARY)
    blocking = next(reason.case for reason in judgement.reasons if reason.effect == "block")
    assert len(judgement.cases) == 2

    with pytest.raises(
        Refused, match=rf"not released because of case {blocking}\n  fix       loadgate case show {blocking}$"
    ):
        release(ref, actor="anna")
    assert [line["what"] for line in standing(opened, None)] == [f"HOLD because of case {blocking}"]

    until = date(2030, 1, 1)
    asked = {}
    for case in judgement.cases:
        asked[case.number] = acting.request_waiver(
            opened, case, judgement.findings, reason=f"about {case.number}", until=until, ceiling=None, actor="anna"
        ).id
    for waiver in asked.values():
        acting.approve_waiver(opened, waiver, actor="ben")
    done = release(ref, actor="carl")

    assert done.waivers == (asked[blocking],)
    notes = (done.folder / "release_notes.md").read_text()
    assert [case.number for case in judgement.cases if f"about {case.number}" in notes] == [blocking]


# ── published ──────────────────────────────────────────────────────────────────────────────────────────────────


def link_a_folder(folder: Path, elsewhere: Path) -> None:
    elsewhere.mkdir()
    (folder / "more").symlink_to(elsewhere)


def link_the_release(folder: Path, elsewhere: Path) -> None:
    shutil.move(folder, elsewhere)
    folder.symlink_to(elsewhere)


def link_the_manifest(folder: Path, elsewhere: Path) -> None:
    shutil.move(folder / "manifest.json", elsewhere)
    (folder / "manifest.json").symlink_to(elsewhere)


def put_a_folder_in_a_files_place(folder: Path, _: Path) -> None:
    (folder / "figures.parquet").unlink()
    (folder / "figures.parquet").mkdir()


CHANGES: dict[str, tuple[Callable[[Path, Path], object], list[str]]] = {
    "a link to a folder": (link_a_folder, ["/more: not in the manifest"]),
    "an empty folder": (lambda folder, _: (folder / "more").mkdir(), ["/more: a folder, and none was released"]),
    "a link in the release's place": (link_the_release, [": a link, not a folder"]),
    "a link in the manifest's place": (link_the_manifest, ["/manifest.json: a link, not a file"]),
    "a folder in a file's place": (
        put_a_folder_in_a_files_place,
        ["/figures.parquet: a folder, and none was released", "/figures.parquet: missing"],
    ),
}


@pytest.mark.parametrize("what", list(CHANGES))
def test_what_is_not_what_was_released_is_told_and_does_not_count_again(
    what: str, released: Ref, tmp_path: Path
) -> None:
    change, told = CHANGES[what]
    opened = released.open()
    change(opened.places.release(JANUARY), tmp_path / "elsewhere")

    assert verify(opened) == (JANUARY, [f"published/{JANUARY}{one}" for one in told])
    with pytest.raises(VerificationFailed, match="restore published/2026-01 from the backup"):
        release(released, actor="anna")


def test_an_edited_ledger_is_told_by_who_verifies_though_published_fits_it(released: Ref) -> None:
    opened = released.open()
    edit_ledger(opened, "UPDATE ledger SET actor = 'ben'")
    with pytest.raises(VerificationFailed, match="the ledger was changed: entry 1 was changed after it was written"):
        verify(opened)


def say(**said: Any) -> Callable[[Path], None]:
    """Another value for what CURRENT says."""

    def change(pointer: Path) -> None:
        pointer.write_bytes(canonical_json(json.loads(pointer.read_text()) | said) + b"\n")

    return change


def edit(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def edited(pointer: Path) -> None:
        pointer.write_bytes(change(pointer.read_bytes()))

    return edited


def make_a_pipe(pointer: Path) -> None:
    pointer.unlink()
    os.mkfifo(pointer)


def make_a_link(pointer: Path) -> None:
    pointer.rename(pointer.with_name("CURRENT-1"))
    pointer.symlink_to("CURRENT-1")


def point_nowhere(pointer: Path) -> None:
    pointer.unlink()
    pointer.symlink_to("nowhere")


POINTERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (make_a_pipe, "is not a plain file"),
    "a link": (make_a_link, "is not a plain file"),
    "a link to nowhere": (point_nowhere, "is not a plain file"),
    "no JSON": (lambda pointer: pointer.write_text("2026-01"), "cannot be read"),
    "a number for a run": (say(run=5), "cannot be read"),
    "no run": (say(run="../../x"), "cannot be read"),
    "no period": (say(run="soon"), "cannot be read"),
    "text for an entry": (say(ledger_seq="1"), "cannot be read"),
    "one more thing": (say(more=1), "cannot be read"),
    "an entry before the first": (say(ledger_seq=-9), "cannot be read"),
    "two runs": (edit(lambda said: said.replace(b"}", b',"run":"2026-01"}')), "cannot be read"),
    "two lines": (edit(lambda said: said * 2), "cannot be read"),
    "another line end": (edit(lambda said: said.replace(b"\n", b"\r\n")), "cannot be read"),
    "a byte order mark": (edit(lambda said: b"\xef\xbb\xbf" + said), "cannot be read"),
    "nothing": (edit(lambda _: b""), "cannot be read"),
    "no end": (edit(lambda _: b"[" * 100_000), "cannot be read"),
}


@pytest.mark.parametrize("what", list(POINTERS))
def test_a_pointer_that_cannot_be_read_is_told_and_put_right_by_releasing_again(what: str, released: Ref) -> None:
    change, told = POINTERS[what]
    opened = released.open()
    change(opened.places.current)

    with pytest.raises(VerificationFailed, match=f"published/CURRENT {told}\n.*release the newest"):
        verify(opened)
    assert release(released, actor="anna").already
    (opened.places.published / "CURRENT-1").unlink(missing_ok=True)

    assert verify(opened) == (JANUARY, [])


def test_a_pointer_to_what_nobody_released_is_put_right_by_releasing_again(released: Ref) -> None:
    opened = released.open()
    say(run="2026-07")(opened.places.current)
    assert verify(opened) == ("2026-07", ["the ledger holds no release of 2026-07"])
    release(released, actor="anna")
    assert verify(opened) == (JANUARY, [])


def test_an_older_month_never_becomes_what_consumers_see_whatever_became_of_the_pointer(
    released: Ref, site: SmallSite
) -> None:
    send(site, FEBRUARY)
    newer = site.run(FEBRUARY)
    release(newer, actor="anna")
    opened = newer.open()
    opened.places.current.write_text("2026-02")

    release(released, actor="anna")
    with pytest.raises(VerificationFailed, match="cannot be read"):
        publication.current(opened.places)
    release(newer, actor="anna")

    assert verify(opened) == (FEBRUARY, [])


def test_a_manifest_that_names_no_entry_of_the_ledger_is_told_by_its_name(released: Ref, site: SmallSite) -> None:
    manifest = released.open().places.vintage(JANUARY) / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"ledger_head": 5}))
    send(site, FEBRUARY)

    with pytest.raises(CouldNotRun, match=r"vintages/2026-01/manifest\.json cannot be read"):
        site.run(FEBRUARY)
