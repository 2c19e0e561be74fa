"""Profiles, assignments and calendar in, the deliveries that must come for a period out. Pure."""

from __future__ import annotations

import calendar as months
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from loadgate.arriving.patterns import fill
from loadgate.errors import Fault, SiteError
from loadgate.model.deliveries import ExpectedDelivery
from loadgate.model.identity import delivery_id
from loadgate.model.period import Period
from loadgate.model.profiles import (
    Assignment,
    Calendar,
    CalendarRule,
    DeliverySpec,
    Moment,
    Provider,
    SupplierProfile,
    SystemFacts,
)

EVERY = "*"  # an assignment of all providers
ALL_UNIT = "_all"


def expect(
    *,
    calendar: Calendar,
    assignments: Sequence[Assignment],
    suppliers: Sequence[SupplierProfile],
    systems: Sequence[SystemFacts],
    timezone: str,
    period: Period,
    providers: Sequence[Provider] = (),
) -> list[ExpectedDelivery]:
    """Every delivery that must come for the period, sorted by id.

    An assignment counts if the period's first day lies within its dates. `*` as provider stands for all of
    `providers`; a line that names a provider wins over `*` for the same system and supplier.
    Raises: SiteError if no rule of the calendar fits a stream, or a stream's system is unknown.
    """
    facts = {system.id: system for system in systems}
    valid = [line for line in assignments if _holds(line, period.start)]
    everyone = tuple(provider.id for provider in providers)
    found: list[ExpectedDelivery] = []
    for profile in suppliers:
        for spec in profile.deliveries:
            system = facts.get(spec.system)
            if system is None:
                raise _unknown_system(profile.supplier, spec)
            served = _served(valid, profile.supplier, system, everyone)
            if not served:
                continue
            rule = _rule(calendar, area=system.area, spec=spec)
            stream = _Stream(
                spec=spec,
                system=system,
                supplier=profile.supplier,
                period=period,
                due=moment(rule.due, period, timezone),
                closes=moment(rule.closes, period, timezone),
            )
            found += stream.deliveries(served)
    return sorted(found, key=lambda delivery: delivery.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stream:
    """One spec in one period: what all of its deliveries share."""

    spec: DeliverySpec
    system: SystemFacts
    supplier: str
    period: Period
    due: datetime
    closes: datetime

    def deliveries(self, served: dict[str, str]) -> list[ExpectedDelivery]:
        """In: version of the system by provider."""
        if self.spec.per == "provider":
            return [self._delivery(unit=provider, members=[provider], served=served) for provider in served]
        if self.spec.per == "all":
            return [self._delivery(unit=ALL_UNIT, members=served, served=served)]
        batches = ((name, [p for p in members if p in served]) for name, members in self.spec.batches.items())
        return [self._delivery(unit=name, members=members, served=served) for name, members in batches if members]

    def _delivery(self, *, unit: str, members: Iterable[str], served: dict[str, str]) -> ExpectedDelivery:
        providers = tuple(sorted(members))
        versions = {served[provider] for provider in providers}
        names = {
            "period": str(self.period),
            "provider": unit if self.spec.per == "provider" else None,
            "batch": unit if self.spec.per == "batch" else None,
            "system": self.spec.system,
            "dataset": self.spec.dataset,
        }
        return ExpectedDelivery(
            id=delivery_id(period=str(self.period), system=self.spec.system, dataset=self.spec.dataset, unit=unit),
            period=str(self.period),
            area=self.system.area,
            dataset=self.spec.dataset,
            vendor=self.system.vendor,
            system=self.spec.system,
            system_version=(versions.pop() or None) if len(versions) == 1 else None,
            supplier=self.supplier,
            unit=unit,
            providers=providers,
            due=self.due,
            closes=self.closes,
            pattern=fill(self.spec.files, names),
        )


def moment(of: Moment, period: Period, timezone: str) -> datetime:
    """The moment in UTC. A day that the month lacks is its last day.

    Where clocks change: a time that occurs twice is the first of the two; one that is skipped counts as if the
    clock had not been put forward yet.
    """
    index = period.start.year * 12 + period.start.month - 1 + of.month
    year, month = index // 12, index % 12 + 1
    day = min(of.day, months.monthrange(year, month)[1])
    return datetime.combine(date(year, month, day), of.at, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def opening(calendar: Calendar, *, timezone: str, period: Period) -> datetime:
    """From when on a nameless file in the inbox is put down to this period: the previous period's last closing."""
    return max(moment(rule.closes, period.previous, timezone) for rule in calendar.rules)


def _holds(line: Assignment, day: date) -> bool:
    return line.valid_from <= day and (line.valid_to is None or day <= line.valid_to)


def _served(valid: Sequence[Assignment], supplier: str, system: SystemFacts, everyone: Sequence[str]) -> dict[str, str]:
    """Version of the system by provider, in provider order."""
    lines = [line for line in valid if (line.supplier, line.system, line.area) == (supplier, system.id, system.area)]
    served: dict[str, str] = {}
    for line in lines:
        if line.provider == EVERY:
            served.update(dict.fromkeys(everyone, line.system_version))
    served.update({line.provider: line.system_version for line in lines if line.provider != EVERY})
    return dict(sorted(served.items()))


def _rule(calendar: Calendar, *, area: str, spec: DeliverySpec) -> CalendarRule:
    for rule in calendar.rules:
        wanted = ((rule.area, area), (rule.system, spec.system), (rule.dataset, spec.dataset))
        if all(said is None or said == found for said, found in wanted):
            return rule
    raise SiteError(
        [
            Fault(
                file="vendor_profiles/calendar.yaml",
                line=1,
                key="rules",
                found=f"no rule for area {area}, system {spec.system}, dataset {spec.dataset}",
                expected="a rule that fits every stream of deliveries",
                fix="end the list with a rule that has due, closes and reason only",
            )
        ]
    )


def _unknown_system(supplier: str, spec: DeliverySpec) -> SiteError:
    return SiteError(
        [
            Fault(
                file=f"vendor_profiles/{supplier}.yaml",
                line=1,
                key="deliveries.system",
                found=spec.system,
                expected="a system of site.toml",
                fix=f"add the system {spec.system} to site.toml, or mend the name here",
            )
        ]
    )
