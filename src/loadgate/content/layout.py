"""Which file of a site holds what: a path in, the kind of content and its typed model out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import Field

from loadgate.model.expected import (
    Bridge,
    CodeList,
    ControlTables,
    Dataset,
    Examples,
    Gate,
    KeyFigures,
    KnownErrors,
    PlannedChanges,
    Tolerances,
)
from loadgate.model.profiles import AlertRoute, Assignment, Calendar, Contact, Peer, Provider, SupplierProfile
from loadgate.model.site import SiteFile
from loadgate.model.written import Written

FOLDERS = ("vendor_profiles", "expectations", "baselines")
MACHINE_WRITTEN = "baselines/vintages"
EXAMPLES = "expectations/examples"
DEFAULT_GATE = Path(__file__).with_name("gate.yaml")


class Contacts(Written):
    """`vendor_profiles/contacts.yaml`."""

    contacts: tuple[Contact, ...] = ()


class Alerts(Written):
    """`vendor_profiles/alerts.yaml`."""

    routes: tuple[AlertRoute, ...] = ()


class ControlLine(Written):
    """A line of `baselines/control_figures/<source>_<anything>.csv`."""

    period: str = Field(description="run period that the line belongs to; empty: any")
    figure: str
    cell: str = Field(description="cell of the figure, or the source's code where a bridge maps it; empty: none")
    provider: str = Field(description="empty: the sum over all providers")
    reference: str = Field(description="reference period, such as 2026-W41")
    value: str = Field(description="the control value, with a decimal point")
    reported: str = Field(description="the figure as reported beside it; empty where a vintage holds it")


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of content file: where it lies (`*` is one name), its model, and the key that repeats the file's name."""

    name: str
    pattern: str
    model: type[Written]
    named: str | None = None  # the key that must say what the file's name says
    folder_named: str | None = None  # the key that must say what its folder says

    def fits(self, file: str) -> bool:
        mine, theirs = self.pattern.split("/"), file.split("/")
        return len(mine) == len(theirs) and all(PurePosixPath(b).match(a) for a, b in zip(mine, theirs, strict=True))


# The first that fits counts, so a supplier's profile stands behind the named files of its folder.
KINDS: tuple[FileKind, ...] = (
    FileKind("site", "site.toml", SiteFile),
    FileKind("calendar", "vendor_profiles/calendar.yaml", Calendar),
    FileKind("providers", "vendor_profiles/providers.csv", Provider),
    FileKind("peers", "vendor_profiles/peers.csv", Peer),
    FileKind("assignments", "vendor_profiles/assignments.csv", Assignment),
    FileKind("contacts", "vendor_profiles/contacts.yaml", Contacts),
    FileKind("alerts", "vendor_profiles/alerts.yaml", Alerts),
    FileKind("supplier", "vendor_profiles/*.yaml", SupplierProfile, named="supplier"),
    FileKind("suite", "expectations/suites/*/*.yaml", Dataset, named="dataset", folder_named="area"),
    FileKind("known_errors", "expectations/known_errors/*.yaml", KnownErrors),
    FileKind("key_figures", "expectations/key_figures/*.yaml", KeyFigures, named="area"),
    FileKind("code_list", "expectations/code_lists/*.yaml", CodeList, named="name"),
    FileKind("gate", "expectations/gate.yaml", Gate),
    FileKind("control_figures", "baselines/control_figures/*.csv", ControlLine),
    FileKind("bridge", "baselines/bridges/*.yaml", Bridge, named="name"),
    FileKind("tolerances", "baselines/tolerances.yaml", Tolerances),
    FileKind("planned_changes", "baselines/planned_changes.yaml", PlannedChanges),
    FileKind("control_tables", "baselines/control_tables.yaml", ControlTables),
    FileKind("examples", f"{EXAMPLES}/*/*.yaml", Examples, named="dataset"),
)


def kind_of(file: str) -> FileKind | None:
    """The kind of the file at this path below the site; None where nothing reads it."""
    return next((kind for kind in KINDS if kind.fits(file)), None)


def content_paths(folder: Path) -> list[str]:
    """Every content file below the site, sorted: `site.toml` and the three folders.

    Left out: frozen vintages, hidden files and Markdown, which explains and decides nothing.
    """
    found = ["site.toml"] if (folder / "site.toml").is_file() else []
    for name in FOLDERS:
        for path in (folder / name).rglob("*"):
            file = path.relative_to(folder).as_posix()
            hidden = any(part.startswith(".") for part in PurePosixPath(file).parts)
            if hidden or file.startswith(f"{MACHINE_WRITTEN}/") or path.suffix == ".md" or not path.is_file():
                continue
            found.append(file)
    return sorted(found)
