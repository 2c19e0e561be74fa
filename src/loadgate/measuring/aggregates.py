"""A dataset's rows and its figures in; per figure and key the exact sums and row counts, and the lineage, out.

All figures with the same key columns share one grouping, and all groupings of a dataset one pass over its files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.measuring.rows import cell, counted, reference_start
from loadgate.model import conditions
from loadgate.model.expected import KeyFigure, Measure

if TYPE_CHECKING:
    import polars as pl

KEY = ("cell", "provider", "reference_start")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Figures that share reference period and breakdown column, hence one group_by."""

    figures: tuple[KeyFigure, ...]

    def query(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """One row a key (cells outside a list included), with each figure's `<n>.<part>` columns."""
        import polars as pl

        first = self.figures[0]
        whole = pl.lit(None, dtype=pl.String)
        keys = [
            (whole if first.cells is None else cell(first.cells)).alias("cell"),
            pl.col("_provider").alias("provider"),
            reference_start(pl.col(first.reference), first.cadence).alias("reference_start"),
        ]
        parts = [part for number, figure in enumerate(self.figures) for part in _parts(number, figure)]
        return rows.group_by(keys).agg(parts)

    def split(self, collected: pl.DataFrame) -> Iterable[tuple[KeyFigure, pl.DataFrame]]:
        """Each figure's own keys, with plain column names."""
        import polars as pl

        for number, figure in enumerate(self.figures):
            prefix = f"{number}."
            own = [name for name in collected.columns if name.startswith(prefix)]
            frame = collected.select(*KEY, *(pl.col(name).alias(name.removeprefix(prefix)) for name in own))
            yield figure, frame.filter(pl.col("rows") > 0)


def groupings(figures: Sequence[KeyFigure]) -> list[Grouping]:
    """Figures by (reference, cadence, breakdown column or bands), in name order."""
    shared: dict[tuple[str, str, str], list[KeyFigure]] = {}
    for figure in sorted(figures, key=lambda figure: figure.id):
        column = "" if figure.cells is None else figure.cells.column
        if figure.cells is not None and figure.cells.bands is not None:
            column = f"{column} {figure.cells.since} {figure.cells.bands!r}"
        shared.setdefault((figure.reference, figure.cadence, column), []).append(figure)
    return [Grouping(figures=tuple(members)) for _, members in sorted(shared.items())]


def lineage(rows: pl.LazyFrame, figures: Sequence[KeyFigure]) -> pl.LazyFrame:
    """Rows that entered each figure, by provider and delivery: one column a figure."""
    import polars as pl

    return rows.group_by(pl.col("_provider").alias("provider"), pl.col("_delivery").alias("delivery")).agg(
        counted(figure).sum().cast(pl.Int64).alias(figure.id) for figure in figures
    )


def _parts(number: int, figure: KeyFigure) -> list[pl.Expr]:
    import polars as pl

    enters = counted(figure)
    parts = [enters.sum().cast(pl.Int64).alias(f"{number}.rows")]
    for name, measure in (("numerator", figure.numerator), ("denominator", figure.denominator)):
        if measure is not None and measure.figure is None:
            amount, rows = _measured(measure, enters)
            parts += [amount.alias(f"{number}.{name}"), rows.alias(f"{number}.{name}_rows")]
    if figure.published is not None:
        given = pl.col(figure.published).filter(enters & pl.col(figure.published).is_not_null())
        parts += [
            given.min().cast(pl.Float64).alias(f"{number}.published"),
            given.len().cast(pl.Int64).alias(f"{number}.published_rows"),
        ]
    return parts


def _measured(measure: Measure, enters: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The exact amount, and how many rows gave it."""
    import polars as pl

    exact = pl.Decimal(38, 6)
    if measure.where is not None:
        enters = enters & conditions.to_polars(measure.where).fill_null(False)
    if measure.sum is not None:
        column = pl.col(measure.sum)
        present = enters & column.is_not_null()
        return column.cast(exact).filter(present).sum(), present.sum().cast(pl.Int64)
    if measure.distinct is not None:
        column = pl.col(measure.distinct)
        present = enters & column.is_not_null()
        return column.filter(present).n_unique().cast(pl.Int64).cast(exact), present.sum().cast(pl.Int64)
    return enters.sum().cast(pl.Int64).cast(exact), enters.sum().cast(pl.Int64)
