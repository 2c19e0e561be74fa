"""Judged cases in; out, their numbers and which findings they hold. A projection: rebuilt from ledger and runs.

What a case says is the caller's (`body`); here it gets its number, once. Imported with the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from loadgate.errors import NotFound
from loadgate.store.database import Database, from_text, to_text
from loadgate.store.tables import CASE_FINDINGS, CASES


class CaseState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One case. `origin` says what made it (run and cause), so that the same judgement stored twice makes one case."""

    number: int
    origin: str
    state: CaseState
    opened_run: str
    last_run: str
    body: Mapping[str, Any]


Held = tuple[CaseRow, Mapping[str, Iterable[str]]]
"""A case, and by run the ids of the findings that it has held."""


class Cases:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, origin: str, *, run: str, body: Mapping[str, object]) -> int:
        """The number of the case of this origin: the one it has, or the next."""
        with self._database.write(alone="cases") as connection:
            found = connection.execute(select(CASES.c.number).where(CASES.c.origin == origin)).scalar()
            if found is not None:
                return int(found)
            number = int(connection.execute(select(func.coalesce(func.max(CASES.c.number), 0))).scalar_one()) + 1
            row = CaseRow(number=number, origin=origin, state=CaseState.OPEN, opened_run=run, last_run=run, body=body)
            connection.execute(insert(CASES).values(**_values(row)))
        return number

    def put(self, row: CaseRow) -> None:
        """Write a case as it is, number included."""
        with self._database.write(alone="cases") as connection:
            if not self._database.insert_unless_there(connection, CASES, _values(row)):
                connection.execute(update(CASES).where(CASES.c.number == row.number).values(**_values(row)))

    def attach(self, number: int, *, run: str, finding_ids: Iterable[str]) -> None:
        """Say which findings of a run belong to the case; said again for the same run, it replaces."""
        of_run = (CASE_FINDINGS.c.number == number) & (CASE_FINDINGS.c.run == run)
        with self._database.write() as connection:
            connection.execute(delete(CASE_FINDINGS).where(of_run))
            _attach(connection, number, {run: finding_ids})

    def get(self, number: int) -> CaseRow:
        """The case with this number. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(select(CASES).where(CASES.c.number == number)).one_or_none()
        if row is None:
            raise NotFound(f"there is no case {number}", fix="`loadgate case list` lists them")
        return _row(row)

    def rows(self, state: CaseState | None = None) -> list[CaseRow]:
        """All cases, or those in one state, by number."""
        chosen = select(CASES).order_by(CASES.c.number)
        with self._database.read() as connection:
            found = connection.execute(chosen if state is None else chosen.where(CASES.c.state == state))
            return [_row(row) for row in found]

    def findings(self, number: int) -> list[tuple[str, str]]:
        """(run, finding id) of everything that the case has held."""
        chosen = select(CASE_FINDINGS.c.run, CASE_FINDINGS.c.finding_id).where(CASE_FINDINGS.c.number == number)
        with self._database.read() as connection:
            return sorted((row.run, row.finding_id) for row in connection.execute(chosen))

    def replace_all(self, made: Callable[[], Iterable[Held]]) -> None:
        """Write all cases anew, as they are when no other process can write one; where that fails, they stay.

        So does a number that was given and not written about yet: its run is being judged.
        """
        with self._database.write(alone="cases") as connection:
            cases = list(made())
            numbers, origins = [row.number for row, _ in cases], [row.origin for row, _ in cases]
            known = or_(CASES.c.number.in_(numbers), CASES.c.origin.in_(origins), CASES.c.body != to_text({}))
            connection.execute(delete(CASE_FINDINGS))
            connection.execute(delete(CASES).where(known))
            for row, findings in cases:
                connection.execute(insert(CASES).values(**_values(row)))
                _attach(connection, row.number, findings)


def _attach(connection: Connection, number: int, findings: Mapping[str, Iterable[str]]) -> None:
    rows = [
        {"number": number, "run": run, "finding_id": finding}
        for run, names in findings.items()
        for finding in sorted(set(names))
    ]
    if rows:
        connection.execute(insert(CASE_FINDINGS), rows)


def _values(row: CaseRow) -> dict[str, object]:
    return {
        "number": row.number,
        "origin": row.origin,
        "state": row.state,
        "opened_run": row.opened_run,
        "last_run": row.last_run,
        "body": to_text(row.body),
    }


def _row(row: Row[Any]) -> CaseRow:
    return CaseRow(
        number=row.number,
        origin=row.origin,
        state=CaseState(row.state),
        opened_run=row.opened_run,
        last_run=row.last_run,
        body=from_text(row.body),
    )
