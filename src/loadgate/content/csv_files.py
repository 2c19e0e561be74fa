"""CSV bytes in; typed lines that remember their line number out, and every fault of every line."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import ValidationError

from loadgate.content.lines import Document, Lines, listed, nearest
from loadgate.content.model_faults import model_faults
from loadgate.errors import Fault
from loadgate.model.written import Written

W = TypeVar("W", bound=Written)


def header_faults(found: list[str], wanted: dict[str, bool], *, file: str) -> list[Fault]:
    """Faults of a header line; `wanted` maps each column to whether it must be there."""

    def fault(key: str, *, found: str, expected: str, fix: str) -> Fault:
        return Fault(file=file, line=1, key=key, found=found, expected=expected, fix=fix)

    faults = []
    for name in found:
        if name not in wanted:
            near = nearest(name, set(wanted) - set(found))
            faults.append(
                fault(
                    name or "(no name)",
                    found="an unknown column",
                    expected=f"one of {listed(wanted)}",
                    fix=f"rename it to {near}" if near else "take the column out",
                )
            )
        elif found.count(name) > 1 and not any(earlier.key == name for earlier in faults):
            faults.append(fault(name, found="the column twice", expected="it once", fix="take one of them out"))
    for name, needed in wanted.items():
        if needed and name not in found:
            faults.append(fault(name, found="no such column", expected=f"the columns {listed(wanted)}", fix="add it"))
    return faults


@dataclass(slots=True)
class Rows(Generic[W]):
    """`ids` are those on lines with a fault; `whole` is false where lines could not even be told apart."""

    rows: list[Document[W]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    whole: bool = True


def read_rows(text: str, model: type[W], *, file: str) -> Rows[W]:
    """One typed document per line. An empty field counts as not given where the model has a default for it."""
    wanted = {name: info.is_required() for name, info in model.model_fields.items()}
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found = Rows[W]()
    try:
        header = next(reader, None)
        if header is None:
            expected = f"the header {','.join(wanted)}"
            found.faults.append(_fault(file, 1, "(header)", "an empty file", expected, "add the header"))
        else:
            found.faults += header_faults(header, wanted, file=file)
        if header is None or found.faults:
            found.whole = False
            return found
        for fields in reader:
            if fields:
                _read_row(found, header, fields, model, file=file, line=reader.line_num)
    except csv.Error:
        expected = "CSV with commas and double quotes"
        found.faults.append(
            _fault(file, reader.line_num, "(line)", "quotes that do not match", expected, "mend the quotes")
        )
        found.whole = False
    return found


def _read_row(found: Rows[W], header: list[str], fields: list[str], model: type[W], *, file: str, line: int) -> None:
    given = dict(zip(header, fields, strict=False))
    faults: list[Fault] = []
    if len(fields) != len(header):
        expected = f"{len(header)}, as in the header"
        faults.append(_fault(file, line, "(line)", f"{len(fields)} fields", expected, "add or take out a comma"))
    else:
        needed = {name for name, info in model.model_fields.items() if info.is_required()}
        given = {name: value for name, value in given.items() if value or name in needed}
        empty = [name for name, value in given.items() if not value.strip()]
        faults += [_fault(file, line, name, "nothing", "a value", f"fill in {name}") for name in empty]
        lines = Lines(first=line)
        try:
            value = model.model_validate(given)
        except ValidationError as error:
            wrong, _ = model_faults(error, model, given, file=file, lines=lines)
            faults += [fault for fault in wrong if fault.key not in empty]
        else:
            if not faults:
                found.rows.append(Document(file, value, lines))
    if faults:
        found.faults += faults
        found.ids.add(given.get("id", ""))


def _fault(file: str, line: int, key: str, found: str, expected: str, fix: str) -> Fault:
    return Fault(file=file, line=line, key=key, found=found, expected=expected, fix=fix)
