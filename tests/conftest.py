"""Settings of the whole test run: property tests have no clock, as the machine may be busy, and repeat in CI."""

from __future__ import annotations

import csv
import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from loadgate.samples.flis.fault_kinds.planted import Planted
    from loadgate.samples.flis.world import World

settings.register_profile("loadgate", deadline=None, print_blob=True, derandomize=bool(os.environ.get("CI")))
settings.load_profile("loadgate")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Name, at the very end, every test that did not run here, so that a skip is not taken for a pass."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    skipped = {report.nodeid.split("::")[0] for report in reporter.stats.get("skipped", ())}
    if skipped:
        reporter.write_line(f"Did not run here (see the reasons above): {', '.join(sorted(skipped))}")


ROOT = Path(__file__).resolve().parents[1]
FEW_PROVIDERS = ("101", "153", "169", "265", "370", "461", "492", "661", "751", "851")
FLIS_PERIOD = "2026-10"


@pytest.fixture(scope="session")
def few_providers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root site's content with ten providers of 98: every stream of it, in a month that takes seconds."""
    return write_few(tmp_path_factory.mktemp("content") / "flis", FEW_PROVIDERS)


def write_few(content: Path, providers: Sequence[str]) -> Path:
    """Write the root site's content with some of its providers into a new folder."""
    content.mkdir()
    shutil.copyfile(ROOT / "site.toml", content / "site.toml")
    for name in ("vendor_profiles", "expectations", "baselines"):
        shutil.copytree(ROOT / name, content / name, ignore=shutil.ignore_patterns("vintages"))
    for name, column in (("providers", "id"), ("assignments", "provider"), ("peers", "provider")):
        _keep_few(content / "vendor_profiles" / f"{name}.csv", column, {*providers, "*"})
    yaml = YAML()
    path = content / "vendor_profiles" / "cpr.yaml"
    profile: Any = yaml.load(path.read_text(encoding="utf-8"))
    for delivery in profile["deliveries"]:
        for batch, members in list(delivery.get("batches", {}).items()):
            delivery["batches"][batch] = [one for one in members if one in providers]
            if not delivery["batches"][batch]:
                del delivery["batches"][batch]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(profile, file)
    return content


def _keep_few(path: Path, column: str, kept: set[str]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or ())
        rows = [row for row in reader if row[column] in kept]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="session")
def flis_world(few_providers: Path) -> World:
    """A world of ten providers and a tenth of the usual rows."""
    from loadgate.content.loader import load
    from loadgate.model.period import Period
    from loadgate.samples.flis.world import TYPICAL_ROWS, World

    few_rows = {dataset: rows // 100 for dataset, rows in TYPICAL_ROWS.items()}
    return World(site=load(few_providers), seed=5, period=Period.parse(FLIS_PERIOD), rows=few_rows)


@pytest.fixture(scope="session")
def lay_flis(flis_world: World) -> Callable[..., list[Planted]]:
    """`lay_flis(out, ["missing@tea/pupils/101", …])`: that world's month, with these faults planted in it."""
    from loadgate.samples.flis.faults import plant
    from loadgate.samples.flis.layout import lay_out

    def lay(out: Path, faults: Sequence[str] = ()) -> list[Planted]:
        planted = plant(flis_world, list(faults))
        lay_out(flis_world, out, faults=planted)
        return planted

    return lay


@pytest.fixture(scope="session")
def lay_short_flis(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path, Sequence[str], Sequence[str]], list[Planted]]:
    """`lay_short_flis(out, providers, faults)`: a month of these providers after only two others, in few rows."""
    from loadgate.content.loader import load
    from loadgate.model.period import Period
    from loadgate.samples.flis.faults import plant
    from loadgate.samples.flis.layout import lay_out
    from loadgate.samples.flis.world import TYPICAL_ROWS, World

    class ShortWorld(World):
        @property
        def vintages(self) -> tuple[Period, ...]:
            return tuple(self.period.shift(-back) for back in (2, 1))

    def lay(out: Path, providers: Sequence[str], faults: Sequence[str] = ()) -> list[Planted]:
        content = write_few(tmp_path_factory.mktemp("content") / "flis", providers)
        rows = {dataset: rows // 100 for dataset, rows in TYPICAL_ROWS.items()}
        world = ShortWorld(site=load(content), seed=5, period=Period.parse(FLIS_PERIOD), rows=rows)
        planted = plant(world, list(faults))
        lay_out(world, out, faults=planted)
        return planted

    return lay


@pytest.fixture(scope="session")
def laid_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Lay a folder out once for all workers: `laid_once(name, lay_out)` returns it, never to be changed."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "templates"
    root.mkdir(exist_ok=True)

    def once(name: str, lay_out: Callable[[Path], object]) -> Path:
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (root / f"{name}.whole").exists():
                shutil.rmtree(root / name, ignore_errors=True)
                lay_out(root / name)
                (root / f"{name}.whole").touch()
        return root / name

    return once


@pytest.fixture
def threads_switch_often() -> Iterator[None]:
    """Python's threads take turns five hundred times as often as usual, so that a race is met in a short test."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)
