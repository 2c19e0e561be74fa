"""A site's folder in; out, everything that people wrote in it, typed, or every fault at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from loadgate.content import toml_lines, yaml_lines
from loadgate.content.cross_checks import cross_faults
from loadgate.content.cross_profiles import role_faults
from loadgate.content.csv_files import read_rows
from loadgate.content.documents import Draft
from loadgate.content.layout import DEFAULT_GATE, EXAMPLES, KINDS, Alerts, Contacts, FileKind, content_paths, kind_of
from loadgate.content.lines import WHOLE_FILE, Document, KeyPath, listed, nearest, quoted
from loadgate.content.model_faults import model_faults
from loadgate.content.yaml_lines import SIZE_LIMIT_BYTES, Parsed
from loadgate.errors import Fault, SiteError
from loadgate.model.expected import Gate
from loadgate.model.identity import sha256
from loadgate.model.site import Site
from loadgate.model.written import Written

W = TypeVar("W", bound=Written)


def load(folder: Path, *, examples: bool = False) -> Site:
    """The site in this folder. Raises SiteError with every fault, in file and line order.

    `examples`: look at the suites' examples too, and at contacts' roles. They decide nothing, so a fault in one stops
    no run.
    """
    draft, faults = read(folder, examples=examples)
    told = {(fault.file, fault.line, fault.key) for fault in faults}
    across = [*cross_faults(draft, folder), *(role_faults(draft) if examples else ())]
    faults += [fault for fault in across if (fault.file, fault.line, fault.key) not in told]
    if faults:
        raise SiteError(faults)
    return _site(draft, folder)


def content_files(folder: Path) -> dict[str, str]:
    """The path below the site of each file that decides something, and its SHA-256: an example is none of them."""
    files = (file for file in content_paths(folder) if not file.startswith(f"{EXAMPLES}/"))
    return {file: sha256((folder / file).read_bytes()) for file in files}


def read(folder: Path, *, examples: bool = False) -> tuple[Draft, list[Fault]]:
    """Each file by itself: what could be read, and what is wrong in it."""
    paths = content_paths(folder)
    draft = Draft(present=tuple(file for file in paths if examples or not file.startswith(f"{EXAMPLES}/")))
    faults: list[Fault] = []
    for file in draft.present:
        kind = kind_of(file)
        if kind is None:
            faults += _unread(file)
        elif kind.name != "control_figures":  # read as a stream, by its own check
            faults += _read_file(draft, folder, file, kind)
    for needed, fix in (
        ("site.toml", "`loadgate init DIR` makes a site; or go to the folder that has one"),
        ("vendor_profiles/calendar.yaml", "write when deliveries are due and when waiting ends"),
    ):
        if needed not in draft.present:
            faults.append(_fault(needed, found="no such file", expected="this file in every site", fix=fix))
    if "expectations/gate.yaml" not in draft.present:
        draft.add("gate", Document("expectations/gate.yaml", default_gate()))
    return draft, faults


def default_gate() -> Gate:
    """The gate of a site that has none of its own: mark rather than withhold."""
    text = DEFAULT_GATE.read_text(encoding="utf-8")
    return Gate.model_validate(yaml_lines.parse(text, file=DEFAULT_GATE.name).value)


def _fault(file: str, *, found: str, expected: str, fix: str, line: int = 1, key: str = WHOLE_FILE) -> Fault:
    return Fault(file=file, line=line, key=key, found=found, expected=expected, fix=fix)


def _unread(file: str) -> list[Fault]:
    """A file in a content folder that no rule of the layout covers; most often a slip in its name."""
    patterns = [kind.pattern for kind in KINDS if kind.name != "site"]
    near = nearest(file, patterns)
    fix = f"rename it like {near}" if near else "move it out of the content folders"
    return [_fault(file, found="a file that nothing reads", expected=f"one of {listed(patterns)}", fix=fix)]


def _read_file(draft: Draft, folder: Path, file: str, kind: FileKind) -> list[Fault]:
    text, faults = _text(folder / file, file)
    if text is None:
        draft.broken.add(file)
        return faults
    if file.endswith(".csv"):
        return _read_lines(draft, file, kind, text)
    parsed = (toml_lines if file.endswith(".toml") else yaml_lines).parse(text, file=file)
    return _read_document(draft, file, kind, parsed)


def _text(path: Path, file: str) -> tuple[str | None, list[Fault]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "an error"
        return None, [_fault(file, found=reason, expected="a readable file", fix="mend its permissions")]
    if len(data) > SIZE_LIMIT_BYTES:
        size = f"{len(data) / 1e6:.1f} MB"
        limit = f"at most {SIZE_LIMIT_BYTES / 1e6:.0f} MB"
        return None, [_fault(file, found=size, expected=limit, fix="split the file, or move data out of it")]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return None, [
            _fault(file, line=line, found="a byte that is no UTF-8", expected="UTF-8", fix="save it as UTF-8")
        ]


def _read_lines(draft: Draft, file: str, kind: FileKind, text: str) -> list[Fault]:
    read = read_rows(text, kind.model, file=file)
    for row in read.rows:
        draft.add(kind.name, row)
    draft.half_read[kind.name] = frozenset(read.ids)
    if not read.whole:
        draft.broken.add(file)
    return read.faults


def _read_document(draft: Draft, file: str, kind: FileKind, parsed: Parsed) -> list[Fault]:
    """Where every fault has one obvious mend, the rest of the site is checked as if it were mended already."""
    faults = list(parsed.faults)
    value = None
    if not any(fault.key == WHOLE_FILE for fault in faults):
        data = {} if parsed.value is None else parsed.value
        try:
            value = kind.model.model_validate(data)
        except ValidationError as error:
            found, mended = model_faults(error, kind.model, data, file=file, lines=parsed.lines)
            faults += [fault for fault in found if not _told(fault, faults)]
            value = _validated(kind.model, mended)
    named: list[Fault] = []
    if value is not None:
        document = Document(file, value, parsed.lines)
        named = [fault for fault in _name_faults(document, kind) if not _told(fault, faults)]
        if not named:
            draft.add(kind.name, document)
    if value is None or named:
        draft.broken.add(file)
    return faults + named


def _validated(model: type[W], data: object) -> W | None:
    if data is None:
        return None
    try:
        return model.model_validate(data)
    except ValidationError:
        return None


def _told(fault: Fault, others: list[Fault]) -> bool:
    """Whether this place already has a fault of the notation."""
    return any(fault.key == other.key or fault.key.startswith((f"{other.key}.", f"{other.key}[")) for other in others)


def _name_faults(document: Document[Any], kind: FileKind) -> list[Fault]:
    """A file whose name says one thing and whose content another."""
    parts = document.file.split("/")
    said = {kind.named: parts[-1].rpartition(".")[0], kind.folder_named: parts[-2] if len(parts) > 1 else ""}
    faults = []
    for key, name in said.items():
        path: KeyPath = (key or "",)
        if key is not None and getattr(document.value, key) != name:
            found = quoted(getattr(document.value, key))
            fix = f"write {name}, or rename the {'file' if key == kind.named else 'folder'}"
            faults.append(document.fault(path, found=found, expected=f"{quoted(name)}, as its path says", fix=fix))
    return faults


def _site(draft: Draft, folder: Path) -> Site:
    if draft.site is None or draft.calendar is None or draft.gate is None:
        raise SiteError([])  # not reached: each of these missing is a fault
    contacts, alerts = draft.one("contacts", Contacts), draft.one("alerts", Alerts)
    return Site(
        root=folder,
        file=draft.site.value,
        calendar=draft.calendar.value,
        providers=_values(draft.providers),
        peers=_values(draft.peers),
        assignments=_values(draft.assignments),
        contacts=contacts.value.contacts if contacts else (),
        routes=alerts.value.routes if alerts else (),
        suppliers=_values(draft.suppliers),
        datasets=_values(draft.suites),
        figures=tuple(figure for _, _, figure in draft.each_figure()),
        known_errors=tuple(error for document in draft.known_errors for error in document.value.errors),
        gate=draft.gate.value,
        code_lists=_values(draft.code_lists),
        tolerances=draft.tolerances.value.tolerances if draft.tolerances else (),
        planned_changes=draft.planned_changes.value.changes if draft.planned_changes else (),
        bridges=_values(draft.bridges),
        control_tables=draft.control_tables.value.tables if draft.control_tables else (),
        control_files=tuple(file for file in draft.present if file.startswith("baselines/control_figures/")),
        files=content_files(folder),
    )


def _values(documents: list[Document[W]]) -> tuple[W, ...]:
    return tuple(document.value for document in documents)
