"""Sorted 64-bit hashes enter, run by run; they leave in parts by value, from files once there are too many to hold.

Only hashes are written, never a value, into a folder that nobody else can read and that goes with its owner.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

PARTS: Final = 64
"""A part of 50 million hashes is 6 MB."""
_SHIFT: Final = 64 - PARTS.bit_length() + 1


class Spill:
    """Parts of hashes on disk, in a folder of their own. Use as long as needed, then `close`; it is idempotent."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hashes-", dir=folder, ignore_cleanup_errors=True)  # 0700

    def write(self, name: str, run: pl.Series) -> None:
        """Append a sorted run to the parts of a name. Raises: OSError if the disk is full."""
        values = run.to_numpy()
        for part, (start, end) in enumerate(boundaries(run)):
            if end > start:
                with self._path(name, part).open("ab") as file:
                    values[start:end].tofile(file)

    def read(self, name: str, part: int) -> pl.Series:
        """Read what was written of a part: several sorted runs, one after the other."""
        import numpy as np
        import polars as pl

        path = self._path(name, part)
        values = np.fromfile(path, dtype=np.uint64) if path.exists() else np.empty(0, dtype=np.uint64)
        return pl.Series(values, dtype=pl.UInt64)

    def close(self) -> None:
        self._folder.cleanup()

    def _path(self, name: str, part: int) -> Path:
        return Path(self._folder.name) / f"{name}.{part}"


def boundaries(run: pl.Series) -> list[tuple[int, int]]:
    """Say where in a sorted run each part begins and ends."""
    import polars as pl

    limits = pl.Series([part << _SHIFT for part in range(1, PARTS)], dtype=pl.UInt64)
    inner = run.search_sorted(limits, side="left").to_list()
    return list(zip([0, *inner], [*inner, len(run)], strict=True))
