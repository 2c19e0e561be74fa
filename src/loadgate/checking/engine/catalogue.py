"""Nothing enters but GX's own models; leaves what each expectation takes, as plain data to commit as JSON.

Content is checked against it without importing GX, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from loadgate.checking.engine.checks import ELSEWHERE
from loadgate.checking.engine.quiet import import_gx

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

FORMAT: Final = 1
_COMMON: Final = ("description", "meta", "notes", "severity")
_NOT_WRITTEN: Final = frozenset(
    (
        "batch_id",
        "catch_exceptions",
        "condition_parser",
        "id",
        "library_metadata",
        "rendered_content",
        "result_format",
        "windows",
    )
)
"""Arguments that GX or this engine sets, or that GX has deprecated: never the author of a suite."""
_LIMITS: Final = ("minimum", "maximum", "minLength", "maxLength", "minItems")
_ANY_ITEMS: Final = ("value_set",)  # GX's schema says text or numbers, its model takes what the column holds


def generate() -> dict[str, Any]:
    """Describe every registered core expectation, sorted by type.

    `{"format", "gx_version", "common": {name: argument}, "expectations": {type: {"class", "domain", "evaluated",
    "arguments": {name: argument}}}}`. `common` arguments are taken by all; `evaluated` says whether this engine can
    answer it. An argument is `{"required", "types"}` with JSON Schema's words for types, and where they apply
    `default`, `enum`, `formats` (of strings), `items` (types in an array), `minimum`, `maximum`, `minLength`,
    `maxLength`, `minItems`, and `parameter: true` if it may also be `{"$PARAMETER": name}`.
    """
    import_gx()
    import great_expectations
    from great_expectations.expectations import core
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    registered = {name: get_expectation_impl(name) for name in sorted(list_registered_expectation_implementations())}
    models = {name: model for name, model in registered.items() if model.__module__.startswith(core.__name__)}
    common = {name: part for name, part in _describe(next(iter(models.values()))).items() if name in _COMMON}
    return {
        "format": FORMAT,
        "gx_version": great_expectations.__version__,
        "common": common,
        "expectations": describe(models),
    }


def describe(models: Mapping[str, type[Expectation]]) -> dict[str, dict[str, Any]]:
    """Describe expectations by type, those of one's own too: the part `expectations` of what `generate` returns."""
    return {
        name: {
            "class": model.__name__,
            "domain": model.domain_type.value,  # type: ignore[attr-defined]  # all but abstract ones have one
            "evaluated": name not in ELSEWHERE,
            "arguments": {key: part for key, part in _describe(model).items() if key not in _COMMON},
        }
        for name, model in models.items()
    }


def _describe(model: type[Expectation]) -> dict[str, dict[str, Any]]:
    schema = model.schema()
    definitions = schema.get("definitions", {})
    return {
        name: _argument(schema["properties"][name], field=field, definitions=definitions)
        for name, field in sorted(model.__fields__.items())
        if name not in _NOT_WRITTEN and name in schema["properties"]
    }


def _argument(part: dict[str, Any], *, field: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    options = list(_options(part, definitions))
    parameter = len(options) > 1 and {"type": "object"} in options
    plain = [option for option in options if not (parameter and option == {"type": "object"})]
    types = {option["type"] for option in plain if "type" in option}
    argument: dict[str, Any] = {"required": bool(field.required)}
    argument["types"] = sorted(types | ({"null"} if field.allow_none and not field.required else set()))
    if "default" in part:
        argument["default"] = part["default"]
    for key, name in (("enum", "enum"), ("format", "formats")):
        if found := sorted({value for option in plain for value in _listed(option.get(key))}):
            argument[name] = found
    for limit in _LIMITS:
        if found := [option[limit] for option in plain if limit in option]:
            argument[limit] = max(found) if limit.startswith("max") else min(found)
    if field.name not in _ANY_ITEMS and (
        items := sorted({kind for option in plain for kind in _item_types(option, definitions)})
    ):
        argument["items"] = items
    if parameter:
        argument["parameter"] = True
    return argument


def _options(part: dict[str, Any], definitions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk down to the alternatives of a schema."""
    if "$ref" in part:
        yield from _options(definitions[part["$ref"].rpartition("/")[2]], definitions)
        return
    nested = [option for key in ("anyOf", "oneOf", "allOf") for option in part.get(key, ())]
    for option in nested:
        yield from _options(option, definitions)
    if not nested:
        yield part if part != {"title": part.get("title")} else {}


def _item_types(option: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    if not isinstance(option.get("items"), dict):
        return set()
    return {found["type"] for found in _options(option["items"], definitions) if "type" in found}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
