"""A site's state in; out, what waits for whom, all runs, and a case in detail."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from loadgate.errors import CouldNotRun, LoadgateError, NotFound
from loadgate.model.contacts import contact_name
from loadgate.model.findings import GroupEvidence, Verdict
from loadgate.model.kinds import Owner
from loadgate.model.moments import day_in
from loadgate.model.scope import Scope
from loadgate.running import acting, alerts, deciding, month, wording
from loadgate.running.cases import judged_runs, newest_judgement_of, require_waivable
from loadgate.running.opened import Ref
from loadgate.running.release import judge_again, moment_of, released_as
from loadgate.running.views import case_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgate.model.findings import Case
    from loadgate.model.judgement import Judgement
    from loadgate.model.site import Site
    from loadgate.reporting.names import Names
    from loadgate.running.opened import Opened
    from loadgate.store.cases import CaseRow
    from loadgate.store.runs import RunRow


def all_runs(opened: Opened) -> list[dict[str, Any]]:
    """Every run with its state and the verdict it ended with, oldest period first.

    One of which something cannot be read says so under `could_not_run`, and what to do under `fix`.
    """
    unreadable = opened.look_past_unreadable()
    rows = opened.state.runs.rows()
    for run, fault in unreadable:
        if run not in {row.id for row in rows}:
            raise fault
    judged = set(judged_runs(opened))
    found: list[dict[str, Any]] = []
    for row in rows:
        faults = [fault for run, fault in unreadable if run == row.id]
        judgement = None
        try:
            judgement = deciding.stored(opened, row.id) if row.id in judged else None
        except CouldNotRun as fault:
            faults.append(fault)
        view = {
            "run": row.id,
            "state": row.state.value,
            "verdict": _verdict(opened, row.id, judgement),
            "cases": len(judgement.cases) if judgement else None if faults else 0,
            "as_of": row.as_of.isoformat(),
            "opened_by": row.opened_by,
        }
        found.append(view | ({"could_not_run": faults[0].message, "fix": faults[0].fix} if faults else {}))
    return found


def _verdict(opened: Opened, run: str, judgement: Judgement | None) -> str | None:
    """What it was released with; else what it was judged, before anything was waived since."""
    released = released_as(Ref(str(opened.places.site), run))
    if released is not None:
        return released.verdict.value
    return judgement.verdict.value if judgement else None


def standing(opened: Opened, period: str | None) -> list[dict[str, Any]]:
    """What waits, the most urgent first: each with the run, what it is, whose move it is, and the next command.

    What cannot be read, so that nobody knows what waits there, comes first and says `could_not_run`.
    """
    from loadgate.store.runs import RunState

    unread = [_unread(opened, run, fault) for run, fault in opened.look_past_unreadable()]
    lines: list[dict[str, Any]] = []
    if opened.places.pruning.exists():
        whose = _operations(opened, period)
        lines.append({"run": "state", "what": "a prune was cut short", **whose, "next": "loadgate prune"})
    newest = {row.period: row for row in opened.state.runs.rows(period)}
    for row in newest.values():
        if row.state is RunState.RELEASED:
            continue
        try:
            lines += _of_run(opened, row)
        except CouldNotRun as fault:
            told = _unread(opened, row.id, fault)
            unread += [told] if told not in unread else []
    return unread + lines + _kept_back(opened, period) + untold(opened, period)


def _unread(opened: Opened, run: str, fault: CouldNotRun) -> dict[str, Any]:
    whose = _operations(opened, run.partition(".")[0])
    return {"run": run, "what": fault.message, **whose, "next": fault.fix or "loadgate doctor", "could_not_run": True}


def _of_run(opened: Opened, row: RunRow) -> list[dict[str, Any]]:
    """What waits in the newest run of a period. Raises CouldNotRun when it is not what was judged, or not readable."""
    from loadgate.reporting.sentences import findings_of, owner_of
    from loadgate.store.runs import RunState

    ref = Ref(str(opened.places.site), row.id)
    if row.state in (RunState.OPEN, RunState.INTERRUPTED) or not month.is_done(ref):
        how = "interrupted" if row.state is RunState.INTERRUPTED else "not complete"
        next_step = f"loadgate run {row.period}"
        return [{"run": row.id, "what": how, **_operations(opened, row.period), "next": next_step}]
    judgement = judge_again(ref)  # with the acts and the clock of now, as its release would
    site = ref.frozen()[2]
    if judgement.verdict is not Verdict.HOLD:
        what, whose = f"judged {judgement.verdict.value}, not released", _whose(site, Owner.APPROVER, Scope())
        return [{"run": row.id, "what": what, **whose, "next": f"loadgate release {row.id}"}]
    lines: list[dict[str, Any]] = []
    findings = {finding.id: finding for finding in judgement.findings}
    for number in sorted({reason.case for reason in judgement.reasons if reason.effect == "block" and reason.case}):
        waiting = acting.pending(opened, number)
        case = next(one for one in judgement.cases if one.number == number)
        told = acting.refused_cover(
            opened, case, today=day_in(site.file.timezone, datetime.fromisoformat(judgement.as_of))
        )
        told += [f"{waiting.id} waits for a second person"] if waiting else []
        role = Owner.APPROVER if waiting else owner_of(next(iter(findings_of(case, findings)), None))
        lines.append(
            {
                "run": row.id,
                "what": "; ".join([f"HOLD because of case {number}", *told]),
                **_whose(site, role, case.scope),
                "next": f"loadgate waive {number} --approve --actor NAME"
                if waiting
                else f"loadgate case show {number}" + _unless_newest(opened, number, row.id),
            }
        )
    return lines


def _whose(site: Site, role: Owner, scope: Scope) -> dict[str, str | None]:
    """Whose move it is, and the site's contact for that; None where none fits."""
    return {"owner": role.value, "contact": contact_name(site.contacts, role, scope)}


def _operations(opened: Opened, period: str | None) -> dict[str, str | None]:
    """That it is operations' move, their contact by the newest run (of a period); None also where that is silent."""
    role = Owner.OPERATIONS
    try:
        site = opened.frozen(opened.inputs(opened.state.runs.rows(period)[-1].id).content)
    except (IndexError, LoadgateError, OSError):
        return {"owner": role.value, "contact": None}
    return _whose(site, role, Scope())


def _kept_back(opened: Opened, period: str | None) -> list[dict[str, str | None]]:
    """Files that were not told of, because the route had been told of several with the same fault."""
    return [
        {
            "run": told_of,
            "what": f"{count} more alert{'s' if count > 1 else ''} alike of route {route}"
            " kept for when the run is judged",
            **_operations(opened, told_of),
            "next": f"loadgate run {told_of}",
        }
        for (told_of, route), count in alerts.kept_back(opened, period).items()
    ]


def _unless_newest(opened: Opened, number: int, run: str) -> str:
    """` --run 2026-10`, where the case was seen in a later run too, and may be another size there."""
    newest, _ = newest_judgement_of(opened, number)
    return "" if newest.run == run else f" --run {run}"


def untold(opened: Opened, period: str | None) -> list[dict[str, str | None]]:
    """Alerts that did not get out: nobody knows of what they tell."""
    lines: list[dict[str, str | None]] = []
    for (told_of, route), rows in alerts.not_sent(opened, period).items():
        whole = f"{len(rows)} alert{'s' if len(rows) > 1 else ''} of route {route} not sent"
        tries = max(row.attempts for row in rows)
        tried = f"tried {tries} time{'s' if tries > 1 else ''}" if tries else "not tried yet"
        given_up = alerts.given_up(rows)
        ended = f"; {given_up} of them given up" if given_up else ""
        what, whose = f"{whole}, {tried}{ended}", _operations(opened, told_of)
        lines.append({"run": told_of, "what": what, **whose, "next": "loadgate alerts send"})
    return lines


def case_headings(opened: Opened, rows: Sequence[CaseRow]) -> list[str]:
    """What each case is and where, in the words of the run that it was last seen in: `columns differ, system TEA`."""
    from loadgate.model.encoding import from_plain
    from loadgate.model.findings import Case
    from loadgate.reporting.sentences import case_heading

    named: dict[str, Names] = {}
    for run in {row.last_run for row in rows}:
        inputs = opened.inputs(run)
        named[run] = wording.names(opened.frozen(inputs.content), inputs, language="en")
    return [case_heading(from_plain(Case, row.body), named[row.last_run]) for row in rows]


def case_detail(opened: Opened, judgement: Judgement, case: Case) -> dict[str, Any]:
    """The case with its evidence by provider and cell, its history and the commands that can follow.

    `over` says in which run it was resolved, where nothing is left to waive.
    """
    from loadgate.reporting.steps import waive_command
    from loadgate.store.runs import RunState

    inputs = opened.inputs(judgement.run)
    site = opened.frozen(inputs.content)
    view = case_view(opened, inputs, judgement, case)
    findings = {finding.id: finding for finding in judgement.findings}
    members = []
    for name in case.findings:
        evidence = findings[name].evidence if name in findings else None
        if isinstance(evidence, GroupEvidence):
            members += [{slot: getattr(member, slot) for slot in member.__slots__} for member in evidence.members]
    view["members"] = members
    today = day_in(site.file.timezone, moment_of(Ref(str(opened.places.site), judgement.run)))
    view["waivers"] = acting.refused_cover(opened, case, today=today)
    view["history"] = [
        {"run": run, "finding": finding} for run, finding in opened.state.cases.findings(case.known_number)
    ]
    view["over"] = None
    view["next"] = []
    try:
        require_waivable(opened, case.known_number, run=judgement.run)
        of_run = _unless_newest(opened, case.known_number, judgement.run)
        view["next"] = [waive_command(case, as_of=judgement.as_of, timezone=site.file.timezone) + of_run]
    except NotFound as over:
        view["over"] = over.message
    newest = opened.state.runs.rows(inputs.period)[-1]
    if newest.id == judgement.run and newest.state is not RunState.RELEASED:
        view["next"] += [f"loadgate release {judgement.run}"]
    return view


def evidence_rows(view: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The members as a table: provider, cell, cells that moved of those eligible, and by how much."""
    head = ["provider", "cell", "moved", "of", "min", "median", "max"]
    rows = [
        [
            member["provider"],
            member["cell"] or "",
            f"{member['cells']:,}",
            f"{member['eligible']:,}",
            *(_percent(member[name]) for name in ("effect_min", "effect_median", "effect_max")),
        ]
        for member in view["members"]
    ]
    return head, rows


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:+.2f} %"
