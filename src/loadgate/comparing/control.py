"""This run's FIGURES and the CONTROLS in; one COMPARISONS row per control, with its outcome, out. Arithmetic only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from loadgate.errors import CouldNotRun
from loadgate.model.comparison import Agreement
from loadgate.model.expected import FigureKind, KeyFigure, Tolerance
from loadgate.model.scope import Scope
from loadgate.model.tables import COMPARISONS, CONTROLS, conform, empty

if TYPE_CHECKING:
    import polars as pl

# Kinds whose numerators add up over providers; a missing row of theirs is a zero, as rows of zero are absent.
COUNTED = frozenset([FigureKind.COUNT, FigureKind.PERSONS, FigureKind.AMOUNT])
_KEY = ["figure", "cell", "provider", "reference_start"]


def compare_control(
    figures: pl.DataFrame,
    controls: pl.DataFrame,
    *,
    key_figures: Sequence[KeyFigure],
    tolerances: Sequence[Tolerance],
    expected: Mapping[str, frozenset[str]],
    delivered: Mapping[str, frozenset[str]],
    areas: Mapping[str, str],
    period: str | None = None,
) -> pl.DataFrame:
    """Compare with control figures; `difference` is control - value, as the programme prints it.

    In: FIGURES; CONTROLS; per figure id the providers that should be and are in this run; the area of each dataset;
    `period` keeps the controls of that run period and those of any.
    A control without a provider is the sum over all: exact numerators for counts, persons and amounts, sums of
    numerators over sums of denominators for rates, not applicable for published values, and not applicable while a
    provider is missing. A count that has no row is 0 if its reference period was measured at all. `numerator` and
    `other_numerator` hold both values exactly where they are exact.
    Outcome: a deviation is beyond a limit only if it exceeds the absolute *and* the relative one. Without a fitting
    tolerance every difference is substantial.
    Raises: CouldNotRun if a value is too large to be compared exactly.
    """
    import polars as pl

    wanted = conform(controls, CONTROLS)
    if period is not None:
        wanted = wanted.filter(pl.col("period").is_null() | (pl.col("period") == period))
    try:
        return _compared(figures, wanted, key_figures, tolerances, expected=expected, delivered=delivered, areas=areas)
    except pl.exceptions.PolarsError:
        # Polars' own text may carry values.
        raise CouldNotRun(
            "the control figures could not be compared",
            fix="compare the scales of the key figures with the size of the control values",
        ) from None


def _compared(
    figures: pl.DataFrame,
    wanted: pl.DataFrame,
    key_figures: Sequence[KeyFigure],
    tolerances: Sequence[Tolerance],
    *,
    expected: Mapping[str, frozenset[str]],
    delivered: Mapping[str, frozenset[str]],
    areas: Mapping[str, str],
) -> pl.DataFrame:
    import polars as pl

    parts = [empty(COMPARISONS)]
    for figure in sorted(key_figures, key=lambda figure: figure.id):
        own = wanted.filter(pl.col("figure") == figure.id)
        if own.is_empty():
            continue
        rows = figures.filter(pl.col("figure") == figure.id)
        missing = expected.get(figure.id, frozenset()) - delivered.get(figure.id, frozenset())
        beside = _beside(own, rows, figure=figure, missing=missing)
        facts = {"area": areas.get(figure.dataset), "dataset": figure.dataset, "family": figure.family}
        parts.append(_judged(beside, tolerances=tolerances, facts=facts))
    return pl.concat(parts).sort("source", *_KEY)


def _beside(own: pl.DataFrame, rows: pl.DataFrame, *, figure: KeyFigure, missing: frozenset[str]) -> pl.DataFrame:
    """The controls with this run's `value` (float) and `numerator` (exact, where it is)."""
    import polars as pl

    exact = pl.Decimal(38, 6)
    each = rows.select(*_KEY, *_amounts(figure))
    total = each.filter(pl.lit(figure.kind is not FigureKind.PUBLISHED)).group_by("cell", "reference_start")
    summed = total.agg(pl.col("above").sum(), pl.col("below").sum()).with_columns(
        pl.lit(figure.id).alias("figure"),
        pl.lit(None, dtype=pl.String).alias("provider"),
        pl.lit(None, dtype=pl.Float64).alias("given"),
    )
    known = pl.concat([each, summed.select(each.columns)])
    measured = rows["reference_start"].unique().implode()
    beside = own.join(known, on=_KEY, how="left", nulls_equal=True)
    if figure.kind in COUNTED:
        in_reach = pl.col("reference_start").is_in(measured)
        beside = beside.with_columns(
            pl.when(in_reach).then(pl.col("above").fill_null(pl.lit(0, dtype=exact))).alias("above")
        )
        numerator, value = pl.col("above"), pl.col("above").cast(pl.Float64)
    else:
        numerator = pl.lit(None, dtype=exact)
        divided = figure.scale * pl.col("above").cast(pl.Float64) / pl.col("below").cast(pl.Float64)
        value = pl.when(pl.col("below") != pl.lit(0, dtype=exact)).then(divided)
        if figure.kind is FigureKind.PUBLISHED:
            value = pl.col("given")
    lacking = pl.col("provider").is_in(list(missing)).fill_null(bool(missing))
    given = pl.col("reported")
    return beside.with_columns(
        pl.when(given.is_not_null()).then(given).when(~lacking).then(numerator).alias("numerator"),
        pl.when(given.is_not_null()).then(given.cast(pl.Float64)).when(~lacking).then(value).alias("number"),
    )


def _amounts(figure: KeyFigure) -> list[pl.Expr]:
    import polars as pl

    exact = pl.Decimal(38, 6)
    above = pl.col("numerator")
    if figure.kind in COUNTED:
        above = (above * pl.lit(figure.scale, dtype=exact)).cast(exact)
    return [above.alias("above"), pl.col("denominator").alias("below"), pl.col("value").alias("given")]


def _judged(beside: pl.DataFrame, *, tolerances: Sequence[Tolerance], facts: Mapping[str, str | None]) -> pl.DataFrame:
    import polars as pl

    limits = _limits(beside, tolerances, facts)
    exact = (pl.col("value") - pl.col("numerator")).cast(pl.Float64)
    other = pl.col("value").cast(pl.Float64)
    difference = pl.coalesce(exact, other - pl.col("number")).round_sig_figs(9)
    relative = pl.when(other != 0).then(difference / other.abs())
    frame = beside.with_columns(
        *limits, difference.alias("difference"), relative.alias("difference_relative"), other.alias("other")
    )
    outcome = (
        pl.when(pl.col("difference").is_null())
        .then(pl.lit(Agreement.NOT_APPLICABLE.value))
        .when(_beyond("substantial"))
        .then(pl.lit(Agreement.SUBSTANTIAL.value))
        .when(_beyond("minimal"))
        .then(pl.lit(Agreement.MINIMAL.value))
        .otherwise(pl.lit(Agreement.AGREE.value))
    )
    judged = frame.select(
        pl.lit("control").alias("kind"),
        "source",
        *_KEY,
        pl.col("number").alias("value"),
        "other",
        "numerator",
        pl.col("value").alias("other_numerator"),
        "difference",
        "difference_relative",
        outcome.alias("outcome"),
    )
    return conform(judged, COMPARISONS)


def _beyond(name: str) -> pl.Expr:
    """Beyond both limits. Where the control is 0, no relative difference exists and the absolute limit decides."""
    import polars as pl

    size = pl.col("difference").abs()
    relative = pl.col("difference_relative").abs().round_sig_figs(9)
    return (size > pl.col(name).struct.field("absolute")) & (
        relative.is_null() | (relative > pl.col(name).struct.field("relative"))
    )


def _limits(beside: pl.DataFrame, tolerances: Sequence[Tolerance], facts: Mapping[str, str | None]) -> list[pl.Series]:
    """Per row the minimal and the substantial limit of the first tolerance that fits."""
    import polars as pl

    parsed = [(tolerance, Scope.parse(tolerance.scope)) for tolerance in tolerances]
    found: dict[tuple[str, str, str | None, str | None], Tolerance | None] = {}
    minimal: list[dict[str, float]] = []
    substantial: list[dict[str, float]] = []
    nothing = {"absolute": 0.0, "relative": 0.0}
    for row in beside.select("source", "figure", "cell", "provider").iter_rows():
        if row not in found:
            found[row] = _fitting(row, parsed, facts)
        tolerance = found[row]
        minimal.append(nothing if tolerance is None else tolerance.minimal.model_dump())
        substantial.append(nothing if tolerance is None else tolerance.substantial.model_dump())
    shape = pl.Struct({"absolute": pl.Float64, "relative": pl.Float64})
    return [pl.Series("minimal", minimal, dtype=shape), pl.Series("substantial", substantial, dtype=shape)]


def _fitting(
    row: tuple[str, str, str | None, str | None],
    parsed: Sequence[tuple[Tolerance, Scope]],
    facts: Mapping[str, str | None],
) -> Tolerance | None:
    source, figure, cell, provider = row
    subject = Scope.of(reference=None, **facts, figure=figure, cell=cell, provider=provider)
    for tolerance, scope in parsed:
        if tolerance.source not in (None, source) or tolerance.figure not in (None, figure):
            continue
        if scope.covers(subject):
            return tolerance
    return None
