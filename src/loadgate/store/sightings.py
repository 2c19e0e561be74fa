"""Files seen in; out, when each was first seen, and where a finished result lies. Imported with the state.

A file's own time is no arrival time: what counts is when these bytes were first seen under this name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from loadgate.store.database import Database, moment, moment_or_none, stamp
from loadgate.store.tables import RESULTS, SIGHTINGS


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
        with self._database.write() as connection:
            told = []
            for one in seen:
                values = {
                    "name_sha256": one.name_sha256,
                    "content_sha256": one.content_sha256,
                    "size_bytes": one.size_bytes,
                    "first_seen": stamp(now),
                    "stated_at": None if one.stated_at is None else stamp(one.stated_at),
                }
                same = (SIGHTINGS.c.name_sha256 == one.name_sha256) & (SIGHTINGS.c.content_sha256 == one.content_sha256)
                if not self._database.insert_unless_there(connection, SIGHTINGS, values) and values["stated_at"]:
                    unstated = update(SIGHTINGS).where(same, SIGHTINGS.c.stated_at.is_(None))
                    connection.execute(unstated.values(stated_at=values["stated_at"]))
                row = connection.execute(select(SIGHTINGS).where(same)).one()
                told.append(
                    Sighting(
                        name_sha256=row.name_sha256,
                        content_sha256=row.content_sha256,
                        size_bytes=row.size_bytes,
                        first_seen=moment(row.first_seen),
                        stated_at=moment_or_none(row.stated_at),
                    )
                )
        return told


class Results:
    """Where the result of a step lies, by the key of all that it depends on: the same key is not done again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, step: str, work_id: str, key: str, place: str) -> None:
        """Remember a finished result. `place` is relative to the state folder."""
        with self._database.write() as connection:
            new = {"step": step, "work_id": work_id, "key": key, "place": place}
            if not self._database.insert_unless_there(connection, RESULTS, new):
                same = (RESULTS.c.step == step) & (RESULTS.c.work_id == work_id) & (RESULTS.c.key == key)
                connection.execute(update(RESULTS).where(same).values(place=place))

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
