"""Deliveries with the same rows, and last period's bytes, in; whose rows they are not out. Reads only what it must."""

from __future__ import annotations

from collections.abc import Sequence
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
        """Last period's files of the same stream; none where they are not known any more."""
        hashes = inputs.before.get(stream(claim.delivery.id), ())
        try:
            return archived_parts(opened, hashes)
        except LoadgateError:
            return []

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


def _unlikeness(
    opened: Opened, site: Site, delivery: Delivery, typed: Path, parts: list[Path], provider: str | None
) -> float | None:
    """Read last period's files as this period's profile says, look, and forget them."""
    from loadgate.arriving.likeness import unlikeness
    from loadgate.reading.files import read

    expected = delivery.expected
    dataset = site.dataset(expected.dataset)
    with durable.scratch(opened.tmp) as folder:
        reading = read(
            parts,
            spec=delivering.spec_of(site, delivery),
            dataset=dataset,
            scope=expected.scope,
            into=folder,
        )
        return unlikeness(typed / "typed.parquet", reading.typed, dataset=dataset, provider=provider)
