"""A database URL in; out, transactions on SQLite or PostgreSQL with the schema in place. Imported when it is opened.

SQLite: one file, write-ahead log, every commit on disk before it returns, writers queue up (`BEGIN IMMEDIATE`).
PostgreSQL: the same tables; where two writers must not meet, `alone` names what they would meet over.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, func, insert, inspect, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from loadgate.errors import CouldNotRun
from loadgate.model.identity import canonical_json
from loadgate.store.points import around
from loadgate.store.tables import METADATA, SCHEMA, SCHEMA_VERSION

_BUSY_S = 60  # how long a writer waits for the others before it gives up
_SQLITE = {  # what a person can do about it
    sqlite3.SQLITE_NOTADB: ("is damaged: its file is no database", "restore it from the backup"),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "restore it from the backup"),
    sqlite3.SQLITE_BUSY: (
        f"has been locked by another process for {_BUSY_S} s",
        "let that process end, or stop it; then run the command again",
    ),
    sqlite3.SQLITE_FULL: ("cannot be written: its disk is full", "make room, then run the command again"),
    sqlite3.SQLITE_READONLY: ("may not be written", "let the account that runs this write its file and folder"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "let the account that runs this read and write its file and folder"),
}
_READS = "loadgate_reads"  # execution option: this transaction only reads


class Database:
    """Transactions, and nothing about what is in the tables. Safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        weakref.finalize(self, engine.dispose).atexit = False  # where nobody closed it before it was forgotten

    @contextmanager
    def write(self, *, alone: str | None = None, races: bool = False) -> Iterator[Connection]:
        """One transaction, committed at the end of the block, undone by an exception.

        Raises: CouldNotRun when the database refuses; with `races`, IntegrityError as it is, for the caller to answer.
        """
        with _told(races=races), self.engine.connect() as connection:
            transaction = connection.begin()
            if alone is not None and not self.is_sqlite:
                connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"loadgate {alone}"))))
            try:
                yield connection
                with around("commit"):
                    transaction.commit()
            except BaseException:
                transaction.rollback()
                raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that sees one state throughout and waits for no writer."""
        options = {_READS: True} if self.is_sqlite else {_READS: True, "isolation_level": "REPEATABLE READ"}
        with _told(), self.engine.connect() as connection:
            connection.execution_options(**options)
            with connection.begin():
                yield connection

    def insert_unless_there(self, connection: Connection, table: Table, values: Mapping[str, object]) -> bool:
        """Insert a row unless one of its unique columns is taken; says whether it was inserted."""
        dialect = sqlite if self.is_sqlite else postgresql
        statement = dialect.insert(table).values(**values).on_conflict_do_nothing()
        # a count of rows is not told for every table: SQLAlchemy asks for a new row's own number by itself
        return connection.execute(statement.returning(*table.primary_key)).first() is not None

    def insert_all_unless_there(
        self, connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]
    ) -> None:
        """Insert the rows whose unique columns are free, all with one statement."""
        if rows:
            dialect = sqlite if self.is_sqlite else postgresql
            connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))

    def put_all(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert rows, each in the place of one with the same primary key, all with one statement."""
        if not rows:
            return
        statement = (sqlite if self.is_sqlite else postgresql).insert(table)
        names = [column.name for column in table.primary_key]
        rest = {name: statement.excluded[name] for name in rows[0] if name not in names}
        connection.execute(statement.on_conflict_do_update(index_elements=names, set_=rest), list(rows))

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str | Path) -> Database:
    """Connect to a URL, or to the SQLite file at a path, and make the tables or check their version.

    Raises: CouldNotRun for a URL that is none, a database that cannot be reached, and one of another version.
    """
    try:
        parsed = URL.create("sqlite", database=str(url)) if isinstance(url, Path) else make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else create_engine(parsed, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError):
        raise CouldNotRun(
            "the state database's URL is of no known kind",
            fix="use sqlite:///path/loadgate.db or postgresql://user@host/name (with loadgate[postgres] installed)",
        ) from None
    database = Database(engine)
    try:
        _prepare(database)
    except BaseException:
        database.close()
        raise
    return database


def stamp(moment: datetime) -> str:
    """A moment as text of one width in UTC, which sorts as time does. A moment without a zone is refused."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The opposite of `stamp`."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def moment_or_none(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def to_text(value: object) -> str:
    """A JSON column's text."""
    return canonical_json(value).decode()


def from_text(text: str) -> Any:
    return json.loads(text)


def _prepare(database: Database) -> None:
    with database.read() as connection:  # who only looks must not wait for a writer
        version = _version(connection)
    if version is None:
        with database.write(alone="schema") as connection:
            version = _version(connection)
            if version is None:
                METADATA.create_all(connection)
                connection.execute(insert(SCHEMA).values(version=SCHEMA_VERSION))
                return
    if version != SCHEMA_VERSION:
        raise CouldNotRun(
            f"the state database has version {version}; this loadgate works with version {SCHEMA_VERSION}",
            fix="use the loadgate that wrote it, or export its ledger and import that into a new one",
        )


def _version(connection: Connection) -> int | None:
    """The version of the tables, or None where there are none yet."""
    if not inspect(connection).has_table(SCHEMA.name):
        return None
    version: int | None = connection.execute(select(func.max(SCHEMA.c.version))).scalar()
    return version


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise CouldNotRun("a state database in memory would be forgotten", fix="use sqlite:///path/loadgate.db")
    file = Path(str(url.database))
    folder = file.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CouldNotRun(f"{folder} cannot be made ({type(error).__name__})", fix="check the setting") from None
    readable_alone = file.exists() and not os.access(folder, os.W_OK)
    read = {"creator": partial(_connect_to_read, file)} if readable_alone else {}
    engine = create_engine(url, connect_args={"timeout": _BUSY_S}, **read)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # we say BEGIN ourselves: the driver's own comes too late and locks too little
        connection.isolation_level = None
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            if not readable_alone:
                _use_write_ahead_log(connection)
        except BaseException:
            connection.close()  # nobody else knows of it yet
            raise

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _connect_to_read(file: Path) -> sqlite3.Connection:
    """Connect where nothing may be written. Without a log beside it, the file is whole, and cannot be locked."""
    log = file.with_name(f"{file.name}-wal")
    how = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    return sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True, timeout=_BUSY_S, check_same_thread=False)


def _use_write_ahead_log(connection: Any) -> None:
    """Of two processes that open a new file at once, SQLite tells one at once that it is locked, time-out or not."""
    until = time.monotonic() + _BUSY_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


@contextmanager
def _told(*, races: bool = False) -> Iterator[None]:
    """Turn the library's exceptions into ours: theirs carry statements with their values."""
    try:
        yield
    except IntegrityError:
        if races:
            raise
        raise CouldNotRun("the state database already holds another such row", fix="run the command again") from None
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise _refused(cause) from None
    except SQLAlchemyError as error:
        raise CouldNotRun(f"the state database refused to work ({type(error).__name__})") from None


def _refused(cause: BaseException | None) -> CouldNotRun:
    code = getattr(cause, "sqlite_errorcode", -1) & 0xFF  # without what kind of a read, write or lock it was
    known = _SQLITE.get(code)
    if known is None:
        return CouldNotRun(
            f"the state database refused to work ({type(cause).__name__})",
            fix="check that it is reachable, writable, and that its disk has room",
        )
    what, fix = known
    return CouldNotRun(f"the state database {what}", fix=fix)
