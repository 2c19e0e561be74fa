"""Values to look for in; out, where they stand in bytes, files and folders, however they are written or packed."""

from __future__ import annotations

import base64
import html
import io
import json
import quopri
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pyarrow.parquet as pq


def written(value: str) -> dict[str, bytes]:
    """The forms in which a value can stand in a file: how it is written, and the bytes."""
    escaped = json.dumps(value)[1:-1]
    forms = {
        "raw": value.encode(),
        "latin-1": value.encode("latin-1"),
        "JSON": escaped.encode(),
        "JSON twice": json.dumps(escaped)[1:-1].encode(),
        "Python": repr(value.encode())[2:-1].encode(),
        "HTML": html.escape(value).encode(),
        "HTML ASCII": html.escape(value).encode("ascii", "xmlcharrefreplace"),
        "URL": quote(value).encode(),
        "quoted-printable": quopri.encodestring(value.encode()),
        "UTF-16 LE": value.encode("utf-16-le"),
        "UTF-16 BE": value.encode("utf-16-be"),
        "hex": value.encode().hex().encode(),
    }
    for text, name in ((value, "base64"), (escaped, "base64 of JSON")):
        for before in range(3):
            forms[f"{name}, {before} before"] = _base64_core(text.encode(), before)
    forms |= {f"{name}, URL-safe": form.translate(bytes.maketrans(b"+/", b"-_")) for name, form in forms.items()
              if name.startswith("base64")}  # fmt: skip
    return forms


def _base64_core(data: bytes, before: int) -> bytes:
    """The digits that depend on the value alone when so many bytes (modulo three) stand before it."""
    encoded = base64.b64encode(b"\0" * before + data)
    first = -(-before * 8 // 6)
    last = (before + len(data)) * 8 // 6
    return encoded[first:last]


class Search:
    """Looks for values by name; what it finds is told as `name (how it is written)`."""

    def __init__(self, planted: Mapping[str, str]) -> None:
        self._forms: dict[bytes, set[str]] = {}  # what is to be found → how it is told; many are written alike
        for what, value in planted.items():
            for how, form in written(value).items():
                self._forms.setdefault(form.lower(), set()).add(f"{what} ({how})")

    def seen(self, data: bytes, *, depth: int = 0) -> set[str]:
        """What stands in these bytes, also inside what they hold: gzip, zip, zlib, Parquet, SQLite."""
        low = data.lower()
        found = {one for form, told in self._forms.items() if form in low for one in told}
        if depth < 4:
            for inside in _inside(data):
                found |= self.seen(inside, depth=depth + 1)
        return found

    def seen_in(self, path: Path) -> set[str]:
        """The same for a file, its name included. A database is opened in its place, with what its log holds."""
        found = self.seen(path.name.encode()) | self.seen(path.read_bytes())
        if path.suffix == ".db":
            found |= {one for cell in _cells(path) for one in self.seen(cell)}
        return found

    def leaks(self, root: Path, *, aside: Iterable[Path]) -> dict[str, set[str]]:
        """File → what stands in it, for every file below the root that does not lie aside."""
        exempt = [path.resolve() for path in aside]
        found = {}
        for path in sorted(root.rglob("*")):
            if path.is_symlink() or any(path.resolve().is_relative_to(one) for one in exempt):
                continue
            here = self.seen_in(path) if path.is_file() else self.seen(path.name.encode())
            if here:
                found[str(path.relative_to(root))] = here
        return found


def _inside(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"PAR1"):
        yield from _parquet(data)
    elif data.startswith(b"SQLite format 3"):
        yield from _sqlite(data)
    elif data.startswith(b"PK"):
        yield from _zip(data)
    elif data.startswith((b"\x1f\x8b", b"\x78\x01", b"\x78\x9c", b"\x78\xda")):
        try:
            yield zlib.decompressobj(wbits=47).decompress(data)
        except zlib.error:
            return


def _zip(data: bytes) -> Iterator[bytes]:
    with closing(zipfile.ZipFile(io.BytesIO(data))) as archive:
        yield archive.comment
        for member in archive.infolist():
            yield member.filename.encode()
            yield archive.read(member)


def _parquet(data: bytes) -> Iterator[bytes]:
    """Every value as text, and what stands in the footer: names, statistics, metadata."""
    for column in pl.read_parquet(io.BytesIO(data)).iter_columns():
        yield "\n".join(map(repr, column.unique().to_list())).encode()
    footer = pq.ParquetFile(io.BytesIO(data))
    yield repr(footer.schema_arrow).encode()
    yield json.dumps(footer.metadata.to_dict(), default=str, ensure_ascii=False).encode()
    yield repr(footer.metadata.metadata).encode()


def _sqlite(data: bytes) -> Iterator[bytes]:
    with tempfile.NamedTemporaryFile(suffix=".db") as copy:
        copy.write(data)
        copy.flush()
        yield from _cells(Path(copy.name))


def _cells(database: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            cells = [cell for row in connection.execute(f'SELECT * FROM "{table}"') for cell in row]  # noqa: S608  its own names
            yield from (cell for cell in cells if isinstance(cell, bytes))
            yield "\n".join(str(cell) for cell in cells if not isinstance(cell, bytes)).encode()
