"""A received file in, streams of its unpacked bytes out: compression by magic bytes, limits, nothing written."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from loadgate.model.profiles import Compression, FileFormat, FormatKind
from loadgate.reading.problems import Problem, Unreadable, guarded

CHUNK_BYTES = 4 * 1024 * 1024
OLE = b"\xd0\xcf\x11\xe0"  # what old workbooks, and those with a password, begin with
PARQUET = b"PAR1"  # what such a file begins and ends with
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
CONTENT_TYPES = "[Content_Types].xml"  # the member by which an archive is one document
_GZIP = b"\x1f\x8b"
_OTHER = (b"7z\xbc\xaf\x27\x1c", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"Rar!\x1a\x07", OLE)
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a file may unpack. The ratio counts only from `ratio_from_bytes` on: small files pack very well.

    `max_held_bytes`: of a workbook's texts, which must be held while it is read.
    """

    max_bytes: int = 16 * 1024**3
    max_ratio: int = 200
    ratio_from_bytes: int = 64 * 1024**2
    max_members: int = 1_000
    max_held_bytes: int = 512 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One stream of unpacked bytes: a file, or a member of an archive. `chunks` may be read again from the start.

    A format that must seek unpacks into `scratch`, nowhere else.
    """

    path: Path
    compression: Compression  # as found, not as the profile says
    chunks: Callable[[], Iterator[bytes]]
    scratch: Path
    limits: Limits


def open_sources(path: Path, *, form: FileFormat, scratch: Path, limits: Limits) -> list[Source]:
    """The streams in a file, members of an archive in name order.

    What the bytes say counts, not what the profile expects: a plain file where a gzip was announced is read.
    Raises: Unreadable for anything hostile or unknown.
    """
    with path.open("rb") as handle:
        head = handle.read(8)
    found = Compression.NONE
    streams: list[Callable[[], Iterator[bytes]]] = [lambda: _plain(path)]
    workbook = form.kind is FormatKind.XLSX
    if head.startswith(ZIP) and _is_document(path):
        if not workbook:
            raise Unreadable(Problem.OTHER_FORMAT)
    elif head.startswith(ZIP):
        found, streams = Compression.ZIP, _members(path, form=form, limits=limits)
    elif head.startswith(_GZIP):
        found, streams = Compression.GZIP, [lambda: _gunzip(path)]
    elif head.startswith(_OTHER) and not (workbook and head.startswith(OLE)):
        raise Unreadable(Problem.OTHER_COMPRESSION)
    elif head.startswith(PARQUET) and form.kind is not FormatKind.PARQUET and _tail(path) == PARQUET:
        raise Unreadable(Problem.OTHER_FORMAT)
    if found is not Compression.NONE:
        streams = [_limited(stream, path, limits, nested=workbook) for stream in streams]
    return [Source(path=path, compression=found, chunks=stream, scratch=scratch, limits=limits) for stream in streams]


def seekable(source: Source) -> IO[bytes]:
    """The file itself, or a nameless temporary file of its unpacked bytes: some formats are read from their end."""
    import tempfile

    if source.compression is Compression.NONE:
        return source.path.open("rb")
    handle = tempfile.TemporaryFile(dir=source.scratch)  # noqa: SIM115 - handed on, closed by the caller
    try:
        for chunk in source.chunks():
            handle.write(chunk)
        handle.seek(0)
    except BaseException:
        handle.close()
        raise
    return handle


def _is_document(path: Path) -> bool:
    with guarded(), zipfile.ZipFile(path) as archive:
        return CONTENT_TYPES in archive.namelist()


def _tail(path: Path) -> bytes:
    with path.open("rb") as handle:
        handle.seek(-4, 2)
        return handle.read()


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK_BYTES):
            yield chunk


def _limited(
    unpack: Callable[[], Iterator[bytes]], path: Path, limits: Limits, *, nested: bool
) -> Callable[[], Iterator[bytes]]:
    """Stops a bomb while it unpacks, and an archive that holds another, unless a workbook may be `nested` in it."""

    def chunks() -> Iterator[bytes]:
        packed = max(path.stat().st_size, 1)
        unpacked = 0
        for chunk in unpack():
            if unpacked == 0 and not nested and chunk.startswith((_GZIP, *ZIP, *_OTHER)):
                raise Unreadable(Problem.NESTED)
            unpacked += len(chunk)
            too_dense = unpacked > limits.ratio_from_bytes and unpacked > packed * limits.max_ratio
            if too_dense or unpacked > limits.max_bytes:
                raise Unreadable(Problem.TOO_LARGE)
            yield chunk

    return chunks


def _gunzip(path: Path) -> Iterator[bytes]:
    """Every gzip member in turn; zero padding after the last is normal, an early end is told after the last bytes."""
    inflate = zlib.decompressobj(wbits=31)
    with path.open("rb") as handle:
        data = b""
        while True:
            data = data or handle.read(CHUNK_BYTES)
            if inflate.eof:
                data = data.lstrip(b"\x00") or handle.read(CHUNK_BYTES).lstrip(b"\x00")
                if not data:
                    return
                inflate = zlib.decompressobj(wbits=31)
            with guarded():
                unpacked = inflate.decompress(data, CHUNK_BYTES)
            if not data and not unpacked and not inflate.eof:
                raise Unreadable(Problem.ENDS_EARLY)
            data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if unpacked:
                yield unpacked


def _members(path: Path, *, form: FileFormat, limits: Limits) -> list[Callable[[], Iterator[bytes]]]:
    with guarded(), zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    if len(infos) > limits.max_members:
        raise Unreadable(Problem.MANY_MEMBERS)
    for info in infos:
        refuse_hostile(info)
    if sum(info.file_size for info in infos) > limits.max_bytes:
        raise Unreadable(Problem.TOO_LARGE)
    wanted = [info for info in infos if not info.is_dir() and _is_wanted(info.filename, form.member)]
    names = [info.filename for info in wanted]
    if not names or len(set(names)) < len(names):
        raise Unreadable(Problem.CORRUPT if names else Problem.NO_MEMBER)
    return [_unzipper(path, name) for name in sorted(names)]


def refuse_hostile(info: zipfile.ZipInfo) -> None:
    """Nothing is ever unpacked under a member's name; a name that tries to leave still tells of a hostile archive."""
    for name in (info.filename, info.orig_filename):
        steps = re.split(r"[/\\]", name)
        if not steps[0] or ".." in steps or _DRIVE.match(name) or "\x00" in name:
            raise Unreadable(Problem.UNSAFE_MEMBER)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Unreadable(Problem.LINK)
    if info.flag_bits & 0x1:
        raise Unreadable(Problem.ENCRYPTED)


def _is_wanted(name: str, pattern: str | None) -> bool:
    if name.startswith("__MACOSX/") or name.endswith(".DS_Store"):
        return False
    if pattern is None:
        return True
    form = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
    return form.fullmatch(name) is not None or form.fullmatch(name.rpartition("/")[2]) is not None


def _unzipper(path: Path, name: str) -> Callable[[], Iterator[bytes]]:
    def unzip() -> Iterator[bytes]:
        with guarded():
            archive = zipfile.ZipFile(path)
        with archive:
            with guarded():
                handle = archive.open(name)
            with handle:
                while True:
                    with guarded():
                        chunk = handle.read(CHUNK_BYTES)
                    if not chunk:
                        return
                    yield chunk

    return unzip
