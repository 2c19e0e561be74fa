"""A world and the words of a fault in; out, its place: deliveries, profile, dataset, providers, figures, Scopes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from loadgate.arriving.expected import expect
from loadgate.model.conditions import All, Any, Compare, Condition, Missing, Not
from loadgate.model.expected import ColumnType, Dataset, KeyFigure, Measure
from loadgate.model.scope import Scope

if TYPE_CHECKING:
    from loadgate.model.deliveries import ExpectedDelivery
    from loadgate.model.period import Period
    from loadgate.model.profiles import DeliverySpec
    from loadgate.model.site import Site
    from loadgate.samples.flis.world import World

_PERIODS = (ColumnType.WEEK, ColumnType.MONTH, ColumnType.QUARTER, ColumnType.YEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a fault is planted. `provider` is None for the whole system; `deliveries` are this month's."""

    world: World
    spec: DeliverySpec
    dataset: Dataset
    provider: str | None
    deliveries: tuple[ExpectedDelivery, ...]

    @property
    def where(self) -> str:
        return "/".join(part for part in (self.spec.system, self.spec.dataset, self.provider) if part)

    @property
    def site(self) -> Site:
        return self.world.site

    @property
    def period(self) -> str:
        return str(self.world.period)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(delivery.id for delivery in self.deliveries)

    @property
    def providers(self) -> tuple[str, ...]:
        if self.provider is not None:
            return (self.provider,)
        return tuple(sorted({name for delivery in self.deliveries for name in delivery.providers}))

    @property
    def reference(self) -> str:
        """The column that says which period a row is about."""
        return next(name for name, column in self.dataset.columns.items() if column.type in _PERIODS)

    @property
    def shared(self) -> bool:
        """Whether a delivery holds the rows of several providers."""
        return self.spec.per != "provider"

    def has(self, provider: str) -> bool:
        return self.provider in (None, provider)

    def scopes(self) -> tuple[Scope, ...]:
        """One for each delivery, as its findings have it."""
        return tuple(delivery.scope for delivery in self.deliveries)

    def own_scopes(self) -> tuple[Scope, ...]:
        """One for each delivery and provider of the place."""
        return tuple(
            replace(delivery.scope, provider=frozenset([name]))
            for delivery in self.deliveries
            for name in delivery.providers
            if self.has(name)
        )

    def group(self, figures: Iterable[str] = ()) -> Scope:
        """What a finding about figures is about: area, system, providers, and the figures if any are named."""
        first = self.deliveries[0]
        return Scope.of(
            area=first.area,
            vendor=first.vendor,
            system=first.system,
            provider=self.providers,
            figure=sorted(figures) or None,
        )


def expected_deliveries(world: World, period: Period | None = None) -> list[ExpectedDelivery]:
    """Of the world's own period, unless another is named."""
    return world.keep(("expected deliveries", period), partial(_expect, world, period))


def _expect(world: World, period: Period | None) -> list[ExpectedDelivery]:
    site = world.site
    return expect(
        calendar=site.calendar,
        assignments=site.assignments,
        suppliers=site.suppliers,
        systems=site.file.systems,
        timezone=site.file.timezone,
        period=period or world.period,
        providers=site.providers,
    )


def measured_from(site: Site, dataset: str) -> tuple[str, ...]:
    """Ids of the figures that can move with a dataset's rows: its own, and those that refer to one of them."""
    found = {figure.id for figure in site.figures if figure.dataset == dataset}
    while True:
        more = {figure.id for figure in site.figures if figure.id not in found and found & set(_refers(figure))}
        if not more:
            return tuple(sorted(found))
        found |= more


def _refers(figure: KeyFigure) -> list[str]:
    return [measure.figure for measure in measures(figure) if measure.figure is not None]


def measures(figure: KeyFigure) -> list[Measure]:
    return [measure for measure in (figure.numerator, figure.denominator) if measure is not None]


def summed(site: Site, dataset: Dataset) -> tuple[str, ...]:
    """Numeric columns of the dataset that a figure adds up, in the dataset's order."""
    names = {m.sum for figure in site.figures if figure.dataset == dataset.dataset for m in measures(figure)}
    numeric = (ColumnType.DECIMAL, ColumnType.INTEGER)
    return tuple(name for name, column in dataset.columns.items() if name in names and column.type in numeric)


def adding(site: Site, dataset: Dataset, columns: Sequence[str]) -> tuple[str, ...]:
    """Figures of the dataset whose numerator adds one of the columns up."""
    own = (figure for figure in site.figures if figure.dataset == dataset.dataset and figure.numerator is not None)
    return tuple(figure.id for figure in own if figure.numerator is not None and figure.numerator.sum in columns)


def counting(site: Site, dataset: Dataset) -> tuple[str, ...]:
    """Figures of the dataset whose numerator counts rows or persons, over the provider's own or no denominator."""
    own = (figure for figure in site.figures if figure.dataset == dataset.dataset and figure.numerator is not None)
    return tuple(
        figure.id
        for figure in own
        if figure.numerator is not None
        and (figure.numerator.count is not None or figure.numerator.distinct is not None)
    )


def wants_value(condition: Condition | None, column: str) -> bool:
    """Whether the condition holds only of rows that have a value in the column."""
    match condition:
        case Missing():
            return condition.column == column and not condition.missing
        case Compare():
            return condition.column == column
        case All():
            return any(wants_value(one, column) for one in condition.all)
        case Any():
            return all(wants_value(one, column) for one in condition.any)
        case Not():
            negated = condition.negated
            return isinstance(negated, Missing) and negated.column == column and negated.missing
        case _:
            return False
