"""GX's JSON of a suite in, our YAML out; and a site's suites in, GX's JSON out. Nothing is lost without being told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgate.errors import CouldNotRun, Fault, NotFound
from loadgate.model.expected import Dataset
from loadgate.model.kinds import Severity

if TYPE_CHECKING:
    from loadgate.checking.exchange.importing import Imported
    from loadgate.content.lines import Lines
    from loadgate.model.site import Site
    from loadgate.running.opened import Opened

_SIZE_LIMIT_BYTES = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """`text`: the suite's YAML of all lines without a fault, None where there is no suite at all."""

    text: str | None
    dataset: str
    expectations: int
    kept: int
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def read_gx_suite(path: Path, *, dataset: str | None = None, area: str | None = None) -> Read:
    """Import a suite. Every fault stands at its line and path of the JSON."""
    from loadgate.checking.exchange.importing import import_suite
    from loadgate.content import json_lines
    from loadgate.content.lines import Document

    file = path.name
    parsed = json_lines.parse(_text(path), file=file)
    if parsed.faults:
        return Read(text=None, dataset="", expectations=0, kept=0, faults=tuple(parsed.faults), notes=())
    found = import_suite(parsed.value)
    lines = parsed.lines
    place = Document(file, found, lines)
    faults = [place.fault(one.path, found=one.found, expected=one.expected, fix=one.fix) for one in found.problems]
    suite, guessed = _suite(found, file=file, lines=lines, faults=faults, dataset=dataset, area=area)
    if suite is None:
        return Read(text=None, dataset="", expectations=0, kept=0, faults=tuple(faults), notes=())
    kept, more = _good_lines(suite, found, file=file, lines=lines)
    faults += more
    written = suite.model_copy(update={"expectations": tuple(line for _, line in kept)})
    notes = list(found.notes)
    if guessed:
        notes.append("types of columns are guessed from the expectations")
    if area is None and "area" not in found.given:
        notes.append("the area is made up: write that of the dataset's systems")
    text = _written(written, [place for place, _ in kept], found, notes)
    expectations = _length(parsed.value)
    return Read(
        text=text,
        dataset=written.dataset,
        expectations=expectations,
        kept=len(kept),
        faults=tuple(sorted(faults, key=lambda fault: (fault.line, fault.key))),
        notes=tuple(notes),
    )


def _text(path: Path) -> str:
    if not path.is_file():
        raise NotFound("there is no such file to import", fix="name the JSON that GX wrote of a suite")
    if path.stat().st_size > _SIZE_LIMIT_BYTES:
        raise CouldNotRun("the file is too large for a suite", fix="name the JSON that GX wrote of a suite")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise CouldNotRun("the file is no text in UTF-8", fix="name the JSON that GX wrote of a suite") from None


def _length(value: object) -> int:
    lines = value.get("expectations") if isinstance(value, dict) else None
    return len(lines) if isinstance(lines, list) else 0


def _suite(
    found: Imported, *, file: str, lines: Lines, faults: list[Fault], dataset: str | None, area: str | None
) -> tuple[Dataset | None, bool]:
    """The dataset as it was exported, else one made of what the lines name; and whether its columns are guessed."""
    from loadgate.checking.exchange.imported_columns import columns_of
    from loadgate.content.lines import Document

    if faults and not found.lines and not found.name:
        return None, False
    given = dict(found.given)
    guessed = "columns" not in given
    if guessed:
        given["columns"] = columns_of([line for _, line in found.lines])
    name = dataset or given.get("dataset") or re.sub(r"[^A-Za-z0-9_.-]+", "_", found.name).strip("_.-") or "dataset"
    given |= {"dataset": name, "area": area or given.get("area") or "area"}
    given.setdefault("title", f"Imported from GX: {' '.join(found.name.split()) or name}")
    try:
        return Dataset.model_validate(given), guessed
    except ValueError:
        document = Document(file, found, lines)
        path = ("meta", "loadgate", "suite")
        faults.append(
            document.fault(
                path, found="facts that no suite has", expected="what the export wrote", fix="take meta.loadgate out"
            )
        )
        return None, False


def _good_lines(
    suite: Dataset, found: Imported, *, file: str, lines: Lines
) -> tuple[list[tuple[int, Any]], list[Fault]]:
    """Lines that the catalogue, the columns and GX itself take; and the faults of the others."""
    from loadgate.checking.exchange.importing import fit_values
    from loadgate.content.catalogue import catalogue, expectation_faults
    from loadgate.content.cross_names import condition_faults
    from loadgate.content.lines import Document

    document = Document(file, suite, lines)
    kept, faults = [], []
    for place, read in found.lines:
        line = fit_values(read, suite.columns)
        here = ("expectations", place)
        only = catalogue().get(line.type, {}).get("severity")
        if only is not None and line.severity != only:  # GX leaves it out, and then takes it for critical
            found.remarks.setdefault(place, []).append(
                f"severity in GX: {line.severity}; {only} is all that it can say"
            )
            line = line.model_copy(update={"severity": Severity(only)})
        lists = frozenset({str(line.kwargs["code_list"])} if "code_list" in line.kwargs else ())
        wrong = list(_numbers_beyond(document, here, line)) or list(
            expectation_faults(document, here, line, code_lists=lists)
        )
        wrong += condition_faults(document, (*here, "kwargs", "row_condition"), line.where, suite.columns)
        wrong = wrong or refusals(document, here, suite, line)
        if wrong:
            faults += wrong
        else:
            kept.append((place, line))
    return kept, faults


def _numbers_beyond(document: Any, here: tuple[str | int, ...], line: Any) -> Iterator[Fault]:
    """Numbers that JSON can say and YAML 1.2 cannot: 1e400, or one of 20 digits."""
    from loadgate.content.suite_text import can_hold

    def walk(value: object, path: tuple[str | int, ...]) -> Iterator[Fault]:
        if isinstance(value, dict):
            for name, part in value.items():
                yield from walk(part, (*path, name))
        elif isinstance(value, list | tuple):
            for place, part in enumerate(value):
                yield from walk(part, (*path, place))
        elif not can_hold(value):
            yield document.fault(
                path,
                found="a number without end, or one of 20 digits",
                expected="a number that content can hold",
                fix="write a smaller number, or text",
            )

    yield from walk(line.kwargs, (*here, "kwargs"))
    if line.where is not None:
        yield from walk(line.where.model_dump(by_alias=True, exclude_none=True), (*here, "kwargs", "row_condition"))


def refusals(document: Any, here: tuple[str | int, ...], suite: Dataset, line: Any) -> list[Fault]:
    """What GX itself says against one line, at the place of the argument that it is about."""
    from loadgate.checking.building import objections

    return [
        document.fault(
            (*here, "kwargs", *one.argument), found=one.found, expected=one.expected, fix="write what GX takes"
        )
        for one in objections(suite, line)
    ]


def _written(suite: Dataset, places: Sequence[int], found: Imported, notes: Sequence[str]) -> str:
    from loadgate.content.suite_text import Remarks, suite_text

    head = [] if found.given and not notes else ["Imported from GX.", *(f"{note}." for note in notes)]
    remarks = {at: found.remarks[place] for at, place in enumerate(places) if place in found.remarks}
    ours = {"meta in GX"} if found.given else set()
    kept = [line for line in found.head if line.partition(":")[0] not in ours]
    return suite_text(suite, Remarks(head=[*head, *kept], lines=remarks))


def write_gx_suites(opened: Opened, names: Sequence[str], period: str | None) -> dict[str, dict[str, Any]]:
    """GX's JSON by dataset, of those named or all. Without a period, code lists as they are valid today.

    Raises: SiteError where GX refuses an expectation.
    """
    from loadgate.checking.exchange.interchange import export_suite
    from loadgate.errors import SiteError
    from loadgate.model.period import Period
    from loadgate.running.deep_check import refused
    from loadgate.running.opening import current_period

    site = opened.site()
    wanted = _wanted(site, names)
    valid = Period.parse(period, like=site.file.cadence) if period else current_period(site)
    faults = refused(site, only=frozenset(one.dataset for one in wanted))
    if faults:
        raise SiteError(faults)
    return {one.dataset: export_suite(one, site.code_lists, str(valid)) for one in wanted}


def unknown_to_gx(suites: dict[str, dict[str, Any]]) -> list[str]:
    """The types among exported expectations that GX does not know by itself, and would leave out when it loads them."""
    from loadgate.checking.expectations.listed import EXPECTATIONS

    types = {line["type"] for suite in suites.values() for line in suite["expectations"]}
    return sorted(types & set(EXPECTATIONS))


def _wanted(site: Site, names: Sequence[str]) -> list[Dataset]:
    import difflib

    known = {one.dataset: one for one in site.datasets}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            fix = f"did you mean {near[0]}?" if near else f"name one of: {', '.join(known) or 'there is none'}"
            raise NotFound(f"the site has no dataset {name}", fix=fix)
    return [known[name] for name in names] if names else list(site.datasets)
