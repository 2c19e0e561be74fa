"""One rule that cannot be asked row by row, and rows as they pass by, enter; leaves at the end what it says of them.

Rows wait with the columns that the rule reads, and only those that it may mark. What other rules said in the meantime
is remembered as one bit a row, and as values where they propose some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.checking.harmonising.harmonisation import (
    COUNTS,
    LOOKED_AT,
    OPEN,
    UNSURE,
    VALUE,
    Applied,
    Said,
    followed,
    judged,
    members,
    seen,
    told,
)
from loadgate.checking.harmonising.partitions import Partitions
from loadgate.checking.harmonising.row_sets import RowSet
from loadgate.model.rules import HarmonisationRule
from loadgate.model.tables import UNDECIDED

if TYPE_CHECKING:
    import polars as pl

Ask = Callable[["pl.DataFrame"], Mapping[str, Said]]


class Memory:
    """What one rule said of all rows so far: which ones it marked or could not decide, and its values if wanted."""

    def __init__(self, *, into: Path, held_bytes: int, with_values: bool) -> None:
        self.open = RowSet()
        self._marked = RowSet()
        self._values = Partitions(into, held_bytes=held_bytes) if with_values else None

    def add(self, found: pl.DataFrame) -> None:
        """In: `_row`, `open` and, if the rule proposes any, `value`."""
        import polars as pl

        self.open.add(found.filter(OPEN)["_row"])
        self._marked.add(found.filter(~pl.col(OPEN))["_row"])
        if self._values is not None and VALUE in found.columns:
            self._values.add(found.filter(pl.col(VALUE).is_not_null()).select("_row", VALUE))

    def said(self, rows: pl.Series) -> Said:
        return Said(marked=self._marked.has(rows), open=self.open.has(rows), value=self._value(rows))

    def close(self) -> None:
        if self._values is not None:
            self._values.close()

    def _value(self, rows: pl.Series) -> pl.Series | None:
        import polars as pl

        wanted = rows.to_frame()
        parts = [] if self._values is None else self._values.parts()
        found = [part.join(wanted, on="_row", how="semi") for part in parts]
        if not found:
            return None
        return wanted.join(pl.concat(found), on="_row", how="left", maintain_order="left")[VALUE]


class Waiting:
    """A rule and its rows. `later` is what it applies of rules that wait too, `now` what it applies of the others."""

    def __init__(self, rule: HarmonisationRule, now: Applied, later: Applied, *, into: Path, held_bytes: int) -> None:
        self._rule, self._now, self._later = rule, now, later
        follow = rule.follow
        ordered = frozenset() if follow is None else frozenset((follow.start, follow.end, *follow.group))
        self._columns = ["_row", *sorted(rule.columns), UNSURE]
        self._ordered = ["_row", *sorted(ordered), UNSURE, LOOKED_AT]
        self._rows = Partitions(into, held_bytes=held_bytes)
        self._groups = Partitions(into, by=() if follow is None else follow.group, held_bytes=held_bytes)
        self._looked_at = RowSet()  # rows that wait or count no more; the others were passed over

    def add(self, typed: pl.DataFrame, said: Mapping[str, Said], *, all_of_them: bool = False) -> None:
        """Take rows and what the rules said of them that need no other row; of those, what the rule may mark."""
        rows = seen(rows_for(typed, self._rule), self._now, said)
        if self._later.alternatives:
            self._rows.add(rows.filter(COUNTS).select(self._columns))  # its condition may come out otherwise
            return
        if self._rule.follow is None:
            found = judged(rows, self._rule)
            wanted = found.marked | found.open
        else:
            rows = members(rows, self._rule)
            wanted = rows[LOOKED_AT] | rows[UNSURE]
        if self._later.opens:
            self._looked_at.add(rows["_row"].filter(wanted | ~rows[COUNTS]))
        kept = rows.filter(COUNTS if all_of_them else wanted & rows[COUNTS])
        if self._rule.follow is None:
            self._rows.add(kept.select(self._columns))
        else:
            self._groups.add(kept.select(self._ordered))

    def ask(
        self, memories: Mapping[str, Memory], again: Callable[[], Iterator[pl.DataFrame]], ask: Ask
    ) -> Iterator[pl.DataFrame]:
        """What the rule says, part by part: `_row`, `open` and, if it proposes any, `value`.

        `again` gives all rows once more; `ask` says of them what was said as they passed by.
        """
        if not self._later.alternatives:
            self._add_undecided([memories[name].open for name in self._later.opens], again, ask)
        for part in self._rows.parts():
            rows = self._settled(part, memories)
            if self._rule.follow is None:
                yield told(rows, judged(rows, self._rule))
            else:
                self._groups.add(members(rows, self._rule).select(self._ordered))
        if self._rule.follow is not None:
            for part in self._groups.parts():
                rows = part if self._later.alternatives else self._settled(part, memories)
                yield followed(rows, self._rule.follow)

    def close(self) -> None:
        self._rows.close()
        self._groups.close()

    def _add_undecided(self, opens: Sequence[RowSet], again: Callable[[], Iterator[pl.DataFrame]], ask: Ask) -> None:
        """Rows that a rule could not decide which this one applies are undecided here, whatever its own condition."""
        if not any(self._looked_at.lacks(rows) for rows in opens):
            return
        for typed in again():
            undecided = reduce(or_, (rows.has(typed["_row"]) for rows in opens))
            passed_over = typed.filter(undecided & ~self._looked_at.has(typed["_row"]))
            if passed_over.height:
                self.add(passed_over, ask(passed_over), all_of_them=True)

    def _settled(self, part: pl.DataFrame, memories: Mapping[str, Memory]) -> pl.DataFrame:
        """The rows that count, with what the rules said that wait too."""
        import polars as pl

        said = {name: memories[name].said(part["_row"]) for name in sorted(self._later.rules)}
        return seen(part.with_columns(pl.lit(True).alias(COUNTS)), self._later, said).filter(COUNTS)


def rows_for(typed: pl.DataFrame, rule: HarmonisationRule) -> pl.DataFrame:
    """The rows as a rule reads them that applies no other."""
    import polars as pl

    flags = [pl.col(UNDECIDED + name) for name in sorted(rule.columns) if UNDECIDED + name in typed.columns]
    unsure = pl.any_horizontal(flags).fill_null(False) if flags else pl.lit(False)
    return typed.select("_row", *sorted(rule.columns), unsure.alias(UNSURE), pl.lit(True).alias(COUNTS))
