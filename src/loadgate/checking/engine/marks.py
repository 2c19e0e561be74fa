"""Checks of rows and a frame or its batches enter; leaves which row fails (or cannot be decided by) which check."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from loadgate.checking.engine.checks import Check
from loadgate.checking.engine.compiler import ask_for, look_up
from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.faults import CannotEvaluateError, arguments_fit
from loadgate.checking.engine.metrics import RowRule
from loadgate.checking.engine.passes import preflight, read
from loadgate.checking.engine.rules import failed
from loadgate.checking.engine.surroundings import Surroundings

if TYPE_CHECKING:
    import polars as pl
    from great_expectations.validator.metric_configuration import MetricConfiguration

    from loadgate.checking.engine.folding import Computed
    from loadgate.checking.engine.plans import Slot

ROW: Final = "_row"
CHECK: Final = "check"
UNDECIDED: Final = "undecided"

Mask = Callable[[RowRule, Asked], "pl.Expr | None"]
Marks = Callable[["pl.DataFrame"], None]
"""Gets frames of `_row` (as in the batch), `check` (UInt32: its index), `undecided` (Boolean: it is no failure)."""


def undecided(rule: RowRule, asked: Asked) -> pl.Expr | None:
    return asked.undecided_values() if rule.skips_missing else asked.rows.undecided


class Marking:
    """Marks of one table: those of most checks as its batches pass by, those that take a second look at the end."""

    def __init__(self, checks: Sequence[Check], marks: Marks, *, around: Surroundings) -> None:
        self._checks = [check for check in checks if check.rule is not None]
        self._marks = marks
        self._around = around
        self._places: dict[Hashable, list[tuple[int, bool]]] = {}
        for check in self._checks:
            self._places.setdefault(check.metrics[check.main].id, []).append((check.index, False))
            if check.doubt is not None:
                self._places.setdefault(check.doubt[0].id, []).append((check.index, True))
        self._seen: set[Hashable] = set()

    def watch(self, batch: pl.DataFrame, masks: Mapping[Slot, pl.Series]) -> None:
        """Mark the rows of a batch. Raises: KeyError if it has no `_row`."""
        if ROW not in batch.columns:
            raise KeyError(f"the batch has no column {ROW}")
        rows = batch[ROW]
        for (metric, place), mask in masks.items():
            if place == 0 and metric in self._places:
                self._seen.add(metric)
                if mask.any():
                    self._mark(metric, rows.filter(mask))

    def repeats(self, metric: Hashable, rows: pl.DataFrame) -> None:
        """Mark rows that repeat another: a frame of `row`."""
        self._seen.add(metric)
        if metric in self._places and rows.height:
            self._mark(metric, rows["row"])

    def look_again(self, frame: pl.LazyFrame, computed: Computed) -> None:
        """Mark rows of checks that no batch alone could answer, if they have any. Raises: UnreadableError."""
        import polars as pl

        around = self._around.of_rows(doubted=computed.doubted)
        for is_undecided, mask in ((False, failed), (True, undecided)):
            wanted = [
                check
                for check in self._checks
                if (metric := _metric(check, is_undecided)) not in self._seen and computed.values.get(metric)
            ]
            if not wanted:
                continue
            marked = mark_rows(frame, wanted, around=around, mask=mask)
            self._marks(read(marked.with_columns(pl.lit(is_undecided).alias(UNDECIDED))))

    def _mark(self, metric: Hashable, rows: pl.Series) -> None:
        import polars as pl

        for index, is_undecided in self._places[metric]:
            check, doubt = pl.lit(index, dtype=pl.UInt32).alias(CHECK), pl.lit(is_undecided).alias(UNDECIDED)
            self._marks(rows.alias(ROW).to_frame().with_columns(check, doubt))


def _metric(check: Check, is_undecided: bool) -> Hashable:
    if not is_undecided:
        return check.metrics[check.main].id
    return None if check.doubt is None else check.doubt[0].id


def mark_rows(frame: pl.LazyFrame, checks: Sequence[Check], *, around: Surroundings, mask: Mask) -> pl.LazyFrame:
    """List the rows under each check's mask: `_row`, `check` (UInt32), in the frame's order; one pass.

    Checks that cannot be evaluated on the frame's schema have no line; those that cannot on its rows let it raise when
    collected. Raises: KeyError if the frame has no `_row`.
    """
    import polars as pl

    schema = frame.collect_schema()
    if ROW not in schema:
        raise KeyError(f"the frame has no column {ROW}")
    ask = partial(ask_for, schema=around.delivered(schema), flags=around.flags(schema), references=around.references)
    masks = {check.index: _mask(check, mask, ask) for check in checks}
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


def _mask(check: Check, mask: Mask, ask: Callable[[MetricConfiguration], Asked]) -> pl.Expr | None:
    try:
        with arguments_fit():
            rule, _ = look_up(check.main)
            asked = ask(check.metrics[check.main])
            return mask(rule, asked) if isinstance(rule, RowRule) else None
    except CannotEvaluateError:
        return None
