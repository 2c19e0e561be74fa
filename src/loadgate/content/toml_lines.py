"""TOML text in; plain values with the line of every key out, or the fault of its notation."""

from __future__ import annotations

import re
import tomllib

from loadgate.content.lines import KeyPath, Lines
from loadgate.content.yaml_lines import Parsed
from loadgate.errors import Fault

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\-]+)\s*=")
_PLACE = re.compile(r"^(.*) \(at (?:line (\d+), column \d+|end of document)\)$")


def parse(text: str, *, file: str) -> Parsed:
    """Read one document. A text that is no TOML gives one fault and the value None."""
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.match(str(error))
        line = int(place.group(2)) if place and place.group(2) else text.count("\n") + 1
        problem = place.group(1) if place else str(error)
        fault = Fault(
            file=file, line=line, key="(file)", found=problem, expected="TOML", fix="mend the notation on this line"
        )
        return Parsed(faults=[fault])
    return Parsed(value=value, lines=Lines(_key_lines(text)))


def _key_lines(text: str) -> dict[KeyPath, int]:
    """Keys by a scan of the lines: headers and `key =`; what stands in an inline table is found at its table."""
    keys: dict[KeyPath, int] = {}
    counts: dict[str, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            brackets, name = header.group(1), header.group(2)
            table = tuple(name.split("."))
            if brackets == "[[":
                table = (*table, counts.get(name, 0))
                counts[name] = counts.get(name, 0) + 1
            keys.setdefault(table, number)
        elif key := _KEY.match(line):
            keys.setdefault((*table, *key.group(1).split(".")), number)
    return keys
