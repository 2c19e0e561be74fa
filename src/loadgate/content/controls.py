"""Control figure files in; their faults, or the CONTROLS table of one run period, out."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, compress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from loadgate.content.cross_names import as_runs, run_period
from loadgate.content.csv_files import header_faults
from loadgate.content.documents import Draft
from loadgate.content.layout import ControlLine
from loadgate.content.lines import listed, nearest, quoted
from loadgate.errors import Fault, LoadgateError
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


@lru_cache(maxsize=4096)
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

    types = schema(CONTROLS)
    exact = [name for name, kind in CONTROLS.items() if kind == EXACT]
    written = {name: pl.String if name in exact else kind for name, kind in types.items()}
    frames = [pl.DataFrame(schema=written)]
    used: list[str] = []
    for file in site.control_files:
        lines = _read(site.root / file).of_period(period)
        used += [file] if lines.numbers else []
        frames.append(pl.DataFrame(_table(lines, source=source_of(file), site=site), schema=written))
    frame = pl.concat(frames).with_columns(pl.col(exact).cast(types["value"]))
    key = key_of({file: site.files[file] for file in used}, {bridge.name: bridge.cells for bridge in site.bridges})
    return key, frame.sort("source", "figure", "cell", "provider", "reference_start")


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a file by column, with their numbers; of `uneven` ones, the number and how many fields they have.

    A blank line is none.
    """

    header: list[str]
    columns: dict[str, tuple[str, ...]]
    numbers: tuple[int, ...]
    uneven: tuple[tuple[int, int], ...]

    def values(self, *names: str) -> list[tuple[str, ...]]:
        """What stands on each line in these columns."""
        return list(zip(*(self.columns[name] for name in names), strict=True))

    def of_period(self, period: str) -> _Lines:
        """The lines of a run period, and those of none."""
        wanted = [one in ("", period) for one in self.columns["period"]]
        columns = {name: tuple(compress(values, wanted)) for name, values in self.columns.items()}
        return replace(self, columns=columns, numbers=tuple(compress(self.numbers, wanted)))


def _read(path: Path) -> _Lines:
    """Raises: UnicodeDecodeError, csv.Error."""
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.reader(opened)
        header = next(reader, [])
        lines = [(reader.line_num, fields) for fields in reader if fields]
    even = [line for line in lines if len(line[1]) == len(header)]
    columns = zip(*(fields for _, fields in even), strict=True) if even else ((),) * len(header)
    return _Lines(
        header=header,
        columns=dict(zip(header, columns, strict=True)),
        numbers=tuple(number for number, _ in even),
        uneven=tuple((number, len(fields)) for number, fields in lines if len(fields) != len(header)),
    )


def _table(lines: _Lines, *, source: str, site: Site) -> dict[str, list[Any]]:
    """The columns of CONTROLS, numbers still as text."""
    bridges = {bridge.figure: bridge.cells for bridge in site.bridges if bridge.source == source}
    pairs = list(zip(lines.columns["figure"], lines.columns["cell"], strict=True))
    cells = {(figure, cell): bridges.get(figure, {}).get(cell, cell) or None for figure, cell in set(pairs)}
    references = lines.columns["reference"]
    starts = {reference: Period.parse(reference).start for reference in set(references)}
    return {
        "source": [source] * len(pairs),
        "period": [period or None for period in lines.columns["period"]],
        "figure": list(lines.columns["figure"]),
        "cell": [cells[pair] for pair in pairs],
        "provider": [provider or None for provider in lines.columns["provider"]],
        "reference_start": [starts[reference] for reference in references],
        "value": list(lines.columns["value"]),
        "reported": [reported or None for reported in lines.columns["reported"]],
    }


def control_file_faults(draft: Draft, root: Path) -> Iterator[Fault]:
    """Faults of every control file; equal ones of one file are told once, with how many lines they stand on."""
    for file in draft.present:
        if file.startswith("baselines/control_figures/") and file.endswith(".csv"):
            try:
                lines = _read(root / file)
            except (UnicodeDecodeError, csv.Error):
                yield Fault(
                    file=file, line=1, key="(file)", found="no readable CSV", expected="CSV in UTF-8", fix="save it so"
                )
            else:
                yield from _FileCheck(draft, file).faults(lines)


class _Wrong(NamedTuple):
    """What a fault says, wherever it stands."""

    key: str
    found: str
    expected: str
    fix: str


class _FileCheck:
    """Checks the lines of one file; what stands on many of them is looked at once."""

    def __init__(self, draft: Draft, file: str) -> None:
        self.draft, self.file = draft, file
        self.figures, self.providers = draft.figures, draft.provider_ids
        source = source_of(file)
        self.bridges = {b.value.figure: b.value.cells for b in draft.bridges if b.value.source == source}

    def faults(self, lines: _Lines) -> list[Fault]:
        """In the order of the lines that they stand on first."""
        wrong = header_faults(lines.header, dict.fromkeys(COLUMNS, True), file=self.file)
        if wrong:
            return wrong
        standing: dict[_Wrong, list[int]] = {}
        for number, told in chain(self._uneven(lines), self._misfits(lines), _repeated(lines)):
            standing.setdefault(told, []).append(number)
        return sorted((self._fault(told, numbers) for told, numbers in standing.items()), key=lambda one: one.line)

    def _fault(self, told: _Wrong, numbers: list[int]) -> Fault:
        more = len(numbers) - 1
        others = f" (and on {more} more {'line' if more == 1 else 'lines'})" if more else ""
        found = told.found + others
        return Fault(file=self.file, line=numbers[0], key=told.key, found=found, expected=told.expected, fix=told.fix)

    def _uneven(self, lines: _Lines) -> Iterator[tuple[int, _Wrong]]:
        expected = f"{len(lines.header)}, as in the header"
        for number, fields in lines.uneven:
            yield number, _Wrong("(line)", f"{fields} fields", expected, "add or take out a comma")

    def _misfits(self, lines: _Lines) -> Iterator[tuple[int, _Wrong]]:
        looks: tuple[tuple[tuple[str, ...], Callable[..., _Wrong | None]], ...] = (
            (("figure",), self._figure),
            (("figure", "cell"), self._cell),
            (("provider",), self._provider),
            (("period",), self._run_period),
            (("figure", "reference"), self._reference),
            (("value",), _value),
            (("reported",), _reported),
        )
        for names, look in looks:
            values = lines.values(*names)
            wrong = {value: told for value in set(values) if (told := look(*value))}
            if wrong:
                yield from ((n, wrong[value]) for n, value in zip(lines.numbers, values, strict=True) if value in wrong)

    def _figure(self, figure: str) -> _Wrong | None:
        known = self.figures
        return None if known is None or figure in known else _unknown("figure", figure, sorted(known))

    def _provider(self, provider: str) -> _Wrong | None:
        known = self.providers
        return (
            None
            if not provider or known is None or provider in known
            else _unknown("provider", provider, sorted(known))
        )

    def _run_period(self, period: str) -> _Wrong | None:
        if not period or run_period(self.draft, period) is not None:
            return None
        expected = f"a run period, a {self.draft.cadence or 'period'}, or nothing"
        return _Wrong("period", quoted(period), expected, as_runs(self.draft))

    def _cell(self, name: str, cell: str) -> _Wrong | None:
        figure = (self.figures or {}).get(name)
        if figure is None:
            return None
        if figure.cells is None:
            expected = f"nothing: {name} has no cells"
            return _Wrong("cell", quoted(cell), expected, "empty the field") if cell else None
        bridged = self.bridges.get(name, {})
        if cell in bridged or cell in figure.cells.values:
            return None
        return _unknown("cell", cell, sorted({*bridged, *figure.cells.values}))

    def _reference(self, name: str, reference: str) -> _Wrong | None:
        figure = (self.figures or {}).get(name)
        period = _period(reference)
        if figure is None or (period is not None and period.cadence is figure.cadence):
            return None
        found = quoted(reference) if reference else "nothing"
        return _Wrong(
            "reference", found, f"a {figure.cadence}, as {name} has", f"write it like {shown(figure.cadence)}"
        )


def _unknown(what: str, name: str, known: list[str]) -> _Wrong:
    near = nearest(name, known)
    fix = f"write {near}" if near else "name one that exists, or add it"
    return _Wrong(what, quoted(name) if name else "nothing", f"a known {what}: {listed(known)}", fix)


def _value(number: str) -> _Wrong | None:
    return None if _NUMBER.fullmatch(number) else _no_number("value", number)


def _reported(number: str) -> _Wrong | None:
    return None if not number or _NUMBER.fullmatch(number) else _no_number("reported", number)


def _no_number(key: str, text: str) -> _Wrong:
    expected = "a number with a decimal point and at most 6 decimals"
    return _Wrong(key, quoted(text) if text else "nothing", expected, "write the number so")


def _repeated(lines: _Lines) -> Iterator[tuple[int, _Wrong]]:
    cells = lines.values(*COLUMNS[:5])
    if len(set(cells)) < len(cells):
        first = dict(zip(reversed(cells), reversed(lines.numbers), strict=True))
        told = _Wrong("(line)", "a second line for the same cell", "one", "take one of them out")
        yield from ((n, told) for n, cell in zip(lines.numbers, cells, strict=True) if first[cell] != n)
