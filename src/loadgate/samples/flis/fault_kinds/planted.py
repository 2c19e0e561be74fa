"""What a planted fault is: the deliveries that it names, hooks that the layout calls for them, and its truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from loadgate.model.deliveries import ExpectedDelivery
from loadgate.model.profiles import DeliverySpec

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

EVERYTHING = "*"  # grip of a fault after which nothing else can be seen of a delivery
ARRIVAL = "arrival"  # grip of a fault that changes only when a delivery comes
VALUES = "values"  # grip of a fault that is seen by the figures
_FEW = 0.25  # of a spread fault's deliveries


class ArrivalHook(Protocol):
    """When the delivery comes instead; None: it does not come."""

    def __call__(self, delivery: ExpectedDelivery, moment: datetime, /) -> datetime | None: ...


class RowsHook(Protocol):
    """Typed rows of one provider of the delivery, before they are written as text."""

    def __call__(
        self, delivery: ExpectedDelivery, provider: str, frame: pl.DataFrame, rng: np.random.Generator, /
    ) -> pl.DataFrame: ...


class TextHook(Protocol):
    """Strings as they will stand in the file."""

    def __call__(self, delivery: ExpectedDelivery, frame: pl.DataFrame, /) -> pl.DataFrame: ...


class SpecHook(Protocol):
    """The profile by which the file is written, not the one by which it is read."""

    def __call__(self, spec: DeliverySpec, /) -> DeliverySpec: ...


class DataHook(Protocol):
    """The bytes of one file of the delivery, as they will lie in the inbox."""

    def __call__(self, delivery: ExpectedDelivery, data: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A finding that must be there. `scope` is canonical Scope text; `put_down_to` is the known error it belongs to."""

    kind: str
    scope: str
    check: str | None = None
    put_down_to: str | None = None

    @property
    def plain(self) -> dict[str, str | None]:
        told = {"kind": self.kind, "scope": self.scope, "check": self.check}
        return told if self.put_down_to is None else told | {"put_down_to": self.put_down_to}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A fault with its hooks; a hook that is None changes nothing.

    `deliveries` are the ids of those that the hooks act on: this month's, or last month's. `instead` names, for a
    delivery, another one whose files' bytes are written in its place: part by part, under its own names.
    `grips` say by delivery id what of it can no longer be seen otherwise: two faults must not share a grip.
    `spread`: what it causes is seen over all its deliveries together, so a few of them may be lost to another fault.
    `known` are the ids that the truth names, `figures` those that can move.
    """

    kind: str
    where: str
    period: str
    size: float | None
    deliveries: frozenset[str]
    known: tuple[str, ...]
    figures: tuple[str, ...]
    expected: tuple[Expectation, ...]
    grips: Mapping[str, frozenset[str]] = field(default_factory=dict)
    spread: bool = False
    arrival: ArrivalHook | None = None
    rows: RowsHook | None = None
    text: TextHook | None = None
    spec: SpecHook | None = None
    data: DataHook | None = None
    instead: Mapping[str, str] = field(default_factory=dict)


def hide_each_other(one: Planted, other: Planted) -> str | None:
    """The delivery on which neither can be told from the other, or None."""
    shared = sorted(one.grips.keys() & other.grips.keys())
    bearable = any(each.spread and len(shared) <= _FEW * len(each.grips) for each in (one, other))
    for delivery in shared:
        pairs = [(mine, theirs) for mine in one.grips[delivery] for theirs in other.grips[delivery]]
        if bearable and EVERYTHING in one.grips[delivery] | other.grips[delivery]:
            continue
        if any(_collide(mine, theirs) for mine, theirs in pairs):
            return delivery
    return None


def _collide(mine: str, theirs: str) -> bool:
    """A grip is `what` or `what@provider`."""
    (what, _, whose), (other, _, others) = mine.partition("@"), theirs.partition("@")
    if whose and others and whose != others:
        return False
    if what == other:
        return True
    return EVERYTHING in (what, other) and ARRIVAL not in (what, other)
