"""Scope: a box over the dimensions of a load. In: values per dimension; out: cover, overlap, canonical text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote

from loadgate.errors import NotFound
from loadgate.model.period import Period

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

Values = frozenset[str]
# Fixed ranges, not \w: what counts as a letter grows with each Python, and this text is part of ids.
_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-/+\u00C0-\u024F]")


@dataclass(frozen=True, slots=True)
class Span:
    """Reference periods from first to last, both included; compared by date, so cadences may differ."""

    first: Period
    last: Period

    def __post_init__(self) -> None:
        if self.last.start < self.first.start or self.last.end < self.first.end:
            raise ValueError(f"{self.first}..{self.last} runs backwards")

    def covers(self, other: Span) -> bool:
        return self.first.start <= other.first.start and other.last.end <= self.last.end

    def overlaps(self, other: Span) -> bool:
        return self.first.start < other.last.end and other.first.start < self.last.end

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"

    @classmethod
    def parse(cls, text: str) -> Span:
        first, dots, last = text.partition("..")
        start = Period.parse(first)
        return cls(start, Period.parse(last) if dots else start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A box: per dimension a set of values, or None for all of them.

    One type for the subject of a finding, the cause of a case, the reach of a caveat, a waiver, a policy rule,
    an alert route and a part of a release. An empty set is refused: nothing is no subject.
    """

    area: Values | None = None
    dataset: Values | None = None
    vendor: Values | None = None
    system: Values | None = None
    system_version: Values | None = None
    supplier: Values | None = None
    delivery: Values | None = None
    provider: Values | None = None
    figure: Values | None = None
    family: Values | None = None
    cell: Values | None = None
    reference: Span | None = None

    def __post_init__(self) -> None:
        for name in DIMENSIONS:
            values = getattr(self, name)
            if values is not None and (not isinstance(values, frozenset) or not values):
                raise ValueError(f"scope dimension {name} needs a frozenset with at least one value, or None")

    @classmethod
    def of(cls, *, reference: Span | None = None, **values: str | Iterable[str] | None) -> Self:
        """Build from single values or iterables: `Scope.of(provider="101", figure=["a", "b"])`."""
        boxes: dict[str, Values | None] = {}
        for name, value in values.items():
            if name not in DIMENSIONS:
                raise ValueError(f"{name} is no dimension of a scope")
            boxes[name] = None if value is None else frozenset([value] if isinstance(value, str) else value)
        return cls(reference=reference, **boxes)

    @property
    def values(self) -> Mapping[str, Values]:
        """The restricted dimensions (reference apart), in canonical order."""
        found = ((name, getattr(self, name)) for name in DIMENSIONS)
        return {name: values for name, values in found if values is not None}

    def covers(self, other: Scope) -> bool:
        """Whether everything in `other` lies in this box."""
        for name, mine in self.values.items():
            theirs: Values | None = getattr(other, name)
            if theirs is None or not theirs <= mine:
                return False
        if self.reference is None:
            return True
        return other.reference is not None and self.reference.covers(other.reference)

    def overlaps(self, other: Scope) -> bool:
        """Whether the boxes share anything; a dimension that either leaves open is shared."""
        for name, mine in self.values.items():
            theirs: Values | None = getattr(other, name)
            if theirs is not None and mine.isdisjoint(theirs):
                return False
        if self.reference is None or other.reference is None:
            return True
        return self.reference.overlaps(other.reference)

    def without_reference(self) -> Scope:
        return replace(self, reference=None)

    def __str__(self) -> str:
        """Canonical text, `*` for everything: `provider=101,102; figure=cases; reference=2026-W01..2026-W09`."""
        return _text(self)

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Read canonical text; `Scope.parse(str(scope)) == scope`. Spaces around names and values don't count.

        Raises ValueError.
        """
        if text.strip() == "*":
            return cls()
        reference: Span | None = None
        values: dict[str, list[str]] = {}
        for part in text.split(";"):
            name, equals, listed = part.partition("=")
            name = name.strip()
            if not equals or name in values or (name == "reference" and reference is not None):
                raise ValueError(f"{part.strip()!r} is not dimension=values")
            if name == "reference":
                reference = _read_span(listed.strip())
            else:
                values[name] = [_unescape(value.strip()) for value in listed.split(",")]
        return cls.of(reference=reference, **values)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """In JSON a scope is its canonical text."""
        from pydantic_core import core_schema

        def read(value: object) -> Scope:
            return value if isinstance(value, Scope) else Scope.parse(str(value))

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )


DIMENSIONS: tuple[str, ...] = tuple(field.name for field in fields(Scope) if field.name != "reference")


@lru_cache(maxsize=1 << 14)  # a month asks for the same few thousand again and again
def _text(scope: Scope) -> str:
    parts = [f"{name}={','.join(sorted(map(_escape, values)))}" for name, values in scope.values.items()]
    if scope.reference is not None:
        parts.append(f"reference={scope.reference}")
    return "; ".join(parts) or "*"


def _escape(value: str) -> str:
    return _UNSAFE.sub(lambda found: quote(found.group(), safe="", errors="surrogatepass"), value)


def _unescape(text: str) -> str:
    return unquote(text, errors="surrogatepass")


def _read_span(text: str) -> Span:
    """A span as a person may have written it: a wrong period is a ValueError here, as every fault of a scope."""
    try:
        return Span.parse(text)
    except NotFound as problem:
        raise ValueError(problem.message) from None
