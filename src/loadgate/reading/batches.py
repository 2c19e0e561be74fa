"""What every format yields: a batch of raw records, and those that could not be split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.reading.header import Layout
from loadgate.reading.sources import Source

if TYPE_CHECKING:
    import polars as pl

RECORD, LINE, REASON = "_record", "_line", "reason"
BLANK = "blank line"
HEADER_REPEATED = "header repeated"
CUT_OFF = "cut off"


def rejected_records(records: Sequence[tuple[int, int, str]] = ()) -> pl.DataFrame:
    """Records that could not be split, each with its number, its line and the reason: `Batch.rejected`."""
    import polars as pl

    return pl.DataFrame(records, schema={RECORD: pl.UInt32, LINE: pl.UInt32, REASON: pl.String}, orient="row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A trailer record as it stands in the file: its line, and its numbers as text, None where there is none."""

    line: int
    rows: str | None
    sums: dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A run of records of one source.

    `raw`: `_record` (UInt32, 1-based in its source, rejected ones counted), `_line` (UInt32), and the dataset's
    columns that the file has, as text or as the file types them. `rejected`: `_record`, `_line`, `reason`.
    `torn`: the last record was cut off, by what its end looks like. `unexpected`: the places, from 1, of
    columns that nobody wants.
    `endings`: trailer records. `headless`: the source does not begin with the header record that it must have.
    """

    raw: pl.DataFrame
    rejected: pl.DataFrame
    records: int
    torn: bool = False
    unexpected: tuple[int, ...] = ()
    endings: tuple[Ending, ...] = ()
    headless: bool = False


Format = Callable[[Source, Layout], Iterator[Batch]]
