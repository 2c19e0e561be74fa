"""Deliveries with the same rows, and last period's bytes, in; whose rows they are not out. Reads only what it must."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.errors import LoadgateError
from loadgate.model.identity import stream
from loadgate.running import delivering
from loadgate.running.inbox import archived_parts
from loadgate.store import durable

if TYPE_CHECKING:
    from loadgate.arriving.impostors import Claim, Decide
    from loadgate.model.deliveries import Delivery
    from loadgate.model.findings import Finding
    from loadgate.model.site import Site
    from loadgate.running.inputs import RunInputs
    from loadgate.running.opened import Opened


def decider(opened: Opened, inputs: RunInputs, site: Site, read: Sequence[tuple[Delivery, Path]]) -> Decide:
    """Says of deliveries with the same rows which are the impostors: by size, and where that is not enough, by rows.

    In: this period's deliveries with the folders of their typed rows.
    """
    from loadgate.arriving.owners import CONTENT_MARGIN, SIZE_MARGIN, SIZE_TIMES, impostors_among, size_distance

    mine = {delivery.expected.id: (delivery, folder) for delivery, folder in read}

    def before(claim: Claim) -> list[Path]:
        return _before(opened, inputs, claim.delivery.id)

    def by_size(claim: Claim) -> float | None:
        delivery, _ = mine[claim.delivery.id]
        now = sum(part.size_bytes for part in delivery.parts)
        return size_distance(now, sum(path.stat().st_size for path in before(claim)))

    def by_rows(claim: Claim) -> float | None:
        parts = before(claim)
        return _unlikeness(opened, site, *mine[claim.delivery.id], parts, claim.provider) if parts else None

    def decide(claims: Sequence[Claim]) -> frozenset[Claim] | None:
        found = None
        if all(claim.provider is None for claim in claims):
            sizes = {claim: by_size(claim) for claim in claims}
            found = impostors_among(sizes, margin=SIZE_MARGIN, times=SIZE_TIMES)
        return found or impostors_among({claim: by_rows(claim) for claim in claims}, margin=CONTENT_MARGIN)

    return decide


def exchanged(
    opened: Opened, inputs: RunInputs, site: Site, read: Sequence[tuple[Delivery, Path]], *, told: Sequence[Finding]
) -> list[Finding]:
    """Deliveries whose rows are another's, gone on from its last delivery: two whose files were exchanged, for one.

    `told`: those of which is known already that they are not what they should be are left out.
    """
    from loadgate.arriving.impostors import exchanged as found_exchanged
    from loadgate.arriving.likeness import goes_on
    from loadgate.arriving.owners import is_anothers

    known = {name for finding in (*inputs.arrival_findings, *told) for name in finding.scope.delivery or ()}
    mine = {one.expected.id: (one, typed) for one, typed in read if one.expected.id not in known}
    earlier = {name: _before(opened, inputs, name) for name in mine}
    shares: dict[tuple[str, str], dict[str, float]] = {}

    def share(now: str, before: str) -> dict[str, float]:
        if (now, before) not in shares:
            theirs, parts = mine[before][0], earlier[before]
            dataset = site.dataset(theirs.expected.dataset)
            with _typed_before(opened, site, theirs, parts) as path:
                shares[now, before] = goes_on(mine[now][1] / "typed.parquet", path, dataset=dataset)
        return shares[now, before]

    return found_exchanged(
        {name: sum(part.size_bytes for part in one.parts) for name, (one, _) in mine.items()},
        {name: sum(path.stat().st_size for path in parts) for name, parts in earlier.items() if parts},
        [one.expected for one, _ in mine.values()],
        is_of=lambda one, other: is_anothers(share(one.id, one.id), share(one.id, other.id)),
    )


def _before(opened: Opened, inputs: RunInputs, delivery: str) -> list[Path]:
    """Last period's files of the same stream; none where they are not known any more."""
    try:
        return archived_parts(opened, inputs.before.get(stream(delivery), ()))
    except LoadgateError:
        return []


@contextmanager
def _typed_before(opened: Opened, site: Site, delivery: Delivery, parts: list[Path]) -> Iterator[Path]:
    """The typed rows of last period's files, read as this period's profile says, and forgotten after."""
    from loadgate.reading.files import read

    dataset, spec = site.dataset(delivery.expected.dataset), delivering.spec_of(site, delivery)
    with durable.scratch(opened.tmp) as folder:
        yield read(parts, spec=spec, dataset=dataset, scope=delivery.expected.scope, into=folder).typed


def _unlikeness(
    opened: Opened, site: Site, delivery: Delivery, typed: Path, parts: list[Path], provider: str | None
) -> float | None:
    """How far its rows are from last period's."""
    from loadgate.arriving.likeness import unlikeness

    with _typed_before(opened, site, delivery, parts) as before:
        dataset = site.dataset(delivery.expected.dataset)
        return unlikeness(typed / "typed.parquet", before, dataset=dataset, provider=provider)
