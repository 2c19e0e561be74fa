"""The run's life up to judging: deliveries' results in; out, figures, comparisons and findings, kept by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.content import slices
from loadgate.model.encoding import load
from loadgate.model.findings import Finding, Outcome, OutcomeState
from loadgate.model.identity import key_of, stream
from loadgate.model.kinds import Kind, Severity
from loadgate.model.period import Period
from loadgate.model.scope import Scope
from loadgate.model.version import VERSION
from loadgate.running import baseline, crossing, delivering, strangers
from loadgate.running.keeping import (
    executed,
    is_kept,
    keep,
    made_by,
    read_findings,
    read_outcomes,
    write_findings,
    write_outcomes,
)
from loadgate.running.opened import Opened, Ref
from loadgate.running.opening import ARRIVED, CONTROLS, IMPOSTORS, PATTERNS, RESTATEMENTS, areas
from loadgate.store import durable

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from loadgate.measuring.figures import Measured
    from loadgate.measuring.rows import HarmonisedRows
    from loadgate.model.deliveries import Arrival, Delivery
    from loadgate.model.fingerprint import Fingerprint
    from loadgate.model.site import Site
    from loadgate.running.inputs import RunInputs

ALL = "all"
_SETTLES = 3  # periods for which a new system's level is not known
_SAYS_IT = frozenset(
    {
        Kind.MISSING,
        Kind.EMPTY,
        Kind.DUPLICATE,
        Kind.IMPOSTOR,
        Kind.PROVIDER_ABSENT,
        Kind.UNREADABLE_FILE,
        Kind.ENCODING,
        Kind.COLUMNS,
        Kind.REJECTED_ROWS,
        Kind.TRAILER,
    }
)


def _unless_kept(ref: Ref, step: str, work_ids: list[str]) -> list[str]:
    opened = ref.open()
    return [work_id for work_id in work_ids if not is_kept(opened, run=ref.run, step=step, work_id=work_id)]


def _read_deliveries(opened: Opened, inputs: RunInputs, site: Site) -> list[tuple[Delivery, Path]]:
    """Deliveries whose rows are typed, with their folders; one that could not be read is not here."""
    folders = ((one, delivering.typed_folder(opened, site, one)) for one in inputs.deliveries)
    return [(one, folder) for one, folder in folders if durable.exists(folder)]


# ── across ─────────────────────────────────────────────────────────────────────────────────────────────────────


def across_work(ref: Ref) -> list[str]:
    return _unless_kept(ref, "across", [ALL])


def across(ref: Ref, _: str) -> None:
    """Compare deliveries with each other and with earlier periods: another's rows, or old ones again.

    And ask what a suite expects of another dataset, or of the last approved delivery.
    """
    from loadgate.arriving.impostors import impostors, repeats
    from loadgate.model.fingerprint import Fingerprint

    opened, inputs, site = ref.frozen()
    read = _read_deliveries(opened, inputs, site)
    prints = {one.expected.id: load(Fingerprint, (typed / "fingerprint.json").read_bytes()) for one, typed in read}
    earlier = _earlier_rows(opened, inputs.period, prints)
    expected = [one.expected for one, _ in read]
    decide = strangers.decider(opened, inputs, site, read)
    crossings = crossing.crossings(opened, inputs, site, read)

    def make(folder: Path) -> None:
        # an old file known by its bytes is the finding that its rows make too: the same check, so the same id
        old = made_by(ARRIVED, repeats(prints, expected, earlier=earlier))
        strange = impostors(prints, expected, decide=decide)
        strange += strangers.exchanged(opened, inputs, site, read, told=[*old, *strange])
        found = [*old, *made_by(IMPOSTORS, strange)]
        write_findings(folder, found)
        crossed = [
            one
            for each in crossings
            for one in crossing.outcomes(site, each, period=inputs.period, into=folder / each.delivery.id)
        ]
        write_outcomes(folder, [executed(IMPOSTORS, Scope(), found), *crossed])

    typed_rows = sorted((one.id, typed.name) for one, typed in read)
    key = key_of(VERSION, typed_rows, earlier, inputs.before, [each.key(site) for each in crossings])
    # before the step is kept, and so done: killed in between, it would be forgotten
    opened.state.results.put_all("rows", [(stream(name), made.sha256, name) for name, made in prints.items()])
    keep(opened, run=ref.run, step="across", work_id=ALL, key=key, make=make)


def _earlier_rows(opened: Opened, period: str, prints: Mapping[str, Fingerprint]) -> dict[str, str]:
    """Hash of sorted rows → delivery id, of the same streams in earlier periods, where this period has it again."""
    now = {(stream(name), made.sha256) for name, made in prints.items()}
    return {
        sha: name
        for stream, known in opened.state.results.all("rows").items()
        for sha, name in known
        if (stream, sha) in now and Period.parse(name.partition("/")[0]) < Period.parse(period)
    }


# ── measure ────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_work(ref: Ref) -> list[str]:
    _, _, site = ref.frozen()
    return _unless_kept(ref, "measure", areas(site))


def measure(ref: Ref, area: str) -> None:
    """Measure one area's key figures."""
    from loadgate.measuring.figures import measure as measure_figures
    from loadgate.measuring.rows import TypedDelivery

    opened, inputs, site = ref.frozen()
    figures = [figure for figure in site.figures if site.dataset(figure.dataset).area == area]
    wanted, marking = slices.datasets_of(site, figures), slices.marking_datasets(site, figures)
    read = [(one, typed) for one, typed in _read_deliveries(opened, inputs, site) if one.expected.dataset in wanted]
    checks = {one.id: delivering.checks_folder(opened, site, one) for one, _ in read if one.expected.dataset in marking}
    marked = sorted((name, folder.name) for name, folder in checks.items() if durable.exists(folder))

    def make(folder: Path) -> None:
        deliveries = [
            TypedDelivery(
                delivery=one.expected.id,
                area=one.expected.area,
                dataset=one.expected.dataset,
                providers=one.expected.providers,
                provider_column=site.dataset(one.expected.dataset).provider_column,
                path=typed / "typed.parquet",
                scope=one.expected.scope,
                harmonised=_harmonised(site, one, checks[one.id]) if one.id in checks else None,
            )
            for one, typed in read
        ]
        measured = measure_figures(deliveries, slices.with_referred(site, figures), into=folder)
        _keep_own(measured, {figure.id for figure in figures})
        check = f"measuring:{area}"
        found = made_by(check, measured.findings)
        write_findings(folder, found)
        write_outcomes(folder, [executed(check, Scope.of(area=area), found)])

    key = key_of(VERSION, slices.measure_slice(site, area), sorted((one.id, typed.name) for one, typed in read), marked)
    keep(opened, run=ref.run, step="measure", work_id=area, key=key, make=make)


def _harmonised(site: Site, delivery: Delivery, checks: Path) -> HarmonisedRows | None:
    """The marks and alternative values of a delivery; None where its checks were not made."""
    from loadgate.measuring.rows import HarmonisedRows

    if not durable.exists(checks):
        return None
    dataset = site.dataset(delivery.expected.dataset)
    passed = {one.check for one in read_outcomes(checks) if one.state is OutcomeState.PASS}
    return HarmonisedRows(
        rules=dataset.rules,
        told=frozenset(rule.id for rule in dataset.rules if dataset.rule_id(rule) in passed),
        marks=checks / "marks.parquet",
        alternatives=checks / "alternatives.parquet",
    )


def _keep_own(measured: Measured, own: set[str]) -> None:
    """Leave out figures of other areas, which were measured only to divide by them."""
    import polars as pl

    for path in (measured.figures, measured.lineage):
        frame = pl.read_parquet(path)
        if not frame["figure"].is_in(list(own)).all():
            frame.filter(pl.col("figure").is_in(list(own))).write_parquet(path)


def load_figures(opened: Opened, run: str, site: Site) -> pl.DataFrame:
    """All figures that the run measured, sorted by key; an area that could not be measured has none."""
    return _measured(opened, run, site, "figures.parquet")


def load_lineage(opened: Opened, run: str, site: Site) -> pl.DataFrame:
    return _measured(opened, run, site, "lineage.parquet")


def _measured(opened: Opened, run: str, site: Site, name: str) -> pl.DataFrame:
    import polars as pl

    from loadgate.model.tables import FIGURE_KEY, FIGURES, LINEAGE, empty

    table = FIGURES if name.startswith("figures") else LINEAGE
    frames = [pl.read_parquet(folder / name) for folder in _areas_measured(opened, run, site)]
    key = list(FIGURE_KEY) if table is FIGURES else ["figure", "provider", "delivery"]
    return pl.concat([empty(table), *frames]).sort(key)


def _measure_keys(opened: Opened, run: str, site: Site) -> list[str]:
    return [durable.read_manifest(folder)["key"] for folder in _areas_measured(opened, run, site)]


def _areas_measured(opened: Opened, run: str, site: Site) -> list[Path]:
    folders = (opened.places.step(run, "measure") / area for area in areas(site))
    return [folder for folder in folders if durable.exists(folder)]


# ── compare ────────────────────────────────────────────────────────────────────────────────────────────────────


def compare_work(ref: Ref) -> list[str]:
    return _unless_kept(ref, "compare", [ALL])


def compare(ref: Ref, _: str) -> None:
    """Compare the figures with control figures and with the baseline: difference tables, arithmetic only."""
    import polars as pl

    from loadgate.comparing.control import compare_control
    from loadgate.comparing.prior import compare_prior
    from loadgate.content.controls import read_controls

    opened, inputs, site = ref.frozen()
    controls_key, controls = read_controls(site, period=inputs.period)
    # a figure reported beside its control, for no load in particular, is a table that was printed: no run's affair
    controls = controls.filter(pl.col("reported").is_null() | pl.col("period").is_not_null())

    def make(folder: Path) -> None:
        figures = load_figures(opened, ref.run, site)
        control = compare_control(
            figures,
            controls,
            key_figures=site.figures,
            tolerances=site.tolerances,
            expected=_providers(inputs.current, site),
            delivered=_providers(_whole(opened, inputs, site), site),
            areas={dataset.dataset: dataset.area for dataset in site.datasets},
        )
        prior = compare_prior(figures, baseline.load(opened, inputs.baseline))
        pl.concat([control, prior]).write_parquet(folder / "comparisons.parquet")
        write_outcomes(
            folder,
            [
                executed(CONTROLS, Scope(), [], applicable=control.height > 0),
                executed(RESTATEMENTS, Scope(), [], applicable=bool(inputs.baseline)),
            ],
        )

    key = key_of(
        VERSION,
        _measure_keys(opened, ref.run, site),
        slices.compare_slice(site),
        controls_key,
        inputs.baseline,
        _vintage_keys(opened, inputs),
    )
    keep(opened, run=ref.run, step="compare", work_id=ALL, key=key, make=make)


def _providers(arrivals: Iterable[Arrival], site: Site) -> dict[str, frozenset[str]]:
    """figure → providers of these arrivals."""
    found: dict[str, set[str]] = {}
    for arrival in arrivals:
        found.setdefault(arrival.expected.dataset, set()).update(arrival.expected.providers)
    return {figure.id: frozenset(found.get(figure.dataset, ())) for figure in site.figures}


def _whole(opened: Opened, inputs: RunInputs, site: Site) -> list[Arrival]:
    """Arrivals that were read whole: a sum over providers says nothing while one of them has no usable rows."""
    strange = {
        name
        for finding in _between_deliveries(opened, inputs)
        if finding.kind is Kind.IMPOSTOR
        for name in finding.scope.delivery or ()
    }
    whole = []
    for arrival in inputs.current:
        if arrival.delivery is None or arrival.expected.id in strange:
            continue
        folder = delivering.typed_folder(opened, site, arrival.delivery)
        if durable.exists(folder) and crossing.is_whole(folder):
            whole.append(arrival)
    return whole


def _between_deliveries(opened: Opened, inputs: RunInputs) -> list[Finding]:
    """What was found of deliveries without reading them, and of each beside the others."""
    return [*inputs.arrival_findings, *read_findings(opened.places.step(inputs.run, "across") / ALL)]


def _vintage_keys(opened: Opened, inputs: RunInputs) -> list[str]:
    runs = sorted({*inputs.baseline.values(), *inputs.history})
    return [f"{run}:{durable.read_manifest(opened.places.vintage(run))['key']}" for run in runs]


# ── detect ─────────────────────────────────────────────────────────────────────────────────────────────────────


def detect_work(ref: Ref) -> list[str]:
    return _unless_kept(ref, "detect", [ALL])


def detect(ref: Ref, _: str) -> None:
    """Look for patterns: differences that many cells share, against the history of approved runs."""
    import polars as pl

    from loadgate.detecting.revisions import newest_prior, of_few_periods
    from loadgate.detecting.systematic import detect as detect_patterns

    opened, inputs, site = ref.frozen()
    compared = opened.places.step(ref.run, "compare") / ALL
    period = Period.parse(inputs.period)
    silent, changed = _silent(opened, inputs, site), _changed(site, period)

    def make(folder: Path) -> None:
        comparisons = pl.read_parquet(compared / "comparisons.parquet")
        few = of_few_periods(comparisons, site.figures)
        vintages = baseline.vintages(opened, inputs.history)
        detected = detect_patterns(
            comparisons,
            figures=site.figures,
            areas={dataset.dataset: dataset.area for dataset in site.datasets},
            units=units(inputs),
            history=baseline.load_history(vintages),
            period=period,
            planned=site.planned_changes,
            firsts=baseline.load_firsts(vintages, figures=load_figures(opened, ref.run, site), period=period),
            revisions=baseline.load_revisions(vintages, figures=few, period=period, since=newest_prior(comparisons)),
            silent=silent,
            changed=changed,
        )
        detected.history.write_parquet(folder / "history.parquet")
        found = made_by(PATTERNS, detected.findings)
        write_findings(folder, found)
        patterns = [one for one in found if one.kind.startswith("systematic.") or one.severity is Severity.CRITICAL]
        outcomes = [executed(PATTERNS, Scope(), patterns, applicable=bool(inputs.baseline))]
        write_outcomes(folder, outcomes + _failed_controls(found))

    key = key_of(
        VERSION,
        durable.read_manifest(compared)["key"],
        slices.detect_slice(site),
        inputs.period,
        inputs.history,
        sorted((arrival.expected.id, str(arrival.expected.scope)) for arrival in inputs.current),
        sorted(silent),
        sorted(changed),
    )
    keep(opened, run=ref.run, step="detect", work_id=ALL, key=key, make=make)


def _silent(opened: Opened, inputs: RunInputs, site: Site) -> set[tuple[str, str]]:
    """(dataset, provider) of whom nothing whole came, or an old or another's file: arrival or reading says it.

    Of a file for several providers that fails for some of them, only those are silent.
    """
    between = _between_deliveries(opened, inputs)
    found: set[tuple[str, str]] = set()
    for arrival in inputs.current:
        expected, told = arrival.expected, between
        whole = arrival.delivery is None
        if arrival.delivery is not None:
            folder = delivering.typed_folder(opened, site, arrival.delivery)
            read = read_findings(folder) if durable.exists(folder) else []
            told = [*between, *read]
            whole = not durable.exists(folder) or not durable.read_manifest(folder)["rows_typed"]
        if whole:
            found |= {(expected.dataset, provider) for provider in expected.providers}
        for finding in told:
            if finding.kind not in _SAYS_IT or expected.id not in (finding.scope.delivery or ()):
                continue
            if finding.severity is Severity.CRITICAL or finding.kind is Kind.DUPLICATE:
                said = finding.scope.provider or expected.providers
                found |= {(expected.dataset, provider) for provider in said}
    return found


def _changed(site: Site, period: Period) -> set[tuple[str, str]]:
    """(area, provider) that another system serves than three periods ago, or at some time in between."""

    def served(day: date) -> dict[tuple[str, str], set[str]]:
        found: dict[tuple[str, str], set[str]] = {}
        for line in site.assignments:
            if line.valid_from <= day and (line.valid_to is None or day <= line.valid_to):
                found.setdefault((line.area, line.provider), set()).add(line.system)
        return found

    now = served(period.start)
    found: set[tuple[str, str]] = set()
    for back in range(1, _SETTLES + 1):
        before = served(period.shift(-back).start)
        found |= {part for part, systems in now.items() if part in before and before[part] != systems}
    return found


def _failed_controls(findings: list[Finding]) -> list[Outcome]:
    """A failed outcome for each control source that findings name, beyond the planned check that all were compared."""
    sources = sorted({one.check for one in findings if one.check and one.check.startswith("control:")})
    return [executed(source, Scope(), findings) for source in sources]


def units(inputs: RunInputs) -> pl.DataFrame:
    """One row per (area, provider, delivery): who sends it and from which system; what groups are made of."""
    import polars as pl

    rows = [
        {
            "area": one.area,
            "provider": provider,
            "vendor": one.vendor,
            "system": one.system,
            "system_version": one.system_version,
            "supplier": one.supplier,
            "delivery": one.id,
        }
        for one in (arrival.expected for arrival in inputs.current)
        for provider in one.providers
    ]
    names = ["area", "provider", "vendor", "system", "system_version", "supplier", "delivery"]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)).unique().sort(names)
