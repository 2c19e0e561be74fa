"""A site's folders in; out, the heads of the ledger that they carry, and whether a database is the one behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.errors import CouldNotRun
from loadgate.store import durable

if TYPE_CHECKING:
    from loadgate.store.ledger import Head
    from loadgate.store.places import Places
    from loadgate.store.state import State

_FIX = "restore the state database from the backup, or let LOADGATE_DATABASE_URL name the right one"


def sealed_heads(places: Places) -> list[Head]:
    """Heads of the ledger as printed on manifests. A cut tail shows."""
    heads = []
    for root in (places.published, places.vintages, places.runs):
        for folder in sorted(root.iterdir()) if root.is_dir() else []:
            if folder.is_dir() and durable.exists(folder):
                head = durable.read_manifest(folder).get("ledger_head")
                if head:
                    heads.append((f"{root.name}/{folder.name}/manifest.json", head["seq"], head["sha256"]))
    return heads


def require_known(places: Places, state: State) -> None:
    """Hold a database against what lies in the folders, which is written after it: what it does not know, it lost.

    Cheap: of the ledger, only the entry that the newest head names is looked at.
    Raises: CouldNotRun.
    """
    heads = sealed_heads(places)
    begun = {file.parents[1].name for file in places.runs.glob("*/opened/inputs.json")}
    fault = state.ledger.disagreement(heads)
    if fault:
        raise CouldNotRun(f"the ledger does not say all that was approved: {fault}", fix=_FIX)
    unknown = sorted(begun - state.runs.ids())
    if unknown:
        raise CouldNotRun(
            f"the state database does not know of {len(unknown)} of the runs in {places.runs}: {', '.join(unknown[:3])}"
            + (", …" if len(unknown) > 3 else ""),
            fix=f"{_FIX}; where no backup knows of a run, move its folder away and run the month again",
        )
