"""A site's state and the retention that the site states in; out, without originals and rows older than that.

What is to go is written down, then entered in the ledger, then deleted (decision 0014): killed anywhere, the next prune
ends what the ledger says, and never adds to it.
"""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.errors import Refused, SiteError
from loadgate.model.identity import canonical_json, key_of
from loadgate.model.moments import day_in
from loadgate.model.period import Period, run_order
from loadgate.running import acting
from loadgate.running.locking import alone_in_state
from loadgate.running.needed import Needed, needed
from loadgate.running.opened import now
from loadgate.running.opening import expected_deliveries
from loadgate.running.pruned import PRUNED, note
from loadgate.running.tidying import delivery_folders, discard, forget_empty, heap, version_of
from loadgate.store import durable
from loadgate.store.places import WATCH

if TYPE_CHECKING:
    from loadgate.model.site import Site
    from loadgate.running.inputs import RunInputs
    from loadgate.running.opened import Opened
    from loadgate.store.ledger import LedgerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a prune deletes. `files` are SHA-256 of originals, `folders` lie below deliveries/.

    `before` is the first period that is young enough to stay. Of older ones, those `waiting` for a decision stay whole,
    and `compared` deliveries of others, which the next period is held against or the current release is made of.
    """

    id: str
    retention_months: int
    before: str
    periods: tuple[str, ...]
    waiting: tuple[str, ...]
    compared: int
    files: tuple[str, ...]
    file_bytes: int
    folders: tuple[str, ...]
    folder_bytes: int

    @property
    def is_empty(self) -> bool:
        return not (self.files or self.folders)

    def body(self) -> dict[str, Any]:
        """What the ledger says of it: no file by name."""
        return {**asdict(self), "files": len(self.files), "folders": len(self.folders)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """`ended` is the ledger entry of a prune that was cut short before, None without one."""

    plan: Plan
    entry: int | None
    ended: int | None


def prune(opened: Opened, *, actor: str, dry_run: bool = False, at: datetime | None = None) -> Pruned:
    """Delete originals and rows of periods older than the site states; with `dry_run`, only say what would go.

    Raises Refused where the site states no retention, CouldNotRun while a period is being worked on, where the ledger
    is not whole, or where something could not be deleted.
    """
    acting.require_name(actor)
    site = opened.site()
    if site.file.retention_months is None:
        raise Refused(
            "the site states no retention: nothing is deleted",
            fix="write retention_months = 24, or whatever holds for you, into site.toml",
        )
    if dry_run:
        begun, entry = _begun(opened)
        plan = _plan(opened, site, without=begun if entry else None)
        return Pruned(plan=plan, entry=None, ended=entry.seq if entry else None)
    with alone_in_state(opened, actor=actor):
        need = needed(opened, site)
        begun, ended = _begun(opened)
        if begun is not None and ended is not None:
            _carry_out(opened, begun, ended, spared=_spared(opened, need, Period.parse(begun.before)))
        plan, entry = _plan(opened, site, need=need), None
        if not plan.is_empty:
            durable.write_bytes(opened.places.pruning, canonical_json(asdict(plan)) + b"\n")
            entry = opened.state.ledger.append(PRUNED, actor, plan.body(), at or now(), once=True)
            _carry_out(opened, plan, entry, spared=_Spared(hashes=frozenset(), versions=frozenset()))
        durable.remove_file(opened.places.pruning)
    return Pruned(plan=plan, entry=entry.seq if entry else None, ended=ended.seq if ended else None)


# ── what is to go ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spared:
    """Bytes and versions of deliveries that stay."""

    hashes: frozenset[str]
    versions: frozenset[str]


def _plan(opened: Opened, site: Site, *, need: Needed | None = None, without: Plan | None = None) -> Plan:
    """`without`: what another plan has deleted by then."""
    need = need or needed(opened, site)
    months = site.file.retention_months
    if months is None:
        raise ValueError("the site states no retention")
    before = Period.of(_months_before(_today(opened, site), months), site.file.cadence)
    waiting = _waiting(need, before)
    spared = _spared(opened, need, before)
    by_period = _old_bytes(opened, before, waiting)
    old = frozenset[str]().union(*by_period.values()) - spared.hashes
    orphans = _orphans(opened, before) - spared.hashes
    files = sorted((old | orphans).intersection(_archived(opened)) - set(without.files if without else ()))
    folders = sorted(
        set(_old_folders(opened, before, waiting, spared.versions)) - set(without.folders if without else ())
    )
    gone = frozenset(files)
    periods = {period for period, hashes in by_period.items() if hashes & gone}
    periods |= {folder.partition("/")[0] for folder in folders}
    head = opened.state.ledger.head()
    return Plan(
        id=key_of(head.sha256, files, folders),
        retention_months=months,
        before=str(before),
        periods=tuple(sorted(periods)),
        waiting=waiting,
        compared=sum(_is_old(run, before, waiting) for run, each in need.compared.items() for _ in each),
        files=tuple(files),
        file_bytes=heap(opened.places.archived(one) for one in files).size_bytes,
        folders=tuple(folders),
        folder_bytes=heap(opened.places.deliveries / one for one in folders).size_bytes,
    )


def _today(opened: Opened, site: Site) -> date:
    """The day at the site; where arrival times are stated, that of the newest run (decision 0004).

    A run may be judged as of a day long after its period, to see what would be: then it is the day that this closed.
    """
    rows = opened.state.runs.rows() if site.file.stated_times else []
    if not rows:
        return day_in(site.file.timezone, now())
    newest = max(run_order(row.id)[0] for row in rows)
    try:
        closes = [day_in(site.file.timezone, one.closes) for one in expected_deliveries(site, newest)]
    except SiteError:  # the calendar need not reach so far any more
        closes = []
    return min(day_in(site.file.timezone, max(row.as_of for row in rows)), max(closes, default=newest.end))


def _months_before(day: date, months: int) -> date:
    """The same day that many months earlier, or the last one of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _period_of(run: str) -> Period:
    return Period.parse(run.removeprefix(WATCH)) if run.startswith(WATCH) else run_order(run)[0]


def _waiting(need: Needed, before: Period) -> tuple[str, ...]:
    """Older periods that wait for a decision."""
    return tuple(sorted({str(_period_of(run)) for run in need.waiting if _period_of(run) < before}))


def _is_old(run: str, before: Period, waiting: Iterable[str]) -> bool:
    return _period_of(run) < before and str(_period_of(run)) not in waiting


def _refs(opened: Opened) -> list[str]:
    """Every run that froze its inputs, and every look at a period's arrivals."""
    runs = [row.id for row in opened.state.runs.rows() if opened.places.inputs(row.id).exists()]
    return [*runs, *(file.stem for file in sorted(opened.places.watches.glob(f"{WATCH}*.json")))]


def _bytes_of(inputs: RunInputs) -> set[str]:
    """SHA-256 of all that came for a period, each version of it, and files that nobody expected."""
    parts = {part.sha256 for one in inputs.arrivals if one.delivery for part in one.delivery.parts}
    return parts | {file.sha256 for file in inputs.unexpected}


def _old_bytes(opened: Opened, before: Period, waiting: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for run in _refs(opened):
        if _is_old(run, before, waiting):
            found.setdefault(str(_period_of(run)), set()).update(_bytes_of(opened.inputs(run)))
    return found


def _spared(opened: Opened, need: Needed, before: Period) -> _Spared:
    """What a younger or a waiting period came with, what waits for comparison, and what comparisons are made with."""
    waiting = _waiting(need, before)
    hashes: set[str] = set()
    for run in _refs(opened):
        if not _is_old(run, before, waiting):
            hashes |= _bytes_of(opened.inputs(run))
    for run in need.waiting:
        hashes.update(*opened.inputs(run).before.values())
    compared = [one for each in need.compared.values() for one in each]
    hashes |= {part.sha256 for one in compared for part in one.parts}
    return _Spared(hashes=frozenset(hashes), versions=frozenset(one.id for one in compared))


def _orphans(opened: Opened, before: Period) -> set[str]:
    """Archived bytes that came before the first period that is kept began, whoever sent them, for whatever period."""
    arrived = opened.state.sightings.newest_arrivals()
    found = set()
    for name, path in _archived(opened).items():
        when = arrived.get(name) or datetime.fromtimestamp(path.lstat().st_mtime, tz=UTC)
        if when.date() < before.start:
            found.add(name)
    return found


def _archived(opened: Opened) -> dict[str, Path]:
    return {path.name: path for path in opened.places.archive.glob("??/*") if not durable.is_half(path.name)}


def _old_folders(opened: Opened, before: Period, waiting: Iterable[str], spared: Iterable[str]) -> list[str]:
    root, stay = opened.places.deliveries, {*spared}
    return [
        folder.relative_to(root).as_posix()
        for folder in delivery_folders(root)
        if _is_old(folder.relative_to(root).parts[0], before, waiting) and version_of(root, folder) not in stay
    ]


# ── deleting it ────────────────────────────────────────────────────────────────────────────────────────────────


def _begun(opened: Opened) -> tuple[Plan | None, LedgerEntry | None]:
    """The plan of a prune that was cut short, and its entry; None for the entry where nothing was deleted yet."""
    path = opened.places.pruning
    if not path.exists():
        return None, None
    written = json.loads(path.read_bytes())
    lists = {name: tuple(value) for name, value in written.items() if isinstance(value, list)}
    plan = Plan(**{**written, **lists})
    entries = [entry for entry in opened.state.ledger.entries(PRUNED) if entry.body["id"] == plan.id]
    return plan, entries[-1] if entries else None


def _carry_out(opened: Opened, plan: Plan, entry: LedgerEntry, *, spared: _Spared) -> None:
    """Delete what is in the plan and still there; what came again since, or is needed by now, stays."""
    places = opened.places
    files = [one for one in plan.files if one not in spared.hashes]
    note(opened, files, entry)  # first: what is deleted must not be archived again
    for name in plan.folders:
        folder = places.deliveries / name
        if version_of(places.deliveries, folder) not in spared.versions:
            discard(folder)
    for content in files:
        durable.remove_file(places.archived(content))
    for root in (places.deliveries, places.archive):
        forget_empty(root)
