"""A small summary of a delivery's typed rows without personal data: in, columns and hashes; out, what can be compared.

Impostors, drift and forecasts use it, so that the rows themselves can go when their retention ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPrint:
    """One column that is not personal.

    `sum` is exact decimal text, None where the type has no sum or the sum has too many digits. `categories` counts
    the values of a column with few distinct ones; a value that stands in fewer than five rows is never named, their
    count stands in `others`.
    """

    name: str
    type: str  # a ColumnType
    nulls: int
    distinct: int  # nulls aside
    sum: str | None = None
    categories: tuple[tuple[str, int], ...] = ()
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """`columns` names all columns, personal ones too; `sha256` is of the sorted content, so order does not matter."""

    rows: int
    columns: tuple[str, ...]
    prints: tuple[ColumnPrint, ...]
    sha256: str

    def of(self, column: str) -> ColumnPrint | None:
        """The print of a column; None if it is personal or unknown."""
        return next((found for found in self.prints if found.name == column), None)

    def to_plain(self) -> dict[str, object]:
        """Plain values for JSON; `from_plain` reads them back."""
        return {
            "rows": self.rows,
            "columns": list(self.columns),
            "sha256": self.sha256,
            "prints": [
                {
                    "name": found.name,
                    "type": found.type,
                    "nulls": found.nulls,
                    "distinct": found.distinct,
                    "sum": found.sum,
                    "categories": [[value, count] for value, count in found.categories],
                    "others": found.others,
                }
                for found in self.prints
            ],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, object]) -> Fingerprint:
        """Raises KeyError or TypeError for anything but what `to_plain` gives."""
        rows, columns, prints, digest = (plain[key] for key in ("rows", "columns", "prints", "sha256"))
        if not (isinstance(rows, int) and isinstance(columns, list) and isinstance(prints, list)):
            raise TypeError("not a fingerprint")
        return cls(
            rows=rows,
            columns=tuple(map(str, columns)),
            sha256=str(digest),
            prints=tuple(
                ColumnPrint(**{**found, "categories": tuple((str(v), int(n)) for v, n in found["categories"])})
                for found in prints
            ),
        )
