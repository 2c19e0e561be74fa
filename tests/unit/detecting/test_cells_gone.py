"""Cells that are gone: a window that moves on is none, also where one provider sent last month's file again."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from loadgate.detecting.signatures import cells_gone
from loadgate.model.comparison import Status
from loadgate.model.expected import KeyFigure
from loadgate.model.period import Cadence
from loadgate.model.tables import COMPARISONS, conform

FIGURE = KeyFigure.model_validate(
    {
        "id": "counted",
        "title": {"en": "counted"},
        "kind": "count",
        "family": "people",
        "dataset": "register",
        "cadence": "month",
        "reference": "month",
        "unit": "persons",
        "numerator": {"count": "rows"},
    }
)
PROVIDERS = [str(100 + number) for number in range(20)]
OLD, KEPT, NEW = dt.date(2026, 8, 1), dt.date(2026, 9, 1), dt.date(2026, 10, 1)


def compared(rows: list[tuple[str, dt.date, Status]]) -> pl.DataFrame:
    gone = {Status.GONE, Status.DROPPED}
    return conform(
        pl.DataFrame(
            [
                {
                    "kind": "prior",
                    "figure": "counted",
                    "provider": provider,
                    "reference_start": start,
                    "status": status.value,
                    "value": None if status in gone else 10.0,
                    "other": None if status is Status.NEW else 10.0,
                }
                for provider, start, status in rows
            ]
        ),
        COMPARISONS,
    )


def gone(rows: list[tuple[str, dt.date, Status]]) -> list[tuple[str, dt.date]]:
    held = cells_gone.held(compared(rows), [FIGURE])
    return sorted(held.filter(pl.col("gone")).select("provider", "reference_start").rows())


def moved_on(*, stale: tuple[str, ...] = (), longer: tuple[str, ...] = ()) -> list[tuple[str, dt.date, Status]]:
    """A window of two months that moved on by one.

    `stale` providers sent last month's file again, `longer` ones the newest month and the oldest.
    """
    rows: list[tuple[str, dt.date, Status]] = []
    for provider in PROVIDERS:
        still, left = provider in (*stale, *longer), Status.GONE if stale or longer else Status.DROPPED
        rows.append((provider, OLD, Status.SAME if still else left))
        rows.append((provider, KEPT, Status.SAME))
        rows += [] if provider in stale else [(provider, NEW, Status.NEW)]
    return rows


def test_the_oldest_month_leaves_a_window_that_moves_on() -> None:
    assert gone(moved_on()) == []


@pytest.mark.parametrize("stale", [1, 5, 12])
def test_old_files_of_some_providers_do_not_make_the_others_months_gone(stale: int) -> None:
    assert gone(moved_on(stale=tuple(PROVIDERS[:stale]))) == []


def test_a_month_that_a_quarter_of_the_providers_still_hold_is_gone_at_the_others() -> None:
    still = tuple(PROVIDERS[:5])

    assert gone(moved_on(longer=still)) == [(provider, OLD) for provider in PROVIDERS[5:]]


def test_a_month_inside_the_window_is_gone() -> None:
    rows = [row for row in moved_on() if row[1] != KEPT] + [(one, KEPT, Status.GONE) for one in PROVIDERS[1:]]
    rows += [(one, OLD, Status.SAME) for one in PROVIDERS]
    rows = [row for row in rows if (row[1], row[2]) != (OLD, Status.DROPPED)] + [("100", KEPT, Status.SAME)]

    assert gone(rows) == [(provider, KEPT) for provider in PROVIDERS[1:]]


def test_what_a_provider_had_that_ended_months_ago_makes_no_month_gone_at_the_others() -> None:
    months = [dt.date(2026, month, 1) for month in (6, 7)]
    ended = compared([("200", start, Status.GONE) for start in months]).with_columns(source=pl.lit("2026-07"))
    others = compared(moved_on()).with_columns(
        source=pl.when(pl.col("status") != Status.NEW.value).then(pl.lit("2026-09"))
    )

    held = cells_gone.held(pl.concat([others, ended]), [FIGURE])

    assert held.filter(pl.col("gone")).is_empty()


def test_what_all_of_one_vintage_lost_is_gone_though_another_vintage_is_compared_with_too() -> None:
    months = [dt.date(2026, month, 1) for month in (5, 6, 7)]
    lost = compared([(one, start, Status.GONE) for one in PROVIDERS for start in months])
    kept = compared([(one, OLD, Status.SAME) for one in PROVIDERS] + [(one, NEW, Status.NEW) for one in PROVIDERS])
    every = pl.concat([lost, kept]).with_columns(
        source=pl.when(pl.col("status") != Status.NEW.value).then(
            pl.when(pl.col("provider") == "100").then(pl.lit("2026-08")).otherwise(pl.lit("2026-09"))
        )
    )

    held = cells_gone.held(every, [FIGURE])

    assert held.filter(pl.col("gone")).height == 3 * len(PROVIDERS)


RATE = KeyFigure.model_validate(
    {
        "id": "rate",
        "title": {"en": "rate"},
        "kind": "rate",
        "family": "people",
        "dataset": "services",
        "cadence": "quarter",
        "reference": "quarter",
        "unit": "services per person",
        "numerator": {"figure": "services"},
        "denominator": {"figure": "counted"},
    }
)
SERVICES = RATE.model_copy(update={"id": "services", "denominator": None, "numerator": FIGURE.numerator})
QUARTERS = [dt.date(2026, month, 1) for month in (1, 4, 7)]


def of_figure(figure: str, rows: list[tuple[str, dt.date, Status]]) -> pl.DataFrame:
    return compared(rows).with_columns(figure=pl.lit(figure))


def months() -> pl.DataFrame:
    """Persons by month: January left the window, August came."""
    rows = [(one, dt.date(2026, month, 1), Status.SAME) for one in PROVIDERS for month in range(2, 8)]
    rows += [(one, QUARTERS[0], Status.DROPPED) for one in PROVIDERS]
    return of_figure("counted", rows + [(one, dt.date(2026, 8, 1), Status.NEW) for one in PROVIDERS])


def quarters(figure: str, lost: dict[dt.date, tuple[str, ...]]) -> pl.DataFrame:
    """Values by quarter, none of them new; `lost` says which quarters are gone at whom."""
    return of_figure(
        figure,
        [
            (one, start, Status.DROPPED if one in lost.get(start, ()) else Status.SAME)
            for one in PROVIDERS
            for start in QUARTERS
        ],
    )


def gone_of(*frames: pl.DataFrame) -> list[tuple[str, str, dt.date]]:
    held = cells_gone.held(pl.concat(frames), [FIGURE, SERVICES, RATE])
    return sorted(held.filter(pl.col("gone")).select("figure", "provider", "reference_start").rows())


ALL = tuple(PROVIDERS)


def test_a_quarter_whose_denominator_left_its_window_of_months_is_not_gone() -> None:
    assert gone_of(months(), quarters("services", {}), quarters("rate", {QUARTERS[0]: ALL})) == []


def test_a_quarter_of_one_provider_that_its_services_lost_is_gone_though_its_denominator_left() -> None:
    lost = {QUARTERS[0]: ("100",)}

    found = gone_of(months(), quarters("services", lost), quarters("rate", {QUARTERS[0]: ALL}))

    assert found == [("services", "100", QUARTERS[0])]


def test_a_whole_quarter_inside_the_window_of_its_denominator_is_gone() -> None:
    lost = {QUARTERS[0]: ALL, QUARTERS[1]: ALL}

    found = gone_of(months(), quarters("services", {}), quarters("rate", lost))

    assert found == [("rate", one, QUARTERS[1]) for one in PROVIDERS]


def test_a_quarter_without_the_denominator_that_one_provider_lost_is_gone() -> None:
    lost = ("100",)
    inside = months().with_columns(
        status=pl.when((pl.col("provider") == "100") & (pl.col("reference_start") == QUARTERS[1]))
        .then(pl.lit(Status.GONE.value))
        .otherwise("status")
    )
    inside = inside.with_columns(value=pl.when(pl.col("status") == Status.GONE.value).then(None).otherwise("value"))

    found = gone_of(inside, quarters("services", {}), quarters("rate", {QUARTERS[0]: ALL, QUARTERS[1]: lost}))

    assert found == [("counted", "100", QUARTERS[1]), ("rate", "100", QUARTERS[1])]


def test_months_of_a_rate_end_with_the_year_that_its_denominator_is_of() -> None:
    yearly = FIGURE.model_copy(update={"id": "counted", "cadence": Cadence.YEAR})
    monthly = RATE.model_copy(update={"cadence": Cadence.MONTH})
    years = [
        (dt.date(2025, 1, 1), Status.DROPPED),
        (dt.date(2026, 1, 1), Status.SAME),
        (dt.date(2027, 1, 1), Status.NEW),
    ]
    counted = of_figure("counted", [(one, start, status) for one in PROVIDERS for start, status in years])
    rates = of_figure(
        "rate",
        [(one, dt.date(2025, 11, 1), Status.DROPPED) for one in PROVIDERS]
        + [(one, dt.date(2026, 2, 1), Status.SAME) for one in PROVIDERS],
    )

    held = cells_gone.held(pl.concat([counted, rates]), [yearly, SERVICES, monthly])

    assert held.filter(pl.col("gone")).is_empty()
