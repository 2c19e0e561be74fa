"""A report's view in; its reasons and cases out, as the page shows them: sentence, chart, evidence, commands."""

from __future__ import annotations

from dataclasses import dataclass

from loadgate.model.findings import (
    ArrivalEvidence,
    Case,
    CellsEvidence,
    Finding,
    GroupEvidence,
    MemberEffect,
    RowsEvidence,
)
from loadgate.model.judgement import Reason
from loadgate.model.kinds import KINDS, Severity
from loadgate.reporting.charts import Chart, effect_chart
from loadgate.reporting.grid import Content, Grid, Mark
from loadgate.reporting.language import sentence_case
from loadgate.reporting.names import Names
from loadgate.reporting.sentences import (
    CaseText,
    case_text,
    cause_text,
    effect_span,
    extent,
    figure_titles,
    finding_title,
    findings_of,
    when,
    who,
)
from loadgate.reporting.steps import Step, case_steps, urgent_first
from loadgate.reporting.view import ReportView

MOST_MEMBERS = 240  # rows of an evidence table; beyond, they are summed by provider
MOST_FINDINGS = 200
SEVERITY_MARKS = {Severity.CRITICAL: ("critical", "hold"), Severity.WARNING: ("warning", "caveat")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonView:
    """Why the verdict is what it is; `anchor` of its case on the page."""

    text: str
    label: str
    anchor: str | None
    rule: str
    why: str
    blocks: bool
    waived: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    anchor: str
    mark: Mark
    text: CaseText
    waived: str | None
    chart: Chart | None
    evidence: Grid | None
    evidence_count: str
    evidence_note: str | None
    steps: tuple[Step, ...]


def anchor_of(case: Case, index: int) -> str:
    return f"case-{case.number if case.number is not None else f'n{index + 1}'}"


def severity_mark(severity: Severity, names: Names) -> Mark:
    icon, tone = SEVERITY_MARKS.get(severity, ("info", ""))
    return Mark(icon=icon, text=names.words("severity", severity.value), tone=tone)


def reasons(view: ReportView) -> list[ReasonView]:
    """One per reason of the judgement: what blocks first, then by its case; the same text is said once."""
    judgement = view.judgement
    findings = {finding.id: finding for finding in judgement.findings}
    ordered = urgent_first(judgement)
    place = {case.number: index for index, case in enumerate(ordered) if case.number is not None}

    def order(reason: Reason) -> tuple[bool, bool, int]:
        return (
            reason.effect != "block",
            reason.waived_by is not None,
            place.get(reason.case, len(ordered)) if reason.case is not None else len(ordered),
        )

    views = [_reason(reason, view, findings, ordered) for reason in sorted(judgement.reasons, key=order)]
    return list(dict.fromkeys(views))


def cases(view: ReportView) -> list[CaseView]:
    """The most urgent first."""
    judgement = view.judgement
    findings = {finding.id: finding for finding in judgement.findings}
    waived = {reason.case: reason.waived_by for reason in judgement.reasons if reason.waived_by is not None}
    return [
        _case(case, index, view, findings, waived.get(case.number))
        for index, case in enumerate(urgent_first(judgement))
    ]


def finding_grid(findings: list[Finding], names: Names, *, caption: str) -> Grid:
    """One row a finding: whom it concerns, which check, how much, where."""
    words = names.words
    first = sentence_case(names.provider())
    head = (first, *(words("page", key) for key in ("concerns", "finding", "severity", "extent", "lines")))
    rows: list[tuple[Content, ...]] = []
    for finding in findings[:MOST_FINDINGS]:
        evidence = finding.evidence
        lines = ", ".join(map(str, evidence.lines)) if isinstance(evidence, RowsEvidence) else ""
        rows.append(
            (
                who(finding.scope, names),
                _concerns(finding, names),
                _found(finding, names),
                severity_mark(finding.severity, names),
                _extent(finding, names),
                lines,
            )
        )
    return Grid(caption=caption, head=head, rows=tuple(rows))


def _concerns(finding: Finding, names: Names) -> str:
    if finding.scope.delivery is not None:
        return names.words.join(sorted(finding.scope.delivery), most=3)
    if finding.scope.figure is not None:
        return sentence_case(figure_titles(finding.scope, names))
    return names.words.join([names.datasets.get(each, each) for each in sorted(finding.scope.dataset or ())], most=3)


def _found(finding: Finding, names: Names) -> str:
    if finding.check is None:
        return names.words("title", KINDS[finding.kind].sentence)
    why = names.checks.get(finding.check)
    return f"{finding.check}: {why}" if why else finding.check


def _reason(reason: Reason, view: ReportView, findings: dict[str, Finding], ordered: list[Case]) -> ReasonView:
    names, words = view.names, view.names.words
    found = next(((i, case) for i, case in enumerate(ordered) if _is_about(reason, case)), None)
    own = sorted((findings[each] for each in reason.findings if each in findings), key=lambda f: -f.severity.rank)
    if found is not None:
        index, case = found
        lead = findings_of(case, findings)
        text = f"{finding_title(lead[0], names)}, {cause_text(case, names)}" if lead else cause_text(case, names)
        label, anchor = case_text(case, findings, names, run=view.judgement.run).label, anchor_of(case, index)
    else:
        text = finding_title(own[0], names) if own else words("title", _sentence_key(reason.kind))
        text = f"{text}, {words.count('finding', len(reason.findings))}" if len(reason.findings) > 1 else text
        label, anchor = "", None
    rules = view.gate.rules
    known = 0 < reason.rule <= len(rules)
    return ReasonView(
        text=sentence_case(text),
        label=label,
        anchor=anchor,
        rule=words("page", "rule", rule=reason.rule) if reason.rule else words("page", "rule_zero"),
        why=rules[reason.rule - 1].reason if known else "",
        blocks=reason.effect == "block",
        waived=reason.waived_by,
    )


def _is_about(reason: Reason, case: Case) -> bool:
    if reason.case is not None and case.number is not None:
        return reason.case == case.number
    return bool(set(reason.findings) & set(case.findings))


def _sentence_key(kind: str) -> str:
    return next((facts.sentence for each, facts in KINDS.items() if each.value == kind), "could_not_run")


def _case(case: Case, index: int, view: ReportView, findings: dict[str, Finding], waived: str | None) -> CaseView:
    names = view.names
    own = findings_of(case, findings)
    anchor = anchor_of(case, index)
    evidence = own[0].evidence if own else None
    chart, grid, note = None, None, None
    if isinstance(evidence, GroupEvidence) and evidence.members:
        title = figure_titles(own[0].scope, names)
        chart = effect_chart(f"{anchor}-effect", evidence=evidence, figure=title, names=names)
        grid, note = _member_grid(case, evidence, names)
        count = names.words.count("row", len(grid.rows))
    elif own:
        grid = finding_grid(own, names, caption=names.words("page", "evidence_table"))
        count = names.words.count("finding", len(own))
        if len(own) > MOST_FINDINGS:
            note = names.words("page", "findings_left", count=names.words.number(len(own) - MOST_FINDINGS))
    else:
        count = ""
    return CaseView(
        anchor=anchor,
        mark=severity_mark(case.severity, names),
        text=case_text(case, findings, names, run=view.judgement.run),
        waived=waived,
        chart=chart,
        evidence=grid,
        evidence_count=count,
        evidence_note=note,
        steps=tuple(case_steps(case, view.judgement, findings, names)),
    )


def _member_grid(case: Case, evidence: GroupEvidence, names: Names) -> tuple[Grid, str | None]:
    words = names.words
    members, note = list(evidence.members), None
    if len(members) > MOST_MEMBERS:
        command = f"loadgate case show {case.number}"
        count = words.count("row", len(members))
        note = words("page", "evidence_by_provider", provider=names.provider(), count=count, command=command)
        members = _by_provider(members)
    by_cell = any(member.cell is not None for member in members)
    keys = ("moved", "of_eligible", "smallest", "median", "largest")
    head = (sentence_case(names.provider()), *((words("page", "cell"),) if by_cell else ()))
    rows = []
    for member in sorted(members, key=lambda m: (names.providers.get(m.provider, m.provider), m.cell or "")):
        effects = (member.effect_min, member.effect_median, member.effect_max)
        rows.append(
            (
                names.providers.get(member.provider, member.provider),
                *((member.cell or "–",) if by_cell else ()),
                words.number(member.cells),
                words.number(member.eligible),
                *("–" if value is None else words.percent(value, signed=True) for value in effects),
            )
        )
    first = 2 if by_cell else 1
    return Grid(
        caption=words("page", "evidence_table"),
        head=(*head, *(words("page", key) for key in keys)),
        rows=tuple(rows),
        numeric=frozenset(range(first, first + len(keys))),
    ), note


def _by_provider(members: list[MemberEffect]) -> list[MemberEffect]:
    together: dict[str, list[MemberEffect]] = {}
    for member in members:
        together.setdefault(member.provider, []).append(member)
    return [
        MemberEffect(
            provider=provider,
            cell=None,
            cells=sum(m.cells for m in own),
            eligible=sum(m.eligible for m in own),
            effect_min=min((m.effect_min for m in own if m.effect_min is not None), default=None),
            effect_median=_middle([m.effect_median for m in own if m.effect_median is not None]),
            effect_max=max((m.effect_max for m in own if m.effect_max is not None), default=None),
        )
        for provider, own in together.items()
    ]


def _middle(values: list[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


def _extent(finding: Finding, names: Names) -> str:
    evidence = finding.evidence
    text = extent(finding, names)
    if isinstance(evidence, CellsEvidence | GroupEvidence):
        span = effect_span(evidence, names)
        return f"{text}{when(evidence, names)}" + (f", {span}" if span else "")
    return "" if isinstance(evidence, ArrivalEvidence) and not evidence.files else text
