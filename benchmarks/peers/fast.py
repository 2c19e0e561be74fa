"""The suite on the path that a month uses: compiled once, one pass per file, genuine GX results without values.

As in every process of loadgate's own, Polars' threads share free memory; the engine as GX users have it leaves that
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.frames import schema
from benchmarks.peers.gx_suite import gx_suite, quiet
from benchmarks.peers.suite import Check, Run


def prepare(suite: Sequence[Check]) -> Run:
    quiet()
    from loadgate.checking.engine.csv_pieces import CsvFile
    from loadgate.checking.engine.fast import CheckState, compile_suite
    from loadgate.checking.engine.memory import share_free_memory
    from loadgate.checking.engine.parquet_slices import ParquetFile

    share_free_memory()
    compiled = compile_suite(gx_suite(suite))

    def run(path: Path) -> dict[str, int]:
        parquet = path.suffix == ".parquet"
        table = ParquetFile(path=path) if parquet else CsvFile(path=path, options={"schema": schema()})
        outcomes = compiled.validate(table).outcomes
        return {
            suite[one.index].name: int(one.state is CheckState.FAIL) if one.rows_failed is None else one.rows_failed
            for one in outcomes
            if one.state is not CheckState.COULD_NOT_RUN
        }

    return run
