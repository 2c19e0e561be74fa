"""A case or a finding in; the alert's subject and plain text out. No row values, no personal keys."""

from __future__ import annotations

from dataclasses import dataclass

from loadgate.model.findings import Case, Finding, Verdict
from loadgate.model.judgement import Judgement
from loadgate.model.kinds import KINDS
from loadgate.reporting.language import moment
from loadgate.reporting.names import Names
from loadgate.reporting.sentences import case_text, cause_text, finding_sentence, finding_title, findings_of, who

_LABEL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertText:
    """What is sent: one cause, one message."""

    subject: str
    body: str


def case_alert(case: Case, judgement: Judgement, names: Names, *, site: str, report: str | None = None) -> AlertText:
    """A case as an alert, told once."""
    words = names.words
    findings = {finding.id: finding for finding in judgement.findings}
    text = case_text(case, findings, names, run=judgement.run)
    own = findings_of(case, findings)
    title = finding_title(own[0], names) if own else text.title
    what = " ".join(part for part in (text.sentence, text.more, text.not_moved, text.looks_like) if part)
    command = None if case.number is None else f"loadgate case show {case.number}"
    verdict = words("verdict", judgement.verdict.value)
    if judgement.verdict is not Verdict.HOLD:
        verdict = words("severity", case.severity.value)
    return AlertText(
        subject=f"[{site} {judgement.run}] {verdict}: {title}, {cause_text(case, names)} ({text.label})",
        body=_body(
            names,
            what=what,
            run=case.first_seen,
            as_of=judgement.as_of if case.first_seen == judgement.run else None,
            owner=text.owner,
            command=command,
            report=report,
        ),
    )


def finding_alert(
    finding: Finding, names: Names, *, site: str, run: str, as_of: str, report: str | None = None
) -> AlertText:
    """A failed file or a missing delivery, told before the run's end: there is no case yet."""
    words = names.words
    return AlertText(
        subject=f"[{site} {run}] {words('severity', finding.severity.value)}: {finding_title(finding, names)}, "
        f"{who(finding.scope, names)}",
        body=_body(
            names,
            what=finding_sentence(finding, names),
            run=run,
            as_of=as_of,
            owner=words("owner", KINDS[finding.kind].owner.value),
            command=f"loadgate status {run}",
            report=report,
        ),
    )


def _body(
    names: Names, *, what: str, run: str, as_of: str | None, owner: str, command: str | None, report: str | None
) -> str:
    words = names.words
    since = run if as_of is None else words("alert", "run", run=run, moment=moment(as_of, names.timezone))
    do = " · ".join(
        part for part in (command, None if report is None else f"{words('alert', 'report')}: {report}") if part
    )
    rows = [("what", what), ("since", since), ("owner", owner)]
    if do:
        rows.append(("do", do))
    lines = [f"{words('alert', key):<{_LABEL}}{value}" for key, value in rows]
    return "\n".join([*lines, words("alert", "once")])
