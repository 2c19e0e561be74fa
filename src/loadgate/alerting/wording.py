"""A case and its findings in; the subject and body of an alert out, in the language of its route."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from loadgate.model.findings import Case, Finding, RowsEvidence
from loadgate.model.kinds import KINDS, Kind, Owner, Severity

Language = Literal["en", "da"]
Standing = Literal["hold", "caveat", "show", "info", "warning", "critical", "closed"]
_FILES = 5  # so many failed files are named, more are counted
_SUBJECT = 150
_LABEL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The fixed words of an alert in one language."""

    standing: dict[Standing, str]
    owners: dict[Owner, str]
    what: str
    since: str
    owner: str
    do: str
    file: str
    run: str
    first_seen: str
    case: str
    rule: str
    column: str
    lines: str
    rows: str
    more: str
    report: str
    send: str
    again: str
    check: str
    nothing: str
    by: str
    over: str
    once: str
    last: str
    gone: str
    back: str
    thousands: str


WORDS: dict[Language, Words] = {
    "en": Words(
        standing={
            "hold": "HOLD",
            "caveat": "CAVEAT",
            "show": "FOUND",
            "info": "INFO",
            "warning": "WARNING",
            "critical": "CRITICAL",
            "closed": "CLOSED",
        },
        owners={owner: owner.value for owner in Owner},
        what="What",
        since="Since",
        owner="Owner",
        do="Do",
        file="File",
        run="run {run}",
        first_seen="first seen {moment}",
        case="case {number}",
        rule="rule {rule}",
        column="column {column}",
        lines="lines {lines}",
        rows="{failed} of {checked} rows",
        more="and {count} more",
        report="report: {link}",
        send="send the file",
        again="make the file again, and send it",
        check="see in the source system whether it is right; if not, correct it there and have the file sent again",
        nothing="nothing yet: operations looks into it",
        by="{do}, by {closes}",
        over="{do}; waiting ended {closes}, so tell operations when it is sent",
        once="This case is told once; again only if it gets worse, or more files of it fail or are missing.",
        last="More files with the same fault are told together, with their case, when the run is judged.",
        gone="{title}: no longer seen, closed in run {run}.",
        back="If it comes back, it is told again, as a new case.",
        thousands=",",
    ),
    "da": Words(
        standing={
            "hold": "TILBAGEHOLDT",
            "caveat": "FORBEHOLD",
            "show": "FUND",
            "info": "TIL ORIENTERING",
            "warning": "ADVARSEL",
            "critical": "KRITISK",
            "closed": "LUKKET",
        },
        owners={
            Owner.OPERATIONS: "driften",
            Owner.SUPPLIER: "dataleverandøren",
            Owner.PROVIDER: "kommunen",
            Owner.VENDOR: "systemleverandøren",
            Owner.STEWARD: "dataforvalteren",
            Owner.APPROVER: "godkenderen",
        },
        what="Hvad",
        since="Siden",
        owner="Ansvar",
        do="Gør",
        file="Fil",
        run="kørsel {run}",
        first_seen="først set {moment}",
        case="sag {number}",
        rule="regel {rule}",
        column="kolonne {column}",
        lines="linjer {lines}",
        rows="{failed} af {checked} rækker",
        more="og {count} til",
        report="rapport: {link}",
        send="send filen",
        again="dan filen igen, og send den",
        check="se efter i kildesystemet, om det passer; hvis ikke, ret det dér, og få filen sendt igen",
        nothing="intet endnu: driften ser på sagen",
        by="{do}, senest {closes}",
        over="{do}; ventetiden sluttede {closes}, så giv driften besked, når den er sendt",
        once="Sagen meldes én gang; igen kun, hvis den bliver værre, eller flere filer i den fejler eller mangler.",
        last="Flere filer med samme fejl meldes samlet, med deres sag, når kørslen er bedømt.",
        gone="{title}: ses ikke længere, lukket i kørsel {run}.",
        back="Kommer den igen, meldes den igen, som en ny sag.",
        thousands=".",
    ),
}


def one_line(text: str) -> str:
    """No line breaks, no control or invisible characters: a subject is a mail header."""
    shown = "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cf") else letter for letter in text)
    return " ".join(shown.split())


def subject(*, site: str, period: str, standing: Standing, title: str, case: Case | None, language: Language) -> str:
    """`[site 2026-10] HOLD: what, who (case 1)`, cut at a word if it is long. Without a case, no number is said."""
    words = WORDS[language]
    tail = "" if case is None or case.number is None else f" ({words.case.format(number=case.number)})"
    head = f"[{one_line(site)} {one_line(period)}] {words.standing[standing]}: "
    room = _SUBJECT - len(head) - len(tail)
    told = one_line(title).rstrip(".")
    if len(told) > room:
        told = told[: room - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
    return head + told + tail


def body(
    *, sentence: str, case: Case, findings: Sequence[Finding], seen: str | None, do: str, language: Language
) -> str:
    """What, since when, who acts, what to do; a failed file with its lines, column, rule and count."""
    words = WORDS[language]
    since = words.run.format(run=case.first_seen)
    if seen is not None:
        since += f", {words.first_seen.format(moment=seen)}"
    lines = [_labelled(words.what, one_line(sentence))]
    lines += _files(findings, words)
    lines += [
        _labelled(words.since, since),
        _labelled(words.owner, words.owners[owner(findings)]),
        _labelled(words.do, do),
        words.once,
    ]
    return "\n".join(lines) + "\n"


def with_contact(told: str, *, role: Owner, name: str, language: Language) -> str:
    """The body with a contact beside its owner; as it is where it does not say that owner."""
    words = WORDS[language]
    line = _labelled(words.owner, words.owners[role])
    return told.replace(f"\n{line}\n", f"\n{line} ({one_line(name)})\n", 1)


def body_of_closed(*, title: str, case: Case, run: str, language: Language) -> str:
    words = WORDS[language]
    gone = words.gone.format(title=one_line(title), run=run)
    since = words.run.format(run=case.first_seen)
    return "\n".join([_labelled(words.what, gone), _labelled(words.since, since), words.back]) + "\n"


def command(case: Case) -> str:
    """What someone does who has loadgate at hand."""
    return "loadgate status" if case.number is None else f"loadgate case show {case.number}"


def request(findings: Sequence[Finding], *, closes: str | None, over: bool, language: Language) -> str:
    """What someone does who sends data. `closes`: when waiting for them ends, or ended if it is `over`."""
    words = WORDS[language]
    if owner(findings) in (Owner.OPERATIONS, Owner.STEWARD):
        return words.nothing
    if all(finding.kind in (Kind.MISSING, Kind.LATE) for finding in findings):
        do = words.send
    else:
        do = words.again if owner(findings) is Owner.SUPPLIER else words.check
    if closes is None:
        return do
    return (words.over if over else words.by).format(do=do, closes=closes)


def with_report(do: str, link: str | None, *, language: Language) -> str:
    return do if link is None else f"{do} · {WORDS[language].report.format(link=link)}"


def owner(findings: Sequence[Finding]) -> Owner:
    """Who owns the most serious of them."""
    if not findings:
        return Owner.OPERATIONS
    return KINDS[max(findings, key=lambda finding: (finding.severity.rank, finding.id)).kind].owner


def standing_of(severity: Severity) -> Standing:
    return severity.value


def _files(findings: Sequence[Finding], words: Words) -> list[str]:
    failed = [finding for finding in findings if finding.scope.delivery and isinstance(finding.evidence, RowsEvidence)]
    lines = [_labelled(words.file, _file(finding, words)) for finding in failed[:_FILES]]
    if len(failed) > _FILES:
        lines.append(_labelled("", words.more.format(count=len(failed) - _FILES)))
    return lines


def _file(finding: Finding, words: Words) -> str:
    told = [", ".join(sorted(finding.scope.delivery or ()))]
    if finding.check is not None:
        told.append(words.rule.format(rule=finding.check))
    evidence = finding.evidence
    if isinstance(evidence, RowsEvidence):
        if evidence.column is not None:
            told.append(words.column.format(column=evidence.column))
        if evidence.lines:
            told.append(words.lines.format(lines=_listed(evidence)))
        if evidence.rows_checked or evidence.rows_failed:
            failed, checked = _number(evidence.rows_failed, words), _number(evidence.rows_checked, words)
            told.append(words.rows.format(failed=failed, checked=checked))
    return one_line(" · ".join(told))


def _listed(evidence: RowsEvidence) -> str:
    listed = ", ".join(map(str, evidence.lines))
    return f"{listed}, …" if evidence.rows_failed > len(evidence.lines) else listed


def _number(value: int, words: Words) -> str:
    return f"{value:,}".replace(",", words.thousands)


def _labelled(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}{text}"
