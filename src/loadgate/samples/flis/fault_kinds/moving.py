"""Faults that only figures show: units, shares, history, cases never closed, late reports, wrong functions, repeats."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from loadgate.model.conditions import to_polars
from loadgate.model.expected import ColumnType
from loadgate.model.period import Cadence
from loadgate.samples.flis.fault_kinds.frames import at_least_one, multiplied, newest, put, some, some_of_sum, without
from loadgate.samples.flis.fault_kinds.kind import made, needed
from loadgate.samples.flis.fault_kinds.places import Place, adding, counting, measures, summed, wants_value
from loadgate.samples.flis.fault_kinds.planted import VALUES, Expectation, Planted

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from loadgate.model.deliveries import ExpectedDelivery
    from loadgate.model.expected import KeyFigure
    from loadgate.samples.flis.fault_kinds.planted import RowsHook

MONEY = ("amount", "original_budget", "adjusted_budget", "pay", "cost")
_CLOSED_YEAR = 13  # months: only then does a delivery hold periods that nobody revises any more
_FUNCTIONS = ("function", "main_function")
_DATES = (ColumnType.DATE, ColumnType.TIMESTAMP)
_BEFORE = 6  # periods that say what is usual
_CLOSED = 13  # usually closed in a period: with fewer, none are in some place and month by chance
_GONE = 15  # rows of a period: fewer gone move too few cells
_ABSENT = 25  # absences in a month: of fewer, as many stay away by chance


def _moves(
    kind: str, place: Place, finding: str, figures: Sequence[str], rows: RowsHook, *, size: float | None = None
) -> Planted:
    return made(
        kind,
        place,
        size=size,
        expected=[Expectation(kind=finding, scope=str(place.group(figures)))],
        grips=(VALUES,),
        rows=rows,
        spread=place.provider is None,
    )


def _own(place: Place) -> tuple[str, ...]:
    return tuple(figure.id for figure in place.site.figures if figure.dataset == place.dataset.dataset)


# ── units and shares ───────────────────────────────────────────────────────────────────────────────────────────


def _money(place: Place) -> tuple[str, ...]:
    return tuple(name for name in place.dataset.columns if name in MONEY)


def fits_unit(place: Place, _size: float) -> str | None:
    if not adding(place.site, place.dataset, _money(place)):
        return "no figure adds up money of this dataset; it fits those with amounts, pay or cost"
    return None


def unit(place: Place, size: float) -> Planted:
    columns = _money(place)

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, _rng: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        if not place.has(provider):
            return frame
        for column in columns:
            frame = multiplied(frame, column, size, pl.lit(True))
        return frame

    return _moves("unit_x1000", place, "trend.factor", adding(place.site, place.dataset, columns), rows, size=size)


def fits_figures(place: Place, _size: float) -> str | None:
    return None if _own(place) else "no figure is measured from this dataset"


def _changed(place: Place) -> tuple[str, ...]:
    """Figures that move when sums are multiplied or, where nothing is added up, when rows go."""
    columns = summed(place.site, place.dataset)
    return adding(place.site, place.dataset, columns) if columns else counting(place.site, place.dataset)


def shared_shift(place: Place, size: float) -> Planted:
    rows = _scaled(place, 1 + size, old=False)
    return _moves("shared_shift", place, "trend.shift", _changed(place), rows, size=size)


def fits_history(place: Place, size: float) -> str | None:
    held = place.world.window(place.dataset.dataset, place.world.period)
    if held[-1].cadence is Cadence.MONTH and len(held) < _CLOSED_YEAR:
        return "its deliveries hold no closed months, and younger ones are revised anyway; it fits those that do"
    if place.provider is not None and _own(place) and not summed(place.site, place.dataset):
        gone = size * _usual_rows(place, place.provider)
        if gone < _GONE:
            return (
                f"about {gone:.0f} rows a period would go, too few to be told from corrections; it is seen where "
                f"{_GONE} do"
            )
    return fits_figures(place, size)


def restated_history(place: Place, size: float) -> Planted:
    rows = _scaled(place, 1 + size, old=True)
    return _moves("restated_history", place, "systematic.restated_history", _changed(place), rows, size=size)


def _scaled(place: Place, factor: float, *, old: bool) -> RowsHook:
    """Sums times the factor; where nothing is added up, that share of the rows is left out."""
    columns, reference = summed(place.site, place.dataset), place.reference

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        if not place.has(provider):
            return frame
        where = ~newest(reference) if old else newest(reference)
        if not columns:
            return without(frame, some(frame, where, abs(factor - 1), rng))
        for column in columns:
            frame = multiplied(frame, column, factor, where)
        return frame

    return rows


# ── cases never closed, late reports ───────────────────────────────────────────────────────────────────────────


def _ends(place: Place) -> tuple[str, list[str]]:
    """The column that closes a row, and the figures that count closed ones."""
    for name, column in place.dataset.columns.items():
        if column.type not in _DATES:
            continue
        own = (figure for figure in place.site.figures if figure.dataset == place.dataset.dataset)
        found = [figure.id for figure in own if _only_closed(figure, name)]
        if found:
            return name, found
    return "", []


def _only_closed(figure: KeyFigure, column: str) -> bool:
    asked = [figure.where, *(measure.where for measure in measures(figure)[:1])]
    return any(wants_value(condition, column) for condition in asked)


def fits_never_closed(place: Place, _size: float) -> str | None:
    column, _ = _ends(place)
    if not column:
        return "no figure counts what was closed here; it fits cases and whatever else ends"
    if place.provider is None:
        return None
    usual = _usual_rows(place, place.provider, closed=column)
    if usual < _CLOSED:
        return (
            f"about {usual:.0f} a period are closed there, of which chance may leave none; it is seen where "
            f"{_CLOSED} are"
        )
    return None


def _usual_rows(place: Place, provider: str, *, closed: str | None = None) -> float:
    """Rows that a period before the newest usually has at the provider, in the middle; `closed`: with a date there."""
    import polars as pl

    from loadgate.samples.flis.law import drawn

    world = place.world
    law = drawn(world, place.dataset.dataset)
    asked = pl.col("provider") == provider
    asked = asked if closed is None else asked & pl.col(closed).is_not_null()
    newest_one = world.window(place.dataset.dataset, world.period)[-1]
    before = [law.block(newest_one.shift(-back), 0) for back in range(1, _BEFORE + 1)]
    return float(median(int(frame.filter(asked)["n"].sum()) for frame in before))


def never_closed(place: Place, _size: float) -> Planted:
    column, figures = _ends(place)

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, _rng: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        if not place.has(provider):
            return frame
        return frame.with_columns(pl.lit(None, dtype=frame.schema[column]).alias(column))

    return _moves("never_closed", place, "trend.gone", figures, rows)


def fits_late_absence(place: Place, _size: float) -> str | None:
    if place.dataset.dataset != "absence":
        return "only absence is registered late; it fits the dataset absence"
    if place.provider is None:
        return None
    usual = _usual_rows(place, place.provider)
    if usual < _ABSENT:
        return (
            f"about {usual:.0f} absences a month are registered there, too few to miss any; it is seen where "
            f"{_ABSENT} are"
        )
    return None


def late_absence(place: Place, size: float) -> Planted:
    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
        if not place.has(provider):
            return frame
        return without(frame, at_least_one(frame, newest(place.reference), size, rng))

    figures = {
        *counting(place.site, place.dataset),
        *adding(place.site, place.dataset, summed(place.site, place.dataset)),
    }
    return _moves("late_absence", place, "trend.partial", sorted(figures), rows, size=size)


# ── postings on a neighbouring function ────────────────────────────────────────────────────────────────────────


def _by_function(place: Place) -> list[KeyFigure]:
    """Figures broken down by function that add an amount up: by the finer column if both are there."""
    if set(_FUNCTIONS) & set(place.dataset.key):
        return []  # a row moved would be another row's twin
    own = [
        figure
        for figure in place.site.figures
        if figure.dataset == place.dataset.dataset
        and figure.cells is not None
        and figure.cells.column in _FUNCTIONS
        and figure.numerator is not None
        and figure.numerator.sum in MONEY
    ]
    columns = sorted({figure.cells.column for figure in own if figure.cells}, key=_FUNCTIONS.index)
    return [figure for figure in own if figure.cells and figure.cells.column == columns[0]]


def fits_neighbouring(place: Place, _size: float) -> str | None:
    return None if _by_function(place) else "no figure breaks its amounts down by function; it fits the ledger"


def neighbouring_function(place: Place, size: float) -> Planted:
    figures = _by_function(place)
    first = figures[0]
    cells_of, counted_by = needed(first.cells), needed(first.numerator)
    column, order, amount = cells_of.column, cells_of.values, needed(counted_by.sum)

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, _rng: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        if not place.has(provider):
            return frame
        counted = newest(place.reference)
        for condition in (first.where, counted_by.where):
            counted = counted & (pl.lit(True) if condition is None else to_polars(condition))
        cells = frame.filter(counted & pl.col(column).is_in(list(order)))
        if cells[column].n_unique() < 2:
            return frame
        sums = cells.group_by(column).agg(pl.col(amount).cast(pl.Float64).sum().abs()).sort(amount, column)
        source = str(sums[column][-1])
        there = [name for name in order if name in set(cells[column])]
        at = there.index(source)
        target = there[at + 1] if at + 1 < len(there) else there[at - 1]
        moved = some_of_sum(frame, counted & (pl.col(column) == source), amount, size)
        like = cells.filter(pl.col(column) == target).sort(*_FUNCTIONS).row(0, named=True)
        for name in _FUNCTIONS:
            frame = put(frame, moved, name, pl.lit(like[name]))
        return frame

    return _moves("neighbouring_function", place, "trend.offset", [figure.id for figure in figures], rows, size=size)


# ── the same again ─────────────────────────────────────────────────────────────────────────────────────────────


def frozen(place: Place, _size: float) -> Planted:
    """The newest period holds the rows of the one before it."""
    from loadgate.samples.flis.rows import rows as rows_of

    world, name = place.world, place.dataset.dataset
    held = world.window(name, world.period)
    this, before = held[-1], held[-1].previous

    def rows(_: ExpectedDelivery, provider: str, frame: pl.DataFrame, _rng: np.random.Generator) -> pl.DataFrame:
        import polars as pl

        if not place.has(provider):
            return frame
        column = pl.col(place.reference)
        known = frame if len(held) > 1 else rows_of(world, name, world.period.previous, provider).select(frame.columns)
        again = known.filter(column == before.start)
        step = "3mo" if this.cadence is Cadence.QUARTER else "1mo"
        dates = [one for one, facts in place.dataset.columns.items() if facts.type in _DATES]
        inside = [
            pl.when((pl.col(one).cast(pl.Date) >= before.start) & (pl.col(one).cast(pl.Date) < before.end))
            .then(pl.col(one).dt.offset_by(step))
            .otherwise(pl.col(one))
            .alias(one)
            for one in dates
        ]
        again = again.with_columns(
            pl.lit(this.start).cast(frame.schema[place.reference]).alias(place.reference), *inside
        )
        return pl.concat([frame.filter(column != this.start), again])

    return _moves("frozen", place, "trend.frozen", _own(place), rows)
