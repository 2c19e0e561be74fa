"""What of a site could be read, with its lines; and the names in it that other files may refer to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from loadgate.content.layout import kind_of
from loadgate.content.lines import Document
from loadgate.model.expected import (
    Bridge,
    CodeList,
    ControlTables,
    Dataset,
    Examples,
    Gate,
    KeyFigure,
    KeyFigures,
    KnownErrors,
    PlannedChanges,
    Tolerances,
)
from loadgate.model.period import Cadence
from loadgate.model.profiles import Assignment, Calendar, Peer, Provider, SupplierProfile, SystemFacts
from loadgate.model.site import SiteFile
from loadgate.model.written import Written

W = TypeVar("W", bound=Written)
Names = frozenset[str] | None  # None: not known, because the file that says so has a fault


@dataclass
class Draft:
    """Documents by kind of file. What is in `broken` files, those with a fault, is not known: nothing is said of it."""

    documents: dict[str, list[Document[Any]]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    present: tuple[str, ...] = ()
    half_read: dict[str, frozenset[str]] = field(default_factory=dict)  # ids on lines of a CSV file that have a fault

    def add(self, kind: str, document: Document[Any]) -> None:
        self.documents.setdefault(kind, []).append(document)

    def of(self, kind: str, _model: type[W]) -> list[Document[W]]:
        return self.documents.get(kind, [])

    def one(self, kind: str, model: type[W]) -> Document[W] | None:
        found = self.of(kind, model)
        return found[0] if found else None

    def is_broken(self, kind: str) -> bool:
        """Whether a file of this kind could not be read whole."""
        return any((found := kind_of(file)) is not None and found.name == kind for file in self.broken)

    @property
    def site(self) -> Document[SiteFile] | None:
        return self.one("site", SiteFile)

    @property
    def cadence(self) -> Cadence | None:
        """The site's, None where site.toml has a fault."""
        return None if self.site is None else self.site.value.cadence

    @property
    def calendar(self) -> Document[Calendar] | None:
        return self.one("calendar", Calendar)

    @property
    def gate(self) -> Document[Gate] | None:
        return self.one("gate", Gate)

    @property
    def tolerances(self) -> Document[Tolerances] | None:
        return self.one("tolerances", Tolerances)

    @property
    def planned_changes(self) -> Document[PlannedChanges] | None:
        return self.one("planned_changes", PlannedChanges)

    @property
    def control_tables(self) -> Document[ControlTables] | None:
        return self.one("control_tables", ControlTables)

    @property
    def suppliers(self) -> list[Document[SupplierProfile]]:
        return self.of("supplier", SupplierProfile)

    @property
    def providers(self) -> list[Document[Provider]]:
        return self.of("providers", Provider)

    @property
    def peers(self) -> list[Document[Peer]]:
        return self.of("peers", Peer)

    @property
    def assignments(self) -> list[Document[Assignment]]:
        return self.of("assignments", Assignment)

    @property
    def suites(self) -> list[Document[Dataset]]:
        return self.of("suite", Dataset)

    @property
    def examples(self) -> list[Document[Examples]]:
        return self.of("examples", Examples)

    @property
    def code_lists(self) -> list[Document[CodeList]]:
        return self.of("code_list", CodeList)

    @property
    def known_errors(self) -> list[Document[KnownErrors]]:
        return self.of("known_errors", KnownErrors)

    @property
    def key_figures(self) -> list[Document[KeyFigures]]:
        return self.of("key_figures", KeyFigures)

    @property
    def bridges(self) -> list[Document[Bridge]]:
        return self.of("bridge", Bridge)

    @cached_property
    def systems(self) -> dict[str, SystemFacts] | None:
        """By id, the first of each."""
        return None if self.site is None else {system.id: system for system in reversed(self.site.value.systems)}

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        """Those that could be read; `dataset_names` has the others too."""
        return {document.value.dataset: document.value for document in self.suites}

    @cached_property
    def dataset_names(self) -> frozenset[str]:
        broken = (file for file in self.broken if file.startswith("expectations/suites/"))
        return frozenset(self.datasets) | {_stem(file) for file in broken}

    @cached_property
    def supplier_names(self) -> frozenset[str]:
        broken = (file for file in self.broken if (kind := kind_of(file)) is not None and kind.name == "supplier")
        return frozenset(document.value.supplier for document in self.suppliers) | {_stem(file) for file in broken}

    @cached_property
    def code_list_names(self) -> frozenset[str]:
        broken = (file for file in self.broken if file.startswith("expectations/code_lists/"))
        return frozenset(document.value.name for document in self.code_lists) | {_stem(file) for file in broken}

    @cached_property
    def provider_ids(self) -> Names:
        if self.is_broken("providers"):
            return None
        return frozenset(row.value.id for row in self.providers) | self.half_read.get("providers", frozenset())

    @cached_property
    def areas(self) -> Names:
        return None if self.site is None else frozenset(system.area for system in self.site.value.systems)

    @cached_property
    def vendors(self) -> Names:
        return None if self.site is None else frozenset(system.vendor for system in self.site.value.systems)

    @cached_property
    def figures(self) -> dict[str, KeyFigure] | None:
        """By id, the first of each; None where a file of figures could not be read."""
        every = [figure for _, _, figure in self.each_figure()]
        return None if self.is_broken("key_figures") else {figure.id: figure for figure in reversed(every)}

    @cached_property
    def check_ids(self) -> Names:
        if self.is_broken("suite"):
            return None
        suites = self.datasets.values()
        return frozenset(suite.check_id(line) for suite in suites for line in suite.expectations)

    def each_figure(self) -> Iterator[tuple[Document[KeyFigures], int, KeyFigure]]:
        for document in self.key_figures:
            for place, figure in enumerate(document.value.figures):
                yield document, place, figure

    def names_of(self, dimension: str) -> Names:
        """What the values of a scope's dimension may be; None where anything may stand."""
        match dimension:
            case "area":
                return self.areas
            case "vendor":
                return self.vendors
            case "system":
                return None if self.systems is None else frozenset(self.systems)
            case "dataset":
                return self.dataset_names
            case "supplier":
                return self.supplier_names
            case "provider":
                return self.provider_ids
            case "figure":
                return None if self.figures is None else frozenset(self.figures)
            case "family":
                return None if self.figures is None else frozenset(f.family for f in self.figures.values())
            case "cell":
                figures = None if self.figures is None else self.figures.values()
                return None if figures is None else frozenset(v for f in figures if f.cells for v in f.cells.values)
            case _:
                return None


def _stem(file: str) -> str:
    return file.rpartition("/")[2].rpartition(".")[0]
