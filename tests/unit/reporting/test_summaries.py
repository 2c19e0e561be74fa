"""COMPARISONS summed up for the report."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from loadgate.model import tables
from loadgate.model.expected import FigureKind, KeyFigure, Measure
from loadgate.model.period import Cadence
from loadgate.reporting.summaries import (
    AGE_BANDS,
    age_bands,
    control_deviations,
    control_summary,
    restatements_by_age,
    values_gone,
    with_usual_band,
)


def figure(cadence: Cadence = Cadence.WEEK) -> KeyFigure:
    return KeyFigure(
        id="cases",
        title={"en": "Cases"},
        kind=FigureKind.COUNT,
        family="all",
        dataset="d0",
        cadence=cadence,
        reference="week",
        numerator=Measure(count="rows"),
        unit="cases",
    )


def prior(starts: list[date], values: list[float | None], others: list[float | None]) -> pl.DataFrame:
    frame = pl.DataFrame({"reference_start": starts, "value": values, "other": others}).with_columns(
        kind=pl.lit("prior"), figure=pl.lit("cases"), provider=pl.lit("101")
    )
    return tables.conform(frame, tables.COMPARISONS)


def weeks(*ages: int) -> list[date]:
    newest = date(2025, 7, 21)
    return [newest - timedelta(weeks=age) for age in ages]


@pytest.mark.parametrize(
    ("age", "first"), [(0, 0), (1, 0), (2, 2), (4, 2), (5, 5), (12, 5), (13, 13), (52, 13), (53, 53), (400, 53)]
)
def test_a_week_falls_into_the_band_of_its_age(age: int, first: int) -> None:
    frame = prior(weeks(0, age), [1.0, 2.0], [1.0, 1.0])

    bands = {band.first: band for band in age_bands(restatements_by_age(frame, [figure()]))}

    assert bands[first].restated == 1
    assert sum(band.eligible for band in bands.values()) == 2


def test_ages_of_longer_cadences_are_counted_in_their_own_periods() -> None:
    frame = prior([date(2025, 1, 1), date(2023, 7, 1)], [1.0, 2.0], [1.0, 1.0])

    for cadence, first in ((Cadence.MONTH, 13), (Cadence.QUARTER, 5), (Cadence.YEAR, 1)):
        moved = [b.first for b in age_bands(restatements_by_age(frame, [figure(cadence)])) if b.restated]
        assert moved == [first]


def test_values_that_only_one_run_has_are_not_compared_but_those_gone_are_counted() -> None:
    frame = prior(weeks(0, 1, 2), [1.0, None, 3.0], [1.0, 2.0, None])

    bands = age_bands(restatements_by_age(frame, [figure()]))

    assert [(band.first, band.restated, band.eligible) for band in bands] == [(0, 0, 1)]
    assert values_gone(frame) == 1


def test_the_last_band_is_open_and_every_cadence_has_bands() -> None:
    frame = prior(weeks(0, 60), [1.0, 2.0], [1.0, 1.0])

    assert [(b.first, b.last) for b in age_bands(restatements_by_age(frame, [figure()]))] == [(0, 1), (53, None)]
    assert set(AGE_BANDS) == set(Cadence)


def earlier(*restated: int) -> list[pl.DataFrame]:
    now = restatements_by_age(prior(weeks(*([0] * 100)), [2.0] * 100, [1.0] * 100), [figure()])
    return [now.with_columns(pl.lit(each, dtype=pl.Int64).alias("restated")) for each in restated]


def test_the_usual_band_needs_eight_runs() -> None:
    now = earlier(10)[0]

    assert age_bands(with_usual_band(now, earlier(*[10] * 7)))[0].place == "unknown"
    assert age_bands(with_usual_band(now, earlier(*[10] * 8)))[0].place == "inside"
    assert age_bands(with_usual_band(now, []))[0].place == "unknown"


def test_the_usual_band_is_at_least_one_value_wide_and_a_step_outside_is_seen() -> None:
    history = earlier(*[10] * 8)

    places = {n: age_bands(with_usual_band(earlier(n)[0], history))[0].place for n in (8, 9, 10, 11, 12)}

    assert places == {8: "below", 9: "inside", 10: "inside", 11: "inside", 12: "above"}


def test_a_few_odd_runs_do_not_widen_the_usual_band() -> None:
    history = earlier(*[10] * 10, 90, 95)

    assert age_bands(with_usual_band(earlier(50)[0], history))[0].place == "above"


def control() -> pl.DataFrame:
    rows = [
        ("cases", "agree", 0.0),
        ("cases", "substantial", -0.2),
        ("cases", "substantial", 0.5),
        ("cases", "minimal", 0.03),
        ("rate", "not_applicable", None),
    ]
    frame = pl.DataFrame(rows, schema=["figure", "outcome", "difference_relative"], orient="row").with_columns(
        kind=pl.lit("control"), source=pl.lit("national")
    )
    return tables.conform(frame, tables.COMPARISONS)


def test_control_outcomes_are_counted_per_source_and_figure() -> None:
    counted = control_summary(control()).rows()

    assert counted == [("national", "cases", 4, 1, 1, 2, 0), ("national", "rate", 1, 0, 0, 0, 1)]


def test_deviations_from_control_start_with_the_most_substantial() -> None:
    assert control_deviations(control())["difference_relative"].to_list() == [0.5, -0.2, 0.03]
