"""What judging returns: verdicts with reasons, cases, caveats, known-error verdicts; and the acts it reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from loadgate.model.findings import Case, Finding, Outcome, Verdict
from loadgate.model.scope import Scope


class KnownErrorState(StrEnum):
    WITHIN_CEILING = "within ceiling"
    WORSE = "worse"
    NO_LONGER_SEEN = "no longer seen"
    NOT_CHECKED = "not checked"  # not seen because it could not be checked


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownErrorVerdict:
    """One registered error against this run; `size` in the ceiling's unit, None if not checked."""

    error: str
    state: KnownErrorState
    size: float | None
    ceiling: float
    findings: tuple[str, ...]


class Objection(StrEnum):
    """Why a waiver of a case does not cover it."""

    NOT_APPROVED = "not approved"
    OVER = "over"
    KINDS = "kinds"
    SCOPE = "scope"
    CEILING = "ceiling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A reasoned, approved, expiring permission to release despite a case. Approved by another than asked."""

    id: str
    case: int
    scope: Scope
    kinds: tuple[str, ...]
    reason: str
    requested_by: str
    approved_by: str | None
    until: date
    ceiling: float | None  # largest size of the case that is still permitted; None: as it was when asked

    def permits(self, case: Case, *, kinds: frozenset[str], today: date) -> bool:
        """Whether it still covers this case: approved, not expired, same kinds, within its ceiling."""
        return self.objection(case, kinds=kinds, today=today) is None

    def objection(self, case: Case, *, kinds: frozenset[str], today: date) -> Objection | None:
        """The first thing for which it does not cover this case."""
        if self.approved_by is None:
            return Objection.NOT_APPROVED
        if today > self.until:
            return Objection.OVER
        if not kinds <= frozenset(self.kinds):
            return Objection.KINDS
        if not self.scope.without_reference().covers(case.scope.without_reference()):
            return Objection.SCOPE
        within = self.ceiling is None or case.size <= self.ceiling * (1 + 1e-9)
        return None if within else Objection.CEILING


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """A reservation that travels with figures: which (Scope), why (a key), and from what (finding or error id)."""

    scope: Scope
    reason: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a verdict is what it is. `rule` is the number of the rule in gate.yaml, from 1.

    It is 0 where no rule decided: a check could not run, a known error explains it, or no rule fits.
    """

    effect: str  # block, caveat
    rule: int
    case: int | None
    findings: tuple[str, ...]
    kind: str
    waived_by: str | None = None
    known_error: str | None = None  # the registered error that the findings are put down to


@dataclass(frozen=True, slots=True, kw_only=True)
class PartVerdict:
    part: str
    verdict: Verdict
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Verdict overall and per part. `provisional` while deliveries are still being worked on."""

    run: str
    as_of: str
    verdict: Verdict
    verdict_before_waivers: Verdict
    reasons: tuple[Reason, ...]
    parts: tuple[PartVerdict, ...]
    cases: tuple[Case, ...]
    resolved: tuple[int, ...]
    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]
    known_errors: tuple[KnownErrorVerdict, ...]
    caveats: tuple[Caveat, ...]
    waivers: tuple[str, ...]
    provisional: bool = False
    merged: tuple[tuple[int, int], ...] = ()  # of the resolved: the case, and the case that it is part of now

    @property
    def no_longer_seen(self) -> tuple[int, ...]:
        """Numbers of the resolved cases that are not part of another now."""
        elsewhere = {number for number, _ in self.merged}
        return tuple(number for number in self.resolved if number not in elsewhere)
