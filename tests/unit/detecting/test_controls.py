"""Control deviations become findings per source, figure and provider, and say what they have in common."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from loadgate.detecting.controls import control_findings
from loadgate.detecting.evidence import Subjects
from loadgate.model.findings import CellsEvidence, Finding
from loadgate.model.kinds import Kind, Severity
from loadgate.model.tables import COMPARISONS, conform


def compared(*rows: tuple[str | None, str | None, int, float, str], source: str = "office") -> pl.DataFrame:
    """Rows of (provider, cell, week, difference, outcome) of `counted`, each against a control of 100."""
    frame = pl.DataFrame(
        [(p, c, dt.date.fromisocalendar(2026, w, 1), d, d / 100, o) for p, c, w, d, o in rows],
        schema={
            "provider": pl.String,
            "cell": pl.String,
            "reference_start": pl.Date,
            "difference": pl.Float64,
            "difference_relative": pl.Float64,
            "outcome": pl.String,
        },
        orient="row",
    )
    named = frame.with_columns(
        pl.lit("control").alias("kind"), pl.lit(source).alias("source"), pl.lit("counted").alias("figure")
    )
    return conform(named, COMPARISONS)


def findings(panel: Any, frame: pl.DataFrame) -> list[Finding]:
    one = panel()
    return control_findings(frame, subjects=Subjects.of(one.figures, areas={"reports": "health"}, units=one.units))


def test_agreement_and_what_is_not_applicable_are_no_findings(panel: Any) -> None:
    frame = compared(("101", "all", 1, 0.0, "agree"), ("102", "all", 1, 9.0, "not_applicable"))

    assert findings(panel, frame) == []


def test_one_finding_per_provider_and_outcome(panel: Any) -> None:
    frame = compared(
        ("101", "all", 1, 9.0, "substantial"),
        ("101", "young", 1, 7.0, "substantial"),
        ("101", "old", 1, 3.0, "minimal"),
        ("102", "all", 1, 9.0, "substantial"),
        ("102", "young", 1, 0.0, "agree"),
        (None, "all", 1, 18.0, "substantial"),
    )

    told = [
        (f.kind, f.severity, f.scope.provider and sorted(f.scope.provider), f.scope.cell and sorted(f.scope.cell))
        for f in findings(panel, frame)
    ]

    assert told == [
        (Kind.CONTROL_SUBSTANTIAL, Severity.WARNING, None, None),
        (Kind.CONTROL_SUBSTANTIAL, Severity.WARNING, ["101"], ["all", "young"]),
        (Kind.CONTROL_MINIMAL, Severity.INFO, ["101"], ["old"]),
        (Kind.CONTROL_SUBSTANTIAL, Severity.WARNING, ["102"], ["all"]),
    ]


def test_two_sources_never_share_an_id(panel: Any) -> None:
    row = ("101", "all", 1, 9.0, "substantial")

    made = findings(panel, pl.concat([compared(row), compared(row, source="register")]))

    assert [finding.check for finding in made] == ["control:office", "control:register"]
    assert len({finding.id for finding in made}) == 2


def test_evidence_counts_all_compared_cells(panel: Any) -> None:
    frame = compared(("101", "all", 1, 9.0, "substantial"), ("101", "all", 2, 1.0, "agree"))

    (finding,) = findings(panel, frame)

    assert finding.evidence == CellsEvidence(
        cells=1,
        eligible=2,
        first="2026-W01",
        last="2026-W01",
        periods=1,
        difference_min=0.09,
        difference_median=0.09,
        difference_max=0.09,
        source="office",
    )


@pytest.mark.parametrize(
    ("differences", "detail"),
    [
        ((2, 2, 4, 9), {"direction": "one-sided", "drift": "growing"}),
        ((3, 6, 6, 10), {"direction": "one-sided", "drift": "growing"}),
        ((3, 1, 5, 9), {"direction": "one-sided"}),
        ((-3, -3, -4, -9), {"direction": "one-sided", "drift": "growing"}),
        ((-2, 2, 4, 9), {}),
        ((4, 9), {}),
    ],
)
def test_direction_and_drift_need_three_periods_of_one_sign(
    panel: Any, differences: tuple[int, ...], detail: dict[str, str]
) -> None:
    rows = [
        ("101", "all", week, float(difference), "substantial" if difference in (9, 10, -9) else "agree")
        for week, difference in enumerate(differences, start=1)
    ]

    (finding,) = findings(panel, compared(*rows))

    assert dict(finding.detail) == detail


def multiples(*pairs: tuple[float, float], exact: bool = True) -> pl.DataFrame:
    """Substantial rows of (value, control), one a provider's cell each."""
    rows = compared(*(("101", f"c{number}", 1, 9.0, "substantial") for number in range(len(pairs))))
    values, others = (pl.Series(list(side), dtype=pl.Float64) for side in zip(*pairs, strict=True))
    numbers = values.cast(rows.schema["numerator"]) if exact else pl.lit(None, dtype=rows.schema["numerator"])
    return rows.with_columns(values.alias("value"), others.alias("other"), numbers.alias("numerator"))


@pytest.mark.parametrize(
    ("pairs", "factor"),
    [
        (((40461.0, 40.461),), "1000"),
        (((40.0, 40461.0),), "1/1000"),
        (((5128.0, 5.128),), "1000"),
        (((1050.0, 100.0), (230.0, 23.4)), "10"),
        (((5.0, 498.0), (20.0, 2011.0)), "1/100"),
        (((-4000.0, -40.0),), "100"),
    ],
)
def test_a_power_of_ten_between_value_and_control_is_told_as_that(
    panel: Any, pairs: tuple[tuple[float, float], ...], factor: str
) -> None:
    (finding,) = findings(panel, multiples(*pairs))

    assert dict(finding.detail) == {"factor": factor, "looks_like": "unit"}


@pytest.mark.parametrize(
    "pairs",
    [
        ((1000.0, 89.0),),  # near ten, but not to a tenth
        ((1000.0, 100.0), (300.0, 200.0)),  # of one cell alone
        ((9.0, 90.0),),  # few may be a tenth by chance
        ((1000.0, 0.0),),
        ((1000.0, -100.0),),
    ],
)
def test_what_chance_or_another_cause_makes_is_no_other_unit(
    panel: Any, pairs: tuple[tuple[float, float], ...]
) -> None:
    (finding,) = findings(panel, multiples(*pairs))

    assert "factor" not in finding.detail


def test_a_share_in_per_cent_against_a_fraction_is_another_unit(panel: Any) -> None:
    (finding,) = findings(panel, multiples((0.042, 4.2), (0.07, 7.02), exact=False))

    assert finding.detail["factor"] == "1/100"
