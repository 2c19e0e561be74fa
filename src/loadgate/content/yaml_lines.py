"""YAML text in; plain values with the line of every key out, and every fault of the notation.

Safe by construction: values are built here from the parser's events, so no tag, object, anchor or alias is ever acted
on. Plain scalars follow YAML 1.2 (`no` and `12:30` are text), save that `2026-10-07` is a date and a number with a
leading zero, which one reader takes for a number and the next for a code, must be put in quotes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from loadgate.content.lines import KeyPath, Lines, key_text
from loadgate.errors import Fault

if TYPE_CHECKING:
    from ruamel.yaml.events import Event, ScalarEvent

SIZE_LIMIT_BYTES = 2_000_000
_DEPTH_LIMIT = 40

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MEND = "mend the notation on this line or the one above it"
_HINTS = (  # what the parser says, in its two versions -> what most often leads to it
    (r"tab character|'\\t'", "indent with spaces, not tabs"),
    (r"cannot start any token", "indent with spaces, not tabs, and put text that begins with %, @ or ` in quotes"),
    (r"mapping values|unexpected ':'", "put text that holds a colon in quotes; after a key, a colon and a space"),
    (r"expected ',' or", "close the bracket, and put text that holds a bracket, comma or colon in quotes"),
    (r"end of stream", "close the quotes"),
    (r"escape character", "in single quotes a backslash is just that"),
    (r"expected key|block end|'-' indicator", "indent it as its neighbours, and put all of a text in quotes or none"),
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_WORDS = {"": None, "~": None, "null": None, "true": True, "True": True, "false": False, "False": False}


@dataclass(slots=True)
class Parsed:
    """`faulty` names the keys that already have a fault, so that nothing is said about them twice."""

    value: object = None
    lines: Lines = field(default_factory=Lines)
    faults: list[Fault] = field(default_factory=list)
    faulty: set[KeyPath] = field(default_factory=set)


def parse(text: str, *, file: str) -> Parsed:
    """Read one document. A text that is no YAML gives one fault and the value None."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    builder = _Builder(file)
    try:
        return builder.build(iter(YAML(typ="safe").parse(io.StringIO(text))))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        problem = str(error.problem or "it cannot be read")
        fix = next((f"{_MEND}: {hint}" for pattern, hint in _HINTS if re.search(pattern, problem)), _MEND)
    except YAMLError:
        at = _FORBIDDEN.search(text)
        line = text.count("\n", 0, at.start()) + 1 if at is not None else 1
        name = f" (U+{ord(at.group()):04X})" if at is not None else ""
        problem, fix = f"a character that YAML does not allow{name}", "take it out; an editor may not show it"
    builder.add((), line, found=problem, expected="YAML", fix=fix)
    return Parsed(faults=builder.parsed.faults)


class _Builder:
    """Turns events into values; one instance per document."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.parsed = Parsed()
        self.keys: dict[KeyPath, int] = {}
        self.written: dict[KeyPath, str] = {}

    def add(self, path: KeyPath, line: int, *, found: str, expected: str, fix: str) -> None:
        self.parsed.faults.append(
            Fault(file=self.file, line=line, key=key_text(path), found=found, expected=expected, fix=fix)
        )
        self.parsed.faulty.add(path)

    def build(self, events: Iterator[Event]) -> Parsed:
        documents = 0
        for event in events:
            name = type(event).__name__
            if name == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    line = event.start_mark.line + 1
                    self.add((), line, found="a second document", expected="one", fix="make it a file of its own")
                    break
            elif not name.startswith(("Stream", "Document")):
                self.parsed.value = self.node(event, events, ())
        self.parsed.lines = Lines(self.keys, self.written)
        return self.parsed

    def node(self, event: Any, events: Iterator[Event], path: KeyPath) -> object:
        line = event.start_mark.line + 1
        self.keys.setdefault(path, line)
        name = type(event).__name__
        anchored = name == "AliasEvent" or getattr(event, "anchor", None) is not None
        if anchored:
            self.add(path, line, found="an anchor or alias", expected="the value itself", fix="write the value out")
        elif getattr(event, "ctag", None) is not None and str(event.ctag) not in ("", "None"):
            self.add(path, line, found=f"the tag {event.ctag}", expected="a plain value", fix="take the tag off")
        if name == "ScalarEvent":
            return self.scalar(event, path)
        if name == "AliasEvent":
            return None
        if len(path) > _DEPTH_LIMIT:
            self.add(path, line, found="deep nesting", expected=f"at most {_DEPTH_LIMIT} levels", fix="flatten it")
            _skip(events)
            return None
        return self.mapping(events, path) if name == "MappingStartEvent" else self.sequence(events, path)

    def sequence(self, events: Iterator[Event], path: KeyPath) -> list[object]:
        items: list[object] = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            items.append(self.node(event, events, (*path, len(items))))
        return items

    def mapping(self, events: Iterator[Event], path: KeyPath) -> dict[str, object]:
        values: dict[str, object] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            line = event.start_mark.line + 1
            key = getattr(event, "value", None)
            if not isinstance(key, str):
                self.add(path, line, found="a key that is no text", expected="a key", fix="write the key as text")
                if type(event).__name__ != "AliasEvent":
                    _skip(events)
                self.node(next(events), events, (*path, "?"))
                continue
            here = (*path, key)
            if key in values:
                first = self.keys[here]
                self.add(
                    here, line, found=f"a second {key}", expected=f"one (line {first})", fix="take one of them out"
                )
                self.parsed.faulty.discard(here)
                self.node(next(events), events, (*path, f"{key} (second)"))
                continue
            self.keys[here] = line
            values[key] = self.node(next(events), events, here)
        return values

    def scalar(self, event: ScalarEvent, path: KeyPath) -> object:
        text = str(event.value)
        if event.style in ("'", '"', "|", ">"):
            return text
        self.written[path] = text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text) if len(text) < 20 else text
        if _LEADING_ZERO.fullmatch(text):
            self.add(
                path,
                event.start_mark.line + 1,
                found=text,
                expected="a number without a leading zero, or text in quotes",
                fix=f'write "{text}" if it is a code',
            )
            return text
        if _FLOAT.fullmatch(text):
            return float(text)
        if _DATE.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                return text
        return text


def _skip(events: Iterator[Event]) -> None:
    """Run past the collection that has just begun."""
    depth = 1
    for event in events:
        name = type(event).__name__
        depth += name in ("MappingStartEvent", "SequenceStartEvent")
        depth -= name in ("MappingEndEvent", "SequenceEndEvent")
        if depth == 0:
            return
