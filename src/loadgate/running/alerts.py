"""A delivery or run that was judged in; out, messages in the outbox, each once, sent as soon as they are there."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from loadgate.errors import CouldNotRun
from loadgate.model.deliveries import ArrivalState
from loadgate.model.encoding import from_plain
from loadgate.model.findings import Case
from loadgate.running import deciding
from loadgate.running.opened import Opened, Ref, now
from loadgate.store.places import WATCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from loadgate.alerting.routes import Message
    from loadgate.model.findings import Finding
    from loadgate.model.judgement import Judgement
    from loadgate.model.profiles import AlertRoute, Contact
    from loadgate.running.inputs import RunInputs
    from loadgate.store.outbox import Outbox, OutboxRow

FIRST_WAIT_S = 120.0  # before a message that could not be sent is tried again; twice as long after each try
LONGEST_WAIT_S = 6 * 3600.0
LEASE_S = 300.0  # a sender has a message for so long after each who took it; then it is taken for killed
ALIKE = 3  # files with the same fault that a route is told of before the run is judged
GIVE_UP_AFTER = 40  # tries: more than a week
_RESTING: Final[dict[tuple[Path, str], datetime]] = {}  # site, URL -> when this process asks there again


def may_send(ref: Ref) -> bool:
    """Whether anything of this run may be told: never of replays, back-tests and shadow runs, nor without a route."""
    opened = ref.open()
    if not ref.run.startswith(WATCH) and opened.state.runs.get(ref.run).detail.get("quiet"):
        return False
    site = opened.frozen(opened.inputs(ref.run).content)
    return any(os.environ.get(route.url_env) for route in site.routes)


def tell_delivery(ref: Ref, version: str) -> None:
    """Tell about one delivery as soon as it is checked; the run's end is too late.

    Of files with the same fault the first few are told; the others are kept back for the run's end, or each of dozens
    would tell what the first said.
    """
    if may_send(ref):
        _tell(ref, deciding.judge_delivery(ref, version), at_most=ALIKE)


def tell_arrivals(ref: Ref) -> None:
    """Tell about deliveries that are late or missing."""
    from loadgate.judging.judge import judge
    from loadgate.model.period import Period
    from loadgate.model.shadow import in_shadow
    from loadgate.running.opening import parts

    if not may_send(ref):
        return
    _, inputs, site = ref.frozen()
    _tell(
        ref,
        judge(
            run=ref.run,
            planned=[],
            outcomes=[],
            findings=inputs.arrival_findings,
            register=site.known_errors,
            waivers=(),
            open_cases=[],
            gate=site.gate,
            parts=parts(inputs),
            lineage=None,
            as_of=inputs.as_of,
            timezone=site.file.timezone,
            missing=[one.expected.id for one in inputs.current if one.state is ArrivalState.MISSING],
            provisional=True,
            shadow=in_shadow(site, Period.parse(inputs.period)),
        ),
    )


def tell_run(ref: Ref) -> None:
    """Tell about the run's cases, when it is judged, and with them what was kept back."""
    if may_send(ref) and not deciding.judge_work(ref):
        opened, inputs, site = ref.frozen()
        held = [row for row in opened.state.outbox.rows() if _is_held(row) and _period_of(row) == inputs.period]
        _tell(ref, deciding.stored(opened, ref.run))
        mute = {one.name for one in site.routes if not os.environ.get(one.url_env)}  # told once it has a URL again
        opened.state.outbox.drop([row.id for row in held if row.route not in mute])


def _tell(ref: Ref, judgement: Judgement, *, at_most: int | None = None) -> None:
    """`at_most`: of messages alike, so many are told and the others kept back; None: no limit."""
    opened, _, site = ref.frozen()
    for message in _messages(ref, judgement, [one for one in site.routes if os.environ.get(one.url_env)]):
        body: dict[str, Any] = {"subject": message.subject, "body": message.body, "tells": list(message.tells)}
        if message.whose is not None:
            role, scope = message.whose
            body["whose"] = {"role": role.value, "scope": str(scope)}  # no name is kept in the database
        if at_most is None:
            opened.state.outbox.enqueue(message.key, route=message.route, body=body, now=now())
            continue
        bodies = [*[body] * (at_most - 1), {**body, "body": message.body_of_last}]
        opened.state.outbox.enqueue_among(
            message.key, route=message.route, alike=message.alike, bodies=bodies, now=now()
        )
    send_waiting(opened, site.routes, site.contacts)


def _messages(ref: Ref, judgement: Judgement, routes: Sequence[AlertRoute]) -> Iterator[Message]:
    """What there is to tell on these routes, each in its own language."""
    from loadgate.alerting.closing import close
    from loadgate.alerting.routes import route
    from loadgate.running.wording import heading_of, sentence_of, title_of

    if not (judgement.cases or judgement.no_longer_seen):
        return  # most deliveries: all that was ever told need not be read for them
    opened, inputs, site = ref.frozen()
    already, held = opened.state.outbox.facts()  # a file told of on arrival is not told of again in a case
    report = opened.places.report(ref.run)
    is_there, url = report.exists(), opened.settings.report_url
    over = [from_plain(Case, dict(opened.state.cases.get(number).body)) for number in judgement.no_longer_seen]
    heard = {one.name: _heard(opened, over, route_name=one.name, already=already) for one in routes}
    for language in sorted({one.language for one in routes}):
        yield from route(
            judgement,
            site_name=site.file.name,
            period=inputs.period,
            routes=[one for one in routes if one.language == language],
            sentence=sentence_of(site, inputs, judgement, language=language),
            already=already,
            timezone=site.file.timezone,
            title=title_of(site, inputs, judgement, language=language),
            report=str(report) if is_there else None,
            address=url.replace("{run}", ref.run) if url and is_there else None,
            closes=partial(_closes, inputs),
            held=held,
        )
        yield from close(
            over,
            run=ref.run,
            site_name=site.file.name,
            period=inputs.period,
            routes=[one for one in routes if one.language == language],
            heard=heard,
            heading=heading_of(site, inputs, language=language),
            already=already,
        )


def _heard(opened: Opened, cases: Sequence[Case], *, route_name: str, already: frozenset[str]) -> frozenset[int]:
    """Numbers of the cases of which the route was told a finding, in whichever run."""
    from loadgate.model.period import run_order

    found = {case.known_number: opened.state.cases.findings(case.known_number) for case in cases}
    return frozenset(
        number
        for number, held in found.items()
        if any(f"{run_order(run)[0]}/{route_name}/{finding}" in already for run, finding in held)
    )


def _closes(inputs: RunInputs, finding: Finding) -> datetime | None:
    """When waiting ends for the first of the deliveries that a finding is about."""
    expected = [arrival.expected for arrival in inputs.current]
    return min((one.closes for one in expected if finding.scope.overlaps(one.scope)), default=None)


def _is_held(row: OutboxRow) -> bool:
    return row.state == "held"


def _period_of(row: OutboxRow) -> str:
    return next(iter(row.body.get("tells", ())), "").partition("/")[0]


def send_waiting(opened: Opened, routes: Sequence[AlertRoute], contacts: Sequence[Contact]) -> None:
    """Send what waits in the outbox for these routes. What cannot be sent is tried again later, and stops nothing.

    What the site's own desk reads names the contact whose move it is, from here on only. Whoever did not take a message
    is not asked again at once with the next: a server that hangs would hold up the run for each of its deliveries.
    """
    from loadgate.alerting.routes import Message
    from loadgate.alerting.send import send

    outbox, by_name = opened.state.outbox, {one.name: one for one in routes}
    urls = {one.name: url for one in routes if (url := os.environ.get(one.url_env))}
    awake = [route for route, url in urls.items() if not _rests(opened, url)]
    for message, route in outbox.due(awake, now=now()) if awake else ():
        if _rests(opened, urls[route]) or (row := outbox.take(message, now=now(), lease_s=LEASE_S)) is None:
            continue
        try:
            send(
                Message(
                    key=row.message_key,
                    route=route,
                    subject=row.body["subject"],
                    body=_with_contact(row.body, by_name[route], contacts),
                ),
                urls[route],
                already=row.body.get("told", ()),
                took=partial(_note, outbox, row.id),
            )
        except CouldNotRun:
            _RESTING[opened.places.site, urls[route]] = now() + timedelta(seconds=FIRST_WAIT_S)
            outbox.not_sent(row.id, again_at=_again_at(row.attempts))
        else:
            outbox.sent(row.id, now=now())


def _with_contact(message: Mapping[str, Any], line: AlertRoute, contacts: Sequence[Contact]) -> str:
    from loadgate.alerting.wording import with_contact
    from loadgate.model.contacts import contact_name
    from loadgate.model.kinds import Owner
    from loadgate.model.scope import Scope

    told, whose = str(message["body"]), message.get("whose")
    if whose is None or not line.is_desks:
        return told
    role = Owner(whose["role"])
    name = contact_name(contacts, role, Scope.parse(whose["scope"]))
    return told if name is None else with_contact(told, role=role, name=name, language=line.language)


def _again_at(tries: int) -> datetime | None:
    if tries >= GIVE_UP_AFTER:
        return None
    return now() + timedelta(seconds=min(FIRST_WAIT_S * 2.0 ** (tries - 1), LONGEST_WAIT_S))


def _note(outbox: Outbox, message: int, who: str) -> None:
    outbox.took(message, who=who, now=now(), lease_s=LEASE_S)


def _rests(opened: Opened, url: str) -> bool:
    until = _RESTING.get((opened.places.site, url))
    return until is not None and now() < until


def kept_back(opened: Opened, period: str | None) -> dict[tuple[str, str], int]:
    """Of each period and route: messages that wait for the run's end. `period` limits it to one."""
    held = Counter((_period_of(row), row.route) for row in opened.state.outbox.rows() if _is_held(row))
    return {key: count for key, count in held.items() if period in (None, key[0])}


def not_sent(opened: Opened, period: str | None) -> dict[tuple[str, str], list[OutboxRow]]:
    """Of each period and route: the messages that are not sent, those given up too. `period` limits it to one."""
    from loadgate.store.outbox import MessageState

    found: dict[tuple[str, str], list[OutboxRow]] = {}
    for row in opened.state.outbox.rows():
        if row.state not in (MessageState.SENT, MessageState.HELD) and period in (None, _period_of(row)):
            found.setdefault((_period_of(row), row.route), []).append(row)
    return found


def given_up(rows: Iterable[OutboxRow]) -> int:
    return sum(row.state == "failed" for row in rows)


def send_unsent(opened: Opened, *, dry_run: bool) -> list[dict[str, Any]]:
    """Send what is not sent, as someone asks for it who has mended what was in the way.

    Out: of each period and route how many messages were not sent, how many of them had been given up, how many are
    sent now, and `why` not all are; None: all were, or would be. The routes are those of the content as it lies there.
    """
    site = opened.site()
    routes = {one.name: one.url_env for one in site.routes}
    urls = {name for name, variable in routes.items() if os.environ.get(variable)}
    before = not_sent(opened, None)
    if not dry_run:
        ready = [row.id for (_, route), rows in before.items() if route in urls for row in rows]
        opened.state.outbox.try_again(ready)
        send_waiting(opened, site.routes, site.contacts)
    after = before if dry_run else not_sent(opened, None)
    lines = []
    for (period, name), rows in before.items():
        left = {row.id for row in after.get((period, name), ())} & {row.id for row in rows}
        why = None
        if name not in routes:
            why = "vendor_profiles/alerts.yaml has no such route any more"
        elif name not in urls:
            why = f"{routes[name]} is not set"
        elif left and not dry_run:
            why = "the others were not taken: they are tried again"
        lines.append(
            {
                "run": period,
                "route": name,
                "messages": len(rows),
                "given_up": given_up(rows),
                "sent": len(rows) - len(left),
                "why": why,
            }
        )
    return lines
