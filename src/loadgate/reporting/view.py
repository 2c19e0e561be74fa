"""What the caller fills in for a report: plain values, the judgement, the arrivals, and small frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgate.model.deliveries import Arrivals
from loadgate.model.expected import Gate, KnownError
from loadgate.model.judgement import Judgement
from loadgate.model.period import Period
from loadgate.reporting.names import Names

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedTable:
    """A table as a programme prints it: header and rows are ready text; the first column heads its row."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """Everything that one report shows. Language and names are in `names`; times are ISO text.

    `restatements`: see `summaries.RESTATEMENTS`; None: there was no earlier run to compare with.
    `controls`: see `summaries.CONTROL_SUMMARY`; `control_rows`: COMPARISONS of kind control that do not agree.
    `inputs`: key of the words table `input`, or any text, to its value, in the order to be shown.
    """

    site: str
    title: str
    period: Period
    baseline: str | None
    judgement: Judgement
    arrivals: Arrivals
    gate: Gate
    names: Names
    known_errors: tuple[KnownError, ...] = ()
    restatements: pl.DataFrame | None = None
    cells_gone: int = 0
    controls: pl.DataFrame | None = None
    control_rows: pl.DataFrame | None = None
    printed: tuple[PrintedTable, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
