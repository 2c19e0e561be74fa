"""A CSV file on this machine enters; its rows leave in pieces, each of which can be read and asked by itself.

Where Polars reads a whole file, a thread that reads and one that asks wait for each other, and a batch comes in many
parts. A piece is read and asked by one thread, and comes as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from threading import Condition
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.exact_names import all_of
from loadgate.checking.engine.passes import BATCH_ROWS, UnreadableError, failures

if TYPE_CHECKING:
    import polars as pl

PIECE_BYTES: Final = 24 << 20
_HEAD_BYTES: Final = 256 << 10
_LONGEST_LINE: Final = 1 << 20
_LINE_END: Final = b"\n"
_QUOTE: Final = '"'
_SEPARATOR: Final = ","
_OF_FIELDS: Final = frozenset(
    {
        *("separator", "quote_char", "null_values", "empty_string_is_null", "decimal_comma"),
        *("ignore_errors", "truncate_ragged_lines"),
    }
)
"""Options of `scan_csv` that say how a field or a line is read, whatever stands around it."""
_OF_TYPES: Final = frozenset({"schema", "schema_overrides", "infer_schema", "infer_schema_length"})
"""Options that the frame's schema has answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFile:
    """A CSV file, with the options that Polars' `scan_csv` takes; a pass over it is faster than one over its frame."""

    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    piece_bytes: int = PIECE_BYTES

    def frame(self, **more: Any) -> pl.LazyFrame:
        """The file as Polars scans it. Raises as `scan_csv` does."""
        import polars as pl

        return pl.scan_csv(self.path, glob=False, **self.options, **more)


def cut(file: CsvFile, schema: Mapping[str, pl.DataType], columns: Collection[str] | None) -> Pieces | None:
    """The pieces of a file of a schema, with these columns or all.

    None if it is not worth while, or not sure that pieces are read as the whole file is: then its frame has to do.
    """
    if not set(file.options) <= _OF_FIELDS | _OF_TYPES or len(schema) < 2 or not _read_alone(schema):
        return None
    try:
        with file.path.open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
            size = os.fstat(opened.fileno()).st_size
    except OSError:
        return None
    header = head[: head.find(_LINE_END) + 1]
    lines = head.count(_LINE_END) - 1
    if lines < 1 or _quoted(file, header):
        return None
    piece_bytes = min(file.piece_bytes, BATCH_ROWS * (len(head) - len(header)) // lines)
    if size < 2 * piece_bytes:
        return None
    names = _names(file, header)
    if len(names) != len(schema) or set(names) != set(schema):
        return None
    return Pieces(
        file,
        header=header,
        schema={name: schema[name] for name in names},
        columns=list(schema) if columns is None else columns,
        size=piece_bytes,
    )


def _read_alone(schema: Mapping[str, pl.DataType]) -> bool:
    """Whether each value of these types is read without regard to others."""
    import polars as pl

    return all(kind.is_numeric() or kind in (pl.String, pl.Boolean, pl.Date) for kind in schema.values())


def _names(file: CsvFile, header: bytes) -> list[str]:
    """The columns in the order of the file; none if the header cannot be read, as where the file is compressed."""
    import polars as pl

    options = {name: value for name, value in file.options.items() if name in ("separator", "quote_char")}
    try:
        return pl.scan_csv(header, infer_schema=False, **options).collect_schema().names()
    except failures():
        return []


def _quoted(file: CsvFile, text: bytes) -> bool:
    quote = file.options.get("quote_char", _QUOTE)
    return quote is not None and quote.encode() in text


class Pieces:
    """What reads the pieces, from any thread, while it is entered; what `rest` remains has to be read otherwise.

    They end before the first piece with a quote, since a line end behind one may belong to a field.
    """

    def __init__(
        self, file: CsvFile, *, header: bytes, schema: Mapping[str, pl.DataType], columns: Collection[str], size: int
    ) -> None:
        self._file, self._header, self._schema, self._columns, self._size = file, header, schema, columns, size
        self._turns = Condition()
        self._turn = 0
        self._at = len(header)
        self._ended = self._is_whole = False
        self._opened: FileIO | None = None

    def __enter__(self) -> Pieces:
        with suppress(OSError):  # Polars will say why
            self._opened = FileIO(self._file.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened.close()

    def read(self, index: int) -> pl.DataFrame | None:
        """Read a piece once all before it were begun; None behind the last. Raises: UnreadableError."""
        with self._turns:
            self._turns.wait_for(lambda: self._turn == index)
            body = None
            try:
                body = None if self._ended else self._next()
            finally:  # or the next ones would wait for ever
                self._ended = body is None
                self._turn += 1
                self._turns.notify_all()
        return None if body is None else self._parsed(body)

    def rest(self, rows: int) -> pl.LazyFrame | None:
        """What comes behind so many rows."""
        return None if self._is_whole else self._file.frame(skip_rows_after_header=rows)

    def _next(self) -> bytes | None:
        if self._opened is None:
            return None
        descriptor = self._opened.fileno()
        try:
            end = os.fstat(descriptor).st_size
            if self._at >= end:
                self._is_whole = self._at == end
                return None
            to = _line_end(descriptor, self._at + self._size, end)
            body = b"" if to is None else os.pread(descriptor, to - self._at, self._at)
        except (OSError, MemoryError):
            return None
        if to is None or len(body) < to - self._at or _quoted(self._file, body):
            return None
        self._at = to
        return body

    def _parsed(self, body: bytes) -> pl.DataFrame:
        import polars as pl

        how = {name: value for name, value in self._file.options.items() if name in _OF_FIELDS}
        how["quote_char"] = None  # there is none here, and Polars need not look
        if self._begins_plainly(body):
            frame = pl.scan_csv(body, has_header=False, schema=self._schema, **how)
        else:
            frame = pl.scan_csv(self._header + body, schema=self._schema, **how)
        try:
            return frame.select(all_of(self._columns)).collect(engine="in-memory")
        except failures() as error:
            raise UnreadableError(type(error).__name__) from None

    def _begins_plainly(self, body: bytes) -> bool:
        """Whether the first line has all fields, and nothing that Polars takes off a file: else it needs the header."""
        line, _, _ = body[:_LONGEST_LINE].partition(_LINE_END)
        separator = (self._file.options.get("separator") or _SEPARATOR).encode()
        return line[:1].isalnum() and line.count(separator) == len(self._schema) - 1


def _line_end(descriptor: int, at: int, end: int) -> int | None:
    """Where the line ends in which a place lies, its line end included; None if it is too long to look for."""
    if at >= end:
        return end
    window = os.pread(descriptor, _LONGEST_LINE, at)
    found = window.find(_LINE_END)
    if found >= 0:
        return at + found + 1
    return end if at + len(window) >= end else None
