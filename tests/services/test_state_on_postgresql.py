"""The state on a real PostgreSQL server: what depends on the database, above all on many writers at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy

from loadgate.errors import CouldNotRun
from loadgate.running.locking import alone, alone_in_state
from loadgate.running.opened import Opened
from loadgate.settings import Settings
from loadgate.store import advisory
from loadgate.store.ledger import FaultKind
from loadgate.store.lock import Held
from loadgate.store.sightings import Seen
from loadgate.store.state import State, open_state
from loadgate.store.work import Claim, WorkState

if TYPE_CHECKING:
    from conftest import PostgresServer

pytestmark = pytest.mark.services
NOW = datetime(2026, 11, 3, 6, 30, tzinfo=UTC)
MANY = 12


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """A new, empty database."""
    name = f"t{uuid.uuid4().hex}"
    admin = sqlalchemy.create_engine(
        postgres_server.url("postgres").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    return postgres_server.url(name)


@pytest.fixture
def state(url: str) -> Iterator[State]:
    state = open_state(url)
    yield state
    state.close()


def test_many_may_open_a_new_state_at_once(url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        for state in pool.map(open_state, [url] * 6):
            state.close()


def test_writers_at_the_same_time_make_one_chain(state: State) -> None:
    with ThreadPoolExecutor(MANY) as pool:
        list(pool.map(lambda number: state.ledger.append("waived", "ann", {"n": number}, NOW), range(60)))

    assert (state.ledger.verify().entries, state.ledger.verify().fault) == (60, None)


def test_of_many_who_do_the_same_once_one_did_and_all_are_told_who(state: State) -> None:
    with ThreadPoolExecutor(MANY) as pool:
        who = [f"ann {number}" for number in range(MANY)]
        told = [*pool.map(lambda name: state.ledger.append("approved", name, {"n": 1}, NOW, once=True), who)]

    (entry,) = state.ledger.entries()
    assert told == [entry] * MANY


def test_a_changed_entry_is_named(state: State) -> None:
    for number in range(4):
        state.ledger.append("waived", "ann", {"n": number}, NOW)
    with state.database.write() as connection:
        connection.exec_driver_sql("UPDATE ledger SET actor = 'bob' WHERE seq = 2")

    fault = state.ledger.verify().fault

    assert fault is not None
    assert (fault.seq, fault.kind) == (2, FaultKind.CHANGED)


def test_the_same_inputs_opened_by_many_are_one_run(state: State) -> None:
    def open_run(period: str) -> str:
        return state.runs.open(period, inputs_sha256="a", as_of=NOW, opened_at=NOW, opened_by="ann").id

    with ThreadPoolExecutor(MANY) as pool:
        opened = list(pool.map(open_run, ["2026-10", "2026-11", "2026-12"] * 8))

    assert opened == ["2026-10", "2026-11", "2026-12"] * 8


def test_cases_opened_by_many_get_numbers_without_gaps(state: State) -> None:
    with ThreadPoolExecutor(MANY) as pool:
        numbers = list(pool.map(lambda n: state.cases.open(f"origin {n % 10}", run="2026-10", body={}), range(30)))

    assert sorted(set(numbers)) == list(range(1, 11))


def test_each_unit_of_work_goes_to_one_holder(state: State) -> None:
    def claim(number: int) -> Claim:
        return state.work.claim(
            "2026-10", "measure", str(number % 5), holder=f"holder {number}", now=NOW, lease_s=60, key="k"
        )

    with ThreadPoolExecutor(MANY) as pool:
        claims = list(pool.map(claim, range(40)))

    assert claims.count(Claim.MINE) == 5
    assert claims.count(Claim.HELD) == 35
    assert len(state.work.crashed(now=NOW + timedelta(seconds=60))) == 5
    assert len(state.work.interrupt("2026-10", now=NOW)) == 5
    assert {row.state for row in state.work.rows("2026-10")} == {WorkState.INTERRUPTED}


def test_a_message_is_put_in_once_and_taken_once(state: State) -> None:
    with ThreadPoolExecutor(MANY) as pool:
        put = list(pool.map(lambda _: state.outbox.enqueue("key", route="r", body={"a": "ø"}, now=NOW), range(MANY)))
        ((message, _),) = state.outbox.due(["r"], now=NOW)
        taken = list(pool.map(lambda _: state.outbox.take(message, now=NOW, lease_s=30), range(MANY)))

    (row,) = [one for one in taken if one is not None]
    assert (put.count(True), row.body) == (1, {"a": "ø"})


def test_of_messages_alike_that_come_at_once_no_more_are_put_in_than_there_are_bodies(state: State) -> None:
    bodies = [{"body": "first"}, {"body": "second"}, {"body": "last"}]

    def put(number: int) -> None:
        state.outbox.enqueue_among(f"key-{number}", route="r", alike=["same"], bodies=bodies, now=NOW)

    with ThreadPoolExecutor(MANY) as pool:
        list(pool.map(put, range(20)))

    assert [row.body["body"] for row in state.outbox.rows() if row.state == "waiting"] == ["first", "second", "last"]
    assert len(state.outbox.rows()) == 20


def test_the_first_sighting_stands(state: State) -> None:
    seen = Seen(name_sha256="n", content_sha256="c", size_bytes=3_000_000_000)
    with ThreadPoolExecutor(MANY) as pool:
        moments = [NOW + timedelta(seconds=number) for number in range(MANY)]
        told = list(pool.map(lambda moment: state.sightings.see([seen], now=moment)[0].first_seen, moments))

    assert len(set(told)) == 1
    state.results.put("checks", "a", "k", "one")
    state.results.put("checks", "a", "k", "two")
    assert state.results.find("checks", "a", "k") == "two"


def test_a_wrong_password_is_told_without_the_password(postgres_server: PostgresServer) -> None:
    url = postgres_server.url("postgres").replace(postgres_server.password, "wrong-secret")

    with pytest.raises(CouldNotRun, match=r"the state database refused to work \(OperationalError\)") as raised:
        open_state(url)
    assert "wrong-secret" not in str(raised.value)


def test_who_works_on_a_period_is_alone_on_every_machine_that_shares_the_database(url: str, state: State) -> None:
    elsewhere = open_state(url)
    try:
        with advisory.hold(state.database, "flis 2026-10", who="ann", now=NOW) as holder:
            with (
                pytest.raises(Held) as raised,
                advisory.hold(elsewhere.database, "flis 2026-10", who="bob", now=NOW),
            ):
                pytest.fail("two at once")
            with advisory.hold(elsewhere.database, "flis 2026-11", who="bob", now=NOW):
                pass
        with advisory.hold(elsewhere.database, "flis 2026-10", who="bob", now=NOW):
            pass
    finally:
        elsewhere.close()

    assert raised.value.holder is not None
    assert (raised.value.holder.who, raised.value.holder.pid) == ("ann", holder.pid)
    assert raised.value.message == (
        f"flis 2026-10 is being worked on by ann (process {holder.pid} on {raised.value.holder.host})"
    )


def test_a_lock_does_not_survive_the_process_that_held_it(url: str, state: State) -> None:
    program = (
        "import sys, time\n"
        "from datetime import UTC, datetime\n"
        "from loadgate.store import advisory\n"
        "from loadgate.store.state import open_state\n"
        "with advisory.hold(open_state(sys.argv[1]).database, 'flis 2026-10', who='ann', now=datetime.now(UTC)):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Held), advisory.hold(state.database, "flis 2026-10", who="bob", now=NOW):
            pytest.fail("two at once")
        process.send_signal(signal.SIGKILL)

    until = time.monotonic() + 60
    while True:  # the server notices a lost client a moment later
        try:
            with advisory.hold(state.database, "flis 2026-10", who="bob", now=NOW):
                break
        except Held:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.fixture
def machines(url: str, tmp_path: Path) -> Iterator[tuple[Opened, Opened]]:
    """One site on two machines that see no lock file of each other's."""
    (tmp_path / "site.toml").write_text('name = "shared"\ntimezone = "Europe/Copenhagen"\n')
    both = [
        Opened(tmp_path, replace(Settings.from_environment(), database_url=url, state=tmp_path / name))
        for name in ("one", "other")
    ]
    yield both[0], both[1]
    for opened in both:
        opened.close()


def test_no_machine_clears_the_state_while_another_works_on_a_period(machines: tuple[Opened, Opened]) -> None:
    one, other = machines
    one.state.runs.open("2026-10", inputs_sha256="0" * 64, as_of=NOW, opened_at=NOW, opened_by="maria")

    with (
        alone(one, "2026-10", actor="maria"),
        pytest.raises(Held, match="2026-10 is being worked on by maria"),
        alone_in_state(other, actor="anna"),
    ):
        pytest.fail("both at work")
    with alone_in_state(other, actor="anna"):
        pass


def test_no_machine_begins_a_period_while_another_clears_the_state(machines: tuple[Opened, Opened]) -> None:
    one, other = machines

    with (
        alone_in_state(other, actor="anna"),
        pytest.raises(Held, match="state is being worked on by anna"),
        alone(one, "2026-10", actor="maria"),
    ):
        pytest.fail("both at work")
    with alone(one, "2026-10", actor="maria"):
        pass
