"""A judgement in; what to do next out: few steps in order, each with its command and its reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from loadgate.model.findings import Case, CauseKind, Finding, Verdict
from loadgate.model.identity import parse_run_id
from loadgate.model.judgement import Judgement
from loadgate.model.kinds import Kind, Owner
from loadgate.model.moments import day_in
from loadgate.reporting.names import Names
from loadgate.reporting.sentences import case_text, findings_of, owner_of

_TO_COME = frozenset({Kind.MISSING, Kind.LATE})
_MOST_LABELS = 8
_CEILING_STEP = 0.005  # half a per cent
# What concerns most of the run comes first.
_BREADTH = (
    CauseKind.RUN,
    CauseKind.VENDOR,
    CauseKind.SYSTEM,
    CauseKind.SYSTEM_VERSION,
    CauseKind.AREA,
    CauseKind.FIGURE,
    CauseKind.DELIVERY,
    CauseKind.PROVIDER,
    CauseKind.OTHER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. `gloss` is what the terminal prints beside the command; `case` the case it is about."""

    text: str
    command: str | None = None
    gloss: str = ""
    case: int | None = None


def steps(judgement: Judgement, names: Names) -> list[Step]:
    """The first step is the one to take first. Never empty."""
    words = names.words
    release = f"loadgate release {judgement.run}"
    begin = [Step(text=words("step", "provisional"))] if judgement.provisional else []
    if judgement.verdict is Verdict.HOLD:
        later = Step(text=words("step", "release_later"), command=release, gloss=words("next", "release_later"))
        return [*begin, *_settle(judgement, names), later]
    text = words("step", "release")
    if judgement.verdict is Verdict.RELEASE_WITH_CAVEATS:
        text = words("step", "release_caveats", count=words.count("caveat", len(judgement.caveats)))
    if judgement.verdict_before_waivers is Verdict.HOLD:
        text = f"{words('step', 'waived')} {text}"
    last = Step(text=text, command=release, gloss=words("next", "release"))
    return [*begin, last]


def case_steps(case: Case, judgement: Judgement, findings: Mapping[str, Finding], names: Names) -> list[Step]:
    """How to settle one case: see it, have it mended, or waive it."""
    words, number = names.words, case.number
    own = findings_of(case, findings)
    lead = own[0] if own else None
    text = case_text(case, findings, names, run=judgement.run)
    see = Step(
        text=words("step", "evidence", case=text.label, title=text.title, cause=text.cause),
        command=None if number is None else f"loadgate case show {number}",
        gloss=words("next", "evidence", provider=names.provider()),
        case=number,
    )
    key = "redeliver"
    if lead is not None and lead.kind in _TO_COME:
        key = "await"
    elif lead is not None and lead.kind is Kind.COULD_NOT_RUN:
        key = "repair"
    elif owner_of(lead) is Owner.OPERATIONS:
        key = "deliver_again"
    mend = Step(
        text=words("step", key, owner=words("whom", owner_of(lead).value)),
        command=f"loadgate run {parse_run_id(judgement.run)[0]}",
        gloss=words("next", "rerun"),
        case=number,
    )
    waive = Step(
        text=words("step", "waive"),
        command=None if number is None else waive_command(case, as_of=judgement.as_of, timezone=names.timezone),
        gloss=words("next", "waive"),
        case=number,
    )
    return [see, mend, waive]


def waive_command(case: Case, *, as_of: str, timezone: str) -> str:
    """`loadgate waive 1 --reason "…" --until 2025-09-30 --ceiling 2.5%`: until the next month's end, a little room."""
    command = f'loadgate waive {case.number} --reason "…" --until {waive_until(as_of, timezone)}'
    if case.size <= 0 or not math.isfinite(case.size):
        return command
    ceiling = math.ceil(case.size / _CEILING_STEP - 1e-9) * _CEILING_STEP
    return f"{command} --ceiling {ceiling * 100:.10g}%"


def waive_until(as_of: str, timezone: str) -> date:
    """The last day of the month after `as_of`."""
    day = day_in(timezone, datetime.fromisoformat(as_of))
    second_next = (day.replace(day=1) + timedelta(days=63)).replace(day=1)
    return second_next - timedelta(days=1)


def holding(judgement: Judgement) -> list[Case]:
    """The cases that hold the run, the most urgent first."""
    holds = _holds(judgement)
    return [case for case in urgent_first(judgement) if holds(case)]


def urgent_first(judgement: Judgement) -> list[Case]:
    """What holds the run before the rest; then by severity, by how much of the run it concerns, by size, by number."""
    holds = _holds(judgement)

    def order(case: Case) -> tuple[bool, int, int, int, float, float]:
        number = math.inf if case.number is None else case.number
        breadth = _BREADTH.index(case.cause.kind)
        return (not holds(case), -case.severity.rank, breadth, -len(case.findings), -case.size, number)

    return sorted(judgement.cases, key=order)


def _holds(judgement: Judgement) -> Callable[[Case], bool]:
    blocking = [reason for reason in judgement.reasons if reason.effect == "block" and reason.waived_by is None]
    numbers = {reason.case for reason in blocking if reason.case is not None}
    findings = {finding for reason in blocking for finding in reason.findings}
    return lambda case: case.number in numbers or not findings.isdisjoint(case.findings)


def _settle(judgement: Judgement, names: Names) -> list[Step]:
    words = names.words
    held = holding(judgement)
    findings = {finding.id: finding for finding in judgement.findings}
    if not held:
        run = f"loadgate run {parse_run_id(judgement.run)[0]}"
        return [Step(text=words("step", "could_not_run"), command=run, gloss=words("next", "rerun"))]
    first = case_steps(held[0], judgement, findings, names)
    if len(held) == 1:
        return first
    others = held[1:]
    labels = [words("case", "label", number=case.number) for case in others[:_MOST_LABELS] if case.number is not None]
    if len(others) > _MOST_LABELS:
        labels.append(words("step", "others_after", count=words.number(len(others) - _MOST_LABELS)))
    key = "other" if len(others) == 1 else "others"
    return [*first, Step(text=words("step", key, count=words.number(len(others)), cases=", ".join(labels)))]
