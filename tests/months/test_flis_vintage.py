"""Last month's files, read and measured, give the vintage that was approved last month, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from loadgate.arriving.expected import expect
from loadgate.arriving.matching import match
from loadgate.checking.harmonising.alternatives import harmonise
from loadgate.checking.suites import check
from loadgate.content.loader import load
from loadgate.measuring.figures import Measured, measure
from loadgate.measuring.rows import HarmonisedRows, TypedDelivery
from loadgate.model.deliveries import Delivery, ExpectedDelivery, ReceivedFile
from loadgate.model.findings import OutcomeState
from loadgate.model.period import Period
from loadgate.model.site import Site
from loadgate.model.tables import FIGURES, logical_sha256
from loadgate.reading.files import Reading, read
from loadgate.samples.flis.figures import figures
from loadgate.samples.flis.layout import lay_out
from loadgate.samples.flis.world import TYPICAL_ROWS, World

ROOT = Path(__file__).resolve().parents[2]
PERIOD = Period.parse("2026-10")
PROVIDERS = {"101", "153", "265", "461", "492", "751", "851"}
FEW = {dataset: rows // 10 for dataset, rows in TYPICAL_ROWS.items()}


def some_providers() -> Site:
    site = load(ROOT)
    kept = tuple(provider for provider in site.providers if provider.id in PROVIDERS)
    lines = tuple(line for line in site.assignments if line.provider in PROVIDERS | {"*"})
    return replace(site, providers=kept, assignments=lines)


@pytest.fixture(scope="module")
def world() -> World:
    return World(site=some_providers(), seed=11, period=PERIOD, rows=FEW)


@pytest.fixture(scope="module")
def site(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("flis") / "site"
    lay_out(world, out)
    return out


def deliveries(world: World, site: Path, period: Period) -> list[Delivery]:
    expected = expect(
        calendar=world.site.calendar,
        assignments=world.site.assignments,
        suppliers=world.site.suppliers,
        systems=world.site.file.systems,
        timezone=world.site.file.timezone,
        period=period,
        providers=world.site.providers,
    )
    inbox = site / "inbox"
    moment = min(delivery.due for delivery in expected)
    files = [
        ReceivedFile(name=path.relative_to(inbox).as_posix(), size_bytes=1, sha256=path.name, first_seen=moment)
        for path in inbox.rglob("*")
        if path.is_file() and str(period) in path.parts
    ]
    arrivals = match(expected, files, period=period, as_of=moment, known_versions={}, earlier={})
    found = [arrival.delivery for arrival in arrivals.arrivals if arrival.delivery is not None]
    assert len(found) == len(expected)
    return found


def harmonised(world: World, expected: ExpectedDelivery, reading: Reading, folder: Path) -> HarmonisedRows:
    """The marks and alternative values of a delivery, as its checks leave them."""
    dataset, scope = world.site.dataset(expected.dataset), expected.scope
    outcomes = check(
        reading.typed,
        dataset=dataset,
        code_lists=world.site.code_lists,
        providers=expected.providers,
        period=str(PERIOD),
        scope=scope,
        into=folder,
    ).outcomes
    told = harmonise(reading.typed, dataset=dataset, outcomes=outcomes, scope=scope, into=folder)
    assert {one.check: one.state for one in told.outcomes if one.state is not OutcomeState.PASS} == {}
    ids = frozenset(rule.id for rule in dataset.rules)
    return HarmonisedRows(rules=dataset.rules, told=ids, marks=told.marks, alternatives=told.alternatives)


def measured(world: World, site: Path, period: Period, into: Path) -> Measured:
    typed = []
    for number, delivery in enumerate(deliveries(world, site, period)):
        one, folder = delivery.expected, into / str(number)
        folder.mkdir(parents=True)
        dataset = world.site.dataset(one.dataset)
        spec = world.site.spec(supplier=one.supplier, system=one.system, dataset=one.dataset)
        parts = [site / "inbox" / part.name for part in delivery.parts]
        reading = read(parts, spec=spec, dataset=dataset, scope=one.scope, into=folder)
        assert reading.findings == (), one.id
        typed.append(
            TypedDelivery(
                delivery=one.id,
                area=one.area,
                dataset=one.dataset,
                providers=one.providers,
                provider_column=dataset.provider_column,
                path=reading.typed,
                scope=one.scope,
                harmonised=harmonised(world, one, reading, folder) if dataset.rules else None,
            )
        )
    return measure(typed, world.site.figures, into=into)


def test_measuring_last_months_files_gives_the_vintage_that_was_approved(
    world: World, site: Path, tmp_path: Path
) -> None:
    found = measured(world, site, PERIOD.previous, tmp_path)

    vintage = pl.read_parquet(site / "baselines" / "vintages" / str(PERIOD.previous) / "figures.parquet")
    assert logical_sha256(pl.read_parquet(found.figures), FIGURES) == logical_sha256(vintage, FIGURES)
    assert found.findings == ()
    assert vintage.height > 5_000


def test_measuring_this_months_files_gives_what_the_world_says(world: World, site: Path, tmp_path: Path) -> None:
    found = measured(world, site, PERIOD, tmp_path)

    assert logical_sha256(pl.read_parquet(found.figures), FIGURES) == logical_sha256(figures(world, PERIOD), FIGURES)
    assert found.findings == ()
