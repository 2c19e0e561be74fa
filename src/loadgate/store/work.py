"""Units of work in; out, who does what, until when, and how far it is. Progress, status and resuming read this.

A unit belongs to a run (or, in a delivery's life, to the period), a step and its own id. Who works on it holds a
lease; a lease that ran out is a crash. Imported when the state is opened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from loadgate.errors import CouldNotRun
from loadgate.store.database import Database, from_text, moment_or_none, stamp, to_text
from loadgate.store.tables import WORK


class WorkState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # stopped by hand, or taken over from a holder that is gone


class Claim(StrEnum):
    """The answer to who wants to work on a unit."""

    MINE = "mine"
    DONE = "done"  # done before, with the same key
    HELD = "held"  # another holder's lease still runs


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRow:
    """One unit. `holder` and the times are None until it is claimed or finished; `key` is that of the result."""

    run: str
    step: str
    work_id: str
    state: WorkState
    attempts: int
    lease_until: datetime | None
    holder: str | None
    started_at: datetime | None
    finished_at: datetime | None
    key: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    """How far one step is: `counts` has every state."""

    step: str
    counts: Mapping[WorkState, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Work:
    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self, run: str, step: str, work_ids: Iterable[str]) -> None:
        """Write down units to be done; units that are there already stay as they are."""
        with self._database.write() as connection:
            planned = [_planned(run, step, work_id) for work_id in work_ids]
            self._database.insert_all_unless_there(connection, WORK, planned)

    def claim(
        self, run: str, step: str, work_id: str, *, holder: str, now: datetime, lease_s: float, key: str | None = None
    ) -> Claim:
        """Take a unit for `lease_s` seconds, planned or not. What was done under another `key` is done again."""
        with self._database.write() as connection:
            self._plan_one(connection, run, step, work_id)
            held = select(WORK).where(_is(run, step, work_id)).with_for_update()
            row = _row(connection.execute(held).one())
            if row.state is WorkState.DONE and (key is None or key == row.key):
                return Claim.DONE
            lease_runs = row.lease_until is not None and row.lease_until > now
            if row.state is WorkState.RUNNING and row.holder != holder and lease_runs:
                return Claim.HELD
            connection.execute(
                update(WORK)
                .where(_is(run, step, work_id))
                .values(
                    state=WorkState.RUNNING,
                    attempts=row.attempts + 1,
                    lease_until=stamp(now + timedelta(seconds=lease_s)),
                    holder=holder,
                    started_at=stamp(now),
                    finished_at=None,
                    key=key,
                )
            )
        return Claim.MINE

    def renew(self, run: str, step: str, work_id: str, *, holder: str, now: datetime, lease_s: float) -> None:
        """Hold a unit for longer. Raises CouldNotRun when it has been taken over."""
        self._change(run, step, work_id, holder, lease_until=stamp(now + timedelta(seconds=lease_s)))

    def finish(
        self,
        run: str,
        step: str,
        work_id: str,
        *,
        holder: str,
        now: datetime,
        key: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Done. `key` replaces the one it was claimed with. Raises CouldNotRun when it has been taken over."""
        renamed = {} if key is None else {"key": key}
        self._end(run, step, work_id, holder, WorkState.DONE, now=now, detail=detail, **renamed)

    def fail(
        self,
        run: str,
        step: str,
        work_id: str,
        *,
        holder: str,
        now: datetime,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Could not be done; it may be claimed again. `detail` carries no row values."""
        self._end(run, step, work_id, holder, WorkState.FAILED, now=now, detail=detail)

    def interrupt(self, run: str, *, now: datetime) -> list[WorkRow]:
        """Take what still runs from its holders: for who holds the run's lock, at the start and when stopped."""
        with self._database.write() as connection:
            running = and_(WORK.c.run == run, WORK.c.state == WorkState.RUNNING)
            rows = [_row(row) for row in connection.execute(select(WORK).where(running).order_by(*_ORDER))]
            connection.execute(
                update(WORK)
                .where(running)
                .values(state=WorkState.INTERRUPTED, holder=None, lease_until=None, finished_at=stamp(now))
            )
        return rows

    def settle(self, run: str, step: str, *, left: Collection[str], now: datetime) -> None:
        """Units that are not `left` are done: their holder kept the result, and was killed before it could say so."""
        with self._database.write() as connection:
            unsaid = and_(WORK.c.run == run, WORK.c.step == step, WORK.c.state != WorkState.DONE)
            rows = [_row(row) for row in connection.execute(select(WORK).where(unsaid))]
            for row in rows:
                if row.work_id not in left and row.state is not WorkState.RUNNING:
                    settled = {"state": WorkState.DONE, "finished_at": stamp(now), "detail": "{}"}
                    connection.execute(update(WORK).where(_is(run, step, row.work_id)).values(**settled))

    def plan_again(self, run: str, *, steps: Collection[str]) -> None:
        """Whatever failed in a run, and every unit of these steps of it, is to be done again."""
        again = and_(WORK.c.run == run, or_(WORK.c.state == WorkState.FAILED, WORK.c.step.in_(steps)))
        undone = {"state": WorkState.PLANNED, "holder": None, "lease_until": None, "finished_at": None, "detail": "{}"}
        with self._database.write() as connection:
            connection.execute(update(WORK).where(again).values(**undone))

    def get(self, run: str, step: str, work_id: str) -> WorkRow | None:
        """The unit, or None when it was never planned."""
        with self._database.read() as connection:
            row = connection.execute(select(WORK).where(_is(run, step, work_id))).one_or_none()
        return None if row is None else _row(row)

    def rows(self, run: str, step: str | None = None) -> list[WorkRow]:
        """The units of a run, or of one of its steps."""
        chosen = select(WORK).where(WORK.c.run == run).order_by(*_ORDER)
        return self._select(chosen if step is None else chosen.where(WORK.c.step == step))

    def crashed(self, *, now: datetime) -> list[WorkRow]:
        """Units whose lease ran out while they were being worked on."""
        ran_out = and_(WORK.c.state == WorkState.RUNNING, WORK.c.lease_until <= stamp(now))
        return self._select(select(WORK).where(ran_out).order_by(*_ORDER))

    def progress(self, run: str) -> list[StepProgress]:
        """How far each step of a run is, by name of the step."""
        counted = (
            select(WORK.c.step, WORK.c.state, func.count().label("units"))
            .where(WORK.c.run == run)
            .group_by(WORK.c.step, WORK.c.state)
        )
        steps: dict[str, dict[WorkState, int]] = {}
        with self._database.read() as connection:
            for step, state, units in connection.execute(counted):
                steps.setdefault(step, dict.fromkeys(WorkState, 0))[WorkState(state)] = units
        return [StepProgress(step=step, counts=steps[step]) for step in sorted(steps)]

    def _plan_one(self, connection: Connection, run: str, step: str, work_id: str) -> None:
        self._database.insert_unless_there(connection, WORK, _planned(run, step, work_id))

    def _end(
        self,
        run: str,
        step: str,
        work_id: str,
        holder: str,
        state: WorkState,
        *,
        now: datetime,
        detail: Mapping[str, object] | None,
        **more: str,
    ) -> None:
        ended = {"state": state, "lease_until": None, "finished_at": stamp(now), "detail": to_text(detail or {})}
        self._change(run, step, work_id, holder, **ended, **more)

    def _change(self, run: str, step: str, work_id: str, holder: str, **values: str | None) -> None:
        mine = and_(_is(run, step, work_id), WORK.c.holder == holder, WORK.c.state == WorkState.RUNNING)
        with self._database.write() as connection:
            if connection.execute(update(WORK).where(mine).values(**values)).rowcount != 1:
                raise CouldNotRun(
                    f"{step} of {work_id} was taken over by another process", fix="see `loadgate status`; run again"
                )

    def _select(self, statement: Any) -> list[WorkRow]:
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(statement)]


_ORDER: Sequence[Any] = (WORK.c.run, WORK.c.step, WORK.c.work_id)


def _planned(run: str, step: str, work_id: str) -> dict[str, object]:
    planned = {"run": run, "step": step, "work_id": work_id, "state": WorkState.PLANNED, "attempts": 0}
    return {**planned, "detail": "{}"}


def _is(run: str, step: str, work_id: str) -> ColumnElement[bool]:
    return and_(WORK.c.run == run, WORK.c.step == step, WORK.c.work_id == work_id)


def _row(row: Row[Any]) -> WorkRow:
    return WorkRow(
        run=row.run,
        step=row.step,
        work_id=row.work_id,
        state=WorkState(row.state),
        attempts=row.attempts,
        lease_until=moment_or_none(row.lease_until),
        holder=row.holder,
        started_at=moment_or_none(row.started_at),
        finished_at=moment_or_none(row.finished_at),
        key=row.key,
        detail=from_text(row.detail),
    )
