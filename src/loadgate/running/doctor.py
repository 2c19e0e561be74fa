"""An opened site in; out, what a machine needs to run it, each looked at and never assumed."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from loadgate.errors import LoadgateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgate.running.opened import Opened

NEEDED = ("polars", "great-expectations", "prefect", "pydantic", "sqlalchemy")
ENOUGH_BYTES = 2 << 30


def examine(opened: Opened, *, python: str) -> list[dict[str, str]]:
    """One line per thing looked at; `state` is ok, note or bad."""
    found = [
        _line("ok" if python.split(".")[:2] in (["3", "11"], ["3", "12"], ["3", "13"]) else "bad", "Python", python)
    ]
    for package in NEEDED:
        try:
            found.append(_line("ok", package, version(package)))
        except PackageNotFoundError:
            found.append(_line("bad", package, "not installed"))
    found.append(_tried("content", lambda: f"{len(opened.site().files)} files, no fault"))
    found.append(_tried("inbox", lambda: _inbox(opened)))
    found += _never_read(opened)
    found.append(_tried("database", lambda: f"{opened.state.ledger.head().seq} ledger entries"))
    found.append(_tried("vintages", lambda: _vintages(opened)))
    there = next(one for one in (opened.places.state, *opened.places.state.parents) if one.exists())
    free = shutil.disk_usage(there).free
    found.append(_line("ok" if free > ENOUGH_BYTES else "bad", "disk", f"{free / 1e9:.0f} GB free"))
    found += _routes(opened)
    return found


def _routes(opened: Opened) -> list[dict[str, str]]:
    """Each alert route's variable; nothing where the content cannot be looked at."""
    try:
        routes = opened.site().routes
    except (LoadgateError, OSError):
        return []
    if not routes:
        return [_line("note", "alerts", "no route in vendor_profiles/alerts.yaml: nobody is told")]
    return [_route(one.name, one.url_env) for one in routes]


def _route(name: str, variable: str) -> dict[str, str]:
    from loadgate.alerting.send import is_address

    url = os.environ.get(variable)
    if not url:
        return _line("note", variable, f"not set: alerts of route {name} are not sent")
    if not is_address(url):
        return _line("bad", variable, f"no address that Apprise knows: alerts of route {name} are not sent")
    return _line("ok", variable, f"set: route {name}")


def _vintages(opened: Opened) -> str:
    """Each file is read: a vintage is gone or damaged for a month before a run misses it."""
    from loadgate.running.baseline import approved, vintages

    return f"{len(vintages(opened, [*approved(opened)])):,} as approved"


def _inbox(opened: Opened) -> str:
    from loadgate.running.inbox import open_inbox

    return f"{sum(1 for _ in open_inbox(opened, opened.site()).list()):,} files"


def _never_read(opened: Opened) -> list[dict[str, str]]:
    """Nothing where all in the inbox is read, and where the inbox or the content cannot be looked at."""
    from loadgate.running.in_place import count_never_read

    try:
        count = count_never_read(opened)
    except (LoadgateError, OSError):
        return []
    what = f"{count:,} that are no files and never read: links, pipes, devices, folders (`loadgate arrivals PERIOD`)"
    return [_line("note", "inbox", what)] if count else []


def _tried(what: str, look: Callable[[], str]) -> dict[str, str]:
    try:
        return _line("ok", what, look())
    except LoadgateError as error:
        return _line("bad", what, error.message.splitlines()[0])
    except OSError as error:
        return _line("bad", what, f"{os.strerror(error.errno or 0)}: {error.filename}")


def _line(state: str, what: str, found: str) -> dict[str, str]:
    return {"state": state, "what": what, "found": found}
