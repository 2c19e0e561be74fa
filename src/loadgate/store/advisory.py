"""A PostgreSQL database in; out, the right to be the only one at work on something, on whichever machine.

The server holds the lock (`pg_try_advisory_lock`) on a connection of its own and lets go of it when that connection
ends, however its holder dies. Who holds it stands in the connection's `application_name`, for the second to be told.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from loadgate.errors import CouldNotRun
from loadgate.store.lock import Held, Holder

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from loadgate.store.database import Database

_NAME_BYTES = 63  # the server cuts longer names
_HOLDERS = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 "
    "AND l.classid::bigint = :space AND l.objid::bigint = (hashtext(:name)::bigint & 4294967295)"
)
_SPACE = 20261  # the first of the lock's two keys: locks of runs, apart from those of transactions


@contextmanager
def hold(database: Database, name: str, *, who: str, now: datetime) -> Iterator[Holder]:
    """Be the only one that works with this database on `name`.

    Raises: Held at once when another is; CouldNotRun when the database refuses.
    """
    holder = Holder(pid=os.getpid(), host=socket.gethostname(), who=who, since=now.isoformat(timespec="seconds"))
    engine = create_engine(database.engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise _refused(error) from None
    try:
        _take(connection, name, holder)
        yield holder
    finally:
        connection.close()  # the server lets go of the lock with it
        engine.dispose()


def holder_of(database: Database, name: str) -> Holder | None:
    """Who works on `name`; None when nobody does. Raises: CouldNotRun when the database refuses."""
    try:
        with database.engine.connect() as connection:
            said = connection.execute(_HOLDERS, {"space": _SPACE, "name": name}).scalar()
    except SQLAlchemyError as error:
        raise _refused(error) from None
    if said is None:
        return None
    return _read(said) or Holder(pid=0, host="?", who="another process", since="")


def _take(connection: Connection, name: str, holder: Holder) -> None:
    keys = {"space": _SPACE, "name": name}
    said = json.dumps([holder.who[:20], holder.pid, holder.host[:16]], separators=(",", ":"))
    try:
        connection.execute(
            text("SELECT set_config('application_name', :said, false)"), {"said": said.encode()[:_NAME_BYTES].decode()}
        )
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:space, hashtext(:name))"), keys).scalar()
        other = None if taken else connection.execute(_HOLDERS, keys).scalar()
    except SQLAlchemyError as error:
        raise _refused(error) from None
    if not taken:
        raise Held(name, _read(other))


def _read(said: str | None) -> Holder | None:
    """Who the other says they are; None if that cannot be read."""
    try:
        who, pid, host = json.loads(said or "")
    except (ValueError, TypeError):
        return None
    return Holder(pid=int(pid), host=str(host), who=str(who), since="")


def _refused(error: SQLAlchemyError) -> CouldNotRun:
    return CouldNotRun(
        f"the state database refused to work ({type(error).__name__})",
        fix="check that it is reachable and takes another connection",
    )
