"""A site in; out, the control comparisons that its programme prints, ready as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loadgate.comparing.table import Table
    from loadgate.model.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One table: title by language, header and rows as printed, its notes, and the same as plain values."""

    source: str
    title: dict[str, str]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
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
        printed.append(_printed(made, {str(language): text for language, text in wanted.title.items()}, wanted.source))
    return tuple(printed)


def _printed(made: Table, title: dict[str, str], source: str) -> Printed:
    from loadgate.comparing.table import as_json, plain

    blocks = [("control", "control"), ("value", "value"), ("difference", "difference"), ("percent", "%")]
    header = ("code", *(f"{label} {period}" for _, label in blocks for period in made.periods), "notes")
    rows = []
    for row in made.rows:
        by_period = {entry.period: entry for entry in row.entries}
        cells = []
        for name, _ in blocks:
            for period in made.periods:
                entry = by_period.get(period)
                shown = None if entry is None else getattr(entry, name)
                cells.append("" if shown is None else shown if isinstance(shown, str) else plain(shown))
        rows.append((row.code or row.figure, *cells, ", ".join(note.value for note in row.notes)))
    return Printed(source=source, title=title, header=header, rows=tuple(rows), notes=(), plain=as_json(made))
