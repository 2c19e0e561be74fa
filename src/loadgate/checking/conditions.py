"""Conditions of the content's grammar in; out, GX row condition objects, as a disjunction of conjunctions."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

from loadgate.model import conditions as written

_TURNED = {
    "equal": "not_equal",
    "not_equal": "equal",
    "less": "at_least",
    "at_least": "less",
    "greater": "at_most",
    "at_most": "greater",
}
_Leaf = written.Compare | written.Among | written.Missing


def to_gx(condition: written.Condition) -> Any:
    """A GX condition. GX allows no `or` inside `and`, and has no `not`: both are worked out here."""
    from great_expectations.expectations.row_conditions import AndCondition, OrCondition

    # written out flat: GX's own & and | nest, and it then refuses a third alternative
    alternatives = [
        AndCondition(conditions=leaves) if len(leaves) > 1 else leaves[0]
        for leaves in ([_leaf(leaf) for leaf in alternative] for alternative in _alternatives(condition, negated=False))
    ]
    return OrCondition(conditions=alternatives) if len(alternatives) > 1 else alternatives[0]


def _alternatives(condition: written.Condition, *, negated: bool) -> list[list[_Leaf]]:
    """The condition as alternatives, each a list of leaves that hold together."""
    match condition:
        case written.Not():
            return _alternatives(condition.negated, negated=not negated)
        case written.All() | written.Any():
            parts = condition.all if isinstance(condition, written.All) else condition.any
            each = [_alternatives(part, negated=negated) for part in parts]
            together = isinstance(condition, written.All) is not negated
            if not together:
                return [leaves for alternatives in each for leaves in alternatives]
            return [[leaf for leaves in chosen for leaf in leaves] for chosen in product(*each)]
        case written.Compare():
            return [[condition.model_copy(update={"op": _TURNED[condition.op]}) if negated else condition]]
        case written.Missing():
            return [[condition.model_copy(update={"missing": not condition.missing}) if negated else condition]]
        case written.Among():
            return _among(condition, negated=negated)


def _among(condition: written.Among, *, negated: bool) -> list[list[_Leaf]]:
    """GX takes lists of texts and of numbers; of days, true and false each is compared for itself."""
    values = condition.among if condition.among is not None else condition.not_among or ()
    inside = (condition.among is not None) is not negated
    if not any(isinstance(value, bool | date) for value in values):
        return [[written.Among(column=condition.column, **{"among" if inside else "not_among": values})]]
    op = "equal" if inside else "not_equal"
    leaves = [written.Compare.model_validate({"column": condition.column, "is": op, "value": one}) for one in values]
    return [[leaf] for leaf in leaves] if inside else [[*leaves]]


def _leaf(leaf: _Leaf) -> Any:
    from great_expectations.expectations.row_conditions import Column

    column = Column(leaf.column)
    match leaf:
        case written.Missing():
            return column.is_null() if leaf.missing else column.is_not_null()
        case written.Among():
            return column.is_in(leaf.among) if leaf.among is not None else column.is_not_in(leaf.not_among or ())
        case written.Compare():
            return {
                "equal": column.__eq__,
                "not_equal": column.__ne__,
                "less": column.__lt__,
                "at_most": column.__le__,
                "greater": column.__gt__,
                "at_least": column.__ge__,
            }[leaf.op](leaf.value)
