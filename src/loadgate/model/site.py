"""Site: one programme's content, typed and frozen. Built by `content`, read in slices by the rooms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from loadgate.model.expected import (
    Bridge,
    CodeList,
    ControlTable,
    Dataset,
    Gate,
    KeyFigure,
    KnownError,
    PlannedChange,
    Tolerance,
)
from loadgate.model.period import Cadence
from loadgate.model.profiles import (
    AlertRoute,
    Assignment,
    Calendar,
    Contact,
    DeliverySpec,
    Peer,
    Provider,
    SupplierProfile,
    SystemFacts,
)
from loadgate.model.written import Written


class SiteFile(Written):
    """`site.toml`. `stated_times`: arrival times come from `received.csv` in the inbox (samples only)."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    title: str
    cadence: Cadence = Cadence.MONTH
    timezone: str = "Europe/Copenhagen"
    provider_label: dict[Literal["en", "da"], str]
    languages: tuple[Literal["en", "da"], ...] = ("en",)
    stated_times: bool = False
    systems: tuple[SystemFacts, ...] = ()
    inbox: str = "inbox"  # a folder below the site, or s3://bucket/prefix
    retention_months: int | None = Field(default=None, ge=1, le=1200)  # of originals and typed rows; None: for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that people wrote, by folder. `files` maps each content file to its SHA-256."""

    root: Path
    file: SiteFile
    calendar: Calendar
    providers: tuple[Provider, ...]
    peers: tuple[Peer, ...]
    assignments: tuple[Assignment, ...]
    contacts: tuple[Contact, ...]
    routes: tuple[AlertRoute, ...]
    suppliers: tuple[SupplierProfile, ...]
    datasets: tuple[Dataset, ...]
    figures: tuple[KeyFigure, ...]
    known_errors: tuple[KnownError, ...]
    gate: Gate
    code_lists: tuple[CodeList, ...]
    tolerances: tuple[Tolerance, ...]
    planned_changes: tuple[PlannedChange, ...]
    bridges: tuple[Bridge, ...]
    control_tables: tuple[ControlTable, ...]
    control_files: tuple[str, ...]  # paths below the root
    files: dict[str, str]

    def dataset(self, name: str) -> Dataset:
        return next(dataset for dataset in self.datasets if dataset.dataset == name)

    def system(self, name: str) -> SystemFacts:
        return next(system for system in self.file.systems if system.id == name)

    def spec(self, *, supplier: str, system: str, dataset: str) -> DeliverySpec:
        profile = next(profile for profile in self.suppliers if profile.supplier == supplier)
        return next(spec for spec in profile.deliveries if (spec.system, spec.dataset) == (system, dataset))
