"""A judged run in; out, its report: one HTML file beside its results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgate.model.judgement import Judgement
from loadgate.model.period import Period
from loadgate.running import reducing, wording
from loadgate.running.opened import Opened, Ref
from loadgate.store import durable

if TYPE_CHECKING:
    import polars as pl

    from loadgate.model.site import Site
    from loadgate.reporting.view import PrintedTable, ReportView
    from loadgate.running.inputs import RunInputs


def write_report(ref: Ref, judgement: Judgement) -> None:
    """Render the run's report, unless this is a quiet run, whose report nobody reads."""
    from loadgate.reporting.page import page

    opened = ref.open()
    if opened.state.runs.get(ref.run).detail.get("quiet"):
        return
    inputs = opened.inputs(ref.run)
    site = opened.frozen(inputs.content)
    durable.write_text(opened.places.report(ref.run), page(view(opened, inputs, site, judgement)))


def view(opened: Opened, inputs: RunInputs, site: Site, judgement: Judgement) -> ReportView:
    """Everything that the report shows."""
    import polars as pl

    from loadgate.reporting import summaries
    from loadgate.reporting.view import ReportView

    compared = opened.places.step(inputs.run, "compare") / reducing.ALL / "comparisons.parquet"
    comparisons = pl.read_parquet(compared) if compared.exists() else None
    return ReportView(
        site=site.file.name,
        title=site.file.title,
        period=Period.parse(inputs.period),
        baseline=baseline_text(inputs),
        judgement=judgement,
        arrivals=inputs.arrived,
        gate=site.gate,
        names=wording.names(site, inputs),
        known_errors=site.known_errors,
        restatements=_restatements(opened, inputs, site, comparisons),
        cells_gone=0 if comparisons is None else summaries.values_gone(comparisons),
        controls=None if comparisons is None else summaries.control_summary(comparisons),
        control_rows=None if comparisons is None else summaries.control_deviations(comparisons),
        printed=printed(site),
        inputs=described(opened, inputs),
    )


def _restatements(
    opened: Opened, inputs: RunInputs, site: Site, comparisons: pl.DataFrame | None
) -> pl.DataFrame | None:
    import polars as pl

    from loadgate.reporting import summaries

    if comparisons is None or not inputs.baseline:
        return None
    earlier = []
    for run in inputs.history:
        path = opened.places.step(run, "compare") / reducing.ALL / "comparisons.parquet"
        if path.exists() and opened.inputs(run).baseline:
            earlier.append(summaries.restatements_by_age(pl.read_parquet(path), site.figures))
    return summaries.with_usual_band(summaries.restatements_by_age(comparisons, site.figures), earlier)


def baseline_text(inputs: RunInputs) -> str | None:
    """The runs whose approved values this run was compared with."""
    runs = sorted(set(inputs.baseline.values()))
    return ", ".join(runs) if runs else None


def printed(site: Site) -> tuple[PrintedTable, ...]:
    """The control tables that the programme prints."""
    from loadgate.reporting.view import PrintedTable
    from loadgate.running.control_table import tables

    language = site.file.languages[0]
    return tuple(
        PrintedTable(title=table.title[language], header=table.header, rows=table.rows) for table in tables(site)
    )


def described(opened: Opened, inputs: RunInputs) -> dict[str, str]:
    head = opened.state.ledger.head()
    versions = [delivery.version for delivery in inputs.deliveries]
    resent = sum(version > 1 for version in versions)
    return {
        "deliveries": f"{len(versions)} ({resent} resent)",
        "content": inputs.content,
        "engine": inputs.engine,
        "baseline": baseline_text(inputs) or "–",
        "ledger_head": f"{head.seq} {head.sha256[:16]}",
        "as_of": inputs.as_of.isoformat(),
    }
