"""What must come, what came, and what a version of a delivery is made of. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from loadgate.model.identity import version_id
from loadgate.model.scope import Scope


class ArrivalState(StrEnum):
    ON_TIME = "on time"
    LATE = "late"
    MISSING = "missing"
    OVERDUE = "overdue"  # past due, not yet past closing: late and still awaited
    AWAITED = "awaited"
    UNEXPECTED = "unexpected"
    SUPERSEDED = "superseded"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedDelivery:
    """A delivery that the profiles say must come."""

    id: str  # 2026-10/system/dataset/unit
    period: str
    area: str
    dataset: str
    vendor: str
    system: str
    system_version: str | None
    supplier: str
    unit: str  # provider id, batch name or _all
    providers: tuple[str, ...]
    due: datetime
    closes: datetime
    pattern: str  # of names below the inbox, placeholders filled except {date}, {part} and *

    @property
    def scope(self) -> Scope:
        return Scope.of(
            area=self.area,
            dataset=self.dataset,
            vendor=self.vendor,
            system=self.system,
            system_version=self.system_version,
            supplier=self.supplier,
            delivery=self.id,
            provider=self.providers,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """One file as it lies in the inbox. `name` may hold personal data and stays inside the data area."""

    name: str
    size_bytes: int
    sha256: str
    first_seen: datetime  # stated time where the site says that counts, else first sighting
    encrypted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file, or a member of an archive, as part of a delivery."""

    name: str
    sha256: str
    size_bytes: int
    member: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A version of an expected delivery, with its parts in name order."""

    expected: ExpectedDelivery
    version: int
    parts: tuple[Part, ...]
    received_at: datetime
    state: ArrivalState

    @property
    def id(self) -> str:
        return version_id(self.expected.id, self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The state of one expected delivery at `as_of`; `delivery` is None while nothing came."""

    expected: ExpectedDelivery
    state: ArrivalState
    delivery: Delivery | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """One period's arrivals. `unexpected` holds files no profile knows; `duplicates` (delivery id, of what)."""

    period: str
    arrivals: tuple[Arrival, ...]
    unexpected: tuple[ReceivedFile, ...]
    duplicates: tuple[tuple[str, str], ...]
