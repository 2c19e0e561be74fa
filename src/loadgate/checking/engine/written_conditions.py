"""A row_condition written as text enters; leaves the same condition as nested dicts, or a reason why it cannot be read.

The text is only taken apart, never run: Python's own grammar gives the tree, and most of its nodes are refused.
"""

from __future__ import annotations

import ast
import datetime as dt
import io
import re
import tokenize
from typing import Any, Final

from loadgate.checking.engine.column_parts import CONTAINS, CONTAINS_TEXT, ENDS, MATCHES, MATCHES_ALL, PARTS, STARTS
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
_SUMS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_UTC: Final = ("datetime.timezone.utc", "datetime.UTC")
_NULLITY: Final = {"isnull": True, "isna": True, "isNull": True, "notnull": False, "notna": False, "notNull": False}
_COMPARING: Final = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_INCLUSIVE: Final = {"both": (">=", "<="), "neither": (">", "<"), "left": (">=", "<"), "right": (">", "<=")}
_BEGINS_OR_ENDS: Final = (STARTS, ENDS)
_PATTERNS: Final = (CONTAINS, MATCHES, MATCHES_ALL)


def _parts(about: str) -> list[str]:
    return [part.removeprefix(about) for part in PARTS if part.startswith(about)]


_YES_OR_NO: Final = (*_NULLITY, *_COMPARING, "isin", "between", *_BEGINS_OR_ENDS, *_PATTERNS)
_QUOTED: Final = re.compile(
    r"""(?P<before>[a-zA-Z]*)(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|`(?P<name>[^`]*)`""", re.DOTALL
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_PYTHONS: Final = frozenset("\n\\'\"abfnrtv01234567xNuU")  # what may stand behind a backslash in a text of Python
_MOST: Final = 4_000  # characters: a longer condition belongs into a column
_MOST_SHOWN: Final = 80
_NO_SENSE: Final = (
    "it is no expression of pandas' query language: conditions are joined by and, or, not; == compares; texts stand in "
    "quotes, and names that are no single words in backticks"
)
_READ: Final = (
    "only isnull(), notnull(), isin(), between() and abs() are read here, of texts str."
    f"{', '.join([*_PATTERNS, *_BEGINS_OR_ENDS, *_parts('str.')])}, of moments dt.{', '.join(_parts('dt.'))}; "
    "let a column of the table hold what else is computed"
)
_NO_NONE: Final = "pandas finds nothing equal to None; column.isnull() or column.notnull() asks for missing values"


class _UnreadError(ValueError):
    """Says why a condition is not read, and, if known, at which part of it."""

    def __init__(self, why: str, *, at: ast.expr | None = None) -> None:
        super().__init__(why)
        self.why, self.at = why, at


def read_condition(text: str, *, parser: str | None) -> dict[str, Any]:
    """Read a condition in pandas' query language, or in GX's own older one: `col("n") > 5`.

    Beside the forms of GX's condition objects, the result may have `{"type": "not", "condition": ...}`,
    `{"type": "text", "column": ..., "test": ..., "parameter": ..., "missing": ...}`, and
    `{"type": "compared", "left": operand, "operator": ..., "right": operand}`, an operand being `{"column": name}`,
    `{"value": ...}`, `{"absolute": operand}` or `{"sum": sign, "left": ..., "right": ...}`, and leaves with
    `"missing": true`: as in pandas, a missing value is unequal to everything; `"alone": true` says that the column
    itself is the condition. A column may have `"taken"`, the parts of its values that are asked for, in turn.
    Raises: CannotEvaluateError if the parser or the text is not known. It shows the part in question without its texts.
    """
    if parser not in (*PARSERS, _OWN_ONCE):
        read = ", ".join(PARSERS)
        raise CannotEvaluateError(
            f"its row_condition is written as text, and its condition_parser is none of those read: {read}"
        )
    if len(text) > _MOST:
        raise CannotEvaluateError("its row_condition is too long to be read")
    names: dict[str, str] = {}
    try:
        tree = ast.parse(_plain_words(text, names), mode="eval").body
        return _Reader(names, missing=parser not in (OWN, _OWN_ONCE)).condition(tree)
    except _UnreadError as fault:
        told = fault.why if fault.at is None else f"{_shown(fault.at, names)}: {fault.why}"
    except (SyntaxError, tokenize.TokenError, IndentationError, RecursionError, ValueError, OverflowError, MemoryError):
        told = _NO_SENSE
    raise CannotEvaluateError(f"its row_condition cannot be read as a condition: {told}")


def _plain_words(text: str, names: dict[str, str]) -> str:
    """Write pandas' signs as Python's words, and `names in backticks` as words, which are added to `names`."""

    def stand_in(found: re.Match[str]) -> str:
        if found["text"] is not None:
            return found[0] if "r" in found["before"].lower() else _ESCAPED.sub(_escaped, found[0])
        word = f"quoted_name_{len(names)}_"
        names[word] = found["name"]
        return f" {word} "

    joined = _QUOTED.sub(stand_in, text).strip().replace("\n", " ")
    words: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(joined).readline):
        if token.type == tokenize.OP and token.string == "@":
            raise _UnreadError("@ names a variable of a program, and there is none here; write its value")
        names_argument = token.string == "=" and words[-2:-1] == [","]
        sign = token.type == tokenize.OP and not names_argument
        words.append(_WORDS.get(token.string, token.string) if sign else token.string)
    return " ".join(words).strip()


def _escaped(found: re.Match[str]) -> str:
    r"""Write what Python does not know, \d for one, as it takes it: it would warn of it."""
    return found[0] if found[1] in _PYTHONS else "\\" + found[0]


def _shown(node: ast.expr, names: dict[str, str]) -> str:
    """A part of a condition as it was written, without its texts: they may be of persons."""

    class Elided(ast.NodeTransformer):
        def visit(self, found: ast.AST) -> Any:
            return ast.Name(id="f'...'") if isinstance(found, ast.JoinedStr) else super().visit(found)

        def visit_Constant(self, found: ast.Constant) -> ast.AST:
            return ast.Name(id="'...'") if isinstance(found.value, str | bytes) else found

        def visit_Name(self, found: ast.Name) -> ast.AST:
            return ast.Name(id=f"`{names[found.id]}`") if found.id in names else found

    shown = ast.unparse(Elided().visit(node))
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}..."


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
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[right]) if said := _yes_or_no(
                left, right
            ):
                condition, truth = self.condition(said[0]), said[1]
                return condition if truth is isinstance(op, ast.Eq) else {"type": "not", "condition": condition}
            case ast.Compare(left=left, ops=ops, comparators=rights):
                sides = [left, *rights]
                leaves = [self._leaf(*parts, at=node) for parts in zip(sides, ops, rights, strict=False)]
                if not any("column" in leaf or "value" not in leaf["left"] for leaf in leaves):
                    raise _UnreadError(
                        "it compares values with each other; a column's name stands without quotes", at=node
                    )
                return leaves[0] if len(leaves) == 1 else {"type": "and", "conditions": leaves}
            case ast.Call(func=ast.Attribute(value=of, attr=attr)) if attr in _YES_OR_NO:
                return self._asked(node, of, attr)
            case ast.Name() | ast.Call(func=ast.Name(id="col")):
                column = self._column(node)
                return {"type": "comparison", "column": column, "operator": "==", "parameter": True, "alone": True}
            case ast.Call():
                raise _UnreadError(_READ, at=node)
            case _:
                raise _UnreadError("it is neither true nor false in a row; compare it with a value", at=node)

    def _asked(self, node: ast.Call, of: ast.expr, attr: str) -> dict[str, Any]:
        """What is asked of a column by one of its methods that answer yes or no."""
        options = {word.arg: word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)}
        match node.args:
            case [] if attr in _NULLITY and not node.keywords:
                return {"type": "nullity", "column": self._column(of), "is_null": _NULLITY[attr]}
            case [listed] if attr == "isin" and not node.keywords:
                return self._leaf(of, ast.In(), listed, at=node) | {"missing": False}
            case [other] if attr in _COMPARING and not node.keywords:
                return self._compare(of, _COMPARING[attr], other, at=node)
            case [low, high] if attr == "between" and len(options) == len(node.keywords):
                inclusive = _INCLUSIVE.get(str(options.pop("inclusive", "both")))
                if inclusive is not None and not options:
                    limits = zip(inclusive, (low, high), strict=True)
                    return {"type": "and", "conditions": [self._compare(of, *one, at=node) for one in limits]}
            case [ast.Constant() | ast.Tuple() as given] if len(options) == len(node.keywords):
                if isinstance(of, ast.Attribute) and of.attr == "str":
                    return self._about_text(node, of.value, attr, self._operand(given).get("value"), options)
        raise _UnreadError(_READ, at=node)

    def _about_text(
        self, node: ast.Call, of: ast.expr, attr: str, wanted: Any, options: dict[str | None, Any]
    ) -> dict[str, Any]:
        """What is asked of a text. As in pandas, a missing one has nothing in it, unless `na` says otherwise."""
        missing, case, regex = (
            options.pop(name, usual) for name, usual in (("na", False), ("case", True), ("regex", True))
        )
        literal = attr == CONTAINS and regex is False
        texts = wanted if attr in _BEGINS_OR_ENDS and isinstance(wanted, list) else [wanted]
        flags = (missing, case, regex)
        if options or not all(isinstance(one, bool) for one in flags) or not all(isinstance(one, str) for one in texts):
            raise _UnreadError(_READ, at=node)
        if not case and (literal or attr in _BEGINS_OR_ENDS):
            raise _UnreadError("case=False is for patterns; ask str.lower() instead", at=node)
        test = CONTAINS_TEXT if literal else attr
        parameter = texts if attr in _BEGINS_OR_ENDS else wanted if case else f"(?i){wanted}"
        return {"type": "text", "column": self._column(of), "test": test, "parameter": parameter, "missing": missing}

    def _leaf(self, left: ast.expr, op: ast.cmpop, right: ast.expr, *, at: ast.expr) -> dict[str, Any]:
        if type(op) not in _OPERATORS:
            raise _UnreadError("pandas has no is; == compares, and column.isnull() asks for missing values", at=at)
        return self._compare(left, _OPERATORS[type(op)], right, at=at)

    def _compare(self, left: ast.expr, operator: str, right: ast.expr, *, at: ast.expr) -> dict[str, Any]:
        if any(isinstance(side, ast.Constant) and side.value is None for side in (left, right)):
            raise _UnreadError(_NO_NONE, at=at)
        one, other = self._operand(left), self._operand(right)
        if "value" in one and operator in _TURNED:
            one, operator, other = other, _TURNED[operator], one
        if "value" in other:
            listed = isinstance(other["value"], list)
            if listed and operator in ("==", "!="):
                operator = "IN" if operator == "==" else "NOT_IN"
            if listed != (operator in ("IN", "NOT_IN")):
                raise _UnreadError("a list is compared with in or not in, and they with nothing else", at=at)
        elif operator in ("IN", "NOT_IN"):
            raise _UnreadError("in needs a column on its left and a list of values on its right", at=at)
        missing = self.missing and operator in ("!=", "NOT_IN")
        if "column" in one and "value" in other:
            column = {"name": one["column"], **({"taken": one["taken"]} if "taken" in one else {})}
            leaf = {"type": "comparison", "column": column, "operator": operator, "parameter": other["value"]}
            return {**leaf, **({"missing": True} if missing else {})}
        return {"type": "compared", "left": one, "operator": operator, "right": other, "missing": self.missing}

    def _operand(self, node: ast.expr) -> dict[str, Any]:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return {"value": value}
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=ast.Constant(value=int() | float() as value)):
                return {"value": -value if isinstance(sign, ast.USub) else value}
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return {"sum": "-", "left": {"value": 0}, "right": self._operand(operand)}
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._operand(operand)
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                if any(isinstance(part, ast.Constant) and part.value is None for part in parts):
                    raise _UnreadError(_NO_NONE, at=node)
                operands = [self._operand(part) for part in parts]
                if any(isinstance(operand.get("value", []), list) for operand in operands):
                    raise _UnreadError("a list holds values only", at=node)
                return {"value": [operand["value"] for operand in operands]}
            case ast.Call(func=ast.Name(id="date"), args=[ast.Constant(value=str() as value)], keywords=[]):
                return {"value": value}
            case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime"), attr="date"), args=args, keywords=[]):
                return {"value": dt.date(*_whole_numbers(args, at=node))}
            case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime"), attr="datetime"), args=args, keywords=more):
                moment = dt.datetime(*_whole_numbers(args, at=node))
                return {"value": moment.replace(tzinfo=_zone(more, at=node))}
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SUMS:
                return {"sum": _SUMS[type(op)], "left": self._operand(left), "right": self._operand(right)}
            case ast.Call(func=ast.Name(id="abs"), args=[of], keywords=[]):
                return {"absolute": self._operand(of)}
            case ast.Call(func=ast.Attribute(value=of, attr="abs"), args=[], keywords=[]):
                return {"absolute": self._operand(of)}
            case _:
                column = self._column(node)
                return {"column": column.pop("name"), **column}

    def _column(self, node: ast.expr) -> dict[str, Any]:
        """A column's name, and the parts of its values that are asked for."""
        match node:
            case ast.Name(id=name):
                return {"name": self.names.get(name, name)}
            case ast.Call(func=ast.Name(id="col"), args=[ast.Constant(value=str() as name)], keywords=[]):
                return {"name": name}
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(value=of, attr="str"), attr=attr), args=[], keywords=[]
            ) if f"str.{attr}" in PARTS:
                return self._part(of, f"str.{attr}")
            case ast.Attribute(value=ast.Attribute(value=of, attr="dt"), attr=attr) if f"dt.{attr}" in PARTS:
                return self._part(of, f"dt.{attr}")
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp():
                raise _UnreadError("it is a condition; join conditions by and, or, not", at=node)
            case ast.BinOp():
                raise _UnreadError(f"of numbers it knows {' '.join(_SUMS.values())} alone", at=node)
            case _:
                raise _UnreadError(_READ, at=node)

    def _part(self, of: ast.expr, part: str) -> dict[str, Any]:
        column = self._column(of)
        return {**column, "taken": [*column.get("taken", ()), part]}


def _yes_or_no(left: ast.expr, right: ast.expr) -> tuple[ast.expr, bool] | None:
    """The condition of `condition == True`, either way round, and what it is to be; None if it is none."""
    for one, other in ((left, right), (right, left)):
        match one, other:
            case (
                ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not() | ast.Invert()) | ast.Call(),
                ast.Constant(value=bool() as truth),
            ):
                method = one.func.attr if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) else ""
                return (one, truth) if not isinstance(one, ast.Call) or method in _YES_OR_NO else None
    return None


def _whole_numbers(nodes: list[ast.expr], *, at: ast.expr) -> list[Any]:
    """Take the parts of a day or a moment out of a call. Raises: ValueError if they are not written as numbers."""
    values = [node.value for node in nodes if isinstance(node, ast.Constant) and type(node.value) is int]
    if len(values) != len(nodes) or not 3 <= len(values) <= 7:
        raise _UnreadError("a day is written as datetime.date(2024, 1, 31), or as '2024-01-31'", at=at)
    return values


def _zone(keywords: list[ast.keyword], *, at: ast.expr) -> dt.tzinfo | None:
    match keywords:
        case []:
            return None
        case [ast.keyword(arg="tzinfo", value=value)] if ast.unparse(value) in _UTC:
            return dt.UTC
        case _:
            raise _UnreadError(f"the only zone that can be named is tzinfo={_UTC[0]}", at=at)
