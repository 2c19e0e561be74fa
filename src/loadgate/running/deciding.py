"""A run's results and the acts of now in; out, its judgement: provisional after a delivery, stored at the run's end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from loadgate.errors import CouldNotRun
from loadgate.model.deliveries import ArrivalState
from loadgate.model.encoding import dump, from_plain, load, to_plain
from loadgate.model.findings import Case, Finding, Outcome, OutcomeState
from loadgate.model.identity import canonical_json, sha256
from loadgate.model.judgement import Judgement
from loadgate.model.kinds import Severity
from loadgate.model.period import Period, run_order
from loadgate.model.scope import Scope
from loadgate.model.shadow import in_shadow
from loadgate.model.tables import FIGURES, logical_sha256
from loadgate.running import acting, delivering, reducing
from loadgate.running.keeping import read_findings, read_outcomes
from loadgate.running.opened import Opened, Ref
from loadgate.running.opening import ARRIVED, parts
from loadgate.store import durable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from loadgate.judging.cases import Matched
    from loadgate.model.deliveries import Delivery
    from loadgate.model.site import Site
    from loadgate.running.inputs import RunInputs

STEPS_WITH_FINDINGS = ("across", "measure", "compare", "detect")
JUDGEMENT = "judgement.json"
HOW_IT_IS_CUT = ("lines", "files", "size_bytes")  # fields of evidence


def judge_work(ref: Ref) -> list[str]:
    opened = ref.open()
    return [] if durable.exists(opened.places.run(ref.run)) else [reducing.ALL]


def judge_run(ref: Ref, _: str) -> None:
    """Judge, number the cases, keep the judgement, write the report, and last the run's manifest."""
    from loadgate.running.reporting import write_report

    opened = ref.open()
    if not is_stored(opened, ref.run):
        _store(opened, ref, judge_now(ref))
    judgement = stored(opened, ref.run)
    _project(opened, judgement)
    write_report(ref, judgement)
    _set_judged(opened, ref.run)
    _write_manifest(opened, ref, judgement)


def reopen(opened: Opened, run: str, *, steps: Sequence[str]) -> None:
    """Forget that a run is judged, and what these steps of it kept; the last of them first."""
    durable.point("unlink")
    (opened.places.run(run) / durable.MANIFEST).unlink(missing_ok=True)
    for step in reversed(steps):
        for folder in sorted(opened.places.step(run, step).glob("*")):
            durable.discard_folder(folder)


def judge_now(ref: Ref, *, as_of: datetime | None = None) -> Judgement:
    """Judge a run with the acts that stand in the ledger now. Nothing is written."""
    from loadgate.judging.judge import judge

    opened, inputs, site = ref.frozen()
    findings, outcomes = gather(opened, inputs, site)
    judgement = judge(
        run=ref.run,
        planned=inputs.planned,
        outcomes=outcomes,
        findings=findings,
        register=site.known_errors,
        waivers=acting.waivers(opened),
        open_cases=_followed(opened, inputs.period),
        gate=site.gate,
        parts=parts(inputs),
        lineage=reducing.load_lineage(opened, ref.run, site),
        as_of=as_of or inputs.as_of,
        timezone=site.file.timezone,
        missing=_without(inputs, ArrivalState.MISSING),
        awaited=_without(inputs, ArrivalState.AWAITED, ArrivalState.OVERDUE),
        shadow=in_shadow(site, Period.parse(inputs.period)),
        settled=_settled(opened, ref.run),
    )
    later = {row.number for row in opened.state.cases.rows() if is_later(row.last_run, ref.run)}
    resolved = tuple(number for number in judgement.resolved if number not in later)
    merged = tuple((number, into) for number, into in judgement.merged if number not in later)
    return replace(judgement, resolved=resolved, merged=merged)


def _settled(opened: Opened, run: str) -> Matched | None:
    """The cases that a run was judged to have; None before it is."""
    from loadgate.judging.cases import Matched

    if not is_stored(opened, run):
        return None
    judged = stored(opened, run)
    return Matched(cases=judged.cases, resolved=judged.resolved, merged=judged.merged)


def judge_delivery(ref: Ref, version: str) -> Judgement:
    """Judge one delivery alone, provisionally: planned then means that delivery's own checks."""
    from loadgate.judging.judge import judge

    opened, inputs, site = ref.frozen()
    delivery = inputs.delivery(version)
    written = [folder for folder in _folders(opened, site, delivery) if durable.exists(folder)]
    dataset = site.dataset(delivery.expected.dataset)
    later = {dataset.check_id(line) for line in dataset.crossing.expectations}  # asked when all have come
    own = [
        check
        for check in inputs.planned
        if check.scope.delivery == frozenset([delivery.expected.id]) and check.id not in later
    ]
    return judge(
        run=ref.run,
        planned=own,
        outcomes=[outcome for folder in written for outcome in read_outcomes(folder)],
        findings=[finding for folder in written for finding in read_findings(folder)],
        register=site.known_errors,
        waivers=acting.waivers(opened),
        open_cases=_followed(opened, inputs.period),
        gate=site.gate,
        parts=parts(inputs),
        lineage=None,
        as_of=inputs.as_of,
        timezone=site.file.timezone,
        provisional=True,
        shadow=in_shadow(site, Period.parse(inputs.period)),
    )


def gather(opened: Opened, inputs: RunInputs, site: Site) -> tuple[list[Finding], list[Outcome]]:
    """What every step of the run wrote; what is not written stays away, and is *could not run* when judged."""
    findings = list(inputs.arrival_findings)
    own = any(finding.check == ARRIVED for finding in findings)  # an impostor is found across deliveries
    state = OutcomeState.FAIL if own else OutcomeState.PASS
    reason = None
    if not inputs.current:
        state, reason = OutcomeState.COULD_NOT_RUN, "no delivery is expected for this period"
    arrived = Outcome(check=ARRIVED, scope=Scope(), state=state, severity=Severity.CRITICAL, reason=reason)
    outcomes = [arrived]
    folders = [folder for delivery in inputs.deliveries for folder in _folders(opened, site, delivery)]
    for step in STEPS_WITH_FINDINGS:
        root = opened.places.step(inputs.run, step)
        folders += sorted(root.iterdir()) if root.is_dir() else []
    for folder in folders:
        if durable.exists(folder):
            findings += read_findings(folder)
            outcomes += read_outcomes(folder)
    return findings, outcomes


def _folders(opened: Opened, site: Site, delivery: Delivery) -> list[Path]:
    """Where reading and checking a delivery leave findings and outcomes."""
    return [delivering.typed_folder(opened, site, delivery), delivering.checks_folder(opened, site, delivery)]


def stored(opened: Opened, run: str) -> Judgement:
    """The judgement as it was at the run's end. Raises CouldNotRun when it is gone or was changed."""
    folder = _folder(opened, run)
    if durable.differences(folder):
        raise CouldNotRun(
            f"the judgement of {run} is not what was kept", fix=f"restore state/runs/{run}/judge from the backup"
        )
    judgement: Judgement = load(Judgement, (folder / JUDGEMENT).read_bytes())
    return judgement


def is_stored(opened: Opened, run: str) -> bool:
    return durable.exists(_folder(opened, run))


def _folder(opened: Opened, run: str) -> Path:
    return opened.places.step(run, "judge") / reducing.ALL


def _without(inputs: RunInputs, *states: ArrivalState) -> list[str]:
    """The expected deliveries that have not come."""
    return [arrival.expected.id for arrival in inputs.current if arrival.state in states]


def _store(opened: Opened, ref: Ref, judgement: Judgement) -> None:
    """Give new cases their numbers and keep the judgement. Nothing that judging reads changes before it is kept."""
    from loadgate.judging.cases import case_origin, number_cases

    def number(case: Case) -> int:
        return opened.state.cases.open(case_origin(case, run=ref.run), run=ref.run, body={})

    numbered = number_cases(judgement, number)
    folder = durable.open_folder(opened.tmp)
    (folder / JUDGEMENT).write_bytes(dump(Judgement, numbered))
    durable.seal(folder, {"key": sha256(dump(Judgement, numbered))})
    durable.commit_folder(folder, _folder(opened, ref.run))


def _project(opened: Opened, judgement: Judgement) -> None:
    """Write the cases of a judgement that is kept, and close those that are over. Safe to repeat.

    A case that a later period has seen or closed stays as that left it.
    """
    from loadgate.judging.cases import case_origin
    from loadgate.store.cases import CaseRow
    from loadgate.store.cases import CaseState as RowState

    rows = {row.number: row for row in opened.state.cases.rows()}
    for case in judgement.cases:
        row = rows.get(case.known_number)
        if row is None or not is_later(row.last_run, judgement.run):
            opened.state.cases.put(
                CaseRow(
                    number=case.known_number,
                    origin=row.origin if row else case_origin(case, run=judgement.run),
                    state=RowState.OPEN,
                    opened_run=case.first_seen,
                    last_run=judgement.run,
                    body=to_plain(Case, case),
                )
            )
        opened.state.cases.attach(case.known_number, run=judgement.run, finding_ids=case.findings)
    for resolved in judgement.resolved:
        opened.state.cases.put(replace(rows[resolved], state=RowState.CLOSED, last_run=judgement.run))


def _followed(opened: Opened, period: str) -> list[Case]:
    """Cases that a run of this period may go on with: the open ones, and those that a later period closed.

    What a later period has seen or closed keeps its number in an older one that is judged after it; nothing that the
    older one says moves it on.
    """
    from loadgate.store.cases import CaseState as RowState

    own = Period.parse(period)
    rows = [row for row in opened.state.cases.rows() if row.body]
    known = [row for row in rows if row.state is RowState.OPEN or run_order(row.last_run)[0] > own]
    return [from_plain(Case, dict(row.body)) for row in known]


def is_later(run: str, than: str) -> bool:
    """Whether a run is of a later period than another."""
    return run_order(run)[0] > run_order(than)[0]


def findings_sha256(judgement: Judgement) -> str:
    """Hash of what was found: ids, severities and evidence, in id order.

    On which lines rows stand, and into how many files a delivery is cut, is left out: neither changes what was found.
    """
    found = [to_plain(Finding, finding) for finding in judgement.findings]
    for finding in found:
        finding["evidence"] = {name: told for name, told in finding["evidence"].items() if name not in HOW_IT_IS_CUT}
    return sha256(canonical_json(sorted(found, key=canonical_json)))


def _write_manifest(opened: Opened, ref: Ref, judgement: Judgement) -> None:
    """The run's manifest, last of all: what it read, what it found, and the ledger's head."""
    inputs = opened.inputs(ref.run)
    site = opened.frozen(inputs.content)
    head = opened.state.ledger.head()
    manifest: dict[str, Any] = {
        "run": ref.run,
        "inputs_sha256": durable.read_manifest(opened.places.step(ref.run, "opened"))["key"],
        "as_of": inputs.as_of,
        "content": inputs.content,
        "engine": inputs.engine,
        "verdict": judgement.verdict,
        "figures_sha256": logical_sha256(reducing.load_figures(opened, ref.run, site), FIGURES),
        "findings_sha256": findings_sha256(judgement),
        "cases": [case.number for case in judgement.cases],
        "ledger_head": {"seq": head.seq, "sha256": head.sha256},
    }
    durable.write_bytes(opened.places.run(ref.run) / durable.MANIFEST, canonical_json(manifest) + b"\n")


def _set_judged(opened: Opened, run: str) -> None:
    from loadgate.store.runs import RunState

    if opened.state.runs.get(run).state in (RunState.OPEN, RunState.INTERRUPTED):
        opened.state.runs.set_state(run, RunState.JUDGED)
