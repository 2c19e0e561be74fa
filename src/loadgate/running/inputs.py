"""What a run freezes when it opens: delivery versions and states, content, engine, baseline, as_of, planned checks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from loadgate.model.deliveries import Arrival, Arrivals, ArrivalState, Delivery, ReceivedFile
from loadgate.model.findings import Check, Finding
from loadgate.model.identity import canonical_json, file_pseudonym, key_of, sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInputs:
    """Frozen inputs of one run. `baseline`: part to the run whose vintage holds its newest approved values."""

    run: str
    period: str
    site: str
    as_of: datetime
    content: str
    engine: str
    arrivals: tuple[Arrival, ...]
    unexpected: tuple[ReceivedFile, ...]  # under pseudonyms: their names may hold personal data
    arrival_findings: tuple[Finding, ...]
    baseline: dict[str, str]
    history: tuple[str, ...]  # runs whose vintages hold the history that detection reads, oldest first
    planned: tuple[Check, ...]
    before: dict[str, tuple[str, ...]] = field(default_factory=dict)  # last period's bytes in the inbox, by stream

    @property
    def arrived(self) -> Arrivals:
        return Arrivals(period=self.period, arrivals=self.arrivals, unexpected=self.unexpected, duplicates=())

    @property
    def current(self) -> tuple[Arrival, ...]:
        """One arrival for each expected delivery: versions that were superseded aside."""
        return tuple(arrival for arrival in self.arrivals if arrival.state is not ArrivalState.SUPERSEDED)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The versions that count."""
        return tuple(arrival.delivery for arrival in self.current if arrival.delivery is not None)

    def delivery(self, version: str) -> Delivery:
        return next(delivery for delivery in self.deliveries if delivery.id == version)

    def sha256(self, *, asked: datetime | None) -> str:
        """Hash of everything that a run's result depends on; `as_of` counts only where it was `asked` for by name."""
        deliveries = {
            arrival.expected.id: [
                arrival.state,
                str(arrival.expected.scope),
                content_key(arrival.delivery) if arrival.delivery else None,
            ]
            for arrival in self.current
        }
        findings = sorted(finding.id for finding in self.arrival_findings)
        moment = asked.isoformat() if asked else None
        text = [self.content, self.engine, deliveries, findings, self.baseline, list(self.history), moment]
        return sha256(canonical_json(text))


def content_key(delivery: Delivery) -> str:
    """What a version of a delivery is made of: the bytes of its parts, whatever their names and order."""
    return key_of(sorted(part.sha256 for part in delivery.parts))


def without_names(arrival: Arrival) -> Arrival:
    """The arrival without its files' names, which may hold personal data."""
    if arrival.delivery is None:
        return arrival
    parts = tuple(replace(part, name=file_pseudonym(part.name)) for part in arrival.delivery.parts)
    return replace(arrival, delivery=replace(arrival.delivery, parts=parts))
