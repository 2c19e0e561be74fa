"""A report's view in; one self-contained HTML page out: no script, no font or image from elsewhere."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.model.deliveries import ArrivalState
from loadgate.model.findings import Verdict
from loadgate.reporting import sections
from loadgate.reporting.cases import cases, reasons
from loadgate.reporting.language import moment, sentence_case
from loadgate.reporting.matrix import FAILED, NOTHING, ORDER, matrix
from loadgate.reporting.sentences import resolved_text
from loadgate.reporting.steps import steps
from loadgate.reporting.view import ReportView

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"
_DATES = re.compile(r"\b\d{4}-\w{2,3}(?:-\d{2}(?: \d{2}:\d{2})?)?\b(?!/)")
MOST_REASONS = 3  # above the fold; the rest folds out
MOST_CASES = 10  # in full; the less urgent ones fold out
STATE_ICONS: dict[str, str] = {
    ArrivalState.ON_TIME: "full",
    ArrivalState.LATE: "half",
    ArrivalState.OVERDUE: "clock",
    ArrivalState.AWAITED: "dots",
    ArrivalState.MISSING: "ring",
    ArrivalState.UNEXPECTED: "question",
    ArrivalState.SUPERSEDED: "again",
    ArrivalState.QUARANTINED: "box",
    FAILED: "cross",
    NOTHING: "none",
}
STATE_TONES: dict[str, str] = {
    ArrivalState.MISSING: "hold",
    FAILED: "hold",
    ArrivalState.QUARANTINED: "hold",
    ArrivalState.OVERDUE: "caveat",
    ArrivalState.LATE: "caveat",
    ArrivalState.UNEXPECTED: "caveat",
}
VERDICT_TONES: dict[Verdict, str] = {
    Verdict.RELEASE: "release",
    Verdict.RELEASE_WITH_CAVEATS: "caveat",
    Verdict.HOLD: "hold",
}


def page(view: ReportView) -> str:
    """The whole report. Everything in it that came from content or data is escaped."""
    names, words, judgement = view.names, view.names.words, view.judgement
    all_cases, all_reasons = cases(view), reasons(view)
    deciding = [reason for reason in all_reasons if reason.blocks] or all_reasons
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            view=view,
            names=names,
            w=words,
            judgement=judgement,
            tone=VERDICT_TONES[judgement.verdict],
            as_of=moment(judgement.as_of, names.timezone),
            provider=sentence_case(names.provider()),
            case_count=words.count("case", len(all_cases)),
            caveat_count=words.count("caveat", len(judgement.caveats)),
            reasons=deciding[:MOST_REASONS],
            more_reasons=deciding[MOST_REASONS:],
            besides=[reason for reason in all_reasons if reason not in deciding],
            steps=steps(judgement, names),
            cases=all_cases[:MOST_CASES],
            more_cases=all_cases[MOST_CASES:],
            resolved=resolved_text(judgement, words),
            matrix=matrix(view.arrivals, judgement.findings, names),
            states=[str(state) for state in ORDER if state != NOTHING],
            icons=STATE_ICONS,
            tones=STATE_TONES,
            unexpected=_unexpected(view),
            checks=sections.checks(view),
            control=sections.control(view),
            restated=sections.restated(view),
            known_errors=sections.known_errors(view),
            caveats=sections.caveats(view),
            other=sections.other_findings(view),
            in_shadow=sections.in_shadow(view),
            inputs=sections.inputs(view),
            versions=sections.delivery_versions(view),
        )
    )


_PSEUDONYM = re.compile(r"file-[0-9a-f]{10}")


def _unexpected(view: ReportView) -> str | None:
    """Files that no profile knows, by pseudonym: a name may hold personal data."""
    files = view.arrivals.unexpected
    if not files:
        return None
    words = view.names.words
    listed = words.join([_pseudonym(each.name) for each in files], most=10)
    return words("page", "unexpected_files", count=words.count("file", len(files)), names=listed)


@lru_cache(maxsize=1)
def _pseudonym(name: str) -> str:
    """A run keeps pseudonyms in place of names; a name that is none becomes one here."""
    from loadgate.model.identity import file_pseudonym

    return name if _PSEUDONYM.fullmatch(name) else file_pseudonym(name)


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from loadgate.reporting.language import moment as written

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_unbroken,
    )
    environment.filters["moment"] = written
    environment.filters["sentence"] = sentence_case
    environment.filters["prose"] = _prose
    return environment


def _unbroken(value: object) -> object:
    """A number and its unit stay on one line."""
    return value.replace(" %", "\u00a0%") if type(value) is str else value


def _prose(text: str) -> Markup:
    """Escaped text in which a date, a period or a range of numbers is not broken at its hyphens."""
    from markupsafe import Markup, escape

    return Markup(_DATES.sub(r'<span class="nb">\g<0></span>', str(escape(_unbroken(text)))))  # noqa: S704
