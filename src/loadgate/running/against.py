"""A site's content as it lies there now and a stored run in; out, what each check and rule finds in its deliveries.

Nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loadgate.errors import LoadgateError, NotFound
from loadgate.model.absence import NO_ROWS
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.identity import parse_run_id
from loadgate.model.judgement import KnownErrorVerdict
from loadgate.model.kinds import Severity
from loadgate.model.period import Period
from loadgate.model.shadow import in_shadow
from loadgate.running import deciding
from loadgate.running.looking import Seen, look, read_then
from loadgate.running.opening import require_cadence
from loadgate.running.wording import names

if TYPE_CHECKING:
    from loadgate.model.deliveries import ExpectedDelivery
    from loadgate.model.expected import Dataset
    from loadgate.model.judgement import Judgement
    from loadgate.model.site import Site
    from loadgate.reporting.names import Names
    from loadgate.running.opened import Opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one check finds now, in deliveries and rows, and how that differs from what the run found.

    `content`: `new` where the run had no such check, `gone` where only the run had it, else `same`. `new`, `gone` and
    `changed` count deliveries that fail now and did not, that failed and pass now, that fail in other numbers of rows.
    `not_applicable` are deliveries beside those: there is nothing that they could be held against. `reasons` say why
    it could not run.
    """

    check: str
    content: str
    shadow: bool
    deliveries: int = 0
    not_applicable: int = 0
    rows_checked: int = 0
    rows_failed: int = 0
    rows_undecided: int = 0
    failing: int = 0
    could_not_run: int = 0
    reasons: tuple[str, ...] = ()
    failing_then: int = 0
    rows_failed_then: int = 0
    new: int = 0
    gone: int = 0
    changed: int = 0

    @property
    def differs(self) -> bool:
        return bool(self.new or self.gone or self.changed or self.content != "same")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """How many rows one rule marks now, and how many it did. `changed` counts deliveries where that is not the same."""

    rule: str
    content: str  # as of a check
    deliveries: int = 0
    rows_checked: int = 0
    rows_marked: int = 0
    rows_undecided: int = 0
    could_not_run: int = 0
    rows_marked_then: int = 0
    changed: int = 0

    @property
    def differs(self) -> bool:
        return bool(self.changed or self.content != "same")


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """A known error as the register stands now; `then` is its state in the run, None where it had no such error."""

    verdict: KnownErrorVerdict
    then: str | None
    shadow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """`unseen`: deliveries whose rows are not to be had, or cannot be used as the content is now, and why: nothing is
    known of them, and none of them passes.

    `missing` were expected and did not come, `empty` came without a row that can be used: no check is asked of them.
    """

    run: str
    deliveries: int
    missing: int
    empty: int
    read_again: int
    unseen: tuple[tuple[str, str], ...]
    checks: tuple[Found, ...]
    rules: tuple[Marking, ...]
    known_errors: tuple[Error, ...]
    without_delivery: tuple[str, ...]  # datasets of which that run had none


def against(
    opened: Opened,
    period: str,
    *,
    run: str | None = None,
    datasets: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Against:
    """Evaluate the content of now on the deliveries of a period's newest judged run, or of the `run` named.

    Raises SiteError for faulty content, NotFound for a period or run that is not there.
    """
    site = opened.site()
    judged = _judged(opened, site, period, run)
    inputs = opened.inputs(judged.run)
    wanted = [one for one in inputs.deliveries if _is_chosen(one.expected, datasets)]
    emptied = frozenset(one.scope for one in judged.outcomes if one.reason == NO_ROWS)
    named = names(site, inputs, language="en")
    looked = [
        one if one.delivery.expected.scope in emptied else _with_rows(one, named)
        for one in look(opened, site, inputs, wanted=wanted, progress=progress)
    ]
    seen = [one for one in looked if one.asked]
    frozen = opened.frozen(inputs.content)
    chosen = [one for one in site.datasets if not datasets or one.dataset in datasets]
    before = [one for one in frozen.datasets if not datasets or one.dataset in datasets]
    came = {one.expected.dataset for one in wanted}
    return Against(
        run=judged.run,
        deliveries=len(wanted),
        missing=sum(one.delivery is None and _is_chosen(one.expected, datasets) for one in inputs.current),
        empty=sum(_is_empty(one) for one in seen),
        read_again=sum(one.read_again for one in looked),
        unseen=tuple((one.delivery.id, one.unseen) for one in looked if one.unseen is not None),
        checks=_checks(site, inputs.period, chosen, before, seen, judged),
        rules=_rules(chosen, before, seen, judged),
        known_errors=_known_errors(opened, site, judged, seen, whole=not datasets),
        without_delivery=tuple(one.dataset for one in chosen if one.dataset not in came),
    )


def _is_chosen(expected: ExpectedDelivery, datasets: Sequence[str]) -> bool:
    return not datasets or expected.dataset in datasets


def _is_empty(seen: Seen) -> bool:
    return bool(seen.outcomes) and all(outcome.reason == NO_ROWS for outcome in seen.outcomes)


def _with_rows(seen: Seen, named: Names) -> Seen:
    """A delivery of which the run used rows: where none can be used now, why that is so."""
    from loadgate.reporting.sentences import finding_sentence

    if not _is_empty(seen):
        return seen
    found = "; ".join(finding_sentence(one, named) for one in seen.read if one.severity is Severity.CRITICAL)
    return replace(seen, outcomes=(), rules=(), unseen=f"none of its rows can be used as the content is now: {found}")


def _judged(opened: Opened, site: Site, period: str, run: str | None) -> Judgement:
    """The stored judgement to compare with; nothing is made where the site has no state yet."""
    own = _period(site, period)
    nothing = NotFound(f"no run of {period} was judged here", fix=f"`loadgate run {period}` judges one")
    if not opened.places.state.is_dir():
        raise nothing
    if run is not None and _period_of(run) != period:
        raise NotFound(f"{run} is no run of {period}", fix="name the run's own period")
    rows = [opened.state.runs.get(run)] if run is not None else opened.state.runs.rows(str(own))
    for row in reversed(rows):
        if deciding.is_stored(opened, row.id):
            return deciding.stored(opened, row.id)
    raise nothing


def _period(site: Site, text: str) -> Period:
    """A period that the site loads. Raises NotFound for another, and for a run in place of its period."""
    try:
        period = Period.parse(text, like=site.file.cadence)
    except LoadgateError:
        named = _period_of(text)
        if named in (None, text):
            raise
        raise NotFound(f"{text} is a run, not a period", fix=f"write --against {named} --run {text}") from None
    require_cadence(site, period)
    return period


def _period_of(run: str) -> str | None:
    """The period that a run's id names, None for what is no run's id."""
    try:
        return parse_run_id(run)[0]
    except ValueError:
        return None


# ── what was found, then and now ───────────────────────────────────────────────────────────────────────────────


def _checks(
    site: Site,
    period: str,
    now: Sequence[Dataset],
    before: Sequence[Dataset],
    seen: Sequence[Seen],
    judged: Judgement,
) -> tuple[Found, ...]:
    """In the order of the content; checks that only the run had come last."""
    current = [dataset.check_id(line) for dataset in now for line in dataset.expectations]
    earlier = [dataset.check_id(line) for dataset in before for line in dataset.expectations]
    shadow = in_shadow(site, Period.parse(period)).checks
    then = {(one.check, one.scope): one for one in judged.outcomes}
    found = {
        check: Found(check=check, content="same" if check in earlier else "new", shadow=check in shadow)
        for check in current
    }
    for one in seen:
        for outcome in one.outcomes:
            found[outcome.check] = _added(found[outcome.check], outcome, then.get((outcome.check, outcome.scope)))
    lost = [check for check in earlier if check not in found]
    return (*found.values(), *(_lost(check, judged.outcomes) for check in lost))


def _added(so_far: Found, now: Outcome, then: Outcome | None) -> Found:
    failed = then is not None and then.state is OutcomeState.FAIL
    fails = now.state is OutcomeState.FAIL
    applies = now.state is not OutcomeState.NOT_APPLICABLE
    stuck = now.state is OutcomeState.COULD_NOT_RUN
    rows_then = (then.rows_failed or 0) if then is not None and failed else 0
    reasons = {*so_far.reasons, now.reason} if stuck and now.reason else so_far.reasons
    return replace(
        so_far,
        deliveries=so_far.deliveries + applies,
        not_applicable=so_far.not_applicable + (not applies),
        rows_checked=so_far.rows_checked + (now.rows_checked or 0),
        rows_failed=so_far.rows_failed + (now.rows_failed or 0 if fails else 0),
        rows_undecided=so_far.rows_undecided + (now.rows_undecided or 0),
        failing=so_far.failing + fails,
        could_not_run=so_far.could_not_run + stuck,
        reasons=tuple(sorted(reasons)),
        failing_then=so_far.failing_then + failed,
        rows_failed_then=so_far.rows_failed_then + rows_then,
        new=so_far.new + (fails and not failed),
        gone=so_far.gone + (failed and now.state is OutcomeState.PASS),
        changed=so_far.changed + (fails and failed and rows_then != (now.rows_failed or 0)),
    )


def _lost(check: str, outcomes: Iterable[Outcome]) -> Found:
    failed = [one for one in outcomes if one.check == check and one.state is OutcomeState.FAIL]
    return Found(
        check=check,
        content="gone",
        shadow=False,
        failing_then=len(failed),
        rows_failed_then=sum(one.rows_failed or 0 for one in failed),
        gone=len(failed),
    )


def _rules(
    now: Sequence[Dataset], before: Sequence[Dataset], seen: Sequence[Seen], judged: Judgement
) -> tuple[Marking, ...]:
    """In the order of the content; rules that only the run had come last."""
    current = [dataset.rule_id(rule) for dataset in now for rule in dataset.rules]
    earlier = [dataset.rule_id(rule) for dataset in before for rule in dataset.rules]
    then = {(one.check, one.scope): one for one in judged.outcomes}
    told = {rule: Marking(rule=rule, content="same" if rule in earlier else "new") for rule in current}
    for one in seen:
        for outcome in one.rules:
            told[outcome.check] = _marked(told[outcome.check], outcome, then.get((outcome.check, outcome.scope)))
    for rule in earlier:
        if rule not in told:
            marked = [int(one.observed or 0) for one in judged.outcomes if one.check == rule]
            told[rule] = Marking(
                rule=rule, content="gone", rows_marked_then=sum(marked), changed=sum(number > 0 for number in marked)
            )
    return tuple(told.values())


def _marked(so_far: Marking, now: Outcome, then: Outcome | None) -> Marking:
    marks, before = (int(one.observed or 0) if one is not None else 0 for one in (now, then))
    silent = now.state is not OutcomeState.PASS
    return replace(
        so_far,
        deliveries=so_far.deliveries + 1,
        rows_checked=so_far.rows_checked + (now.rows_checked or 0),
        rows_marked=so_far.rows_marked + marks,
        rows_undecided=so_far.rows_undecided + (now.rows_undecided or 0),
        could_not_run=so_far.could_not_run + (now.state is OutcomeState.COULD_NOT_RUN),
        rows_marked_then=so_far.rows_marked_then + before,
        changed=so_far.changed + (not silent and marks != before),
    )


def _known_errors(
    opened: Opened, site: Site, judged: Judgement, seen: Sequence[Seen], *, whole: bool
) -> tuple[Error, ...]:
    """The register as it is now on what the checks find now; for other kinds, on what the run found.

    Where only some datasets are looked at, the errors of their checks.
    """
    from loadgate.judging.failures import failures
    from loadgate.judging.known_errors import consult

    inputs = opened.inputs(judged.run)
    outcomes = [outcome for one in seen for outcome in one.outcomes]
    outcomes += [made for one in seen if one.unseen is not None for made in _unseen(site, one.delivery.expected)]
    outcomes += [made for one in inputs.current if one.delivery is None for made in _unseen(site, one.expected)]
    found, _ = deciding.gather(opened, inputs, opened.frozen(inputs.content))
    found += [finding for one in seen for finding in read_then(opened, inputs, site, one)]
    own = {outcome.check for outcome in outcomes}
    register = [error for error in site.known_errors if (whole if error.check is None else error.check in own)]
    told = consult(
        register, findings=[*found, *failures(outcomes, findings=found)], outcomes=outcomes, provisional=False
    )
    then: Mapping[str, str] = {one.error: one.state.value for one in judged.known_errors}
    shadow = in_shadow(site, Period.parse(inputs.period)).errors
    return tuple(
        Error(verdict=verdict, then=then.get(verdict.error), shadow=verdict.error in shadow)
        for verdict in told.verdicts
    )


def _unseen(site: Site, expected: ExpectedDelivery) -> list[Outcome]:
    """What could not be looked at could not run, so no error is gone for want of rows."""
    return [
        Outcome(
            check=dataset.check_id(line),
            scope=expected.scope,
            state=OutcomeState.COULD_NOT_RUN,
            severity=line.severity,
        )
        for dataset in site.datasets
        if dataset.dataset == expected.dataset
        for line in dataset.expectations
    ]
