"""What a file's header and trailer record say of it, and what was read of it, in; where the two disagree, out."""

from __future__ import annotations

import decimal
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from loadgate.model.expected import Column, ColumnType, Dataset
from loadgate.model.profiles import FileFormat
from loadgate.model.tables import UNDECIDED
from loadgate.reading import casting
from loadgate.reading.batches import BLANK, LINE, REASON, Batch, Ending

if TYPE_CHECKING:
    import polars as pl

_EXACT = decimal.Context(prec=100)
_WHOLE = Column(type=ColumnType.DECIMAL, scale=0)  # a sum of integers may be larger than an integer column holds


class Disagreement(StrEnum):
    """Closed words; they stand in findings."""

    NO_HEAD = "header record missing"
    NO_TRAILER = "trailer missing"
    SEVERAL = "more than one trailer"
    NOT_LAST = "rows after the trailer"
    UNREADABLE = "trailer unreadable"
    ROWS = "rows differ"
    SUMS = "sums differ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How one file differs from what it says of itself: `columns` whose sums differ, `lines` of its trailers.

    `announced` rows are None unless they are near to what came: a number that is no count could be anything, a
    person's too. `says` is the number of rows that its one trailer names, right or wrong, with the same caution.
    """

    problems: frozenset[Disagreement]
    columns: tuple[str, ...]
    lines: tuple[int, ...]
    rows: int
    announced: int | None
    says: int | None


class Balance:
    """Adds up one file, batch by batch. Blank lines are no rows; rows that could not be split are."""

    def __init__(self, form: FileFormat, dataset: Dataset) -> None:
        self._form, self._trailer = form, form.trailer
        summed = form.trailer.sums if form.trailer is not None else {}
        self._columns = {name: dataset.columns[name] for name in summed}
        self._sums = dict.fromkeys(self._columns, Decimal(0))
        self._unknown: set[str] = set()  # columns whose sum nobody can tell, since values or rows could not be read
        self._rows = self._last_row = 0
        self._endings: list[Ending] = []
        self._headless = False

    def add(self, batch: Batch, typed: pl.DataFrame) -> None:
        """In: a batch as the format gave it, and its typed rows."""
        import polars as pl

        self._headless |= batch.headless
        if self._trailer is None:
            return
        lost = batch.rejected.filter(pl.col(REASON) != BLANK)
        self._rows += batch.raw.height + lost.height
        for lines in (batch.raw[LINE], lost[LINE]):
            if len(lines):
                self._last_row = max(self._last_row, int(lines[-1]))
        self._endings += batch.endings
        if lost.height:
            self._unknown.update(self._columns)
        for name in self._columns:
            self._add_up(name, typed)

    def _add_up(self, name: str, typed: pl.DataFrame) -> None:
        import polars as pl

        undecided = UNDECIDED + name
        if undecided in typed.columns and typed[undecided].any():
            self._unknown.add(name)
            return
        column = self._columns[name]
        exact = pl.Decimal(casting.DECIMAL_DIGITS, column.scale if column.type is ColumnType.DECIMAL else 0)
        try:
            total = typed.select(pl.col(name).cast(exact).sum()).item()
        except pl.exceptions.PolarsError:  # more than 38 digits
            self._unknown.add(name)
            return
        self._sums[name] = _EXACT.add(self._sums[name], total)

    def close(self) -> Account:
        """The account, without problems where all is well."""
        problems: set[Disagreement] = {Disagreement.NO_HEAD} if self._headless else set()
        columns: list[str] = []
        announced: int | None = None
        if self._trailer is not None and not self._endings:
            problems.add(Disagreement.NO_TRAILER)
        elif len(self._endings) > 1:
            problems.add(Disagreement.SEVERAL)
        for ending in self._endings[:1]:
            if ending.line < self._last_row:
                problems.add(Disagreement.NOT_LAST)
            if len(self._endings) == 1:
                announced = self._compare(ending, problems, columns)
        return Account(
            problems=frozenset(problems),
            columns=tuple(columns),
            lines=tuple(ending.line for ending in self._endings),
            rows=self._rows,
            announced=announced,
            says=announced if Disagreement.ROWS in problems else self._agreed(),
        )

    def _agreed(self) -> int | None:
        """The rows that came, where the one trailer names as many."""
        asked = self._trailer is not None and self._trailer.rows is not None and len(self._endings) == 1
        return self._rows if asked and self._number(self._endings[0].rows, _WHOLE) == self._rows else None

    def _compare(self, ending: Ending, problems: set[Disagreement], columns: list[str]) -> int | None:
        announced: int | None = None
        if self._trailer is not None and self._trailer.rows is not None:
            count = self._number(ending.rows, _WHOLE)
            if count is None:
                problems.add(Disagreement.UNREADABLE)
            elif count != self._rows:
                problems.add(Disagreement.ROWS)
                announced = int(count) if 0 <= count <= 10 * self._rows + 1_000 else None
        for name, column in self._columns.items():
            total = self._number(ending.sums.get(name), column if column.type is ColumnType.DECIMAL else _WHOLE)
            if total is None:
                problems.add(Disagreement.UNREADABLE)
            elif name not in self._unknown and total != self._sums[name]:
                problems.add(Disagreement.SUMS)
                columns.append(name)
        return announced

    def _number(self, text: str | None, column: Column) -> Decimal | None:
        """Read as strictly as a row's values are."""
        import polars as pl

        found = pl.DataFrame({"number": [text]}, schema={"number": pl.String})
        value: Decimal | None = found.select(casting.from_text(pl.col("number"), column, self._form).value).item()
        return value
