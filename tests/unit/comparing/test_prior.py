"""The prior vintage: every status, and what counts as restated."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl

from loadgate.comparing.prior import compare_prior
from loadgate.model.tables import COMPARISONS, FIGURES, conform, schema


def week(number: int) -> dt.date:
    return dt.date.fromisocalendar(2026, number, 1)


def vintage(*rows: tuple[str, str, int, float, int | None]) -> pl.DataFrame:
    """Rows of (figure, provider, week, value, numerator)."""
    frame = pl.DataFrame(
        [(f, p, week(w), v, None if n is None else Decimal(n)) for f, p, w, v, n in rows],
        schema={
            "figure": pl.String,
            "provider": pl.String,
            "reference_start": pl.Date,
            "value": pl.Float64,
            "numerator": pl.Decimal(38, 6),
        },
        orient="row",
    )
    return conform(frame, FIGURES)


def baseline(*rows: tuple[str, str, int, float, int | None], run: str = "2026-01") -> pl.DataFrame:
    return vintage(*rows).with_columns(pl.lit(run).alias("vintage"))


def statuses(compared: pl.DataFrame) -> dict[tuple[str, int], str]:
    return {
        (row["provider"], row["reference_start"].isocalendar().week): row["status"]
        for row in compared.iter_rows(named=True)
    }


def test_every_key_of_either_side_gets_one_status() -> None:
    before = baseline(
        ("f", "101", 1, 10, 10), ("f", "101", 2, 20, 20), ("f", "101", 3, 30, 30), ("f", "102", 1, 5, 5),
        ("f", "101", 0 + 4, 4, 4), ("f", "103", 2, 9, 9),
    )  # fmt: skip
    now = vintage(
        ("f", "101", 1, 10, 10), ("f", "101", 2, 21, 21), ("f", "102", 2, 7, 7), ("f", "102", 3, 7, 7),
        ("f", "101", 5, 50, 50),
    )  # fmt: skip

    compared = compare_prior(now, before)

    assert compared.schema == pl.Schema(schema(COMPARISONS))
    assert statuses(compared) == {
        ("101", 1): "same",
        ("101", 2): "restated",
        ("101", 3): "gone",
        ("101", 4): "dropped",
        ("101", 5): "new",
        ("102", 1): "gone",
        ("102", 2): "appeared",
        ("102", 3): "appeared",
        ("103", 2): "absent",
    }


def test_differences_are_ours_minus_the_prior_and_relative_to_its_size() -> None:
    compared = compare_prior(vintage(("f", "101", 1, -9, None)), baseline(("f", "101", 1, -10, None)))

    assert compared.select("difference", "difference_relative", "source").row(0) == (1.0, 0.1, "2026-01")


def test_no_relative_difference_to_zero() -> None:
    compared = compare_prior(vintage(("f", "101", 1, 9, 9)), baseline(("f", "101", 1, 0, 0)))

    assert compared["difference_relative"].to_list() == [None]


def test_a_published_value_that_stands_is_not_restated_though_its_numerator_moved() -> None:
    compared = compare_prior(vintage(("f", "101", 1, 1.5, 9)), baseline(("f", "101", 1, 1.5, 8)))

    assert compared.select("status", "numerator", "other_numerator").row(0) == ("same", Decimal(9), Decimal(8))


def test_a_value_that_moved_is_restated_though_its_numerator_stands() -> None:
    compared = compare_prior(vintage(("f", "101", 1, 1.6, 9)), baseline(("f", "101", 1, 1.5, 9)))

    assert compared["status"].to_list() == ["restated"]


def test_a_difference_in_the_tenth_digit_is_none() -> None:
    compared = compare_prior(
        vintage(("f", "101", 1, 1.00000000001, 9), ("f", "101", 2, 1.00000001, 9)),
        baseline(("f", "101", 1, 1.0, 9), ("f", "101", 2, 1.0, 9)),
    )

    assert compared["status"].to_list() == ["same", "restated"]


def test_each_part_keeps_the_vintage_it_is_compared_with() -> None:
    before = pl.concat([baseline(("f", "101", 1, 1, 1)), baseline(("f", "102", 1, 1, 1), run="2025-12")])

    compared = compare_prior(vintage(("f", "101", 1, 1, 1), ("f", "102", 1, 1, 1)), before)

    assert compared["source"].to_list() == ["2026-01", "2025-12"]
