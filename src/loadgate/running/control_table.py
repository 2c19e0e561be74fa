"""A site in; out, the control comparisons that its programme prints, ready as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loadgate.comparing.table import Table
    from loadgate.model.expected import ControlTable
    from loadgate.model.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One table: title by language, header and rows as printed, and the same as plain values."""

    source: str
    title: dict[str, str]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    plain: dict[str, Any]


def tables(site: Site) -> tuple[Printed, ...]:
    """Every control table of the site (`baselines/control_tables.yaml`), from the values reported beside the controls.

    Raises NotFound when a table names a source that has no control figures.
    """
    import polars as pl

    from loadgate.comparing.control import compare_control
    from loadgate.comparing.table import table
    from loadgate.content.controls import read_controls
    from loadgate.errors import NotFound
    from loadgate.model.tables import FIGURES, conform

    if not site.control_tables:
        return ()
    _, controls = read_controls(site, period="")
    reported = controls.filter(pl.col("reported").is_not_null()).select(
        "figure",
        "cell",
        pl.col("provider").fill_null("reported"),
        "reference_start",
        value=pl.col("reported").cast(pl.Float64),
        numerator=pl.col("reported"),
    )
    compared = compare_control(
        conform(reported, FIGURES),
        controls,
        key_figures=site.figures,
        tolerances=site.tolerances,
        expected={},
        delivered={},
        areas={dataset.dataset: dataset.area for dataset in site.datasets},
    )
    cadences = {figure.id: figure.cadence for figure in site.figures}
    printed = []
    for wanted in site.control_tables:
        own = compared.filter(pl.col("source") == wanted.source)
        if own.is_empty():
            raise NotFound(
                f"no control figures of {wanted.source}", fix=f"baselines/control_figures/{wanted.source}.csv"
            )
        figure = own["figure"][0]
        order = list(dict.fromkeys(cell for cell in controls.filter(pl.col("figure") == figure)["cell"] if cell))
        cells = next((one.cells.values for one in site.figures if one.id == figure and one.cells), tuple(order))
        title = wanted.title.get("en") or next(iter(wanted.title.values()))
        made = table(
            own,
            source=wanted.source,
            title=title,
            cadence=cadences[figure],
            order=cells,
            decimals=wanted.decimals,
        )
        printed.append(_printed(made, wanted))
    return tuple(printed)


def _printed(made: Table, wanted: ControlTable) -> Printed:
    """Code, the controls, the values, the differences and the percentages, one column a period; then the notes."""
    from loadgate.comparing.table import as_json, plain

    blocks = (
        ("control", wanted.control_label),
        ("value", wanted.value_label),
        ("difference", "diff"),
        ("percent", "%"),
    )
    shown = _short(made.periods)
    labels = [
        f"{label} {period}" if place == 0 else period for _, label in blocks for place, period in enumerate(shown)
    ]
    rows = []
    for row in made.rows:
        entries = [{entry.period: entry for entry in row.entries}.get(period) for period in made.periods]
        cells = [None if entry is None else getattr(entry, name) for name, _ in blocks for entry in entries]
        texts = ["" if cell is None else cell if isinstance(cell, str) else plain(cell) for cell in cells]
        rows.append((row.code or row.figure, *texts, ", ".join(note.value for note in row.notes)))
    return Printed(
        source=wanted.source,
        title={str(language): text for language, text in wanted.title.items()},
        header=("code", *labels, "what the row shows"),
        rows=tuple(rows),
        plain=as_json(made),
    )


def _short(periods: tuple[str, ...]) -> list[str]:
    """Periods without the year, where all lie in one: the title names it."""
    years = {period[:4] for period in periods}
    return [period[5:] if len(years) == 1 and len(period) > 5 else period for period in periods]
