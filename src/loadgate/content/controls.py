"""Control figure files in; their faults, or the CONTROLS table of one run period, out."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.content.cross_names import as_runs, run_period
from loadgate.content.csv_files import header_faults
from loadgate.content.documents import Draft
from loadgate.content.layout import ControlLine
from loadgate.content.lines import listed, nearest, quoted
from loadgate.errors import Fault, LoadgateError
from loadgate.model.expected import KeyFigure
from loadgate.model.identity import key_of
from loadgate.model.period import Period, shown

if TYPE_CHECKING:
    import polars as pl

    from loadgate.model.site import Site

COLUMNS = tuple(ControlLine.model_fields)
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,6})?")


def source_of(file: str) -> str:
    """`baselines/control_figures/office_2026-10.csv` → `office`: the name up to a period at its end."""
    stem = file.rpartition("/")[2].rpartition(".")[0]
    name, _, last = stem.rpartition("_")
    return name if name and _period(last) is not None else stem


def _period(text: str) -> Period | None:
    try:
        return Period.parse(text)
    except LoadgateError:
        return None


def read_controls(site: Site, *, period: str) -> tuple[str, pl.DataFrame]:
    """The control figures of a run period (those without a period too), codes bridged to cells, and a key of them.

    Out: (key, CONTROLS sorted by source, figure, cell, provider, reference_start). The key changes with any byte of
    a file that has lines for the period, and with the bridges.
    """
    import polars as pl

    from loadgate.model.tables import CONTROLS, EXACT, schema

    bridges = {(bridge.source, bridge.figure): bridge.cells for bridge in site.bridges}
    used: list[str] = []
    rows: list[dict[str, Any]] = []
    for file in site.control_files:
        source = source_of(file)
        lines = [line for line in _lines(site.root / file) if line["period"] in ("", period)]
        used += [file] if lines else []
        for line in lines:
            cells = bridges.get((source, line["figure"]), {})
            rows.append(
                {
                    "source": source,
                    "period": line["period"] or None,
                    "figure": line["figure"],
                    "cell": cells.get(line["cell"], line["cell"]) or None,
                    "provider": line["provider"] or None,
                    "reference_start": _start(line["reference"]),
                    "value": line["value"],
                    "reported": line["reported"] or None,
                }
            )
    types = schema(CONTROLS)
    exact = [name for name, kind in CONTROLS.items() if kind == EXACT]
    frame = pl.DataFrame(rows, schema={name: pl.String if name in exact else kind for name, kind in types.items()})
    frame = frame.with_columns(pl.col(exact).cast(types["value"]))
    key = key_of({file: site.files[file] for file in used}, {bridge.name: bridge.cells for bridge in site.bridges})
    return key, frame.sort("source", "figure", "cell", "provider", "reference_start")


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _start(text: str) -> date:
    return Period.parse(text).start


def control_file_faults(draft: Draft, root: Path) -> Iterator[Fault]:
    """Faults of every control file; equal ones of one file are told once, with how many lines they stand on."""
    for file in draft.present:
        if file.startswith("baselines/control_figures/") and file.endswith(".csv"):
            try:
                yield from _merged(_file_faults(draft, root / file, file))
            except (UnicodeDecodeError, csv.Error):
                yield Fault(
                    file=file, line=1, key="(file)", found="no readable CSV", expected="CSV in UTF-8", fix="save it so"
                )


def _merged(faults: Iterator[Fault]) -> Iterator[Fault]:
    groups: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.key, fault.found, fault.expected), []).append(fault)
    for same in groups.values():
        first = same[0]
        more = f" (and on {len(same) - 1} more {'line' if len(same) == 2 else 'lines'})" if len(same) > 1 else ""
        yield Fault(
            file=first.file,
            line=first.line,
            key=first.key,
            found=first.found + more,
            expected=first.expected,
            fix=first.fix,
        )


def _file_faults(draft: Draft, path: Path, file: str) -> Iterator[Fault]:
    checker = _LineChecker(draft, file)
    seen: dict[tuple[str, ...], int] = {}
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.reader(opened)
        header = next(reader, [])
        wrong = header_faults(header, dict.fromkeys(COLUMNS, True), file=file)
        yield from wrong
        if wrong:
            return
        order = [header.index(name) for name in COLUMNS]
        for fields in reader:
            line = reader.line_num
            if len(fields) != len(header):
                if fields:
                    expected = f"{len(header)}, as in the header"
                    yield checker.fault(line, "(line)", f"{len(fields)} fields", expected, "add or take out a comma")
                continue
            values = tuple(fields[place] for place in order)
            yield from checker.check(line, values)
            key = values[:5]
            if key in seen:
                yield checker.fault(line, "(line)", "a second line for the same cell", "one", "take one of them out")
            seen[key] = line


class _LineChecker:
    """Checks the values of lines; what was found good once is not looked at again."""

    def __init__(self, draft: Draft, file: str) -> None:
        self.draft, self.file = draft, file
        source = source_of(file)
        self.bridges = {b.value.figure: b.value.cells for b in draft.bridges if b.value.source == source}
        self.good: set[tuple[str, ...]] = set()

    def fault(self, line: int, key: str, found: str, expected: str, fix: str) -> Fault:
        return Fault(file=self.file, line=line, key=key, found=found, expected=expected, fix=fix)

    def check(self, line: int, values: tuple[str, ...]) -> Iterator[Fault]:
        period, figure, cell, provider, reference, value, reported = values
        for part in (("figure", figure), ("cell", figure, cell), ("provider", provider), ("period", period)):
            yield from self._once(line, part)
        yield from self._once(line, ("reference", figure, reference))
        for key, number in (("value", value), ("reported", reported)):
            if not _NUMBER.fullmatch(number) and (key == "value" or number):
                expected = "a number with a decimal point and at most 6 decimals"
                yield self.fault(line, key, quoted(number) if number else "nothing", expected, "write the number so")

    def _once(self, line: int, part: tuple[str, ...]) -> Iterator[Fault]:
        if part in self.good:
            return
        faults = list(self._look(line, *part))
        if not faults:
            self.good.add(part)
        yield from faults

    def _look(self, line: int, key: str, *values: str) -> Iterator[Fault]:
        figures = self.draft.figures
        match key:
            case "figure" if figures is not None and values[0] not in figures:
                yield self._unknown(line, "figure", values[0], sorted(figures))
            case "provider" if values[0] and self.draft.provider_ids is not None:
                if values[0] not in self.draft.provider_ids:
                    yield self._unknown(line, "provider", values[0], sorted(self.draft.provider_ids))
            case "period" if values[0] and run_period(self.draft, values[0]) is None:
                expected = f"a run period, a {self.draft.cadence or 'period'}, or nothing"
                yield self.fault(line, "period", quoted(values[0]), expected, as_runs(self.draft))
            case "cell" | "reference" if figures is not None and values[0] in figures:
                figure = figures[values[0]]
                yield from (self._cell if key == "cell" else self._reference)(line, figure, values[1])

    def _unknown(self, line: int, what: str, name: str, known: list[str]) -> Fault:
        near = nearest(name, known)
        fix = f"write {near}" if near else "name one that exists, or add it"
        found = quoted(name) if name else "nothing"
        return self.fault(line, what, found, f"a known {what}: {listed(known)}", fix)

    def _cell(self, line: int, figure: KeyFigure, cell: str) -> Iterator[Fault]:
        if figure.cells is None:
            if cell:
                expected = f"nothing: {figure.id} has no cells"
                yield self.fault(line, "cell", quoted(cell), expected, "empty the field")
            return
        bridged = self.bridges.get(figure.id, {})
        if cell not in bridged and cell not in figure.cells.values:
            yield self._unknown(line, "cell", cell, sorted({*bridged, *figure.cells.values}))

    def _reference(self, line: int, figure: KeyFigure, reference: str) -> Iterator[Fault]:
        period = _period(reference)
        if period is None or period.cadence is not figure.cadence:
            found = quoted(reference) if reference else "nothing"
            expected = f"a {figure.cadence}, as {figure.id} has"
            yield self.fault(line, "reference", found, expected, f"write it like {shown(figure.cadence)}")
