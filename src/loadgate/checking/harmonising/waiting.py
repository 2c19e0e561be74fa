"""One rule that cannot be asked row by row, and rows as they pass by, enter; leaves at the end what it says of them.

Rows wait with the columns that the rule reads, and only those that it may mark. What other rules said in the meantime
is remembered as one bit a row, and as values where they propose some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.checking.harmonising.harmonisation import (
    OPEN,
    VALUE,
    Applied,
    Said,
    followed,
    judged,
    may_count,
    members,
    rows_for,
    seen,
    told,
    waiting_columns,
)
from loadgate.checking.harmonising.partitions import Partitions
from loadgate.checking.harmonising.row_sets import RowSet
from loadgate.model.rules import HarmonisationRule

if TYPE_CHECKING:
    import polars as pl


class Memory:
    """What one rule said of all rows so far: which ones it marked or could not decide, and its values if wanted."""

    def __init__(self, *, into: Path, held_bytes: int, with_values: bool) -> None:
        self._open = RowSet()
        self._marked = RowSet()
        self._values = Partitions(into, held_bytes=held_bytes) if with_values else None

    def add(self, found: pl.DataFrame) -> None:
        """In: `_row`, `open` and, if the rule proposes any, `value`."""
        import polars as pl

        self._open.add(found.filter(OPEN)["_row"])
        self._marked.add(found.filter(~pl.col(OPEN))["_row"])
        if self._values is not None and VALUE in found.columns:
            self._values.add(found.filter(pl.col(VALUE).is_not_null()).select("_row", VALUE))

    def said(self, rows: pl.Series) -> Said:
        import polars as pl

        marked = pl.select(pl.when(~self._open.has(rows)).then(self._marked.has(rows))).to_series()
        return Said(marked=marked, value=self._value(rows))

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
        self._columns = waiting_columns(rule.columns)
        self._ordered = [] if follow is None else waiting_columns([follow.start, follow.end, *follow.group])
        self._rows = Partitions(into, held_bytes=held_bytes)
        self._groups = Partitions(into, by=() if follow is None else follow.group, held_bytes=held_bytes)

    def add(self, typed: pl.DataFrame, said: Mapping[str, Said]) -> None:
        """Take rows and what the rules said of them that need no other row; of those, what the rule may mark."""
        rows = seen(rows_for(typed, self._rule), self._now, said)
        if self._later.alternatives:
            self._rows.add(may_count(rows).select(self._columns))  # its condition may come out otherwise
        elif self._rule.follow is None:
            self._rows.add(rows.filter(judged(rows, self._rule).marked.fill_null(True)).select(self._columns))
        else:
            self._groups.add(members(rows, self._rule).select(self._ordered))

    def ask(self, memories: Mapping[str, Memory]) -> Iterator[pl.DataFrame]:
        """What the rule says, part by part: `_row`, `open` and, if it proposes any, `value`."""
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

    def _settled(self, part: pl.DataFrame, memories: Mapping[str, Memory]) -> pl.DataFrame:
        """The rows that count, with what the rules said that wait too."""
        said = {name: memories[name].said(part["_row"]) for name in sorted(self._later.rules)}
        return may_count(seen(part, self._later, said))
