"""A site in; out, what GX and the engine say of every expectation: slower than the catalogue, and final."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from loadgate.content.own_arguments import PRIOR
from loadgate.errors import Fault

if TYPE_CHECKING:
    from loadgate.content.lines import Document
    from loadgate.model.expected import Dataset
    from loadgate.model.period import Period
    from loadgate.model.site import Site


def refused(site: Site, *, only: Collection[str] | None = None) -> list[Fault]:
    """One fault for each argument that GX refuses, at its line; `only`: of these datasets."""
    return [
        fault
        for document in _suites(site)
        if only is None or document.value.dataset in only
        for found in _refused(document).values()
        for fault in found
    ]


def never_run(site: Site, period: Period) -> list[Fault]:
    """The same, and one fault for each expectation that could not run in any month, at its line.

    `period`: codes count that are valid in it.
    """
    return [
        fault
        for document in _suites(site)
        for found in _never_run(site, document, str(period)).values()
        for fault in found
    ]


def _suites(site: Site) -> tuple[Document[Dataset], ...]:
    from loadgate.content.loader import read

    return tuple(read(site.root)[0].suites)  # for the lines, which a loaded site has forgotten


def _refused(document: Document[Dataset]) -> dict[int, list[Fault]]:
    """By the line's place in the suite; nothing of a line that GX takes."""
    from loadgate.checking.building import objections

    found = {
        place: [
            document.fault(
                ("expectations", place, "kwargs", *one.argument),
                found=one.found,
                expected=one.expected,
                fix="write what GX takes, or take the expectation out",
            )
            for one in objections(document.value, line)
        ]
        for place, line in enumerate(document.value.expectations)
    }
    return {place: faults for place, faults in found.items() if faults}


def _never_run(site: Site, document: Document[Dataset], period: str) -> dict[int, list[Fault]]:
    from loadgate.running.askable import unaskable

    dataset, found = document.value, _refused(document)
    taken = [line for place, line in enumerate(dataset.expectations) if place not in found]
    stuck = unaskable(
        dataset.model_copy(update={"expectations": tuple(taken)}),
        code_lists=site.code_lists,
        references={PRIOR: dataset, **{one.dataset: one for one in site.datasets}},
        providers=[provider.id for provider in site.providers],
        period=period,
    )
    for place, line in enumerate(dataset.expectations):
        if line.key in stuck:
            found[place] = [
                document.fault(
                    ("expectations", place),
                    found=f"{line.key}, which could not run in any month: {stuck[line.key]}",
                    expected="an expectation that can be asked of the columns and arguments that it names",
                    fix="name another column or argument, mend the column's type, or take the expectation out",
                )
            ]
    return dict(sorted(found.items()))
