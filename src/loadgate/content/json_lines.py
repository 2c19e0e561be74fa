"""JSON text in; plain values with the line of every key and entry out, and every fault of the notation."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from loadgate.content.lines import WHOLE_FILE, KeyPath, Lines, key_text
from loadgate.content.yaml_lines import Parsed
from loadgate.errors import Fault

DEPTH_LIMIT = 60
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_BROKEN = re.compile("[\ud800-\udfff]")


class _SecondError(ValueError):
    """A key that stands twice: one of the two would be lost."""


def parse(text: str, *, file: str) -> Parsed:
    """Read one document, strictly: no second key of a name, no NaN. One fault and the value None where it is none."""
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return _broken(file, error.lineno, error.msg.lower())
    except _SecondError:
        line, name = _second_key(text)
        return _broken(file, line, f"a second {_BROKEN.sub('?', name[:60])} in one object")
    except ValueError:
        return _broken(file, _line_of_no_number(text), "NaN, an infinity or a number too long")
    except RecursionError:
        return _broken(file, 1, "deep nesting")
    lines, deepest = _lines(text)
    if deepest > DEPTH_LIMIT:
        return _broken(file, 1, "deep nesting")
    parsed = Parsed(value=value, lines=lines)
    for path in _half_characters(value, ()):
        parsed.faults.append(
            Fault(
                file=file,
                line=lines.at(path),
                key=key_text(path),
                found="half of a character",
                expected="whole characters",
                fix="write the character itself in its place",
            )
        )
    return parsed


def _broken(file: str, line: int, found: str) -> Parsed:
    fix = "mend the notation on this line or the one above it"
    return Parsed(faults=[Fault(file=file, line=line, key=WHOLE_FILE, found=found, expected="JSON", fix=fix)])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _SecondError
    return found


def _no_constant(_: str) -> object:
    raise ValueError("a number without end")


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    line, at = 1, 0
    for token in _TOKEN.finditer(text):
        line, at = line + text.count("\n", at, token.start()), token.start()
        yield line, token[0]


def _second_key(text: str) -> tuple[int, str]:
    """The first key that its object had before. What stands before it is known to be JSON, what follows may be none."""
    names: list[set[str] | None] = []  # of each collection that is open; None for a list
    key_next = False
    for line, sign in _tokens(text):
        if sign in "}]":
            names.pop()
            key_next = False
        elif sign in "{[":
            names.append(set() if sign == "{" else None)
            key_next = sign == "{"
        elif sign == ",":
            key_next = names[-1] is not None
        elif sign == ":":
            key_next = False
        elif key_next and (keys := names[-1]) is not None:
            name = json.loads(sign)
            if name in keys:
                return line, name
            keys.add(name)
    return 1, "key"


def _line_of_no_number(text: str) -> int:
    def is_none(sign: str) -> bool:
        bare = sign.removeprefix("-")
        return bare in ("NaN", "Infinity") or (bare.isdigit() and len(bare) > sys.get_int_max_str_digits())

    return next((line for line, sign in _tokens(text) if is_none(sign)), 1)


def _lines(text: str) -> tuple[Lines, int]:
    """Walk the tokens of a text that is known to be JSON."""
    keys: dict[KeyPath, int] = {(): 1}
    path: list[str | int] = []
    objects: list[bool] = []  # of each collection that is open, whether it is an object
    key_next, deepest = False, 0
    for line, sign in _tokens(text):
        if sign in "}]":
            objects.pop()
            path.pop()
            key_next = False
        elif sign == ",":
            key_next = objects[-1]
            if not key_next:
                path[-1] = int(path[-1]) + 1
        elif sign == ":":
            key_next = False
        elif key_next:
            path[-1] = json.loads(sign)
            keys[tuple(path)] = line
        else:
            keys.setdefault(tuple(path), line)
            if sign in "{[":
                objects.append(sign == "{")
                path.append("" if sign == "{" else 0)
                key_next = sign == "{"
                deepest = max(deepest, len(path))
    return Lines(keys), deepest


def _half_characters(value: object, path: KeyPath) -> list[KeyPath]:
    if isinstance(value, str):
        return [path] if _BROKEN.search(value) else []
    if isinstance(value, dict):
        named = [path for name in value if _BROKEN.search(name)]
        whole = ((name, part) for name, part in value.items() if not _BROKEN.search(name))
        return named + [found for name, part in whole for found in _half_characters(part, (*path, name))]
    if isinstance(value, list):
        return [found for at, part in enumerate(value) for found in _half_characters(part, (*path, at))]
    return []
