"""A row rule that failed enters; leaves a few of its failing values or row numbers, for GX users who ask for them.

loadgate's own path never asks for samples: failing values do not belong into results.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.aggregates import plain_number
from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.durations import in_words
from loadgate.checking.engine.exact_names import all_of, unused
from loadgate.checking.engine.faults import missing_columns
from loadgate.checking.engine.needs import Each, Question
from loadgate.checking.engine.passes import read
from loadgate.checking.engine.rules import failed, looks_around

if TYPE_CHECKING:
    import polars as pl

    from loadgate.checking.engine.metrics import RowRule

SUFFIXES: Final = (".unexpected_values", ".unexpected_index_list", ".unexpected_rows", ".unexpected_index_query")
NUMBERED: Final = (".unexpected_index_list", ".unexpected_index_query")
MOST_RECORDS: Final = 200  # as in great_expectations/constants.py
MOST_NUMBERS: Final = 10_000  # GX names every failing row, so that its list grows with the file
_MISSING: Final = float("nan")  # as in GX: it sorts the values of several columns, and None has no order


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The first failing rows, `most` of them: their values in `columns`, or their numbers from 0 (`suffix`).

    With `keys`, rows are named by the values of these columns instead of their numbers. `alone`: a row fails or not
    whatever stands in the others.
    """

    mask: pl.Expr
    columns: tuple[str, ...]
    suffix: str
    most: int
    keys: tuple[str, ...] = ()
    values: bool = True
    paired: bool = False
    alone: bool = True
    question: Question | None = None

    @property
    def failing(self) -> Each | None:
        """Which rows it is taken of; None if no batch alone can tell."""
        return Each(mask=self.mask, question=self.question) if self.alone else None

    @property
    def reads(self) -> tuple[str, ...] | None:
        """The columns that it shows, in this order; None is all."""
        if self.suffix == ".unexpected_rows":
            return None
        if self.suffix == ".unexpected_values":
            return tuple(dict.fromkeys(self.columns))
        if self.suffix == ".unexpected_index_query" or not self.keys:
            return ()
        return tuple(dict.fromkeys((*self.columns[:1], *self.keys, *self.columns[1:]) if self.values else self.keys))


def sample(rule: RowRule, asked: Asked, *, suffix: str, question: Question, paired: bool = False) -> Sample:
    """Plan a sample. The number of rows follows GX: all (MOST_…) for COMPLETE, else partial_unexpected_count."""
    wanted = asked.arguments.get("result_format") or {}
    complete = wanted.get("result_format") == "COMPLETE"
    limit = MOST_NUMBERS if suffix in NUMBERED else MOST_RECORDS
    most = limit if complete else min(wanted.get("partial_unexpected_count", 20), MOST_RECORDS)
    keys = tuple(wanted.get("unexpected_index_column_names") or ())
    if missing := [name for name in keys if name not in asked.schema]:
        raise missing_columns(missing)
    alone = not (rule.unique or rule.carries or looks_around(rule, asked))
    return Sample(
        mask=failed(rule, replace(asked, at_once=alone)),
        columns=asked.columns,
        suffix=suffix,
        most=most,
        keys=keys,
        values=not wanted.get("exclude_unexpected_values"),
        paired=paired,
        alone=alone,
        question=question,
    )


def take(frame: pl.LazyFrame, wanted: Sample) -> Any:
    """Take a sample of a frame, see shaped. Raises: UnreadableError."""
    index = unused("row", frame.collect_schema())
    rows = frame.with_row_index(index).filter(wanted.mask).head(wanted.most)
    shown = rows if wanted.reads is None else rows.select(index, *all_of(wanted.reads))
    return shaped(read(shown, engine="auto"), wanted)


class Taking:
    """A sample that is taken as the rows pass by."""

    def __init__(self, wanted: Sample) -> None:
        self._wanted = wanted
        self._taken: list[pl.DataFrame] = []
        self._missing = wanted.most

    def add(self, batch: pl.DataFrame, mask: pl.Series, *, first: int) -> None:
        """Take of the next rows, of which the first is number `first` of the frame."""
        import polars as pl

        if self._taken and not (self._missing and mask.any()):
            return
        numbers = mask.arg_true().head(self._missing)
        shown = batch if self._wanted.reads is None else batch.select(all_of(self._wanted.reads))
        index = (numbers.cast(pl.UInt64) + first).alias(unused("row", shown.columns))
        self._taken.append(shown[numbers].insert_column(0, index) if shown.width else index.to_frame())
        self._missing -= len(numbers)

    def finish(self) -> Any:
        import polars as pl

        return shaped(pl.concat(self._taken), self._wanted)


def shaped(rows: pl.DataFrame, wanted: Sample) -> Any:
    """Bring rows to the form that GX expects for the suffix: values, pairs, records, numbers or records.

    The first column of `rows` is their numbers, whatever its name. Durations become their text.
    """
    rows = in_words(rows)
    numbers = rows.to_series(0).to_list()
    if wanted.suffix == ".unexpected_rows":
        return _whole_rows(rows)
    if wanted.suffix == ".unexpected_index_query":
        return _query(numbers, most=wanted.most)
    if wanted.suffix == ".unexpected_index_list":
        return _named_rows(rows, wanted) if wanted.keys else numbers
    found = list(zip(*(rows[name].to_list() for name in wanted.columns), strict=True))
    if len(wanted.columns) == 1 and not wanted.paired:
        return [value for (value,) in found]
    known = [tuple(_MISSING if value is None else plain_number(value) for value in values) for values in found]
    if wanted.paired:
        return known
    return [dict(zip(wanted.columns, values, strict=True)) for values in known]


def _query(numbers: list[int], *, most: int) -> str:
    cut = f"  # the first {most}" if numbers and len(numbers) == most else ""
    return f'frame.with_row_index().filter(pl.col("index").is_in({numbers})){cut}'


def _whole_rows(rows: pl.DataFrame) -> Any:
    """A pandas frame, as from GX's pandas engine, with the rows' numbers as its index; every value stays what it is."""
    import pandas as pd

    numbers = rows.to_series(0).to_list()
    found = rows.drop(rows.columns[0])
    return pd.DataFrame(found.rows(), index=numbers, columns=found.columns, dtype=object)


def _named_rows(rows: pl.DataFrame, wanted: Sample) -> list[dict[str, Any]]:
    """Name rows by their keys, each with its values beside them; without values GX puts all keys into one record."""
    found = rows.drop(rows.columns[0])
    if not wanted.values:
        return [found.to_dict(as_series=False)] if found.height else []
    return found.to_dicts()
