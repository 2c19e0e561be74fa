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


@contextmanager
def alone(opened: Opened, period: str, *, actor: str) -> Iterator[None]:
    """Hold the period's lock. Within one process it is held once: a flow called by the CLI is the same work.

    Raises CouldNotRun naming the holder. The lock does not survive its holder, whatever ends it.
    """
    from loadgate.running.opened import now, site_timezone
    from loadgate.store.lock import hold

    file = opened.places.lock(period)
    with _GUARD:
        mine = file not in _HELD
        if mine:
            _HELD.add(file)
    if not mine:
        yield
        return
    try:
        timezone = site_timezone(opened.places.site)
        with hold(file, who=actor, now=now(), timezone=timezone), _everywhere(opened, period, actor=actor):
            yield
    finally:
        with _GUARD:
            _HELD.discard(file)


def _everywhere(opened: Opened, period: str, *, actor: str) -> AbstractContextManager[object]:
    """Hold the period in the database that several machines share; SQLite's file is one machine's."""
    from loadgate.running.opened import now, site_name

    database = opened.state.database
    if database.is_sqlite:
        return nullcontext()
    from loadgate.store import advisory

    return advisory.hold(database, f"{site_name(opened.places.site)} {period}", who=actor, now=now())
