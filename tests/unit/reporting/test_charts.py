"""Charts as numbers."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from loadgate.model.findings import GroupEvidence
from loadgate.reporting.charts import MOST_ROWS, age_chart, effect_chart
from loadgate.reporting.language import LANGUAGES, Language
from loadgate.reporting.summaries import AgeBand, age_bands


def group(views: ModuleType, **changes: object) -> GroupEvidence:
    evidence = views.shared_restatement(views.names()).evidence
    assert isinstance(evidence, GroupEvidence)
    return replace(evidence, **changes)  # type: ignore[arg-type]


def test_the_title_says_the_finding_and_the_description_gives_the_range(views: ModuleType) -> None:
    chart = effect_chart("c", evidence=group(views), figure="rate", names=views.names())

    assert chart is not None
    assert chart.title == "Rate: all 16 municipalities moved, up and down"
    assert "from −1.0 % to +2.3 %" in chart.description
    assert len(chart.rows) == 16
    assert all(0 <= row.low <= dot <= row.high <= 100 for row in chart.rows for dot in row.dots)


def test_zero_is_on_the_axis_and_ticks_are_round(views: ModuleType) -> None:
    chart = effect_chart("c", evidence=group(views), figure="rate", names=views.names())

    assert chart is not None
    assert [label for _, label in chart.ticks] == ["−1", "0", "+1", "+2"]
    assert chart.zero in [place for place, _ in chart.ticks]


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.0), (0.003, 0.003), (-0.5, -0.4), (0.0, 1e-9), (-3.0, 12.0)])
def test_any_range_has_an_axis(low: float, high: float, views: ModuleType) -> None:
    members = tuple(
        replace(member, effect_min=low, effect_median=low, effect_max=high) for member in group(views).members
    )

    chart = effect_chart("c", evidence=group(views, members=members), figure="rate", names=views.names())

    assert chart is not None
    assert len(chart.ticks) >= 2
    labels = [label for _, label in chart.ticks]
    assert len(set(labels)) == len(labels)


def test_one_provider_alone_needs_no_chart(views: ModuleType) -> None:
    alone = tuple(member for member in group(views).members if member.provider == "101")

    assert effect_chart("c", evidence=group(views, members=alone), figure="rate", names=views.names()) is None
    assert effect_chart("c", evidence=group(views, members=()), figure="rate", names=views.names()) is None


def test_a_long_chart_says_what_it_leaves_out(views: ModuleType) -> None:
    names = views.names(providers=98)
    evidence = views.shared_restatement(names).evidence

    chart = effect_chart("c", evidence=evidence, figure="rate", names=names)

    assert chart is not None
    assert len(chart.rows) == MOST_ROWS
    assert chart.note == "The 24 with the widest range of 98 municipalities; all of them are in the table."


@pytest.mark.parametrize("language", LANGUAGES)
def test_ages_outside_the_usual_band_are_in_the_title(language: Language, views: ModuleType) -> None:
    bands = [band for band in age_bands(views.restatements(odd=True)) if band.figure == "rate"]

    chart = age_chart("a", bands=bands, figure="rate", names=views.names(language))

    ages = {"en": "at 5–12 weeks, 13–52 weeks and over 52 weeks", "da": "ved 5–12 uger, 13–52 uger og over 52 uger"}
    assert chart.title.endswith(ages[language])
    assert [row.odd for row in chart.rows] == [False, False, True, True, True]


@pytest.mark.parametrize(("restated", "place"), [(9, "below"), (10, "inside"), (20, "inside"), (21, "above")])
def test_the_limits_of_the_usual_band_belong_to_it(restated: int, place: str) -> None:
    band = AgeBand(figure="f", unit="week", first=0, last=1, restated=restated, eligible=100, low=0.1, high=0.2)

    assert band.place == place


def test_without_history_the_chart_claims_nothing(views: ModuleType) -> None:
    band = AgeBand(figure="f", unit="week", first=0, last=0, restated=3, eligible=10, low=None, high=None)

    chart = age_chart("a", bands=[band], figure="f", names=views.names())

    assert chart.title == "F: share restated, by age"
    assert chart.rows[0].band is None
