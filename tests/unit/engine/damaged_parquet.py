"""Run apart by test_damaged_parquet: Polars may end the process over a damaged file, or never end.

Arguments: a sound file, the first and the last number of what is to be judged, and a task. `bits` flips some bits
anywhere, by the number, and prints it and whether a file and its frame were said to be the same. `row-groups` damages
a column of two row groups, judges that file so often, and says that it is done.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from loadgate.checking.engine import parquet_slices
from loadgate.checking.engine.fast import CompiledSuite, compile_suite
from loadgate.checking.engine.parquet_slices import ParquetFile
from loadgate.checking.engine.quiet import import_gx


def checks() -> CompiledSuite:
    import_gx()
    import great_expectations as gx

    expect = gx.expectations
    return compile_suite(
        gx.ExpectationSuite(
            name="s",
            expectations=[
                expect.ExpectTableRowCountToEqual(value=400),
                expect.ExpectColumnValuesToNotBeNull(column="number"),
                expect.ExpectColumnValueLengthsToBeBetween(column="text", max_value=4),
                expect.ExpectColumnSumToBeBetween(column="amount", max_value=1000),
            ],
        )
    )


def told(suite: CompiledSuite, rows: Any) -> list[tuple[str, int | None]]:
    return [(one.state.value, one.rows_failed) for one in suite.validate(rows).outcomes]


def with_bits_flipped(content: bytes, number: int) -> bytes:
    draw = random.Random(number)
    damaged = bytearray(content)
    for _ in range(draw.randint(1, 3)):
        damaged[draw.randrange(4, len(content) - 8)] ^= 1 << draw.randrange(8)
    return damaged


def with_damaged_row_groups(sound: Path) -> bytes:
    damaged = bytearray(sound.read_bytes())
    for group in (1, 2):
        column = pq.read_metadata(sound).row_group(group).column(0)
        end = (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size
        for at in range(end - 30, end - 10):
            damaged[at] ^= 0xFF
    return damaged


def main() -> None:
    parquet_slices._WORTH_WHILE = 0  # type: ignore[misc]
    sound, first, last, task = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    suite, path = checks(), sound.with_name("damaged.parquet")
    content = sound.read_bytes()
    if task == "row-groups":
        path.write_bytes(with_damaged_row_groups(sound))
        for _ in range(first, last + 1):
            told(suite, pl.scan_parquet(path, glob=False))
        sys.stdout.write("done\n")
        return
    for number in range(first, last + 1):
        path.write_bytes(with_bits_flipped(content, number))
        by_file = told(suite, ParquetFile(path=path, slice_rows=50))
        by_frame = told(suite, pl.scan_parquet(path, glob=False))
        sys.stdout.write(f"{number} {by_file == by_frame}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
