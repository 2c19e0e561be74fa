"""A dataset's rows and figures in; findings on rows that no figure can place, out. Counts and line numbers only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from loadgate.measuring.rows import TypedDelivery, listed, looked_at
from loadgate.model.expected import KeyFigure
from loadgate.model.findings import Finding, RowsEvidence
from loadgate.model.kinds import KINDS, Kind

if TYPE_CHECKING:
    import polars as pl

_LINES = 10


def query(rows: pl.LazyFrame, figures: Sequence[KeyFigure]) -> pl.LazyFrame:
    """One row a delivery: per group of like figures the rows looked at, and per problem their count and first lines."""
    import polars as pl

    parts: list[pl.Expr] = []
    for number, (first, _) in enumerate(_alike(figures)):
        seen = looked_at(first)
        parts.append(seen.sum().cast(pl.Int64).alias(f"{number}.checked"))
        for problem, misplaced in _problems(first).items():
            bad = seen & misplaced
            parts.append(bad.sum().cast(pl.Int64).alias(f"{number}.{problem}"))
            parts.append(pl.col("_line").filter(bad).bottom_k(_LINES).sort().alias(f"{number}.{problem}.lines"))
    return rows.group_by(pl.col("_delivery").alias("delivery")).agg(parts)


def findings(
    collected: pl.DataFrame, figures: Sequence[KeyFigure], deliveries: Mapping[str, TypedDelivery]
) -> list[Finding]:
    """One finding per delivery, problem and group of like figures."""
    found: list[Finding] = []
    for row in collected.sort("delivery").iter_rows(named=True):
        delivery = deliveries[row["delivery"]]
        for number, (first, names) in enumerate(_alike(figures)):
            columns = {
                "provider": delivery.provider_column,
                "reference": first.reference,
                "cell": None if first.cells is None else first.cells.column,
            }
            for problem, column in columns.items():
                if not row[f"{number}.{problem}"]:
                    continue
                evidence = RowsEvidence(
                    rows_checked=row[f"{number}.checked"],
                    rows_failed=row[f"{number}.{problem}"],
                    column=column,
                    lines=tuple(row[f"{number}.{problem}.lines"]),
                )
                found.append(_finding(delivery, names, problem, column, evidence))
    return found


def _finding(
    delivery: TypedDelivery, names: tuple[str, ...], problem: str, column: str | None, evidence: RowsEvidence
) -> Finding:
    return Finding(
        kind=Kind.UNLISTED_CELL,
        severity=KINDS[Kind.UNLISTED_CELL].severity,
        scope=replace(delivery.scope, figure=frozenset(names)),
        evidence=evidence,
        check=f"{delivery.dataset}:listed({column})",
        detail={"problem": problem},
    )


def _problems(figure: KeyFigure) -> dict[str, pl.Expr]:
    """A row counts under its first problem only."""
    import polars as pl

    known = pl.col("_provider").is_not_null()
    dated = pl.col(figure.reference).is_not_null()
    return {"provider": ~known, "reference": known & ~dated, "cell": known & dated & ~listed(figure)}


def _alike(figures: Sequence[KeyFigure]) -> list[tuple[KeyFigure, tuple[str, ...]]]:
    """Figures that place the same rows in the same way, in name order."""
    groups: dict[str, list[KeyFigure]] = {}
    for figure in sorted(figures, key=lambda figure: figure.id):
        key = f"{figure.reference}|{figure.cells!r}|{figure.where!r}"
        groups.setdefault(key, []).append(figure)
    return [(members[0], tuple(member.id for member in members)) for members in groups.values()]
