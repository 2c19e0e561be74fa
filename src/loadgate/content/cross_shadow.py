"""What is only tried: faults in the periods up to which it is, and in rules about what has no effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loadgate.content.cross_names import period_fault, run_period
from loadgate.content.documents import Draft
from loadgate.content.lines import Document, KeyPath
from loadgate.errors import Fault
from loadgate.model.expected import Dataset
from loadgate.model.kinds import IN_SHADOW


def shadow_faults(draft: Draft) -> Iterator[Fault]:
    for document in draft.suites:
        yield from _period_faults(draft, document, ("shadow_until",), document.value.shadow_until)
        for place, line in enumerate(document.value.expectations):
            yield from _period_faults(draft, document, ("expectations", place, "shadow_until"), line.shadow_until)
        yield from _rule_faults(document)
    for errors in draft.known_errors:
        for place, error in enumerate(errors.value.errors):
            yield from _period_faults(draft, errors, ("errors", place, "shadow_until"), error.shadow_until)
            if error.kind in IN_SHADOW:
                yield _no_effect(errors, ("errors", place, "kind"), error.kind)
    for place, rule in enumerate(draft.gate.value.rules if draft.gate is not None else ()):
        for number, kind in enumerate(rule.kinds):
            if kind in IN_SHADOW and draft.gate is not None:
                yield _no_effect(draft.gate, ("rules", place, "kinds", number), kind)


def _period_faults(draft: Draft, document: Document[Any], path: KeyPath, until: str | None) -> Iterator[Fault]:
    if until is None:
        return
    if run_period(draft, until) is None:
        yield period_fault(draft, document, path, until, expected="the last period that it is tried in")


def _rule_faults(document: Document[Dataset]) -> Iterator[Fault]:
    """A rule marks the rows that its check fails, and figures may leave those out: that would be an effect."""
    dataset = document.value
    tried = {
        name
        for line in dataset.expectations
        if line.shadow_until is not None or dataset.shadow_until is not None
        for name in (line.key, dataset.check_id(line))
    }
    for place, rule in enumerate(dataset.rules):
        if rule.check in tried:
            yield document.fault(
                ("rules", place, "check"),
                found=f"{rule.check}, which is in shadow",
                expected="a check that counts: figures may depend on the rows that a rule marks",
                fix="take the rule out while the check is tried, or shadow_until when that is over",
            )


def _no_effect(document: Document[Any], path: KeyPath, kind: str) -> Fault:
    return document.fault(
        path,
        found=kind,
        expected="a kind of finding that has an effect; what is in shadow has none",
        fix="take it out, or take shadow_until out of what is tried",
    )
