"""A site's content as it lies there now and a stored run in; out, what each check finds in that run's deliveries.

Nothing is kept: what is written on the way goes to a scratch folder that is removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.errors import LoadgateError, NotFound
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.identity import parse_run_id
from loadgate.model.judgement import KnownErrorVerdict
from loadgate.model.period import Period
from loadgate.model.shadow import in_shadow
from loadgate.running import deciding, delivering, reducing
from loadgate.running.inbox import archived_parts
from loadgate.running.trial import outcomes_of
from loadgate.store import durable

if TYPE_CHECKING:
    from loadgate.model.deliveries import Delivery, ExpectedDelivery
    from loadgate.model.expected import Dataset
    from loadgate.model.judgement import Judgement
    from loadgate.model.site import Site
    from loadgate.running.opened import Opened

_NEVER = "the content has no such dataset, or no such file of it, any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one check finds now, in deliveries and rows, and how that differs from what the run found.

    `content`: `new` where the run had no such check, `gone` where only the run had it, else `same`. `new`, `gone` and
    `changed` count deliveries that fail now and did not, that failed and pass now, that fail in other numbers of rows.
    """

    check: str
    content: str
    shadow: bool
    deliveries: int = 0
    rows_checked: int = 0
    rows_failed: int = 0
    rows_undecided: int = 0
    failing: int = 0
    could_not_run: int = 0
    failing_then: int = 0
    rows_failed_then: int = 0
    new: int = 0
    gone: int = 0
    changed: int = 0

    @property
    def differs(self) -> bool:
        return bool(self.new or self.gone or self.changed or self.content != "same")


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """A known error as the register stands now; `then` is its state in the run, None where it had no such error."""

    verdict: KnownErrorVerdict
    then: str | None
    shadow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """`unseen`: deliveries whose rows are not to be had, and why: nothing is known of them, and none of them passes."""

    run: str
    deliveries: int
    read_again: int
    unseen: tuple[tuple[str, str], ...]
    checks: tuple[Found, ...]
    known_errors: tuple[Error, ...]
    without_delivery: tuple[str, ...]  # datasets of which that run had none


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One delivery: its outcomes, or why there are none."""

    delivery: Delivery
    outcomes: tuple[Outcome, ...] = ()
    read_again: bool = False
    unseen: str | None = None


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
    judged = _judged(opened, period, run)
    inputs = opened.inputs(judged.run)
    wanted = [one for one in inputs.deliveries if not datasets or one.expected.dataset in datasets]
    scratch = durable.open_folder(opened.places.tmp)
    seen: list[_Seen] = []
    try:
        look = partial(_look, opened, site, period=inputs.period, scratch=scratch)
        progress(0, len(wanted))
        with ThreadPoolExecutor(opened.settings.workers) as pool:
            for one in pool.map(look, wanted):
                seen.append(one)
                progress(len(seen), len(wanted))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    frozen = opened.frozen(inputs.content)
    chosen = [one for one in site.datasets if not datasets or one.dataset in datasets]
    before = [one for one in frozen.datasets if not datasets or one.dataset in datasets]
    came = {one.expected.dataset for one in wanted}
    return Against(
        run=judged.run,
        deliveries=len(wanted),
        read_again=sum(one.read_again for one in seen),
        unseen=tuple((one.delivery.id, one.unseen) for one in seen if one.unseen is not None),
        checks=_checks(site, inputs.period, chosen, before, seen, judged),
        known_errors=_known_errors(opened, site, judged, seen, whole=not datasets),
        without_delivery=tuple(one.dataset for one in chosen if one.dataset not in came),
    )


def _judged(opened: Opened, period: str, run: str | None) -> Judgement:
    """The stored judgement to compare with; nothing is made where the site has no state yet."""
    nothing = NotFound(f"no run of {period} was judged here", fix=f"`loadgate run {period}` judges one")
    if not opened.places.state.is_dir():
        raise nothing
    if run is not None and parse_run_id(run)[0] != period:
        raise NotFound(f"{run} is no run of {period}", fix="name the run's own period")
    rows = [opened.state.runs.get(run)] if run is not None else opened.state.runs.rows(str(Period.parse(period)))
    for row in reversed(rows):
        folder = opened.places.step(row.id, "judge") / reducing.ALL
        if durable.exists(folder):
            return deciding.stored(opened, row.id)
    raise nothing


def _look(opened: Opened, site: Site, delivery: Delivery, *, period: str, scratch: Path) -> _Seen:
    """Check one delivery's rows as they lie there, or read again where the content reads them otherwise now."""
    expected = delivery.expected
    own = scratch / delivery.id.replace("/", "-")
    own.mkdir()
    try:
        dataset = site.dataset(expected.dataset)
        typed = delivering.typed_folder(opened, site, delivery)
    except StopIteration:
        return _Seen(delivery=delivery, unseen=_NEVER)
    try:
        kept = durable.exists(typed)
        rows = (typed if kept else _read(opened, site, delivery, into=own)) / "typed.parquet"
        outcomes = outcomes_of(
            rows,
            site=site,
            dataset=dataset,
            providers=expected.providers,
            period=period,
            scope=expected.scope,
            scratch=own,
        )
    except LoadgateError as error:
        return _Seen(delivery=delivery, unseen=error.message)
    finally:
        shutil.rmtree(own, ignore_errors=True)
    return _Seen(delivery=delivery, outcomes=outcomes, read_again=not kept)


def _read(opened: Opened, site: Site, delivery: Delivery, *, into: Path) -> Path:
    from loadgate.reading.files import read as read_files

    expected = delivery.expected
    read_files(
        archived_parts(opened, [part.sha256 for part in delivery.parts]),
        spec=site.spec(supplier=expected.supplier, system=expected.system, dataset=expected.dataset),
        dataset=site.dataset(expected.dataset),
        scope=expected.scope,
        into=into,
    )
    return into


# ── what was found, then and now ───────────────────────────────────────────────────────────────────────────────


def _checks(
    site: Site,
    period: str,
    now: Sequence[Dataset],
    before: Sequence[Dataset],
    seen: Sequence[_Seen],
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
    rows_then = (then.rows_failed or 0) if then is not None and failed else 0
    return replace(
        so_far,
        deliveries=so_far.deliveries + 1,
        rows_checked=so_far.rows_checked + (now.rows_checked or 0),
        rows_failed=so_far.rows_failed + (now.rows_failed or 0 if fails else 0),
        rows_undecided=so_far.rows_undecided + (now.rows_undecided or 0),
        failing=so_far.failing + fails,
        could_not_run=so_far.could_not_run + (now.state is OutcomeState.COULD_NOT_RUN),
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


def _known_errors(
    opened: Opened, site: Site, judged: Judgement, seen: Sequence[_Seen], *, whole: bool
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
