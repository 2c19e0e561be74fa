"""A small summary of a delivery's typed rows without personal data: in, columns and hashes; out, what can be compared.

Impostors, drift and forecasts use it, so that the rows themselves can go when their retention ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from loadgate.model.identity import key_of


def category_pseudonym(column: str, value: str) -> str:
    """What stands for a value in a fingerprint: a sender can write anything into any column."""
    return key_of(column, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPrint:
    """One column that is not personal.

    `sum` is exact decimal text, None where the type has no sum or the sum has too many digits. `categories` counts
    the values of a column with few distinct ones, each under its pseudonym; a value that stands in fewer than five
    rows has none, their count stands in `others`.
    """

    name: str
    type: str  # a ColumnType
    nulls: int
    distinct: int  # nulls aside; exact up to 65,535, to about 1 % beyond
    sum: str | None = None
    categories: tuple[tuple[str, int], ...] = ()
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPrint:
    """One provider's rows in a file for several; `sha256` leaves its name aside, so that two can be compared."""

    provider: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """`columns` names all columns, personal ones too; `sha256` is of the sorted content, so order does not matter.

    `providers`: those expected that have rows, by name, where the dataset's rows say whose they are.
    """

    rows: int
    columns: tuple[str, ...]
    prints: tuple[ColumnPrint, ...]
    sha256: str
    providers: tuple[ProviderPrint, ...] = ()

    def of(self, column: str) -> ColumnPrint | None:
        """The print of a column; None if it is personal or unknown."""
        return next((found for found in self.prints if found.name == column), None)
