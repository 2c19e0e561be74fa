"""Two results of one expectation enter; leaves how they differ, or nothing."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

RAISED = "raised"
RESULTS = "success"
_ORDERLESS = ("partial_unexpected_counts", "value_counts", "partial_missing_list")
_TYPE_CHECKS = ("expect_column_type_to_be", "expect_column_values_to_be_of_type")
_TYPE_CHECKS += ("expect_column_values_to_be_in_type_list",)
_DISTINCT = "observed_value"


def differences(theirs: Any, ours: Any) -> dict[str, tuple[Any, Any]]:
    """Name the parts of two results that differ, each with both values. Both raising counts as the same."""
    raised = has_raised(theirs), has_raised(ours)
    if _about(theirs) != _about(ours):
        return {"configuration": (_about(theirs), _about(ours))}
    if theirs.expectation_config.type in _TYPE_CHECKS and not any(raised):  # each engine has its own names for types
        return {} if bool(theirs.success) == bool(ours.success) else {RESULTS: (theirs.success, ours.success)}
    if any(raised):
        return {} if all(raised) else {RAISED: raised}
    found = {} if bool(theirs.success) == bool(ours.success) else {RESULTS: (bool(theirs.success), bool(ours.success))}
    left, right = dict(theirs.result or {}), dict(ours.result or {})
    for name in sorted(left.keys() | right.keys()):
        if name not in left or name not in right:
            found[name] = (left.get(name, "(absent)"), right.get(name, "(absent)"))
        elif name == "unexpected_index_query":  # a text for people, in the language of the engine
            if type(left[name]) is not type(right[name]):
                found[name] = left[name], right[name]
        elif not same(plain(left[name], name), plain(right[name], name)):
            found[name] = left[name], right[name]
    return found


def _about(result: Any) -> tuple[Any, Any]:
    configuration = result.expectation_config
    return configuration.severity, configuration.meta.get("place")


def message(result: Any) -> str:
    """What a result says about its exception."""
    info = result.exception_info or {}
    inner = info if "exception_message" in info else next((v for v in info.values() if isinstance(v, dict)), {})
    return str(inner.get("exception_message"))


def has_raised(result: Any) -> bool:
    info = result.exception_info or {}
    return bool(info.get("raised_exception", any(isinstance(value, dict) for value in info.values())))


def plain(value: Any, name: str = "") -> Any:
    """Bring a value to one form, whatever library made it; a day is its midnight, a missing value is None."""
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        value = value.to_dict("records")
    if hasattr(value, "tolist") and not isinstance(value, (str, bytes)):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(part, str(key)) for key, part in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(part) for part in value), key=_order)
    if isinstance(value, list | tuple):
        made = [plain(part) for part in value]
        if name == "partial_unexpected_counts":
            made = _added_up(made)
        return sorted(made, key=_order) if name in _ORDERLESS or (name == _DISTINCT and _flat(made)) else made
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return None if value != value else value
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        return value.isoformat()[:19]
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time()).isoformat()
    return value


def _added_up(counts: list[Any]) -> list[Any]:
    """In Python NaN is unequal to itself, so that GX counts values with one each apart."""
    total: dict[str, dict[str, Any]] = {}
    for entry in counts:
        if "count" not in entry:
            return counts
        key = repr(_shown_all(entry["value"]))
        total.setdefault(key, {"value": entry["value"], "count": 0})["count"] += entry["count"]
    return list(total.values())


def _shown_all(value: Any) -> Any:
    return [_shown(part) for part in value] if isinstance(value, list) else _shown(value)


def _flat(values: list[Any]) -> bool:
    return not any(isinstance(value, dict | list) for value in values)


def _order(value: Any) -> tuple[str, Any]:
    if isinstance(value, int | float | Decimal):
        return "number", float(value)
    if isinstance(value, dict):
        return "dict", str({name: _shown(part) for name, part in sorted(value.items())})
    return type(value).__name__, str(value)


def _shown(value: Any) -> Any:
    return float(value) if isinstance(value, int | float | Decimal) else value


def same(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if _number(left) and _number(right):
        return math.isclose(float(left), float(right), rel_tol=1e-7, abs_tol=1e-9)
    return type(left) is type(right) and bool(left == right)


def _number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal)
