"""Registered errors in a month's rows: within the ceiling, above it, or in last month's deliveries only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from loadgate.model.conditions import to_polars
from loadgate.model.expected import ColumnType, ExpectationLine, KnownError
from loadgate.model.scope import Scope
from loadgate.samples.flis.fault_kinds import suites
from loadgate.samples.flis.fault_kinds.frames import at_least_one, exactly, put, some
from loadgate.samples.flis.fault_kinds.kind import made, needed
from loadgate.samples.flis.fault_kinds.places import Place, expected_deliveries
from loadgate.samples.flis.fault_kinds.planted import EVERYTHING, VALUES, Expectation, Planted

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from loadgate.model.deliveries import ExpectedDelivery
    from loadgate.model.period import Period
    from loadgate.samples.flis.fault_kinds.planted import RowsHook

    Spoil = Callable[[pl.DataFrame, pl.Series], pl.DataFrame]

WITHIN, ABOVE = 0.5, 3.0  # of the ceiling
_DAY = timedelta(days=1)
_FAR = 400  # beyond a limit, and still three digits in a field of fixed width for limits of months and years


def _registered(place: Place) -> tuple[KnownError, ExpectationLine] | None:
    """The entry that covers the place's deliveries, and the line of the suite that it is about."""
    lines = {place.dataset.check_id(line): line for line in place.dataset.expectations}
    for error in place.site.known_errors:
        scope = Scope.parse(error.scope)
        covered = any(scope.covers(delivery.scope) for delivery in place.deliveries)
        if error.check in lines and covered and _breaks(place, lines[error.check]):
            return error, lines[error.check]
    return None


def fits_known(place: Place, _size: float) -> str | None:
    if place.provider is not None and _registered(place) is not None and not _is_own(place):
        return "a registered error is planted in all deliveries of its scope: leave the provider out"
    if _registered(place) is None:
        return f"no registered error is about it; it fits {', '.join(_fitting(place)) or 'none of this site'}"
    return None


def _is_own(place: Place) -> bool:
    """Whether the entry is this provider's own."""
    found = _registered(place)
    return found is not None and Scope.parse(found[0].scope).provider == frozenset(place.providers)


def _fitting(place: Place) -> list[str]:
    found = set()
    for error in place.site.known_errors:
        scope = Scope.parse(error.scope)
        for delivery in expected_deliveries(place.world):
            if (error.check or "").partition(":")[0] == delivery.dataset and scope.covers(delivery.scope):
                found.add(f"{delivery.system}/{delivery.dataset}")
    return sorted(found)


def _covered(place: Place, error: KnownError, period: Period) -> tuple[ExpectedDelivery, ...]:
    scope = Scope.parse(error.scope)
    name = place.dataset.dataset
    return tuple(
        one for one in expected_deliveries(place.world, period) if one.dataset == name and scope.covers(one.scope)
    )


def _whole(place: Place) -> tuple[Place, KnownError, ExpectationLine]:
    """The place made as wide as the error's own scope."""
    error, line = needed(_registered(place))
    deliveries = _covered(place, error, place.world.period)
    return replace(place, deliveries=deliveries, provider=None), error, line


def within(place: Place, _size: float) -> Planted:
    wide, error, line = _whole(place)
    scope = str(wide.group())
    found = Expectation(kind="checking.failed", scope=scope, check=error.check, put_down_to=error.id)
    planted = _planted("known_error_within", wide, error, found, _rows(wide, error, line, WITHIN))
    return replace(planted, where=place.where)


def above(place: Place, _size: float) -> Planted:
    wide, error, line = _whole(place)
    found = Expectation(kind="known_error.worse", scope=str(wide.group()), check=error.id, put_down_to=error.id)
    planted = _planted("known_error_above", wide, error, found, _rows(wide, error, line, ABOVE))
    return replace(planted, where=place.where)


def gone(place: Place, _size: float) -> Planted:
    wide, error, line = _whole(place)
    before = _covered(place, error, place.world.period.previous)
    found = Expectation(kind="known_error.gone", scope=str(Scope.parse(error.scope)), check=error.id)
    planted = made(
        "known_error_gone",
        wide,
        figures=(),
        expected=[replace(found, put_down_to=error.id)],
        grips=(EVERYTHING, VALUES),
        acts_on=[delivery.id for delivery in before],
        rows=_rows(replace(wide, deliveries=before), error, line, WITHIN),
    )
    return replace(planted, where=place.where)


def _planted(kind: str, place: Place, error: KnownError, found: Expectation, rows: RowsHook) -> Planted:
    return made(kind, place, expected=[found], grips=(str(error.check),), rows=rows, spread=True)


# ── how many rows, and how they are spoiled ────────────────────────────────────────────────────────────────────


def _rows(place: Place, error: KnownError, line: ExpectationLine, factor: float) -> RowsHook:
    """Spoil the factor of the ceiling, over all deliveries of the place together."""
    spoil, asked = needed(_breaks(place, line)), _asked(line)
    population = place.world.population
    largest = max(place.providers, key=lambda name: (population.get(name, 0), name))
    ceiling = error.ceiling
    share = ceiling.share if ceiling.share is not None else ceiling.effect

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        if provider not in place.providers:
            return frame
        if share is None:
            count = max(1, round(factor * (ceiling.rows or 0) / len(place.providers)))
            return spoil(frame, exactly(frame, asked, count, rng))
        choose = at_least_one if provider == largest else some  # one row at least, whatever chance says
        return spoil(frame, choose(frame, asked, factor * share, rng))

    return rows


def _asked(line: ExpectationLine) -> pl.Expr:
    """Rows that the check counts: those of its condition that have a value."""
    import polars as pl

    asked = pl.lit(True) if line.where is None else to_polars(line.where)
    if line.type == suites.NOT_NULL:
        return asked
    if line.type == suites.ORDER:
        return (
            asked
            & pl.col(str(line.kwargs["column_A"])).is_not_null()
            & pl.col(str(line.kwargs["column_B"])).is_not_null()
        )
    return asked & pl.col(suites.column_of(line)).is_not_null()


def _breaks(place: Place, line: ExpectationLine) -> Spoil | None:
    """What spoils a row for this line, by the line's type; None for a type that nothing here breaks."""
    import polars as pl

    if line.type == suites.NOT_NULL:
        return _value(suites.column_of(line), pl.lit(None))
    if line.type == suites.IN_SET:
        other = suites.other_codes(place.site, place.dataset, line)
        value = other[0] if other else suites.strange(place.site, line, place.spec, free=True)
        return _value(suites.column_of(line), pl.lit(value))
    if line.type == suites.REGEX:
        return _value(suites.column_of(line), pl.lit(suites.strange(place.site, line, place.spec, free=True)))
    if line.type == suites.BETWEEN:
        return _outside(place, line)
    if line.type == suites.ORDER:
        return _disordered(str(line.kwargs["column_A"]), str(line.kwargs["column_B"]))
    return None


def _value(column: str, value: pl.Expr) -> Spoil:
    return lambda frame, mask: put(frame, mask, column, value)


def _outside(place: Place, line: ExpectationLine) -> Spoil | None:
    import polars as pl

    column = suites.column_of(line)
    if place.dataset.columns[column].type not in (ColumnType.INTEGER, ColumnType.DECIMAL):
        return None
    upper, lower = suites.upper_bound(line), suites.lower_bound(line)
    if upper is not None:
        return _value(column, pl.lit(int(upper) + _FAR))
    return None if lower is None else _value(column, pl.lit(int(lower) - 1))


def _disordered(later: str, earlier: str) -> Spoil:
    """The later day before the earlier one."""
    import polars as pl

    return lambda frame, mask: put(frame, mask, later, pl.col(earlier) - pl.lit(_DAY))
