"""A run in; out, one line of facts per step, for the terminal: what is there, counted when it is printed."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from loadgate.model.deliveries import ArrivalState
from loadgate.model.findings import OutcomeState
from loadgate.model.period import Period
from loadgate.model.shadow import in_shadow
from loadgate.running import deciding, delivering, reducing
from loadgate.running.keeping import read_findings, read_outcomes
from loadgate.store import durable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loadgate.running.opened import Ref

_NOT_KEPT = "done; its rows are not kept any more, and are made anew where they are needed"


def arriving(ref: Ref) -> str:
    inputs = ref.open().inputs(ref.run)
    states = Counter(arrival.state for arrival in inputs.current)
    awaited = states[ArrivalState.AWAITED] + states[ArrivalState.OVERDUE]
    parts = [
        f"{len(inputs.deliveries)} of {len(inputs.current)}",
        f"{states[ArrivalState.LATE]} late",
        f"{states[ArrivalState.MISSING]} missing",
        f"{len(inputs.unexpected)} unexpected",
    ]
    return "  ".join(parts + ([f"{awaited} awaited"] if awaited else []))


def reading(ref: Ref) -> str:
    opened, inputs, site = ref.frozen()
    folders = [delivering.typed_folder(opened, site, one) for one in inputs.deliveries]
    read = [durable.read_manifest(folder) for folder in folders if durable.exists(folder)]
    if folders and not read and deciding.is_stored(opened, ref.run):
        return _NOT_KEPT
    typed, rejected = (sum(one[name] for one in read) for name in ("rows_typed", "rows_rejected"))
    return f"{len(read)} of {len(folders)}  {_number(typed)} rows typed, {_number(rejected)} rejected"


def checking(ref: Ref) -> str:
    opened, inputs, site = ref.frozen()
    folders = [delivering.checks_folder(opened, site, one) for one in inputs.deliveries]
    done = [folder for folder in folders if durable.exists(folder)]
    if folders and not done and deciding.is_stored(opened, ref.run):
        return _NOT_KEPT
    tried = in_shadow(site, Period.parse(inputs.period)).checks
    outcomes = [outcome for folder in done for outcome in read_outcomes(folder)]
    states = Counter(outcome.state for outcome in outcomes if outcome.check not in tried)
    counts = [f"{_number(states[state])} {state.value}" for state in OutcomeState if states[state]]
    aside = len(outcomes) - states.total()
    listed = ", ".join(counts + ([f"{_number(aside)} in shadow"] if aside else []))
    return f"{len(done)} of {len(folders)}  {_number(states.total())} checks of rows: {listed or 'none'}"


def measuring(ref: Ref) -> str:
    opened, _, site = ref.frozen()
    figures = reducing.load_figures(opened, ref.run, site)
    names, providers, periods = (figures[name].n_unique() for name in ("figure", "provider", "reference_start"))
    return (
        f"{_count(names, 'figure')}, {_count(providers, 'provider')}, {_count(periods, 'reference period')}, "
        f"{_number(figures.height)} values"
    )


def comparing(ref: Ref) -> str:
    import polars as pl

    from loadgate.reporting.summaries import values_gone

    opened, inputs, _ = ref.frozen()
    path = opened.places.step(ref.run, "compare") / reducing.ALL / "comparisons.parquet"
    if not path.exists():
        return "could not run"
    rows = pl.scan_parquet(path).group_by("kind", "status", "outcome").len().collect()
    control, prior = rows.filter(pl.col("kind") == "control"), rows.filter(pl.col("kind") == "prior")
    agree = int(control.filter(pl.col("outcome") == "agree")["len"].sum())
    unfit = int(control.filter(pl.col("outcome") == "not_applicable")["len"].sum())
    compared = int(control["len"].sum()) - unfit
    controls = f"{_number(agree)} of {_number(compared)} agree" if compared else "none compared"
    controls += f", {_number(unfit)} not applicable" if unfit else ""
    if not inputs.baseline:
        return f"control: {controls}  prior run: not applicable, nothing to compare with"
    restated = prior.filter(pl.col("status") == "restated")["len"].sum()
    gone = values_gone(pl.read_parquet(path))
    return f"control: {controls}  prior run: {_number(restated)} values restated, {_number(gone)} gone"


def detecting(ref: Ref) -> str:
    opened, inputs, _ = ref.frozen()
    folder = opened.places.step(ref.run, "detect") / reducing.ALL
    if not durable.exists(folder):
        return "could not run"
    if not inputs.baseline:
        return "not applicable, nothing to compare with"
    kinds = Counter(finding.kind for finding in read_findings(folder) if finding.kind.startswith("systematic."))
    return _count(kinds.total(), "systematic difference")


def judging(ref: Ref) -> str:
    judgement = deciding.stored(ref.open(), ref.run)
    return f"{_count(len(judgement.cases), 'case')}, {_count(len(judgement.findings), 'finding')}"


LINES = {
    "reading": reading,
    "checking": checking,
    "measuring": measuring,
    "comparing": comparing,
    "detecting": detecting,
    "judging": judging,
}


def _number(value: float | Decimal) -> str:
    return f"{int(value):,}"


def _count(number: int, noun: str) -> str:
    return f"{_number(number)} {noun}{'' if number == 1 else 's'}"


def failed_units(ref: Ref) -> Iterable[str]:
    """Units that could not run, with the error's kind: no values."""
    from loadgate.store.work import WorkState

    for row in ref.open().state.work.rows(ref.run):
        if row.state is WorkState.FAILED:
            yield f"{row.step} {row.work_id}: {row.detail.get('message') or row.detail.get('error')}"
