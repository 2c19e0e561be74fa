"""Measuring: what enters a figure, what does not, and that neither order nor splitting changes one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadgate.errors import CouldNotRun
from loadgate.measuring.figures import Measured, TypedDelivery, measure
from loadgate.model.expected import KeyFigure
from loadgate.model.kinds import Kind
from loadgate.model.scope import Scope
from loadgate.model.tables import FIGURE_KEY, FIGURES, LINEAGE, schema

JANUARY = dt.date(2026, 1, 1)


def figure(name: str, **keys: object) -> KeyFigure:
    facts: dict[str, object] = {
        "id": name,
        "title": {"en": name},
        "kind": "count",
        "family": "people",
        "dataset": "register",
        "cadence": "month",
        "reference": "month",
        "unit": "persons",
    }
    return KeyFigure.model_validate(facts | keys)


def rows(*given: tuple[object, ...]) -> pl.DataFrame:
    """Rows of (provider, month, band, number, amount, person, rate)."""
    return pl.DataFrame(
        [(line, *row) for line, row in enumerate(given, start=2)],
        schema={
            "_line": pl.UInt32,
            "org": pl.String,
            "month": pl.Date,
            "band": pl.String,
            "number": pl.Int64,
            "amount": pl.Decimal(38, 2),
            "person": pl.String,
            "rate": pl.Decimal(38, 2),
        },
        orient="row",
    )


def deliver(folder: Path, frame: pl.DataFrame, *, name: str = "d1", dataset: str = "register") -> TypedDelivery:
    path = folder / f"{name}.parquet"
    frame.write_parquet(path)
    return TypedDelivery(
        delivery=name,
        area="people",
        dataset=dataset,
        providers=("101", "102"),
        provider_column="org",
        path=path,
        scope=Scope.of(area="people", dataset=dataset, system="oak", delivery=name, provider=["101", "102"]),
    )


def into(folder: Path) -> Path:
    made = folder / "into"
    made.mkdir(exist_ok=True)
    return made


def read(measured: Measured, name: str | None = None) -> list[tuple[object, ...]]:
    frame = pl.read_parquet(measured.figures)
    if name is not None:
        frame = frame.filter(pl.col("figure") == name)
    return frame.select("cell", "provider", "value", "numerator", "denominator").rows()


def row(provider: str | None = "101", **given: object) -> tuple[object, ...]:
    facts: dict[str, object] = {
        "month": JANUARY,
        "band": "young",
        "number": 1,
        "amount": Decimal("1.00"),
        "person": "p",
        "rate": Decimal("1.50"),
    }
    return (provider, *(facts | given).values())


def test_a_sum_stays_exact_until_the_last_division(tmp_path: Path) -> None:
    tenth = Decimal("0.10")
    delivery = deliver(tmp_path, rows(*(row(amount=tenth) for _ in range(30))))
    spending = figure("spending", kind="amount", numerator={"sum": "amount"})

    measured = measure([delivery], [spending], into=into(tmp_path))

    assert read(measured) == [(None, "101", 3.0, Decimal(3), None)]


def test_tables_have_the_schemas_of_the_model_and_figures_are_sorted_by_their_key(tmp_path: Path) -> None:
    delivery = deliver(tmp_path, rows(row("102"), row("101"), row("101", band="old")))
    banded = figure("b", numerator={"count": "rows"}, cells={"column": "band", "values": ["young", "old"]})
    plain = figure("a", numerator={"sum": "number"})

    measured = measure([delivery], [banded, plain], into=into(tmp_path))

    figures = pl.read_parquet(measured.figures)
    assert figures.schema == pl.Schema(schema(FIGURES))
    assert pl.read_parquet(measured.lineage).schema == pl.Schema(schema(LINEAGE))
    assert figures.equals(figures.sort(FIGURE_KEY))
    assert figures["part"].to_list() == ["people/101", "people/102", "people/101", "people/101", "people/102"]
    assert figures["suppressed"].to_list() == [False] * 5


def test_distinct_counts_a_person_once_over_all_deliveries(tmp_path: Path) -> None:
    first = deliver(tmp_path, rows(row(person="p"), row(person="q")), name="d1")
    second = deliver(tmp_path, rows(row(person="q"), row(person=None)), name="d2")
    persons = figure("persons", kind="persons", numerator={"distinct": "person"})

    measured = measure([first, second], [persons], into=into(tmp_path))

    assert read(measured) == [(None, "101", 2.0, Decimal(2), None)]


def test_conditions_choose_rows_and_an_unknown_condition_leaves_a_row_out(tmp_path: Path) -> None:
    delivery = deliver(tmp_path, rows(row(number=5), row(number=7, band="old"), row(number=None), row(number=9)))
    chosen = figure(
        "chosen",
        numerator={"sum": "number", "where": {"column": "number", "is": "less", "value": 9}},
        where={"column": "band", "is": "equal", "value": "young"},
    )

    measured = measure([delivery], [chosen], into=into(tmp_path))

    assert read(measured) == [(None, "101", 5.0, Decimal(5), None)]


def test_a_zero_denominator_gives_no_row_and_an_absent_numerator_gives_zero(tmp_path: Path) -> None:
    delivery = deliver(
        tmp_path,
        rows(row("101", number=0), row("102", number=4, band="old"), row("102", number=4, amount=Decimal("-1.00"))),
    )
    rate = figure(
        "rate",
        kind="rate",
        scale=1000,
        cells={"column": "band", "values": ["young", "old"]},
        numerator={"count": "rows", "where": {"column": "amount", "is": "less", "value": 0}},
        denominator={"sum": "number"},
    )

    measured = measure([delivery], [rate], into=into(tmp_path))

    assert read(measured) == [
        ("old", "102", 0.0, Decimal(0), Decimal(4)),
        ("young", "102", 250.0, Decimal(1), Decimal(4)),
    ]


def test_a_figure_can_stand_over_another_figures_numerator_of_a_coarser_period(tmp_path: Path) -> None:
    people = rows(row("101", number=200), row("102", number=50)).with_columns(month=dt.date(2026, 1, 1))
    events = rows(row("101", month=dt.date(2026, 3, 1)), row("101", month=dt.date(2026, 4, 1)))
    population = figure("population", numerator={"sum": "number"}, dataset="people", cadence="year")
    per_head = figure(
        "per_head", kind="rate", numerator={"count": "rows"}, denominator={"figure": "population"}, scale=100
    )
    deliveries = [deliver(tmp_path, people, dataset="people", name="d2"), deliver(tmp_path, events)]

    measured = measure(deliveries, [per_head, population], into=into(tmp_path))

    assert read(measured, "per_head") == [(None, "101", 0.5, Decimal(1), Decimal(200))] * 2
    lineage = pl.read_parquet(measured.lineage).filter(pl.col("figure") == "per_head")
    assert lineage.rows() == [("per_head", "101", "d1", 2), ("per_head", "101", "d2", 1)]


def test_a_borrowed_denominator_of_the_same_period_shows_zero_only_for_who_delivered(tmp_path: Path) -> None:
    february = dt.date(2026, 2, 1)
    people = rows(row("101", number=20), row("101", number=20, month=february), row("102", number=50))
    events = rows(row("101"))
    population = figure("population", numerator={"sum": "number"}, dataset="people")
    per_head = figure("per_head", kind="rate", numerator={"count": "rows"}, denominator={"figure": "population"})
    deliveries = [deliver(tmp_path, people, dataset="people", name="d2"), deliver(tmp_path, events)]

    measured = measure(deliveries, [per_head, population], into=into(tmp_path))

    assert read(measured, "per_head") == [
        (None, "101", 0.05, Decimal(1), Decimal(20)),
        (None, "101", 0.0, Decimal(0), Decimal(20)),
    ]


def test_a_published_value_is_taken_as_given_beside_its_numerator(tmp_path: Path) -> None:
    delivery = deliver(tmp_path, rows(row(rate=Decimal("1.35"), number=7), row(rate=None, month=dt.date(2026, 2, 1))))
    rate = figure("rate", kind="published", published="rate", numerator={"sum": "number"}, decimals=2)

    measured = measure([delivery], [rate], into=into(tmp_path))

    assert read(measured) == [(None, "101", 1.35, Decimal(7), None)]


def test_a_published_value_given_twice_for_one_key_is_not_measurable_there(tmp_path: Path) -> None:
    delivery = deliver(tmp_path, rows(row(), row(), row("102")))
    rate = figure("rate", kind="published", published="rate", numerator={"sum": "number"}, decimals=2)

    measured = measure([delivery], [rate], into=into(tmp_path))

    assert [line[1] for line in read(measured)] == ["102"]
    (finding,) = measured.findings
    assert finding.kind is Kind.REPEATED_VALUE
    assert finding.check == "register:one_value(rate)"
    assert finding.scope.provider == frozenset(["101"])
    assert (finding.evidence.rows_checked, finding.evidence.rows_failed) == (2, 2)  # type: ignore[union-attr]


def test_rows_that_no_figure_can_place_are_counted_and_their_values_never_told(tmp_path: Path) -> None:
    secret = "0101701234"
    delivery = deliver(
        tmp_path, rows(row(), row(band=secret), row(band=None), row(provider=secret), row(month=None), row())
    )
    banded = figure("b", numerator={"count": "rows"}, cells={"column": "band", "values": ["young", "old"]})

    measured = measure([delivery], [banded], into=into(tmp_path))

    assert read(measured) == [("young", "101", 2.0, Decimal(2), None)]
    told = {
        f.detail["problem"]: (f.check, f.evidence.rows_checked, f.evidence.rows_failed, f.evidence.lines)  # type: ignore[union-attr]
        for f in measured.findings
    }
    assert told == {
        "cell": ("register:listed(band)", 6, 2, (3, 4)),
        "provider": ("register:listed(org)", 6, 1, (5,)),
        "reference": ("register:listed(month)", 6, 1, (6,)),
    }
    for found in measured.findings:  # who sent it stands in it: several deliveries of one system are one case
        assert found.scope == replace(delivery.scope, figure=frozenset({"b"}))
    assert secret not in repr(measured.findings)
    assert secret.encode() not in measured.figures.read_bytes() + measured.lineage.read_bytes()


def test_rows_that_the_condition_leaves_out_need_no_listed_cell(tmp_path: Path) -> None:
    delivery = deliver(tmp_path, rows(row(), row(band="unknown")))
    banded = figure(
        "b",
        numerator={"count": "rows"},
        cells={"column": "band", "values": ["young", "old"]},
        where={"column": "band", "not_among": ["unknown"]},
    )

    measured = measure([delivery], [banded], into=into(tmp_path))

    assert measured.findings == ()


def test_one_provider_without_a_column_owns_all_rows(tmp_path: Path) -> None:
    delivery = deliver(tmp_path, rows(row("whoever")))
    alone = TypedDelivery(
        delivery="d1",
        area="people",
        dataset="register",
        providers=("101",),
        provider_column=None,
        path=delivery.path,
        scope=delivery.scope,
    )

    measured = measure([alone], [figure("f", numerator={"count": "rows"})], into=into(tmp_path))

    assert read(measured) == [(None, "101", 1.0, Decimal(1), None)]


def test_a_typed_file_without_the_named_column_could_not_run_and_no_value_is_told(tmp_path: Path) -> None:
    delivery = deliver(tmp_path, rows(row()).drop("number"))

    with pytest.raises(CouldNotRun) as raised:
        measure([delivery], [figure("f", numerator={"sum": "number"})], into=into(tmp_path))

    assert raised.value.message == "dataset register: its figures could not be measured"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_nothing_delivered_gives_empty_tables(tmp_path: Path) -> None:
    measured = measure([], [figure("f", numerator={"sum": "number"})], into=into(tmp_path))

    assert pl.read_parquet(measured.figures).is_empty()
    assert measured.findings == ()


amounts = st.tuples(
    st.sampled_from(["101", "102"]),
    st.integers(-(10**12), 10**12),
    st.decimals(-(10**9), 10**9, places=2),
    st.sampled_from(["p", "q", "r", None]),
    st.sampled_from(["young", "old"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_rows=st.lists(amounts, min_size=1, max_size=20), cut=st.integers(0, 20), order=st.randoms())
def test_neither_row_order_nor_splitting_changes_a_figure(
    tmp_path: Path, given_rows: list[tuple[object, ...]], cut: int, order: object
) -> None:
    made = [row(p, number=n, amount=a, person=who, band=band) for p, n, a, who, band in given_rows]  # type: ignore[arg-type]
    figures = [
        figure("n", numerator={"sum": "number"}, cells={"column": "band", "values": ["young", "old"]}),
        figure("m", kind="ratio", numerator={"sum": "amount"}, denominator={"sum": "number"}),
        figure("p", kind="persons", numerator={"distinct": "person"}),
    ]
    whole = measure([deliver(tmp_path, rows(*made))], figures, into=into(tmp_path))
    expected = pl.read_parquet(whole.figures)
    shuffled = made[:]
    order.shuffle(shuffled)  # type: ignore[attr-defined]

    parts = [
        deliver(tmp_path, rows(*shuffled[:cut]), name="d1"),
        deliver(tmp_path, rows(*shuffled[cut:]), name="d2"),
    ]
    measured = measure(parts, figures, into=into(tmp_path))

    assert pl.read_parquet(measured.figures).equals(expected)
