"""Typed Parquet of one dataset in; one lazy table of its rows, each with its provider and delivery, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from loadgate.model import conditions
from loadgate.model.applying import apply_marks
from loadgate.model.expected import Cells, KeyFigure, Measure
from loadgate.model.period import Cadence
from loadgate.model.rules import AppliedMarks, HarmonisationRule
from loadgate.model.scope import Scope

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmonisedRows:
    """What the dataset's rules said of a delivery's rows. `told`: ids of those that could be asked."""

    rules: tuple[HarmonisationRule, ...]
    told: frozenset[str]
    marks: Path
    alternatives: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedDelivery:
    """One delivery as read. `provider_column` is None where all rows are its one provider's; `scope` says who sent it.

    `harmonised` is None where the dataset has no rules, or where they were not asked.
    """

    delivery: str
    area: str
    dataset: str
    providers: tuple[str, ...]
    provider_column: str | None
    path: Path
    scope: Scope
    harmonised: HarmonisedRows | None = None

    def knows(self, applied: AppliedMarks | None) -> bool:
        """Whether the rules were asked whose marks are applied; else no figure that names them can be measured."""
        return applied is None or (self.harmonised is not None and applied.rules <= self.harmonised.told)


def scan(
    deliveries: Sequence[TypedDelivery], figures: Sequence[KeyFigure], applied: AppliedMarks | None = None
) -> pl.LazyFrame:
    """The dataset's rows: only the columns that its figures read, with `_line`, `_delivery` and `_provider`.

    `_provider` is null where a row names a provider that the delivery is not expected to hold. `applied`: the marks
    that these figures apply; every delivery must know them.
    """
    import polars as pl

    wanted = sorted(frozenset().union(*map(_columns, figures)))
    return pl.concat(
        [
            _harmonised(delivery, wanted, applied).select(
                *wanted,
                "_line",
                pl.lit(delivery.delivery).alias("_delivery"),
                _provider(delivery).alias("_provider"),
            )
            for delivery in sorted(deliveries, key=lambda delivery: delivery.delivery)
        ]
    )


def _harmonised(delivery: TypedDelivery, wanted: Sequence[str], applied: AppliedMarks | None) -> pl.LazyFrame:
    import polars as pl

    rows = pl.scan_parquet(delivery.path)
    known = delivery.harmonised
    if applied is None or known is None:
        return rows
    columns = {*wanted, "_row", "_line", *([delivery.provider_column] if delivery.provider_column else [])}
    return apply_marks(
        rows.select(sorted(columns)),
        applied,
        dataset=delivery.dataset,
        rules=known.rules,
        marks=pl.scan_parquet(known.marks),
        alternatives=pl.scan_parquet(known.alternatives),
    )


def _provider(delivery: TypedDelivery) -> pl.Expr:
    import polars as pl

    if delivery.provider_column is None:
        (provider,) = delivery.providers
        return pl.lit(provider)
    named = pl.col(delivery.provider_column).cast(pl.String)
    return pl.when(named.is_in(list(delivery.providers))).then(named).otherwise(None)


def _columns(figure: KeyFigure) -> frozenset[str]:
    named = {figure.reference}
    if figure.cells is not None:
        named |= {figure.cells.column, *([figure.cells.since] if figure.cells.since is not None else [])}
    if figure.published is not None:
        named.add(figure.published)
    if figure.where is not None:
        named |= conditions.columns(figure.where)
    for measure in (figure.numerator, figure.denominator):
        named |= _measure_columns(measure)
    return frozenset(named)


def _measure_columns(measure: Measure | None) -> frozenset[str]:
    if measure is None:
        return frozenset()
    named = frozenset(name for name in (measure.sum, measure.distinct) if name is not None)
    return named | (conditions.columns(measure.where) if measure.where is not None else frozenset[str]())


def looked_at(figure: KeyFigure) -> pl.Expr:
    """Rows that the figure's condition takes in; an unknown condition leaves a row out."""
    import polars as pl

    if figure.where is None:
        return pl.col("_line").is_not_null()  # a bare literal would sum to one, however many rows there are
    return conditions.to_polars(figure.where).fill_null(False)


def listed(figure: KeyFigure) -> pl.Expr:
    """Rows whose cell stands in the closed list."""
    import polars as pl

    if figure.cells is None:
        return pl.lit(True)
    return cell(figure.cells).is_in(list(figure.cells.values)).fill_null(False)


def cell(cells: Cells) -> pl.Expr:
    """The cell that a row is in; of a breakdown by bands, none where no band holds its days."""
    import polars as pl

    if cells.bands is None or cells.since is None:
        return pl.col(cells.column).cast(pl.String)
    days = (pl.col(cells.column).cast(pl.Date) - pl.col(cells.since).cast(pl.Date)).dt.total_days()
    found = pl.lit(None, dtype=pl.String)
    for name, band in cells.bands.items():
        lower = pl.lit(True) if band.at_least is None else days >= band.at_least
        upper = pl.lit(True) if band.at_most is None else days <= band.at_most
        found = pl.when(days.is_not_null() & lower & upper).then(pl.lit(name)).otherwise(found)
    return found


def counted(figure: KeyFigure) -> pl.Expr:
    """Rows that enter the figure: looked at, a known provider's, with a reference period and a listed cell."""
    import polars as pl

    known = pl.col("_provider").is_not_null() & pl.col(figure.reference).is_not_null()
    return looked_at(figure) & known & listed(figure)


def reference_start(column: pl.Expr, cadence: Cadence) -> pl.Expr:
    """The first day of the reference period that a date lies in."""
    import polars as pl

    return column.cast(pl.Date).dt.truncate(_every(cadence))


def _every(cadence: Cadence) -> str:
    match cadence:
        case Cadence.DAY:
            return "1d"
        case Cadence.WEEK:
            return "1w"
        case Cadence.MONTH:
            return "1mo"
        case Cadence.QUARTER:
            return "1q"
        case Cadence.YEAR:
            return "1y"
        case _:
            assert_never(cadence)
