"""A period and the hash of a run's inputs in; out, the run: the same inputs, the same run. Imported with the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select, update

from loadgate.errors import NotFound
from loadgate.model.identity import run_id
from loadgate.store.database import Database, from_text, moment, stamp, to_text
from loadgate.store.tables import RUNS


class RunState(StrEnum):
    OPEN = "open"  # being worked on, or cut short
    INTERRUPTED = "interrupted"  # stopped by hand
    JUDGED = "judged"  # there is a judgement; a person decides
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run. "Now" in every rule is its `as_of`."""

    id: str
    period: str
    number: int
    inputs_sha256: str
    as_of: datetime
    opened_at: datetime
    opened_by: str
    state: RunState
    detail: Mapping[str, Any]


class Runs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def open(
        self,
        period: str,
        *,
        inputs_sha256: str,
        as_of: datetime,
        opened_at: datetime,
        opened_by: str,
        detail: Mapping[str, object] | None = None,
    ) -> RunRow:
        """The period's newest run if it has these inputs, resumed as it is; else a new one with the next number."""
        with self._database.write(alone="runs") as connection:
            of_period = select(RUNS).where(RUNS.c.period == period).order_by(RUNS.c.number.desc()).limit(1)
            newest = connection.execute(of_period).one_or_none()
            if newest is not None and newest.inputs_sha256 == inputs_sha256:
                return _row(newest)
            number = 1 if newest is None else newest.number + 1
            opened = {
                "id": run_id(period, number),
                "period": period,
                "number": number,
                "inputs_sha256": inputs_sha256,
                "as_of": stamp(as_of),
                "opened_at": stamp(opened_at),
                "opened_by": opened_by,
                "state": RunState.OPEN,
                "detail": to_text(detail or {}),
            }
            connection.execute(insert(RUNS).values(**opened))
            return _row(connection.execute(select(RUNS).where(RUNS.c.id == opened["id"])).one())

    def get(self, run: str) -> RunRow:
        """The run with this id. Raises NotFound."""
        with self._database.read() as connection:
            row = connection.execute(select(RUNS).where(RUNS.c.id == run)).one_or_none()
        if row is None:
            raise NotFound(f"there is no run {run}", fix="`loadgate runs` lists them")
        return _row(row)

    def rows(self, period: str | None = None) -> list[RunRow]:
        """All runs, or those of one period, in order of period and number."""
        chosen = select(RUNS).order_by(RUNS.c.period, RUNS.c.number)
        with self._database.read() as connection:
            found = connection.execute(chosen if period is None else chosen.where(RUNS.c.period == period))
            return [_row(row) for row in found]

    def ids(self) -> set[str]:
        """Every run that was ever opened."""
        with self._database.read() as connection:
            return set(connection.execute(select(RUNS.c.id)).scalars())

    def set_state(self, run: str, state: RunState) -> None:
        """Say how far a run is. Raises NotFound."""
        with self._database.write() as connection:
            if connection.execute(update(RUNS).where(RUNS.c.id == run).values(state=state)).rowcount != 1:
                raise NotFound(f"there is no run {run}", fix="`loadgate runs` lists them")


def _row(row: Row[Any]) -> RunRow:
    return RunRow(
        id=row.id,
        period=row.period,
        number=row.number,
        inputs_sha256=row.inputs_sha256,
        as_of=moment(row.as_of),
        opened_at=moment(row.opened_at),
        opened_by=row.opened_by,
        state=RunState(row.state),
        detail=from_text(row.detail),
    )
