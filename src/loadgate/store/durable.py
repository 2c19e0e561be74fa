"""Bytes and folders in; out, files that outlive a power cut, each either whole or not there.

Every durable write of the program goes through here, so that a chaos test can stop it at each one (`points`).
One rule for folders: **a folder exists when its `manifest.json` does, and that is written last.** A folder grows
in `tmp/` (`open_folder`), is sealed (`seal`), and is put in its place by one rename (`commit_folder`).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loadgate.errors import CouldNotRun
from loadgate.model.identity import canonical_json, sha256
from loadgate.store.points import around, point

__all__ = [
    "MANIFEST",
    "alone_in",
    "append",
    "commit_folder",
    "create_bytes",
    "differences",
    "discard_folder",
    "exists",
    "half_written",
    "open_folder",
    "point",
    "read_manifest",
    "remove_file",
    "replace_file",
    "scratch",
    "seal",
    "unreadable",
    "write_bytes",
    "write_chunks",
    "write_text",
]

MANIFEST = "manifest.json"
_HALF = ".half"  # ends the name of a file or folder that is still being written
_CHUNK_BYTES = 1 << 20


# ── files ──────────────────────────────────────────────────────────────────────────────────────────────────────


def write_bytes(path: Path, data: bytes) -> None:
    """Replace the file's content, whole or not at all. Parents are made."""
    write_chunks(path, [data])


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_chunks(path: Path, chunks: Iterable[bytes], *, lasting: bool = True) -> str:
    """Replace the file's content with the chunks joined. Returns their SHA-256.

    Not `lasting`: a power cut may still take it, until `replace_file` puts it in its place.
    """
    half, digest = _write_half(path, chunks, lasting=lasting)
    try:
        _rename(half, path, lasting=lasting)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    return digest


def create_bytes(path: Path, data: bytes) -> bool:
    """Write the file unless the name is taken; says whether it was written. Of many writers at once, one wins."""
    half, _ = _write_half(path, [data])
    try:
        with around("link"):
            os.link(half, path)
    except FileExistsError:
        return False
    finally:
        half.unlink(missing_ok=True)
    _sync(path.parent)
    return True


def replace_file(tmp: Path, final: Path) -> None:
    """Put a finished file in its place; it may lie on another disk."""
    if _other_disk(tmp, final.parent):
        write_chunks(final, _chunks(tmp))
        tmp.unlink()
        return
    _sync(tmp)
    _rename(tmp, final)


def append(path: Path, data: bytes) -> None:
    """Add to the end of a file. A crash can leave the last piece cut short: readers look for its line end."""
    _make(path.parent)
    new = not path.exists()
    with around("append"), path.open("ab") as file:
        file.write(data)
    _sync(path)
    if new:
        _sync(path.parent)


def remove_file(path: Path) -> None:
    """Delete a file; one that is not there is as well."""
    if path.exists():
        with around("unlink"):
            path.unlink(missing_ok=True)
        _sync(path.parent)


# ── folders ────────────────────────────────────────────────────────────────────────────────────────────────────


def open_folder(tmp_root: Path, *, mode: int = 0o700) -> Path:
    """A new, empty folder to fill. `mode` is what it keeps for life: 0700 where row values stand."""
    tmp_root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", suffix=_HALF, dir=tmp_root))
    folder.chmod(mode)
    return folder


@contextmanager
def scratch(tmp_root: Path, *, mode: int = 0o700) -> Iterator[Path]:
    """Such a folder for a while: what was not put in its place by then goes."""
    folder = open_folder(tmp_root, mode=mode)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def seal(folder: Path, manifest: Mapping[str, object]) -> None:
    """Write `manifest.json`, last: what was given, plus `files` (name, size_bytes, sha256), plus a `key`.

    `key` says which folder this is; two folders with one key are the same thing made twice. Given none, it is the
    hash of `files`.
    """
    files = [
        {"name": path.relative_to(folder).as_posix(), "size_bytes": path.stat().st_size, "sha256": _sha256(path)}
        for path in _files(folder)
    ]
    whole = {"key": sha256(canonical_json(files)), **manifest, "files": files}
    with around("write"):  # `commit_folder` brings it to disk with the rest
        (folder / MANIFEST).write_bytes(canonical_json(whole) + b"\n")


def exists(folder: Path) -> bool:
    """Whether the folder counts: it does from the moment its manifest is in place."""
    return (folder / MANIFEST).is_file()


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a sealed folder. Raises CouldNotRun when there is none or it cannot be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise CouldNotRun(f"{folder} has no {MANIFEST}", fix="run the step that writes it again") from None
    except (OSError, ValueError, RecursionError):
        manifest = None
    if not isinstance(manifest, dict):
        raise unreadable(folder)
    return manifest


def unreadable(folder: Path) -> CouldNotRun:
    """What to raise about a manifest that is not what this program writes."""
    return CouldNotRun(f"{folder / MANIFEST} cannot be read", fix="restore the folder from the backup")


def differences(folder: Path) -> list[str]:
    """What lies in a sealed folder and is not what its manifest says: one line each, sorted; empty when all is well."""
    try:
        promised = {file["name"]: file for file in read_manifest(folder)["files"]}
    except (KeyError, TypeError):
        raise CouldNotRun(f"{folder / MANIFEST} lists no files", fix="restore the folder from the backup") from None
    present = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    found = [f"{name}: missing" for name in promised.keys() - present.keys()]
    found += [f"{name}: not in the manifest" for name in present.keys() - promised.keys()]
    for name in promised.keys() & present.keys():
        size_bytes = present[name].lstat().st_size
        if present[name].is_symlink():
            found.append(f"{name}: a link, not a file")
        elif size_bytes != promised[name]["size_bytes"]:
            found.append(f"{name}: {size_bytes} bytes, the manifest says {promised[name]['size_bytes']}")
        elif _sha256(present[name]) != promised[name]["sha256"]:
            found.append(f"{name}: content changed")
    return sorted(found)


def commit_folder(tmp_folder: Path, final_folder: Path) -> bool:
    """Put a sealed folder in its place by one rename, everything in it on disk first. Says whether it was put.

    Done before with the same key (by a run that was killed, or another thread): the new one is thrown away. A
    folder without a manifest in that place is the rest of a crash and gives way.

    Raises: CouldNotRun when the folder is not sealed, or when the place holds a sealed folder with another key.
    """
    if not exists(tmp_folder):
        raise CouldNotRun(f"{tmp_folder} is not sealed", fix="this is a fault of the program: report it")
    if _other_disk(tmp_folder, final_folder.parent):
        tmp_folder = _carry(tmp_folder, final_folder.parent)
    _sync_tree(tmp_folder)
    with alone_in(final_folder.parent):
        if not _already_there(tmp_folder, final_folder):
            _rename(tmp_folder, final_folder)
            return True
    discard_folder(tmp_folder)
    return False


def discard_folder(folder: Path) -> None:
    """Delete a folder, its manifest first: half deleted, it no longer exists."""
    manifest = folder / MANIFEST
    if manifest.exists():
        with around("unlink"):
            manifest.unlink(missing_ok=True)
        _sync(folder)
    with around("remove"):
        shutil.rmtree(folder, ignore_errors=True)


def half_written(root: Path) -> Iterator[Path]:
    """Files and folders below `root` that a crash, or a process still at work, has left half written."""
    if not root.is_dir():
        return
    for entry in sorted(root.iterdir()):
        if entry.name.endswith(_HALF):
            yield entry
        elif entry.is_dir() and not entry.is_symlink():
            yield from half_written(entry)


def is_left_half(name: str) -> bool:
    """Whether a folder's name says that it was being filled when its process was killed, or is being filled."""
    return name.endswith(_HALF)


def is_half(name: str) -> bool:
    """Whether a file's name says that it is still being written by this program."""
    return name.startswith(".") and name.endswith(_HALF)


# ── how ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _make(folder: Path) -> None:
    """Make a folder and its parents, each known to its own parent on disk."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Be the only one, of all threads and processes, who looks what lies in the folder and puts something there.

    Without it, what looks like the rest of a crash may by now be what another has put in its place.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _already_there(tmp_folder: Path, final_folder: Path) -> bool:
    if exists(final_folder):
        if read_manifest(final_folder).get("key") == read_manifest(tmp_folder).get("key"):
            return True
        raise CouldNotRun(
            f"{final_folder} already holds something else", fix="a sealed folder never changes: choose another name"
        )
    if final_folder.is_dir():
        discard_folder(final_folder)
    return False


def _half_of(path: Path) -> Path:
    # the name itself may be as long as a name can be, or hold what nobody should read
    return path.with_name(f".{sha256(os.fsencode(path.name))[:16]}.{os.getpid()}-{threading.get_ident()}{_HALF}")


def _write_half(path: Path, chunks: Iterable[bytes], *, lasting: bool = True) -> tuple[Path, str]:
    _make(path.parent)
    half, digest = _half_of(path), hashlib.sha256()
    try:
        with around("write"), half.open("wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
        if lasting:
            _sync(half)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    return half, digest.hexdigest()


def _rename(source: Path, target: Path, *, lasting: bool = True) -> None:
    with around("rename"):
        source.rename(target)
    if lasting:
        _sync(target.parent)


def _sync(path: Path) -> None:
    with around("fsync"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for parent, _, names in os.walk(folder, topdown=False):
        for name in sorted(names):
            _sync(Path(parent, name))
        _sync(Path(parent))


def _files(folder: Path) -> list[Path]:
    """All but the manifest; a link to a folder is one of them, and not the folder."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path for path in found if path != folder / MANIFEST)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _other_disk(source: Path, target: Path) -> bool:
    _make(target)
    return source.stat().st_dev != target.stat().st_dev


def _carry(folder: Path, target: Path) -> Path:
    """Copy to the disk where the folder will live: a rename cannot cross disks."""
    carried = open_folder(target, mode=folder.stat().st_mode & 0o777)
    with around("copy"):
        shutil.copytree(folder, carried, dirs_exist_ok=True)
    discard_folder(folder)
    return carried
