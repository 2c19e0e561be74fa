"""A site's folders in; out, the heads of the ledger that they carry, and whether a database is the one behind them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from loadgate.errors import CouldNotRun, VerificationFailed
from loadgate.store import durable, publication

if TYPE_CHECKING:
    from loadgate.store.ledger import Head, LedgerFault
    from loadgate.store.places import Places
    from loadgate.store.state import State

RESTORE: Final = (
    "restore the state database, with the rest of the state and baselines/vintages, from the newest backup, or let "
    "LOADGATE_DATABASE_URL name the right one; take away a vintage that another site made"
)


def ledger_heads(places: Places) -> list[Head]:
    """Heads of the ledger as printed on manifests and on CURRENT: label, entry, SHA-256. A cut tail shows.

    Raises: CouldNotRun when a manifest, VerificationFailed when CURRENT cannot be read.
    """
    heads, unreadable = _sealed(places)
    for _, fault in unreadable:
        raise fault
    return [*heads, *_current(places)]


def _sealed(places: Places) -> tuple[list[Head], list[tuple[str, CouldNotRun]]]:
    """Heads, and of each manifest that cannot be read its run and what to say."""
    heads, unreadable = [], []
    for root in (places.published, places.vintages, places.runs):
        for folder in sorted(root.iterdir()) if root.is_dir() else []:
            if folder.is_dir() and durable.exists(folder):
                try:
                    printed = durable.read_manifest(folder).get("ledger_head")
                except CouldNotRun as fault:
                    unreadable.append((folder.name, fault))
                    continue
                match printed:
                    case None:
                        pass
                    case {"seq": int(seq), "sha256": str(sha)} if seq >= 0:
                        heads.append((f"{root.name}/{folder.name}/manifest.json", seq, sha))
                    case _:
                        unreadable.append((folder.name, durable.unreadable(folder)))
    return heads, unreadable


def _current(places: Places) -> list[Head]:
    current = publication.current(places)
    return [] if current is None else [("published/CURRENT", current.ledger_seq, current.ledger_sha256)]


def require_whole(places: Places, state: State) -> None:
    """Hold each entry of the ledger against its hash, its place, and all heads.

    Raises: CouldNotRun when it is not what was written, VerificationFailed when CURRENT cannot be read.
    """
    fault = state.ledger.verify(ledger_heads(places)).fault
    if fault:
        raise _not_all(fault)


def _not_all(fault: LedgerFault) -> CouldNotRun:
    return CouldNotRun(f"the ledger does not say all that was approved: {fault}", fix=RESTORE)


def require_known(places: Places, state: State) -> list[tuple[str, CouldNotRun]]:
    """Hold a database against what lies in the folders, which is written after it: what it does not know, it lost.

    Cheap: of the ledger, only the entry that the newest head names is looked at. A pointer CURRENT that is wrong, and
    names no entry beyond the ledger, is put right by releasing again, so it stops nobody here.
    Out: of each manifest that cannot be read, the run and what to say: it may name a later entry than all others.
    Raises: CouldNotRun.
    """
    heads, unreadable = _sealed(places)
    with suppress(VerificationFailed):
        heads += [head for head in _current(places) if head[1] > state.ledger.head().seq]
    begun = {file.parents[1].name for file in places.runs.glob("*/opened/inputs.json")}
    fault = state.ledger.disagreement(heads)
    if fault:
        raise _not_all(fault)
    unknown = sorted(begun - state.runs.ids())
    if unknown:
        raise CouldNotRun(
            f"the state database does not know of {len(unknown)} of the runs in {places.runs}: {', '.join(unknown[:3])}"
            + (", …" if len(unknown) > 3 else ""),
            fix=f"{RESTORE}; where no backup knows of a run, move its folder away and run the month again",
        )
    return unreadable
