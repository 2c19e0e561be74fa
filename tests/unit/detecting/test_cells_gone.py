"""Cells that are gone: a window that moves on is none, also where one provider sent last month's file again."""

from __future__ import annotations

import datetime as dt

import polars as pl

from loadgate.detecting.signatures import cells_gone
from loadgate.model.comparison import Status
from loadgate.model.expected import KeyFigure
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


def moved_on(*, stale: tuple[str, ...] = ()) -> list[tuple[str, dt.date, Status]]:
    """A window of two months that moved on by one; `stale` providers sent last month's file again."""
    rows: list[tuple[str, dt.date, Status]] = []
    for provider in PROVIDERS:
        again = provider in stale
        rows.append((provider, OLD, Status.SAME if again else Status.GONE if stale else Status.DROPPED))
        rows.append((provider, KEPT, Status.SAME))
        rows += [] if again else [(provider, NEW, Status.NEW)]
    return rows


def test_the_oldest_month_leaves_a_window_that_moves_on() -> None:
    assert gone(moved_on()) == []


def test_an_old_file_of_one_provider_does_not_make_the_others_months_gone() -> None:
    assert gone(moved_on(stale=("100",))) == []


def test_a_month_that_a_quarter_of_the_providers_still_hold_is_gone_at_the_others() -> None:
    still = tuple(PROVIDERS[:5])

    assert gone(moved_on(stale=still)) == [(provider, OLD) for provider in PROVIDERS[5:]]


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
