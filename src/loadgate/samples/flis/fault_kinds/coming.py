"""Faults of arrival: what does not come, comes late, came before, or is another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from loadgate.samples.flis.fault_kinds.kind import each, made, needed, whole_delivery
from loadgate.samples.flis.fault_kinds.places import Place, expected_deliveries
from loadgate.samples.flis.fault_kinds.planted import ARRIVAL, EVERYTHING, Planted
from loadgate.samples.flis.fault_kinds.suites import unique

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from loadgate.model.deliveries import ExpectedDelivery

RECENT_MONTHS = 3  # a system changed within so many months is a new one


def _nothing(_delivery: ExpectedDelivery, _moment: datetime) -> datetime | None:
    return None


def missing(place: Place, _size: float) -> Planted:
    return made(
        "missing",
        place,
        expected=each("arrival.missing", place.scopes()),
        grips=(EVERYTHING, ARRIVAL),
        arrival=_nothing,
    )


def fits_late(place: Place, size: float) -> str | None:
    waited = min(delivery.closes - delivery.due for delivery in place.deliveries)
    if timedelta(hours=size) >= waited:
        return f"waiting ends {waited.total_seconds() / 3600:g} hours after it is due, then it is missing"
    return whole_delivery(place, size)


def late(place: Place, size: float) -> Planted:
    def arrival(delivery: ExpectedDelivery, _moment: datetime) -> datetime | None:
        return delivery.due + timedelta(hours=size)

    return made(
        "late",
        place,
        size=size,
        figures=(),
        expected=each("arrival.late", place.scopes()),
        grips=(ARRIVAL,),
        arrival=arrival,
    )


# ── last month's ───────────────────────────────────────────────────────────────────────────────────────────────


def _last_month(place: Place) -> dict[str, str]:
    """Delivery id → the id of the same stream's delivery last month, where there was one."""
    before = {one.id.partition("/")[2]: one.id for one in expected_deliveries(place.world, place.world.period.previous)}
    return {name: before[rest] for name in place.ids if (rest := name.partition("/")[2]) in before}


def fits_duplicate(place: Place, size: float) -> str | None:
    if not _last_month(place):
        return "last month nothing came from this system for it"
    return whole_delivery(place, size)


def duplicate(place: Place, _size: float) -> Planted:
    before = _last_month(place)
    chosen = replace(place, deliveries=tuple(one for one in place.deliveries if one.id in before))
    return made("duplicate_of_last_month", chosen, expected=each("arrival.duplicate", chosen.scopes()), instead=before)


# ── another's ──────────────────────────────────────────────────────────────────────────────────────────────────


def _units(place: Place) -> list[ExpectedDelivery]:
    """This month's deliveries of the stream, the place's own among them."""
    stream = (place.spec.system, place.spec.dataset)
    return [one for one in expected_deliveries(place.world) if (one.system, one.dataset) == stream]


def _by_key(place: Place) -> bool:
    line = unique(place.dataset)
    named = [] if line is None else line.kwargs.get("column_list", [line.kwargs.get("column")])
    return line is not None and place.dataset.provider_column not in list(named)  # type: ignore[call-overload]


def fits_other_content(place: Place, _size: float) -> str | None:
    if place.shared and place.provider is not None:
        if len(place.deliveries[0].providers) < 2:
            return "no other provider is in this delivery"
        if not _by_key(place):
            return "its rows have the provider in their key, so another's rows under its code are no fault to be seen"
        return None
    return None if len(_units(place)) > 1 else "the stream has one delivery, and nobody else's to take its place"


def other_content(place: Place, _size: float) -> Planted:
    if place.shared and place.provider is not None:
        return _others_rows(place)
    rng = place.world.rng("fault", "other_content", place.where)
    mine = place.deliveries[int(rng.integers(len(place.deliveries)))]
    others = [one for one in _units(place) if one.id != mine.id]
    other = others[int(rng.integers(len(others)))]
    chosen = replace(place, deliveries=(mine,), provider=place.provider or (mine.unit if not place.shared else None))
    return made(
        "other_content",
        chosen,
        expected=each("arrival.impostor", chosen.scopes()),
        also=[other.id],
        instead={mine.id: other.id},
    )


def _others_rows(place: Place) -> Planted:
    """In a file of several providers: another's rows once more, under the provider's own code."""
    from loadgate.samples.flis.rows import rows as rows_of

    rng = place.world.rng("fault", "other_content", place.where)
    provider = place.providers[0]
    others = sorted(name for name in place.deliveries[0].providers if name != provider)
    size = place.world.population
    larger = [name for name in others if size.get(name, 0) >= size.get(provider, 0)] or others
    source = larger[int(rng.integers(len(larger)))]
    column, line = needed(place.dataset.provider_column), needed(unique(place.dataset))

    def rows(_: ExpectedDelivery, mine: str, frame: pl.DataFrame, _rng: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        if mine != provider:
            return frame
        found = rows_of(place.world, place.dataset.dataset, place.world.period, source)
        own = {column, "provider"} & set(frame.columns)
        return found.with_columns(pl.lit(provider).alias(name) for name in own).select(frame.columns)

    return made(
        "other_content",
        place,
        expected=each("checking.failed", place.scopes(), check=place.dataset.check_id(line)),
        rows=rows,
    )


# ── after a change of system ───────────────────────────────────────────────────────────────────────────────────


def changed(place: Place) -> tuple[str, ...]:
    """The place's providers whose system of this area changed to this one within the last months."""
    world, area = place.world, place.deliveries[0].area
    found = []
    for provider in place.providers:
        line = world.assignment(area, provider, world.period)
        before = world.system(area, provider, world.period.shift(-RECENT_MONTHS))
        if line is not None and line.system == place.spec.system and before not in (None, line.system):
            found.append(provider)
    return tuple(found)


def fits_nothing_after_change(place: Place, _size: float) -> str | None:
    if place.shared:
        return "one file comes for all providers of this system; plant provider_absent"
    if not changed(place):
        return f"none of its providers changed to {place.spec.system} within the last {RECENT_MONTHS} months"
    return None


def nothing_after_change(place: Place, _size: float) -> Planted:
    """Every delivery of the new system for those providers stays away, whatever the dataset."""
    names = changed(place)
    gone = tuple(
        one for one in expected_deliveries(place.world) if one.system == place.spec.system and one.unit in names
    )
    chosen = replace(place, deliveries=gone)
    datasets = sorted({one.dataset for one in gone})
    figures = {figure.id for figure in place.site.figures if figure.dataset in datasets}
    return made(
        "nothing_after_change",
        chosen,
        figures=figures,
        expected=each("arrival.missing", chosen.scopes()),
        grips=(EVERYTHING, ARRIVAL),
        arrival=_nothing,
    )
