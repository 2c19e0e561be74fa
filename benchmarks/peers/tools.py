"""Nothing enters; leaves which tools are measured, and what each needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`distributions`: the packages whose versions its numbers depend on; `peer`: it runs in `.venv-peers`.

    A tool's code is the module of this package with its name.
    """

    distributions: tuple[str, ...]
    peer: bool = False


TOOLS: dict[str, Tool] = {
    "floor": Tool(distributions=("polars",)),
    "fast": Tool(distributions=("polars", "great-expectations")),
    "engine": Tool(distributions=("polars", "great-expectations")),
    "gx_pandas": Tool(distributions=("great-expectations", "pandas", "pyarrow")),
    "gx_duckdb": Tool(peer=True, distributions=("great-expectations", "sqlalchemy", "duckdb-engine", "duckdb")),
    "dataframely": Tool(peer=True, distributions=("dataframely", "polars")),
    "pointblank": Tool(peer=True, distributions=("pointblank", "polars")),
    "pandera": Tool(peer=True, distributions=("pandera", "polars")),
    "cuallee": Tool(peer=True, distributions=("cuallee", "polars")),
    "duckdb": Tool(peer=True, distributions=("duckdb",)),
}
OURS = ("fast", "engine")
"""Tools whose numbers depend on the code of this repository's engine."""
