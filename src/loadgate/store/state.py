"""A database URL in; out, all that the program remembers outside of files, one object per subject.

    state = open_state(site / "state" / "loadgate.db")
    run = state.runs.open("2026-10", inputs_sha256=…, as_of=…, opened_at=…, opened_by=…)
    state.work.claim(run.id, "measure", "health", holder=…, now=…, lease_s=600)

Importing this module is cheap; opening a state imports SQLAlchemy. One State serves all threads of a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadgate.store.cases import Cases
    from loadgate.store.database import Database
    from loadgate.store.ledger import Ledger
    from loadgate.store.outbox import Outbox
    from loadgate.store.runs import Runs
    from loadgate.store.sightings import Results, Sightings
    from loadgate.store.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The subjects of the state database. `database` is there for a transaction of one's own, and to close."""

    database: Database
    ledger: Ledger
    runs: Runs
    work: Work
    sightings: Sightings
    results: Results
    cases: Cases
    outbox: Outbox

    def close(self) -> None:
        self.database.close()


def open_state(url: str | Path) -> State:
    """Open the state at a URL, or in the SQLite file at a path, making its tables when it is new.

    SQLite's write-ahead log needs a local disk: a network share needs PostgreSQL.
    Raises: CouldNotRun when it cannot be opened, or another version of loadgate wrote it.
    """
    from loadgate.store.cases import Cases
    from loadgate.store.database import open_database
    from loadgate.store.ledger import Ledger
    from loadgate.store.outbox import Outbox
    from loadgate.store.runs import Runs
    from loadgate.store.sightings import Results, Sightings
    from loadgate.store.work import Work

    database = open_database(url)
    return State(
        database=database,
        ledger=Ledger(database),
        runs=Runs(database),
        work=Work(database),
        sightings=Sightings(database),
        results=Results(database),
        cases=Cases(database),
        outbox=Outbox(database),
    )
