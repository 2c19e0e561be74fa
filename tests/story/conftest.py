"""Sites to tell stories on, and the command line to tell them with: every command is a process of its own.

`warm.py` forks them from a process that has imported everything; `Loadgate.cold` starts the installed program itself.
Sites are laid out once and copied: a few of the sample's providers, with faults that make cases come, grow and go.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from loadgate.samples.rki import layout

PROGRAM = Path(sys.executable).with_name("loadgate")
SMALL = ("04", "10", "13")
TEN = ("101", "153", "169", "265", "370", "461", "492", "661", "751", "851")
HEED_INTERRUPTS = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore it, and so do their children
os.execv(sys.argv[1], sys.argv[1:])
"""
FOREIGN = ("LOADGATE_", "PREFECT_", "COV_CORE_", "PYTEST_")

Lines = list[bytes]


# ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Done:
    """A command that has ended; `code` is negative when a signal ended it."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass(frozen=True, kw_only=True)
class Running:
    """A command at work."""

    pid: int
    out: Path
    err: Path
    wait_for: Callable[[int], int]

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def ended(self) -> Done:
        code = self.wait_for(self.pid)
        return Done(code=code, out=self.out.read_text(), err=self.err.read_text())


class Loadgate:
    """Runs commands. Nothing of the environment's own loadgate, Prefect or coverage settings reaches them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._count = count(1)
        self._warm: subprocess.Popen[str] | None = None
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | {
            "HOME": str(home),
            "LOADGATE_ACTOR": "anna",
            "NO_COLOR": "1",
        }

    def start(self, *argv: object, env: Mapping[str, str] | None = None) -> Running:
        if self._warm is None:
            self._warm = self._start_warm()
        number = next(self._count)
        out, err = self.home / f"{number}.out", self.home / f"{number}.err"
        order = {
            "argv": list(map(str, argv)),
            "env": self.environment | dict(env or {}),
            "cwd": str(self.home),
            "out": str(out),
            "err": str(err),
        }
        return Running(pid=self._ask({"start": order})["pid"], out=out, err=err, wait_for=self._wait)

    def __call__(self, *argv: object, env: Mapping[str, str] | None = None) -> Done:
        return self.start(*argv, env=env).ended()

    def cold(self, *argv: object, env: Mapping[str, str] | None = None) -> Running:
        """The installed program, started as a user does."""
        number = next(self._count)
        out, err = self.home / f"{number}.out", self.home / f"{number}.err"
        with out.open("wb") as told, err.open("wb") as complained:
            process = subprocess.Popen(
                [sys.executable, "-c", HEED_INTERRUPTS, PROGRAM, *map(str, argv)],
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=complained,
                cwd=self.home,
                env=self.environment | dict(env or {}),
                start_new_session=True,
            )
        return Running(pid=process.pid, out=out, err=err, wait_for=lambda _: process.wait(timeout=300))

    def close(self) -> None:
        if self._warm is not None:
            self._warm.communicate(timeout=60)

    def _start_warm(self) -> subprocess.Popen[str]:
        warm = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home,
            env=self.environment | {"OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )
        assert warm.stdout is not None
        assert warm.stderr is not None
        assert "ready" in warm.stdout.readline(), warm.stderr.read()
        return warm

    def _ask(self, order: object) -> dict[str, Any]:
        assert self._warm is not None
        assert self._warm.stdin is not None
        assert self._warm.stdout is not None
        self._warm.stdin.write(json.dumps(order) + "\n")
        self._warm.stdin.flush()
        answer: dict[str, Any] = json.loads(self._warm.stdout.readline())
        return answer

    def _wait(self, pid: int) -> int:
        return int(self._ask({"wait": pid})["code"])


# ── sites ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site's folder and the commands on it."""

    path: Path
    loadgate: Loadgate

    def __call__(self, *argv: object, env: Mapping[str, str] | None = None) -> Done:
        return self.loadgate(*argv, "--site", self.path, env=env)

    def start(self, *argv: object, env: Mapping[str, str] | None = None) -> Running:
        return self.loadgate.start(*argv, "--site", self.path, env=env)

    def run(self, period: str, *argv: object) -> dict[str, Any]:
        """Run a period to its end, without Prefect; what `--json` says."""
        done = self("run", period, "--inline", "--json", *argv)
        assert done.code in (0, 3), done.said
        view: dict[str, Any] = done.json
        return view

    def copy(self, to: Path) -> Site:
        shutil.copytree(self.path, to, symlinks=True)
        return Site(path=to, loadgate=self.loadgate)

    # what is in it

    @property
    def state(self) -> Path:
        return self.path / "state"

    def manifest(self, run: str) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads((self.state / "runs" / run / "manifest.json").read_bytes())
        return manifest

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the state database, past the program."""
        with self.database() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.state / "loadgate.db", timeout=60)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def runs(self) -> list[str]:
        return [run for (run,) in self.rows("SELECT id FROM runs ORDER BY period, number")]

    # what people and senders do to it

    def file(self, period: str, provider: str) -> Path:
        (found,) = self.path.glob(f"inbox/{period}/*_{provider}.tsv.gz")
        return found

    def lines(self, period: str, provider: str) -> Lines:
        """The header, then the rows."""
        return gzip.decompress(self.file(period, provider).read_bytes()).splitlines(keepends=True)

    def rewrite(self, period: str, provider: str, edit: Callable[[Lines], Lines]) -> None:
        """Change a delivery's lines where it lies."""
        self.put(self.file(period, provider), edit(self.lines(period, provider)))

    @staticmethod
    def put(path: Path, lines: Lines) -> None:
        path.write_bytes(gzip.compress(b"".join(lines), mtime=0))

    def deliver(self, period: str) -> None:
        """Put the sample's deliveries of a period into the inbox, for the providers that the content knows."""
        providers = (self.path / "vendor_profiles" / "providers.csv").read_text().splitlines()[1:]
        layout.write_period(self.path, period, providers=frozenset(line.split(",")[0] for line in providers))

    def receive(self, times: Mapping[str, str | None]) -> None:
        """Change arrival times in received.csv: file name below inbox/ → time; None takes the line away."""
        path = self.path / "inbox" / "received.csv"
        head, *lines = path.read_text().splitlines()
        known = dict(line.split(",", 1) for line in lines) | dict(times)
        kept = [f"{name},{at}" for name, at in sorted(known.items()) if at is not None]
        path.write_text("\n".join([head, *kept]) + "\n")

    def name_of(self, path: Path) -> str:
        return path.relative_to(self.path / "inbox").as_posix()


@dataclass(frozen=True, kw_only=True)
class FlisSite(Site):
    """A site of the FLIS sample, whose files lie in folders of their systems or suppliers."""

    period: str = "2026-10"
    now: tuple[str, ...] = ("--as-of", "2026-11-14T09:00:00+01:00")  # everything has closed

    def copy(self, to: Path) -> FlisSite:
        return FlisSite(path=super().copy(to).path, loadgate=self.loadgate)

    def load(self) -> dict[str, Any]:
        return self.run(self.period, *self.now)

    def sent(self, name: str) -> Path:
        """The newest file of this period whose path below it begins so."""
        return sorted(self.path.glob(f"inbox/{self.period}/{name}_2026-*"))[-1]

    def withdraw(self, name: str) -> bytes:
        """Take a file away as if it had never come; what was in it."""
        path = self.sent(name)
        data = path.read_bytes()
        path.unlink()
        self.receive({self.name_of(path): None})
        return data

    def resend(self, name: str, data: bytes, *, day: int) -> None:
        """Send a file once more, with another day of November in its name."""
        suffix = "".join(self.sent(name).suffixes)
        self.send(f"{name}_2026-11-{day:02}{suffix}", data, day=day)

    def send(self, name: str, data: bytes, *, day: int) -> None:
        path = self.path / "inbox" / self.period / name
        path.write_bytes(data)
        self.receive({self.name_of(path): f"2026-11-{day:02}T08:00:00+01:00"})


def edited(place: int, old: bytes, new: bytes, *, rows: slice) -> Callable[[Lines], Lines]:
    """Replace a field of some rows, by its place in the row."""

    def edit(lines: Lines) -> Lines:
        head, *body = lines
        chosen = set(range(len(body))[rows])
        changed = []
        for number, line in enumerate(body):
            fields = line.rstrip(b"\r\n").split(b"\t")
            if number in chosen:
                fields[place] = new if not old else fields[place].replace(old, new)
            changed.append(b"\t".join(fields) + line[len(line.rstrip(b"\r\n")) :])
        return [head, *changed]

    return edit


def unreadable(rows: int) -> Callable[[Lines], Lines]:
    """Text where the count of so many rows should stand: a caveat by the default gate, and a case."""
    return edited(4, b"", b"many", rows=slice(5, 5 + rows))


# ── fixtures ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def loadgate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loadgate]:
    program = Loadgate(tmp_path_factory.mktemp("home"))
    yield program
    program.close()


@pytest.fixture(scope="session")
def templates(laid_once: Callable[..., Path], loadgate: Loadgate) -> Callable[..., Site]:
    """Lay a site out once for all workers: `templates(name, lay_out)` returns it, never to be changed."""

    def template(name: str, lay_out: Callable[[Site], None]) -> Site:
        path = laid_once(name, lambda path: lay_out(Site(path=path, loadgate=loadgate)))
        return Site(path=path, loadgate=loadgate)

    return template


@pytest.fixture(scope="session")
def flis_run(templates: Callable[..., Site], lay_short_flis: Callable[..., object], loadgate: Loadgate) -> FlisSite:
    """A FLIS month of ten providers, laid out and run; never to be changed."""

    def lay_out(site: Site) -> None:
        lay_short_flis(site.path, TEN)
        FlisSite(path=site.path, loadgate=loadgate).load()

    return FlisSite(path=templates("flis_run", lay_out).path, loadgate=loadgate)


def begin(site: Site, providers: tuple[str, ...]) -> None:
    """A site of these providers, its inbox empty."""
    layout.write_site(site.path)
    path = site.path / "vendor_profiles" / "providers.csv"
    head, *lines = path.read_text().splitlines()
    path.write_text("\n".join([head, *(line for line in lines if line[:2] in providers)]) + "\n")


def approve(site: Site, period: str) -> None:
    site.run(period)
    done = site("release", period)
    assert done.code == 0, done.said


def with_cases(site: Site) -> None:
    """2024-01 approved, 2024-02 in the inbox: of its cases one is new, one has grown, one is over."""
    begin(site, SMALL)
    site.deliver("2024-01")
    site.rewrite("2024-01", "04", lambda lines: [*lines, *lines[1:4]])
    site.rewrite("2024-01", "10", unreadable(1))
    approve(site, "2024-01")
    site.deliver("2024-02")
    site.rewrite("2024-02", "10", unreadable(20))
    site.rewrite("2024-02", "13", edited(3, b"", b"90+", rows=slice(0, 3)))


def quiet(site: Site) -> None:
    """2024-01 approved, 2024-02 in the inbox, nothing wrong with either."""
    begin(site, SMALL)
    site.deliver("2024-01")
    approve(site, "2024-01")
    site.deliver("2024-02")


def unopened(site: Site) -> None:
    """2024-01 and 2024-02 in the inbox, and nobody has opened a run of either."""
    begin(site, SMALL)
    site.deliver("2024-01")
    site.deliver("2024-02")


def before_the_shift(site: Site) -> None:
    """2023-12 approved, 2024-01 in the inbox: all incidences moved while the counts stood still."""
    begin(site, SMALL)
    site.deliver("2023-12")
    approve(site, "2023-12")
    site.deliver("2024-01")


def released(site: Site) -> None:
    """2024-01 held, waived by two people and released: four acts in the ledger."""
    before_the_shift(site)
    site.run("2024-01")
    asked = site("waive", "1", "--reason", "new population figures", "--until", "2024-03-31")
    assert asked.code == 0, asked.said
    assert site("waive", "1", "--approve", "--actor", "ben").code == 0
    assert site("release", "2024-01").code == 0


@pytest.fixture
def site(templates: Callable[..., Site], tmp_path: Path) -> Site:
    return templates("quiet", quiet).copy(tmp_path / "quiet")


@pytest.fixture
def unopened_site(templates: Callable[..., Site], tmp_path: Path) -> Site:
    return templates("unopened", unopened).copy(tmp_path / "unopened")


@pytest.fixture
def site_with_cases(templates: Callable[..., Site], tmp_path: Path) -> Site:
    return templates("with_cases", with_cases).copy(tmp_path / "with_cases")


@pytest.fixture
def held_site(templates: Callable[..., Site], tmp_path: Path) -> Site:
    return templates("before_the_shift", before_the_shift).copy(tmp_path / "held")


@pytest.fixture
def released_site(templates: Callable[..., Site], tmp_path: Path) -> Site:
    return templates("released", released).copy(tmp_path / "released")


@pytest.fixture(scope="session")
def edits() -> SimpleNamespace:
    """What can be done to the lines of a file, and to wait for another process."""
    return SimpleNamespace(edited=edited, unreadable=unreadable, until=until)


@pytest.fixture(scope="session")
def chaos() -> ModuleType:
    """`chaos.py` beside this file: months to kill."""
    spec = importlib.util.spec_from_file_location("chaos", Path(__file__).with_name("chaos.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def case_template(templates: Callable[..., Site]) -> Site:
    return templates("with_cases", with_cases)


def until(condition: Callable[[], bool], *, within_s: float = 120) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)
