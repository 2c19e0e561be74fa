"""A site in; out, per step, the key of just that content which the step reads, so that an edit redoes no other step.

Titles and reasons are part of what is hashed: a step done once too often costs seconds, one too few is a wrong figure.
What every run does anew has no key: matching what arrived, judging, reporting and alerting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from loadgate.content.catalogue import CODE_LIST
from loadgate.model.expected import Dataset, KeyFigure
from loadgate.model.identity import key_of, key_once
from loadgate.model.profiles import DeliverySpec
from loadgate.model.site import Site
from loadgate.model.written import Written

_NOT_READING = {"files", "marks_per_check", "reason"}
_NOT_COLUMNS = {"expectations", "rules", "title", "shadow_until"}
_SHADOW: Any = {"shadow_until": True, "expectations": {"__all__": {"shadow_until"}}}  # judging asks, checking does not


def _plain(written: Iterable[Written]) -> list[Any]:
    return [one.model_dump(mode="json") for one in written]


def reading_slice(site: Site, spec: DeliverySpec, dataset: Dataset) -> str:
    """The file format and the dataset's columns; not what must hold of them."""

    def made() -> str:
        columns = dataset.model_dump(mode="json", exclude=_NOT_COLUMNS)
        return key_of("reading", spec.model_dump(mode="json", exclude=_NOT_READING), columns, site.file.timezone)

    return key_once(made, "reading", spec, dataset, site.file)


def checking_slice(site: Site, dataset: Dataset) -> str:
    """The suite, and the code lists that it names."""

    def made() -> str:
        named = {line.kwargs.get(CODE_LIST) for line in dataset.expectations}
        lists = [code_list for code_list in site.code_lists if code_list.name in named]
        return key_of("checking", dataset.model_dump(mode="json", exclude=_SHADOW), _plain(lists))

    return key_once(made, "checking", dataset, site.code_lists)


def measure_slice(site: Site, area: str) -> str:
    """The area's figures with those that they refer to, and the columns that they read."""
    figures = with_referred(site, (figure for figure in site.figures if site.dataset(figure.dataset).area == area))
    datasets = [site.dataset(name) for name in sorted(datasets_of(site, figures))]
    columns = [one.model_dump(mode="json", exclude=_NOT_COLUMNS) for one in datasets]
    return key_of("measuring", area, _plain(figures), columns)


def with_referred(site: Site, figures: Iterable[KeyFigure]) -> list[KeyFigure]:
    """These figures and those whose numerators they divide by, directly or not, in the site's order."""
    by_id = {figure.id: figure for figure in site.figures}
    wanted: set[str] = set()
    queue = [figure.id for figure in figures]
    while queue:
        name = queue.pop()
        if name not in wanted:
            wanted.add(name)
            queue += _referred(by_id[name])
    return [figure for figure in site.figures if figure.id in wanted]


def _referred(figure: KeyFigure) -> Iterator[str]:
    for measure in (figure.numerator, figure.denominator):
        if measure is not None and measure.figure is not None:
            yield measure.figure


def datasets_of(site: Site, figures: Iterable[KeyFigure]) -> frozenset[str]:
    """Names of the datasets that these figures are measured from, those of referred figures too."""
    return frozenset(figure.dataset for figure in with_referred(site, figures))


def marking_datasets(site: Site, figures: Iterable[KeyFigure]) -> frozenset[str]:
    """Names of the datasets whose marks these figures apply: what they measure rests on the checks too."""
    return frozenset(figure.dataset for figure in with_referred(site, figures) if figure.apply is not None)


def compare_slice(site: Site) -> str:
    """Tolerances, and which figures there are; the control figures have their own key (`controls.read_controls`)."""
    return key_of("comparing", _plain(site.tolerances), _plain(site.figures), _plain(site.bridges))


def detect_slice(site: Site) -> str:
    """Figures, planned changes, and who is grouped with whom."""
    systems = _plain(site.file.systems)
    return key_of("detecting", _plain(site.figures), _plain(site.planned_changes), _plain(site.assignments), systems)
