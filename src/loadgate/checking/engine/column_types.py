"""The type that a suite asks for and the one that a column has enter, as names; leaves whether they agree."""

from __future__ import annotations

import re
from typing import Final

from loadgate.checking.engine.faults import CannotEvaluateError

_INTEGERS: Final = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64, 128))
_FLOATS: Final = frozenset(("float32", "float64"))
_TEXTS: Final = frozenset(("string", "categorical", "enum"))
_PLAIN: Final = frozenset(("boolean", "date", "datetime", "time", "duration", "decimal", "binary", "list", "null"))
_FAMILIES: Final[dict[str, frozenset[str]]] = {
    "int": _INTEGERS,
    "integer": _INTEGERS,
    "float": _FLOATS,
    "double": frozenset(("float64",)),
    "str": _TEXTS,
    "object": _TEXTS,
    "category": frozenset(("categorical", "enum")),
    "bool": frozenset(("boolean",)),
    "datetime64": frozenset(("datetime",)),
    "datetime64[ns]": frozenset(("datetime",)),
    "timestamp": frozenset(("datetime",)),
    **dict.fromkeys(("text", "varchar", "char", "nvarchar", "stringtype"), _TEXTS),
    **dict.fromkeys(("bigint", "smallint", "tinyint", "integertype", "longtype", "shorttype"), _INTEGERS),
    **dict.fromkeys(("real", "double_precision", "floattype", "doubletype"), _FLOATS),
    **dict.fromkeys(("numeric", "decimaltype"), frozenset(("decimal",))),
    **dict.fromkeys(("timestamptype", "timestamp_ntz", "timestamp_tz"), frozenset(("datetime",))),
    "booleantype": frozenset(("boolean",)),
    "datetype": frozenset(("date",)),
}
"""Words of Python, pandas, SQL and Spark for types: a suite written for another of GX's engines keeps working."""
_ALL: Final = _FAMILIES | {name: frozenset((name,)) for name in _INTEGERS | _FLOATS | _TEXTS | _PLAIN}


def has_type(actual: str, wanted: str) -> bool:
    """Compare a Polars type's name with a wanted one: Polars' own, or Python's or pandas' word for it.

    Polars' parameters count only if they are asked for: `Decimal` is any decimal, `Decimal(18, 2)` just that.
    Raises: CannotEvaluateError if the wanted type is no type that this engine knows.
    """
    if "(" in wanted:
        return _bare(actual) == _bare(wanted)
    family = _ALL.get(wanted.casefold())
    if family is None:
        raise CannotEvaluateError(f"the type {wanted} is not known to this engine")
    return actual.partition("(")[0].casefold() in family


def _bare(name: str) -> str:
    """Drop parameters' names, quotes and spaces: `Decimal(precision=18, scale=2)` is `decimal(18,2)`."""
    return re.sub(r"\w+=|['\"\s]", "", name).casefold()
