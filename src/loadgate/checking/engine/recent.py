"""64-bit hashes enter, batch by batch; leave those that are not known to have come before, some old ones among them.

A table has one place for all hashes with the same high bits and remembers the last that came there, so a hash that
meets itself is an old one. It is the opposite of a Bloom filter: what it holds back has surely been seen.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import polars as pl

_BITS: Final = 19  # 4 MB, which a processor's cache holds; only places that are used take memory
_SHIFT: Final = 64 - _BITS
_ROWS_AT_ONCE: Final = 16_384
_TRIED: Final = 500_000  # hashes, after which it has to have been worth it
_WORTH: Final = 4  # one in so many has to be held back: that is what it costs


class Recent:
    """Holds back a hash from its `copies`-th repetition on, where it can; gives up where hashes hardly repeat."""

    def __init__(self, *, copies: int) -> None:
        self._copies = copies
        self._asked = 0
        self._held_back = 0

    def fresh(self, hashes: pl.Series) -> pl.Series:
        """Leave out what is surely not needed any more."""
        import numpy as np
        import polars as pl

        if self._asked >= _TRIED and self._held_back * _WORTH < self._asked:
            return hashes
        pieces = [piece.to_numpy() for piece in hashes.get_chunks()]  # as they come: none is copied
        slices = [
            piece[start : start + _ROWS_AT_ONCE] for piece in pieces for start in range(0, len(piece), _ROWS_AT_ONCE)
        ]
        kept = np.concatenate([self._fresh(one) for one in slices])
        self._asked += len(hashes)
        self._held_back += len(hashes) - len(kept)
        return pl.Series(hashes.name, kept)

    def _fresh(self, hashes: Any) -> Any:
        import numpy as np

        *earlier, last = self._tables
        hashes = hashes[last.take((hashes >> np.uint64(_SHIFT)).view(np.int64)) != hashes]
        places = (hashes >> np.uint64(_SHIFT)).view(np.int64)
        for first in earlier:  # of these, so many copies are needed
            again = first.take(places) == hashes
            last[places[again]] = hashes[again]
            first[places] = hashes
        if not earlier:
            last[places] = hashes
        return hashes

    @cached_property
    def _tables(self) -> list[Any]:
        """One per copy. At a free place stands a hash that belongs to another."""
        import numpy as np

        tables = [np.zeros(1 << _BITS, dtype=np.uint64) for _ in range(self._copies)]
        for table in tables:
            table[0] = np.iinfo(np.uint64).max
        return tables
