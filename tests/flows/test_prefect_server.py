"""The embedded Prefect server: behind a secret, gone with its parent, and never started where one is given."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# A parent that starts the server, asks it with and without the secret, reports, and waits to be killed.
PARENT = """
import base64, json, os, sys, time, urllib.error, urllib.request
from pathlib import Path
from loadgate.cli.prefect_server import EmbeddedServer

server = EmbeddedServer.start(Path(sys.argv[1]))
waited = server.is_ready
imported = "prefect" in sys.modules
url = server.wait_ready()

def status(auth):
    request = urllib.request.Request(url + "/admin/version")
    if auth:
        request.add_header("Authorization", "Basic " + base64.b64encode(auth.encode()).decode())
    try:
        return urllib.request.urlopen(request, timeout=30).status
    except urllib.error.HTTPError as problem:
        return problem.code

print(json.dumps({
    "pid": server.pid, "url": url, "waited": waited, "imported": imported,
    "without": status(None), "wrong": status("loadgate:guess"), "right": status(server.auth),
    "environment": {n: v for n, v in os.environ.items() if n.startswith("PREFECT_")},
}), flush=True)
time.sleep(600)
"""


@dataclass
class Parent:
    process: subprocess.Popen[bytes]
    said: dict[str, object]
    home: Path


def without_prefect() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parent]:
    home = tmp_path_factory.mktemp("site") / "state" / "prefect"
    environment = without_prefect() | {"PREFECT_PROFILE": "mine", "PREFECT_API_DATABASE_CONNECTION_URL": "sqlite:///x"}
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", PARENT, str(home)], stdout=subprocess.PIPE, env=environment, cwd=home.parents[1]
    )
    assert process.stdout is not None
    try:
        yield Parent(process=process, said=json.loads(process.stdout.readline()), home=home)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text() if Path("/proc").is_dir() else ""
    except (ProcessLookupError, FileNotFoundError):  # it may go while it is asked
        return False
    return status.rpartition(")")[2].split()[:1] != ["Z"]


def test_starting_the_server_waits_for_nothing_and_imports_no_prefect(parent: Parent) -> None:
    assert parent.said["imported"] is False
    assert parent.said["waited"] is False


def test_the_server_answers_only_who_knows_the_secret(parent: Parent) -> None:
    assert (parent.said["without"], parent.said["wrong"], parent.said["right"]) == (401, 401, 200)


def test_the_client_is_pointed_at_the_embedded_server_and_at_nothing_of_the_users(parent: Parent) -> None:
    environment = parent.said["environment"]
    assert isinstance(environment, dict)
    assert environment["PREFECT_API_URL"] == parent.said["url"]
    assert environment["PREFECT_HOME"] == str(parent.home)
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert "PREFECT_PROFILE" not in environment
    assert "PREFECT_API_DATABASE_CONNECTION_URL" not in environment


def test_the_servers_home_is_below_the_state_and_closed_to_others(parent: Parent) -> None:
    assert (parent.home / "prefect.db").exists()
    assert parent.home.stat().st_mode & 0o077 == 0


def test_the_server_is_gone_soon_after_its_parent_was_killed(parent: Parent) -> None:
    server = int(str(parent.said["pid"]))
    assert is_alive(server)

    parent.process.send_signal(signal.SIGKILL)
    parent.process.wait()

    deadline = time.monotonic() + 15
    while is_alive(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(server)


def run(code: str, *, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", code, str(home)],
        env=without_prefect() | environment,
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_server_can_be_imported_with_the_locked_fastapi(tmp_path: Path) -> None:
    done = run("import prefect.server.api.server", home=tmp_path / "home", PREFECT_HOME=str(tmp_path / "home"))
    assert done.returncode == 0, done.stderr


def test_a_server_named_in_the_environment_is_used_and_none_is_started(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from loadgate.cli.prefect_server import ensure_server
assert ensure_server(Path(sys.argv[1])) is None
print(os.environ["PREFECT_API_URL"], os.environ["PREFECT_API_KEY"], os.environ["PREFECT_HOME"])
"""
    home = tmp_path / "prefect"
    done = run(code, home=home, PREFECT_API_URL="https://prefect.example/api", PREFECT_API_KEY="k")
    assert done.stdout.split() == ["https://prefect.example/api", "k", str(home)], done.stderr


def test_a_server_that_ends_before_it_is_ready_is_said_so(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from loadgate.cli.prefect_server import EmbeddedServer
from loadgate.errors import CouldNotRun
(Path(sys.argv[1]) / "prefect.db").mkdir(parents=True)
try:
    EmbeddedServer.start(Path(sys.argv[1])).wait_ready(60)
except CouldNotRun as problem:
    print(problem)
"""
    home = tmp_path / "prefect"
    done = run(code, home=home)
    assert done.stdout == (
        "the embedded Prefect server ended before it was ready\n"
        f"  fix       read {home / 'server.log'}; or set PREFECT_API_URL to a server of your own\n"
    ), done.stderr
