"""A column of days or moments enters with Hypothesis' choices; leave row_conditions on it, and facts about any.

What a condition compares with is a text in every second frame, a day or a moment in the others: GX names a metric by
the text of its condition, so that both in one run would be one metric.
"""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Callable
from typing import Any

OLDER_ABOUT_MOMENTS: dict[str, Callable[[Any], Any]] = {
    'col("a") >= date("2024-01-02")': lambda column: column("a") >= dt.date(2024, 1, 2),
    'col("a") < date("2024-02-01")': lambda column: column("a") < dt.date(2024, 2, 1),
    'col("a") == date("2024-01-02")': lambda column: column("a") == dt.date(2024, 1, 2),
}
"""Conditions in GX's own older language on a column of days or moments, and what they say."""
_NOT_ISO = "Jan 2, 2024"
_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "IN",
    ast.NotIn: "NOT_IN",
}
"""The order of a written comparison's sides is of no interest here."""


def draw_condition(a: Any, columns: list[str]) -> dict[str, Any]:
    """Draw a condition on one of the columns, in pandas' query language or as one of GX's objects."""
    from great_expectations.expectations.row_conditions import Column

    name = a.one(*columns)
    as_text = writes_texts(a.sample)
    one, other = (_operand(a, name, as_text=as_text) for _ in range(2))
    texts = [_text(a, _moment(a, name)) for _ in range(2)]
    if a.chance(2):
        written = [
            f"{name} == {one!r}", f"{name} != {one!r}", f"{name} < {one!r}", f"{name} >= {one!r}",
            f"{one!r} <= {name}", f"{name} >= {one!r} and g <= 1", f"not {name} < {one!r}",
            f"{name} == {one!r} or {name} > {other!r}",
        ]  # fmt: skip
        written += [f"{name} in {texts!r}", f"{name} not in {texts!r}", f"{name} == {texts!r}"] if as_text else []
        return {"row_condition": a.one(*written), "condition_parser": "pandas"}
    column = Column(name)
    objects = [
        column == one, column != one, column < one, column >= one, column <= one, column > one,
        (column >= one) & (Column("g") <= 1), (column == one) | (column > other),
    ]  # fmt: skip
    objects += (
        [column.is_in(texts), column.is_not_in(texts), (column != one) & column.is_not_in(texts)] if as_text else []
    )
    return {"row_condition": a.one(*objects)}


def writes_texts(sample: Any) -> bool:
    return bool(sample.frame.height % 2)


def _moment(a: Any, name: str) -> dt.date:
    """A day or moment of the column, or another one; in a column with a zone mostly with one."""
    kind, own = a.sample.kinds[name], a.sample.values(name)
    value = a.one(*own) if own and not a.chance(4) else a.draw(kind.values)
    value = value.replace(fold=0) if isinstance(value, dt.datetime) else value  # of Hypothesis, and of no interest
    if kind.name == "zoned":
        return value.replace(tzinfo=None) if a.chance(4) else value.astimezone(dt.UTC) if value.tzinfo else value
    return value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) and a.chance(12) else value


def _operand(a: Any, name: str, *, as_text: bool) -> Any:
    if a.chance(20):
        return a.one(5, 2.5, _NOT_ISO)
    moment = _moment(a, name)
    return _text(a, moment) if as_text else moment


def _text(a: Any, moment: dt.date) -> str:
    if isinstance(moment, dt.datetime) and moment.time() == dt.time() and not moment.tzinfo and a.chance(2):
        return moment.date().isoformat()
    return moment.isoformat(sep=a.one("T", " ")) if isinstance(moment, dt.datetime) else moment.isoformat()


def condition_facts(condition: Any, sample: Any) -> set[str]:
    """Say which columns of days or moments a condition compares, how, and with what: `compares: == str`."""
    found: set[str] = set()
    for name, operator, values in _leaves(condition):
        kind = sample.kinds.get(name)
        if kind is None or kind.family != "time":
            continue
        found.add(f"condition on {kind.name}")
        for value in values:
            found.add(f"compares: {operator} {type(value).__name__}")
            found |= {"not ISO"} if value == _NOT_ISO else set()
            if (zoned := _has_zone(value)) is not None and zoned != (kind.name == "zoned"):
                found.add("compares across zones")
    return found


def _has_zone(value: Any) -> bool | None:
    if isinstance(value, str) and value != _NOT_ISO:
        value = dt.datetime.fromisoformat(value)
    return value.tzinfo is not None if isinstance(value, dt.datetime) else False if isinstance(value, dt.date) else None


def _leaves(condition: Any) -> list[tuple[str, str, list[Any]]]:
    if isinstance(condition, str):
        older = OLDER_ABOUT_MOMENTS.get(condition)
        return _written_leaves(condition) if older is None else _leaves(_object(older))
    if hasattr(condition, "conditions"):
        return [leaf for part in condition.conditions for leaf in _leaves(part)]
    operator = str(getattr(condition, "operator", ""))
    value = getattr(condition, "parameter", [])
    return [(condition.column.name, operator, list(value) if isinstance(value, list) else [value])]


def _object(older: Callable[[Any], Any]) -> Any:
    from great_expectations.expectations.row_conditions import Column

    return older(Column)


def _written_leaves(text: str) -> list[tuple[str, str, list[Any]]]:
    found = []
    for node in ast.walk(ast.parse(text.replace("`", ""), mode="eval")):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for left, sign, right in zip(sides, node.ops, sides[1:], strict=False):
            column, value = (left, right) if isinstance(left, ast.Name) else (right, left)
            if isinstance(column, ast.Name) and not isinstance(value, ast.BinOp):
                found.append((column.id, _SIGNS[type(sign)], _values(value)))
    return found


def _values(node: ast.expr) -> list[Any]:
    if isinstance(node, ast.Call):
        parts = [ast.literal_eval(part) for part in node.args]
        made = dt.date if ast.unparse(node.func) == "datetime.date" else dt.datetime
        return [made(*parts, **({"tzinfo": dt.UTC} if node.keywords else {}))]
    value = ast.literal_eval(node)
    return value if isinstance(value, list) else [value]
