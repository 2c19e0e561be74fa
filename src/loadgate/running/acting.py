"""Acts in the ledger: waivers asked for and approved by two people, folded into what holds now."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, assert_never

from loadgate.errors import CouldNotRun, NotFound, Refused
from loadgate.model.judgement import Objection, Waiver
from loadgate.model.scope import Scope
from loadgate.running.opened import Opened, now

if TYPE_CHECKING:
    from datetime import datetime

    from loadgate.model.findings import Case, Finding

REQUESTED = "waiver_requested"
APPROVED = "waiver_approved"
RELEASED = "released"


def waivers(opened: Opened) -> tuple[Waiver, ...]:
    """Every waiver ever asked for, with its approval if it has one, in ledger order."""
    found: dict[str, Waiver] = {}
    for entry in opened.state.ledger.entries():
        if entry.kind == REQUESTED:
            body = entry.body
            found[body["waiver"]] = Waiver(
                id=body["waiver"],
                case=body["case"],
                scope=Scope.parse(body["scope"]),
                kinds=tuple(body["kinds"]),
                reason=body["reason"],
                requested_by=entry.actor,
                approved_by=None,
                until=date.fromisoformat(body["until"]),
                ceiling=body["ceiling"],
            )
        elif entry.kind == APPROVED:
            asked = found.get(entry.body["waiver"])
            if asked is None:
                raise CouldNotRun(
                    f"the ledger holds an approval of {entry.body['waiver']}, and nobody asked for it",
                    fix="`loadgate ledger verify` says what was changed; restore the state database from the backup",
                )
            found[asked.id] = replace(asked, approved_by=entry.actor)
    return tuple(found.values())


def request_waiver(
    opened: Opened,
    case: Case,
    findings: tuple[Finding, ...],
    *,
    reason: str,
    until: date,
    ceiling: float | None,
    actor: str,
    at: datetime | None = None,
) -> Waiver:
    """Ask for a waiver of a case. `ceiling` is the largest size still permitted, as it is now if None.

    Raises Refused for an empty reason, a ceiling below what the case already is, or an actor without a name.
    """
    require_name(actor)
    if not any(character.isalnum() for character in reason):
        raise Refused("a waiver needs a reason in words", fix='--reason "why this may go out"')
    limit = case.size if ceiling is None else ceiling
    if limit < case.size:
        raise Refused(
            f"the ceiling {percent(limit)} is below the case's size {percent(case.size)}: it would permit nothing",
            fix=f"--ceiling {percent(case.size)}, or more",
        )
    kinds = {finding.kind.value for finding in findings if finding.id in case.findings}
    body = {
        "case": case.known_number,
        "scope": str(case.scope.without_reference()),
        "kinds": sorted(kinds),
        "reason": reason,
        "until": until.isoformat(),
        "ceiling": limit,
    }
    entry = opened.state.ledger.append(REQUESTED, actor, lambda seq: {"waiver": f"W-{seq}", **body}, at or now())
    return next(waiver for waiver in waivers(opened) if waiver.id == entry.body["waiver"])


def percent(fraction: float) -> str:
    """`5.358%`: four digits, rounded up, so that a ceiling of it permits the fraction itself."""
    exact = Decimal(repr(fraction)) * 100
    step = Decimal(1).scaleb(exact.adjusted() - 3)
    return f"{exact.quantize(step, ROUND_CEILING).normalize():f}%"


def approve_waiver(opened: Opened, waiver: str, *, actor: str, at: datetime | None = None) -> Waiver:
    """Approve what another asked for. Raises NotFound, or Refused when it is one's own or was approved before."""
    require_name(actor)
    asked = next((one for one in waivers(opened) if one.id == waiver), None)
    if asked is None:
        raise NotFound(f"there is no waiver {waiver}", fix="`loadgate ledger show` lists what was asked for")
    if asked.approved_by is not None:
        raise Refused(f"{waiver} was approved by {asked.approved_by}")
    if same_person(asked.requested_by, actor):
        raise Refused(
            f"{waiver} was asked for by {actor}: a second person approves it",
            fix="let someone else run the command",
        )
    entry = opened.state.ledger.append(APPROVED, actor, {"waiver": waiver}, at or now(), once=True)
    if entry.actor != actor:  # another did so at the same instant
        raise Refused(f"{waiver} was approved by {entry.actor}")
    return replace(asked, approved_by=actor)


def require_name(actor: str) -> None:
    """Raises Refused for an actor of whom nobody could say who it was."""
    if not any(character.isalnum() for character in actor):
        raise Refused("who acts has no name", fix="--actor NAME, or LOADGATE_ACTOR")


def same_person(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    """A name however it is typed: letters composed or not, wide or narrow, large or small, spaced as one likes.

    Characters that are not seen, such as a soft hyphen or a space of no width, make no other name.
    """
    seen = "".join(character for character in name if unicodedata.category(character) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def refused_cover(opened: Opened, case: Case, *, today: date) -> list[str]:
    """Why approved waivers of a case do not cover it, `W-4 ended on 2026-11-30`: nothing where one of them does."""
    from loadgate.judging.policy import objection

    given = [one for one in waivers(opened) if one.case == case.number and one.approved_by is not None]
    found = [(waiver, objection(waiver, case, today=today)) for waiver in given]
    if any(why is None for _, why in found):
        return []
    return [_objected(waiver, why, case) for waiver, why in found if why is not None]


def _objected(waiver: Waiver, why: Objection, case: Case) -> str:
    match why:
        case Objection.NOT_APPROVED:
            return f"{waiver.id} waits for a second person"
        case Objection.OVER:
            return f"{waiver.id} ended on {waiver.until}"
        case Objection.KINDS:
            return f"{waiver.id} does not permit {', '.join(sorted({*case.kinds} - {*waiver.kinds}))}"
        case Objection.SCOPE:
            return f"{waiver.id} does not reach so far: the case has gone beyond it in {_beyond(waiver, case)}"
        case Objection.CEILING:
            return f"{waiver.id} permits {percent(waiver.ceiling or 0)}, and the case is {percent(case.size)}"
        case _:
            assert_never(why)


def _beyond(waiver: Waiver, case: Case) -> str:
    """`provider 105, 106`: what the case has and the waiver has not; `any figure` where the case names none."""
    from loadgate.judging.scopes import timeless

    now, told = timeless(case.scope).values, []
    for name, permitted in timeless(waiver.scope).values.items():
        more = sorted(now[name] - permitted) if name in now else []
        if more or name not in now:
            counted = f" and {len(more) - 3} more" if len(more) > 3 else ""
            told.append(f"{name} {', '.join(more[:3])}{counted}" if more else f"any {name}")
    return "; ".join(told)


def pending(opened: Opened, case: int) -> Waiver | None:
    """The newest waiver of a case that waits for a second person."""
    waiting = [one for one in waivers(opened) if one.case == case and one.approved_by is None]
    return waiting[-1] if waiting else None
