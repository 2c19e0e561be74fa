"""A period in; out, the right to work on it: one process per site and period, a second is told who holds it.

A lock file keeps apart the processes of one machine; where the state is on PostgreSQL, the database keeps apart
those of several.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadgate.running.opened import Opened

_HELD: set[Path] = set()
_GUARD = threading.Lock()
_STATE = "state"  # no period is called so


@contextmanager
def alone(opened: Opened, period: str, *, actor: str) -> Iterator[None]:
    """Hold the period's lock. Within one process it is held once: a flow called by the CLI is the same work.

    Raises CouldNotRun naming the holder, be it of this period or of the whole state. The lock does not survive its
    holder, whatever ends it.
    """
    file = opened.places.lock(period)
    with _GUARD:
        mine = file not in _HELD
        if mine:
            _HELD.add(file)
    if not mine:
        yield
        return
    try:
        with _held(opened, period, actor=actor):
            _require_not_cleared(opened)
            yield
    finally:
        with _GUARD:
            _HELD.discard(file)


@contextmanager
def alone_in_state(opened: Opened, *, actor: str) -> Iterator[None]:
    """Hold the whole state: no period is being worked on, and none begins to be.

    Each side says that it is there before it looks for the other, so of two at once at least one is told.
    Raises CouldNotRun naming the holder.
    """
    with _held(opened, _STATE, actor=actor):
        of_runs = {row.period for row in opened.state.runs.rows()}
        of_watches = {file.stem for file in opened.places.locks.glob("*.lock")} - {_STATE}
        for period in sorted(of_runs | of_watches):
            with _held(opened, period, actor=actor):
                pass
        yield


@contextmanager
def _held(opened: Opened, name: str, *, actor: str) -> Iterator[None]:
    from loadgate.running.opened import now, site_timezone
    from loadgate.store.lock import hold

    file, timezone = opened.places.lock(name), site_timezone(opened.places.site)
    with hold(file, who=actor, now=now(), timezone=timezone), _everywhere(opened, name, actor=actor):
        yield


def _require_not_cleared(opened: Opened) -> None:
    """Raises CouldNotRun while another holds the whole state, on this machine or another."""
    from loadgate.running.opened import site_name, site_timezone
    from loadgate.store.lock import Held, holder_of

    holder, database = holder_of(opened.places.lock(_STATE)), opened.state.database
    if holder is None and not database.is_sqlite:
        from loadgate.store import advisory

        holder = advisory.holder_of(database, f"{site_name(opened.places.site)} {_STATE}")
    if holder is not None:
        raise Held(_STATE, holder, timezone=site_timezone(opened.places.site))


def _everywhere(opened: Opened, name: str, *, actor: str) -> AbstractContextManager[object]:
    """Hold it in the database that several machines share too; SQLite's file is one machine's."""
    from loadgate.running.opened import now, site_name

    database = opened.state.database
    if database.is_sqlite:
        return nullcontext()
    from loadgate.store import advisory

    return advisory.hold(database, f"{site_name(opened.places.site)} {name}", who=actor, now=now())
