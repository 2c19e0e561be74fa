"""A typed Parquet file in; out, the dataset's columns that no delivered file had. They stand in it as nulls."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

_KEY = "absent"  # in the footer of typed.parquet; not there where every column came


def footer(absent: Iterable[str]) -> dict[str, str]:
    """What a typed file says of such columns beside its rows."""
    names = sorted(absent)
    return {_KEY: json.dumps(names)} if names else {}


def absent_columns(typed: Path) -> frozenset[str]:
    """The columns that the file says it never had."""
    import pyarrow.parquet as pq

    told = pq.read_metadata(typed).metadata or {}
    return frozenset(json.loads(told.get(_KEY.encode(), b"[]")))
