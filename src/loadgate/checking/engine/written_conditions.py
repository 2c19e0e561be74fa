"""A row_condition written as text enters; leaves the same condition as nested dicts, or a reason why it cannot be read.

The text is only taken apart, never run: Python's own grammar gives the tree, and most of its nodes are refused.
"""

from __future__ import annotations

import ast
import datetime as dt
import io
import tokenize
from collections.abc import Iterable
from typing import Any, Final

from loadgate.checking.engine.faults import CannotEvaluateError

PANDAS: Final = "pandas"
OWN: Final = "great_expectations"
_OWN_ONCE: Final = "great_expectations__experimental__"
PARSERS: Final = (PANDAS, "python", OWN)
_WORDS: Final = {"&": "and", "|": "or", "=": "==", "&&": "and", "||": "or"}
_OPERATORS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "IN",
    ast.NotIn: "NOT_IN",
}
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SUMS: Final[dict[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}
_UTC: Final = ("datetime.timezone.utc", "datetime.UTC")
_NULLITY: Final = {"isnull": True, "isna": True, "isNull": True, "notnull": False, "notna": False, "notNull": False}
_MOST: Final = 4_000  # characters: a longer condition belongs into a column


def read_condition(text: str, *, parser: str | None) -> dict[str, Any]:
    """Read a condition in pandas' query language, or in GX's own older one: `col("n") > 5`.

    Beside the forms of GX's condition objects, the result may have `{"type": "not", "condition": ...}`,
    `{"type": "compared", "left": operand, "operator": ..., "right": operand}`, an operand being `{"column": name}`,
    `{"value": ...}` or `{"sum": sign, "left": ..., "right": ...}`, and leaves with `"missing": true`: as in pandas, a
    missing value is unequal to everything; `"alone": true` says that the column itself is the condition.
    Raises: CannotEvaluateError if the parser or the text is not known.
    """
    if parser not in (*PARSERS, _OWN_ONCE):
        read = ", ".join(PARSERS)
        raise CannotEvaluateError(
            f"its row_condition is written as text, and its condition_parser is none of those read: {read}"
        )
    if len(text) > _MOST:
        raise CannotEvaluateError("its row_condition is too long to be read")
    try:
        plain, names = _plain_words(text)
        tree = ast.parse(plain, mode="eval").body
        return _Reader(names, missing=parser not in (OWN, _OWN_ONCE)).condition(tree)
    except (SyntaxError, tokenize.TokenError, IndentationError, RecursionError, ValueError, OverflowError, MemoryError):
        raise CannotEvaluateError("its row_condition cannot be read as a condition") from None


def _plain_words(text: str) -> tuple[str, dict[str, str]]:
    """Write pandas' signs as Python's words, and `names in backticks` as names without spaces."""
    names: dict[str, str] = {}
    parts = text.split("`")
    if len(parts) % 2 == 0:
        raise ValueError("a backtick is open")
    for index in range(1, len(parts), 2):
        stand_in = f"quoted_name_{index}_"
        names[stand_in] = parts[index]
        parts[index] = f" {stand_in} "
    joined = "".join(parts).strip().replace("\n", " ")
    tokens = tokenize.generate_tokens(io.StringIO(joined).readline)
    words: list[str] = []
    for token in tokens:
        sign = token.type == tokenize.OP and words[-1:] != ["tzinfo"]  # the = after it names an argument
        words.append(_WORDS.get(token.string, token.string) if sign else token.string)
    return " ".join(words).strip(), names


class _Reader:
    """Turns the few nodes that a condition may have into dicts."""

    def __init__(self, names: dict[str, str], *, missing: bool) -> None:
        self.names, self.missing = names, missing

    def condition(self, node: ast.expr) -> dict[str, Any]:
        match node:
            case ast.BoolOp(op=ast.And() | ast.Or() as op, values=values):
                kind = "and" if isinstance(op, ast.And) else "or"
                return {"type": kind, "conditions": [self.condition(value) for value in values]}
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                return {"type": "not", "condition": self.condition(operand)}
            case ast.Compare(left=left, ops=ops, comparators=rights):
                return self._chain([left, *rights], ops)
            case ast.Call(func=ast.Attribute(value=value, attr=attr), args=[], keywords=[]) if attr in _NULLITY:
                return {"type": "nullity", "column": {"name": self._name(value)}, "is_null": _NULLITY[attr]}
            case ast.Name() | ast.Call():
                column = {"name": self._name(node)}
                return {"type": "comparison", "column": column, "operator": "==", "parameter": True, "alone": True}
            case _:
                raise ValueError("this is no condition")

    def _chain(self, sides: list[ast.expr], ops: Iterable[ast.cmpop]) -> dict[str, Any]:
        leaves = [
            self._leaf(left, _OPERATORS[type(op)], right)
            for left, op, right in zip(sides, ops, sides[1:], strict=False)
            if type(op) in _OPERATORS
        ]
        if len(leaves) != len(sides) - 1:
            raise ValueError("this is no comparison")
        return leaves[0] if len(leaves) == 1 else {"type": "and", "conditions": leaves}

    def _leaf(self, left: ast.expr, operator: str, right: ast.expr) -> dict[str, Any]:
        one, other = self._operand(left), self._operand(right)
        if "value" in one and operator in _TURNED:
            one, operator, other = other, _TURNED[operator], one
        if "column" in one and "value" in other:
            listed = isinstance(other["value"], list)
            if listed and operator in ("==", "!="):
                operator = "IN" if operator == "==" else "NOT_IN"
            if listed != (operator in ("IN", "NOT_IN")):
                raise ValueError("a list is compared with in, and nothing else is")
            leaf: dict[str, Any] = {"type": "comparison", "column": {"name": one["column"]}, "operator": operator}
            missing = self.missing and operator in ("!=", "NOT_IN")
            return {**leaf, "parameter": other["value"], **({"missing": True} if missing else {})}
        if operator in ("IN", "NOT_IN"):
            raise ValueError("in needs a list of values")
        return {"type": "compared", "left": one, "operator": operator, "right": other, "missing": self.missing}

    def _operand(self, node: ast.expr) -> dict[str, Any]:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return {"value": value}
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=ast.Constant(value=int() | float() as value)):
                return {"value": -value if isinstance(sign, ast.USub) else value}
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                operands = [self._operand(part) for part in parts]
                if any("value" not in operand for operand in operands):
                    raise ValueError("a list holds values only")
                return {"value": [operand["value"] for operand in operands]}
            case ast.Call(func=ast.Name(id="date"), args=[ast.Constant(value=str() as value)], keywords=[]):
                return {"value": value}
            case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime"), attr="date"), args=args, keywords=[]):
                return {"value": dt.date(*_whole_numbers(args))}
            case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime"), attr="datetime"), args=args, keywords=more):
                return {"value": dt.datetime(*_whole_numbers(args)).replace(tzinfo=_zone(more))}
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SUMS:
                return {"sum": _SUMS[type(op)], "left": self._operand(left), "right": self._operand(right)}
            case _:
                return {"column": self._name(node)}

    def _name(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return self.names.get(name, name)
            case ast.Call(func=ast.Name(id="col"), args=[ast.Constant(value=str() as name)], keywords=[]):
                return name
            case _:
                raise ValueError("this is no column")


def _whole_numbers(nodes: list[ast.expr]) -> list[Any]:
    """Take the parts of a day or a moment out of a call. Raises: ValueError if they are not written as numbers."""
    values = [node.value for node in nodes if isinstance(node, ast.Constant) and type(node.value) is int]
    if len(values) != len(nodes) or not 3 <= len(values) <= 7:
        raise ValueError("this is no day and no moment")
    return values


def _zone(keywords: list[ast.keyword]) -> dt.tzinfo | None:
    match keywords:
        case []:
            return None
        case [ast.keyword(arg="tzinfo", value=value)] if ast.unparse(value) in _UTC:
            return dt.UTC
        case _:
            raise ValueError("this is no moment")
