"""A line of a suite and the catalogue of expectations in; what is wrong with the line out, without importing GX.

`gx_catalogue.json` is generated from GX's own models by `loadgate.checking.engine.catalogue`, `own_catalogue.json` from
those of `loadgate.checking.expectations` by `loadgate.checking.own_catalogue`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

from loadgate.content.cross_names import column_fault, value_faults
from loadgate.content.lines import Document, KeyPath, listed, nearest, quoted
from loadgate.content.model_faults import shown
from loadgate.errors import Fault
from loadgate.model.expected import LATE_PARAMETERS, Column, ColumnType, Dataset, ExpectationLine

CATALOGUE = Path(__file__).with_name("gx_catalogue.json")
OWN_CATALOGUE = Path(__file__).with_name("own_catalogue.json")
CODE_LIST = "code_list"  # names a code list in place of `value_set`
PARAMETERS = ("period", "providers", *LATE_PARAMETERS)  # what a suite may ask for by {$PARAMETER: name}

_STOOD_IN_FOR = ("value_set", "codes")
_COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")
_ABOUT_VALUES = frozenset(
    ("expect_column_values_to_be_between", "expect_column_min_to_be_between", "expect_column_max_to_be_between")
)
_ELSEWHERE = {
    "row_condition": "write where: beside kwargs",
    "severity": "write severity: beside kwargs",
    "description": "write reason: beside kwargs",
    "notes": "write reason: beside kwargs",
    "meta": "take it out",
}
_WORDS = {"string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false"}
_WORDS |= {"array": "a list", "object": "a mapping", "null": "nothing"}
_LOOKS_AROUND = re.compile(r"\(\?(=|!|<=|<!)|\\[1-9]")


@cache
def catalogue() -> Mapping[str, Any]:
    """Expectation type → its arguments: GX's and our own."""
    found: dict[str, Any] = {}
    for path in (CATALOGUE, OWN_CATALOGUE):
        found |= json.loads(path.read_text(encoding="utf-8"))["expectations"]
    return found


def _how_many() -> str:
    """How many expectations there are, in words for who named none of them."""
    core = len(json.loads(CATALOGUE.read_text(encoding="utf-8"))["expectations"])
    return f"one of GX's {core} core expectations, or one of our own {len(catalogue()) - core}"


def expectation_faults(
    document: Document[Dataset], path: KeyPath, line: ExpectationLine, *, code_lists: frozenset[str]
) -> Iterator[Fault]:
    """Faults of one line of a suite: its type, its arguments, and the columns and values in them."""
    known = catalogue()
    if line.type not in known:
        yield document.unknown(
            (*path, "type"),
            what="expectation",
            name=line.type,
            known=known,
            expected=_how_many(),
            fix="take one that exists",
        )
        return
    if not known[line.type].get("evaluated", True):
        yield document.fault(
            (*path, "type"),
            found=f"{line.type}, which needs SQL or a second table",
            expected="an expectation that can be asked of the rows of one delivery",
            fix="take it out; keys of another dataset are asked by expect_keys_to_be_in_dataset",
        )
        return
    arguments: Mapping[str, Any] = known[line.type]["arguments"]
    here = (*path, "kwargs")
    for name, value in line.kwargs.items():
        if name == CODE_LIST and stood_in_for(arguments):
            yield from _code_list_faults(document, (*here, name), line, value, code_lists=code_lists)
        elif name in _ELSEWHERE or name not in arguments:
            yield _unknown_argument(document, (*here, name), name, line, arguments)
        else:
            yield from _argument_faults(document, (*here, name), value, arguments[name])
    for name, argument in arguments.items():
        stands_in = name in _STOOD_IN_FOR and CODE_LIST in line.kwargs
        if argument["required"] and name not in line.kwargs and not stands_in:
            either = f"{name} or {CODE_LIST}" if name in _STOOD_IN_FOR else name
            expected = f"{either}, which {line.type} needs"
            yield document.fault(here, found="nothing", expected=expected, fix=f"add {name}: … below kwargs")
    yield from _column_faults(document, here, line, document.value.columns)
    yield from _limit_faults(document, here, line)
    if line.type not in _ABOUT_VALUES and "string" in arguments.get("min_value", {}).get("types", ()):
        yield from _text_limit_faults(document, here, line)
    for name in ("regex", "regex_list"):
        yield from _regex_faults(document, (*here, name), line.kwargs.get(name))


def stood_in_for(arguments: Mapping[str, Any]) -> list[str]:
    """Arguments in whose place a code list may be named."""
    return [name for name in _STOOD_IN_FOR if name in arguments]


def _unknown_argument(
    document: Document[Dataset], path: KeyPath, name: str, line: ExpectationLine, arguments: Mapping[str, Any]
) -> Fault:
    near = nearest(name, set(arguments) - set(line.kwargs))
    taken = [argument for argument in arguments if argument not in _ELSEWHERE]
    fix = _ELSEWHERE.get(name) or (f"rename it to {near}" if near else "take it out")
    return document.fault(path, found="an unknown argument", expected=f"one of {listed(taken)}", fix=fix)


def _code_list_faults(
    document: Document[Dataset], path: KeyPath, line: ExpectationLine, value: object, *, code_lists: frozenset[str]
) -> Iterator[Fault]:
    for name in _STOOD_IN_FOR:
        if name in line.kwargs:
            yield document.fault(path, found=f"{name} and code_list", expected="one of them", fix="take one out")
    if not isinstance(value, str) or value not in code_lists:
        yield document.unknown(path, what="code list", name=str(value), known=code_lists)


def _argument_faults(
    document: Document[Dataset], path: KeyPath, value: object, argument: Mapping[str, Any]
) -> Iterator[Fault]:
    if isinstance(value, Mapping) and "$PARAMETER" in value and argument.get("parameter"):
        name = str(value["$PARAMETER"])
        if name not in PARAMETERS:
            yield document.unknown((*path, "$PARAMETER"), what="parameter", name=name, known=PARAMETERS)
        return
    written = document.lines.written.get(path)
    types: list[str] = argument["types"]
    if types and not _kinds(value) & set(types):
        words = " or ".join(_WORDS[kind] for kind in types)
        yield document.fault(path, found=shown(value, written), expected=words, fix=f"write {words}")
    elif "enum" in argument and value is not None and value not in argument["enum"]:
        options = [str(option) for option in argument["enum"]]
        near = nearest(str(value), options)
        fix = f"write {near}" if near else "write one of these"
        yield document.fault(path, found=shown(value, written), expected=f"one of {listed(options)}", fix=fix)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = argument.get("minimum"), argument.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            limits = f"a number from {low:g} to {high:g}" if high is not None else f"a number of at least {low:g}"
            yield document.fault(path, found=shown(value, written), expected=limits, fix=f"write {limits}")
    elif isinstance(value, list) and len(value) < argument.get("minItems", 0):
        yield document.fault(path, found=shown(value), expected="a list with entries", fix="add an entry")


def _limit_faults(document: Document[Dataset], here: KeyPath, line: ExpectationLine) -> Iterator[Fault]:
    """Limits the wrong way round: nothing lies between them."""
    low, high = line.kwargs.get("min_value"), line.kwargs.get("max_value")
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (low, high))
    days = isinstance(low, date) and type(low) is type(high)
    if (numbers or days) and low > high:  # type: ignore[operator]
        path = (*here, "min_value")
        found = f"{shown(low, document.lines.written.get(path))}, which is more than max_value"
        yield document.fault(path, found=found, expected="at most max_value", fix="swap the two")


def _text_limit_faults(document: Document[Dataset], here: KeyPath, line: ExpectationLine) -> Iterator[Fault]:
    """Limits of counts and aggregates that are neither numbers nor, for an aggregate, a moment: GX refuses them."""
    counts = line.type.startswith("expect_table_")
    for name in ("min_value", "max_value"):
        value = line.kwargs.get(name)
        if not isinstance(value, str | date) or _is_number(str(value)) or (not counts and _is_moment(str(value))):
            continue
        expected = "a number" if counts else "a number, or a date like 2026-10-07 for a column of days"
        found = shown(value, document.lines.written.get((*here, name)))
        yield document.fault((*here, name), found=found, expected=expected, fix=f"write {expected}, or take it out")


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _kinds(value: object) -> set[str]:
    """JSON Schema's words for a value of YAML."""
    if value is None:
        return {"null"}
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int):
        return {"integer", "number"}
    if isinstance(value, float):
        return {"number"}
    if isinstance(value, str | date):
        return {"string"}
    return {"array"} if isinstance(value, list | tuple) else {"object"}


def _column_faults(
    document: Document[Dataset], here: KeyPath, line: ExpectationLine, columns: Mapping[str, Column]
) -> Iterator[Fault]:
    for name in _COLUMNS:
        value = line.kwargs.get(name)
        if isinstance(value, str):
            yield from column_fault(document, (*here, name), value, columns)
        elif isinstance(value, list):
            for place, column in enumerate(value):
                yield from column_fault(document, (*here, name, place), str(column), columns)
    column = columns.get(str(line.kwargs.get("column")))
    if column is None:
        return
    values = line.kwargs.get("value_set")
    for place, value in enumerate(values if isinstance(values, list) else ()):
        yield from value_faults(document, (*here, "value_set", place), value, column)
    if CODE_LIST in line.kwargs and column.type is not ColumnType.TEXT:
        yield document.fault(
            (*here, CODE_LIST),
            found=f"a code list for a column of type {column.type}",
            expected="a column of type text",
            fix="make the column text, or write value_set",
        )
    if line.type in _ABOUT_VALUES:
        for name in ("min_value", "max_value"):
            if line.kwargs.get(name) is not None:
                yield from value_faults(document, (*here, name), line.kwargs[name], column)


def _regex_faults(document: Document[Dataset], path: KeyPath, value: object) -> Iterator[Fault]:
    patterns = value if isinstance(value, list) else [value]
    for pattern in patterns:
        if not isinstance(pattern, str):
            continue
        if "\\p" in pattern and not _LOOKS_AROUND.search(
            pattern
        ):  # what looks around is read by Python, which has no \p
            continue
        try:
            re.compile(pattern)
        except re.error as problem:
            yield document.fault(
                path, found=f"{quoted(pattern)}: {problem}", expected="a regular expression", fix="mend the expression"
            )
