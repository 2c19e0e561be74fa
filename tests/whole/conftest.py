"""A site as it stands before a month is run, laid out once for a process and copied for each test that changes it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

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


@pytest.fixture(scope="session")
def laid_at() -> Callable[[Path, str], Laid]:
    """The site that lies in a folder, whose period waits there."""
    return lambda root, period: Laid(root=root, period=period)


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


# ── a month with everything that it says ───────────────────────────────────────────────────────────────────────

DATA_AREA = ("inbox", "state/archive", "state/deliveries")

# A fault whose message holds the row that it met, as those of libraries do: it strikes while that file is read.
FAULT = """
import sys
from importlib.machinery import PathFinder

ROW = {row!r}

def arm(module):
    open_sources = module.open_sources

    def struck(path, **named):
        if any(ROW.encode() in chunk for source in open_sources(path, **named) for chunk in source.chunks()):
            raise ValueError("no such value: " + ROW)
        return open_sources(path, **named)

    module.open_sources = struck

class Arming:
    def find_spec(self, name, path=None, target=None):
        if name != "loadgate.reading.files":
            return None
        spec = PathFinder.find_spec(name, path)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            arm(module)

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Arming())
"""


class Postbox:
    """A mail server's handler that keeps what it was given, as it came."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.messages.append(envelope.content)
        return "250 OK"


@dataclass
class Whole:
    """A month that was run, looked at, waived and released, with all that came of it."""

    root: Path
    site: Laid
    search: Search
    said: dict[str, Spoken] = field(default_factory=dict)
    mails: list[bytes] = field(default_factory=list)

    @property
    def aside(self) -> list[Path]:
        return [self.site.root / name for name in DATA_AREA]

    @property
    def judged(self) -> dict[str, Any]:
        assert self.said["run"].code in (0, 3), self.said["run"].err
        found = json.loads(self.said["run"].out)
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="session")
def told_at(
    machine_at: Callable[[Path], Machine],
    tmp_path_factory: pytest.TempPathFactory,
    search_for: Callable[[Mapping[str, str]], Search],
) -> Callable[..., Whole]:
    """`told_at(root, site=…, …)` runs a site's month with Prefect, releases it, and keeps all that is said.

    Reading a file that holds `row` fails, with the row in the message. So many cases and these commands are looked at.
    """

    def tell(
        root: Path, *, site: Laid, planted: Mapping[str, str], row: str, as_of: str, cases: int, looks: Sequence[str]
    ) -> Whole:
        machine = machine_at(root)
        done = Whole(root=root, site=site, search=search_for(planted))
        faults = tmp_path_factory.mktemp("faults")
        (faults / "sitecustomize.py").write_text(FAULT.format(row=row), encoding="utf-8")
        postbox = Postbox()
        port = unused_port()
        controller = Controller(postbox, hostname="127.0.0.1", port=port, ready_timeout=60)
        controller.start()
        environment = {
            "PYTHONPATH": str(faults),
            "LOADGATE_ALERT_URL": f"mailto://127.0.0.1:{port}?from=gate@site.example&to=ops@site.example",
            "PREFECT_LOGGING_LEVEL": "DEBUG",
        }

        def say(name: str, *arguments: str) -> None:
            done.said[name] = machine.loadgate(*arguments, "--site", str(site.root), **environment)

        period = site.period
        try:
            say("run", "run", period, "--json", "--as-of", as_of)
            say("run again", "run", period, "--as-of", as_of)
            blocking = {reason["case"] for reason in done.judged["reasons"] if reason["effect"] == "block"}
            for case in done.judged["cases"][:cases]:
                number = str(case["id"])
                say(f"case {number}", "case", "show", number)
                say(f"case {number} as JSON", "case", "show", number, "--json")
            for number in map(str, blocking if done.judged["verdict"] == "hold" else ()):
                say(f"waive {number}", "waive", number, "--reason", "r", "--until", "2100-01-01", "--approver", "bo")
            say("release", "release", period, "--as-of", as_of)
            for words in looks:
                say(words, *words.split())
        finally:
            controller.stop()
        done.mails = postbox.messages
        out = root / "said"
        out.mkdir()
        for name, spoken in done.said.items():
            (out / f"{name}.out").write_text(spoken.out, encoding="utf-8")
            (out / f"{name}.err").write_text(spoken.err, encoding="utf-8")
        for number, message in enumerate(done.mails):
            (out / f"mail {number}").write_bytes(message)
        return done

    return tell


def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
