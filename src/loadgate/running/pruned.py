"""The ledger in; out, what its prunes deleted: periods that can be loaded no more, bytes that are not to come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from loadgate.errors import CouldNotRun
from loadgate.model.moments import day_in
from loadgate.model.period import Period
from loadgate.running.opened import site_timezone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loadgate.running.opened import Opened
    from loadgate.store.ledger import LedgerEntry

PRUNED: Final = "pruned"
PRUNED_FIX: Final = (
    "what was found and released of it stays (`loadgate runs`, state/runs, published/); to load it once more, ask for "
    "the files again and load them on a site of their own (`loadgate init DIR`)"
)


def require_kept(opened: Opened, period: Period) -> None:
    """Raises CouldNotRun for a period whose files were deleted: to load it would find that none had come."""
    for entry in opened.state.ledger.entries(PRUNED):
        if period < Period.parse(entry.body["before"]) and str(period) not in entry.body["waiting"]:
            raise CouldNotRun(f"the files of {period} are not kept any more: {_told(opened, entry)}", fix=PRUNED_FIX)


def pruned_by(opened: Opened, hashes: Iterable[str]) -> str | None:
    """Which prune deleted any of these bytes, in words; None where none did."""
    results = opened.state.results
    for content in hashes:
        seq = results.find(PRUNED, content, "")
        if seq is not None:
            entries = {str(entry.seq): entry for entry in opened.state.ledger.entries(PRUNED)}
            return _told(opened, entries[seq]) if seq in entries else "its retention had ended"
    return None


def note(opened: Opened, hashes: Iterable[str], entry: LedgerEntry) -> None:
    """Remember that this entry deletes these bytes."""
    opened.state.results.put_all(PRUNED, [(content, "", str(entry.seq)) for content in hashes])


def _told(opened: Opened, entry: LedgerEntry) -> str:
    day = day_in(site_timezone(opened.places.site), entry.at)
    months = entry.body["retention_months"]
    return (
        f"{entry.actor} pruned what is older than {entry.body['before']} on {day}, as retention_months = {months} asks "
        f"(ledger entry {entry.seq})"
    )
