"""Every committed file of content loads, and what is generated from the models is current."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from loadgate.content import schemas
from loadgate.content.catalogue import CATALOGUE
from loadgate.content.controls import read_controls
from loadgate.content.layout import DEFAULT_GATE, kind_of
from loadgate.content.loader import load
from loadgate.samples.rki import layout

ROOT = Path(__file__).parents[2]
SAMPLE = Path(layout.__file__).with_name("site")
SCHEMAS = ROOT / "infra" / "schemas"


@pytest.mark.parametrize("folder", [ROOT, SAMPLE], ids=["root", "sample"])
def test_a_committed_site_loads_without_a_fault(folder: Path) -> None:
    started = time.perf_counter()
    site = load(folder)
    print(f"{site.file.name}: {len(site.files)} files in {time.perf_counter() - started:.2f} s")  # noqa: T201
    assert {kind.name for file in site.files if (kind := kind_of(file))} >= {
        "site", "calendar", "providers", "assignments", "contacts", "alerts", "supplier",
        "suite", "key_figures", "code_list", "gate", "tolerances",
    }  # fmt: skip


@pytest.mark.parametrize("folder", [ROOT, SAMPLE], ids=["root", "sample"])
def test_a_committed_sites_gate_is_the_default(folder: Path) -> None:
    assert (folder / "expectations" / "gate.yaml").read_text() == DEFAULT_GATE.read_text()


@pytest.mark.parametrize("folder", [ROOT, SAMPLE], ids=["root", "sample"])
def test_every_expectation_and_profile_gives_its_reason(folder: Path) -> None:
    site = load(folder)
    reasons = [line.reason for dataset in site.datasets for line in dataset.expectations]
    reasons += [spec.reason or "" for profile in site.suppliers for spec in profile.deliveries]
    assert all(len(reason) > 30 for reason in reasons)


def test_the_root_site_knows_all_municipalities_and_the_eleven_services() -> None:
    site = load(ROOT)
    services = next(figure for figure in site.figures if figure.id == "services")
    assert len(site.providers) == 98
    assert services.cells is not None
    assert len(services.cells.values) == 11
    assert {area.area for area in site.file.systems} == {
        "economy", "personnel", "citizens", "school", "children", "disability", "elderly",
    }  # fmt: skip


def test_the_published_comparison_is_whole() -> None:
    _, controls = read_controls(load(ROOT), period="2026-10")
    assert controls.height == 44
    assert (int(controls["value"].sum()), int(controls["reported"].sum())) == (3835, 3805)
    assert controls.select("cell", "reference_start").n_unique() == 44


def test_the_json_schemas_are_current() -> None:
    wanted = schemas.schemas()
    found = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.json") if path.name in wanted}
    assert found == wanted, "run: python -m loadgate.content.schemas"


def test_the_schemas_are_written_once(tmp_path: Path) -> None:
    assert {path.name for path in schemas.write(tmp_path)} == set(schemas.schemas())
    assert schemas.write(tmp_path) == []


def test_committed_yaml_fits_the_published_schemas() -> None:
    """What an editor shows must agree with what the loader takes."""
    import json

    from jsonschema import Draft202012Validator

    from loadgate.content.yaml_lines import parse

    checked = 0
    for folder in (ROOT, SAMPLE):
        for file in load(folder).files:
            kind = kind_of(file)
            if kind is None or not file.endswith(".yaml"):
                continue
            value = parse((folder / file).read_text(encoding="utf-8"), file=file).value
            schema = json.loads((SCHEMAS / f"{kind.name}.json").read_text(encoding="utf-8"))
            errors = list(Draft202012Validator(schema).iter_errors(json.loads(json.dumps(value, default=str))))
            assert not errors, (file, errors[0].message)
            checked += 1
    assert checked > 20


def test_the_catalogue_of_expectations_is_what_gx_says() -> None:
    import json

    from loadgate.checking.engine.catalogue import generate

    committed = CATALOGUE.read_text(encoding="utf-8")
    assert json.loads(committed) == generate()
    assert (SCHEMAS / CATALOGUE.name).read_text(encoding="utf-8") == committed
