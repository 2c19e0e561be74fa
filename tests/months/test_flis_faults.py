"""A month with one fault of every kind that a delivery shows by itself: run and scored, each is found.

What only figures show (units, shares, trends) needs all providers, and is tried on the whole month.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadgate.content.loader import load
from loadgate.model.period import Period
from loadgate.running.inline import run_inline
from loadgate.running.opened import open_site
from loadgate.running.opening import open_run
from loadgate.running.score import read_truth, score_run, score_view
from loadgate.samples.flis import truth
from loadgate.samples.flis.fault_kinds.places import expected_deliveries
from loadgate.samples.flis.fault_kinds.planted import Planted
from loadgate.samples.flis.faults import FAULTS, FaultError, plant
from loadgate.samples.flis.layout import lay_out
from loadgate.samples.flis.world import TYPICAL_ROWS, World

ROOT = Path(__file__).resolve().parents[2]
PERIOD = Period.parse("2026-10")
PROVIDERS = {"101", "153", "169", "265", "370", "461", "492", "661", "751", "851"}
FEW = {dataset: rows // 10 for dataset, rows in TYPICAL_ROWS.items()}
SHOWN_BY_FIGURES = ("trend", "systematic")


def some_providers() -> World:
    site = load(ROOT)
    kept = tuple(provider for provider in site.providers if provider.id in PROVIDERS)
    lines = tuple(line for line in site.assignments if line.provider in PROVIDERS | {"*"})
    return World(site=replace(site, providers=kept, assignments=lines), seed=5, period=PERIOD, rows=FEW)


def one_of_each(world: World) -> list[Planted]:
    """Every kind that deliveries show, each where it fits and hides no other."""
    streams = sorted({f"{one.system}/{one.dataset}" for one in expected_deliveries(world)})
    chosen: list[str] = []
    touched: set[str] = set()
    kinds = [kind for kind in FAULTS.values() if kind.causes[0].partition(".")[0] not in SHOWN_BY_FIGURES]
    for kind in sorted(kinds, key=lambda kind: not kind.name.startswith("known")):  # these need whole systems
        for where in [f"{stream}/{name}" for stream in streams for name in sorted(PROVIDERS)] + streams:
            try:
                (planted,) = plant(world, [f"{kind.name}@{where}"])
                plant(world, [*chosen, f"{kind.name}@{where}"])
            except FaultError:
                continue
            if not touched & planted.grips.keys():
                touched |= planted.grips.keys()
                chosen.append(f"{kind.name}@{where}")
                break
    return plant(world, chosen)


def keep_providers(site: Path) -> None:
    """Leave out of the content whoever is not in the world."""
    for name in ("providers", "assignments", "peers"):
        path = site / "vendor_profiles" / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            owner = "id" if name == "providers" else "provider"
            rows = [row for row in reader if row[owner] in PROVIDERS | {"*"}]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    path = site / "vendor_profiles" / "cpr.yaml"
    profile = yaml.safe_load(path.read_text(encoding="utf-8"))
    for delivery in profile["deliveries"]:
        batches = {name: [one for one in members if one in PROVIDERS] for name, members in _batches(delivery)}
        if batches:
            delivery["batches"] = {name: members for name, members in batches.items() if members}
    path.write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")


def _batches(delivery: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return list(delivery.get("batches", {}).items())


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("faults")
    world = some_providers()
    planted = one_of_each(world)
    truth.write(folder / "truth.json", planted)
    lay_out(world, folder / "site", faults=planted)
    keep_providers(folder / "site")
    opened = open_site(folder / "site")
    ref = open_run(opened, PERIOD, as_of=None, actor="test", quiet=True)
    run_inline(ref, actor="test")
    return score_view(score_run(opened, ref.run, read_truth(folder / "truth.json")))


def test_every_kind_is_planted_that_a_delivery_shows(scored: dict[str, Any]) -> None:
    assert len(scored["planted"]) >= 18


def test_every_planted_fault_is_found(scored: dict[str, Any]) -> None:
    assert [(one["kind"], one["where"], one["not_found"]) for one in scored["missed"]] == []


def test_hardly_anything_else_is_found(scored: dict[str, Any]) -> None:
    assert [(one["kind"], one["scope"]) for one in scored["other"]][3:] == []
