"""An inbox in; out, what lies there where a file should, and is none: a link, a pipe, a device, a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.arriving.matching import periods_named
from loadgate.arriving.patterns import PatternIndex
from loadgate.errors import SiteError
from loadgate.model.identity import file_pseudonym
from loadgate.running.inbox import open_inbox
from loadgate.running.opening import expected_deliveries

if TYPE_CHECKING:
    from loadgate.model.period import Period
    from loadgate.running.opened import Opened


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace:
    """What lies in the place of a delivery's file. `name` may hold personal data; `file` is its pseudonym."""

    name: str
    file: str
    what: str
    delivery: str


def in_place(opened: Opened, period: Period) -> list[InPlace]:
    """What lies in the inbox in the place of a file of this period, by name."""
    site = opened.site()
    index = PatternIndex((delivery.pattern, delivery.id) for delivery in expected_deliveries(site, period))
    matched = ((one, index.find(one.name)) for one in open_inbox(opened, site).list_no_objects())
    return [
        InPlace(name=one.name, file=file_pseudonym(one.name), what=one.what, delivery=found[0])
        for one, found in matched
        if found is not None
    ]


def count_never_read(opened: Opened) -> int:
    """How many things in the inbox are never read: links, pipes, devices; and folders in the place of any file."""
    site = opened.site()
    there = open_inbox(opened, site).list_no_objects()
    folders = {one.name for one in there if one.what == "folder"}
    taken: set[str] = set()
    for period in periods_named(folders, cadence=site.file.cadence):
        try:
            taken |= {one.name for one in in_place(opened, period)}
        except SiteError:  # the calendar and the profiles need not reach that far
            continue
    return len(there) - len(folders - taken)
