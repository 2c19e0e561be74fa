"""Arrivals in, findings out: missing, late, unexpected, duplicate, impostor by bytes. One for each delivery or file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import assert_never

from loadgate.arriving.expected import EVERY
from loadgate.arriving.owners import SIZE_MARGIN, SIZE_TIMES, groups, impostors_among, size_distance
from loadgate.model.deliveries import Arrival, Arrivals, ArrivalState, ReceivedFile
from loadgate.model.findings import ArrivalEvidence, Finding
from loadgate.model.identity import file_pseudonym
from loadgate.model.kinds import KINDS, Kind, Severity
from loadgate.model.scope import Scope


def findings(arrivals: Arrivals, *, as_of: datetime, before: Mapping[str, int] | None = None) -> list[Finding]:
    """What is wrong with a period's arrivals, sorted by id. File names never leave: strays have a pseudonym.

    `before`: size in bytes of the same delivery a period before, by this period's delivery id. Of two with the same
    bytes, the one that has its own size is innocent; where sizes do not say, the rows may, and nothing is said yet.
    """
    found = [finding for arrival in arrivals.arrivals for finding in _of_arrival(arrival)]
    found += [_unexpected(file, arrivals.period) for file in arrivals.unexpected if file.first_seen <= as_of]
    current = {
        arrival.expected.id: arrival for arrival in arrivals.arrivals if arrival.state is not ArrivalState.SUPERSEDED
    }
    innocent = _innocent(arrivals, current, before or {})
    found += [
        _duplicate(current[mine], other, arrivals.period)
        for mine, other in arrivals.duplicates
        if mine not in innocent or not _is_twin(mine, other, arrivals.period)
    ]
    return sorted({finding.id: finding for finding in found}.values(), key=lambda finding: finding.id)


def unassigned(parts: Iterable[str], *, ended: Collection[tuple[str, str]]) -> tuple[Finding, ...]:
    """Parts that had figures and of which nothing is expected: one finding for each area, without those that ended.

    `ended`: (area, provider), where the provider may be every one.
    """
    by_area: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        area, _, provider = part.partition("/")
        if not {(area, provider), (area, EVERY)} & {*ended}:
            by_area[area].add(provider)
    kind = Kind.UNASSIGNED
    return tuple(
        Finding(
            kind=kind,
            severity=KINDS[kind].severity,
            scope=Scope.of(area=area, provider=providers),
            evidence=ArrivalEvidence(),
        )
        for area, providers in sorted(by_area.items())
    )


def _of_arrival(arrival: Arrival) -> list[Finding]:
    match arrival.state:
        case ArrivalState.MISSING:
            kind, detail = Kind.MISSING, {}
        case ArrivalState.LATE | ArrivalState.OVERDUE:
            kind, detail = Kind.LATE, {"state": arrival.state.value}
        case (
            ArrivalState.ON_TIME
            | ArrivalState.AWAITED
            | ArrivalState.SUPERSEDED
            | ArrivalState.QUARANTINED
            | ArrivalState.UNEXPECTED
        ):
            return []
        case _:
            assert_never(arrival.state)
    return [
        Finding(
            kind=kind,
            severity=KINDS[kind].severity,
            scope=arrival.expected.scope,
            evidence=evidence(arrival),
            detail=detail,
        )
    ]


def evidence(arrival: Arrival, *, like: str | None = None) -> ArrivalEvidence:
    """When it was due, when and with how much it came. Times in UTC."""
    delivery = arrival.delivery
    return ArrivalEvidence(
        due=_text(arrival.expected.due),
        closes=_text(arrival.expected.closes),
        received=None if delivery is None else _text(delivery.received_at),
        size_bytes=None if delivery is None else sum(part.size_bytes for part in delivery.parts),
        files=0 if delivery is None else len(delivery.parts),
        like=like,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _unexpected(file: ReceivedFile, period: str) -> Finding:
    pseudonym = file_pseudonym(file.name)
    return Finding(
        kind=Kind.UNEXPECTED,
        severity=KINDS[Kind.UNEXPECTED].severity,
        scope=Scope.of(delivery=f"{period}/{pseudonym}"),
        evidence=ArrivalEvidence(received=_text(file.first_seen), size_bytes=file.size_bytes, files=1),
        detail={"file": pseudonym},
    )


def _is_twin(mine: str, other: str, period: str) -> bool:
    """Whether the other is another delivery of this period."""
    return other != mine and other.partition("/")[0] == period


def _innocent(arrivals: Arrivals, current: Mapping[str, Arrival], before: Mapping[str, int]) -> set[str]:
    twins = [pair for pair in arrivals.duplicates if _is_twin(*pair, arrivals.period)]
    innocent: set[str] = set()
    for group in groups(twins):
        distances = {
            name: size_distance(_size(current[name]), before[name]) if name in before else None for name in group
        }
        if any(distance is not None for distance in distances.values()):
            strange = impostors_among(distances, margin=SIZE_MARGIN, times=SIZE_TIMES)
            innocent |= group if strange is None else group - strange
    return innocent


def _size(arrival: Arrival) -> int:
    """Of all parts, in bytes."""
    return 0 if arrival.delivery is None else sum(part.size_bytes for part in arrival.delivery.parts)


def _duplicate(arrival: Arrival, other: str, period: str) -> Finding:
    """The bytes of another unit in the same period are an impostor's; else somebody sent an old file, or one twice."""
    itself = other == arrival.expected.id  # twice in one delivery: its rows count once, so nothing is wrong with them
    kind = Kind.IMPOSTOR if _is_twin(arrival.expected.id, other, period) else Kind.DUPLICATE
    return Finding(
        kind=kind,
        severity=Severity.INFO if itself else KINDS[kind].severity,
        scope=arrival.expected.scope,
        evidence=evidence(arrival, like=other),
    )
