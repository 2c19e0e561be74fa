"""The root site's key figures, known errors and baselines: what stewards promise each other about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from loadgate.content.loader import load
from loadgate.detecting.planned import excuse
from loadgate.measuring.figures import measure
from loadgate.measuring.rows import TypedDelivery
from loadgate.model import conditions
from loadgate.model.expected import Dataset, FigureKind, KeyFigure, Measure
from loadgate.model.findings import CellsEvidence, Finding
from loadgate.model.kinds import Kind, Severity
from loadgate.model.period import Period
from loadgate.model.scope import Scope
from loadgate.model.site import Site

ROOT = Path(__file__).parents[2]
AREAS = {"economy", "personnel", "citizens", "school", "children", "disability", "elderly"}
MONTHS = {"ledger": 13, "population": 13, "absence": 4, "movements": 3, "home_help": 2}  # a delivery holds; others one


@pytest.fixture(scope="module")
def site() -> Site:
    return load(ROOT)


@pytest.fixture(scope="module")
def datasets(site: Site) -> dict[str, Dataset]:
    return {dataset.dataset: dataset for dataset in site.datasets}


def measures(figure: KeyFigure) -> list[Measure]:
    return [one for one in (figure.numerator, figure.denominator) if one is not None]


def columns(figure: KeyFigure) -> set[str]:
    found = {figure.reference} | ({figure.cells.column} if figure.cells else set())
    for where in (figure.where, *(one.where for one in measures(figure))):
        found |= conditions.columns(where) if where is not None else set()
    return found | {name for one in measures(figure) for name in (one.sum, one.distinct) if name is not None}


def test_there_are_figures_of_every_kind_in_seven_areas(site: Site, datasets: dict[str, Dataset]) -> None:
    areas = Counter(datasets[figure.dataset].area for figure in site.figures)

    assert sum(areas.values()) >= 160
    assert set(areas) == AREAS
    assert min(areas.values()) >= 20
    assert {figure.kind for figure in site.figures} == set(FigureKind) - {FigureKind.PUBLISHED}
    assert {figure.dataset for figure in site.figures} == set(datasets)


def test_an_area_has_a_handful_of_families(site: Site, datasets: dict[str, Dataset]) -> None:
    families = {(datasets[figure.dataset].area, figure.family) for figure in site.figures}

    assert {area: n for area, n in Counter(area for area, _ in families).items() if not 5 <= n <= 7} == {}


def test_every_column_of_a_figure_is_its_dataset_s(site: Site, datasets: dict[str, Dataset]) -> None:
    assert [f.id for f in site.figures if not columns(f) <= set(datasets[f.dataset].columns)] == []


def test_persons_are_counted_by_personal_columns_only(site: Site, datasets: dict[str, Dataset]) -> None:
    distinct = [(f.dataset, one.distinct) for f in site.figures for one in measures(f) if one.distinct is not None]

    assert all(datasets[dataset].columns[column].personal for dataset, column in distinct)
    assert all(f.numerator.distinct for f in site.figures if f.kind is FigureKind.PERSONS and f.numerator)


def test_no_figure_is_broken_down_into_more_than_25_cells(site: Site) -> None:
    assert [f.id for f in site.figures if f.cells and len(f.cells.values) > 25] == []


def test_a_breakdown_holds_every_code_or_says_which_rows_it_takes(site: Site, datasets: dict[str, Dataset]) -> None:
    """Else a right code that no cell has would be a warning every month."""
    lists = {code_list.name: set(code_list.codes) for code_list in site.code_lists}
    for figure in site.figures:
        if figure.cells is None:
            continue
        column = figure.cells.column
        lines = [line.kwargs for line in datasets[figure.dataset].expectations if line.kwargs.get("column") == column]
        (codes,) = {str(kwargs["code_list"]) for kwargs in lines if "code_list" in kwargs}
        listed = set(figure.cells.values)
        limited = figure.where is not None and column in conditions.columns(figure.where)

        assert listed <= lists[codes], figure.id
        assert limited or listed == lists[codes], figure.id


def test_titles_are_in_both_languages_and_descriptions_say_what_is_divided_by_what(site: Site) -> None:
    for figure in site.figures:
        assert all(figure.title.get(language, "").strip() for language in ("en", "da")), figure.id
        assert figure.unit, figure.id
        assert figure.description, figure.id
        assert figure.denominator is None or "Denominator: " in figure.description, figure.id


def test_every_area_divides_by_citizens(site: Site, datasets: dict[str, Dataset]) -> None:
    figures = {figure.id: figure for figure in site.figures}
    borrowed = {
        (datasets[figure.dataset].area, datasets[figures[figure.denominator.figure].dataset].area)
        for figure in site.figures
        if figure.denominator is not None and figure.denominator.figure is not None
    }

    assert {area for area, other in borrowed if other == "citizens"} == AREAS
    assert ("economy", "school") in borrowed


def test_a_numerator_is_always_the_dataset_s_own(site: Site) -> None:
    """Another's numerator would be taken for zero where that one's delivery did not come."""
    assert [f.id for f in site.figures if f.numerator is not None and f.numerator.figure is not None] == []


def test_no_figure_gets_months_from_its_denominator_that_its_own_deliveries_do_not_hold(site: Site) -> None:
    """They would be zeros: counted for one month, divided by thirteen."""
    figures = {figure.id: figure for figure in site.figures}
    for figure in site.figures:
        if figure.denominator is None or figure.denominator.figure is None:
            continue
        other = figures[figure.denominator.figure]
        brings = other.cadence is figure.cadence and (other.cells is None) == (figure.cells is None)

        assert not brings or MONTHS.get(other.dataset, 1) <= MONTHS.get(figure.dataset, 1), figure.id


def typed(folder: Path, site: Site, name: str, rows: Sequence[Mapping[str, object]]) -> TypedDelivery:
    """Rows of provider 101 as the reader would leave them; columns that are not given are empty."""
    dataset = next(dataset for dataset in site.datasets if dataset.dataset == name)
    given = [{**dict.fromkeys(dataset.columns), **row} for row in rows]
    path = folder / f"{name}.parquet"
    pl.DataFrame(given, infer_schema_length=None).with_row_index("_line").write_parquet(path)
    return TypedDelivery(
        delivery=name,
        area=dataset.area,
        dataset=name,
        providers=("101",),
        provider_column=dataset.provider_column,
        path=path,
        scope=Scope.of(dataset=name),
    )


def test_what_faults_move_is_measured_as_its_title_says(site: Site, tmp_path: Path) -> None:
    now, before = date(2026, 10, 1), date(2026, 9, 1)
    pupil = [("1", "N"), ("1", "N"), ("1", "S"), ("1", None), ("2", "S"), ("3", "N")]
    pupils = [
        {"month": now, "pupil": str(n), "school_type": kind, "class_type": group, "grade": "01"}
        for n, (kind, group) in enumerate(pupil)
    ]
    case = [("01", None), ("01", None), ("02", now), ("omsorg", None)]
    cases = [
        {"month": now, "child": str(n), "age": 10, "reason": reason, "closed": closed}
        for n, (reason, closed) in enumerate(case)
    ]
    population = [
        {"month": month, "municipality": "101", "age": age, "sex": "1", "citizens": citizens}
        for month in (before, now)
        for age, citizens in ((5, 400), (22, 100), (23, 999))
    ]
    deliveries = [
        typed(tmp_path, site, "pupils", pupils),
        typed(tmp_path, site, "cases", cases),
        typed(tmp_path, site, "population", population),
    ]
    into = tmp_path / "out"
    into.mkdir()

    frame = pl.read_parquet(measure(deliveries, site.figures, into=into).figures)
    keys = frame.select("figure", "cell", "reference_start").rows()
    found = dict(zip(keys, frame["value"], strict=True))

    assert found["segregation_rate", None, now] == pytest.approx(40)
    assert found["pupils_in_special_classes", None, now] == 1
    assert found["private_school_share", None, now] == pytest.approx(100 / 6)
    assert (found["open_cases", None, now], found["closed_cases", None, now]) == (3, 1)
    assert {key: value for key, value in found.items() if key[0] == "cases_per_1000_aged_0_22"} == {
        ("cases_per_1000_aged_0_22", "01", now): 4,
        ("cases_per_1000_aged_0_22", "02", now): 2,
    }
    assert (found["citizens_0_22", None, before], found["citizens_0_6", None, now]) == (500, 400)


def test_every_known_error_is_one_of_the_suites_checks_and_matters_to_the_gate(
    site: Site, datasets: dict[str, Dataset]
) -> None:
    checks = {dataset.check_id(line): line for dataset in datasets.values() for line in dataset.expectations}

    assert len(site.known_errors) == 8
    for error in site.known_errors:
        assert error.check is not None, error.id
        assert error.check in checks, error.id
        assert checks[error.check].severity is not Severity.INFO, error.id
        assert Scope.parse(error.scope).dataset == frozenset([error.check.partition(":")[0]]), error.id
        assert error.reported < date(2026, 10, 1) < error.review, error.id


def test_every_control_source_has_a_tolerance_and_bridges_hold_every_cell(site: Site) -> None:
    figures = {figure.id: figure for figure in site.figures}
    sources = {"cpr_register", "pay_data_office", "school_statistics", "hand07"}

    assert {tolerance.source for tolerance in site.tolerances} - {None} == sources
    assert {bridge.source for bridge in site.bridges} == sources
    for bridge in site.bridges:
        cells = figures[bridge.figure].cells
        assert cells is not None, bridge.name
        assert sorted(bridge.cells.values()) == sorted(cells.values), bridge.name


@pytest.mark.parametrize(
    ("period", "rise", "severity"),
    [("2027-01", 0.025, Severity.INFO), ("2027-01", 0.06, Severity.CRITICAL), ("2027-02", 0.025, Severity.CRITICAL)],
)
def test_a_new_price_base_is_expected_in_january_and_in_its_shape_only(
    site: Site, period: str, rise: float, severity: Severity
) -> None:
    finding = Finding(
        kind=Kind.SHARED_HISTORY,
        severity=Severity.CRITICAL,
        scope=Scope.of(area="economy", dataset="ledger", figure="spending", family="spending", provider=["101", "147"]),
        evidence=CellsEvidence(
            cells=100,
            eligible=100,
            first="2026-01",
            last="2026-12",
            periods=12,
            difference_min=rise,
            difference_median=rise,
            difference_max=rise,
        ),
        check="test",
    )

    (judged,) = excuse([finding], site.planned_changes, period=Period.parse(period))

    assert judged.severity is severity
