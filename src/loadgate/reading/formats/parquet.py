"""A Parquet file in, batches of its own typed columns out, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator

from loadgate.reading.batches import LINE, RECORD, Batch, rejected_records
from loadgate.reading.header import Layout, locate
from loadgate.reading.problems import Problem, Unreadable, guarded
from loadgate.reading.sources import PARQUET, Source, seekable

BATCH_ROWS = 131_072
_CELL_BYTES = 4  # what a cell unpacks to at least: a run of equal values takes no bytes in the file
_MAX_ROWS = 2**32 - 2  # `_row` is UInt32


def read_parquet(source: Source, layout: Layout) -> Iterator[Batch]:
    """Batches of the wanted columns. A line is a record's number: there is no header.

    Raises: WrongColumns; Unreadable for anything that is no sound Parquet file.
    """
    import polars as pl
    import pyarrow.parquet as pq

    with seekable(source) as handle:
        if handle.read(4) != PARQUET:
            raise Unreadable(Problem.OTHER_FORMAT)
        with guarded():
            file = pq.ParquetFile(handle)
            names = list(file.schema_arrow.names)
            rows = file.metadata.num_rows
        places = locate(names, layout)
        if rows > _MAX_ROWS or rows * max(len(names), 1) * _CELL_BYTES > source.limits.max_bytes:
            raise Unreadable(Problem.TOO_LARGE)
        found = {names[at]: column for column, at in places.position.items()}
        with guarded():
            iterator = file.iter_batches(batch_size=BATCH_ROWS, columns=list(found))
        first = 1
        while True:
            with guarded():
                batch = next(iterator, None)
            if batch is None:
                return
            with guarded(Problem.OTHER_FORMAT):  # column types that Polars does not know
                frame = pl.DataFrame(pl.from_arrow(batch)).select(list(found)).rename(found)
            with guarded(Problem.ENCODING):  # text that old writers do not mark as such
                frame = frame.with_columns(pl.col(pl.Binary).cast(pl.String))
            number = pl.int_range(first, first + batch.num_rows, dtype=pl.UInt32, eager=True)
            numbers = pl.DataFrame({RECORD: number, LINE: number})
            raw = pl.concat([numbers, frame], how="horizontal") if found else numbers
            first += batch.num_rows
            yield Batch(raw=raw, rejected=rejected_records(), records=batch.num_rows, unexpected=places.unexpected)
