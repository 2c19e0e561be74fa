"""Exact sums per figure and key in; the FIGURES rows out. The one place where figures are divided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from loadgate.measuring.aggregates import KEY
from loadgate.measuring.rows import reference_start
from loadgate.model.expected import KeyFigure, Measure
from loadgate.model.tables import FIGURES, conform, empty

if TYPE_CHECKING:
    import polars as pl

Side = Literal["numerator", "denominator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Every figure with its exact sums per key, as `Grouping.split` gives them; a figure may lack (nothing came)."""

    figures: Mapping[str, KeyFigure]
    frames: Mapping[str, pl.DataFrame]

    def rows(self, figure: KeyFigure) -> pl.DataFrame:
        """The figure's FIGURES rows, without `part`.

        Published: the value as given, where exactly one row gives it. No denominator: where a row was counted (so a
        count of zero has no row). Denominator: where it is present and not zero; an absent numerator is then zero.
        """
        import polars as pl

        own = self.frames[figure.id]
        frame = own.select(*KEY, *(name for name in ("published", "published_rows") if name in own.columns))
        if self._brings_keys(figure):
            others = self._amounts(figure, "denominator").join(own.select("provider"), on="provider", how="semi")
            frame = pl.concat([frame, others.select(*KEY)]).unique()
        frame = self._beside(self._beside(frame, figure, "numerator"), figure, "denominator")
        return conform(_valued(frame, figure).select(pl.lit(figure.id).alias("figure"), pl.all()), FIGURES)

    def _brings_keys(self, figure: KeyFigure) -> bool:
        """Whether another figure's keys are this one's too: where only the denominator counted, the value is zero."""
        if figure.published is not None or figure.denominator is None or figure.denominator.figure is None:
            return False
        other, _ = self._source(figure, "denominator")
        return other.cadence is figure.cadence and (other.cells is None) == (figure.cells is None)

    def _beside(self, frame: pl.DataFrame, figure: KeyFigure, side: Side) -> pl.DataFrame:
        """`frame` with one column more, null where nothing was counted."""
        import polars as pl

        if getattr(figure, side) is None:
            return frame.with_columns(pl.lit(None, dtype=pl.Decimal(38, 6)).alias(side))
        amounts = self._amounts(figure, side)
        other, _ = self._source(figure, side)
        on = ["provider", "_start"]
        if figure.cells is not None and other.cells is not None:
            on.append("cell")
        elif other.cells is not None:
            amounts = amounts.filter(pl.col("cell") == pl.lit(other.cells.total, dtype=pl.String))
        start = reference_start(pl.col("reference_start"), other.cadence).alias("_start")
        amounts = amounts.rename({"reference_start": "_start"}).select(*on, side)
        return frame.with_columns(start).join(amounts, on=on, how="left", nulls_equal=True).drop("_start")

    def _amounts(self, figure: KeyFigure, side: Side) -> pl.DataFrame:
        """Keys with the exact amount, only where a row gave one."""
        import polars as pl

        other, found = self._source(figure, side)
        frame = self.frames.get(other.id)
        if frame is None:
            none = pl.lit(None, dtype=pl.Decimal(38, 6)).alias(side)
            return empty(FIGURES).select(*KEY, none)
        return frame.filter(pl.col(f"{found}_rows") > 0).select(*KEY, pl.col(found).alias(side))

    def _source(self, figure: KeyFigure, side: Side) -> tuple[KeyFigure, Side]:
        """Whose sums these are: the figure's own, or at the end of `figure: other` its numerator."""
        measure: Measure | None = getattr(figure, side)
        for _ in self.figures:  # no chain is longer, unless it is a circle
            if measure is None or measure.figure is None:
                break
            figure, side = self.figures[measure.figure], "numerator"
            measure = figure.numerator
        if measure is None or measure.figure is not None:
            raise ValueError(f"figure {figure.id} has no numerator of its own at the end of `figure:`")
        return figure, side


def _valued(frame: pl.DataFrame, figure: KeyFigure) -> pl.DataFrame:
    import polars as pl

    numerator, denominator = pl.col("numerator"), pl.col("denominator")
    if figure.published is not None:
        kept = frame.filter(pl.col("published_rows") == 1).rename({"published": "value"}).drop("published_rows")
    elif figure.denominator is None:
        value = figure.scale * numerator.cast(pl.Float64)
        kept = frame.filter(numerator.is_not_null()).with_columns(value.alias("value"))
    else:
        zero = pl.lit(0, dtype=pl.Decimal(38, 6))
        value = figure.scale * numerator.cast(pl.Float64) / denominator.cast(pl.Float64)
        kept = (
            frame.filter(denominator.is_not_null() & (denominator != zero))
            .with_columns(numerator.fill_null(zero))
            .with_columns(value.alias("value"))
        )
    return kept.with_columns(pl.lit(False).alias("suppressed"))


def repeated(frame: pl.DataFrame) -> tuple[int, int]:
    """(rows that give a published value, those of them that share their key with another)."""
    import polars as pl

    given = pl.col("published_rows")
    total, shared = frame.select(given.sum(), given.filter(given > 1).sum().alias("shared")).row(0)
    return int(total), int(shared)
