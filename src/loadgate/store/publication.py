"""A staged release in; out, the one that counts: folders below published/, and CURRENT, switched last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.errors import LoadgateError, NotFound, VerificationFailed
from loadgate.model.identity import canonical_json, sha256
from loadgate.model.period import run_order
from loadgate.store import durable

if TYPE_CHECKING:
    from pathlib import Path

    from loadgate.store.ledger import LedgerHead
    from loadgate.store.places import Places


_AGAIN = "release the newest of the released runs again (`loadgate runs` lists them)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """What CURRENT says: the run, the SHA-256 of its manifest, and the ledger's head when it was released."""

    run: str
    manifest_sha256: str
    ledger_seq: int
    ledger_sha256: str


def manifest_sha256(places: Places, run: str) -> str:
    """SHA-256 of the manifest of a release's folder. Raises NotFound when there is none."""
    path = places.release(run) / durable.MANIFEST
    if not path.is_file():
        raise NotFound(f"{run} was not published", fix="`loadgate runs` lists them")
    return sha256(path.read_bytes())


def switch(places: Places, run: str, head: LedgerHead, *, tmp: Path) -> Current:
    """Let this release count, by one atomic rename."""
    current = Current(
        run=run,
        manifest_sha256=manifest_sha256(places, run),
        ledger_seq=head.seq,
        ledger_sha256=head.sha256,
    )
    half = tmp / f"CURRENT-{run}"  # nothing half written ever lies in published/
    durable.write_bytes(half, _written(current))
    durable.replace_file(half, places.current)
    return current


def current(places: Places) -> Current | None:
    """The release that counts; None before the first. Raises VerificationFailed when the pointer cannot be read."""
    path = places.current
    if not path.exists() and not path.is_symlink():
        return None
    if path.is_symlink() or not path.is_file():  # to read from a pipe would wait for ever
        raise VerificationFailed("published/CURRENT is not a plain file", fix=f"take it away, then {_AGAIN}")
    try:
        said = path.read_bytes()
        found = Current(**json.loads(said))
        run_order(found.run)
        if [type(getattr(found, name)) for name in Current.__slots__] != [str, str, int, str] or found.ledger_seq < 1:
            raise TypeError
        if _written(found) != said:  # one who names a run twice is read in two ways
            raise ValueError
    except (ValueError, TypeError, AttributeError, RecursionError, LoadgateError):
        raise VerificationFailed("published/CURRENT cannot be read", fix=_AGAIN) from None
    return found


def _written(current: Current) -> bytes:
    return canonical_json({name: getattr(current, name) for name in Current.__slots__}) + b"\n"


def problems(places: Places, run: str, expected_sha256: str) -> list[str]:
    """What lies in a release's folder and is not exactly what was released; empty when all is well."""
    folder = places.release(run)
    if folder.is_symlink():
        return [f"published/{run}: a link, not a folder"]
    if not durable.exists(folder):
        return [f"published/{run}: there is no manifest"]
    if manifest_sha256(places, run) != expected_sha256:
        return [f"published/{run}: the manifest was changed"]
    found = durable.differences(folder)
    if (folder / durable.MANIFEST).is_symlink():
        found.append(f"{durable.MANIFEST}: a link, not a file")
    found += [f"{one.name}: a folder, and none was released" for one in folder.iterdir() if _is_folder(one)]
    return [f"published/{run}/{difference}" for difference in sorted(found)]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
