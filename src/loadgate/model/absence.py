"""A typed Parquet file in; out, what did not come: all of its rows, or columns that none, or not all, of its files had.

Such a column is there as nulls.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

NO_ROWS: Final = "no row of the delivery can be used"  # why it is not asked: a finding of reading says what is wrong
NOTHING_EARLIER: Final = "nothing earlier to compare with"
_KEY, _PARTLY = "absent", "partly absent"  # in the footer of typed.parquet; not there where every column came


def footer(absent: Iterable[str], partly: Mapping[str, bool] | None = None) -> dict[str, str]:
    """What a typed file says of such columns beside its rows; `partly` as in partly_absent."""
    names = sorted(absent)
    told = {_KEY: json.dumps(names)} if names else {}
    return told | ({_PARTLY: json.dumps(partly, sort_keys=True)} if partly else {})


def has_rows(typed: Path) -> bool:
    import pyarrow.parquet as pq

    return bool(pq.read_metadata(typed).num_rows)


def absent_columns(typed: Path) -> frozenset[str]:
    """The columns that the file says it never had."""
    return frozenset(json.loads(_told(typed).get(_KEY.encode(), b"[]")))


def partly_absent(typed: Path) -> dict[str, bool]:
    """Columns that only some of the delivered files had, with no unreadable value; and whether they had any value."""
    found: dict[str, bool] = json.loads(_told(typed).get(_PARTLY.encode(), b"{}"))
    return found


def _told(typed: Path) -> dict[bytes, bytes]:
    import pyarrow.parquet as pq

    return pq.read_metadata(typed).metadata or {}
