"""Fingerprints of one period's deliveries in, findings out: rows that are another provider's, whatever the file."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from loadgate.arriving.owners import LOOKED_AT_MARGIN, SIZE_TIMES, size_distance
from loadgate.model.deliveries import ExpectedDelivery
from loadgate.model.findings import ArrivalEvidence, Finding
from loadgate.model.fingerprint import Fingerprint
from loadgate.model.identity import expected_id
from loadgate.model.kinds import KINDS, Kind
from loadgate.model.scope import Scope

GOES_ON = "goes_on"  # key in the detail: not the same rows, but another's of last time, gone on
NEAREST = 3  # deliveries that are opened to see whose rows one has
MIN_ROWS = 5  # of one provider among several: fewer can be alike by chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery's rows, or one provider's in a delivery for several, that are another's too."""

    delivery: ExpectedDelivery
    provider: str | None = None

    @property
    def id(self) -> str:
        return self.delivery.id if self.provider is None else f"{self.delivery.id} ({self.provider})"

    @property
    def scope(self) -> Scope:
        scope = self.delivery.scope
        return scope if self.provider is None else replace(scope, provider=frozenset({self.provider}))

    def __str__(self) -> str:
        return self.id


Decide = Callable[[Sequence[Claim]], "frozenset[Claim] | None"]


def _nobody_knows(_: Sequence[Claim]) -> frozenset[Claim] | None:
    return None


def impostors(
    fingerprints: Mapping[str, Fingerprint],
    expected: Sequence[ExpectedDelivery],
    *,
    decide: Decide = _nobody_knows,
) -> list[Finding]:
    """One finding for each claim to rows that another claims too, and better, sorted by id.

    In: fingerprints by delivery id, with or without version. `decide` says which of those with the same rows are the
    impostors; None: nobody knows, and all are named. Deliveries without rows are all alike, and no impostors.
    """
    known = {delivery.id: delivery for delivery in expected}
    prints = {expected_id(name): made for name, made in fingerprints.items()}
    claims = [(Claim(delivery=known[name]), prints[name]) for name in sorted(prints) if name in known]
    whole = _alike([(claim, made.sha256) for claim, made in claims if made.rows > 0])
    told = {claim for group in whole for claim in group}
    parts = _alike(
        [
            (replace(claim, provider=one.provider), one.sha256)
            for claim, made in claims
            if claim not in told
            for one in made.providers
            if one.rows >= MIN_ROWS
        ]
    )
    found = [finding for group in (*whole, *parts) for finding in _named(group, decide(group))]
    return sorted(found, key=lambda finding: finding.id)


def _alike(claims: Sequence[tuple[Claim, str]]) -> list[list[Claim]]:
    """Two and more claims of one dataset with the same hash."""
    same: defaultdict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim, sha256 in claims:
        same[claim.delivery.dataset, sha256].append(claim)
    return [group for group in same.values() if len(group) > 1]


def _named(claims: Sequence[Claim], strange: frozenset[Claim] | None) -> list[Finding]:
    owners = [claim for claim in claims if strange is None or claim not in strange]
    return [
        Finding(
            kind=Kind.IMPOSTOR,
            severity=KINDS[Kind.IMPOSTOR].severity,
            scope=claim.scope,
            evidence=ArrivalEvidence(files=1, like=next(other.id for other in owners if other != claim)),
        )
        for claim in claims
        if strange is None or claim in strange
    ]


def exchanged(
    now: Mapping[str, int],
    before: Mapping[str, int],
    expected: Sequence[ExpectedDelivery],
    *,
    is_of: Callable[[ExpectedDelivery, ExpectedDelivery], bool],
) -> list[Finding]:
    """One finding for each delivery whose rows go on from those of another's last delivery, sorted by id.

    In: sizes in bytes by delivery id, of the delivery and of its own last one; `is_of` opens both, and says whether the
    first's rows are the second's. Only a file whose size moved otherwise than its system's is looked at, and beside it
    only the few of its system whose last one had nearly that size.
    """
    found = []
    for together in _by_system(expected):
        growth = _growth(now, before, together)
        for mine in together:
            own = _distance(now, before, mine, mine, growth=growth)
            if own is None or own <= LOOKED_AT_MARGIN:
                continue
            far = {one.id: _distance(now, before, mine, one, growth=growth) for one in together if one != mine}
            likely = [one for one in together if (size := far.get(one.id)) is not None and SIZE_TIMES * size < own]
            near = sorted(likely, key=lambda one: (far[one.id], one.id))[:NEAREST]
            like = next((one for one in near if is_of(mine, one)), None)
            if like is not None:
                found.append(
                    Finding(
                        kind=Kind.IMPOSTOR,
                        severity=KINDS[Kind.IMPOSTOR].severity,
                        scope=mine.scope,
                        evidence=ArrivalEvidence(files=1, like=like.id),
                        detail={GOES_ON: "yes"},
                    )
                )
    return sorted(found, key=lambda finding: finding.id)


def _by_system(expected: Sequence[ExpectedDelivery]) -> list[list[ExpectedDelivery]]:
    found: dict[tuple[str, str], list[ExpectedDelivery]] = defaultdict(list)
    for one in expected:
        found[one.system, one.dataset].append(one)
    return list(found.values())


def _growth(now: Mapping[str, int], before: Mapping[str, int], expected: Sequence[ExpectedDelivery]) -> float:
    """How many times as large files have become since the last ones: the median."""
    grown = [math.log(now[one.id] / before[one.id]) for one in expected if before.get(one.id) and now.get(one.id)]
    return math.exp(median(grown)) if grown else 1.0


def _distance(
    now: Mapping[str, int],
    before: Mapping[str, int],
    mine: ExpectedDelivery,
    other: ExpectedDelivery,
    *,
    growth: float,
) -> float | None:
    if mine.id not in now or other.id not in before:
        return None
    return size_distance(now[mine.id], before[other.id] * growth)


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
