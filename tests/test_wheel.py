"""The built wheel, alone in an environment and in an empty folder: it carries what it needs, and works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENTRY = "from loadgate.cli.main import main; main()"


@dataclass
class Installed:
    wheel: Path
    python: Path

    def loadgate(self, *arguments: str, cwd: Path, timeout_s: int = 600) -> subprocess.CompletedProcess[str]:
        """Run the command in a folder that is no checkout, with a home of its own."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("LOADGATE", "PREFECT"))
        }
        environment.pop("PYTHONPATH", None)
        return subprocess.run(
            [self.python, "-P", "-c", ENTRY, *arguments],
            cwd=cwd,
            env=environment | {"HOME": str(cwd)},
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a bare environment that borrows the dependencies, but not the checkout that is installed there."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    packages = folder / "venv" / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Installed(wheel=wheel, python=python)


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_carries_flows_and_the_root_sites_content(installed: Installed) -> None:
    carried = names(installed.wheel)
    wanted = {
        f"loadgate/_root/{path.relative_to(ROOT).as_posix()}"
        for name in ("flows", "expectations", "vendor_profiles")
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted | {"loadgate/_root/site.toml"} <= carried
    assert any(name.startswith("loadgate/samples/") and name.endswith(".gz") for name in carried)


def test_the_wheel_carries_no_vintage_no_cache_and_no_test(installed: Installed) -> None:
    strange = ("vintages/", "__pycache__", "/state/", "/inbox/", "tests/")
    assert not [name for name in names(installed.wheel) if any(part in name for part in strange)]


def test_the_wheel_and_not_the_checkout_is_what_runs(installed: Installed, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed.python, "-P", "-c", "import loadgate.errors; print(loadgate.errors.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert str(installed.python.parents[1]) in done.stdout


def test_a_site_begins_from_the_content_that_the_wheel_carries(installed: Installed, tmp_path: Path) -> None:
    made = installed.loadgate("init", "mine", "--from", "flis", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    checked = installed.loadgate("check", "--site", "mine", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr


def test_a_month_runs_from_the_wheel_in_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    laid_out = installed.loadgate("sample", "rki", "site", "--period", "2024-01", "--json", cwd=tmp_path)
    assert laid_out.returncode == 0, laid_out.stderr

    run = installed.loadgate("run", "2024-01", "--site", "site", "--json", cwd=tmp_path)

    assert run.returncode == 3, run.stderr
    said = json.loads(run.stdout)
    assert (said["run"], said["verdict"], len(said["cases"])) == ("2024-01", "hold", 1)
    assert Path(said["report"]).is_file()
