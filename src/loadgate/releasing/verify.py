"""A published folder and its manifest in; out, every way in which one is not the other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

MANIFEST = "manifest.json"


def verify(folder: Path, manifest: Mapping[str, object]) -> list[str]:
    """One line for each missing, extra or changed file, by name; empty when the folder is exactly what was released.

    The manifest's own file is not among its files. A link is never what was released, even to the same bytes.
    """
    files = manifest.get("files")
    if not isinstance(files, Sequence) or isinstance(files, str | bytes) or not files:
        return [f"{MANIFEST}: lists no files"]
    promised: dict[str, Mapping[str, object]] = {}
    found = []
    for file in files:
        name = file.get("name") if isinstance(file, Mapping) else None
        if not isinstance(name, str) or not _stays_inside(name) or name in promised:
            found.append(f"{MANIFEST}: lists a file that cannot be one of this folder")
        else:
            promised[name] = file
    present = _present(folder)
    found += [f"{name}: missing" for name in promised if name not in present]
    found += [f"{name}: not in the manifest" for name in present if name not in promised]
    for name, file in promised.items():
        if name in present:
            found += _differences(name, present[name], file)
    return sorted(found)


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return name not in ("", MANIFEST) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _present(folder: Path) -> dict[str, Path]:
    """Everything in the folder that is no folder, links among it, the manifest apart."""
    if not folder.is_dir():
        return {}
    paths = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path for name, path in named.items() if name != MANIFEST}


def _differences(name: str, path: Path, file: Mapping[str, object]) -> list[str]:
    if path.is_symlink() or not path.is_file():
        return [f"{name}: not a plain file"]
    size = path.stat().st_size
    if size != file.get("size_bytes"):
        return [f"{name}: {size} bytes, the manifest says {file.get('size_bytes')}"]
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return [] if digest == file.get("sha256") else [f"{name}: other content than was released"]
