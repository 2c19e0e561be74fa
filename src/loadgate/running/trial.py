"""Typed rows and a site's content as it is now in; out, the outcomes of a suite and rules over them: all who try it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadgate.model.expected import Dataset
    from loadgate.model.findings import Outcome
    from loadgate.model.scope import Scope
    from loadgate.model.site import Site


def outcomes_of(
    typed: Path,
    *,
    site: Site,
    dataset: Dataset,
    providers: Sequence[str],
    period: str,
    scope: Scope,
    scratch: Path,
) -> tuple[Outcome, ...]:
    """One outcome per expectation of the dataset that its own rows can be asked. What is written goes to `scratch`."""
    from loadgate.checking.suites import check

    return check(
        typed,
        dataset=dataset,
        code_lists=site.code_lists,
        providers=providers,
        period=period,
        scope=scope,
        into=scratch,
    ).outcomes


def marked_by(
    typed: Path, *, dataset: Dataset, outcomes: Sequence[Outcome], scope: Scope, scratch: Path
) -> tuple[Outcome, ...]:
    """One outcome per rule of the dataset, after `outcomes_of` with the same `scratch`."""
    from loadgate.checking.harmonising.alternatives import harmonise

    if not dataset.rules:
        return ()
    return harmonise(typed, dataset=dataset, outcomes=outcomes, scope=scope, into=scratch).outcomes
