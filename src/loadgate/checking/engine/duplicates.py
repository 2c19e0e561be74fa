"""Rows whose hashes occur more than once enter; the rows leave that are truly equal to another, values compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from loadgate.checking.engine.passes import read

if TYPE_CHECKING:
    import polars as pl

    from loadgate.checking.engine.hashes import Counted
    from loadgate.checking.engine.needs import Hashed

ROWS_AT_ONCE: Final = 2_000_000
MOST_PASSES: Final = 8
_HASH: Final = "hash"


def truly_repeated(frame: pl.LazyFrame, asked: Hashed, counted: Counted, *, row: str | None) -> Iterator[pl.DataFrame]:
    """Yield frames of repeated rows: their `row` column if one is named, else only as many rows.

    Reads the columns concerned once, and once more for every two million rows to compare, but at most eight times.
    Raises: UnreadableError.
    """
    passes = min(MOST_PASSES, -(-counted.rows_repeated // ROWS_AT_ONCE))
    step = -(-len(counted.repeated) // passes) if passes else 0
    for index in range(passes):
        suspects = counted.repeated.slice(index * step, step)
        if not suspects.is_empty():
            yield _equal_among(frame, asked, suspects, row=row)


def _equal_among(frame: pl.LazyFrame, asked: Hashed, suspects: pl.Series, *, row: str | None) -> pl.DataFrame:
    import polars as pl

    rows = frame if asked.rows is None else frame.filter(asked.rows)
    names = [str(index) for index in range(len(asked.values))]
    keys = [value.alias(name) for name, value in zip(names, asked.values, strict=True)]
    kept = [] if row is None else [pl.col(row).alias("row")]
    hashed = asked.hash().alias(_HASH)
    candidates = rows.select(*kept, *keys, hashed).join(suspects.alias(_HASH).to_frame().lazy(), on=_HASH, how="semi")
    found = read(candidates.drop(_HASH))
    repeated = found.filter(pl.struct(names).is_duplicated())
    return repeated.select("row" if row is not None else names[0])
