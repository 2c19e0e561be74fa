"""A frame's schema enters; leave the columns of the table in it, and what tells its failed casts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What there is around a delivered table: columns of its frame that are not its own, and other tables.

    `undecided` names, per column, the boolean column that says where a value failed to cast; `aside` names further
    columns. `references` are tables that rules may ask for by name.
    """

    undecided: Mapping[str, str] = field(default_factory=dict)
    aside: Collection[str] = ()
    references: Mapping[str, pl.LazyFrame] = field(default_factory=dict)

    def delivered(self, schema: Mapping[str, pl.DataType]) -> Mapping[str, pl.DataType]:
        """The table's own part of its frame's schema."""
        hidden = {*self.aside, *self.undecided.values()}
        return {name: dtype for name, dtype in schema.items() if name not in hidden} if hidden else schema

    def flags(self, schema: Mapping[str, pl.DataType]) -> dict[str, pl.Expr]:
        """Make, per column, the expression that is true where its value failed to cast.

        Raises: KeyError if a named flag column is not in the frame: silently taking it for "all fine" would pass rows.
        """
        import polars as pl

        for name in self.undecided.values():
            if name not in schema:
                raise KeyError(f"the flag column {name} is not in the frame")
        return {column: pl.col(flag).fill_null(False) for column, flag in self.undecided.items()}

    def of_rows(self, *, doubted: Collection[str]) -> Surroundings:
        """The same around rows of which only these columns may have failed casts."""
        up = {column: flag for column, flag in self.undecided.items() if column in doubted}
        return replace(self, undecided=up, aside=(*self.aside, *self.undecided.values()))


ALONE: Final = Surroundings()
"""A table that is all of its frame, and the only one."""
