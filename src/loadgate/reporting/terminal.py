"""A judgement in; the last lines of a run out: verdict, cases, what to do next, where the report lies."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import wrap

from loadgate.model.findings import Verdict
from loadgate.model.judgement import Judgement
from loadgate.model.kinds import IN_SHADOW, Severity
from loadgate.reporting.names import Names
from loadgate.reporting.sentences import case_text, resolved_text
from loadgate.reporting.steps import holding, steps, urgent_first

WIDTH = 100
MOST_CASES = 8  # and all that hold the run; the others are counted
_COMMAND_COLUMN = 42
_INDENT = " " * 10
_STYLES: dict[Verdict | Severity, str] = {
    Verdict.RELEASE: "bold cyan",
    Verdict.RELEASE_WITH_CAVEATS: "bold yellow",
    Verdict.HOLD: "bold red",
    Severity.CRITICAL: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "dim",
}


def terminal(judgement: Judgement, names: Names, *, report: str | None, rich: bool = False, width: int = WIDTH) -> str:
    """Plain text, or Rich markup with everything that came from content escaped. No trailing newline."""
    words = names.words
    paint = _painter(rich=rich)
    verdict = paint(words("verdict", judgement.verdict.value), _STYLES[judgement.verdict])
    first = [verdict, words.spelled("case", len(judgement.cases))]
    if judgement.provisional:
        first.append(words("terminal", "provisional"))
    lines = ["   ".join(first), ""]
    findings = {finding.id: finding for finding in judgement.findings}
    ordered = urgent_first(judgement)
    shown = max(MOST_CASES, len(holding(judgement)))
    for case in ordered[:shown]:
        text = case_text(case, findings, names, run=judgement.run)
        left = f"  {paint(text.label, 'bold')}  {paint(text.severity, _STYLES[case.severity])}  "
        plain = len(f"  {text.label}  {text.severity}  ")
        title = f"{text.title}, {text.cause}"
        room = width - plain - len(title) - len(text.state)
        if room < 2:  # what does not fit beside its label stands below it
            lines.append(left + paint(text.state, "dim"))
            lines += [_INDENT + paint(line, "") for line in wrap(title, width - len(_INDENT))]
        else:
            lines.append(left + paint(title, "") + " " * room + paint(text.state, "dim"))
        for paragraph in (text.sentence, text.more, _aside(text.not_moved, text.looks_like)):
            if paragraph:
                lines += [_INDENT + paint(line, "") for line in wrap(paragraph, width - len(_INDENT))]
        lines.append("")
    if len(ordered) > shown:
        left = words("page", "cases_more", count=words.count("case", len(ordered) - shown))
        lines += ["  " + words("terminal", "in_report", cases=left), ""]
    if judgement.caveats:
        lines.append(words("terminal", "caveats", count=words.number(len(judgement.caveats))))
    tried = sum(finding.kind in IN_SHADOW for finding in judgement.findings)
    if tried:
        lines.append(paint(words("terminal", "in_shadow", count=words.count("finding", tried)), "dim"))
    if judgement.resolved:
        lines.append(words("terminal", "resolved", cases=resolved_text(judgement, words)))
    lines.append(paint(words("terminal", "next"), "bold"))
    for step in steps(judgement, names):
        if step.command is None:
            lines += [f"  {paint(line, 'dim')}" for line in wrap(step.text, width - 2)]
            continue
        gap = " " * max(_COMMAND_COLUMN - len(step.command), 4)
        lines.append(f"  {paint(step.command, 'bold')}{gap}{paint(step.gloss, 'dim')}".rstrip())
    if report is not None:
        lines.append(f"{paint(words('terminal', 'report'), 'bold')}   {paint(report, '')}")
    return "\n".join(lines)


def _aside(*parts: str | None) -> str:
    return "  ".join(part for part in parts if part)


def _painter(*, rich: bool) -> Callable[[str, str], str]:
    def plain(text: str, style: str) -> str:  # noqa: ARG001 - the same shape as the other
        return text

    def markup(text: str, style: str) -> str:
        from rich.markup import escape

        return f"[{style}]{escape(text)}[/]" if style else escape(text)

    return markup if rich else plain
