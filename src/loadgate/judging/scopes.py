"""Scopes in; out, the box around several, one without time, which parts a box touches, and whether it was looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from loadgate.model.findings import Finding, RowsEvidence
from loadgate.model.identity import expected_id
from loadgate.model.kinds import ROWS_UNSEEN, Kind
from loadgate.model.scope import DIMENSIONS, Scope, Span

_PERIOD = re.compile(r"\d{4}(?:-Q[1-4]|-W\d\d|-\d\d(?:-\d\d)?)?/")


def hull(scopes: Iterable[Scope]) -> Scope:
    """The smallest box around all of them; a dimension that one leaves open is open. Needs at least one."""
    first, *others = scopes
    if not others:
        return first
    boxes: dict[str, frozenset[str] | None] = {}
    for name in DIMENSIONS:
        values = [getattr(scope, name) for scope in (first, *others)]
        boxes[name] = None if any(value is None for value in values) else frozenset().union(*values)
    return Scope(**boxes, reference=_around([scope.reference for scope in (first, *others)]))


def _around(spans: Sequence[Span | None]) -> Span | None:
    known = [span for span in spans if span is not None]
    if len(known) < len(spans):
        return None
    return Span(
        min((span.first for span in known), key=lambda period: period.start),
        max((span.last for span in known), key=lambda period: period.end),
    )


def leaves_unseen(finding: Finding) -> bool:
    """Whether rows in its Scope were not looked at, so that what is not found there is not over."""
    found = finding.evidence
    if finding.kind is Kind.REJECTED_ROWS and isinstance(found, RowsEvidence):
        return found.rows_failed == found.rows_checked
    return finding.kind in ROWS_UNSEEN


def timeless(scope: Scope) -> Scope:
    """Reference periods aside, and deliveries without their period: what can be met again in another month."""
    bare = scope.without_reference()
    if bare.delivery is None:
        return bare
    return replace(bare, delivery=frozenset(_PERIOD.sub("", expected_id(name), count=1) for name in bare.delivery))


def touched(scope: Scope, parts: Iterable[str]) -> frozenset[str]:
    """The parts (area/provider) in the box; a dimension that it leaves open takes in all."""
    found = set()
    for part in parts:
        area, _, provider = part.partition("/")
        inside = scope.area is None or area in scope.area
        if inside and (scope.provider is None or provider in scope.provider):
            found.add(part)
    return frozenset(found)


def providers_of(parts: Iterable[str]) -> frozenset[str]:
    return frozenset(part.partition("/")[2] for part in parts)
