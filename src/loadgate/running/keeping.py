"""A step's result in; out, its sealed folder: made once per key, taken over from an earlier run where it was made."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.model.absence import NOTHING_EARLIER
from loadgate.model.encoding import dump, load
from loadgate.model.findings import Finding, Outcome, OutcomeState
from loadgate.model.kinds import Severity
from loadgate.model.scope import Scope
from loadgate.store import durable

if TYPE_CHECKING:
    from loadgate.running.opened import Opened

FINDINGS = "findings.json"
OUTCOMES = "outcomes.json"


def keep(opened: Opened, *, run: str, step: str, work_id: str, key: str, make: Callable[[Path], None]) -> Path:
    """The sealed folder of this unit in this run. `make` fills an empty folder and is called only where needed.

    The same key was done before, by this or another run: its folder is copied, once its bytes are verified.
    """
    final = opened.places.step(run, step) / work_id
    if durable.exists(final):
        return final
    folder = durable.open_folder(opened.tmp)
    earlier = _earlier(opened, step, work_id, key)
    if earlier is None:
        make(folder)
    else:
        shutil.copytree(
            earlier,
            folder,
            ignore=shutil.ignore_patterns(durable.MANIFEST),
            copy_function=shutil.copyfile,
            dirs_exist_ok=True,
        )
    durable.seal(folder, {"key": key})
    durable.commit_folder(folder, final)
    opened.state.results.put(step, work_id, key, final.relative_to(opened.places.state).as_posix())
    return final


def made_by(check: str, findings: Iterable[Finding]) -> list[Finding]:
    """The findings, each naming the planned check that made it."""
    return [finding if finding.check else replace(finding, check=check) for finding in findings]


def executed(check: str, scope: Scope, findings: Iterable[Finding], *, applicable: bool = True) -> Outcome:
    """The outcome of a check that was made; it failed if any of the findings is its own."""
    severities = [finding.severity for finding in findings if finding.check == check]
    state = OutcomeState.FAIL if severities else OutcomeState.PASS
    return Outcome(
        check=check,
        scope=scope,
        state=state if applicable else OutcomeState.NOT_APPLICABLE,
        severity=max(severities, key=lambda severity: severity.rank, default=Severity.CRITICAL),
        reason=None if applicable else NOTHING_EARLIER,
    )


def is_kept(opened: Opened, *, run: str, step: str, work_id: str) -> bool:
    return durable.exists(opened.places.step(run, step) / work_id)


def _earlier(opened: Opened, step: str, work_id: str, key: str) -> Path | None:
    place = opened.state.results.find(step, work_id, key)
    if place is None:
        return None
    folder = opened.places.state / place
    if not durable.exists(folder) or durable.read_manifest(folder).get("key") != key or durable.differences(folder):
        return None
    return folder


def write_findings(folder: Path, findings: Iterable[Finding]) -> None:
    ordered = tuple(sorted(findings, key=lambda finding: finding.id))
    (folder / FINDINGS).write_bytes(dump(tuple[Finding, ...], ordered))


def read_findings(folder: Path) -> tuple[Finding, ...]:
    path = folder / FINDINGS
    return load(tuple[Finding, ...], path.read_bytes()) if path.exists() else ()


def write_outcomes(folder: Path, outcomes: Sequence[Outcome]) -> None:
    (folder / OUTCOMES).write_bytes(dump(tuple[Outcome, ...], tuple(outcomes)))


def read_outcomes(folder: Path) -> tuple[Outcome, ...]:
    path = folder / OUTCOMES
    return load(tuple[Outcome, ...], path.read_bytes()) if path.exists() else ()
