"""Expressions that yield one value each enter, with a frame; their values leave, or a reason for each that has none.

What Polars says about real rows can quote them, so it is never passed on; what it says about no rows cannot.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.faults import unusable_expression

if TYPE_CHECKING:
    import polars as pl

HELD_ROWS: Final = 500_000  # of so few the columns themselves are no burden
HASHES_AT_ONCE: Final = 5_000_000  # 40 MB, and as much again while they are sorted


def preflight(schema: Mapping[str, pl.DataType], expressions: Mapping[Hashable, pl.Expr]) -> dict[Hashable, str]:
    """Try all expressions on no rows, and one by one only if that fails."""
    import polars as pl

    empty = pl.DataFrame(schema=schema).lazy()
    if not expressions or not _problem(empty, list(expressions.values())):
        return {}
    reasons: dict[Hashable, str] = {}
    for key, expression in expressions.items():
        if problem := _problem(empty, [expression]):
            columns = ", ".join(f"{name} ({schema[name]})" for name in dict.fromkeys(expression.meta.root_names()))
            reasons[key] = unusable_expression(problem, columns=columns or "the table").reason
    return reasons


def _problem(frame: pl.LazyFrame, expressions: list[pl.Expr]) -> Exception | None:
    import polars as pl

    try:
        _named(frame, expressions).collect()  # the streaming engine skips work where there are no rows
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        return error
    return None


def reduce_frame(
    frame: pl.LazyFrame, expressions: Mapping[Hashable, pl.Expr]
) -> tuple[dict[Hashable, Any], dict[Hashable, str]]:
    """Evaluate all in one pass; if that fails, one by one, so that the rest still gets an answer."""
    import polars as pl

    if not expressions:
        return {}, {}
    try:
        found = _named(frame, list(expressions.values())).collect(engine="streaming")
        return dict(zip(expressions, found.row(0), strict=True)), {}
    except pl.exceptions.PolarsError as error:
        if len(expressions) == 1:
            return {}, dict.fromkeys(expressions, f"the data could not be evaluated ({type(error).__name__})")
    values: dict[Hashable, Any] = {}
    reasons: dict[Hashable, str] = {}
    for key, expression in expressions.items():
        value, reason = reduce_frame(frame, {key: expression})
        values |= value
        reasons |= reason
    return values, reasons


def passes_over_hashes(frame: pl.LazyFrame) -> int:
    """How many passes keep the hashes of a frame's rows within memory; 0 for a frame that needs none of its own."""
    import polars as pl

    height = int(frame.select(pl.len()).collect(engine="streaming").item())
    return 0 if height <= HELD_ROWS else -(-height // HASHES_AT_ONCE)


def count_meeting(
    hashes: pl.LazyFrame, *, key: Hashable, passes: int
) -> tuple[dict[Hashable, Any], dict[Hashable, str]]:
    """Count hashes that occur before, in passes over those with one remainder; in the shape of reduce_frame."""
    import polars as pl

    meeting = 0
    for remainder in range(passes):
        try:
            part = hashes if passes == 1 else hashes.filter(pl.first() % passes == remainder)
            ordered = part.collect(engine="streaming").to_series().sort()
        except pl.exceptions.PolarsError as error:
            return {}, {key: f"the data could not be evaluated ({type(error).__name__})"}
        meeting += int((ordered == ordered.shift()).sum())
    return {key: meeting}, {}


def _named(frame: pl.LazyFrame, expressions: list[pl.Expr]) -> pl.LazyFrame:
    return frame.select(expression.alias(f"m{index}") for index, expression in enumerate(expressions))
