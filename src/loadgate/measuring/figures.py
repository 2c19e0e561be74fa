"""Typed deliveries and key figures in; the FIGURES and LINEAGE tables, and what could not be placed, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.errors import CouldNotRun
from loadgate.measuring import aggregates, unlisted
from loadgate.measuring.rows import TypedDelivery, scan
from loadgate.measuring.values import Sums, repeated
from loadgate.model.expected import KeyFigure, Measure
from loadgate.model.findings import Finding, RowsEvidence
from loadgate.model.identity import part_id
from loadgate.model.kinds import KINDS, Kind
from loadgate.model.rules import AppliedMarks
from loadgate.model.scope import Scope
from loadgate.model.tables import FIGURE_KEY, FIGURES, LINEAGE, conform, empty

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`figures` is sorted by its key; both tables are Parquet."""

    figures: Path
    lineage: Path
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    """What one pass over a dataset's files gives."""

    sums: dict[str, pl.DataFrame]
    lineage: pl.DataFrame
    findings: tuple[Finding, ...]


def measure(deliveries: Sequence[TypedDelivery], figures: Sequence[KeyFigure], *, into: Path) -> Measured:
    """Measure every figure whose dataset came; each dataset's files are read once, together.

    Numbers stay exact (Decimal) up to the last division, so neither row order nor the splitting of a dataset into
    files changes a figure. A zero or missing denominator gives no row, never NaN. Rows outside a closed list of
    cells, of an unknown provider or without a reference period are counted in findings and enter no figure.
    A published value that several rows give for one key is not measurable there: no row, and a finding.
    Raises: CouldNotRun if a typed file cannot be read as its dataset says.
    """
    import polars as pl

    sums: dict[str, pl.DataFrame] = {}
    lines: list[pl.DataFrame] = [empty(LINEAGE)]
    findings: list[Finding] = []
    areas = {delivery.dataset: delivery.area for delivery in deliveries}
    for dataset in sorted(areas):
        done = _measure_dataset(
            [delivery for delivery in deliveries if delivery.dataset == dataset],
            [figure for figure in figures if figure.dataset == dataset],
        )
        sums |= done.sums
        lines.append(done.lineage)
        findings += done.findings
    by_id = {figure.id: figure for figure in figures}
    try:
        rows = _rows(Sums(figures=by_id, frames=sums), areas)
    except pl.exceptions.PolarsError:
        # Polars' own text may carry values, here and below.
        raise CouldNotRun(
            "key figures could not be put together from their sums",
            fix="compare the scales and denominators of the key figures with the size of the amounts",
        ) from None
    figures_path, lineage_path = into / "figures.parquet", into / "lineage.parquet"
    rows.write_parquet(figures_path)
    _with_borrowed(pl.concat(lines), by_id).write_parquet(lineage_path)
    return Measured(
        figures=figures_path,
        lineage=lineage_path,
        findings=tuple(sorted(findings, key=lambda finding: (finding.kind, str(finding.scope), finding.check or ""))),
    )


def _rows(computed: Sums, areas: Mapping[str, str]) -> pl.DataFrame:
    """All figures' rows with their part, sorted by key."""
    import polars as pl

    rows: list[pl.DataFrame] = [empty(FIGURES)]
    for name in sorted(computed.frames):
        figure = computed.figures[name]
        part = pl.concat_str(pl.lit(part_id(areas[figure.dataset], "")), pl.col("provider"))
        rows.append(computed.rows(figure).with_columns(part.alias("part")))
    return pl.concat(rows).sort(FIGURE_KEY, nulls_last=False)


def _measure_dataset(deliveries: Sequence[TypedDelivery], figures: Sequence[KeyFigure]) -> _Pass:
    """All figures of a dataset: those that apply the same marks together."""
    import polars as pl

    variants: dict[AppliedMarks | None, list[KeyFigure]] = {}
    for figure in sorted(figures, key=lambda figure: figure.id):
        variants.setdefault(figure.apply, []).append(figure)
    done = [_measure_variant(deliveries, members, applied) for applied, members in variants.items()]
    return _Pass(
        sums={name: frame for one in done for name, frame in one.sums.items()},
        lineage=pl.concat([empty(LINEAGE), *(one.lineage for one in done)]),
        findings=tuple(finding for one in done for finding in one.findings),
    )


def _measure_variant(
    deliveries: Sequence[TypedDelivery], figures: Sequence[KeyFigure], applied: AppliedMarks | None
) -> _Pass:
    """Figures that apply the same marks; not of providers with a delivery whose rules could not be asked."""
    import polars as pl

    silent = {provider for one in deliveries if not one.knows(applied) for provider in one.providers}
    deliveries = [one for one in deliveries if one.knows(applied)]
    if not figures or not deliveries:
        return _Pass(sums={}, lineage=empty(LINEAGE), findings=())
    grouped = aggregates.groupings(figures)
    try:
        rows = scan(deliveries, figures, applied)
        if silent:
            rows = rows.filter(~pl.col("_provider").is_in(sorted(silent)).fill_null(False))
        queries = [grouping.query(rows) for grouping in grouped]
        queries += [aggregates.lineage(rows, figures), unlisted.query(rows, figures)]
        *collected, lineage, misplaced = pl.collect_all(queries)
    except pl.exceptions.PolarsError:
        raise CouldNotRun(
            f"dataset {deliveries[0].dataset}: its figures could not be measured",
            fix="compare the columns that the key figures name with the dataset's columns and types",
        ) from None
    sums = {
        figure.id: frame
        for grouping, whole in zip(grouped, collected, strict=True)
        for figure, frame in grouping.split(whole)
    }
    by_name = {delivery.delivery: delivery for delivery in deliveries}
    found = unlisted.findings(misplaced, figures, by_name) + _repeats(figures, sums, deliveries)
    return _Pass(sums=sums, lineage=_long(lineage), findings=tuple(found))


def _repeats(
    figures: Sequence[KeyFigure], sums: Mapping[str, pl.DataFrame], deliveries: Sequence[TypedDelivery]
) -> list[Finding]:
    """Published values that several rows give for one key, by provider."""
    import polars as pl

    found: list[Finding] = []
    for figure in figures:
        if figure.published is None:
            continue
        frame = sums[figure.id]
        for provider in frame.filter(pl.col("published_rows") > 1)["provider"].unique().sort():
            given, shared = repeated(frame.filter(pl.col("provider") == provider))
            found.append(
                Finding(
                    kind=Kind.REPEATED_VALUE,
                    severity=KINDS[Kind.REPEATED_VALUE].severity,
                    scope=Scope.of(
                        area=deliveries[0].area,
                        dataset=figure.dataset,
                        provider=provider,
                        figure=figure.id,
                    ),
                    evidence=RowsEvidence(rows_checked=given, rows_failed=shared, column=figure.published),
                    check=f"{figure.dataset}:one_value({figure.id})",
                    detail={"problem": "repeated"},
                )
            )
    return found


def _long(wide: pl.DataFrame) -> pl.DataFrame:
    """Lineage with one row per figure, provider and delivery that gave it a row."""
    import polars as pl

    long = wide.unpivot(index=["provider", "delivery"], variable_name="figure", value_name="rows")
    return conform(long.filter(pl.col("provider").is_not_null() & (pl.col("rows") > 0)), LINEAGE)


def _with_borrowed(lineage: pl.DataFrame, by_id: Mapping[str, KeyFigure]) -> pl.DataFrame:
    """A figure that takes another's numerator rests on that one's deliveries too."""
    import polars as pl

    parts = [lineage]
    for figure in sorted(by_id.values(), key=lambda figure: figure.id):
        measured = set(lineage.filter(pl.col("figure") == figure.id)["provider"])
        for other in sorted(_borrowed(figure, by_id) - {figure.id}):
            borrowed = lineage.filter((pl.col("figure") == other) & pl.col("provider").is_in(list(measured)))
            parts.append(borrowed.with_columns(pl.lit(figure.id).alias("figure")))
    keys = ["figure", "provider", "delivery"]
    return pl.concat(parts).group_by(keys).agg(pl.col("rows").sum()).sort(keys)


def _borrowed(figure: KeyFigure, by_id: Mapping[str, KeyFigure], seen: frozenset[str] = frozenset()) -> frozenset[str]:
    """Figures whose numerators this one takes, directly or through others."""
    found = frozenset(seen)
    measures: list[Measure | None] = [figure.numerator, figure.denominator]
    for taken in measures:
        if taken is not None and taken.figure is not None and taken.figure not in found:
            found = _borrowed(by_id[taken.figure], by_id, found | {taken.figure})
    return found
