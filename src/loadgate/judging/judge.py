"""Everything that a run found, with the register, the acts, the open cases and the gate, in; one Judgement out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from loadgate.judging.cases import Matched, follow
from loadgate.judging.caveats import caveats
from loadgate.judging.completeness import complete
from loadgate.judging.failures import failures
from loadgate.judging.grouping import group
from loadgate.judging.known_errors import consult
from loadgate.judging.policy import BLOCKS, decide, effect_of, rule_on, withheld_parts
from loadgate.judging.shadow import counting, set_aside, still_seen, would_take
from loadgate.model.expected import Gate, KnownError
from loadgate.model.findings import Case, Check, Finding, Outcome
from loadgate.model.judgement import Judgement, Waiver
from loadgate.model.kinds import Severity
from loadgate.model.moments import day_in
from loadgate.model.scope import Scope
from loadgate.model.shadow import Shadow

if TYPE_CHECKING:
    import polars as pl


def judge(
    *,
    run: str,
    planned: Sequence[Check],
    outcomes: Sequence[Outcome],
    findings: Sequence[Finding],
    register: Sequence[KnownError],
    waivers: Sequence[Waiver],
    open_cases: Sequence[Case],
    gate: Gate,
    parts: Sequence[str],
    lineage: pl.DataFrame | None,
    as_of: datetime,
    timezone: str,
    missing: Collection[str] = (),
    awaited: Collection[str] = (),
    provisional: bool = False,
    shadow: Shadow | None = None,
    settled: Matched | None = None,
) -> Judgement:
    """Judge a run, or, provisionally, what there is of it. Pure: the same values in any order, the same Judgement.

    `findings` are those of the other rooms; checks that failed (unless a finding names them) and checks that were not
    executed are made into findings here. `missing` are the ids of deliveries that did not come, `awaited` of those that
    may come yet. `parts` are all parts (area/provider) of the release. `lineage` has the columns of LINEAGE. `as_of` is
    *now*, and the day that it is in the site's `timezone` decides whether a waiver has expired. New cases have no
    number yet: see `number_cases`. `settled` are the cases of a run that was judged before: people have acted on them
    by number, and however its findings would be grouped today, acts and the clock change only what they do.
    While provisional, nothing is resolved and no known error is gone. What is in `shadow` changes nothing but the
    findings that tell of it.
    """
    shadow = shadow or Shadow()
    whole, unexecuted = complete(planned, outcomes, missing=missing, awaited=awaited)
    heard = [*failures(whole, findings=findings), *_in_order(findings), *unexecuted]
    found = _in_order(list({finding.id: finding for finding in heard}.values()))
    tried = would_take(register, shadow, findings=found, outcomes=whole, provisional=provisional)
    found, whole = set_aside(found, whole, shadow)

    registered = consult(counting(register, shadow), findings=_in_order(found), outcomes=whole, provisional=provisional)
    found = _in_order([*registered.findings, *tried])

    unexplained = [finding for finding in found if finding.id not in registered.explained]
    matched = settled or follow(
        group([f for f in unexplained if _makes_a_case(f, gate, parts)], parts=parts),
        open_cases=still_seen(open_cases, shadow),
        findings=found,
        outcomes=whole,
        run=run,
        parts=parts,
        provisional=provisional,
    )
    rulings = rule_on(
        found,
        cases=matched.cases,
        gate=gate,
        waivers=waivers,
        explained=registered.explained,
        parts=parts,
        today=day_in(timezone, as_of),
    )
    verdicts = decide(rulings, parts=parts)
    return Judgement(
        run=run,
        as_of=as_of.isoformat(),
        verdict=verdicts.overall,
        verdict_before_waivers=verdicts.before_waivers,
        reasons=verdicts.reasons,
        parts=verdicts.parts,
        cases=matched.cases,
        resolved=matched.resolved,
        merged=matched.merged,
        findings=tuple(found),
        outcomes=_outcomes_in_order(whole),
        known_errors=registered.verdicts,
        caveats=caveats(rulings, withheld=withheld_parts(verdicts), lineage=lineage),
        waivers=tuple(sorted({ruling.waived_by for ruling in rulings if ruling.waived_by is not None})),
        provisional=provisional,
    )


def _makes_a_case(finding: Finding, gate: Gate, parts: Sequence[str]) -> bool:
    """A warning or worse; and whatever blocks, or nobody could waive it."""
    return finding.severity is not Severity.INFO or effect_of(finding, gate, parts=parts)[0] in BLOCKS


def _in_order(findings: Sequence[Finding]) -> list[Finding]:
    """The most severe first, then by kind and id; equal ids in the order of all that they say."""
    return sorted(findings, key=lambda f: (-f.severity.rank, f.kind, f.id, repr(f.evidence), sorted(f.detail.items())))


def _outcomes_in_order(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    texts: dict[Scope, str] = {}
    for outcome in outcomes:
        if outcome.scope not in texts:
            texts[outcome.scope] = str(outcome.scope)
    return tuple(sorted(outcomes, key=lambda outcome: (outcome.check, texts[outcome.scope], outcome.state)))
