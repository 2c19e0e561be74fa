"""What is incomplete, has no figures or was changed is not released; what an interrupted release left is gone."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from loadgate.errors import CouldNotRun, Refused, VerificationFailed
from loadgate.model.findings import Verdict
from loadgate.running import acting
from loadgate.running.opened import Ref
from loadgate.running.opening import open_run
from loadgate.running.release import judge_again, release, released_as, verify
from loadgate.store import durable, publication
from loadgate.store.ledger import LedgerHead
from loadgate.store.runs import RunState

if TYPE_CHECKING:
    from pathlib import Path

    from tests.months.conftest import MakeSite, SmallSite

JANUARY, FEBRUARY = "2026-01", "2026-02"
EXPECTED = """\
  - {type: expect_column_values_to_not_be_null, kwargs: {column: kind}, reason: It is of some kind.}
"""


@pytest.fixture
def site(make_site: MakeSite) -> SmallSite:
    return make_site(towns=["101"], of_kinds={"care/cases": EXPECTED})


def send(site: SmallSite, period: str) -> None:
    site.deliver(f"{period}/cases_101.csv", "month;kind", f"{period};S", f"{period};N")


def leave(folder: Path) -> Path:
    """A sealed folder of other bytes, as if a release had been killed that meant something else."""
    folder.mkdir(parents=True)
    (folder / "rest.txt").write_text("rest")
    durable.seal(folder, {})
    return folder


def test_a_run_that_is_not_complete_is_not_released(site: SmallSite) -> None:
    from loadgate.model.period import Period
    from loadgate.running.opened import open_site

    send(site, JANUARY)
    ref = open_run(open_site(site.path), Period.parse(JANUARY), as_of=None, actor="test", quiet=True)

    with pytest.raises(CouldNotRun, match=f"run {JANUARY} is not complete"):
        release(ref, actor="test")


def test_a_run_without_figures_is_not_released_though_nothing_holds_it(site: SmallSite) -> None:
    send(site, FEBRUARY)

    ref = site.run(JANUARY)

    assert judge_again(ref).verdict is Verdict.RELEASE_WITH_CAVEATS
    with pytest.raises(Refused, match="has no figures"):
        release(ref, actor="test")
    assert ref.open().state.ledger.entries(acting.RELEASED) == []


def test_what_an_interrupted_release_left_gives_way_to_what_is_released(site: SmallSite) -> None:
    send(site, JANUARY)
    ref = site.run(JANUARY)
    places = ref.open().places
    left = [leave(folder(JANUARY)) for folder in (places.staged, places.release, places.vintage)]

    done = release(ref, actor="test")

    assert not done.already
    assert not any((folder / "rest.txt").exists() for folder in left)
    assert verify(ref.open()) == (JANUARY, [])
    assert durable.differences(places.vintage(JANUARY)) == []


def test_what_was_changed_since_it_was_released_is_not_made_to_count_again(site: SmallSite) -> None:
    send(site, JANUARY)
    ref = site.run(JANUARY)
    done = release(ref, actor="test")
    opened = ref.open()
    (done.folder / "release_notes.md").write_text("All is well.\n")
    opened.places.current.unlink()

    with pytest.raises(VerificationFailed, match="published/ is not what was released: "):
        release(ref, actor="test")

    assert publication.current(opened.places) is None


def test_a_release_counts_as_made_only_when_it_came_to_its_end(site: SmallSite) -> None:
    send(site, JANUARY)
    ref = site.run(JANUARY)
    before = released_as(ref)
    done = release(ref, actor="test")
    after = released_as(ref)
    ref.open().state.runs.set_state(JANUARY, RunState.JUDGED)  # as if killed before the last step

    assert before is None
    assert after is not None
    assert (after.manifest_sha256, after.already, done.already) == (done.manifest_sha256, True, False)
    assert released_as(ref) is None
    assert release(ref, actor="test").already


def test_a_pointer_to_another_entry_of_the_ledger_is_put_right_by_releasing_again(site: SmallSite) -> None:
    send(site, JANUARY)
    ref = site.run(JANUARY)
    release(ref, actor="test")
    opened = ref.open()
    publication.switch(opened.places, JANUARY, LedgerHead(seq=99, sha256="0" * 64), tmp=opened.tmp)
    before = verify(opened)

    release(ref, actor="test")

    assert before == (JANUARY, ["CURRENT is not what the ledger says"])
    assert verify(opened) == (JANUARY, [])


def test_an_older_month_that_is_released_later_does_not_become_what_consumers_see(site: SmallSite) -> None:
    send(site, JANUARY)
    send(site, FEBRUARY)
    january, february = site.run(JANUARY), site.run(FEBRUARY)

    release(february, actor="test")
    release(january, actor="test")

    assert verify(january.open()) == (FEBRUARY, [])
    assert released_as(january) is not None


def test_what_consumers_were_shown_stands_though_its_release_was_killed_before_its_last_step(site: SmallSite) -> None:
    send(site, JANUARY)
    send(site, FEBRUARY)
    january, february = site.run(JANUARY), site.run(FEBRUARY)
    release(february, actor="test")
    january.open().state.runs.set_state(FEBRUARY, RunState.JUDGED)

    release(january, actor="test")

    assert verify(january.open()) == (FEBRUARY, [])


def test_of_two_months_that_are_released_at_the_same_instant_the_newer_is_what_consumers_see(
    site: SmallSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(site, JANUARY)
    send(site, FEBRUARY)
    january, february = site.run(JANUARY), site.run(FEBRUARY)
    release(february, actor="test")
    opened = february.open()
    opened.places.current.unlink()
    opened.state.runs.set_state(FEBRUARY, RunState.JUDGED)  # as if killed before its switch
    other = Thread(target=release, args=[february], kwargs={"actor": "test"})
    switch = publication.switch

    def late(places: Any, run: str, *told: Any, **more: Any) -> publication.Current:
        if run == JANUARY:  # has looked, and found no newer one
            other.start()
            other.join(0.7)
        return switch(places, run, *told, **more)

    monkeypatch.setattr(publication, "switch", late)
    release(january, actor="test")
    other.join()

    assert verify(opened) == (FEBRUARY, [])


def test_an_older_release_that_is_gone_or_altered_is_told_with_the_one_that_counts(site: SmallSite) -> None:
    send(site, JANUARY)
    send(site, FEBRUARY)
    done = release(site.run(JANUARY), actor="test")
    opened = site.run(FEBRUARY).open()
    release(Ref(str(site.path), FEBRUARY), actor="test")

    (done.folder / "release_notes.md").write_text("All is well.\n")
    altered = verify(opened)
    opened.state.runs.set_state(JANUARY, RunState.JUDGED)  # as if killed before its last step: its folder lies there
    killed = verify(opened)
    opened.state.runs.set_state(JANUARY, RunState.RELEASED)
    durable.discard_folder(done.folder)

    (told,) = altered[1]
    assert told.startswith(f"published/{JANUARY}/release_notes.md: ")
    assert killed == altered
    assert verify(opened) == (FEBRUARY, [f"published/{JANUARY}: there is no manifest"])


def test_what_later_months_are_compared_with_holds_what_detection_wrote_down(site: SmallSite) -> None:
    send(site, JANUARY)
    ref = site.run(JANUARY)
    release(ref, actor="test")
    places = ref.open().places
    (written,) = places.step(JANUARY, "detect").rglob("history.parquet")

    assert (places.vintage(JANUARY) / "history.parquet").read_bytes() == written.read_bytes()


def test_a_part_that_is_withheld_goes_out_nowhere_and_the_ledger_names_it(make_site: MakeSite) -> None:
    gate = "rules:\n  - {kinds: [checking.failed], then: block_part, reason: It is wrong.}\n"
    rest = "  - {then: show, reason: The rest.}\n"
    site = make_site({"expectations/gate.yaml": gate + rest}, of_kinds={"care/cases": EXPECTED})
    site.deliver(f"{JANUARY}/cases_101.csv", "month;kind", f"{JANUARY};S", f"{JANUARY};N")
    site.deliver(f"{JANUARY}/cases_102.csv", "month;kind", f"{JANUARY};S", f"{JANUARY};")
    ref = site.run(JANUARY)

    done = release(ref, actor="test")

    opened = ref.open()
    (entry,) = opened.state.ledger.entries(acting.RELEASED)
    files = [folder(JANUARY) / "figures.parquet" for folder in (opened.places.release, opened.places.vintage)]
    assert (done.verdict, done.withheld) == (Verdict.RELEASE_WITH_CAVEATS, ("care/102",))
    assert entry.body["withheld"] == ["care/102"]
    assert [set(pl.read_parquet(file)["part"]) for file in files] == [{"care/101"}] * 2
    assert verify(opened) == (JANUARY, [])


def test_a_release_killed_before_its_folder_lay_there_is_asked_of_only_where_it_counts(site: SmallSite) -> None:
    send(site, JANUARY)
    send(site, FEBRUARY)
    release(site.run(JANUARY), actor="test")
    february = site.run(FEBRUARY)
    opened = february.open()
    before = opened.places.current.read_bytes()
    done = release(february, actor="test")
    after = opened.places.current.read_bytes()
    opened.state.runs.set_state(FEBRUARY, RunState.JUDGED)
    durable.discard_folder(done.folder)

    opened.places.current.write_bytes(before)
    killed = verify(opened)
    opened.places.current.write_bytes(after)

    assert killed == (JANUARY, [])
    assert verify(opened) == (FEBRUARY, [f"published/{FEBRUARY}: there is no manifest"])
