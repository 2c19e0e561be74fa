from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Never

import pytest

from loadgate.errors import CouldNotRun, NotFound
from loadgate.store.cases import CaseRow, CaseState
from loadgate.store.runs import RunState
from loadgate.store.sightings import Seen
from loadgate.store.state import State, open_state
from loadgate.store.work import Claim, WorkState

NOW = datetime(2026, 11, 3, 6, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = open_state(tmp_path / "state" / "loadgate.db")
    yield state
    state.close()


def _open_run(state: State, period: str, inputs: str) -> str:
    return state.runs.open(period, inputs_sha256=inputs, as_of=NOW, opened_at=NOW, opened_by="ann").id


# ── opening ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_heavy_libraries_are_imported_where_they_are_used() -> None:
    script = (
        "import sys; import loadgate.store.state, loadgate.store.objects, loadgate.store.durable, loadgate.store.lock; "
        "print({'sqlalchemy', 'boto3', 'botocore'} & set(sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"set()\n"


def test_sqlite_is_set_to_lose_nothing(state: State) -> None:
    with state.database.engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000}


def test_what_was_stored_is_there_when_the_state_is_opened_again(tmp_path: Path) -> None:
    first = open_state(f"sqlite:///{tmp_path / 'loadgate.db'}")
    _open_run(first, "2026-10", "a")
    first.close()

    second = open_state(tmp_path / "loadgate.db")

    assert [run.id for run in second.runs.rows()] == ["2026-10"]
    second.close()


def test_many_processes_may_open_a_new_state_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from loadgate.store.state import open_state; "
        "open_state(Path(sys.argv[1])).close()"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "new.db")], stderr=subprocess.PIPE)
        for _ in range(4)
    ]

    assert [child.communicate()[1] for child in children] == [b""] * 4


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    open_state(tmp_path / "loadgate.db").close()
    with sqlite3.connect(tmp_path / "loadgate.db") as raw:
        raw.execute("UPDATE schema_version SET version = 99")
    raw.close()

    with pytest.raises(CouldNotRun, match="the state database has version 99; this loadgate works with version 1"):
        open_state(tmp_path / "loadgate.db")

    assert not is_open(tmp_path / "loadgate.db")


def test_a_state_that_is_forgotten_is_closed(tmp_path: Path) -> None:
    state = open_state(tmp_path / "loadgate.db")
    assert is_open(tmp_path / "loadgate.db")

    del state

    assert not is_open(tmp_path / "loadgate.db")


def is_open(database: Path) -> bool:
    """SQLite takes its log away with the last connection."""
    return database.with_name(f"{database.name}-wal").exists()


@pytest.mark.parametrize("url", ["oracle://x", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_is_no_database_is_refused(url: str) -> None:
    with pytest.raises(CouldNotRun) as raised:
        open_state(url)

    assert "sqlite:///" in (raised.value.fix or "")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loadgate.db").write_bytes(b"not a database at all, but long enough to look at" * 50)

    with pytest.raises(CouldNotRun, match="the state database is damaged: its file is no database") as raised:
        open_state(tmp_path / "loadgate.db")
    assert raised.value.fix == "restore it from the backup"


def test_a_database_with_spoiled_pages_is_said_to_be_damaged(tmp_path: Path) -> None:
    open_state(tmp_path / "loadgate.db").close()
    with (tmp_path / "loadgate.db").open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)

    with pytest.raises(CouldNotRun, match="the state database is damaged"):
        open_state(tmp_path / "loadgate.db")


def test_a_database_in_whose_place_a_folder_lies_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "loadgate.db").mkdir()

    with pytest.raises(CouldNotRun, match="the state database cannot be opened"):
        open_state(tmp_path / "loadgate.db")


def test_an_exception_undoes_the_transaction(state: State) -> None:
    _open_run(state, "2026-10", "a")

    with pytest.raises(ZeroDivisionError), state.database.write() as connection:
        assert connection.exec_driver_sql("DELETE FROM runs").rowcount / 0

    assert len(state.runs.rows()) == 1


def test_what_the_database_says_does_not_carry_values(state: State) -> None:
    with pytest.raises(CouldNotRun) as raised, state.database.write() as connection:
        connection.exec_driver_sql("INSERT INTO nowhere VALUES ('0101701234')")

    assert "0101701234" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_moment_without_a_zone_is_refused(state: State) -> None:
    with pytest.raises(ValueError, match="time zone"):
        state.sightings.see([Seen(name_sha256="n", content_sha256="c", size_bytes=1)], now=NOW.replace(tzinfo=None))


# ── runs ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_newest_run_is_taken_up_if_it_has_these_inputs_else_the_next_begins(state: State) -> None:
    given = (("2026-10", "a"), ("2026-10", "a"), ("2026-10", "b"), ("2026-10", "a"), ("2026-11", "a"))

    opened = [_open_run(state, period, inputs) for period, inputs in given]

    assert opened == ["2026-10", "2026-10", "2026-10.2", "2026-10.3", "2026-11"]
    assert [run.id for run in state.runs.rows("2026-10")] == ["2026-10", "2026-10.2", "2026-10.3"]


def test_a_resumed_run_keeps_what_it_was_opened_with(state: State) -> None:
    first = state.runs.open("2026-10", inputs_sha256="a", as_of=NOW, opened_at=NOW, opened_by="ann", detail={"n": 1})
    state.runs.set_state("2026-10", RunState.JUDGED)

    again = state.runs.open("2026-10", inputs_sha256="a", as_of=LATER, opened_at=LATER, opened_by="bob")

    assert (again.as_of, again.opened_by, again.detail) == (first.as_of, "ann", {"n": 1})
    assert again.state is RunState.JUDGED


def test_a_run_that_does_not_exist_is_not_found(state: State) -> None:
    with pytest.raises(NotFound, match="there is no run 2026-10"):
        state.runs.get("2026-10")
    with pytest.raises(NotFound, match="there is no run 2026-10"):
        state.runs.set_state("2026-10", RunState.OPEN)


# ── work ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _claim(state: State, holder: str, *, now: datetime = NOW, key: str | None = None, lease_s: float = 60) -> Claim:
    return state.work.claim("2026-10", "measure", "health", holder=holder, now=now, lease_s=lease_s, key=key)


def test_planned_work_is_planned_once(state: State) -> None:
    state.work.plan("2026-10", "measure", ["health", "schools"])
    _claim(state, "a")
    state.work.plan("2026-10", "measure", ["health", "elderly"])

    rows = {row.work_id: row.state for row in state.work.rows("2026-10", "measure")}
    assert rows == {"elderly": WorkState.PLANNED, "health": WorkState.RUNNING, "schools": WorkState.PLANNED}


def test_one_unit_has_one_holder_until_its_lease_runs_out(state: State) -> None:
    assert _claim(state, "a") is Claim.MINE
    assert _claim(state, "b", now=NOW + timedelta(seconds=59)) is Claim.HELD
    assert state.work.crashed(now=NOW + timedelta(seconds=59)) == []

    ran_out = NOW + timedelta(seconds=60)
    assert [row.holder for row in state.work.crashed(now=ran_out)] == ["a"]
    assert _claim(state, "b", now=ran_out) is Claim.MINE
    row = state.work.get("2026-10", "measure", "health")
    assert row is not None
    assert (row.holder, row.attempts) == ("b", 2)


def test_who_lost_a_unit_cannot_finish_it(state: State) -> None:
    _claim(state, "a")
    _claim(state, "b", now=LATER)

    with pytest.raises(CouldNotRun, match="measure of health was taken over by another process"):
        state.work.finish("2026-10", "measure", "health", holder="a", now=LATER)
    state.work.finish("2026-10", "measure", "health", holder="b", now=LATER)


def test_a_renewed_lease_lasts_longer(state: State) -> None:
    _claim(state, "a", lease_s=60)
    state.work.renew("2026-10", "measure", "health", holder="a", now=NOW + timedelta(seconds=50), lease_s=60)

    assert _claim(state, "b", now=NOW + timedelta(seconds=100)) is Claim.HELD


def test_what_was_done_under_a_key_is_not_done_again_and_under_another_it_is(state: State) -> None:
    _claim(state, "a", key="k1")
    state.work.finish("2026-10", "measure", "health", holder="a", now=NOW, detail={"rows": 7})

    assert _claim(state, "b", key="k1") is Claim.DONE
    assert _claim(state, "b") is Claim.DONE
    row = state.work.get("2026-10", "measure", "health")
    assert row is not None
    assert (row.key, row.detail, row.finished_at) == ("k1", {"rows": 7}, NOW)
    assert _claim(state, "b", key="k2") is Claim.MINE


def test_failed_work_may_be_claimed_again(state: State) -> None:
    _claim(state, "a")
    state.work.fail("2026-10", "measure", "health", holder="a", now=NOW, detail={"reason": "could not read"})

    assert _claim(state, "b") is Claim.MINE


def test_what_a_dead_holder_left_is_interrupted_and_free(state: State) -> None:
    _claim(state, "a", lease_s=3600)

    assert [row.holder for row in state.work.interrupt("2026-10", now=NOW)] == ["a"]

    assert [row.state for row in state.work.rows("2026-10")] == [WorkState.INTERRUPTED]
    assert _claim(state, "b") is Claim.MINE


def test_progress_counts_every_state_of_every_step(state: State) -> None:
    state.work.plan("2026-10", "deliveries", ["a", "b", "c"])
    state.work.plan("2026-10", "measure", ["health"])
    state.work.plan("2026-11", "measure", ["health"])
    state.work.claim("2026-10", "deliveries", "a", holder="x", now=NOW, lease_s=9)
    state.work.finish("2026-10", "deliveries", "a", holder="x", now=NOW)

    progress = {step.step: step for step in state.work.progress("2026-10")}

    assert list(progress) == ["deliveries", "measure"]
    assert progress["deliveries"].total == 3
    assert progress["deliveries"].counts[WorkState.DONE] == 1
    assert progress["measure"].counts == {**dict.fromkeys(WorkState, 0), WorkState.PLANNED: 1}


def test_of_many_threads_each_unit_goes_to_one(state: State) -> None:
    claimed: list[tuple[str, str]] = []

    def take_all(holder: str) -> None:
        for number in range(20):
            claim = state.work.claim("2026-10", "deliveries", str(number), holder=holder, now=NOW, lease_s=60)
            if claim is Claim.MINE:
                claimed.append((str(number), holder))

    threads = [threading.Thread(target=take_all, args=(f"t{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(number for number, _ in claimed) == sorted(str(number) for number in range(20))


# ── sightings, results ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_sighting_stands(state: State) -> None:
    one = Seen(name_sha256="n", content_sha256="c", size_bytes=3_000_000_000)
    two = Seen(name_sha256="n", content_sha256="other", size_bytes=1)

    state.sightings.see([one], now=NOW)
    again = state.sightings.see([two, one], now=LATER)

    assert [(sighting.content_sha256, sighting.arrived_at) for sighting in again] == [("other", LATER), ("c", NOW)]
    assert again[1].size_bytes == 3_000_000_000


def test_a_stated_time_counts_as_arrival_and_is_stated_once(state: State) -> None:
    def see(stated: datetime | None) -> datetime:
        seen = Seen(name_sha256="n", content_sha256="c", size_bytes=1, stated_at=stated)
        return state.sightings.see([seen], now=LATER)[0].arrived_at

    assert [see(None), see(NOW), see(LATER + timedelta(days=1)), see(None)] == [LATER, NOW, NOW, NOW]


def test_a_result_is_found_by_its_key_alone(state: State) -> None:
    state.results.put("checks", "2026-10/a", "k1", "deliveries/one")
    state.results.put("checks", "2026-10/a", "k1", "deliveries/two")

    assert state.results.find("checks", "2026-10/a", "k1") == "deliveries/two"
    assert state.results.find("checks", "2026-10/a", "k2") is None


# ── cases ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_case_gets_the_next_number_once(state: State) -> None:
    numbers = [
        state.cases.open(origin, run="2026-10", body={"kind": "restatement"})
        for origin in ("2026-10 run", "2026-10 vendor/x", "2026-10 run")
    ]

    assert numbers == [1, 2, 1]


def test_a_rebuilt_case_keeps_its_number_and_the_next_is_above_it(state: State) -> None:
    state.cases.open("2026-09 run", run="2026-09", body={"a": 1})
    given = state.cases.get(state.cases.open("2026-10 of a run that is being judged", run="2026-10", body={}))
    row = CaseRow(number=7, origin="o", state=CaseState.OPEN, opened_run="2026-09", last_run="2026-10", body={"a": [1]})
    state.cases.replace_all(lambda: [(row, {"2026-09": ["b", "a"], "2026-10": ["a"]})])

    assert state.cases.rows() == [given, row]
    assert state.cases.findings(7) == [("2026-09", "a"), ("2026-09", "b"), ("2026-10", "a")]
    assert state.cases.open("new", run="2026-10", body={}) == 8


def test_cases_that_cannot_be_made_anew_stay_as_they_were(state: State) -> None:
    state.cases.open("2026-09 run", run="2026-09", body={"a": 1})
    state.cases.attach(1, run="2026-09", finding_ids=["a"])
    before = state.cases.rows()

    def made() -> Never:
        raise CouldNotRun("the judgement of 2026-09 is not what was kept")

    with pytest.raises(CouldNotRun, match="not what was kept"):
        state.cases.replace_all(made)

    assert state.cases.rows() == before
    assert state.cases.findings(1) == [("2026-09", "a")]


def test_a_closed_case_is_not_among_the_open_ones(state: State) -> None:
    first, second = (state.cases.open(origin, run="2026-10", body={}) for origin in ("a", "b"))
    row = state.cases.get(first)
    state.cases.put(
        CaseRow(
            number=first, origin=row.origin, state=CaseState.CLOSED, opened_run="2026-10", last_run="2026-11", body={}
        )
    )

    assert [case.number for case in state.cases.rows(CaseState.OPEN)] == [second]
    assert [case.number for case in state.cases.rows()] == [first, second]


def test_two_cases_cannot_share_an_origin(state: State) -> None:
    state.cases.open("a", run="2026-10", body={})
    other = CaseRow(number=2, origin="b", state=CaseState.OPEN, opened_run="r", last_run="r", body={})
    state.cases.put(other)

    with pytest.raises(CouldNotRun, match="already holds another such row"):
        state.cases.put(CaseRow(number=2, origin="a", state=CaseState.OPEN, opened_run="r", last_run="r", body={}))


def test_findings_said_again_for_a_run_replace_and_those_of_other_runs_stay(state: State) -> None:
    number = state.cases.open("a", run="2026-10", body={})
    state.cases.attach(number, run="2026-10", finding_ids=["f-1", "f-2"])
    state.cases.attach(number, run="2026-11", finding_ids=["f-2"])
    state.cases.attach(number, run="2026-10", finding_ids=["f-3", "f-3"])

    assert state.cases.findings(number) == [("2026-10", "f-3"), ("2026-11", "f-2")]


def test_findings_of_no_case_are_refused(state: State) -> None:
    with pytest.raises(CouldNotRun):
        state.cases.attach(5, run="2026-10", finding_ids=["f-1"])


def test_a_case_that_does_not_exist_is_not_found(state: State) -> None:
    with pytest.raises(NotFound, match="there is no case 5"):
        state.cases.get(5)
