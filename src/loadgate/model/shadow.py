"""A site and a period in; out, what of its content is only tried in that period: checks and known errors in shadow."""

from __future__ import annotations

from dataclasses import dataclass

from loadgate.model.period import Period
from loadgate.model.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """Ids of checks and of known errors that count for nothing yet."""

    checks: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One mark in content: what it stands at (a dataset, a check or a known error) and its last period."""

    name: str
    until: Period


def in_shadow(site: Site, period: Period) -> Shadow:
    """What is tried in this period. A known error of a check in shadow is in shadow with it."""
    checks = frozenset(
        dataset.check_id(line)
        for dataset in site.datasets
        for line in dataset.expectations
        if _tried(dataset.shadow_until, period) or _tried(line.shadow_until, period)
    )
    errors = frozenset(
        error.id for error in site.known_errors if _tried(error.shadow_until, period) or error.check in checks
    )
    return Shadow(checks=checks, errors=errors)


def trials(site: Site) -> list[Trial]:
    """Every mark in the site's content, over or not, datasets first."""
    marks = [(dataset.dataset, dataset.shadow_until) for dataset in site.datasets]
    marks += [(one.check_id(line), line.shadow_until) for one in site.datasets for line in one.expectations]
    marks += [(error.id, error.shadow_until) for error in site.known_errors]
    return [Trial(name=name, until=Period.parse(until)) for name, until in marks if until is not None]


def _tried(until: str | None, period: Period) -> bool:
    return until is not None and period <= Period.parse(until)
