"""CSV bytes in; typed lines that remember their line number out, and every fault of every line."""

from __future__ import annotations

import csv
import io
from typing import TypeVar

from pydantic import ValidationError

from loadgate.content.lines import Document, Lines, listed, nearest, quoted
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


def read_rows(text: str, model: type[W], *, file: str) -> tuple[list[Document[W]], list[Fault]]:
    """One typed document per line. An empty field counts as not given where the model has a default for it."""
    wanted = {name: info.is_required() for name, info in model.model_fields.items()}
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Document[W]] = []
    faults: list[Fault] = []
    try:
        header = next(reader, None)
        if header is None:
            return [], [
                _fault(file, 1, "(header)", "an empty file", f"the header {','.join(wanted)}", "add the header")
            ]
        faults = header_faults(header, wanted, file=file)
        if faults:
            return [], faults
        for fields in reader:
            if not fields:
                continue
            line = reader.line_num
            if len(fields) != len(header):
                found, expected = f"{len(fields)} fields", f"{len(header)}, as in the header"
                faults.append(_fault(file, line, "(line)", found, expected, "add or take out a comma"))
                continue
            given = {name: value for name, value in zip(header, fields, strict=True) if value or wanted[name]}
            try:
                rows.append(Document(file, model.model_validate(given), Lines(first=line)))
            except ValidationError as error:
                faults += model_faults(error, model, given, file=file, lines=Lines(first=line))
            else:
                faults += [
                    _fault(file, line, name, "nothing", "a value", f"fill in {name}")
                    for name, value in given.items()
                    if not value.strip()
                ]
    except csv.Error:
        line = reader.line_num
        faults.append(_fault(file, line, "(line)", quoted("…"), "CSV with commas and double quotes", "mend the quotes"))
    return rows, faults


def _fault(file: str, line: int, key: str, found: str, expected: str, fix: str) -> Fault:
    return Fault(file=file, line=line, key=key, found=found, expected=expected, fix=fix)
