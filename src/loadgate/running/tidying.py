"""A site's state in; out, without what is SAFE to delete and nobody needs soon: it is redone from the archive."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.errors import CouldNotRun, LoadgateError
from loadgate.running import delivering
from loadgate.running.locking import alone_in_state
from loadgate.running.needed import needed
from loadgate.running.opened import now
from loadgate.store import durable

if TYPE_CHECKING:
    from loadgate.model.deliveries import Delivery
    from loadgate.model.site import Site
    from loadgate.running.opened import Opened

TYPED, CHECKS, TMP = "typed", "checks", "tmp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """Folders of one class, and their bytes."""

    folders: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """`deleted`: by class; `kept`: folders of rows and checks that stay, `without_originals` of them for good."""

    deleted: dict[str, Heap]
    kept: Heap
    without_originals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """Folders to delete by class, and folders that stay."""

    by_class: dict[str, list[Path]]
    kept: list[Path]
    without_originals: int


def tidy(opened: Opened, *, actor: str, dry_run: bool = False) -> Tidied:
    """Delete what can be redone and nobody needs soon; with `dry_run`, only count it.

    Raises CouldNotRun while a period is being worked on, or where something could not be deleted.
    """
    if dry_run:
        return _told(_choose(opened))
    with alone_in_state(opened, actor=actor):
        chosen = _choose(opened)
        told, sizes = _told(chosen), {folder: size_bytes(folder) for folder in chosen.by_class[TMP]}
        for folder in (*chosen.by_class[CHECKS], *chosen.by_class[TYPED]):  # killed in between, checks are never alone
            discard(folder)
        opened.scratch.sweep(now=now())
        forget_empty(opened.places.deliveries)
    swept = [size for folder, size in sizes.items() if not folder.exists()]  # another account's stays
    return replace(told, deleted={**told.deleted, TMP: Heap(folders=len(swept), size_bytes=sum(swept))})


def delivery_folders(root: Path) -> Iterator[Path]:
    """Folders of typed rows and of checks, and half-written ones, below `root`, by name."""
    for parent, names, _ in os.walk(root):
        found = [name for name in sorted(names) if name.startswith(("typed-", "checks-")) or durable.is_left_half(name)]
        names[:] = sorted(set(names) - set(found))
        yield from (Path(parent, name) for name in found)


def version_of(root: Path, folder: Path) -> str:
    """The delivery version that a folder below `root` is of: `2026-10/desk/cases/101/v1`."""
    return folder.parent.relative_to(root).as_posix()


def size_bytes(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; what vanishes meanwhile counts nothing."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(Path(parent, name).lstat().st_size for parent, _, names in os.walk(path) for name in names)


def heap(paths: Iterable[Path]) -> Heap:
    sizes = [size_bytes(path) for path in paths]
    return Heap(folders=len(sizes), size_bytes=sum(sizes))


def discard(folder: Path) -> None:
    """Delete a folder. Raises CouldNotRun where any of it stays."""
    durable.discard_folder(folder)
    if folder.exists():
        raise not_deleted([folder])


def not_deleted(paths: list[Path]) -> CouldNotRun:
    return CouldNotRun(
        f"{len(paths)} of what is to be deleted could not be, the first below {paths[0].parent}",
        fix="let the account that runs this write there, then run the command again",
    )


def forget_empty(root: Path) -> None:
    """Remove folders below `root` that hold nothing."""
    for parent, _, _ in os.walk(root, topdown=False):
        if Path(parent) != root and not os.listdir(parent):  # noqa: PTH208  of many folders
            Path(parent).rmdir()


def _choose(opened: Opened) -> _Chosen:
    places = opened.places
    found = list(delivery_folders(places.deliveries))
    stay = _wanted(opened, opened.site())
    lost = _without_originals(opened) if found else frozenset()
    deleted: dict[str, list[Path]] = {TYPED: [], CHECKS: [], TMP: opened.scratch.leavings(now=now())}
    kept, without = [], 0
    for folder in found:
        version = version_of(places.deliveries, folder)
        if folder in stay or version in stay:
            kept.append(folder)
        elif version in lost:
            kept.append(folder)
            without += 1
        else:
            deleted[CHECKS if folder.name.startswith(CHECKS) else TYPED].append(folder)
    return _Chosen(by_class=deleted, kept=kept, without_originals=without)


def _told(chosen: _Chosen) -> Tidied:
    return Tidied(
        deleted={name: heap(folders) for name, folders in chosen.by_class.items()},
        kept=heap(chosen.kept),
        without_originals=chosen.without_originals,
    )


def _wanted(opened: Opened, site: Site) -> frozenset[Path | str]:
    """Folders that a run which waits, or the next period, refers to; whole versions where its content is too old."""
    need = needed(opened, site)
    by_run = {run: opened.inputs(run).deliveries for run in need.waiting}
    for run, deliveries in need.compared.items():
        by_run[run] = (*by_run.get(run, ()), *deliveries)
    stay: set[Path | str] = set()
    for run, deliveries in by_run.items():
        try:
            frozen = opened.frozen(opened.inputs(run).content)
            stay |= {folder for one in deliveries for folder in _folders(opened, frozen, one)}
        except LoadgateError:
            stay |= {one.id for one in deliveries}
    return frozenset(stay)


def _folders(opened: Opened, site: Site, delivery: Delivery) -> tuple[Path, Path]:
    return delivering.typed_folder(opened, site, delivery), delivering.checks_folder(opened, site, delivery)


def _without_originals(opened: Opened) -> frozenset[str]:
    """Versions of deliveries of which some original is not in the archive: their rows could not be typed again."""
    places = opened.places
    return frozenset(
        arrival.delivery.id
        for row in opened.state.runs.rows()
        if places.inputs(row.id).exists()
        for arrival in opened.inputs(row.id).arrivals
        if arrival.delivery is not None
        and not all(places.archived(part.sha256).exists() for part in arrival.delivery.parts)
    )
