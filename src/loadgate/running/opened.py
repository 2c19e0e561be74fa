"""A site's folder in; out, the site opened once per process: content, places, state and settings."""

from __future__ import annotations

import os
import threading
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from loadgate.errors import CouldNotRun, NotFound, SiteError
from loadgate.model.encoding import load
from loadgate.model.period import Cadence
from loadgate.model.version import VERSION
from loadgate.settings import Settings
from loadgate.store.places import STATE_README, Places
from loadgate.store.scratch import Scratch

if TYPE_CHECKING:
    from loadgate.model.deliveries import Delivery
    from loadgate.model.site import Site
    from loadgate.running.inputs import RunInputs
    from loadgate.store.state import State


def now() -> datetime:
    """The only clock. Rules never read it: their "now" is a run's `as_of`."""
    return datetime.now(UTC)


def holder() -> str:
    """Who works on a unit: process and thread."""
    return f"{os.uname().nodename}:{os.getpid()}:{threading.get_ident()}"


class Opened:
    """One site, opened. Threads share it; what it loads, it loads once."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.settings = settings
        self.places = Places(site=root, state=settings.state or root / "state")
        self._frozen: dict[str, Site] = {}
        self._runs: dict[str, RunInputs] = {}
        self._deliveries: dict[str, dict[str, Delivery]] = {}
        self._handed_over: str | None = None
        self._state: State | None = None
        self._known = False
        url = settings.database_url  # SQLite's file is one machine's, and so is the folder that it lies in
        shared = url is not None and not url.startswith("sqlite")
        self.scratch = Scratch(self.places.tmp, shared=shared, who=settings.actor)
        self._lock = threading.RLock()

    @property
    def state(self) -> State:
        """The state database; made, with its folders, when it is not there yet.

        Raises CouldNotRun where it does not know what lies in the site's folders: from a database that was lost, cut
        or made anew, all would seem well. So for a manifest that cannot be read, until someone has looked past it.
        """
        with self._lock:
            if not self._known:
                for _, fault in self.look_past_unreadable():
                    self._known = False
                    raise fault
            return self.state_as_found

    def look_past_unreadable(self) -> list[tuple[str, CouldNotRun]]:
        """For who only looks, and tells this with what there is to see: each manifest that cannot be read, by its run.

        Raises CouldNotRun as `state` does for a database that was lost.
        """
        from loadgate.store.heads import require_known

        with self._lock:
            unreadable = require_known(self.places, self.state_as_found)
            self._known = True
            return unreadable

    @property
    def state_as_found(self) -> State:
        """The state database, whatever it holds: for who looks whether it was changed."""
        with self._lock:
            if self._state is None:
                self._state = self._open_state()
            return self._state

    def _open_state(self) -> State:
        from loadgate.store.state import open_state

        self.places.state.mkdir(parents=True, exist_ok=True)
        if os.access(self.places.state, os.W_OK):  # on a mount to read from, all is as it is
            self._lay_out()
        return open_state(self.settings.database_url or self.places.database_url)

    def _lay_out(self) -> None:
        from loadgate.store import durable

        self.places.state.chmod(0o750)  # the site's group may read what was published
        for folder in self.places.row_values:
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        readme = self.places.state / "README"
        if not readme.exists():
            durable.write_text(readme, STATE_README)

    @property
    def tmp(self) -> Path:
        """Where this process keeps what is half written: a folder of its own, which goes with the process."""
        return self.scratch.folder(now=now())

    def site(self) -> Site:
        """The content as it lies there now. Raises SiteError with every fault."""
        from loadgate.content.loader import load as load_content

        return load_content(self.places.site)

    def frozen(self, content: str) -> Site:
        """The content of a snapshot. Raises CouldNotRun where it cannot be read, or not by this version any more."""
        from loadgate.content.loader import load as load_content

        folder = self.places.content(content)
        with self._lock:
            if content not in self._frozen:
                try:
                    self._frozen[content] = load_content(folder)
                except SiteError as error:
                    first = error.faults[0]
                    raise CouldNotRun(
                        f"the content that a run was judged by has {first.found} in {folder / first.file}, and "
                        f"loadgate {VERSION} expects {first.expected}",
                        fix="`loadgate run PERIOD` loads it by the content of now; restore a snapshot that was changed",
                    ) from None
            return self._frozen[content]

    def inputs(self, run: str) -> RunInputs:
        """What a run froze when it was opened. Raises NotFound."""
        from loadgate.running.inputs import RunInputs

        with self._lock:
            if run not in self._runs:
                path = self.places.inputs(run)
                try:
                    self._runs[run] = load(RunInputs, path.read_bytes())
                except FileNotFoundError:
                    if run not in self.state.runs.ids():
                        raise NotFound(f"there is no run {run}", fix="`loadgate runs` lists them") from None
                    raise self._inputs_gone(run) from None
                except ValueError:  # pydantic's too
                    raise self._inputs_gone(run) from None
            return self._runs[run]

    def _inputs_gone(self, run: str) -> CouldNotRun:
        folder = self.places.inputs(run).parent
        return CouldNotRun(f"what run {run} was opened with cannot be read", fix=f"restore {folder} from the backup")

    def delivery(self, run: str, version: str) -> Delivery:
        """A delivery version that counts in a run, by its id."""
        inputs = self.inputs(run)
        with self._lock:
            if run not in self._deliveries:
                self._deliveries[run] = {delivery.id: delivery for delivery in inputs.deliveries}
            return self._deliveries[run][version]

    def hand_over(self, run: str) -> None:
        """A run that was opened a moment ago, for the flow that this process is about to start."""
        self._handed_over = run

    def handed_over(self, period: str) -> str | None:
        """The run of this period that was handed over, once: who asks again opens it anew."""
        run, self._handed_over = self._handed_over, None
        return run if run is not None and self.inputs(run).period == period else None

    def forget(self, run: str) -> None:
        """Read the inputs of this run again next time: a watch looks anew."""
        with self._lock:
            self._runs.pop(run, None)
            self._deliveries.pop(run, None)

    def close(self) -> None:
        with self._lock:
            if self._state is not None:
                self._state.close()
                self._state, self._known = None, False
            self.scratch.close()


_one_at_a_time = threading.Lock()


@lru_cache(maxsize=8)
def _open(root: Path, settings: Settings) -> Opened:
    return Opened(root, settings)


def open_site(root: Path) -> Opened:
    """The site at this folder, once per process and settings."""
    with _one_at_a_time:  # a cache makes a value twice for two who ask at the same time
        return _open(root.resolve(), Settings.from_environment())


def find_site(start: Path | None) -> Path:
    """`start`, else LOADGATE_SITE, else the nearest parent of the working directory with a `site.toml`.

    Raises NotFound when there is none.
    """
    named = start or (Path(os.environ["LOADGATE_SITE"]) if os.environ.get("LOADGATE_SITE") else None)
    if named is not None:
        if not (named / "site.toml").is_file():
            raise NotFound(f"{named} is no site: it has no site.toml", fix="loadgate init DIR makes one")
        return named.resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "site.toml").is_file():
            return folder
    raise NotFound(
        "no site here: neither this folder nor a parent has a site.toml",
        fix="name one with --site DIR, or make one with `loadgate init DIR` or `loadgate sample rki DIR`",
    )


def site_name(root: Path) -> str:
    """The site's name, read before its content is: for the first line on the screen."""
    return _said(root, "name") or root.name


def site_cadence(root: Path) -> Cadence | None:
    """By what the site loads, whatever is wrong with the rest of its content; None where it says what is no cadence."""
    said = _said(root, "cadence") or Cadence.MONTH
    return Cadence(said) if said in list(Cadence) else None


def site_timezone(root: Path) -> str:
    """The site's time zone, whatever is wrong with the rest of its content; UTC where it names none that there is."""
    name = _said(root, "timezone") or "UTC"
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # no name, a folder of names, a name of nothing
        return "UTC"
    return name


def _said(root: Path, key: str) -> str | None:
    try:
        said = tomllib.loads((root / "site.toml").read_text(encoding="utf-8")).get(key)
    except (OSError, ValueError):
        return None
    return said if isinstance(said, str) else None


@dataclass(frozen=True, slots=True)
class Ref:
    """What crosses a task border: the site's path and a run, or `watch-2026-10` for a look at a period's arrivals."""

    site: str
    run: str

    def open(self) -> Opened:
        return open_site(Path(self.site))

    def frozen(self) -> tuple[Opened, RunInputs, Site]:
        """The site, what the run froze when it was opened, and its content as it was then."""
        opened = self.open()
        inputs = opened.inputs(self.run)
        return opened, inputs, opened.frozen(inputs.content)


def ref_of(site: str | Path, run: str) -> Ref:
    """The reference to a run of a site. Raises NotFound when there is no such run."""
    opened = open_site(Path(site))
    opened.inputs(run)
    return Ref(str(opened.places.site), run)
