"""A pydantic error in; faults out that say where in the file, what was found, what was expected and how to mend it."""

from __future__ import annotations

import copy
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from loadgate.content.lines import KeyPath, Lines, key_text, listed, nearest, quoted
from loadgate.errors import Fault
from loadgate.model.conditions import All, Among, Compare, Missing, Not
from loadgate.model.conditions import Any as AnyOf

_CONDITIONS: dict[str, type[BaseModel]] = {
    model.__name__: model for model in (Compare, Among, Missing, All, AnyOf, Not)
}
_SHAPES = {  # error type -> what was expected
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping, key: value",
    "model_type": "a mapping, key: value",
    "model_attributes_type": "a mapping, key: value",
    "tuple_type": "a list",
    "list_type": "a list",
    "date_type": "a date like 2026-10-07",
    "date_parsing": "a date like 2026-10-07",
    "date_from_datetime_parsing": "a date like 2026-10-07",
    "date_from_datetime_inexact": "a date like 2026-10-07",
    "time_type": "a time like 12:00",
    "time_parsing": "a time like 12:00",
}
_ABSENT = object()
_BRANCH = re.compile(r"(?:[\w-]+\[.*, )?(\w+)\]?")  # how pydantic calls a branch of a union
_OPTION = re.compile(r"""'([^']*)'|"([^"]*)\"""")


def model_faults(
    error: ValidationError, model: type[BaseModel], data: object, *, file: str, lines: Lines
) -> tuple[list[Fault], object | None]:
    """One fault per key, in the error's order; and the data as if mended as proposed, None if one has no plain mend."""
    faults: dict[KeyPath, Fault] = {}
    mends: dict[KeyPath, _Mend | None] = {}
    for detail in error.errors(include_url=False, include_context=True, include_input=False):
        walked = _walk(detail["loc"], data)
        if walked is None:
            continue
        path, value, of_many = walked
        if path in faults or _follows(detail, value):
            continue
        where = _Where(path, value, lines.written.get(path), model, data)
        found, expected, fix, mends[path] = _said(detail, where, of_many=of_many, file=file)
        faults[path] = Fault(
            file=file, line=lines.at(path), key=key_text(path), found=found, expected=expected, fix=fix
        )
    for path, mend in mends.items():
        if mend is not None and mend.rename is not None:  # then the key that lacks is not told as well
            faults.pop((*path[:-1], mend.rename), None)
    able = all(mends[path] is not None for path in faults)
    return list(faults.values()), _mended(data, {p: m for p, m in mends.items() if m and p in faults}) if able else None


@dataclass(frozen=True, slots=True)
class _Mend:
    """What a fault's fix would do: take the key out, call it `rename`, or set it to `value`."""

    rename: str | None = None
    value: object = None
    drop: bool = False


@dataclass(frozen=True, slots=True)
class _Where:
    path: KeyPath
    value: object
    written: str | None
    model: type[BaseModel]
    data: object

    @property
    def holder(self) -> object:
        return _value_at(self.data, self.path[:-1])


def _mended(data: object, mends: Mapping[KeyPath, _Mend]) -> object:
    mended = copy.deepcopy(data)
    for path, mend in mends.items():
        holder, key = _value_at(mended, path[:-1]), path[-1]
        if isinstance(holder, list) and isinstance(key, int):
            holder[key] = mend.value
        elif isinstance(holder, dict):
            value = holder.pop(key)
            if not mend.drop:
                holder[mend.rename or key] = value if mend.rename else mend.value
    return mended


def _walk(loc: Sequence[str | int], data: object) -> tuple[KeyPath, object, bool] | None:
    """The path in the file of pydantic's location, which also names branches of unions; None for a branch not meant.

    Also the value there, and whether it may be one of several kinds of scalar.
    """
    path: KeyPath = ()
    value = data
    for place, part in enumerate(loc):
        if _holds(value, part):
            value = value[part]  # type: ignore[index]
        elif (named := _BRANCH.fullmatch(str(part))) and named.group(1) in _CONDITIONS:
            if named.group(1) != meant_condition(value):
                return None
            continue
        elif place == len(loc) - 1 and isinstance(value, Mapping) and isinstance(part, str):
            value = _ABSENT
        else:
            return path, value, True
        path = (*path, part)
    return path, value, False


def meant_condition(value: object) -> str:
    """Which kind of condition a mapping is meant to be, by its keys."""
    keys = value.keys() if isinstance(value, Mapping) else ()
    for key, name in (("all", "All"), ("any", "Any"), ("not", "Not"), ("missing", "Missing")):
        if key in keys:
            return name
    return "Among" if "among" in keys or "not_among" in keys else "Compare"


def _follows(detail: ErrorDetails, value: object) -> bool:
    """Whether the error only follows from another: a list counts as short when its entries failed."""
    shortest = detail.get("ctx", {}).get("min_length", 0)
    return detail["type"] == "too_short" and isinstance(value, Sequence) and len(value) >= shortest


def _said(detail: ErrorDetails, where: _Where, *, of_many: bool, file: str) -> tuple[str, str, str, _Mend | None]:
    """What was found, what was expected, how to mend it: in words, and where it is plain as a deed."""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(where)
    if kind == "missing":
        key = where.path[-1]
        return "nothing", f"the key {key}", f"add {key}: …" if file.endswith(".yaml") else f"add {key}", None
    found = shown(where.value, where.written)
    if of_many:
        return found, "one value: text, a number, true, false or a date", "write one value", None
    if kind == "string_type" and isinstance(where.value, bool | int | float | date | time):
        text = where.written or str(where.value)
        return found, "text", f'put it in quotes: "{text}"', _Mend(value=text)
    if kind in ("enum", "literal_error"):
        options = [one or other for one, other in _OPTION.findall(str(detail["ctx"]["expected"]))]
        near = nearest(str(where.value), options)
        plain = all(re.fullmatch(r"[\w.-]*\w[\w.-]*", option) for option in options)
        expected = f"one of {listed(options if plain else map(quoted, options))}"
        return found, expected, f"write {near}" if near else "write one of these", _Mend(value=near) if near else None
    expected, fix = _expected(detail)
    if kind == "string_type" and where.value is None and where.written == "":
        fix += "; if it begins with #, in quotes: else it is a comment"
    return found, expected, fix, None


def _unknown_key(where: _Where) -> tuple[str, str, str, _Mend]:
    model = _model_at(where.model, where.path[:-1], where.data)
    known = list(keys_of(model)) if model else []
    here = where.holder
    near = nearest(str(where.path[-1]), [key for key in known if not (isinstance(here, Mapping) and key in here)])
    fix = f"rename it to {near}" if near else "take it out"
    return "an unknown key", f"one of {listed(known)}", fix, _Mend(rename=near) if near else _Mend(drop=True)


def _expected(detail: ErrorDetails) -> tuple[str, str]:
    """What the type of error says was expected, and what to write."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _SHAPES:
        return _SHAPES[kind], f"write {_SHAPES[kind]}"
    if kind == "value_error":
        reason = str(context["error"])
        return reason.removeprefix("name "), reason
    if kind in ("too_short", "string_too_short", "string_too_long"):
        one, many = ("entry", "entries") if kind == "too_short" else ("character", "characters")
        limit = context["max_length"] if kind == "string_too_long" else context["min_length"]
        text = f"at {'most' if kind == 'string_too_long' else 'least'} {limit} {one if limit == 1 else many}"
        return text, f"write {text}"
    if kind in ("greater_than_equal", "less_than_equal"):
        text = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
        return text, f"write a number of {text}"
    if kind == "string_pattern_mismatch":
        return f"text of the form {context['pattern']}", "write it in that form"
    text = detail["msg"].removeprefix("Input should be ")
    return text, f"write {text}"


def shown(value: object, written: str | None = None) -> str:
    """A value of content as a fault shows it."""
    if value is None or value is _ABSENT:
        return "nothing"
    if isinstance(value, Mapping):
        return f"a mapping with {listed(map(str, value))}" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 80 else f'"{value[:80]}…"'
    if written is not None:
        return written
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date | datetime | time) else str(value)


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """The keys that a file may hold at the place of this model."""
    for name, info in model.model_fields.items():
        yield info.alias or name


def _holds(value: object, part: str | int) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _value_at(data: object, path: KeyPath) -> object:
    for part in path:
        if not _holds(data, part):
            return None
        data = data[part]  # type: ignore[index]
    return data


def _model_at(model: type[BaseModel], path: KeyPath, data: object) -> type[BaseModel] | None:
    """The model that describes the mapping at this path."""
    annotation: Any = model
    for place, part in enumerate(path):
        holder = _bare(annotation, _value_at(data, path[:place]))
        if isinstance(holder, type) and issubclass(holder, BaseModel):
            fields = {info.alias or name: info.annotation for name, info in holder.model_fields.items()}
            annotation = fields.get(str(part))
        else:
            arguments = [argument for argument in get_args(holder) if argument is not Ellipsis]
            annotation = arguments[-1] if arguments else None
    found = _bare(annotation, _value_at(data, path))
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _bare(annotation: Any, value: object) -> Any:
    """The annotation without Annotated and None; of the kinds of condition, the one that is meant."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        options = [option for option in get_args(annotation) if option is not type(None)]
        if Compare in options:
            return _CONDITIONS[meant_condition(value)]
        return _bare(options[0], value) if options else None
    return annotation
