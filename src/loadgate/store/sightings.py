"""Files seen in; out, when each was first seen, and where a finished result lies. Imported with the state.

A file's own time is no arrival time: what counts is when these bytes were first seen under this name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from loadgate.store.database import Database, moment, moment_or_none, stamp
from loadgate.store.tables import RESULTS, SIGHTINGS

_NAMES_AT_ONCE = 500  # in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen. Names stand here as hashes. `stated_at`: None unless a list may state arrival times."""

    name_sha256: str
    content_sha256: str
    size_bytes: int
    stated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """When it was first seen, and the time stated for it (None: none was)."""

    name_sha256: str
    content_sha256: str
    size_bytes: int
    first_seen: datetime
    stated_at: datetime | None

    @property
    def arrived_at(self) -> datetime:
        return self.stated_at or self.first_seen


class Sightings:
    def __init__(self, database: Database) -> None:
        self._database = database

    def see(self, seen: Iterable[Seen], *, now: datetime) -> list[Sighting]:
        """Record what was seen, in one transaction; the first sighting stands for ever. Same order as given.

        A stated time is taken over by the first sighting that has one.
        """
        wanted = list(seen)
        with self._database.write() as connection:
            known = self._known(connection, wanted)
            new = {_key(one): _values(one, now) for one in wanted if _key(one) not in known}
            if new:
                self._database.insert_all_unless_there(connection, SIGHTINGS, list(new.values()))
                known = self._known(connection, wanted)
            stated = {_key(one): one.stated_at for one in wanted if one.stated_at and not known[_key(one)].stated_at}
            for (name, content), moment_stated in stated.items():
                same = (SIGHTINGS.c.name_sha256 == name) & (SIGHTINGS.c.content_sha256 == content)
                unstated = update(SIGHTINGS).where(same, SIGHTINGS.c.stated_at.is_(None))
                connection.execute(unstated.values(stated_at=stamp(moment_stated)))
            if stated:
                known = self._known(connection, wanted)
        return [known[_key(one)] for one in wanted]

    def newest_arrivals(self) -> dict[str, datetime]:
        """SHA-256 of bytes → when they arrived last, under whatever name."""
        newest: dict[str, datetime] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(SIGHTINGS)):
                arrived = moment(row.stated_at or row.first_seen)
                newest[row.content_sha256] = max(arrived, newest.get(row.content_sha256, arrived))
        return newest

    def _known(self, connection: Connection, seen: Sequence[Seen]) -> dict[tuple[str, str], Sighting]:
        """(name, content) → its sighting, of those that were seen before; a few statements for all of them."""
        names = sorted({one.name_sha256 for one in seen})
        known: dict[tuple[str, str], Sighting] = {}
        for start in range(0, len(names), _NAMES_AT_ONCE):
            asked = SIGHTINGS.c.name_sha256.in_(names[start : start + _NAMES_AT_ONCE])
            for row in connection.execute(select(SIGHTINGS).where(asked)):
                known[row.name_sha256, row.content_sha256] = Sighting(
                    name_sha256=row.name_sha256,
                    content_sha256=row.content_sha256,
                    size_bytes=row.size_bytes,
                    first_seen=moment(row.first_seen),
                    stated_at=moment_or_none(row.stated_at),
                )
        return known


def _key(one: Seen) -> tuple[str, str]:
    return one.name_sha256, one.content_sha256


def _values(one: Seen, now: datetime) -> dict[str, object]:
    return {
        "name_sha256": one.name_sha256,
        "content_sha256": one.content_sha256,
        "size_bytes": one.size_bytes,
        "first_seen": stamp(now),
        "stated_at": None if one.stated_at is None else stamp(one.stated_at),
    }


class Results:
    """Where the result of a step lies, by the key of all that it depends on: the same key is not done again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, step: str, work_id: str, key: str, place: str) -> None:
        """Remember a finished result. `place` is relative to the state folder."""
        self.put_all(step, [(work_id, key, place)])

    def put_all(self, step: str, results: Iterable[tuple[str, str, str]]) -> None:
        """Remember finished results of a step, (unit, key, place), in one transaction."""
        new = {(work_id, key): place for work_id, key, place in results}
        values = [{"step": step, "work_id": unit, "key": key, "place": place} for (unit, key), place in new.items()]
        with self._database.write() as connection:
            self._database.put_all(connection, RESULTS, values)

    def find(self, step: str, work_id: str, key: str) -> str | None:
        """The place of the result, or None: never done. The caller looks whether the folder is still there."""
        same = (RESULTS.c.step == step) & (RESULTS.c.work_id == work_id) & (RESULTS.c.key == key)
        with self._database.read() as connection:
            place: str | None = connection.execute(select(RESULTS.c.place).where(same)).scalar()
        return place

    def all(self, step: str) -> dict[str, list[tuple[str, str]]]:
        """Every result of a step: unit → (key, place) in the order of their places."""
        chosen = select(RESULTS).where(RESULTS.c.step == step)
        found: dict[str, list[tuple[str, str]]] = {}
        with self._database.read() as connection:
            for row in connection.execute(chosen):
                found.setdefault(row.work_id, []).append((row.key, row.place))
        return {unit: sorted(pairs, key=lambda pair: (len(pair[1]), pair[1])) for unit, pairs in found.items()}
