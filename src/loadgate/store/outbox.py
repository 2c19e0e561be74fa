"""Messages in, each once by its key; out, what waits to be sent. Nobody is told twice, if the sender is not killed
between the sending and the note that it was sent: then once more rather than never. Imported with the state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, or_, select, update

from loadgate.store.database import Database, from_text, moment, moment_or_none, stamp, to_text
from loadgate.store.tables import OUTBOX


class MessageState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"  # given up
    HELD = "held"  # kept back: as many alike were told before


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One message. `sent_at` is None until it was sent."""

    id: int
    message_key: str
    route: str
    body: Mapping[str, Any]
    state: MessageState
    attempts: int
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a message tells, and what it has in common with others."""

    key: str
    tells: tuple[str, ...]
    alike: tuple[str, ...]


class Outbox:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: dict[str, _Facts] = {}  # by key, which says what is told: no body is read twice for it

    def enqueue(self, message_key: str, *, route: str, body: Mapping[str, object], now: datetime) -> bool:
        """Put a message in, unless one with this key was ever put in; says whether it was."""
        with self._database.write() as connection:
            return self._put(connection, message_key, route, MessageState.WAITING, body, now)

    def enqueue_among(
        self,
        message_key: str,
        *,
        route: str,
        alike: Collection[str],
        bodies: Sequence[Mapping[str, object]],
        now: datetime,
    ) -> None:
        """Put a message in with the first body if the route was told none alike, with the second after one, and so on.

        `alike` names what it is like; a message with several names is told until each of them was told as often as
        there are bodies. From then on it is kept back, under a key of its own, for whoever tells all of them together.
        """
        with self._database.write(alone="outbox") as connection:
            there = self._facts(connection, OUTBOX.c.route == route)
            if any(one.key == message_key for one, _ in there):
                return
            told = Counter(name for one, state in there if state is not MessageState.HELD for name in one.alike)
            before = min((told[name] for name in alike), default=0)
            key, state = message_key, MessageState.WAITING
            if before >= len(bodies):
                before, key, state = 0, f"held-{message_key}", MessageState.HELD
            self._put(connection, key, route, state, {**bodies[before], "alike": sorted(alike)}, now)

    def drop(self, messages: Collection[int]) -> None:
        """Forget messages that were kept back."""
        with self._database.write() as connection:
            kept_back = and_(OUTBOX.c.id.in_(messages), OUTBOX.c.state == MessageState.HELD)
            connection.execute(delete(OUTBOX).where(kept_back))

    def _put(
        self,
        connection: Connection,
        message_key: str,
        route: str,
        state: MessageState,
        body: Mapping[str, object],
        now: datetime,
    ) -> bool:
        values = {
            "message_key": message_key,
            "route": route,
            "body": to_text(body),
            "state": state,
            "attempts": 0,
            "created_at": stamp(now),
        }
        return self._database.insert_unless_there(connection, OUTBOX, values)

    def facts(self) -> tuple[frozenset[str], frozenset[str]]:
        """Keys of all messages and the facts that they tell; of those kept back apart, as the second."""
        with self._database.read() as connection:
            there = self._facts(connection)
        kept_back = MessageState.HELD
        return (
            frozenset(fact for one, state in there if state is not kept_back for fact in (one.key, *one.tells)),
            frozenset(fact for one, state in there if state is kept_back for fact in (one.key, *one.tells)),
        )

    def _facts(self, connection: Connection, *which: ColumnElement[bool]) -> list[tuple[_Facts, MessageState]]:
        there = connection.execute(select(OUTBOX.c.id, OUTBOX.c.message_key, OUTBOX.c.state).where(*which)).all()
        unread = [row.id for row in there if row.message_key not in self._read]
        if unread:
            bodies = select(OUTBOX.c.message_key, OUTBOX.c.body).where(OUTBOX.c.id >= min(unread), *which)
            for row in connection.execute(bodies):
                body = from_text(row.body)
                told = (tuple(body.get(name, ())) for name in ("tells", "alike"))
                self._read[row.message_key] = _Facts(row.message_key, *told)
        return [(self._read[row.message_key], MessageState(row.state)) for row in there]

    def due(self, routes: Collection[str], *, now: datetime) -> list[tuple[int, str]]:
        """Id and route of what is to be sent on these routes, oldest first.

        Also what could not be sent and has waited long enough, and what a sender took and did not answer for within
        its lease.
        """
        chosen = select(OUTBOX.c.id, OUTBOX.c.route).where(OUTBOX.c.route.in_(routes), _due(now)).order_by(OUTBOX.c.id)
        with self._database.read() as connection:
            return [(row.id, row.route) for row in connection.execute(chosen)]

    def take(self, message: int, *, now: datetime, lease_s: float) -> OutboxRow | None:
        """Take one to send it, and hand it over as it is now; None when another sender has it, or had it."""
        taken = {
            "state": MessageState.SENDING,
            "attempts": OUTBOX.c.attempts + 1,
            "lease_until": stamp(now + timedelta(seconds=lease_s)),
        }
        with self._database.write() as connection:
            found = connection.execute(update(OUTBOX).where(OUTBOX.c.id == message, _due(now)).values(**taken))
            if found.rowcount != 1:
                return None
            return _row(connection.execute(select(OUTBOX).where(OUTBOX.c.id == message)).one())

    def took(self, message: int, *, who: str, now: datetime, lease_s: float) -> None:
        """One of several who are told has it; the sender keeps the message for the others."""
        with self._database.write() as connection:
            body = from_text(connection.execute(select(OUTBOX.c.body).where(OUTBOX.c.id == message)).scalar_one())
            body["told"] = sorted({*body.get("told", ()), who})
            kept = {"body": to_text(body), "lease_until": stamp(now + timedelta(seconds=lease_s))}
            connection.execute(update(OUTBOX).where(OUTBOX.c.id == message).values(**kept))

    def sent(self, message: int, *, now: datetime) -> None:
        self._set(message, state=MessageState.SENT, sent_at=stamp(now), lease_until=None)

    def not_sent(self, message: int, *, again_at: datetime | None) -> None:
        """It could not be sent: it waits for its next try, or is given up where there is none."""
        state = MessageState.FAILED if again_at is None else MessageState.WAITING
        self._set(message, state=state, lease_until=None if again_at is None else stamp(again_at))

    def try_again(self, messages: Collection[int]) -> None:
        """Messages that wait for their next try, or were given up, are due now, as if never tried.

        Those that a sender has are left to it.
        """
        idle = and_(OUTBOX.c.id.in_(messages), OUTBOX.c.state.in_((MessageState.WAITING, MessageState.FAILED)))
        with self._database.write() as connection:
            fresh = {"state": MessageState.WAITING, "attempts": 0, "lease_until": None}
            connection.execute(update(OUTBOX).where(idle).values(**fresh))

    def rows(self) -> list[OutboxRow]:
        """All messages, oldest first."""
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(select(OUTBOX).order_by(OUTBOX.c.id))]

    def _set(self, message: int, **values: str | None) -> None:
        with self._database.write() as connection:
            connection.execute(update(OUTBOX).where(OUTBOX.c.id == message).values(**values))


def _due(now: datetime) -> ColumnElement[bool]:
    unsent = OUTBOX.c.state.in_((MessageState.WAITING, MessageState.SENDING))
    return and_(unsent, or_(OUTBOX.c.lease_until.is_(None), OUTBOX.c.lease_until <= stamp(now)))


def _row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(
        id=row.id,
        message_key=row.message_key,
        route=row.route,
        body=from_text(row.body),
        state=MessageState(row.state),
        attempts=row.attempts,
        created_at=moment(row.created_at),
        sent_at=moment_or_none(row.sent_at),
    )
