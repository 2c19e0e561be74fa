"""Unpacked bytes in, a plain, gzip or zip file out, written as it comes; no clock gets into it."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, assert_never, cast

from loadgate.model.profiles import Compression, DeliverySpec

_MOMENT = (1980, 1, 1, 0, 0, 0)
_LEVEL = 1  # tens of millions of rows: the least effort takes a third of the time, for files a quarter larger


def member(name: str) -> zipfile.ZipInfo:
    """A member of an archive that is dated the day on which archives begin."""
    info = zipfile.ZipInfo(name, date_time=_MOMENT)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o100600 << 16
    info._compresslevel = _LEVEL  # type: ignore[attr-defined]  # the only way to have both a date and a level
    return info


class Packing:
    """An open file; `part` opens what holds one head, its rows and one trailer. Only a zip has more than one part."""

    def __init__(self, handle: IO[bytes], spec: DeliverySpec) -> None:
        self._handle, self._spec, self._count = handle, spec, 0
        self._archive: zipfile.ZipFile | None = None
        if spec.format.compression is Compression.ZIP:
            self._archive = zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED)

    @property
    def holds_many(self) -> bool:
        return self._archive is not None

    @contextmanager
    def part(self) -> Iterator[IO[bytes]]:
        self._count += 1
        match self._spec.format.compression:
            case Compression.NONE:
                yield self._handle
            case Compression.GZIP:
                with gzip.GzipFile(
                    filename="", mode="wb", fileobj=self._handle, mtime=0, compresslevel=_LEVEL
                ) as packed:
                    yield cast("IO[bytes]", packed)
            case Compression.ZIP:
                if self._archive is None:
                    raise RuntimeError("the archive is closed")
                with self._archive.open(member(self._name()), "w", force_zip64=True) as inside:
                    yield inside
            case _:
                assert_never(self._spec.format.compression)

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()
            self._archive = None

    def _name(self) -> str:
        pattern = self._spec.format.member or f"*.{self._spec.format.kind.value}"
        return pattern.rpartition("/")[2].replace("*", f"{self._spec.dataset}_{self._count}", 1).replace("*", "")
