"""A dataset with its expectations, and remarks on them, in; out, the YAML of its suite as a steward would write it.

Whatever could be read as something else (`no`, `01`, `=1+1`, `2026-10-07`, `#`) is put in quotes, and what was written
is read back before it is handed out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from pydantic import ValidationError

from loadgate.content import yaml_lines
from loadgate.errors import CouldNotRun
from loadgate.model.expected import Column, Dataset, ExpectationLine

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_ELSEWHERE_A_WORD = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"))
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)
_BEYOND = 10_000_000_000_000_000_000  # a number of 20 digits
_LONGEST = 110  # characters of a line, where it can be helped


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarks:
    """Comments: of the whole file, by column, and by an expectation's place."""

    head: Sequence[str] = ()
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    lines: Mapping[int, Sequence[str]] = field(default_factory=dict)
    end: Sequence[str] = ()


def suite_text(dataset: Dataset, remarks: Remarks | None = None) -> str:
    """The file's text. Raises: CouldNotRun if it could not be read back as the same dataset."""
    remarks = remarks or Remarks()
    out = [_comment(remark) for remark in remarks.head]
    top = dataset.model_dump(by_alias=True, exclude_defaults=True, exclude={"columns", "expectations"})
    out += [f"{_key(name)}: {flow(value)}" for name, value in top.items()]
    out += ["", "columns:" if dataset.columns else "columns: {}"]
    for name, column in dataset.columns.items():
        out += [_comment(remark, 2) for remark in remarks.columns.get(name, ())]
        out.append(f"  {_key(name)}: {_column(column)}")
    out += ["", "expectations:" if dataset.expectations else "expectations: []"]
    for place, line in enumerate(dataset.expectations):
        out += [""] if place else []
        out += [_comment(remark, 2) for remark in remarks.lines.get(place, ())]
        out += _line(line)
    out += ["", *(_comment(remark) for remark in remarks.end)] if remarks.end else []
    text = "\n".join(out) + "\n"
    _read_back(text, dataset)
    return text


def can_hold(value: object) -> bool:
    """Whether `flow` can write a number; anything but a number it can."""
    match value:
        case bool():
            return True
        case int():
            return abs(value) < _BEYOND
        case float():
            return math.isfinite(value)
        case _:
            return True


def flow(value: object) -> str:
    """A value on one line. Raises: CouldNotRun for a number that YAML 1.2 cannot hold here."""
    if isinstance(value, Enum):
        value = value.value
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if can_hold(value):
            return str(value)
        case float() if can_hold(value):
            text = repr(value)
            return text if "." in text else text.replace("e", ".0e")  # readers of YAML 1.1 take 1e-07 for text
        case str():
            return scalar(value)
        case datetime():
            return scalar(value.isoformat())
        case date():
            return value.isoformat()
        case Mapping():
            return "{" + ", ".join(f"{_key(str(name))}: {flow(part)}" for name, part in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(flow, value)) + "]"
        case _:
            raise CouldNotRun(
                "a value of a suite that content cannot hold: a number without end, or one of 20 digits",
                fix="take it out of the suite, or write it as text",
            )


def scalar(text: str) -> str:
    """Text that every reader of YAML, old or new, takes for this text."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _ELSEWHERE_A_WORD:
        return text
    if _UNSEEN.search(text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'
    return "'" + text.replace("'", "''") + "'"


def _key(name: str) -> str:
    return scalar(name)


def _comment(text: str, indent: int = 0) -> str:
    """One line, whatever stands in it."""
    return " " * indent + "# " + _UNSEEN.sub(" ", text) if text else "#"


def _column(column: Column) -> str:
    return flow({"type": column.type, **column.model_dump(by_alias=True, exclude_defaults=True)})


def _line(line: ExpectationLine) -> list[str]:
    written = line.model_dump(by_alias=True, exclude_defaults=True)
    order = ("type", "id", "kwargs", "severity", "where")
    names = [name for name in order if name in written]
    names += [name for name in written if name not in (*order, "reason")] + ["reason"]
    out: list[str] = []
    for name in names:
        lead = "    " if out else "  - "
        value = written.get(name, "")
        if isinstance(value, str) and len(value) > _LONGEST and _can_fold(value):
            out += [f"{lead}{name}: >-", *_folded(value)]
        else:
            out.append(f"{lead}{name}: {flow(value)}")
    return out


def _can_fold(text: str) -> bool:
    """A folded block takes any signs, but not blanks that are more than one or at an end."""
    return not _UNSEEN.search(text) and text.strip() == text and "  " not in text


def _folded(text: str) -> list[str]:
    lines, current = [], ""
    for word in text.split(" "):
        if current and len(current) + len(word) + 1 > _LONGEST:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return [f"      {line}" for line in [*lines, current]]


def _read_back(text: str, dataset: Dataset) -> None:
    parsed = yaml_lines.parse(text, file="suite")
    try:
        same = not parsed.faults and Dataset.model_validate(parsed.value) == _as_written(dataset)
    except ValidationError:
        same = False
    if not same:
        raise CouldNotRun("the suite cannot be written as YAML that says the same", fix="report this with its shape")


def _as_written(dataset: Dataset) -> Dataset:
    """As it is after reading: lists for tuples, text for moments."""

    def plain(value: object) -> object:
        if isinstance(value, Mapping):
            return {str(name): plain(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [plain(part) for part in value]
        return value.isoformat() if isinstance(value, datetime) else value

    lines = tuple(
        line.model_copy(update={"kwargs": {name: plain(value) for name, value in line.kwargs.items()}})
        for line in dataset.expectations
    )
    return dataset.model_copy(update={"expectations": lines})
