"""Acts in; out, a chain of entries that is only ever added to, and the name of the first entry that was changed.

An entry's hash covers its place, its content and the hash before it. A chain rewritten from some entry to its end is
whole again: only the heads that manifests carry show that, and a cut tail. Imported with the state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from loadgate.errors import CouldNotRun, VerificationFailed
from loadgate.model.identity import canonical_json, sha256
from loadgate.store import durable
from loadgate.store.database import Database, from_text, moment, stamp, to_text
from loadgate.store.tables import LEDGER

FORMAT = 1
GENESIS = "0" * 64  # what the first entry names as the one before it
Head = tuple[str, int, str]  # where it is printed, its entry, that entry's SHA-256
_TRIES = 200  # of many writers at once, each round lets one through


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One act, as it was written; `body` is plain JSON."""

    seq: int
    format: int
    kind: str
    actor: str
    at: datetime
    body: Mapping[str, Any]
    previous_sha256: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHead:
    """The last entry at some time, for a manifest to carry; `seq` 0 before the first."""

    seq: int
    sha256: str


class FaultKind(StrEnum):
    CHANGED = "changed"  # its content is not what was hashed
    MOVED = "moved"  # another entry stands in its place
    MISSING = "missing"  # removed, while later ones stand
    REWRITTEN = "rewritten"  # replaced, with a hash that fits
    CUT = "cut"  # removed, and all later ones with it


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFault:
    """The first entry that is not what was written.

    `moved_from` is the place of the entry that stands there instead, `named_by` the manifest that shows it; each is
    None where it does not apply.
    """

    seq: int
    kind: FaultKind
    moved_from: int | None = None
    named_by: str | None = None

    def __str__(self) -> str:
        shown = "" if self.named_by is None else f": {self.named_by} names another"
        match self.kind:
            case FaultKind.CHANGED:
                return f"entry {self.seq} was changed after it was written"
            case FaultKind.MOVED:
                return f"entry {self.seq} is not in its place: entry {self.moved_from} stands there"
            case FaultKind.MISSING:
                return f"entry {self.seq} is missing, and later ones are there"
            case FaultKind.REWRITTEN:
                return f"entry {self.seq} was replaced by another{shown}"
            case FaultKind.CUT:
                return f"entry {self.seq} and all after it are missing: {self.named_by} names a later one"
            case _:
                assert_never(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How many entries there are, the last of them, and the first fault (None: whole)."""

    entries: int
    head: LedgerHead
    fault: LedgerFault | None


class Ledger:
    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self,
        kind: str,
        actor: str,
        body: Mapping[str, object] | Callable[[int], Mapping[str, object]],
        at: datetime,
        *,
        once: bool = False,
    ) -> LedgerEntry:
        """Add an act at the end. With `once`, an act of this kind with this very body is not added again but returned.

        A body that names its own place is made from it: only here is it known that no other act takes the same.
        Raises: ValueError for a moment without a zone or a body without a canonical form.
        """
        said_at = stamp(at)
        for _ in range(_TRIES):
            try:
                with self._database.write(races=True) as connection:
                    head = _head(connection)
                    written = to_text(body(head.seq + 1) if callable(body) else body)
                    there = _find(connection, kind, written) if once else None
                    if there is not None:
                        return _entry(there)
                    row = _chained(head, kind=kind, actor=actor, at=said_at, body=written)
                    connection.execute(insert(LEDGER).values(**row))
                    return _entry_of(row)
            except IntegrityError:
                continue  # another writer has added to the same head
        raise CouldNotRun("the ledger is too busy to be written to", fix="run the command again")

    def head(self) -> LedgerHead:
        """The last entry, for a manifest."""
        with self._database.read() as connection:
            return _head(connection)

    def entries(self, kind: str | None = None) -> list[LedgerEntry]:
        """All acts, or those of one kind, in order, in the newest format.

        Raises: CouldNotRun for one that was changed after it was written: nobody acts on what it says now.
        """
        chosen = select(LEDGER).order_by(LEDGER.c.seq)
        with self._database.read() as connection:
            rows = connection.execute(chosen if kind is None else chosen.where(LEDGER.c.kind == kind)).all()
        for row in rows:
            if not _fits(row._asdict(), row.seq):
                fault = LedgerFault(seq=row.seq, kind=FaultKind.CHANGED)
                raise CouldNotRun(f"the ledger was changed: {fault}", fix="restore the state database from the backup")
        return [upcast(_entry(row)) for row in rows]

    def verify(self, heads: Iterable[Head] = ()) -> Verification:
        """Compare every entry with its hash, with the one before it, and with heads."""
        with self._database.read() as connection:
            rows = [dict(row) for row in connection.execute(select(LEDGER).order_by(LEDGER.c.seq)).mappings()]
        return examine(rows, heads)

    def disagreement(self, heads: Collection[Head]) -> LedgerFault | None:
        """The first fault where the entry that the newest head names is not there as it says; None where it is."""
        if not heads:
            return None
        _, seq, expected = max(heads, key=lambda head: head[1])
        with self._database.read() as connection:
            if seq > _head(connection).seq:  # a number that no database may hold, too
                return self.verify(heads).fault
            found = connection.execute(select(LEDGER.c.sha256).where(LEDGER.c.seq == seq)).scalar_one_or_none()
        return None if seq == 0 or found == expected else self.verify(heads).fault

    def export(self, path: Path) -> int:
        """Write all entries as they are, one line of JSON each. Returns how many."""
        with self._database.read() as connection:
            rows = [dict(row) for row in connection.execute(select(LEDGER).order_by(LEDGER.c.seq)).mappings()]
        durable.write_chunks(path, (canonical_json({**row, "body": from_text(row["body"])}) + b"\n" for row in rows))
        return len(rows)

    def import_lines(self, lines: Iterable[str | bytes]) -> int:
        """Add exported entries that are not there yet, all or none. Returns how many were added.

        Raises: VerificationFailed when they are not whole, or do not continue what is there.
        """
        rows = [_row_of(line, number) for number, line in enumerate(lines, start=1)]
        fault = examine(rows, ()).fault
        if fault is not None:
            raise VerificationFailed(f"the exported ledger is not whole: {fault}", fix="use another copy of it")
        with self._database.write(alone="ledger") as connection:
            head = _head(connection)
            if head.seq and (len(rows) < head.seq or rows[head.seq - 1]["sha256"] != head.sha256):
                raise VerificationFailed(
                    f"the exported ledger does not continue the one here, which ends with entry {head.seq}",
                    fix="import it into an empty state database",
                )
            if rows[head.seq :]:
                connection.execute(insert(LEDGER), rows[head.seq :])
        return len(rows) - head.seq


def upcast(entry: LedgerEntry) -> LedgerEntry:
    """The entry as the newest format would say it. What is stored, and its hash, stay as they are."""
    while entry.format < FORMAT:
        entry = UPCASTS[entry.format](entry)
    if entry.format > FORMAT:
        raise CouldNotRun(
            f"ledger entry {entry.seq} has format {entry.format}; this loadgate reads up to {FORMAT}",
            fix="use a newer loadgate",
        )
    return entry


# from a format to the next; each returns an entry whose `format` is one higher
UPCASTS: dict[int, Callable[[LedgerEntry], LedgerEntry]] = {}


def examine(rows: list[dict[str, Any]], heads: Iterable[Head]) -> Verification:
    """Find the first fault in stored entries, sorted by `seq`. Pure."""
    inner = _first_inner_fault(rows)
    whole_until = len(rows) if inner is None else inner.seq - 1
    outer = _first_outer_fault(rows[:whole_until], heads, cut_counts=inner is None)
    last = LedgerHead(seq=rows[-1]["seq"], sha256=rows[-1]["sha256"]) if rows else LedgerHead(seq=0, sha256=GENESIS)
    return Verification(entries=len(rows), head=last, fault=outer or inner)


def _first_inner_fault(rows: list[dict[str, Any]]) -> LedgerFault | None:
    previous = GENESIS
    for place, row in enumerate(rows, start=1):
        if row["seq"] != place:
            return LedgerFault(seq=place, kind=FaultKind.MISSING)
        if not _fits(row, row["seq"]):
            moved_from = next((seq for seq in range(1, len(rows) + 100) if _fits(row, seq)), None)
            kind = FaultKind.CHANGED if moved_from is None else FaultKind.MOVED
            return LedgerFault(seq=place, kind=kind, moved_from=moved_from)
        if row["previous_sha256"] != previous:
            return LedgerFault(seq=max(place - 1, 1), kind=FaultKind.REWRITTEN)
        previous = row["sha256"]
    return None


def _first_outer_fault(rows: list[dict[str, Any]], heads: Iterable[Head], *, cut_counts: bool) -> LedgerFault | None:
    agreed = 0  # the last entry that a head confirms; one replaced after it takes all that follow with it
    for label, seq, expected in sorted(heads, key=lambda head: head[1]):
        if seq > len(rows):
            return LedgerFault(seq=len(rows) + 1, kind=FaultKind.CUT, named_by=label) if cut_counts else None
        if seq and rows[seq - 1]["sha256"] != expected:
            return LedgerFault(seq=agreed + 1, kind=FaultKind.REWRITTEN, named_by=label)
        agreed = seq
    return None


def _fits(row: Mapping[str, Any], seq: int) -> bool:
    try:
        body = from_text(row["body"])
        return bool(to_text(body) == row["body"] and _hash({**row, "seq": seq, "body": body}) == row["sha256"])
    except (ValueError, TypeError):
        return False


def _hash(row: Mapping[str, Any]) -> str:
    """SHA-256 of an entry: all of it but the hash itself."""
    return sha256(canonical_json({name: value for name, value in row.items() if name != "sha256"}))


def _chained(head: LedgerHead, *, kind: str, actor: str, at: str, body: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "seq": head.seq + 1,
        "previous_sha256": head.sha256,
        "format": FORMAT,
        "kind": kind,
        "actor": actor,
        "at": at,
        "body": body,
    }
    return {**row, "sha256": _hash({**row, "body": from_text(body)})}


def _row_of(line: str | bytes, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
        row["body"] = to_text(row["body"])
        if set(row) != {column.name for column in LEDGER.c}:
            raise ValueError
    except (ValueError, TypeError, KeyError):
        raise VerificationFailed(
            f"line {number} of the exported ledger is no entry", fix="use another copy of it"
        ) from None
    return dict(row)


def _head(connection: Connection) -> LedgerHead:
    last = select(LEDGER.c.seq, LEDGER.c.sha256).order_by(LEDGER.c.seq.desc()).limit(1)
    row = connection.execute(last).one_or_none()
    return LedgerHead(seq=0, sha256=GENESIS) if row is None else LedgerHead(seq=row.seq, sha256=row.sha256)


def _find(connection: Connection, kind: str, body: str) -> Row[Any] | None:
    same = select(LEDGER).where(LEDGER.c.kind == kind, LEDGER.c.body == body).order_by(LEDGER.c.seq).limit(1)
    return connection.execute(same).one_or_none()


def _entry(row: Row[Any]) -> LedgerEntry:
    return _entry_of(row._asdict())


def _entry_of(row: Mapping[str, Any]) -> LedgerEntry:
    return LedgerEntry(
        seq=row["seq"],
        format=row["format"],
        kind=row["kind"],
        actor=row["actor"],
        at=moment(row["at"]),
        body=from_text(row["body"]),
        previous_sha256=row["previous_sha256"],
        sha256=row["sha256"],
    )
