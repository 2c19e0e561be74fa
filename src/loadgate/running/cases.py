"""Runs and their judgements in; out, a case where it was last seen, a run by its period, and the cases rebuilt."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from loadgate.errors import NotFound
from loadgate.model.encoding import to_plain
from loadgate.model.findings import Case
from loadgate.model.identity import parse_run_id
from loadgate.model.period import run_order
from loadgate.running import deciding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgate.model.judgement import Judgement
    from loadgate.running.opened import Opened
    from loadgate.store.cases import Held


def newest_run(opened: Opened, text: str) -> str:
    """The run with this id; for a period the newest that was judged. Raises NotFound, proposing the nearest."""
    judged = judged_runs(opened)
    if "." in text:
        if text in judged:
            return text
    else:
        of_period = [run for run in judged if parse_run_id(run)[0] == text]
        if of_period:
            return of_period[-1]
    if any(text in (row.id, row.period) for row in opened.state.runs.rows()):
        period = text.partition(".")[0]
        raise NotFound(f"run {text} is not judged yet", fix=f"`loadgate run {period}` takes it up where it stopped")
    near = difflib.get_close_matches(text, judged, n=1, cutoff=0.5)
    raise NotFound(f"no judged run {text}", fix=f"did you mean {near[0]}?" if near else "`loadgate runs` lists them")


def judged_runs(opened: Opened) -> list[str]:
    """Runs that have a judgement, by period and number."""
    return [row.id for row in opened.state.runs.rows() if deciding.is_stored(opened, row.id)]


def newest_judgement_of(opened: Opened, number: int, *, run: str | None = None) -> tuple[Judgement, Case]:
    """The judgement in which a case was last seen, or that of a run or period, and the case as it was there.

    Raises NotFound, also for a run that the case is not in.
    """
    row = opened.state.cases.get(number)
    seen = {run for run, _ in opened.state.cases.findings(number)}
    newest = max(seen, key=run_order, default=row.last_run)
    judgement = deciding.stored(opened, newest if run is None else newest_run(opened, run))
    case = next((one for one in judgement.cases if one.number == number), None)
    if case is None and run is not None:
        runs = ", ".join(sorted(seen, key=run_order))
        raise NotFound(f"case {number} is not in run {judgement.run}", fix=f"it was seen in {runs}")
    if case is None:
        raise NotFound(f"case {number} is not judged yet", fix="`loadgate case list` lists those that are")
    return judgement, case


def require_waivable(opened: Opened, number: int, *, run: str) -> None:
    """Raises NotFound for a case that is over, unless the run that it was last seen in still waits for its release."""
    from loadgate.store.cases import CaseState
    from loadgate.store.runs import RunState

    row = opened.state.cases.get(number)
    newest = opened.state.runs.rows(parse_run_id(run)[0])[-1]
    if row.state is CaseState.CLOSED and (newest.id != run or newest.state is RunState.RELEASED):
        raise NotFound(f"case {number} was resolved in {row.last_run}", fix="`loadgate case list` lists the open ones")


def rebuild(opened: Opened) -> dict[str, int]:
    """Write the cases anew from the runs' judgements. Raises CouldNotRun where one cannot be read: they stay then."""
    counts: dict[str, int] = {}

    def made() -> list[Held]:
        runs = sorted(judged_runs(opened), key=run_order)
        cases = _cases_of([deciding.stored(opened, run) for run in runs])
        counts.update(cases=len(cases), runs=len(runs))
        return cases

    opened.state.cases.replace_all(made)
    return counts


def _cases_of(judgements: Sequence[Judgement]) -> list[Held]:
    """The cases of these judgements, in order of period and number of their runs."""
    from loadgate.judging.cases import case_origin
    from loadgate.store.cases import CaseRow, CaseState

    rows: dict[int, CaseRow] = {}
    findings: dict[int, dict[str, tuple[str, ...]]] = {}
    for judgement in judgements:
        run = judgement.run
        for case in judgement.cases:
            number = case.known_number
            earlier = rows.get(number)
            # an older period may have been judged after the one that made the case
            origin = earlier.origin if earlier and case.first_seen != run else case_origin(case, run=run)
            rows[number] = CaseRow(
                number=number,
                origin=origin,
                state=CaseState.OPEN,
                opened_run=case.first_seen,
                last_run=run,
                body=to_plain(Case, case),
            )
            findings.setdefault(number, {})[run] = case.findings
        for number in judgement.resolved:
            if number in rows:
                rows[number] = replace(rows[number], state=CaseState.CLOSED, last_run=run)
    return [(rows[number], findings[number]) for number in rows]
