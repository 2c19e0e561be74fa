"""Fingerprints of one period's deliveries in, findings out: rows that are another provider's, whatever the file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from loadgate.model.deliveries import ExpectedDelivery
from loadgate.model.findings import ArrivalEvidence, Finding
from loadgate.model.fingerprint import Fingerprint
from loadgate.model.kinds import KINDS, Kind

_VERSION = re.compile(r"/v[0-9]+$")


def impostors(fingerprints: Mapping[str, Fingerprint], expected: Sequence[ExpectedDelivery]) -> list[Finding]:
    """One finding for each delivery whose sorted rows equal another unit's of the same dataset, sorted by id.

    In: fingerprints by delivery id, with or without version. Which of the two is the right one, rows do not say:
    both are named. Deliveries without rows are all alike, and no impostors.
    """
    known = {delivery.id: delivery for delivery in expected}
    prints = {_VERSION.sub("", name): found for name, found in fingerprints.items() if found.rows > 0}
    same: defaultdict[tuple[str, str], list[ExpectedDelivery]] = defaultdict(list)
    for name in sorted(prints):
        if name in known:
            same[known[name].dataset, prints[name].sha256].append(known[name])
    found: list[Finding] = []
    for deliveries in same.values():
        for mine in deliveries if len(deliveries) > 1 else ():
            other = next(other for other in deliveries if other is not mine)
            found.append(
                Finding(
                    kind=Kind.IMPOSTOR,
                    severity=KINDS[Kind.IMPOSTOR].severity,
                    scope=mine.scope,
                    evidence=ArrivalEvidence(files=1, like=other.id),
                )
            )
    return sorted(found, key=lambda finding: finding.id)


def repeats(
    fingerprints: Mapping[str, Fingerprint], expected: Sequence[ExpectedDelivery], *, earlier: Mapping[str, str]
) -> list[Finding]:
    """One finding for each delivery whose sorted rows are those of an earlier period, packed anew or not, sorted by id.

    In: fingerprints by delivery id; `earlier`: the hash of sorted rows to the id of an earlier period's delivery.
    """
    known = {delivery.id: delivery for delivery in expected}
    found = [
        Finding(
            kind=Kind.DUPLICATE,
            severity=KINDS[Kind.DUPLICATE].severity,
            scope=known[name].scope,
            evidence=ArrivalEvidence(files=1, like=earlier[made.sha256]),
        )
        for name, made in fingerprints.items()
        if name in known and made.rows > 0 and made.sha256 in earlier
    ]
    return sorted(found, key=lambda finding: finding.id)
