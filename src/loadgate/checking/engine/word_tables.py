"""Some short texts enter as words; leaves a table in which a whole column's words are looked up at once.

As in short_texts, a text of up to 12 bytes is two 64-bit words. Multiplying them (Dietzfelbinger et al. 1997) sends a
text to a place in the table, and the whole words of one text stand there: those that meet it are of that text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

_MOST_TRIES: Final = 64
_TRIED: Final = 2**13  # texts in all tries together, so that many texts take no longer than some
_SEED: Final = 20_260_101


@dataclass(frozen=True, slots=True, kw_only=True)
class WordTable:
    """A factor per word, how far to shift their sum, and per place the words there: at a free one those of no text."""

    factors: Any
    shift: Any
    words: Any

    def look_up(self, words: Any) -> tuple[Any, Any]:
        """The place of each row, and whether its words are those that stand there."""
        import numpy as np

        width = len(self.factors)
        rows = np.ascontiguousarray(words[:, :width])
        places = rows[:, 0] * self.factors[0]
        for index in range(1, width):
            places += rows[:, index] * self.factors[index]
        places >>= self.shift
        at = places.view(np.int64)
        same = self.words.take(at, axis=0) == rows
        return at, same.view(f"<u{width}").ravel() == int.from_bytes(b"\1" * width, "little")


def tabulate(words: Any, *, least_bits: int, most_bits: int) -> WordTable:
    """Make a table of at least 2**least_bits places in which each of these words has one of its own.

    The words differ. Where even 2**most_bits places are too few, some lose theirs to others and are not found.
    """
    import numpy as np

    count, width = words.shape
    tries = max(1, min(_MOST_TRIES, _TRIED // count))
    random = np.random.default_rng(_SEED)
    for bits in range(least_bits, most_bits + 1):  # the expected number of rounds is small
        factors = random.integers(2**64, size=(tries, width), dtype=np.uint64) | np.uint64(1)
        shift = np.uint64(64 - bits)
        places = (factors[:, :, None] * words.T).sum(axis=1, dtype=np.uint64) >> shift
        ordered = np.sort(places, axis=1)
        lost = (ordered[:, 1:] == ordered[:, :-1]).sum(axis=1)
        best = int(lost.argmin())
        if not lost[best]:
            break
    table = np.full((2**bits, width), np.iinfo(np.uint64).max, dtype=np.uint64)
    taken, first = np.unique(places[best].astype(np.intp), return_index=True)
    table[taken] = words[first]
    return WordTable(factors=factors[best], shift=shift, words=table)
