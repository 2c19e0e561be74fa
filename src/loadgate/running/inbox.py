"""An inbox in; out, the files in it with their hashes and first sightings, their bytes safe in the archive."""

from __future__ import annotations

import csv
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.errors import CouldNotRun
from loadgate.model.deliveries import ReceivedFile
from loadgate.model.identity import sha256
from loadgate.running.pruned import PRUNED_FIX, pruned_by
from loadgate.store import durable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loadgate.model.deliveries import Part
    from loadgate.model.site import Site
    from loadgate.running.opened import Opened
    from loadgate.store.objects import Objects

STATED_TIMES = "received.csv"
_AT_ONCE = 4  # files taken in


def receive(opened: Opened, site: Site, *, seen_at: datetime) -> list[ReceivedFile]:
    """List the inbox, archive what is new, record first sightings. Sorted by name; nothing in the inbox is touched.

    A file's own time is no arrival time: what counts is the first sighting, or, only where `site.toml` says so, the
    time that `received.csv` states.
    """
    from loadgate.store.sightings import Seen

    inbox = open_inbox(opened, site)
    stated = _stated_times(inbox) if site.file.stated_times else {}
    listed = sorted(inbox.list(), key=lambda info: info.name)
    wanted = [info for info in listed if not (site.file.stated_times and info.name == STATED_TIMES)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # waiting for disk and network takes most of the time
        contents = list(pool.map(lambda info: _archive(opened, inbox, info.name), wanted))
    found = [(info.name, info.size_bytes, content) for info, content in zip(wanted, contents, strict=True)]
    seen = [
        Seen(
            name_sha256=sha256(name.encode(errors="surrogatepass")),
            content_sha256=content,
            size_bytes=size,
            stated_at=stated.get(name),
        )
        for name, size, content in found
    ]
    sightings = opened.state.sightings.see(seen, now=seen_at)
    return [
        ReceivedFile(name=name, size_bytes=size, sha256=content, first_seen=sighting.arrived_at)
        for (name, size, content), sighting in zip(found, sightings, strict=True)
    ]


def open_inbox(opened: Opened, site: Site) -> Objects:
    from loadgate.store.objects import open_objects

    if "://" in site.file.inbox:
        return open_objects(site.file.inbox)
    folder = opened.places.site / site.file.inbox
    if not folder.is_dir():
        raise CouldNotRun(f"the inbox {folder} is not there", fix="make the folder, or mend `inbox` in site.toml")
    return open_objects(folder)


class BytesGone(CouldNotRun):
    """Original bytes of a delivery are not in the archive any more."""


def bring_back(opened: Opened, site: Site, parts: Iterable[Part]) -> None:
    """Archive what is pruned once more: a period that is kept has the same bytes as one that was not."""
    wanted = [part.name for part in parts if not opened.places.archived(part.sha256).exists()]
    if wanted:
        inbox = open_inbox(opened, site)
        for name in wanted:
            _archive(opened, inbox, name, again=True)


def _archive(opened: Opened, inbox: Objects, name: str, *, again: bool = False) -> str:
    """Put the object's bytes into the archive, unless they are there, or were pruned. Returns their SHA-256."""
    landed = opened.tmp / f"in-{threading.get_ident()}-{sha256(name.encode(errors='surrogatepass'))[:20]}"
    content = inbox.download(name, landed)
    final = opened.places.archived(content)
    if final.exists() or not (again or pruned_by(opened, [content]) is None):
        landed.unlink()
    else:
        landed.chmod(0o400)
        durable.replace_file(landed, final)
    return content


def _stated_times(inbox: Objects) -> dict[str, datetime]:
    """name → received_at of `received.csv`. A line that cannot be read is an error of the site's set-up."""
    if not inbox.exists(STATED_TIMES):
        return {}
    text = inbox.read(STATED_TIMES).decode("utf-8-sig")
    times: dict[str, datetime] = {}
    for number, row in enumerate(csv.reader(io.StringIO(text)), start=1):
        if number == 1 or not row:
            continue
        try:
            moment = datetime.fromisoformat(row[1])
        except (IndexError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is None:
            raise CouldNotRun(
                f"{STATED_TIMES}:{number}  is not name,received_at with a zone",
                fix="write 2025-08-28T09:12:00+02:00",
            )
        times[row[0]] = moment.astimezone(UTC)
    return times


def archived_parts(opened: Opened, hashes: Sequence[str]) -> list[Path]:
    """Paths of archived bytes. Raises BytesGone when one is gone (retention, or a lost disk)."""
    paths = [opened.places.archived(content) for content in hashes]
    gone = [content for content, path in zip(hashes, paths, strict=True) if not path.exists()]
    if gone:
        prune = pruned_by(opened, gone)
        if prune is None:
            raise BytesGone("an archived file of this delivery is gone", fix="ask the supplier to send it again")
        raise BytesGone(f"an archived file of this delivery was deleted: {prune}", fix=PRUNED_FIX)
    return paths
