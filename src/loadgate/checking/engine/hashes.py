"""64-bit hashes of rows enter, batch by batch; leave how many differ, and which occur more than once.

All sets of one pass share a limit of memory; beyond it they go to disk, and are then counted part by part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from loadgate.checking.engine.recent import Recent
from loadgate.checking.engine.spilling import PARTS, Spill, boundaries

if TYPE_CHECKING:
    import polars as pl

HELD_BYTES: Final = 128 * 2**20  # with what sorting takes, and what the allocator keeps, half a gigabyte
AT_ONCE: Final = 6_000_000  # hashes that are sorted at a time: 48 MB, and as much again
_MANY: Final = 100_000  # fewer are sorted at once, and not in quarters
_WIDTH: Final = 8
_FEW: Final = 512  # so few are kept as they come
_THREADS: Final = 2


_QUARTERS: Final = [(quarter << 62, (quarter + 1 << 62) - 1) for quarter in range(4)]

Part = Callable[[], "list[pl.Series]"]
"""Gives the runs of one part when it is its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """`repeated` are the hashes that occur more than once, each once; of use only if they were asked for."""

    rows: int
    distinct: int
    repeated: pl.Series

    @property
    def rows_repeated(self) -> int:
        return self.rows - (self.distinct - len(self.repeated))


class HashSets:
    """The sets of one pass, which share `held_bytes` of memory and a folder for what goes beyond."""

    def __init__(self, *, held_bytes: int = HELD_BYTES, folder: Path | None = None) -> None:
        self._held_bytes = held_bytes
        self._folder = folder
        self._spill: Spill | None = None
        self._sets: list[HashSet] = []

    def new(self, *, repeats: bool) -> HashSet:
        """Make a set. Without `repeats` it is only ever asked how many hashes differ."""
        made = HashSet(self, name=str(len(self._sets)), repeats=repeats)
        self._sets.append(made)
        return made

    def spill(self) -> Spill:
        if self._spill is None:
            self._spill = Spill(self._folder)
        return self._spill

    def make_room(self) -> None:
        """Move the largest sets to disk until the rest is within half the limit."""
        held = sum(one.held for one in self._sets) * _WIDTH
        if held <= self._held_bytes:
            return
        for one in sorted(self._sets, key=lambda one: -one.held):
            if held <= self._held_bytes // 2:
                return
            held -= one.held * _WIDTH
            one.move_to_disk()

    def close(self) -> None:
        """Forget all hashes, on disk too."""
        for one in self._sets:
            one.forget()
        if self._spill is not None:
            self._spill.close()


class HashSet:
    """The hashes of one key. `held` is how many stand in memory, `rows` how many came.

    What the disk does not take is lost for good: only who asks for the count hears of it, as any set may make the room.
    """

    def __init__(self, sets: HashSets, *, name: str, repeats: bool) -> None:
        self._sets = sets
        self._name = name
        self._repeats = repeats
        self._recent = Recent(copies=2 if repeats else 1)
        self._runs: list[pl.Series] = []
        self._spilled = False
        self._lost = False
        self.held = 0
        self.rows = 0

    def add(self, hashes: pl.Series) -> None:
        """Take a batch's hashes, in any order."""
        if hashes.is_empty() or self._lost:
            return
        self.rows += len(hashes)
        if len(hashes) > _FEW:
            hashes = self._recent.fresh(hashes)
        self._runs.append(hashes)
        self.held += len(hashes)
        self._sets.make_room()

    def count(self) -> Counted:
        """Count what has come. Raises: OSError if the disk did not take some of it, or cannot be read."""
        import polars as pl

        if self._lost:
            raise OSError("hashes did not fit on the disk")
        parts = self._parts()
        if len(parts) == 1:
            counted = [self._count(parts[0])]
        else:
            with ThreadPoolExecutor(_THREADS) as pool:
                counted = list(pool.map(self._count, parts))
        return Counted(
            rows=self.rows,
            distinct=sum(distinct for distinct, _ in counted),
            repeated=pl.concat([repeated for _, repeated in counted]),
        )

    def move_to_disk(self) -> None:
        """Write what is in memory to disk."""
        try:
            spill = self._sets.spill()
            for run in self._taken():
                spill.write(self._name, run)
        except OSError:
            self._lost = True
            self.forget()
        self._spilled = True

    def forget(self) -> None:
        self._runs, self.held = [], 0

    def _parts(self) -> Sequence[Part]:
        """All hashes in parts; equal ones are in one part. What is not one at a time is not in memory twice."""
        if not self._spilled and self.held <= AT_ONCE:
            if self.held <= _MANY:
                return [lambda: self._runs]
            return [partial(_between, self._runs, *limits) for limits in _QUARTERS]
        runs = list(self._taken())
        cuts = [boundaries(run) for run in runs]
        self._runs, self.held = runs, sum(map(len, runs))
        return [partial(self._part, part, runs, cuts) for part in range(PARTS)]

    def _part(self, part: int, runs: list[pl.Series], cuts: list[list[tuple[int, int]]]) -> list[pl.Series]:
        pieces = [run.slice(cut[part][0], cut[part][1] - cut[part][0]) for run, cut in zip(runs, cuts, strict=True)]
        return [*pieces, self._sets.spill().read(self._name, part)] if self._spilled else pieces

    def _count(self, part: Part) -> tuple[int, pl.Series]:
        """Sort a part: how many differ, and which of them are repeated, if that was asked for."""
        import polars as pl

        run = pl.concat([pl.Series(dtype=pl.UInt64), *part()]).sort(multithreaded=False)
        later = run.slice(1)
        again = later == run.slice(0, len(later))  # two views; a shifted copy would be as large as the run
        repeated = later.filter(again).unique(maintain_order=True) if self._repeats else run.clear()
        return len(run) - int(again.sum()), repeated

    def _taken(self) -> Iterator[pl.Series]:
        """Hand over what is in memory in sorted runs, and forget it run by run."""
        import polars as pl

        waiting, self._runs, self.held = self._runs, [], 0
        while waiting:
            run = [waiting.pop()]
            while waiting and sum(map(len, run)) + len(waiting[-1]) <= AT_ONCE:
                run.append(waiting.pop())
            yield self._thinned(pl.concat(run).sort(multithreaded=False))

    def _thinned(self, run: pl.Series) -> pl.Series:
        """Keep each hash once, or twice if it matters that it was repeated."""
        once = run != run.shift()
        twice = once | (run != run.shift(2)) if self._repeats else once
        return run.filter(twice.fill_null(True))


def _between(runs: list[pl.Series], least: int, most: int) -> list[pl.Series]:
    return [run.filter(run.is_between(least, most)) for run in runs]
