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
    from loadgate.model.judgement import Judgement
    from loadgate.running.opened import Opened


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


def newest_judgement_of(opened: Opened, number: int) -> tuple[Judgement, Case]:
    """The judgement in which a case was last seen, and the case as it was there. Raises NotFound."""
    row = opened.state.cases.get(number)
    judgement = deciding.stored(opened, row.last_run)
    case = next((one for one in judgement.cases if one.number == number), None)
    if case is None:
        raise NotFound(f"case {number} was resolved in {row.last_run}", fix="`loadgate case list` lists the open ones")
    return judgement, case


def rebuild(opened: Opened) -> dict[str, int]:
    """Write the cases anew from the runs' judgements, in the order in which the runs were judged."""
    from loadgate.judging.cases import case_origin
    from loadgate.store.cases import CaseRow, CaseState

    opened.state.cases.clear()
    rows: dict[int, CaseRow] = {}
    runs = sorted(judged_runs(opened), key=run_order)
    for run in runs:
        judgement = deciding.stored(opened, run)
        for case in judgement.cases:
            number = case.known_number
            earlier = rows.get(number)
            rows[number] = CaseRow(
                number=number,
                origin=earlier.origin if earlier else case_origin(case, run=run),
                state=CaseState.OPEN,
                opened_run=case.first_seen,
                last_run=run,
                body=to_plain(Case, case),
            )
            opened.state.cases.put(rows[number])
            opened.state.cases.attach(number, run=run, finding_ids=case.findings)
        for number in judgement.resolved:
            if number in rows:
                rows[number] = replace(rows[number], state=CaseState.CLOSED, last_run=run)
                opened.state.cases.put(rows[number])
    return {"cases": len(rows), "runs": len(runs)}
