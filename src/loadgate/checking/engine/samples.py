"""A row rule that failed enters; leaves a few of its failing values or row numbers, for GX users who ask for them.

loadgate's own path never asks for samples: failing values do not belong into results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.domain import Asked
from loadgate.checking.engine.rules import failed

if TYPE_CHECKING:
    import polars as pl

    from loadgate.checking.engine.metrics import RowRule

SUFFIXES: Final = (".unexpected_values", ".unexpected_index_list", ".unexpected_rows", ".unexpected_index_query")
MOST_RECORDS: Final = 200  # as in great_expectations/constants.py
INDEX: Final = "__row_number__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The first failing rows, `most` of them: their values in `columns`, or their numbers from 0 (`suffix`)."""

    mask: pl.Expr
    columns: tuple[str, ...]
    suffix: str
    most: int


def sample(rule: RowRule, asked: Asked, *, suffix: str) -> Sample:
    """Plan a sample. The number of rows follows GX: all (at most 200) for COMPLETE, else partial_unexpected_count."""
    wanted = asked.arguments.get("result_format") or {}
    complete = wanted.get("result_format") == "COMPLETE"
    most = MOST_RECORDS if complete else min(wanted.get("partial_unexpected_count", 20), MOST_RECORDS)
    return Sample(mask=failed(rule, asked), columns=asked.columns, suffix=suffix, most=most)


def take(frame: pl.LazyFrame, wanted: Sample) -> Any:
    """Take a sample in the shape that GX expects for the suffix: values, pairs, records, numbers or records."""
    import polars as pl

    if wanted.suffix == ".unexpected_index_query":
        return None
    rows = frame.with_row_index(INDEX).filter(wanted.mask).head(wanted.most)
    if wanted.suffix == ".unexpected_rows":
        return rows.drop(INDEX).collect().to_dicts()
    if wanted.suffix == ".unexpected_index_list":
        return rows.select(INDEX).collect().to_series().to_list()
    found = rows.select(pl.col(name).alias(str(index)) for index, name in enumerate(wanted.columns)).collect().rows()
    match len(wanted.columns):
        case 1:
            return [value for (value,) in found]
        case 2:
            return found
        case _:
            return [dict(zip(wanted.columns, values, strict=True)) for values in found]
