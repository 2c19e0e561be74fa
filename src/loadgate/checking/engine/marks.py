"""Checks of rows and a frame enter; leaves which row fails (or cannot be decided by) which check, one line each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from loadgate.checking.engine.checks import Check
from loadgate.checking.engine.compiler import ask_for, flag_expressions, look_up
from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.faults import CannotEvaluateError
from loadgate.checking.engine.metrics import RowRule
from loadgate.checking.engine.passes import preflight
from loadgate.checking.engine.rules import failed

if TYPE_CHECKING:
    import polars as pl

ROW: Final = "_row"
CHECK: Final = "check"

Mask = Callable[[RowRule, Asked], "pl.Expr | None"]


def failing(rule: RowRule, asked: Asked) -> pl.Expr | None:
    return failed(rule, asked)


def undecided(rule: RowRule, asked: Asked) -> pl.Expr | None:
    del rule  # whether a row can be decided is a matter of its columns alone
    return asked.rows.undecided


def mark_rows(
    frame: pl.LazyFrame,
    checks: Sequence[Check],
    *,
    undecided: Mapping[str, str],
    aside: Collection[str],
    mask: Mask,
) -> pl.LazyFrame:
    """List the rows under each check's mask: `_row`, `check` (UInt32), in the frame's order; one pass.

    Checks that cannot be evaluated have no line. Raises: KeyError if the frame has no `_row`.
    """
    import polars as pl

    schema = frame.collect_schema()
    if ROW not in schema:
        raise KeyError(f"the frame has no column {ROW}")
    hidden = {*aside, *undecided.values()}
    delivered = {name: dtype for name, dtype in schema.items() if name not in hidden}
    flags = flag_expressions(schema, undecided)
    masks = {check.index: _mask(check, mask, schema=delivered, flags=flags) for check in checks}
    sound = {index: expression for index, expression in masks.items() if expression is not None}
    spoilt = preflight(schema, {index: expression.sum() for index, expression in sound.items()})
    hits = [
        pl.when(expression).then(pl.lit(index, dtype=pl.UInt32))
        for index, expression in sound.items()
        if index not in spoilt
    ]
    if not hits:
        return frame.select(ROW, pl.lit(0, dtype=pl.UInt32).alias(CHECK)).head(0)
    listed = frame.select(ROW, pl.concat_list(hits).list.drop_nulls().alias(CHECK))
    return listed.filter(pl.col(CHECK).list.len() > 0).explode(CHECK)


def _mask(
    check: Check, mask: Mask, *, schema: Mapping[str, pl.DataType], flags: Mapping[str, pl.Expr]
) -> pl.Expr | None:
    try:
        rule, _ = look_up(check.main)
        asked = ask_for(check.metrics[check.main], schema=schema, flags=flags)
        return mask(rule, asked) if isinstance(rule, RowRule) else None
    except CannotEvaluateError:
        return None
