"""The suite by GX's SQLAlchemy engine on DuckDB, over a view of the file, and GX as it is: nothing is patched.

GX 1.24 reads a query's rows after it has given the connection back, except for a few dialects that it knows. DuckDB's
driver has none by then, so this tool most likely says that it could not run. It stays, for the day when that changes.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.peers.duckdb import table
from benchmarks.peers.gx_suite import context, failing, gx_suite, messages, quiet
from benchmarks.peers.suite import Check, CouldNotRunError, Run


def prepare(suite: Sequence[Check]) -> Run:
    quiet()
    made = context()
    expectations = gx_suite(suite)
    numbers = count()

    def run(path: Path) -> dict[str, int]:
        with tempfile.TemporaryDirectory(prefix="gx-duckdb-") as folder:
            database = Path(folder) / "checked.duckdb"
            _create_view(database, path)
            source = made.data_sources.add_sql(
                f"duckdb {next(numbers)}", connection_string=f"duckdb:///{database}", create_temp_table=False
            )
            whole = source.add_table_asset("table", table_name="checked").add_batch_definition_whole_table("whole")
            results = whole.get_batch().validate(expectations).results
        found = failing(suite, results)
        if 2 * len(found) < len(suite):
            raise CouldNotRunError(_reason(results, ran=len(found)))
        return found

    return run


def _create_view(database: Path, path: Path) -> None:
    import duckdb

    with duckdb.connect(str(database)) as connection:
        connection.execute(f"CREATE VIEW checked AS SELECT * FROM {table(path)}")  # noqa: S608


def _reason(results: Iterable[Any], *, ran: int) -> str:
    counted = Counter(message for result in results for message in messages(result.exception_info))
    often = counted.most_common(1)[0][0].split("\n")[0] if counted else "nothing is said"
    return f"of this suite, GX without patches answers {ran} checks on DuckDB; most often it raises: {often}"
