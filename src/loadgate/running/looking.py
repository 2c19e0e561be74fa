"""A run's deliveries and a site's content as it lies there now in; out, the outcomes of its suites and rules on them.

Rows are taken as they lie there, or read again into a scratch folder where the content reads them otherwise now, or
where what lies there is not what was sealed.
Nothing is kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.errors import LoadgateError
from loadgate.running import crossing, delivering
from loadgate.running.keeping import read_findings
from loadgate.running.trial import marked_by, outcomes_of
from loadgate.store import durable

if TYPE_CHECKING:
    from loadgate.model.deliveries import Delivery, ExpectedDelivery
    from loadgate.model.expected import Dataset
    from loadgate.model.findings import Finding, Outcome
    from loadgate.model.site import Site
    from loadgate.running.inputs import RunInputs
    from loadgate.running.opened import Opened

_NEVER = "the content has no such dataset, or no such file of it, any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One delivery: what came of its checks and of its rules, or why nothing is known of it.

    `read` is what reading found in it. Not `asked`: its rows are only there for others to be held against.
    """

    delivery: Delivery
    outcomes: tuple[Outcome, ...] = ()
    rules: tuple[Outcome, ...] = ()
    read: tuple[Finding, ...] = ()
    rows: Path | None = None  # as typed, while looking
    asked: bool = True
    read_again: bool = False
    unseen: str | None = None


def look(
    opened: Opened,
    site: Site,
    inputs: RunInputs,
    *,
    wanted: Sequence[Delivery],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Seen]:
    """Ask every expectation and every rule of the wanted deliveries, then those that look at another table."""
    references = _references(site, wanted)
    ids = {one.id for one in wanted}
    beside = [one for one in inputs.deliveries if one.id not in ids and one.expected.dataset in references]
    seen: list[Seen] = []
    with durable.scratch(opened.tmp) as scratch:
        see = partial(_see, opened, site, period=inputs.period, asked=ids, references=references, scratch=scratch)
        total = len(wanted) + len(beside)
        progress(0, total)
        with ThreadPoolExecutor(opened.settings.workers) as pool:
            for one in pool.map(see, [*wanted, *beside]):
                seen.append(one)
                progress(len(seen), total)
            return list(pool.map(partial(_cross, opened, site, inputs, seen, scratch), seen))


def read_then(opened: Opened, inputs: RunInputs, site: Site, seen: Seen) -> tuple[Finding, ...]:
    """What the run's own reading found in a delivery of which that is no longer there; nothing where it is.

    It is read again by the run's content where the content of now reads it otherwise.
    """
    frozen = opened.frozen(inputs.content)
    folder = delivering.typed_folder(opened, frozen, seen.delivery)
    if durable.exists(folder):
        return ()
    try:
        if seen.unseen is None and delivering.typed_folder(opened, site, seen.delivery) == folder:
            return seen.read
        with durable.scratch(opened.tmp) as scratch:
            delivering.read_into(scratch, opened, frozen, seen.delivery)
            return read_findings(scratch)
    except LoadgateError:  # it could not be read then either, or its bytes are gone
        return ()


def _references(site: Site, wanted: Iterable[Delivery]) -> frozenset[str]:
    """Names of datasets that others are held against."""
    names = {one.expected.dataset for one in wanted}
    lines = [line for one in site.datasets if one.dataset in names for line in one.crossing.expectations]
    return frozenset(name for line in lines if (name := line.reference) is not None and name != crossing.PRIOR)


def _see(
    opened: Opened,
    site: Site,
    delivery: Delivery,
    *,
    period: str,
    asked: set[str],
    references: frozenset[str],
    scratch: Path,
) -> Seen:
    """Check one delivery's own rows."""
    expected = delivery.expected
    own = scratch / delivery.id.replace("/", "-")
    own.mkdir()
    is_asked = delivery.id in asked
    try:
        dataset = site.dataset(expected.dataset)
        typed = delivering.typed_folder(opened, site, delivery)
    except StopIteration:
        return Seen(delivery=delivery, unseen=_NEVER, asked=is_asked)
    rows = own / "rows"
    kept = delivering.is_intact(typed)
    try:
        if not kept:
            rows.mkdir()
            delivering.read_into(rows, opened, site, delivery)
        there = typed if kept else rows
        seen = Seen(delivery=delivery, read=read_findings(there), rows=there, asked=is_asked, read_again=not kept)
        if not is_asked:
            return seen
        outcomes, rules = _asked(site, dataset, expected, there, period=period, own=own)
    except LoadgateError as error:
        shutil.rmtree(rows, ignore_errors=True)
        return Seen(delivery=delivery, unseen=error.message, asked=is_asked)
    if not dataset.crossing.expectations and expected.dataset not in references:
        shutil.rmtree(rows, ignore_errors=True)
    return replace(seen, outcomes=outcomes, rules=rules)


def _asked(
    site: Site, dataset: Dataset, expected: ExpectedDelivery, rows: Path, *, period: str, own: Path
) -> tuple[tuple[Outcome, ...], tuple[Outcome, ...]]:
    """What comes of the checks and of the rules on typed rows."""
    checks, scope = own / "checks", expected.scope
    checks.mkdir()
    file = rows / "typed.parquet"
    try:
        outcomes = outcomes_of(
            file,
            site=site,
            dataset=dataset,
            providers=expected.providers,
            period=period,
            scope=scope,
            scratch=checks,
        )
        return outcomes, marked_by(file, dataset=dataset, outcomes=outcomes, scope=scope, scratch=checks)
    finally:
        shutil.rmtree(checks, ignore_errors=True)


def _cross(opened: Opened, site: Site, inputs: RunInputs, everything: Sequence[Seen], scratch: Path, one: Seen) -> Seen:
    """Add what comes of the expectations on another table, in the content's order."""
    if not one.asked or one.rows is None:
        return one
    dataset = site.dataset(one.delivery.expected.dataset)
    if not dataset.crossing.expectations:
        return one
    read = {other.delivery.expected.id: other.rows for other in everything if other.rows is not None}
    try:
        (found,) = crossing.crossings(opened, inputs, site, [(one.delivery, one.rows)], folders=read, aside=scratch)
        crossed = crossing.outcomes(site, found, period=inputs.period, into=scratch / "crossed" / found.delivery.id)
    except LoadgateError as error:
        return replace(one, outcomes=(), rules=(), unseen=error.message)
    return replace(one, outcomes=(*one.outcomes, *crossed))
