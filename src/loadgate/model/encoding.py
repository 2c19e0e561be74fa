"""Frozen values to canonical JSON and back; a Scope stands as its canonical text."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from loadgate.model.identity import canonical_json

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def to_plain(kind: Any, value: object) -> Any:
    """JSON-able form of a value of that type."""
    return _adapter(kind).dump_python(value, mode="json")


def dump(kind: Any, value: object) -> bytes:
    return canonical_json(to_plain(kind, value))


def load(kind: Any, data: bytes | str) -> Any:
    """The value that `dump` wrote. Raises pydantic's ValidationError for anything else."""
    return _adapter(kind).validate_json(data)


def from_plain(kind: Any, value: object) -> Any:
    return _adapter(kind).validate_python(value)
