"""The FLIS sample's own key figures and approved past: what measuring the rows would give, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import polars as pl
import pytest

from loadgate.checking.harmonising.alternatives import harmonise
from loadgate.checking.suites import check
from loadgate.content.controls import read_controls
from loadgate.content.loader import load
from loadgate.errors import CouldNotRun
from loadgate.measuring.figures import measure
from loadgate.measuring.rows import HarmonisedRows, TypedDelivery
from loadgate.model.expected import FigureKind, KeyFigure, Measure
from loadgate.model.findings import OutcomeState
from loadgate.model.period import Cadence, Period
from loadgate.model.scope import Scope
from loadgate.model.site import Site
from loadgate.model.tables import FIGURES, logical_sha256
from loadgate.reading import casting
from loadgate.running import baseline
from loadgate.running.opened import open_site
from loadgate.running.release import verify
from loadgate.samples.flis.figures import figures
from loadgate.samples.flis.law import LAWS, microcells
from loadgate.samples.flis.vintages import write_controls, write_vintages
from loadgate.samples.flis.world import TYPICAL_ROWS, World
from loadgate.store.heads import ledger_heads

ROOT = Path(__file__).parents[3]
PERIOD = Period.parse("2026-10")
FEW = {dataset: rows // 25 for dataset, rows in TYPICAL_ROWS.items()}


@lru_cache(maxsize=1)
def _site() -> Site:
    site = load(ROOT)
    return replace(site, providers=tuple(one for one in site.providers if one.id in ("101", "461", "492", "851")))


def _plain_site() -> Site:
    """Only figures that stand by themselves, and not many."""
    alone = [
        one for one in _site().figures if one.denominator is None and one.dataset in ("services", "cases", "pupils")
    ]
    return replace(_site(), figures=tuple(alone))


def _world(*, site: Site | None = None) -> World:
    return World(site or _site(), 7, PERIOD, FEW)


def _rows(world: World, dataset: str, vintage: Period) -> pl.DataFrame:
    """The plainest rows that aggregate to the microcells."""
    columns = world.site.dataset(dataset).columns
    cells = microcells(world, dataset, vintage).with_row_index("cell_no")
    rows = cells[_repeated(cells["n"])]
    place = pl.int_range(pl.len()).over("cell_no")
    person = pl.concat_str("cell_no", pl.lit("-"), place * pl.col("persons") // pl.col("n"))
    own = [
        pl.concat_str(person, pl.lit("-"), place if name == "case_no" and dataset == "cases" else pl.lit(0)).alias(name)
        for name, column in columns.items()
        if column.personal
    ]
    sums = []
    for name, column in columns.items():
        if f"sum_{name}" in cells.columns:
            total, n = pl.col(f"sum_{name}"), pl.col("n")
            part = total // n + (place < total % n).cast(pl.Int64)
            scale = column.scale if column.type == "decimal" else 0
            exact = part.cast(pl.Decimal(38, scale)) / pl.lit(10**scale).cast(pl.Decimal(38, scale))
            sums.append((exact if scale else part).alias(name))
    owned = world.site.dataset(dataset).provider_column
    there = {*rows.columns, owned, *(name for name, column in columns.items() if column.personal)}
    empty = [
        pl.lit(None, casting.dtype(column)).alias(name)
        for name, column in columns.items()
        if name not in there and f"sum_{name}" not in cells.columns
    ]
    number = pl.int_range(pl.len()).cast(pl.UInt32)
    owner = [pl.col("provider").alias(owned)] if owned is not None else []
    return rows.with_columns(*empty, *own, *sums, *owner, _line=number, _row=number)


def _repeated(n: pl.Series) -> pl.Series:
    return pl.DataFrame({"row": pl.int_range(n.len(), eager=True), "n": n}).select(
        pl.col("row").repeat_by("n").explode()
    )["row"]


def _harmonised(world: World, dataset: str, typed: Path) -> HarmonisedRows | None:
    """What the dataset's suite and rules say of the rows."""
    facts = world.site.dataset(dataset)
    if not facts.rules:
        return None
    checked = check(
        typed,
        dataset=facts,
        code_lists=world.site.code_lists,
        providers=world.providers,
        period=str(PERIOD),
        scope=Scope(),
        into=typed.parent,
    )
    told = harmonise(typed, dataset=facts, outcomes=checked.outcomes, scope=Scope(), into=typed.parent)
    assert all(one.state is OutcomeState.PASS for one in told.outcomes)
    ids = frozenset(rule.id for rule in facts.rules)
    return HarmonisedRows(rules=facts.rules, told=ids, marks=told.marks, alternatives=told.alternatives)


def _measured(world: World, vintage: Period, into: Path) -> pl.DataFrame:
    deliveries = []
    for dataset in LAWS:
        path = into / f"{dataset}.parquet"
        _rows(world, dataset, vintage).write_parquet(path)
        deliveries.append(
            TypedDelivery(
                delivery=dataset,
                area=world.site.dataset(dataset).area,
                dataset=dataset,
                providers=world.providers,
                provider_column="provider",
                path=path,
                scope=Scope.of(dataset=dataset),
                harmonised=_harmonised(world, dataset, path),
            )
        )
    measured = measure(deliveries, world.site.figures, into=into)
    assert measured.findings == ()
    return pl.read_parquet(measured.figures)


def _figure(**written: object) -> KeyFigure:
    usual = {
        "id": "extra",
        "title": {"en": "Extra", "da": "Ekstra"},
        "kind": FigureKind.COUNT,
        "family": "extra",
        "cadence": Cadence.MONTH,
        "reference": "month",
        "unit": "rows",
        "numerator": Measure(count="rows"),
    }
    return KeyFigure.model_validate(usual | written)


@pytest.mark.parametrize("month", ["2024-10", "2026-09", "2026-10"])
def test_figures_from_microcells_are_what_measuring_their_rows_gives(month: str, tmp_path: Path) -> None:
    world = _world()

    given = figures(world, Period.parse(month))

    measured = _measured(world, Period.parse(month), tmp_path)
    assert given.schema == measured.schema
    assert given.select(pl.exclude("value")).equals(measured.select(pl.exclude("value")))
    assert logical_sha256(given, FIGURES) == logical_sha256(measured, FIGURES)


def test_coarser_cadences_and_borrowed_denominators_are_measured_alike(tmp_path: Path) -> None:
    yearly = _figure(id="a_year", dataset="movements", cadence=Cadence.YEAR)
    broken_down = _figure(
        id="b_event",
        dataset="movements",
        cadence=Cadence.QUARTER,
        cells={"column": "event", "values": ["F", "D", "T", "X", "I", "U"], "total": "F"},
    )
    over_cells = _figure(
        id="c_ratio",
        kind=FigureKind.RATIO,
        dataset="absence",
        numerator={"count": "rows", "where": {"column": "absence_type", "is": "equal", "value": "3"}},
        denominator={"figure": "b_event"},
    )
    rare = _figure(
        id="d_rare",
        kind=FigureKind.RATIO,
        dataset="movements",
        where={
            "all": [{"column": "age", "is": "equal", "value": 93}, {"column": "event", "is": "equal", "value": "T"}]
        },
        denominator={"figure": "e_all"},
    )
    every = _figure(id="e_all", dataset="movements")
    of_cases = _figure(
        id="f_cases", kind=FigureKind.PERSONS, dataset="cases", numerator={"distinct": "case_no"}, cadence=Cadence.YEAR
    )
    world = _world(site=replace(_site(), figures=(yearly, broken_down, over_cells, rare, every, of_cases)))

    given = figures(world, PERIOD)

    assert set(given["figure"]) >= {"a_year", "b_event", "c_ratio", "e_all", "f_cases"}
    assert logical_sha256(given, FIGURES) == logical_sha256(_measured(world, PERIOD, tmp_path), FIGURES)


def test_a_key_figure_that_reads_what_no_law_holds_is_refused() -> None:
    postings = _figure(dataset="ledger", where={"column": "cost_centre", "is": "equal", "value": "1"})
    world = _world(site=replace(_site(), figures=(postings,)))

    with pytest.raises(CouldNotRun) as refused:
        figures(world, PERIOD)

    assert "the sample has no law for ledger.cost_centre, which key figure extra reads" in str(refused.value)


def test_the_past_is_approved_whole_and_published(tmp_path: Path) -> None:
    world = _world(site=_plain_site())

    runs = write_vintages(world, tmp_path)

    opened = open_site(tmp_path)
    assert (len(runs), runs[0], runs[-1]) == (24, "2024-10", "2026-09")
    assert baseline.history(opened, PERIOD) == tuple(runs)
    assert set(baseline.index(opened, PERIOD).values()) == {"2026-09"}
    assert opened.state.ledger.verify(ledger_heads(opened.places)).fault is None
    assert verify(opened) == ("2026-09", [])
    last = pl.read_parquet(opened.places.vintage("2026-09") / "figures.parquet")
    assert logical_sha256(last, FIGURES) == logical_sha256(figures(world, PERIOD.previous), FIGURES)


def test_the_past_is_written_once_and_mended_to_the_same_bytes(tmp_path: Path) -> None:
    world = _world(site=_plain_site())
    write_vintages(world, tmp_path)
    opened = open_site(tmp_path)
    before = {path: path.read_bytes() for path in sorted(opened.places.vintages.rglob("*.*"))}
    (opened.places.vintage("2025-03") / "manifest.json").unlink()
    (opened.places.vintage("2026-09") / "manifest.json").unlink()

    write_vintages(_world(site=_plain_site()), tmp_path)

    assert {path: path.read_bytes() for path in sorted(opened.places.vintages.rglob("*.*"))} == before
    assert len(opened.state.ledger.entries()) == 24
    assert verify(opened) == ("2026-09", [])


def test_control_figures_of_a_clean_month_differ_within_the_tolerances(tmp_path: Path) -> None:
    world = _world()

    files = write_controls(world, tmp_path, PERIOD)

    names = tuple(f"baselines/control_figures/{path.name}" for path in files)
    site = replace(world.site, root=tmp_path, control_files=names, files=world.site.files | dict.fromkeys(names, ""))
    _, controls = read_controls(site, period=str(PERIOD))
    key = ["figure", "cell", "provider", "reference_start"]
    beside = controls.drop("reported").join(
        figures(world, PERIOD).select(*key, pl.col("value").alias("ours")), on=key, how="left", nulls_equal=True
    )
    stated, ours = pl.col("value").cast(pl.Float64), pl.col("ours")
    limits = {
        (one.source, one.figure): one.minimal for one in reversed(world.site.tolerances) if one.source is not None
    }
    assert {path.name for path in files} == {
        "cpr_register_2026-10.csv",
        "pay_data_office_2026-10.csv",
        "school_statistics_2026-10.csv",
    }
    assert beside["ours"].null_count() == 0
    assert beside.filter(stated != ours).height > 50
    for source, figure, off, relative in beside.select(
        "source", "figure", (stated - ours).abs().alias("off"), ((stated - ours).abs() / stated).alias("relative")
    ).iter_rows():
        limit = limits.get((source, figure)) or limits[source, None]
        assert off <= limit.absolute or relative <= limit.relative
