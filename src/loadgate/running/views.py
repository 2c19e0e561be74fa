"""A judged run in; out, plain values for JSON and for the terminal: the same facts for both."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from loadgate.model.findings import CellsEvidence, Finding, GroupEvidence, Verdict
from loadgate.model.identity import parse_run_id
from loadgate.running import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from loadgate.model.findings import Case
    from loadgate.model.judgement import Judgement, Reason
    from loadgate.running.inputs import RunInputs
    from loadgate.running.opened import Opened, Ref

CAUSES = {"run", "vendor", "system", "system_version", "delivery", "area", "provider", "figure"}


def run_view(ref: Ref, judgement: Judgement, *, untold: Sequence[Mapping[str, str | None]]) -> dict[str, Any]:
    """The run, and alerts that were not sent, as `loadgate run --json` gives them; schema in infra/schemas/run.json."""
    opened = ref.open()
    inputs = opened.inputs(ref.run)
    report = opened.places.report(ref.run)
    return {
        "run": ref.run,
        "period": inputs.period,
        "verdict": judgement.verdict.value,
        "reasons": [reason_view(reason) for reason in judgement.reasons],
        "arrivals": arrivals_view(inputs),
        "findings": [finding_view(finding) for finding in judgement.findings],
        "cases": [case_view(opened, inputs, judgement, case) for case in judgement.cases],
        "parts": {verdict.value: sum(part.verdict is verdict for part in judgement.parts) for verdict in Verdict},
        "known_errors": [
            {"error": one.error, "state": one.state.value, "size": one.size, "ceiling": one.ceiling}
            for one in judgement.known_errors
        ],
        "caveats": len(judgement.caveats),
        "baseline": sorted(set(inputs.baseline.values())),
        "as_of": inputs.as_of.isoformat(),
        "report": str(report) if report.exists() else None,
        "alerts": list(untold),
    }


def reason_view(reason: Reason) -> dict[str, Any]:
    return {
        "effect": reason.effect,
        "rule": reason.rule,
        "case": reason.case,
        "kind": reason.kind,
        "findings": list(reason.findings),
        "waived_by": reason.waived_by,
        "known_error": reason.known_error,
    }


def arrivals_view(inputs: RunInputs) -> dict[str, Any]:
    counts = Counter(arrival.state.value for arrival in inputs.current)
    return {
        "expected": len(inputs.current),
        "received": len(inputs.deliveries),
        "states": dict(sorted(counts.items())),
        "unexpected": len(inputs.unexpected),
        "deliveries": [
            {
                "delivery": arrival.expected.id,
                "state": arrival.state.value,
                "version": arrival.delivery.version if arrival.delivery else None,
                "files": len(arrival.delivery.parts) if arrival.delivery else 0,
            }
            for arrival in inputs.current
        ],
    }


def finding_view(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "scope": str(finding.scope),
        "check": finding.check,
        "rows_failed": finding.rows_failed,
    }


def case_view(opened: Opened, inputs: RunInputs, judgement: Judgement, case: Case) -> dict[str, Any]:
    """A case with what moved, where, how much, and what did not move."""
    from loadgate.reporting.sentences import case_text, findings_of, owner_of

    site = opened.frozen(inputs.content)
    findings = {finding.id: finding for finding in judgement.findings}
    own = [findings[name] for name in case.findings if name in findings]
    owner = owner_of(next(iter(findings_of(case, findings)), None))
    text = case_text(case, findings, wording.names(site, inputs, language="en"), run=judgement.run)
    lead = max((one for one in own), key=lambda one: (one.severity.rank, _cells(one)), default=None)
    evidence = lead.evidence if lead is not None else None
    group = evidence if isinstance(evidence, GroupEvidence) else None
    figures = sorted({name for one in own for name in one.scope.figure or ()})
    return {
        "id": case.number,
        "cause": {
            "kind": case.cause.kind.value if case.cause.kind.value in CAUSES else "other",
            "members": list(case.cause.members),
        },
        "kinds": sorted({one.kind.value for one in own}),
        "figures": figures,
        "unmoved": list(group.unmoved) if group else [],
        "cells": sum(map(_cells, own)),
        "reference_periods": _reference(evidence),
        "direction": group.direction if group else None,
        "effect_relative": _effect(evidence),
        "severity": case.severity.value,
        "state": case.state.value,
        "owner": owner.value,
        "contact": text.contact,
        "first_seen": case.first_seen,
        "size": case.size,
        "scope": str(case.scope),
        "message": text.whole,
        "findings": list(case.findings),
    }


def _cells(finding: Finding) -> int:
    evidence = finding.evidence
    return evidence.cells if isinstance(evidence, GroupEvidence | CellsEvidence) else 0


def _reference(evidence: object) -> dict[str, Any] | None:
    if not isinstance(evidence, GroupEvidence | CellsEvidence) or evidence.first is None:
        return None
    return {"first": evidence.first, "last": evidence.last, "count": evidence.periods}


def _effect(evidence: object) -> dict[str, float | None] | None:
    if isinstance(evidence, GroupEvidence):
        return {"min": evidence.effect_min, "median": evidence.effect_median, "max": evidence.effect_max}
    if isinstance(evidence, CellsEvidence) and evidence.difference_median is not None:
        return {"min": evidence.difference_min, "median": evidence.difference_median, "max": evidence.difference_max}
    return None


def replay_view(ref: Ref, judgement: Judgement) -> dict[str, Any]:
    """One line of `loadgate replay --json`: the verdict before waivers, and the cases."""
    opened = ref.open()
    inputs = opened.inputs(ref.run)
    return {
        "run": ref.run,
        "period": parse_run_id(ref.run)[0],
        "verdict": judgement.verdict_before_waivers.value,
        "cases": [case_view(opened, inputs, judgement, case) for case in judgement.cases],
        "findings": len(judgement.findings),
    }


def end_of_run(
    ref: Ref, judgement: Judgement, *, width: int | None = None, shown: Callable[[Path], str] = str
) -> list[str]:
    """What the terminal says at a run's end: the verdict, the cases as sentences, what to do next, the report.

    `width` in columns, None: as wide as it is written where nobody watches. `shown` writes the report's path as it is
    best read from where the reader is.
    """
    from loadgate.reporting.terminal import WIDTH, terminal

    opened, inputs, site = ref.frozen()
    report = opened.places.report(ref.run)
    path = shown(report) if report.exists() else None
    return terminal(
        judgement, wording.names(site, inputs, language="en"), report=path, width=width or WIDTH
    ).splitlines()
