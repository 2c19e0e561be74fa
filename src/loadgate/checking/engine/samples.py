"""A row rule that failed enters; leaves a few of its failing values or row numbers, for GX users who ask for them.

loadgate's own path never asks for samples: failing values do not belong into results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.aggregates import plain_number
from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.faults import missing_columns
from loadgate.checking.engine.needs import Each
from loadgate.checking.engine.rules import failed, looks_around

if TYPE_CHECKING:
    import polars as pl

    from loadgate.checking.engine.metrics import RowRule

SUFFIXES: Final = (".unexpected_values", ".unexpected_index_list", ".unexpected_rows", ".unexpected_index_query")
MOST_RECORDS: Final = 200  # as in great_expectations/constants.py
INDEX: Final = "__row_number__"
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

    @property
    def failing(self) -> Each | None:
        """What tells whether there is anything to take; None if only taking can tell."""
        return Each(mask=self.mask) if self.alone else None


def sample(rule: RowRule, asked: Asked, *, suffix: str, paired: bool = False) -> Sample:
    """Plan a sample. The number of rows follows GX: all (at most 200) for COMPLETE, else partial_unexpected_count."""
    wanted = asked.arguments.get("result_format") or {}
    complete = wanted.get("result_format") == "COMPLETE"
    most = MOST_RECORDS if complete else min(wanted.get("partial_unexpected_count", 20), MOST_RECORDS)
    keys = tuple(wanted.get("unexpected_index_column_names") or ())
    if missing := [name for name in keys if name not in asked.schema]:
        raise missing_columns(missing)
    return Sample(
        mask=failed(rule, asked),
        columns=asked.columns,
        suffix=suffix,
        most=most,
        keys=keys,
        values=not wanted.get("exclude_unexpected_values"),
        paired=paired,
        alone=not (rule.unique or rule.carries or looks_around(rule, asked)),
    )


def take(frame: pl.LazyFrame, wanted: Sample) -> Any:
    """Take a sample in the shape that GX expects for the suffix: values, pairs, records, numbers or records."""
    import polars as pl

    rows = frame.with_row_index(INDEX).filter(wanted.mask).head(wanted.most)
    if wanted.suffix == ".unexpected_rows":
        return _whole_rows(rows.collect())
    if wanted.suffix == ".unexpected_index_query":
        return _query(rows.select(INDEX).collect().to_series().to_list(), most=wanted.most)
    if wanted.suffix == ".unexpected_index_list" and wanted.keys:
        return _named_rows(rows, wanted)
    if wanted.suffix == ".unexpected_index_list":
        return rows.select(INDEX).collect().to_series().to_list()
    found = rows.select(pl.col(name).alias(str(index)) for index, name in enumerate(wanted.columns)).collect().rows()
    if len(wanted.columns) == 1 and not wanted.paired:
        return [value for (value,) in found]
    known = [tuple(_MISSING if value is None else plain_number(value) for value in values) for values in found]
    if wanted.paired:
        return known
    return [dict(zip(wanted.columns, values, strict=True)) for values in known]


def take_nothing(frame: pl.LazyFrame, wanted: Sample) -> Any:
    """What `take` gives where no row fails, without looking."""
    if wanted.suffix == ".unexpected_rows":
        return take(frame.clear(), wanted)
    return _query([], most=wanted.most) if wanted.suffix == ".unexpected_index_query" else []


def _query(numbers: list[int], *, most: int) -> str:
    cut = f"  # the first {most}" if numbers and len(numbers) == most else ""
    return f'frame.with_row_index().filter(pl.col("index").is_in({numbers})){cut}'


def _whole_rows(rows: pl.DataFrame) -> Any:
    """A pandas frame, as from GX's pandas engine, with the rows' numbers as its index; every value stays what it is."""
    import pandas as pd

    numbers = rows[INDEX].to_list()
    found = rows.drop(INDEX)
    return pd.DataFrame(found.rows(), index=numbers, columns=found.columns, dtype=object)


def _named_rows(rows: pl.LazyFrame, wanted: Sample) -> list[dict[str, Any]]:
    """Name rows by their keys, each with its values beside them; without values GX puts all keys into one record."""
    if not wanted.values:
        found = rows.select(list(wanted.keys)).collect()
        return [found.to_dict(as_series=False)] if found.height else []
    names = dict.fromkeys((*wanted.columns[:1], *wanted.keys, *wanted.columns[1:]))
    return rows.select(list(names)).collect().to_dicts()
