"""A workbook's bytes in, the cells of one of its sheets out, row by row: Office Open XML (.xlsx, .xlsm).

Read with the standard library's XML parser, as a stream. The usual reader, calamine (as fastexcel or python-calamine,
both with wheels for every Python that we support), parses 100 000 rows of 12 columns in 0.8 CPU seconds, this in 3.6.
But it lays a sheet out as one dense block: a file of 5 kB with a cell in its last corner asks for 16 thousand million
cells, and what ends is the process, not the file. Nor does it say which number format fills a code with zeros. Here
only shared texts are held, and they have a limit.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO
from xml.parsers import expat

from loadgate.reading.problems import Problem, Unreadable, guarded
from loadgate.reading.sources import CONTENT_TYPES, Limits, refuse_hostile

MAX_ROW, MAX_COLUMN = 1_048_576, 16_384
_CHUNK_BYTES = 256 * 1024
_RUN_ROWS, _RUN_CELLS = 20_000, 100_000
_MAX_CELL_CHARACTERS = 1024 * 1024
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)})
_NO_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_ZEROS = re.compile(r"0{2,}")
_ESCAPED = re.compile(r"_x((?![dD][89a-fA-F])[0-9A-Fa-f]{4})_")

Attributes = dict[str, str]


@dataclass(frozen=True, slots=True)
class Style:
    """What a number format makes of a number: a moment, or a text of at least so many digits."""

    moment: bool = False
    digits: int = 0


_PLAIN = Style()
# The file's own kind (n number, s, str, inlineStr text, b boolean, e error, d ISO date), its value as text, its style.
# A bare tuple: there are millions, and a dataclass takes many times as long to make.
Cell = tuple[str, str, Style]


@dataclass(slots=True, kw_only=True)
class _Parts:
    archive: zipfile.ZipFile
    limits: Limits
    names: frozenset[str]

    def chunks(self, name: str) -> Iterator[bytes]:
        """The part's bytes, within the limits that every archive has."""
        limits, unpacked = self.limits, 0
        with guarded():
            packed = max(self.archive.getinfo(name).compress_size, 1)
            handle = self.archive.open(name)
        with handle:
            while True:
                with guarded():
                    chunk = handle.read(_CHUNK_BYTES)
                if not chunk:
                    return
                unpacked += len(chunk)
                too_dense = unpacked > limits.ratio_from_bytes and unpacked > packed * limits.max_ratio
                if too_dense or unpacked > limits.max_bytes:
                    raise Unreadable(Problem.TOO_LARGE)
                yield chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """Open until the handle is closed. `epoch_1904`: days count from 1904, as on old Macintosh computers."""

    epoch_1904: bool
    _parts: _Parts
    _sheets: list[tuple[str, str, bool]]  # name, part, hidden
    _shared: list[str]
    _styles: list[Style]

    @classmethod
    def open(cls, handle: IO[bytes], *, limits: Limits) -> Workbook:
        """Raises: Unreadable for anything that is no sound workbook."""
        with guarded():
            archive = zipfile.ZipFile(handle)
            infos = archive.infolist()
        if len(infos) > limits.max_members:
            raise Unreadable(Problem.MANY_MEMBERS)
        for info in infos:
            refuse_hostile(info)
        names = [info.filename for info in infos]
        if CONTENT_TYPES not in names:
            raise Unreadable(Problem.OTHER_FORMAT)
        if len(set(names)) < len(names):
            raise Unreadable(Problem.CORRUPT)
        parts = _Parts(archive=archive, limits=limits, names=frozenset(names))
        main = next(iter(_related(parts, "").get("officeDocument", {}).values()), "xl/workbook.xml")
        if main not in parts.names or main.endswith(".bin"):
            raise Unreadable(Problem.OTHER_FORMAT)
        related = _related(parts, main)
        sheets, epoch_1904 = _sheets(parts, main, related.get("worksheet", {}))
        shared = next(iter(related.get("sharedStrings", {}).values()), None)
        styles = next(iter(related.get("styles", {}).values()), None)
        return cls(
            epoch_1904=epoch_1904,
            _parts=parts,
            _sheets=sheets,
            _shared=_shared(parts, shared) if shared in parts.names else [],
            _styles=_styles(parts, styles) if styles in parts.names else [],
        )

    @property
    def visible(self) -> int:
        """How many sheets are not hidden."""
        return sum(not hidden for _, _, hidden in self._sheets)

    def rows(self, sheet: str | None) -> Iterator[list[tuple[int, dict[int, Cell]]]]:
        """Runs of rows that have cells with something in them: number from 1, cells by column from 0.

        Without a name, the first sheet that is not hidden.
        Raises: Unreadable, also where there is no such sheet; sheet names are never repeated.
        """
        if sheet is None:
            found = [part for _, part, hidden in self._sheets if not hidden] or [part for _, part, _ in self._sheets]
        else:
            found = [part for name, part, _ in self._sheets if name.strip().casefold() == sheet.strip().casefold()]
        if not found or found[0] not in self._parts.names:
            raise Unreadable(Problem.NO_SHEET)
        reader = _SheetReader(self._shared, self._styles)
        for _ in _parse(self._parts.chunks(found[0]), reader.start, reader.end, reader.say):
            if reader.held() > _MAX_CELL_CHARACTERS:
                raise Unreadable(Problem.LONG_LINE)
            if len(reader.rows) >= _RUN_ROWS or reader.cells >= _RUN_CELLS:
                yield reader.take()
        if reader.rows:
            yield reader.take()


def _parse(
    chunks: Iterator[bytes],
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None],
    say: Callable[[str], None],
) -> Iterator[None]:
    """Feed the parser; yields after each chunk. Element names come without their prefix, and no entity is ever told."""
    prefix = ""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise Unreadable(Problem.CORRUPT)

    def first(name: str, _: Attributes) -> None:
        nonlocal prefix
        prefix = name.rpartition(":")[0]
        if prefix:
            parser.StartElementHandler = lambda each, found: start(each.removeprefix(prefix + ":"), found)
            parser.EndElementHandler = lambda each: end(each.removeprefix(prefix + ":"))
        else:
            parser.StartElementHandler, parser.EndElementHandler = start, end

    parser.StartDoctypeDeclHandler = refuse  # no workbook has one; entities that multiply do
    parser.StartElementHandler = first
    parser.CharacterDataHandler = say
    for chunk in chunks:
        with guarded():
            parser.Parse(chunk)
        yield
    with guarded():
        parser.Parse(b"", True)


def _elements(parts: _Parts, name: str) -> list[tuple[str, Attributes]]:
    """Every element of a small part."""
    found: list[tuple[str, Attributes]] = []
    for _ in _parse(parts.chunks(name), lambda tag, given: found.append((tag, given)), lambda _: None, lambda _: None):
        if len(found) > MAX_ROW:
            raise Unreadable(Problem.TOO_LARGE)
    return found


def _related(parts: _Parts, owner: str) -> dict[str, dict[str, str]]:
    """Parts that a part names: by the kind of relation, by id."""
    folder, _, own = owner.rpartition("/")
    path = f"{folder}/_rels/{own}.rels".removeprefix("/")
    found: dict[str, dict[str, str]] = {}
    if path not in parts.names:
        return found
    for tag, given in _elements(parts, path):
        if tag != "Relationship" or given.get("TargetMode") == "External":
            continue
        target = given.get("Target", "")
        part = target.removeprefix("/") if target.startswith("/") else f"{folder}/{target}".removeprefix("/")
        found.setdefault(given.get("Type", "").rpartition("/")[2], {})[given.get("Id", "")] = part
    return found


def _sheets(parts: _Parts, main: str, worksheets: dict[str, str]) -> tuple[list[tuple[str, str, bool]], bool]:
    sheets, epoch_1904 = [], False
    for tag, given in _elements(parts, main):
        if tag == "workbookPr":
            epoch_1904 = given.get("date1904", "0") in ("1", "true")
        if tag == "sheet":
            relation = next((value for key, value in given.items() if key.rpartition(":")[2] == "id"), "")
            if relation in worksheets:
                hidden = given.get("state", "visible") != "visible"
                sheets.append((given.get("name", ""), worksheets[relation], hidden))
    return sheets, epoch_1904


def _styles(parts: _Parts, name: str) -> list[Style]:
    """By the number that a cell gives."""
    codes: dict[str, str] = {}
    styles: list[Style] = []
    inside = False
    for tag, given in _elements(parts, name):
        if tag == "numFmt":
            codes[given.get("numFmtId", "")] = given.get("formatCode", "")
        elif tag in ("cellXfs", "cellStyles", "cellStyleXfs"):
            inside = tag == "cellXfs"
        elif tag == "xf" and inside:
            number = given.get("numFmtId", "0")
            styles.append(_style(number, codes.get(number)))
    return styles


def _style(number: str, code: str | None) -> Style:
    if code is None:
        return Style(moment=number.isdecimal() and int(number) in _DATE_FORMATS)
    code = code.partition(";")[0]
    if _ZEROS.fullmatch(code):
        return Style(digits=min(len(code), 40))
    return Style(moment=bool(set(_NO_CODE.sub("", code).lower().replace("general", "")) & set("ymdhs")))


def _shared(parts: _Parts, name: str) -> list[str]:
    """The texts that cells point at. Held, so their size has a limit of its own."""
    texts: list[str] = []
    pieces: list[str] = []
    size, telling, aside = 0, False, False

    def start(tag: str, _: Attributes) -> None:
        nonlocal telling, aside
        if tag == "t":
            telling = not aside
        elif tag == "rPh":  # how a text is pronounced
            aside = True
        elif tag == "si":
            pieces.clear()

    def end(tag: str) -> None:
        nonlocal telling, aside
        if tag == "t":
            telling = False
        elif tag == "rPh":
            aside = False
        elif tag == "si":
            texts.append(_unescaped("".join(pieces)))

    def say(text: str) -> None:
        nonlocal size
        if telling:
            size += len(text)
            pieces.append(text)

    for _ in _parse(parts.chunks(name), start, end, say):
        if size + 64 * len(texts) > parts.limits.max_held_bytes:
            raise Unreadable(Problem.TOO_LARGE)
    return texts


def _unescaped(text: str) -> str:
    """Characters that XML cannot hold are written as `_x000D_`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class _SheetReader:
    """Handlers of a sheet's elements; rows pile up until they are taken.

    Closures over local names: with attributes the same takes half as long again, and cells come in millions.
    """

    def __init__(self, shared: list[str], styles: list[Style]) -> None:
        self.rows: list[tuple[int, dict[int, Cell]]] = []
        self.cells = 0
        self._pieces: list[str] = []
        self.start, self.end, self.say = self._handlers(shared, styles)

    def take(self) -> list[tuple[int, dict[int, Cell]]]:
        taken, self.rows, self.cells = self.rows, [], 0
        return taken

    def held(self) -> int:
        return sum(map(len, self._pieces))

    def _handlers(
        self, shared: list[str], styles: list[Style]
    ) -> tuple[Callable[[str, Attributes], None], Callable[[str], None], Callable[[str], None]]:
        row, column = 0, -1
        cells: dict[int, Cell] = {}
        columns: dict[str, int] = {}
        pieces = self._pieces
        given: Attributes = {}
        telling = formula = False

        def start(tag: str, attributes: Attributes) -> None:
            nonlocal row, column, cells, given, telling, formula
            if tag == "c":
                given, formula = attributes, False
                pieces.clear()
                reference = attributes.get("r")
                if reference is None:
                    column += 1
                else:
                    letters = reference.rstrip("0123456789")
                    known = columns.get(letters)
                    column = columns.setdefault(letters, _position(letters)) if known is None else known
            elif tag in ("v", "t"):
                telling = True
            elif tag == "f":
                formula = True
            elif tag == "row":
                number = attributes.get("r")
                row = row + 1 if number is None else int(number)
                column, cells = -1, {}
                if not 0 < row <= MAX_ROW:
                    raise Unreadable(Problem.CORRUPT)

        def end(tag: str) -> None:
            nonlocal telling
            if tag in ("v", "t"):
                telling = False
            elif tag == "c":
                if pieces or formula:
                    end_cell(given.get("t", "n"), given.get("s"), "".join(pieces))
            elif tag == "row" and cells:
                self.rows.append((row, cells))
                self.cells += len(cells)

        def end_cell(kind: str, style: str | None, text: str) -> None:
            if kind == "s" and text:
                place = int(text)
                if place < 0:
                    raise Unreadable(Problem.CORRUPT)
                text = shared[place]
            elif kind in ("inlineStr", "str"):
                text = _unescaped(text)
            if not text and not formula:
                return
            if not 0 <= column < MAX_COLUMN:
                raise Unreadable(Problem.CORRUPT)
            if not text and kind != "str":  # a formula that nobody worked out
                kind, text = "e", "#VALUE!"
            number = -1 if style is None else int(style)
            cells[column] = (kind, text, styles[number] if 0 <= number < len(styles) else _PLAIN)

        def say(text: str) -> None:
            if telling:
                pieces.append(text)

        return start, end, say


def _position(letters: str) -> int:
    """`AB` is column 27; in a reference such as AB12, the row is the row's own affair."""
    if not 0 < len(letters) <= 3 or not letters.isascii() or not letters.isalpha():
        raise Unreadable(Problem.CORRUPT)
    found = 0
    for letter in letters.upper():
        found = found * 26 + ord(letter) - ord("A") + 1
    return found - 1
