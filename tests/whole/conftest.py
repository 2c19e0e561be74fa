"""A site as it stands before a month is run, laid out once for a process and copied for each test that changes it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from searching import Search

EARLIER = ("2023-12", "2024-01")  # the second is compared with the first, and held before it is waived
PERIOD = "2024-02"


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A site whose period waits in the inbox, with the periods before it approved."""

    root: Path
    period: str

    @property
    def state(self) -> Path:
        return self.root / "state"

    def delivered(self, provider: str) -> Path:
        """The file of one provider in the inbox."""
        (path,) = (self.root / "inbox" / self.period).glob(f"*_{provider}.tsv.gz")
        return path

    def run(self) -> str:
        """Run the period without Prefect; returns the run."""
        from loadgate.model.period import Period
        from loadgate.running.inline import run_inline
        from loadgate.running.opened import open_site
        from loadgate.running.opening import open_run

        ref = open_run(open_site(self.root), Period.parse(self.period), as_of=None, actor="tests")
        run_inline(ref, actor="tests")
        return ref.run


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from loadgate.model.period import Period
    from loadgate.running.opened import open_site
    from loadgate.running.replay import replay
    from loadgate.samples.rki.layout import write_period, write_site

    root = tmp_path_factory.mktemp("template") / "site"
    write_site(root)
    opened = open_site(root)
    list(replay(opened, map(Period.parse, EARLIER), before=lambda period: write_period(root, str(period))))
    write_period(root, PERIOD)
    opened.close()
    return root


@pytest.fixture(scope="session")
def site_at(template: Path) -> Callable[[Path], Laid]:
    """Copies the site to a folder."""
    return lambda root: Laid(root=Path(shutil.copytree(template, root)), period=PERIOD)


@pytest.fixture
def site(site_at: Callable[[Path], Laid], tmp_path: Path) -> Iterator[Laid]:
    from loadgate.running.opened import open_site

    laid = site_at(tmp_path / "site")
    yield laid
    open_site(laid.root).close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A user's machine with nothing on it: an empty home, an own temporary folder, nothing set for the program."""

    home: Path
    tmp: Path
    environment: Mapping[str, str]

    def python(self, *arguments: str, before: tuple[str, ...] = (), **environment: str) -> Spoken:
        """Run Python in this environment, `before` naming what starts it."""
        done = subprocess.run(
            [*before, sys.executable, "-P", *arguments],
            env={**self.environment, **environment},
            cwd=self.tmp,
            capture_output=True,
            text=True,
            timeout=600,
        )
        return Spoken(code=done.returncode, out=done.stdout, err=done.stderr)

    def loadgate(self, *arguments: str, before: tuple[str, ...] = (), **environment: str) -> Spoken:
        """Run the command line."""
        start = "from loadgate.cli.main import main; main()"
        return self.python("-c", start, *arguments, before=before, **environment)


@pytest.fixture(scope="session")
def search_for() -> Callable[[Mapping[str, str]], Search]:
    """Makes a search for values, each by its name."""
    spec = importlib.util.spec_from_file_location("searching", Path(__file__).with_name("searching.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Search  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def machine_at() -> Callable[[Path], Machine]:
    def make(folder: Path) -> Machine:
        home, tmp = folder / "home", folder / "tmp"
        home.mkdir(parents=True)
        tmp.mkdir()
        kept = ("PATH", "LANG", "LC_ALL", "TZ")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {"HOME": str(home), "TMPDIR": str(tmp), "PYTHONWARNINGS": "default"}
        return Machine(home=home, tmp=tmp, environment=environment)

    return make
