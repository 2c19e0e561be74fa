"""Nothing in; out, the tables of the state database, alike on SQLite and PostgreSQL. Imported when it is opened.

Times are text in UTC, one width, so that they sort; JSON is canonical text, so that the same value is the same bytes.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

SCHEMA_VERSION = 1

METADATA = MetaData()

SCHEMA = Table("schema_version", METADATA, Column("version", Integer, primary_key=True, autoincrement=False))

# `seq` is given by `ledger.py` and hashed with the entry: a database's own counter leaves gaps when it rolls back
LEDGER = Table(
    "ledger",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("previous_sha256", Text, nullable=False, unique=True),
    Column("format", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("body", Text, nullable=False),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("period", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("inputs_sha256", Text, nullable=False),
    Column("as_of", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text, nullable=False),
    UniqueConstraint("period", "number"),
)

WORK = Table(
    "work",
    METADATA,
    Column("run", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("work_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Text),
    Column("holder", Text),
    Column("started_at", Text),
    Column("finished_at", Text),
    Column("key", Text),
    Column("detail", Text, nullable=False),
)

SIGHTINGS = Table(
    "sightings",
    METADATA,
    Column("name_sha256", Text, primary_key=True),
    Column("content_sha256", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("first_seen", Text, nullable=False),
    Column("stated_at", Text),
)

RESULTS = Table(
    "results",
    METADATA,
    Column("step", Text, primary_key=True),
    Column("work_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("place", Text, nullable=False),
)

CASES = Table(
    "cases",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("origin", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("opened_run", Text, nullable=False),
    Column("last_run", Text, nullable=False),
    Column("body", Text, nullable=False),
)

CASE_FINDINGS = Table(
    "case_findings",
    METADATA,
    Column("number", Integer, ForeignKey("cases.number", ondelete="CASCADE"), primary_key=True),
    Column("run", Text, primary_key=True),
    Column("finding_id", Text, primary_key=True),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("message_key", Text, nullable=False, unique=True),
    Column("route", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Text),
    Column("created_at", Text, nullable=False),
    Column("sent_at", Text),
)

Index("ix_outbox_state", OUTBOX.c.state)
