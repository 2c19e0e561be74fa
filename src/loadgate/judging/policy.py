"""Findings, their cases, the gate and the waivers in; out, what each finding does, and the verdicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from loadgate.judging.scopes import providers_of, timeless, touched
from loadgate.model.expected import Effect, Gate, KnownError
from loadgate.model.findings import Case, Finding, Verdict
from loadgate.model.judgement import Objection, PartVerdict, Reason, Waiver
from loadgate.model.kinds import IN_SHADOW, Kind, Severity
from loadgate.model.scope import Scope

NO_RULE = 0
BLOCKS = (Effect.BLOCK_RUN, Effect.BLOCK_PART)
_STRENGTH = (Effect.SHOW, Effect.CAVEAT, Effect.BLOCK_PART, Effect.BLOCK_RUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one finding does. `waived_by` turns a block into a caveat; `before` is the effect without it."""

    finding: Finding
    id: str
    effect: Effect
    before: Effect
    rule: int
    parts: frozenset[str]
    case: Case | None = None
    waived_by: str | None = None
    known_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    overall: Verdict
    before_waivers: Verdict
    reasons: tuple[Reason, ...]
    parts: tuple[PartVerdict, ...]


def effect_of(finding: Finding, gate: Gate, *, parts: Sequence[str], case: Case | None = None) -> tuple[Effect, int]:
    """The first rule that fits decides; out, its effect and its number, from 1.

    A rule fits where its Scope covers the finding's. `shared` counts the distinct providers of the finding or of its
    whole case. A check that could not run blocks its part, and the run if it is run-wide, unless a rule does more.
    Where no rule fits, a warning or worse is a caveat: nothing passes because nobody thought of it. What is in shadow
    is shown, whatever the gate says.
    """
    if finding.kind in IN_SHADOW:
        return Effect.SHOW, NO_RULE
    scopes = [finding.scope] if case is None else [finding.scope, case.scope]
    shared = max(len(scope.provider if scope.provider is not None else providers_of(parts)) for scope in scopes)
    effect = Effect.SHOW if finding.severity is Severity.INFO else Effect.CAVEAT
    number = NO_RULE
    for place, rule in enumerate(gate.rules, start=1):
        fits = (
            (not rule.kinds or finding.kind in rule.kinds)
            and (not rule.severity or finding.severity in rule.severity)
            and (rule.shared is None or shared >= rule.shared)
            and Scope.parse(rule.scope).covers(finding.scope)
        )
        if fits:
            effect, number = rule.then, place
            break
    if finding.kind is Kind.COULD_NOT_RUN:
        least = Effect.BLOCK_RUN if "run_wide" in finding.detail else Effect.BLOCK_PART
        if _STRENGTH.index(effect) < _STRENGTH.index(least):
            return least, NO_RULE
    return effect, number


def rule_on(
    findings: Sequence[Finding],
    *,
    cases: Sequence[Case],
    gate: Gate,
    waivers: Sequence[Waiver],
    explained: Mapping[str, KnownError],
    parts: Sequence[str],
    today: date,
) -> list[Ruling]:
    """One ruling per finding. What a known error explains is a caveat (or nothing, if so registered), never a block."""
    of_finding = {finding: case for case in cases for finding in case.findings}
    covered = {place: _waiver(case, waivers, today) for place, case in enumerate(cases)}
    waived = {finding: covered[place] for place, case in enumerate(cases) for finding in case.findings}
    rulings = []
    for finding in findings:
        name = finding.id
        hit = touched(finding.scope, parts)
        error = explained.get(name)
        if error is not None:
            effect = Effect.CAVEAT if error.treatment == "caveat" else Effect.SHOW
            ruling = Ruling(finding=finding, id=name, effect=effect, before=effect, rule=NO_RULE, parts=hit)
            rulings.append(replace(ruling, known_error=error.id))
            continue
        case = of_finding.get(name)
        effect, number = effect_of(finding, gate, parts=parts, case=case)
        waiver = waived.get(name) if effect in BLOCKS else None
        ruling = Ruling(finding=finding, id=name, effect=effect, before=effect, rule=number, parts=hit, case=case)
        rulings.append(ruling if waiver is None else replace(ruling, effect=Effect.CAVEAT, waived_by=waiver))
    return rulings


def _waiver(case: Case, waivers: Sequence[Waiver], today: date) -> str | None:
    """The first waiver, by id, that was given for this case and still permits it as it is now."""
    for waiver in sorted(waivers, key=lambda given: given.id):
        if waiver.case == case.number and objection(waiver, case, today=today) is None:
            return waiver.id
    return None


def objection(waiver: Waiver, case: Case, *, today: date) -> Objection | None:
    """Why a waiver does not cover its case as it is now, whatever the month that either was seen in; None: it does."""
    now = replace(case, scope=timeless(case.scope))
    ageless = replace(waiver, scope=timeless(waiver.scope))
    return ageless.objection(now, kinds=frozenset(case.kinds), today=today)


def decide(rulings: Sequence[Ruling], *, parts: Sequence[str]) -> Verdicts:
    """Verdict per part and overall.

    A part is held by what blocks it. The run is held only by what blocks the run, or when every part is held, for
    then nothing is left to release. A part held, or a caveat anywhere, makes it a release with caveats.
    """
    ordered = sorted(parts)
    return Verdicts(
        overall=_overall([(ruling.effect, ruling.parts) for ruling in rulings], ordered),
        before_waivers=_overall([(ruling.before, ruling.parts) for ruling in rulings], ordered),
        reasons=_reasons(rulings),
        parts=tuple(_part(part, rulings) for part in ordered),
    )


def withheld_parts(verdicts: Verdicts) -> list[PartVerdict]:
    """The parts that are left out of what goes out; none while the whole run is held."""
    if verdicts.overall is Verdict.HOLD:
        return []
    return [part for part in verdicts.parts if part.verdict is Verdict.HOLD]


def _overall(effects: Sequence[tuple[Effect, frozenset[str]]], parts: Sequence[str]) -> Verdict:
    held = frozenset().union(*(hit for effect, hit in effects if effect is Effect.BLOCK_PART))
    if any(effect is Effect.BLOCK_RUN for effect, _ in effects) or (parts and held == frozenset(parts)):
        return Verdict.HOLD
    if any(effect is not Effect.SHOW for effect, _ in effects):
        return Verdict.RELEASE_WITH_CAVEATS
    return Verdict.RELEASE


def _part(part: str, rulings: Sequence[Ruling]) -> PartVerdict:
    mine = [ruling for ruling in rulings if part in ruling.parts and ruling.effect is not Effect.SHOW]
    if any(ruling.effect in BLOCKS for ruling in mine):
        verdict = Verdict.HOLD
    else:
        verdict = Verdict.RELEASE_WITH_CAVEATS if mine else Verdict.RELEASE
    return PartVerdict(part=part, verdict=verdict, reasons=_reasons(mine))


def _reasons(rulings: Sequence[Ruling]) -> tuple[Reason, ...]:
    """One reason per effect, rule, case and kind: what blocks the run first, then parts, then caveats."""
    together: dict[tuple[object, ...], list[Ruling]] = defaultdict(list)
    for ruling in rulings:
        if ruling.effect is not Effect.SHOW:
            case = ruling.case.findings if ruling.case is not None else ()
            key = (-_STRENGTH.index(ruling.effect), ruling.rule, case, ruling.finding.kind.value)
            together[(*key, ruling.waived_by or "", ruling.known_error or "")].append(ruling)
    reasons = []
    for _, members in sorted(together.items(), key=lambda item: item[0]):
        first = members[0]
        reasons.append(
            Reason(
                effect="block" if first.effect in BLOCKS else "caveat",
                rule=first.rule,
                case=first.case.number if first.case is not None else None,
                findings=tuple(sorted(ruling.id for ruling in members)),
                kind=first.finding.kind.value,
                waived_by=first.waived_by,
                known_error=first.known_error,
            )
        )
    return tuple(reasons)
