"""A URL in; out, a store of objects: an inbox or a publication's place, on a disk or in a bucket.

To add a backend: one module, one line in BACKENDS, and `tests/services/test_objects.py` green.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from loadgate.errors import CouldNotRun
from loadgate.store.object_names import NoObject, ObjectInfo


class Objects(Protocol):
    """Named bytes. A write is whole or not there; what was read is what was written. Safe to use from many threads."""

    def list(self, prefix: str = "") -> Sequence[ObjectInfo]:
        """Every object whose name starts with `prefix`, by name. Links, pipes and names that lead out are left out."""

    def list_no_objects(self) -> Sequence[NoObject]:
        """What lies there and is no object, by name: a sender who put it there believes that it was delivered."""

    def read(self, name: str) -> bytes:
        """The content. Raises NoSuchObject."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """The content as a stream to read forwards. Raises NoSuchObject."""

    def download(self, name: str, into: Path) -> str:
        """Write the content to the file `into`, whole or not at all; returns its SHA-256. Raises NoSuchObject.

        It outlives a power cut only once `durable.replace_file` has put it in its place.
        """

    def write(self, name: str, data: bytes, *, if_none_match: bool = False) -> bool:
        """Write; with `if_none_match` only when the name is free. Says whether it was written."""

    def exists(self, name: str) -> bool:
        """Whether the object is there."""

    def delete(self, name: str) -> None:
        """Delete; an object that is not there is deleted already."""


def open_objects(url: str | Path, *, endpoint: str | None = None, writable: bool = False) -> Objects:
    """Open the store at a folder's path, a `file:` URL, or `s3://bucket/prefix`.

    `endpoint` is another S3 server than Amazon's (else `LOADGATE_S3_ENDPOINT`); credentials come from the usual AWS
    environment. `writable` promises that the program will write there: a store that cannot keep the promise of
    `if_none_match` is then refused at once.

    Raises: CouldNotRun for a URL of no known kind, and for a store that cannot be reached or trusted.
    """
    scheme = urlsplit(str(url)).scheme or "file" if isinstance(url, str) else "file"
    backend = BACKENDS.get(scheme)
    if backend is None:
        raise CouldNotRun(
            f"no store of objects is called {scheme!r}", fix=f"use one of {', '.join(sorted(BACKENDS))}, or a folder"
        )
    return backend(str(url), endpoint, writable)


def _open_file(url: str, endpoint: str | None, writable: bool) -> Objects:  # noqa: ARG001  all are called alike
    from loadgate.store.local import LocalObjects

    return LocalObjects(Path(unquote(urlsplit(url).path) if url.startswith("file:") else url))


def _open_s3(url: str, endpoint: str | None, writable: bool) -> Objects:
    from loadgate.store.s3 import S3Objects

    parts = urlsplit(url)
    objects = S3Objects(bucket=parts.netloc, prefix=parts.path.strip("/"), endpoint=endpoint)
    if writable:
        objects.probe()
    return objects


BACKENDS: dict[str, Callable[[str, str | None, bool], Objects]] = {
    "file": _open_file,
    "s3": _open_s3,
}
