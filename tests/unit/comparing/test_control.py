"""Control figures: sums over providers, both tolerances together, and what is not applicable."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from loadgate.comparing.control import compare_control
from loadgate.model.expected import KeyFigure, Tolerance
from loadgate.model.tables import COMPARISONS, CONTROLS, FIGURES, conform, schema

BOTH = frozenset(["101", "102"])
MAY = dt.date(2026, 5, 1)


def figure(name: str = "f", **keys: object) -> KeyFigure:
    facts: dict[str, object] = {
        "id": name,
        "title": {"en": name},
        "kind": "count",
        "family": "people",
        "dataset": "register",
        "cadence": "month",
        "reference": "month",
        "unit": "persons",
        "numerator": {"count": "rows"},
    }
    return KeyFigure.model_validate(facts | keys)


def measured(*rows: tuple[str, str | None, str | None, str | None], figure: str = "f") -> pl.DataFrame:
    """Rows of (provider, value, numerator, denominator) for May."""
    exact = pl.Decimal(38, 6)
    frame = pl.DataFrame(
        [(figure, p, MAY, None if v is None else float(v), n, d) for p, v, n, d in rows],
        schema={
            "figure": pl.String,
            "provider": pl.String,
            "reference_start": pl.Date,
            "value": pl.Float64,
            "numerator": pl.String,
            "denominator": pl.String,
        },
        orient="row",
    )
    return conform(frame.with_columns(pl.col("numerator").cast(exact), pl.col("denominator").cast(exact)), FIGURES)


def controls(*rows: dict[str, object]) -> pl.DataFrame:
    filled = [{"source": "office", "figure": "f", "provider": None, "reference_start": MAY} | row for row in rows]
    return conform(pl.DataFrame(filled, infer_schema_length=None), CONTROLS)


def tolerance(
    minimal: tuple[float, float] = (2, 0.01), substantial: tuple[float, float] = (5, 0.05), **keys: object
) -> Tolerance:
    limits = [{"absolute": a, "relative": r} for a, r in (minimal, substantial)]
    return Tolerance.model_validate({"minimal": limits[0], "substantial": limits[1], "reason": "agreed"} | keys)


def compare(figures: pl.DataFrame, given: pl.DataFrame, **keys: object) -> pl.DataFrame:
    facts: dict[str, object] = {
        "key_figures": [figure()],
        "tolerances": [tolerance()],
        "expected": {"f": BOTH},
        "delivered": {"f": BOTH},
        "areas": {"register": "citizens"},
    }
    return compare_control(figures, given, **(facts | keys))  # type: ignore[arg-type]


def one(compared: pl.DataFrame) -> tuple[object, ...]:
    assert compared.schema == pl.Schema(schema(COMPARISONS))
    return compared.select("value", "other", "difference", "outcome").row(0)


def test_a_control_without_a_provider_meets_the_exact_sum_over_all() -> None:
    figures = measured(("101", "0.1", "0.1", None), ("102", "0.2", "0.2", None))

    compared = compare(figures, controls({"value": Decimal("0.3")}))

    assert one(compared) == (0.3, 0.3, 0.0, "agree")
    assert compared["numerator"].to_list() == [Decimal("0.3")]


@pytest.mark.parametrize(
    ("value", "control", "outcome"),
    [
        ("98", "100", "agree"),  # 2 of 100: within the absolute limit
        ("97", "100", "minimal"),  # beyond both minimal limits
        ("995", "1000", "agree"),  # 5 of 1000: within the relative limit
        ("989", "1000", "minimal"),
        ("95", "100", "minimal"),  # 5 and 5 %: at the substantial limits, not beyond
        ("94", "100", "substantial"),
        ("3", "4", "agree"),  # one of four is 25 %, and one
        ("106", "100", "substantial"),  # either sign
        ("2", "0", "agree"),  # no relative difference to zero: the absolute limit decides
        ("6", "0", "substantial"),
    ],
)
def test_a_deviation_counts_only_beyond_the_absolute_and_the_relative_limit(
    value: str, control: str, outcome: str
) -> None:
    compared = compare(
        measured(("101", value, value, None), ("102", "0", "0", None)),
        controls({"provider": "101", "value": Decimal(control)}),
    )

    assert compared["outcome"].to_list() == [outcome]


def test_the_difference_is_control_minus_value_over_the_control() -> None:
    compared = compare(measured(("101", "92", "92", None)), controls({"provider": "101", "value": Decimal(80)}))

    assert compared.select("difference", "difference_relative").row(0) == (-12.0, -0.15)


def test_a_sum_with_a_missing_provider_is_not_applicable() -> None:
    compared = compare(
        measured(("101", "5", "5", None)), controls({"value": Decimal(5)}), delivered={"f": frozenset(["101"])}
    )

    assert one(compared) == (None, 5.0, None, "not_applicable")


def test_a_missing_provider_has_no_zero_but_one_that_came_without_rows_has() -> None:
    given = controls({"provider": "102", "value": Decimal(9)})
    figures = measured(("101", "5", "5", None))

    missing = compare(figures, given, delivered={"f": frozenset(["101"])})
    came = compare(figures, given)

    assert one(missing) == (None, 9.0, None, "not_applicable")
    assert one(came) == (0.0, 9.0, 9.0, "substantial")


def test_a_reference_period_that_was_not_measured_has_no_zero() -> None:
    june = dt.date(2026, 6, 1)

    compared = compare(measured(("101", "5", "5", None)), controls({"value": Decimal(9), "reference_start": june}))

    assert one(compared) == (None, 9.0, None, "not_applicable")


def test_rates_meet_the_sum_of_numerators_over_the_sum_of_denominators() -> None:
    rate = figure(kind="rate", denominator={"count": "rows"}, scale=100)
    figures = measured(("101", "50", "1", "2"), ("102", "10", "1", "10"))

    compared = compare(figures, controls({"value": Decimal("16.666667")}), key_figures=[rate])

    assert one(compared) == (pytest.approx(100 / 6), 16.666667, pytest.approx(0, abs=1e-6), "agree")


def test_published_values_have_no_sum_but_meet_their_own_control() -> None:
    published = figure(kind="published", published="rate")
    figures = measured(("101", "1.5", None, None), ("102", "2.5", None, None))

    compared = compare(
        figures,
        controls({"value": Decimal(4)}, {"provider": "101", "value": Decimal("1.5")}),
        key_figures=[published],
    )

    assert compared["outcome"].to_list() == ["not_applicable", "agree"]


def test_a_value_reported_beside_the_control_is_used_without_a_vintage() -> None:
    compared = compare(measured(), controls({"value": Decimal(95), "reported": Decimal(86)}), delivered={})

    assert one(compared) == (86.0, 95.0, 9.0, "substantial")


def test_controls_of_another_run_period_stay_out() -> None:
    given = controls(
        {"value": Decimal(5), "period": "2026-05"},
        {"value": Decimal(6), "period": "2026-06", "cell": "x"},
        {"value": Decimal(7), "period": None, "cell": "y"},
    )

    compared = compare(measured(("101", "5", "5", None)), given, period="2026-05")

    assert compared["other"].to_list() == [5.0, 7.0]


def test_the_first_tolerance_that_fits_counts_and_without_one_every_difference_is_substantial() -> None:
    figures = measured(("101", "90", "90", None), ("102", "90", "90", None))
    given = controls({"provider": "101", "value": Decimal(100)}, {"provider": "102", "value": Decimal(100)})
    wide = tolerance((50, 0.5), (90, 0.9), scope="provider=101")
    elsewhere = tolerance((50, 0.5), (90, 0.9), source="another")

    compared = compare(figures, given, tolerances=[elsewhere, wide])

    assert compared["outcome"].to_list() == ["agree", "substantial"]


@pytest.mark.parametrize(
    ("scope", "outcome"),
    [
        ("area=citizens", "agree"),
        ("dataset=register", "agree"),
        ("family=people", "agree"),
        ("area=citizens; provider=101", "agree"),
        ("area=school", "substantial"),
    ],
)
def test_a_tolerance_of_an_area_a_dataset_or_a_family_fits_its_figures(scope: str, outcome: str) -> None:
    wide = tolerance((50, 0.5), (60, 0.6), scope=scope)

    compared = compare(
        measured(("101", "90", "90", None)),
        controls({"provider": "101", "value": Decimal(100)}),
        tolerances=[wide, tolerance()],
    )

    assert one(compared)[-1] == outcome
