"""Environment in, Settings out: URLs, paths and workers. Settings never change a result."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loadgate.errors import CouldNotRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things lie and how many workers there are; read once per process.

    `state`: folder of state, None for `<site>/state`. `database_url`: SQLAlchemy URL, None for SQLite in the state.
    `report_url`: where a run's report can be opened, `{run}` standing for the run; None where it is on no web server.
    """

    state: Path | None = None
    database_url: str | None = None
    workers: int = 2
    actor: str = "operator"
    report_url: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """LOADGATE_STATE, LOADGATE_DATABASE_URL, LOADGATE_WORKERS, LOADGATE_ACTOR, LOADGATE_REPORT_URL."""
        state = environment.get("LOADGATE_STATE")
        workers = environment.get("LOADGATE_WORKERS", "2")
        if not workers.isascii() or not workers.isdigit() or int(workers) < 1:
            raise CouldNotRun("LOADGATE_WORKERS is not a number of workers", fix="LOADGATE_WORKERS=2")
        report_url = environment.get("LOADGATE_REPORT_URL") or None
        if report_url is not None and not report_url.startswith(("https://", "http://")):
            raise CouldNotRun(
                "LOADGATE_REPORT_URL is no web address",
                fix="LOADGATE_REPORT_URL=https://reports.example/{run}/report.html",
            )
        return cls(
            state=Path(state).resolve() if state else None,
            database_url=environment.get("LOADGATE_DATABASE_URL") or None,
            workers=int(workers),
            actor=environment.get("LOADGATE_ACTOR") or _login(),
            report_url=report_url,
        )


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"
