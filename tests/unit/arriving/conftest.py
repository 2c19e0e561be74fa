"""Factories: a programme with one stream of deliveries, and files as they lie in its inbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from loadgate.arriving.expected import expect
from loadgate.arriving.matching import match
from loadgate.model.deliveries import Arrivals, ExpectedDelivery, ReceivedFile
from loadgate.model.identity import sha256
from loadgate.model.period import Period
from loadgate.model.profiles import (
    Assignment,
    Calendar,
    CalendarRule,
    DeliverySpec,
    Provider,
    SupplierProfile,
    SystemFacts,
)

OCTOBER = Period.parse("2026-10")


@pytest.fixture
def expected() -> Callable[..., list[ExpectedDelivery]]:
    """`expected(assigned=[...], files="...", per="provider", ...)`: due 5 November, closing the 10th, noon UTC."""

    def build(
        *,
        assigned: list[dict[str, Any]] | None = None,
        rules: list[dict[str, Any]] | None = None,
        period: str = "2026-10",
        timezone: str = "UTC",
        providers: tuple[str, ...] = ("101", "147"),
        suppliers: tuple[str, ...] = ("nordwind",),
        **spec: Any,
    ) -> list[ExpectedDelivery]:
        lines = [{"provider": "101"}, {"provider": "147"}] if assigned is None else assigned
        moments = [{"due": {"month": 1, "day": 5}, "closes": {"month": 1, "day": 10}}] if rules is None else rules
        stream = {"system": "prisme", "dataset": "ledger", "files": "{system}/{period}/{provider}{part}.csv", **spec}
        return expect(
            calendar=Calendar(rules=tuple(CalendarRule.model_validate({"reason": "plan", **rule}) for rule in moments)),
            assignments=[
                Assignment.model_validate(
                    {
                        "area": "economy",
                        "system": "prisme",
                        "supplier": "nordwind",
                        "valid_from": date(2020, 1, 1),
                        **line,
                    }
                )
                for line in lines
            ],
            suppliers=[
                SupplierProfile(supplier=name, name=name, deliveries=(DeliverySpec.model_validate(stream),))
                for name in suppliers
            ],
            systems=[SystemFacts(id="prisme", name="Prisme", area="economy", vendor="fjord")],
            timezone=timezone,
            period=Period.parse(period),
            providers=[Provider(id=name, name=name) for name in providers],
        )

    return build


@pytest.fixture
def arrive() -> Callable[..., Arrivals]:
    """`arrive(expected, {"name": (first seen, content)}, as_of=...)`; times are (month, day, …) of 2026 in UTC."""

    def run(
        wanted: list[ExpectedDelivery],
        files: dict[str, Any] | None = None,
        *,
        as_of: tuple[int, ...] = (11, 30),
        **more: Any,
    ) -> Arrivals:
        received = []
        for name, told in (files or {}).items():
            seen, content = told if isinstance(told, tuple) and isinstance(told[0], tuple) else (told, name)
            received.append(
                ReceivedFile(
                    name=name,
                    size_bytes=len(content),
                    sha256=sha256(content.encode()),
                    first_seen=datetime(2026, *seen, tzinfo=UTC),  # type: ignore[misc]
                )
            )
        rest: dict[str, Any] = {"known_versions": {}, "earlier": {}, **more}
        return match(wanted, received, period=OCTOBER, as_of=datetime(2026, *as_of, tzinfo=UTC), **rest)  # type: ignore[misc]

    return run
