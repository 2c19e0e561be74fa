"""Names of columns enter; leave expressions that read just those columns: to Polars, `*` and `^…$` name several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def exactly(name: str) -> pl.Expr:
    """Read the column of this very name, which may look like a pattern."""
    import polars as pl
    import polars.selectors as cs

    return cs.by_name(name).as_expr() if _looks_like_pattern(name) else pl.col(name)


def values_of(name: str) -> pl.Expr:
    """Read a column's values, for expressions: as a Series, they have no name that Polars takes for a pattern."""
    return exactly(name).alias("values") if _looks_like_pattern(name) else exactly(name)


def all_of(names: Iterable[str]) -> list[pl.Expr]:
    """Read the columns of these very names, in this order."""
    return [exactly(name) for name in names]


def unused(name: str, names: Iterable[str]) -> str:
    """Lengthen a name until no column has it."""
    taken = set(names)
    while name in taken:
        name += "_"
    return name


def _looks_like_pattern(name: str) -> bool:
    return name == "*" or (name.startswith("^") and name.endswith("$"))
