"""A compiled suite's rows enter batch by batch, as they pass by; leave its results, and on the way which rows fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from loadgate.checking.engine.marks import ROW, Marking

if TYPE_CHECKING:
    import polars as pl

    from loadgate.checking.engine.folding import Computed, Fold
    from loadgate.checking.engine.outcomes import Validated

Judge = Callable[["pl.LazyFrame | None", "Computed"], "Validated"]


class Validation:
    """One table being validated; see CompiledSuite.start. Use as a context manager, or `close` it."""

    def __init__(self, fold: Fold, *, undecided: Mapping[str, str], judge: Judge, marking: Marking | None) -> None:
        self._fold = fold
        self._undecided = undecided
        self._judge = judge
        self._marking = marking

    def __enter__(self) -> Validation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def columns(self) -> list[str] | None:
        """The columns that `add` reads; None if that cannot be told. More do no harm."""
        columns = self._fold.plan.columns
        return columns if columns is None or self._marking is None else [*columns, ROW]

    def add(self, batch: pl.DataFrame, *, undecided: Collection[str] | None = None) -> None:
        """Take the next rows of the table.

        `undecided` are the columns in which this batch may have failed casts, of those named at the start; None is
        any of them. Flag columns of others need not be in the batch.
        Raises: KeyError if a flag column is not in the batch.
        """
        doubted = self._undecided if undecided is None else undecided
        for column in doubted:
            if self._undecided[column] not in batch.columns:
                raise KeyError(f"the flag column {self._undecided[column]} is not in the batch")
        self._fold.add(batch, self._fold.plan.up(batch, doubted))

    def finish(self, frame: pl.LazyFrame | None = None) -> Validated:
        """Judge what has come.

        `frame` has all the rows again, for what takes a second look (medians, rules over groups, equal hashes), and
        only where that is needed; without it such checks could not run, and equal hashes count as equal values.
        """
        repeats = None if self._marking is None else self._marking.repeats
        with self._fold:
            computed = self._fold.finish(frame, row=ROW, repeats=repeats)
        if self._marking is not None and frame is not None:
            self._marking.look_again(frame, computed)
        return self._judge(frame, computed)

    def close(self) -> None:
        """Forget what is held, on disk too."""
        self._fold.close()
