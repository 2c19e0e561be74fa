"""A month from a bucket with its state on PostgreSQL: the same findings and figures; of two runs the first wins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy

if TYPE_CHECKING:
    from conftest import PostgresServer, S3Server

pytestmark = pytest.mark.services

PERIOD = "2026-10"
FAULTS = (
    "missing@tea/pupils/101",
    "truncated@kmd_elev/classes/153",
    "wrong_encoding@kmd_elev/pupils/169",
    "known_error_above@as2007/cases",
)
HASHES = ("findings_sha256", "figures_sha256", "verdict", "cases")
REFUSED = "is being worked on by"


@pytest.fixture
def shared(
    s3_server: S3Server, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], None]:
    """Call it: the site's inbox lies in a bucket then, and its state in a new database, for any machine to share."""
    name = f"t{uuid.uuid4().hex}"
    admin = sqlalchemy.create_engine(
        postgres_server.url("postgres").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("LOADGATE_S3_ENDPOINT", s3_server.endpoint)
    monkeypatch.setenv("LOADGATE_DATABASE_URL", postgres_server.url(name))

    def share(site: Path) -> None:
        from loadgate.store.objects import open_objects

        there = f"s3://{s3_server.bucket}/{name}"
        bucket = open_objects(there)
        for path in sorted((site / "inbox").rglob("*")):
            if path.is_file():
                bucket.write(path.relative_to(site / "inbox").as_posix(), path.read_bytes())
        shutil.rmtree(site / "inbox")
        text = (site / "site.toml").read_text(encoding="utf-8")
        (site / "site.toml").write_text(text.replace('inbox = "inbox"', f'inbox = "{there}"'), encoding="utf-8")

    return share


def run(site: Path) -> dict[str, Any]:
    """The month, run in this process; what its manifest says."""
    from loadgate.model.period import Period
    from loadgate.running.inline import run_inline
    from loadgate.running.opened import open_site
    from loadgate.running.opening import open_run

    opened = open_site(site)
    ref = open_run(opened, Period.parse(PERIOD), as_of=None, actor="test", quiet=True)
    run_inline(ref, actor="test")
    manifest = json.loads((opened.places.run(ref.run) / "manifest.json").read_bytes())
    opened.close()
    return {name: manifest[name] for name in HASHES}


def start(site: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "loadgate", "run", PERIOD, "--site", str(site), "--inline", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_bucket_and_postgresql_give_the_same_findings_and_figures(
    lay_flis: Callable[..., object], shared: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_flis(tmp_path / "shared", FAULTS)
    shared(tmp_path / "shared")
    elsewhere = run(tmp_path / "shared")
    monkeypatch.delenv("LOADGATE_DATABASE_URL")
    lay_flis(tmp_path / "here", FAULTS)

    here = run(tmp_path / "here")

    assert elsewhere == here
    assert len(here["cases"]) > 1


def test_of_two_machines_that_run_the_same_month_the_first_wins(
    lay_flis: Callable[..., object], shared: Callable[[Path], None], tmp_path: Path
) -> None:
    lay_flis(tmp_path / "one", FAULTS)
    shared(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")

    both = [start(tmp_path / name) for name in ("one", "two")]
    ended = [(process, *process.communicate(timeout=600)) for process in both]

    won = [json.loads(out) for process, out, _ in ended if process.returncode in (0, 3)]
    refused = [said for process, _, said in ended if process.returncode not in (0, 3)]
    assert len(won) == 1, [(process.returncode, said[-300:]) for process, _, said in ended]
    assert len(refused) == 1
    assert REFUSED in refused[0]
    assert won[0]["run"] == PERIOD
