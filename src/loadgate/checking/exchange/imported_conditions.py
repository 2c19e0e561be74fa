"""A row_condition as GX writes it, new or old, in; out, the same in the grammar of our suites, or why it cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadgate.checking.engine.conditions import plain_condition
from loadgate.checking.engine.faults import CannotEvaluateError

_WORDS = {"==": "equal", "!=": "not_equal", "<": "less", "<=": "at_most", ">": "greater", ">=": "at_least"}
_LISTS = {"IN": "among", "NOT_IN": "not_among"}
_TURNED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "IN": "NOT_IN", "NOT_IN": "IN"}


class CannotSayError(Exception):
    """Carries the reason, in words of ours."""


def condition_of(condition: Any, *, parser: str | None) -> dict[str, Any] | None:
    """`where` as YAML would hold it; None for no condition. Raises: CannotSayError."""
    try:
        plain = plain_condition(condition, parser=parser)
        return None if plain is None else _said(plain, negated=False)
    except CannotEvaluateError as fault:
        raise CannotSayError(fault.reason) from None
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise CannotSayError("its row_condition is of no form that GX writes") from None


def _said(plain: Mapping[str, Any], *, negated: bool) -> dict[str, Any]:
    if "column" in plain and (plain["type"] == "text" or plain["column"].get("taken")):
        raise CannotSayError("its row_condition asks for a part of a column's values")
    match plain["type"]:
        case "not":
            return _said(plain["condition"], negated=not negated)
        case "and" | "or":
            parts = [_said(part, negated=negated) for part in plain["conditions"]]
            if not parts:
                raise CannotSayError("its row_condition is an empty group")
            together = (plain["type"] == "and") is not negated
            return parts[0] if len(parts) == 1 else {"all" if together else "any": parts}
        case "nullity":
            return {"column": str(plain["column"]["name"]), "missing": bool(plain["is_null"]) is not negated}
        case "comparison":
            return _compared(plain, negated=negated)
        case _:
            raise CannotSayError("its row_condition compares columns with each other, or computes with them")


def _compared(leaf: Mapping[str, Any], *, negated: bool) -> dict[str, Any]:
    """pandas takes a missing value for unequal to everything, and for nothing else; negated, for the opposite."""
    column, operator, value = str(leaf["column"]["name"]), str(leaf["operator"]), leaf["parameter"]
    missing = bool(leaf.get("missing")) is not negated
    operator = _TURNED[operator] if negated else operator
    said: dict[str, Any]
    if operator in _LISTS:
        if not isinstance(value, list | tuple) or not all(map(_is_scalar, value)):
            raise CannotSayError("its row_condition compares with something that is no list of values")
        said = {"column": column, _LISTS[operator]: list(value)}
    else:
        if not _is_scalar(value):
            raise CannotSayError("its row_condition compares with something that is no value")
        said = {"column": column, "is": _WORDS[operator], "value": value}
    return {"any": [said, {"column": column, "missing": True}]} if missing else said


def _is_scalar(value: object) -> bool:
    return isinstance(value, bool | int | float | str)
