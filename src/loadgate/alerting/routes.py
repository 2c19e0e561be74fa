"""A judgement and the routes in; out, the messages that nobody has been told yet, one for each cause and route."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from loadgate.alerting.wording import WORDS, Standing, body, command, owner, request, standing_of, subject, with_report
from loadgate.model.findings import (
    ArrivalEvidence,
    Case,
    CaseState,
    Cause,
    CellsEvidence,
    Finding,
    GroupEvidence,
    RowsEvidence,
)
from loadgate.model.identity import key_of
from loadgate.model.judgement import Judgement
from loadgate.model.kinds import Owner, Severity
from loadgate.model.moments import written_in
from loadgate.model.profiles import AlertRoute
from loadgate.model.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One alert: plain text, no row values, no personal keys.

    `key` is the same for the same news on the same route. `tells` are the facts in it, each told once. `alike` names
    what messages like it have in common; `body_of_last` is the body of the last that is told of these. `whose` move it
    is, and for what: whoever sends it to the site's own desk adds the contact then, since no name is kept; None where
    others read it.

    Whoever keeps messages hands back both, `key` and `tells`, as `already` told.
    """

    key: str
    route: str
    subject: str
    body: str
    tells: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    body_of_last: str = ""
    whose: tuple[Owner, Scope] | None = None


_OF_A_DELIVERY = ("arrival.", "reading.")  # each delivery is news of its own, also in a case that goes on


def route(
    judgement: Judgement,
    *,
    site_name: str,
    period: str,
    routes: Sequence[AlertRoute],
    sentence: Callable[[Finding | Case], str],
    already: frozenset[str],
    timezone: str,
    title: Callable[[Case], str] | None = None,
    report: str | None = None,
    address: str | None = None,
    closes: Callable[[Finding], datetime | None] = lambda _: None,
    held: frozenset[str] = frozenset(),
) -> list[Message]:
    """What to tell, in the order of the cases, then of the routes.

    A case is told on a route when it is new, when it got worse, and when it holds a missing delivery or a failed file
    that the route has not been told of in this period, or a finding in a place where it was not seen before; so a
    provisional judgement and the run's say it once between them. Of a case a route hears only the findings that lie in
    its scope: nobody is told of another's files.
    `sentence` and `title` speak the language of the routes handed in; without a `title`, the sentence is cut.
    `already` holds the keys and the told facts of earlier messages, `held` the facts of messages that were kept back:
    they are told now, also of a case that goes on. `report` is where the report lies on this machine,
    `address` where anyone can open it. A route that senders read has no loadgate at hand: it is asked to send anew what
    waiting `closes` for. Moments are told in `timezone`.
    """
    findings = {finding.id: finding for finding in judgement.findings}
    messages = []
    for whole in judgement.cases:
        for line in routes:
            case = _seen_from(line, whole, findings)
            if case is None or not _wanted(line, case):
                continue
            own = [findings[name] for name in case.findings if name in findings]
            tells = _tells(case, own, whole=case is whole, route_name=line.name, period=period, held=held)
            news = [fact for fact in tells if fact not in already]
            key = f"m-{key_of(line.name, period, tells)}"
            if not news or key in already:
                continue
            said = sentence(case)
            told = body(
                sentence=said,
                case=case,
                findings=_worst_first(own),
                seen=_seen(judgement, timezone) if case.first_seen == judgement.run else None,
                do=_do(line, case, own, judgement, timezone=timezone, report=report, address=address, closes=closes),
                language=line.language,
            )
            messages.append(
                Message(
                    key=key,
                    route=line.name,
                    subject=subject(
                        site=site_name,
                        period=period,
                        standing=_standing(judgement, case),
                        title=said if title is None else title(case),
                        case=case,
                        language=line.language,
                    ),
                    body=told,
                    tells=tuple(tells),
                    alike=tuple(sorted({f"{period}/{_likeness(finding)}" for finding in own})),
                    body_of_last=told + WORDS[line.language].last + "\n",
                    whose=(owner(own), case.scope) if line.is_desks else None,
                )
            )
    return messages


def _do(
    line: AlertRoute,
    case: Case,
    findings: Sequence[Finding],
    judgement: Judgement,
    *,
    timezone: str,
    report: str | None,
    address: str | None,
    closes: Callable[[Finding], datetime | None],
) -> str:
    if line.is_desks:
        return with_report(command(case), address or report, language=line.language)
    ends = min((moment for finding in findings if (moment := closes(finding))), default=None)
    asked = request(
        findings,
        closes=_told(ends, timezone) if ends else None,
        over=ends is not None and ends <= datetime.fromisoformat(judgement.as_of),
        language=line.language,
    )
    return with_report(asked, address, language=line.language)


def _seen_from(line: AlertRoute, case: Case, findings: Mapping[str, Finding]) -> Case | None:
    """The case with only the findings in the route's scope; as it is if all are, None if none is."""
    scope = Scope.parse(line.scope)
    known = [findings[name] for name in case.findings if name in findings]
    own = [finding for finding in known if scope.overlaps(finding.scope)]
    if len(own) == len(known):
        return case if scope.overlaps(case.scope) else None
    if not own:
        return None
    return replace(
        case,
        cause=_narrowed(case.cause, own),
        severity=max((finding.severity for finding in own), key=lambda severity: severity.rank),
        findings=tuple(finding.id for finding in own),
        kinds=tuple(sorted({finding.kind.value for finding in own})),
    )


def _narrowed(cause: Cause, findings: Sequence[Finding]) -> Cause:
    """The cause with only those members that these findings name; as it is where they name none."""
    named = frozenset().union(*(finding.scope.values.get(cause.kind.value, ()) for finding in findings))
    members = tuple(member for member in cause.members if member in named)
    return replace(cause, members=members) if members else cause


def _wanted(line: AlertRoute, case: Case) -> bool:
    """Whether the route is about such a case; a kind may be named by its family, as `arrival`."""
    if case.severity.rank < Severity(line.severity).rank:
        return False
    named = {kind for whole in case.kinds for kind in (whole, whole.partition(".")[0])}
    return not line.kinds or not named.isdisjoint(line.kinds)


def _likeness(finding: Finding) -> str:
    """What a finding has in common with those of other files: its kind, its check, and which files they are."""
    streams = ["+".join(sorted(getattr(finding.scope, name) or ())) for name in ("supplier", "system", "dataset")]
    return "/".join((finding.kind.value, finding.check or "", *streams))


def _tells(
    case: Case, findings: Sequence[Finding], *, whole: bool, route_name: str, period: str, held: frozenset[str]
) -> list[str]:
    """The facts that this case adds in this state; none for one that goes on as it was.

    On a route that sees not the `whole` of it, worse and worse again are two facts when its own part differs.
    """

    def is_told(finding: Finding) -> bool:
        return (
            finding.kind.startswith(_OF_A_DELIVERY)
            or finding.id in case.joined
            or f"{period}/{route_name}/{finding.id}" in held
        )

    match case.state:
        case CaseState.NEW:
            told = [finding.id for finding in findings]
        case CaseState.WORSE:
            told = [finding.id for finding in findings]
            name = f"case-{case.number}" if case.number is not None else key_of(case.findings)
            size = f"{case.size:.9g}" if whole else str(_extent(findings))
            told.append(f"worse/{name}/{case.severity.value}/{size}")
        case CaseState.PERSISTING:
            told = [finding.id for finding in findings if is_told(finding)]
        case CaseState.RESOLVED:
            told = []
        case _:
            assert_never(case.state)
    return [f"{period}/{route_name}/{fact}" for fact in sorted(told)]


def _extent(findings: Sequence[Finding]) -> int:
    """Rows that failed in them, or cells that moved; one for what has neither."""
    counted = 0
    for finding in findings:
        match finding.evidence:
            case RowsEvidence() as rows:
                counted += rows.rows_failed
            case CellsEvidence() | GroupEvidence() as cells:
                counted += cells.cells
            case ArrivalEvidence():
                counted += 1
            case _:
                assert_never(finding.evidence)
    return counted


def _standing(judgement: Judgement, case: Case) -> Standing:
    """What the gate makes of the case; while provisional the gate has not spoken, and its severity is said."""
    if judgement.provisional:
        return standing_of(case.severity)
    effects = _effects(judgement, case)
    if "block" in effects:
        return "hold"
    return "caveat" if "caveat" in effects else "show"


def _effects(judgement: Judgement, case: Case) -> frozenset[str]:
    own = frozenset(case.findings)
    return frozenset(reason.effect for reason in judgement.reasons if not own.isdisjoint(reason.findings))


def _worst_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: (-f.severity.rank, -(f.rows_failed or 0), f.id))


def _seen(judgement: Judgement, timezone: str) -> str:
    return _told(datetime.fromisoformat(judgement.as_of), timezone)


def _told(moment: datetime, timezone: str) -> str:
    return f"{written_in(timezone, moment)} {timezone}"
