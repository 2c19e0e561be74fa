"""A file that no profile describes in; out, what its format seems to be, its column names, and its values as they came.

Nothing is guessed in a run: this serves the first draft of a suite, which a person then reads.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.errors import CouldNotRun
from loadgate.model.profiles import FileFormat, FormatKind
from loadgate.reading.batches import LINE, RECORD, Batch
from loadgate.reading.formats.delimited import read_delimited
from loadgate.reading.formats.parquet import read_parquet
from loadgate.reading.formats.xlsx import read_xlsx
from loadgate.reading.header import Layout, Wanted, split_header
from loadgate.reading.lines import blocks
from loadgate.reading.no_tables import why_no_table
from loadgate.reading.problems import Problem, Unreadable, WrongColumns, guarded, is_library_fault
from loadgate.reading.sources import PARQUET, ZIP, Limits, Source, open_sources, seekable
from loadgate.reading.workbook import Cell, Workbook

if TYPE_CHECKING:
    import polars as pl

DELIMITERS = (";", ",", "\t", "|", "^", "~", "\x1f")
_ENCODINGS = ("utf-8", "cp1252", "utf-16")  # all of ISO-8859-1 that is text is Windows-1252 too
_LOOKED_AT_LINES = 50
_VALUE = re.compile(r"[+-]?[0-9][0-9.,:/ -]*|")  # a number, a date, or nothing: in a header a sign that it is none
_DIGITS_OF_A_VALUE = 8  # more than a year and month: a name has no such number, a row may
_EVEN_LINES, _EVEN_CHARACTERS = 3, 12  # so many lines of one length, at least so long, are no column of codes
_WORDS = ("true", "false")
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_TRIED = "UTF-8, Windows-1252 or UTF-16"
_NO_TEXT = "name a CSV, Parquet or xlsx file: a picture, PDF or archive is none; a CSV in iso-8859-1 needs --encoding"
_NOT_THIS = (
    "name a CSV, Parquet or xlsx file that was made of it; if it is a CSV all the same, say --header or --no-header"
)
_OPEN_IT = "see whether the program that wrote it opens it, and ask for it anew if not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """`path`: a Parquet of the columns as `c0`, `c1`, …, texts where the file types nothing.

    `names` as they stand in the file; made up, `column_1` and so on, without a header. `repeated`: rows left out that
    are the header again. `other_sheets`: of a workbook, those that can be seen and were not looked at.
    """

    path: Path
    names: tuple[str, ...]
    form: FileFormat
    rows: int
    rejected: int
    repeated: int = 0
    other_sheets: int = 0


def read_raw(
    path: Path,
    *,
    into: Path,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
) -> Raw:
    """Read a CSV, Parquet or workbook, plain or packed, in bounded memory; what is stated is not guessed.

    Raises: CouldNotRun, in closed words, for a file that is none of them.
    """
    limits = Limits()
    first: Unreadable | None = None
    try:
        kind = _kind(path, into, limits)
        tried = [encoding] if encoding else list(_ENCODINGS) if kind is FormatKind.CSV else ["utf-8"]
        while True:
            form = FileFormat.model_validate({"kind": kind, "encoding": tried.pop(0)})
            try:
                return _read(path, form, into, limits, delimiter=delimiter, header=header)
            except Unreadable as unreadable:
                first = first or unreadable
                if unreadable.problem is not Problem.ENCODING or not tried:
                    raise
                likely = (unreadable.looks_like or "").partition(" ")[0]
                tried.sort(key=lambda one: one != likely)
    except Unreadable as unreadable:
        told = first or unreadable
        if told.problem is Problem.ENCODING and encoding is None:
            raise CouldNotRun(
                f"the file cannot be read: line {told.line} is no text in {_TRIED}", fix=_NO_TEXT
            ) from None
        at = f", line {told.line}" if told.line else ""
        raise CouldNotRun(f"the file cannot be read: {told.problem.value}{at}", fix=_fix(told.problem)) from None
    except WrongColumns:
        raise CouldNotRun("the file has two columns of one name", fix="rename one of them") from None
    except (CouldNotRun, MemoryError, OSError):
        raise
    except BaseException as error:
        if not is_library_fault(error):
            raise
        raise CouldNotRun(f"the file cannot be read: {type(error).__name__}", fix=_OPEN_IT) from None


def _fix(problem: Problem) -> str:
    if problem is Problem.ENCODING:
        return "name its delimiter and encoding, or describe it in a profile and use --site and --dataset"
    return _OPEN_IT


def _kind(path: Path, scratch: Path, limits: Limits) -> FormatKind:
    """By the bytes; the name says nothing."""
    for kind in (FormatKind.XLSX, FormatKind.PARQUET):
        try:
            source = open_sources(path, form=FileFormat(kind=kind), scratch=scratch, limits=limits)[0]
            head = next(iter(source.chunks()), b"")[:4]
        except Unreadable as unreadable:
            if unreadable.problem is Problem.OTHER_FORMAT:
                continue
            raise
        if kind is FormatKind.PARQUET and head == PARQUET:
            return kind
        if kind is FormatKind.XLSX and head == ZIP[0]:
            return kind
    return FormatKind.CSV


def _read(
    path: Path, form: FileFormat, into: Path, limits: Limits, *, delimiter: str | None, header: bool | None
) -> Raw:
    sources = open_sources(path, form=form, scratch=into, limits=limits)
    names, form = _header(sources[0], form, delimiter=delimiter, header=header)
    for other in sources[1:]:
        if _header(other, form, delimiter=form.delimiter, header=form.header)[0] != names:
            raise CouldNotRun("the members of the archive have different columns", fix="draft from one of them alone")
    # columns are found by position: a hostile file's names are never used as names before somebody chose them
    stand_ins = [f"c{at}" for at in range(len(names))]
    wanted = tuple(
        Wanted(source=name.strip(), column=stand_in, optional=False)
        for name, stand_in in zip(names, stand_ins, strict=True)
    )
    # a workbook's cells of true and false in words: as 1 and 0 they would be taken for numbers
    plain = form.model_copy(update={"header": False, "true_values": _WORDS[:1], "false_values": _WORDS[1:]})
    layout = Layout(wanted=wanted, ignored=frozenset(), form=plain)
    target, rows, rejected, repeated = into / "raw.parquet", 0, 0, 0
    writer: Any = None
    try:
        for source in sources:
            for batch in _batches(source, layout, form):
                rejected += batch.rejected.height
                found = _without_names(batch.raw, names) if form.header else batch.raw
                repeated += batch.raw.height - found.height
                table = found.drop(RECORD, LINE).to_arrow()
                if writer is None:
                    writer = _writer(target, table.schema)
                writer.write_table(table.cast(writer.schema))
                rows += found.height
        if writer is None and names:  # a Parquet file without rows has no batch
            empty = _without_rows(sources[0], stand_ins, form)
            writer = _writer(target, empty.schema)
            writer.write_table(empty)
    finally:
        if writer is not None:
            writer.close()
    others = _other_sheets(sources[0]) if form.kind is FormatKind.XLSX else 0
    return Raw(
        path=target,
        names=tuple(names),
        form=form,
        rows=rows,
        rejected=rejected,
        repeated=repeated,
        other_sheets=others,
    )


def _batches(source: Source, layout: Layout, form: FileFormat) -> Iterator[Batch]:
    match form.kind:
        case FormatKind.PARQUET:
            by_name = Layout(wanted=layout.wanted, ignored=frozenset(), form=form)
            yield from read_parquet(source, by_name)
        case FormatKind.XLSX:
            yield from _without_first(read_xlsx(source, layout)) if form.header else read_xlsx(source, layout)
        case _:
            yield from _without_first(read_delimited(source, layout)) if form.header else read_delimited(source, layout)


def _without_rows(source: Source, stand_ins: Sequence[str], form: FileFormat) -> Any:
    """No rows, of the file's own types where it has any."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if form.kind is not FormatKind.PARQUET:
        return pa.schema([(name, pa.string()) for name in stand_ins]).empty_table()
    with seekable(source) as handle, guarded():
        return pq.ParquetFile(handle).schema_arrow.empty_table().rename_columns(list(stand_ins))


def _without_first(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Without the record that holds the names; where it could not be split it was rejected."""
    import polars as pl

    for batch in batches:
        rest = pl.col(RECORD) > 1
        yield Batch(raw=batch.raw.filter(rest), rejected=batch.rejected.filter(rest), records=batch.records)


def _without_names(raw: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Without rows that are the header again, which a run does not count either."""
    import polars as pl

    schema = raw.schema
    if any(schema[f"c{at}"] != pl.String for at in range(len(names))):
        return raw
    fields = (pl.col(f"c{at}").str.strip_chars().fill_null("") == name for at, name in enumerate(names))
    return raw.filter(~pl.all_horizontal(fields))


def _header(
    source: Source, form: FileFormat, *, delimiter: str | None, header: bool | None
) -> tuple[list[str], FileFormat]:
    match form.kind:
        case FormatKind.PARQUET:
            import pyarrow.parquet as pq

            with seekable(source) as handle, guarded():
                return list(pq.ParquetFile(handle).schema_arrow.names), form
        case FormatKind.XLSX:
            with seekable(source) as handle:
                book = Workbook.open(handle, limits=source.limits)
                rows = list(islice((row for run in book.rows(None) for row in run), _LOOKED_AT_LINES))
            start = _below_titles([cells for _, cells in rows])
            first = rows[start] if rows else (1, {})
            width = max(first[1], default=-1) + 1
            below = [[_text_of(row.get(at)) for at in range(width)] for _, row in rows[start + 1 :]]
            cells = [first[1].get(at) for at in range(width)]
            named = _is_header([_text_of(cell) for cell in cells], below) if header is None else header
            names = ["" if cell is None else cell[1] for cell in cells]
            return _named(names, named), form.model_copy(update={"header": named, "header_row": first[0]})
        case _:
            text = next(iter(blocks(source.chunks(), encoding=form.encoding))).text
            lines = [line for line in islice(text.split("\n"), _LOOKED_AT_LINES) if line.strip("\r \t")]
            form = form.model_copy(update={"delimiter": delimiter or _delimiter(lines)})
            first_record = _first_record(text)
            names = split_header(first_record, form) if first_record else []
            below = _split(lines[1:], form.delimiter)
            if delimiter is None and header is None:
                _must_be_table(text, lines, names, below)
            named = _is_header(names, below) if header is None else header
            return _named(names, named), form.model_copy(update={"header": named})


def _must_be_table(text: str, lines: Sequence[str], first: Sequence[str], below: Sequence[Sequence[str]]) -> None:
    """Raises: CouldNotRun where the first lines are none of a table, or its names stand in a later one."""
    if (why := why_no_table(text, lines, parted=len(first) > 1)) is not None:
        raise CouldNotRun(f"{why}, no table", fix=_NOT_THIS)
    if len(first) == 1 and _is_even(lines):
        raise CouldNotRun(
            "no delimiter splits the lines, and all are of one length: the file looks like fixed width",
            fix="fixed width needs a profile, --site and --dataset; one column needs --header or --no-header",
        )
    filled = [sum(bool(field.strip()) for field in row) for row in (first, *below)]
    start = next((at for at, count in enumerate(filled) if count * 2 > max(filled)), 0)
    if start and len(first) > 1 and _is_header(below[start - 1], below[start:]):
        raise CouldNotRun(
            f"the first line fills {filled[0]} of {len(first)} fields, and names stand further down, below titles",
            fix="take the lines above the names out of a copy; if the first line is a row, say --no-header",
        )


def _below_titles(rows: Sequence[Mapping[int, Cell]]) -> int:
    """Where the table begins: at the first row that fills more than half of the columns that the fullest one does."""
    fullest = max(map(len, rows), default=0)
    return next((at for at, cells in enumerate(rows) if len(cells) * 2 > fullest), 0)


def _other_sheets(source: Source) -> int:
    with seekable(source) as handle:
        return max(Workbook.open(handle, limits=source.limits).visible - 1, 0)


def _first_record(text: str) -> str:
    lines = text.split("\n", _LOOKED_AT_LINES)[:_LOOKED_AT_LINES]
    for count in range(1, len(lines) + 1):
        record = "\n".join(lines[:count])
        if record.count('"') % 2 == 0:
            return record.removesuffix("\r")
    return lines[0].removesuffix("\r")


def _delimiter(lines: Sequence[str]) -> str:
    """The one that splits most lines into the same number of fields, the first among them, and into the most.

    Amounts may have more commas than there are columns; their header has none.
    """

    def fit(delimiter: str) -> tuple[float, bool, int]:
        try:
            counts = [len(fields) for fields in csv.reader(lines, delimiter=delimiter)]
        except csv.Error:
            return 0.0, False, 0
        commonest, times = Counter(counts).most_common(1)[0] if counts else (1, 0)
        return (round(times / len(counts), 1), counts[0] == commonest, commonest) if commonest > 1 else (0.0, False, 0)

    fits = {delimiter: fit(delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda one: fits[one])
    return best if fits[best][2] > 1 else ","


def _split(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader((line.removesuffix("\r") for line in lines), delimiter=delimiter))
    except csv.Error:
        return []


def _is_even(lines: Sequence[str]) -> bool:
    lengths = {len(line.removesuffix("\r")) for line in lines}
    return len(lines) >= _EVEN_LINES and len(lengths) == 1 and min(lengths) >= _EVEN_CHARACTERS


def _text_of(cell: Cell | None) -> str:
    """A cell's text; a number or a date as one that no name is."""
    return "" if cell is None else cell[1] if cell[0] in ("s", "str", "inlineStr") else "0"


def _is_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Names are texts, each another; a number, a date, an empty field or a value of the rows below is none.

    A first row that is taken for names stands in the draft: one field that looks like a value is enough to say no.
    """
    bare = [name.strip() for name in first]
    while len(bare) > 1 and not bare[-1]:  # a line that ends in delimiters
        bare.pop()
    if not bare or all(_VALUE.fullmatch(name) for name in bare):
        return False
    if any(sum(map(str.isdigit, name)) >= _DIGITS_OF_A_VALUE or _MAIL.search(name) for name in bare):
        return False
    if _recurs(bare, below):
        return False
    return sum(_VALUE.fullmatch(name) is not None for name in bare) * 4 < len(bare) or len(bare) == 1


def _recurs(bare: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a field comes again in its own column; rows that repeat the whole of a header are none."""
    rows = [[field.strip() for field in row] for row in below]
    others = [row for row in rows if len(bare) == 1 or row != list(bare)]
    return any(name and any(len(row) > at and row[at] == name for row in others) for at, name in enumerate(bare))


def _named(names: Sequence[str], named: bool) -> list[str]:
    return [name.strip() for name in names] if named else [f"column_{at}" for at in range(1, len(names) + 1)]


def _writer(path: Path, schema: Any) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetWriter(path, schema, compression="zstd")
