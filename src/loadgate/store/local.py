"""A folder in; out, its files as objects. Links are never followed out of it; pipes and devices are not objects.

Whoever may write into an inbox may put a link there, also between our look and our read: every part of a name is
opened by itself, from the folder above it, and a link is refused by the kernel.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NoReturn

from loadgate.errors import CouldNotRun
from loadgate.store import durable
from loadgate.store.object_names import NoObject, NoSuchObject, ObjectInfo, checked
from loadgate.store.points import around

_CHUNK_BYTES = 1 << 20
# not there, a link, a socket, a name that no file can have
_NO_OBJECT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG}

_NO_OBJECTS = {
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "symbolic link",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
}


class LocalObjects:
    """Files below `root`, which must exist when something is read or listed."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def list(self, prefix: str = "") -> Sequence[ObjectInfo]:
        if not self.root.is_dir():
            raise CouldNotRun(f"{self.root} is not a folder", fix="make the folder, or correct the setting")
        return sorted(self._walk(prefix), key=lambda info: os.fsencode(info.name))

    def list_no_objects(self) -> Sequence[NoObject]:
        found = []
        for parent, folders, names in os.walk(self.root, followlinks=False, onerror=_tell):
            for name in (*folders, *names):
                path = Path(parent, name)
                with suppress(FileNotFoundError):  # gone since it was listed
                    kind = stat.S_IFMT(path.lstat().st_mode)
                    if kind != stat.S_IFREG:
                        what = _NO_OBJECTS.get(kind, "device")
                        found.append(NoObject(name=path.relative_to(self.root).as_posix(), what=what))
        return sorted(found, key=lambda one: os.fsencode(one.name))

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        with os.fdopen(self._descriptor(name), "rb") as file:
            yield file

    def download(self, name: str, into: Path) -> str:
        with self.open(name) as file:
            return durable.write_chunks(into, iter(lambda: file.read(_CHUNK_BYTES), b""), lasting=False)

    def write(self, name: str, data: bytes, *, if_none_match: bool = False) -> bool:
        path = self._place(name)
        if if_none_match:
            return durable.create_bytes(path, data)
        durable.write_bytes(path, data)
        return True

    def exists(self, name: str) -> bool:
        try:
            os.close(self._descriptor(name))
        except NoSuchObject:
            return False
        return True

    def delete(self, name: str) -> None:
        path = self._place(name)
        with around("unlink"), suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()

    def _walk(self, prefix: str) -> Iterator[ObjectInfo]:
        for parent, folders, names in os.walk(self.root, followlinks=False, onerror=_tell):
            above = "" if Path(parent) == self.root else f"{Path(parent).relative_to(self.root).as_posix()}/"
            folders[:] = [folder for folder in folders if _leads_to(f"{above}{folder}/", prefix)]
            for file_name in names:
                name = above + file_name
                if durable.is_half(file_name) or not name.startswith(prefix):
                    continue
                with suppress(FileNotFoundError):  # gone since it was listed
                    status = Path(parent, file_name).lstat()
                    if stat.S_ISREG(status.st_mode):
                        yield _info(name, status)

    def _place(self, name: str) -> Path:
        """Where to write a name. Raises CouldNotRun when a link stands in the way."""
        path = self.root.joinpath(*checked(name).split("/"))
        if any(self.root.joinpath(parent).is_symlink() for parent in path.relative_to(self.root).parents):
            raise CouldNotRun("a link stands in the way of a write", fix=f"remove the links below {self.root}")
        return path

    def _descriptor(self, name: str) -> int:
        *folders, last = checked(name).split("/")
        try:
            here = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
            for folder in folders:
                above = here
                try:
                    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
                finally:
                    os.close(above)
            try:
                # without O_NONBLOCK, a pipe laid into an inbox would hold us for ever
                found = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
            finally:
                os.close(here)
        except OSError as error:
            _tell(error)
        if not stat.S_ISREG(os.fstat(found).st_mode):
            os.close(found)
            raise NoSuchObject
        return found


def _told(error: OSError) -> CouldNotRun:
    if error.errno in _NO_OBJECT:
        return NoSuchObject()
    if isinstance(error, PermissionError):
        return CouldNotRun("a file may not be read", fix="let the account that runs this read it")
    return CouldNotRun(f"a file cannot be opened: {os.strerror(error.errno or 0)}")


def _tell(error: OSError) -> NoReturn:
    raise _told(error) from None


def _info(name: str, status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(
        name=name,
        size_bytes=status.st_size,
        etag=f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}",
        modified=datetime.fromtimestamp(status.st_mtime, tz=UTC),
    )


def _leads_to(folder: str, prefix: str) -> bool:
    return folder.startswith(prefix) or prefix.startswith(folder)
