"""A site and a period in; out, the run: its inputs frozen and its checks planned. The same inputs, the same run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.errors import NotFound, SiteError
from loadgate.model.deliveries import Arrival, ArrivalState
from loadgate.model.encoding import dump
from loadgate.model.findings import Check, Finding
from loadgate.model.identity import file_pseudonym, key_of, part_id, stream
from loadgate.model.kinds import Kind, Severity
from loadgate.model.moments import FIRST_YEAR, LAST_YEAR, day_in, read_moment
from loadgate.model.period import Period, run_order
from loadgate.model.scope import Scope
from loadgate.model.version import VERSION
from loadgate.running import baseline as baselines
from loadgate.running.inbox import bring_back, receive
from loadgate.running.inputs import RunInputs, content_key, without_names
from loadgate.running.opened import Opened, Ref, now, open_site
from loadgate.running.pruned import require_kept
from loadgate.store import durable
from loadgate.store.places import WATCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loadgate.model.deliveries import Arrivals, Delivery, ExpectedDelivery, ReceivedFile
    from loadgate.model.site import Site
    from loadgate.store.runs import RunRow

ARRIVED = "arrival:deliveries"
IMPOSTORS = "across:impostors"
CONTROLS = "control:figures"
RESTATEMENTS = "prior:restatements"
PATTERNS = "systematic:patterns"
RUN_WIDE = (ARRIVED, IMPOSTORS, CONTROLS, RESTATEMENTS, PATTERNS)
"""Checks of the run itself, which every run plans."""


def open_run(opened: Opened, period: Period, *, as_of: datetime | None, actor: str, quiet: bool = False) -> Ref:
    """Open the period's run: resume the one with these inputs, or begin the next.

    `as_of` None: now, or where the site states its arrival times, the closing time of the period's calendar
    (decision 0004). `quiet`: a replay or back-test, which never sends.
    Raises SiteError before any file is read.
    """
    opened.scratch.sweep(now=now())
    looked = look(opened, period, as_of=as_of)
    row = opened.state.runs.open(
        str(period),
        inputs_sha256=looked.sha256(asked=as_of),
        as_of=looked.as_of,
        opened_at=now(),
        opened_by=actor,
        detail={"quiet": quiet},
    )
    _freeze(opened, row, replace(looked, run=row.id, as_of=row.as_of.astimezone(UTC)))
    return Ref(str(opened.places.site), row.id)


def open_watch(opened: Opened, period: Period, *, as_of: datetime | None) -> Ref:
    """Look at a period's arrivals without opening a run: a delivery's life needs none."""
    run = f"{WATCH}{period}"
    looked = replace(look(opened, period, as_of=as_of), run=run)
    durable.write_bytes(opened.places.inputs(run), dump(RunInputs, looked))
    opened.forget(run)
    return Ref(str(opened.places.site), run)


def require_cadence(site: Site, period: Period) -> None:
    """Raises NotFound for a period of another length than the site's."""
    if period.cadence is not site.file.cadence:
        raise NotFound(
            f"{period} is a {period.cadence}, and {site.file.name} loads by the {site.file.cadence}",
            fix=f"name a {site.file.cadence}, e.g. {Period.of(period.start, site.file.cadence)}",
        )
    if not FIRST_YEAR <= period.start.year <= LAST_YEAR:
        raise NotFound(f"{period} is no period to load", fix=f"name one from {FIRST_YEAR} to {LAST_YEAR}")


def look(opened: Opened, period: Period, *, as_of: datetime | None) -> RunInputs:
    """Everything that a run of the period would freeze now; its `run` is still empty."""
    site = opened.site()
    require_cadence(site, period)
    require_kept(opened, period)
    expected = expected_deliveries(site, period)
    clock = now()  # read once: what a look sees for the first time was there at its moment
    moment = as_of or _default_as_of(site, expected, clock=clock)
    files = receive(opened, site, seen_at=min(clock, moment) if site.file.stated_times else clock)
    last = _last_deliveries(site, period, files, as_of=moment)
    arrivals, findings = _arrivals(opened, site, period, files, expected, last, as_of=moment)
    bring_back(opened, site, [part for one in arrivals.arrivals if one.delivery for part in one.delivery.parts])
    prior = baselines.index(opened, period)
    findings += _unassigned(site, period, expected, prior)
    return RunInputs(
        run="",
        period=str(period),
        site=site.file.name,
        as_of=moment.astimezone(UTC),
        content=_snapshot(opened, site),
        engine=VERSION,
        arrivals=tuple(without_names(arrival) for arrival in arrivals.arrivals),
        unexpected=tuple(replace(file, name=file_pseudonym(file.name)) for file in arrivals.unexpected),
        arrival_findings=findings,
        baseline=prior,
        history=baselines.history(opened, period),
        planned=plan(site, [one for one in arrivals.arrivals if one.state is not ArrivalState.SUPERSEDED]),
        before={stream(one.expected.id): tuple(part.sha256 for part in one.parts) for one in last if _counts(one)},
    )


def _unassigned(
    site: Site, period: Period, expected: Sequence[ExpectedDelivery], baseline: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Providers that the newest vintage has figures of and nothing is expected of, though no line says that it ended.

    One finding for each area. What an earlier vintage had last was told when it was the newest.
    """
    from loadgate.arriving.findings import unassigned

    newest = max(baseline.values(), key=run_order, default="")
    known = {part for part, run in baseline.items() if run == newest}
    known -= {part_id(one.area, provider) for one in expected for provider in one.providers}
    if not known:
        return ()
    before = run_order(newest)[0].start
    ended = {
        (line.area, line.provider)
        for line in site.assignments
        if line.valid_to is not None and line.valid_from <= before <= line.valid_to < period.start
    }
    return unassigned(known, ended=ended)


def expected_deliveries(site: Site, period: Period) -> list[ExpectedDelivery]:
    from loadgate.arriving.expected import expect

    return expect(
        calendar=site.calendar,
        assignments=site.assignments,
        providers=site.providers,
        suppliers=site.suppliers,
        systems=site.file.systems,
        timezone=site.file.timezone,
        period=period,
    )


def _default_as_of(site: Site, expected: Sequence[ExpectedDelivery], *, clock: datetime) -> datetime:
    if site.file.stated_times and expected:
        return max(delivery.closes for delivery in expected)
    return clock


def _arrivals(
    opened: Opened,
    site: Site,
    period: Period,
    files: Sequence[ReceivedFile],
    expected: list[ExpectedDelivery],
    last: Sequence[Delivery],
    *,
    as_of: datetime,
) -> tuple[Arrivals, tuple[Finding, ...]]:
    from loadgate.arriving.expected import opening
    from loadgate.arriving.findings import findings
    from loadgate.arriving.matching import match

    known = opened.state.results.all("version")
    earlier = {
        key: delivery
        for delivery, versions in known.items()
        if delivery.split("/", 1)[0] < str(period)
        for key, _ in versions
    }
    # a period that nobody opened here counts too, as far as its files lie in the inbox
    earlier = {content_key(one): one.expected.id for one in last} | earlier
    arrivals = match(
        expected,
        files,
        period=period,
        as_of=as_of,
        known_versions={delivery: [key for key, _ in versions] for delivery, versions in known.items()},
        earlier=earlier,
        stated_times=site.file.stated_times,
        opens=opening(site.calendar, timezone=site.file.timezone, period=period),
    )
    came = [arrival.delivery for arrival in arrivals.arrivals if arrival.delivery is not None]
    opened.state.results.put_all("version", [(one.expected.id, content_key(one), f"v{one.version}") for one in came])
    sizes = {stream(one.expected.id): sum(part.size_bytes for part in one.parts) for one in last if _counts(one)}
    before = {each.id: sizes[stream(each.id)] for each in expected if stream(each.id) in sizes}
    found = findings(arrivals, as_of=as_of, before=before)
    # an impostor known by its bytes is the finding that its rows would make too: the same check, so the same id
    named = ((IMPOSTORS if one.kind is Kind.IMPOSTOR else ARRIVED, one) for one in found)
    return arrivals, tuple(replace(one, check=check) for check, one in named)


def _last_deliveries(site: Site, period: Period, files: Sequence[ReceivedFile], *, as_of: datetime) -> list[Delivery]:
    """What lies in the inbox for the period before, every version; no record of it is made."""
    from loadgate.arriving.matching import match

    last = period.previous
    try:
        expected = expected_deliveries(site, last)
    except SiteError:  # the calendar and the profiles need not reach back
        return []
    arrivals = match(expected, files, period=last, as_of=as_of, known_versions={}, earlier={})
    return [one.delivery for one in arrivals.arrivals if one.delivery is not None]


def _counts(delivery: Delivery) -> bool:
    return delivery.state is not ArrivalState.SUPERSEDED


def _snapshot(opened: Opened, site: Site) -> str:
    """Copy the content into the state, once per content; returns its name."""
    content = key_of(site.files)
    final = opened.places.content(content)
    if not durable.exists(final):
        folder = durable.open_folder(opened.tmp)
        for name in site.files:
            copy = folder / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(opened.places.site / name, copy)
        durable.seal(folder, {"key": content})
        durable.commit_folder(folder, final)
    return content


def plan(site: Site, arrivals: Sequence[Arrival]) -> tuple[Check, ...]:
    """Every check of a run, written down before the first is made: planned minus written is *could not run*."""
    checks: list[Check] = []
    for arrival in arrivals:
        scope = arrival.expected.scope
        dataset = site.dataset(arrival.expected.dataset)
        checks.append(Check(id=f"reading:{dataset.dataset}", scope=scope, severity=Severity.CRITICAL))
        checks += [
            Check(id=dataset.check_id(line), scope=scope, severity=line.severity) for line in dataset.expectations
        ]
        checks += [Check(id=dataset.rule_id(rule), scope=scope, severity=Severity.INFO) for rule in dataset.rules]
    for area in areas(site):
        checks.append(Check(id=f"measuring:{area}", scope=Scope.of(area=area), severity=Severity.CRITICAL))
    checks += [Check(id=name, scope=Scope(), severity=Severity.CRITICAL, run_wide=True) for name in RUN_WIDE]
    return tuple(checks)


def areas(site: Site) -> list[str]:
    """Areas with key figures, by name."""
    datasets = {dataset.dataset: dataset.area for dataset in site.datasets}
    return sorted({datasets[figure.dataset] for figure in site.figures})


def parts(inputs: RunInputs) -> list[str]:
    """Every part of the release: one area of one provider that the profiles expect."""
    return sorted(
        {
            part_id(arrival.expected.area, provider)
            for arrival in inputs.arrivals
            for provider in arrival.expected.providers
        }
    )


def _freeze(opened: Opened, row: RunRow, inputs: RunInputs) -> None:
    final = opened.places.step(row.id, "opened")
    if durable.exists(final):
        return
    folder = durable.open_folder(opened.tmp)
    (folder / "inputs.json").write_bytes(dump(RunInputs, inputs))
    durable.seal(folder, {"key": row.inputs_sha256, "run": row.id})
    durable.commit_folder(folder, final)


def workers() -> int:
    """How many deliveries are worked on at once; Polars has threads of its own, so few."""
    from loadgate.settings import Settings

    return Settings.from_environment().workers


def open_period(site: str, period: str | None, *, as_of: str | None, quiet: bool) -> Ref:
    """Open a run from the plain values that a flow is given; no period is the one that holds today.

    A run that this process opened and handed over is taken as it is: the inbox is not looked at twice.
    """
    opened, chosen, moment = _plain(site, period, as_of)
    if run := opened.handed_over(str(chosen)):
        return Ref(str(opened.places.site), run)
    return open_run(opened, chosen, as_of=moment, actor=opened.settings.actor, quiet=quiet)


def current_period(site: Site) -> Period:
    """The period that holds today, which has begun where the site is, be it yesterday still in UTC."""
    return Period.of(day_in(site.file.timezone, now()), site.file.cadence)


def watch_period(site: str, period: str | None, *, as_of: str | None) -> Ref:
    """Look at a period's arrivals, from the plain values that a flow is given."""
    opened, chosen, moment = _plain(site, period, as_of)
    return open_watch(opened, chosen, as_of=moment)


def _plain(site: str, period: str | None, as_of: str | None) -> tuple[Opened, Period, datetime | None]:
    opened = open_site(Path(site))
    chosen = Period.parse(period) if period else current_period(opened.site())
    return opened, chosen, read_moment(as_of, opened.site().file.timezone) if as_of else None


def periods_in_inbox(opened: Opened) -> list[Period]:
    """Periods of the site's cadence for which the inbox holds an expected delivery, oldest first."""
    from loadgate.arriving.matching import periods_named
    from loadgate.arriving.patterns import PatternIndex

    site = opened.site()
    names = [file.name for file in receive(opened, site, seen_at=now())]
    found = []
    for period in periods_named(names, cadence=site.file.cadence):
        index = PatternIndex((delivery.pattern, delivery.id) for delivery in expected_deliveries(site, period))
        if any(index.find(name) is not None for name in names):
            found.append(period)
    return found


def unexpected_names(opened: Opened, inputs: RunInputs) -> dict[str, str]:
    """Pseudonym → name of the unexpected files, for someone entitled who looks: names may hold personal data."""
    wanted = {file.name for file in inputs.unexpected}
    names = (file.name for file in receive(opened, opened.site(), seen_at=now()))
    return {file_pseudonym(name): name for name in names if file_pseudonym(name) in wanted}
