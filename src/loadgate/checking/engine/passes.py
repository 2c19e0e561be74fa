"""A frame enters, with expressions that yield one value each; leave its batches, or the values, or why there are none.

What Polars says about real rows can quote them, so it is never passed on; what it says about no rows cannot.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from loadgate.checking.engine.faults import unusable_expression

if TYPE_CHECKING:
    import polars as pl

Key = TypeVar("Key", bound=Hashable)

BATCH_ROWS: Final = 250_000
_AHEAD: Final = {
    "POLARS_ROW_GROUP_PREFETCH_SIZE": "1",
    "POLARS_CSV_CHUNK_PREFETCH_LIMIT": "4",
    "POLARS_CSV_CHUNK_SIZE": str(8 << 20),
}
"""How far Polars reads ahead of whoever takes the rows: row groups, and pieces of a CSV file of so many bytes."""
_STARTING: Final = Lock()


class UnreadableError(Exception):
    """The rows themselves cannot be had; `kind` names Polars' exception, whose text may quote them."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def batches(frame: pl.LazyFrame, *, in_order: bool) -> Iterator[pl.DataFrame]:
    """Stream a frame's rows. The one place that uses collect_batches, which Polars calls unstable.

    Raises: UnreadableError.
    """
    import polars as pl

    try:
        with _little_ahead():
            found = frame.collect_batches(chunk_size=BATCH_ROWS, maintain_order=in_order, engine="streaming")
            first = next(found, None)
        if first is not None:
            yield first
            del first
            yield from found
    except pl.exceptions.PolarsError as error:
        raise UnreadableError(type(error).__name__) from None


@contextmanager
def _little_ahead() -> Iterator[None]:
    """While a query starts, let it read little ahead, unless the environment says how much.

    Polars reads 128 row groups ahead, which in a long table of small ones is more than all else that a pass holds, and
    keeps CSV files in small pieces, of which a batch then has a dozen.
    """
    with _STARTING:
        ours = {name: value for name, value in _AHEAD.items() if name not in os.environ}
        os.environ.update(ours)
        try:
            yield
        finally:
            for name in ours:
                del os.environ[name]


def preflight(schema: Mapping[str, pl.DataType], expressions: Mapping[Key, pl.Expr]) -> dict[Key, str]:
    """Try all expressions on no rows, and one by one only if that fails."""
    import polars as pl

    empty = pl.DataFrame(schema=schema).lazy()
    if not expressions or not _problem(empty, list(expressions.values())):
        return {}
    reasons: dict[Key, str] = {}
    for key, expression in expressions.items():
        if problem := _problem(empty, [expression]):
            columns = ", ".join(f"{name} ({schema[name]})" for name in dict.fromkeys(expression.meta.root_names()))
            reasons[key] = unusable_expression(problem, columns=columns or "the table").reason
    return reasons


def _problem(frame: pl.LazyFrame, expressions: list[pl.Expr]) -> Exception | None:
    import polars as pl

    try:
        # The streaming engine skips work where there are no rows, and may wait for ever after an error.
        named(frame, expressions).collect(engine="in-memory")
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        return error
    return None


def reduce_frame(frame: pl.LazyFrame, expressions: Mapping[Key, pl.Expr]) -> tuple[dict[Key, Any], dict[Key, str]]:
    """Evaluate all in one pass; if that fails, one by one, so that the rest still gets an answer."""
    import polars as pl

    if not expressions:
        return {}, {}
    try:
        found = named(frame, list(expressions.values())).collect(engine="streaming")
        return dict(zip(expressions, found.row(0), strict=True)), {}
    except pl.exceptions.PolarsError as error:
        if len(expressions) == 1:
            return {}, dict.fromkeys(expressions, broken(type(error).__name__))
    values: dict[Key, Any] = {}
    reasons: dict[Key, str] = {}
    for key, expression in expressions.items():
        value, reason = reduce_frame(frame, {key: expression})
        values |= value
        reasons |= reason
    return values, reasons


def broken(kind: str) -> str:
    """Word the reason of a metric that met rows it could not stand."""
    return f"the data could not be evaluated ({kind})"


def named(frame: pl.LazyFrame, expressions: list[pl.Expr]) -> pl.LazyFrame:
    return frame.select(expression.alias(f"m{index}") for index, expression in enumerate(expressions))
