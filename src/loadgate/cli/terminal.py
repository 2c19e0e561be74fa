"""Text in; out, text for this terminal: colours only where someone watches, plain lines elsewhere."""

from __future__ import annotations

import codecs
import io
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import IO

_PLAIN = {"−": "-", "–": "-", "…": "...", "█": "#", "░": ".", "·": "*", "→": "->", "“": '"', "”": '"', "’": "'"}
_STYLES = {"error": "31", "hold": "1;31", "caveat": "1;33", "release": "1;32", "strong": "1", "dim": "2"}
_ENDLESS = 100_000  # columns of what is no terminal


def watched(stream: IO[str]) -> bool:
    """Whether a person's terminal that takes colours is at the other end."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def paint(text: str, style: str, *, stream: IO[str] = sys.stdout) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if watched(stream) else text


def columns(*, most: int) -> int:
    """How wide to write: the terminal's width, and no wider than is read well."""
    return max(min(shutil.get_terminal_size((most, 24)).columns, most), 20)


def hung(head: str, text: str) -> str:
    """Both on one line; where the terminal is too narrow, the rest of the text stands below its beginning."""
    return textwrap.fill(
        text,
        columns(most=_ENDLESS) if sys.stdout.isatty() else _ENDLESS,  # whoever reads a pipe looks for whole lines
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def say(text: str = "") -> None:
    """One line to standard output, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say_json(value: object) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # a file's name need not be text, and a stream need not take every letter
        text = json.dumps(value, indent=2, default=str)
    say(text)


def take_any_text() -> None:
    """Let both streams write a plain sign, or an escape, for what they cannot write, whatever their encoding."""
    codecs.register_error("loadgate.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="loadgate.plain")


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """A minus stays a minus: as an escape, `−0.9 %` would read as a number of thousands."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(_PLAIN.get(each) or ascii(each)[1:-1] for each in signs), error.end


def visible(text: str) -> str:
    """Text of a stranger on one line: an escape for each character that moves the cursor or turns the line."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def table(head: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> list[str]:
    """Columns in line, two spaces between; those in `right` end on one edge, as numbers should."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    lines = []
    for row in cells:
        fitted = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(fitted).rstrip())
    return lines
