"""A whole month needs no network: it works where there is only the loopback, and calls nobody beyond it."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Machine, Spoken

# Every Python process of the run writes down whom it calls and, at its end, what its environment says of telemetry.
WATCHER = """
import atexit, ipaddress, json, os, sys

LOG = os.environ["WATCHED_IN"]
CALLS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind", "socket.getaddrinfo",
         "socket.gethostbyname", "socket.gethostbyaddr"}

def note(entry):
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(json.dumps(entry) + "\\n")

def heard(event, arguments):
    if event in CALLS:
        address = arguments[1] if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind") else (
            arguments[0], arguments[1] if len(arguments) > 1 else 0)
        note({"event": event, "address": repr(address), "pid": os.getpid(),
              "host": address[0] if isinstance(address, tuple) else None})

sys.addaudithook(heard)
note({"event": "began", "arguments": sys.orig_argv, "pid": os.getpid()})

def ended():
    note({"event": "ended", "pid": os.getpid(), "modules": sorted({"prefect", "great_expectations"} & set(sys.modules)),
          "environment": {name: value for name, value in os.environ.items()
                          if "ANALYTICS" in name or "TRACK" in name or "TELEMETRY" in name}})

atexit.register(ended)
"""
HOSTS = {"127.0.0.1", "localhost", "::1", "", None, "0.0.0.0"}  # noqa: S104  the last two are looked up, not called
LOCAL = {"127.0.0.1", "::1"}


@functools.cache
def only_loopback() -> tuple[str, ...] | None:
    """What starts a command where there is no network but the loopback; None where that is not permitted."""
    ip = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if sys.platform != "linux" or ip is None or shutil.which("unshare") is None:
        return None
    for how in (("unshare", "-n"), ("unshare", "-rn")):
        start = (*how, "sh", "-c", f'{ip} link set lo up && exec "$@"', "sh")
        done = subprocess.run([*start, sys.executable, "-c", PROBE], capture_output=True, text=True)
        if done.returncode == 0 and done.stdout == "alone\n":
            return start
    return None


# The loopback answers, and there is no way out.
PROBE = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname(), timeout=5).close()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
    try:
        outside.connect(("192.0.2.1", 9))
    except OSError:
        print("alone")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month laid out, run with Prefect, released and verified on a machine that has nothing."""

    machine: Machine
    site: Path
    said: dict[str, Spoken]
    noted: list[dict[str, Any]]
    alone: bool

    def ended(self) -> list[dict[str, Any]]:
        return [entry for entry in self.noted if entry["event"] == "ended"]


@pytest.fixture(scope="module")
def month(machine_at: Callable[[Path], Machine], tmp_path_factory: pytest.TempPathFactory) -> Month:
    """Everything in a namespace with only the loopback, where that is permitted."""
    root = tmp_path_factory.mktemp("network")
    machine = machine_at(root)
    watch, log, site = root / "watch", root / "log", root / "site"
    watch.mkdir()
    (watch / "sitecustomize.py").write_text(WATCHER, encoding="utf-8")
    start = only_loopback()
    said = {}
    for name, words in {
        "sample": ["sample", "rki", str(site), "--period", "2024-01", "--json"],
        "run": ["run", "2024-01", "--site", str(site), "--json"],
        "waive": ["waive", "1", "--reason", "known", "--until", "2100-01-01", "--approver", "bo", "--site", str(site)],
        "release": ["release", "2024-01", "--as-of", "2024-02-06", "--site", str(site)],
        "verify": ["verify", "--site", str(site)],
    }.items():
        said[name] = machine.loadgate(*words, before=start or (), PYTHONPATH=str(watch), WATCHED_IN=str(log))
    noted = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return Month(machine=machine, site=site, said=said, noted=noted, alone=start is not None)


def test_the_whole_month_works(month: Month) -> None:
    codes = {name: spoken.code for name, spoken in month.said.items()}

    assert codes == {"sample": 0, "run": 3, "waive": 0, "release": 0, "verify": 0}, month.said
    assert json.loads(month.said["run"].out)["verdict"] == "hold"
    assert Path(json.loads(month.said["run"].out)["report"]).is_file()


def test_it_works_where_there_is_only_the_loopback(month: Month) -> None:
    if not month.alone:
        pytest.skip("needs a network namespace (unshare -n, or -rn), which this machine does not permit")

    assert month.said["release"].code == 0


def test_nobody_beyond_the_loopback_is_called_or_looked_up(month: Month) -> None:
    calls = [entry for entry in month.noted if entry["event"].startswith("socket.")]
    beyond = [
        entry
        for entry in calls
        if entry["host"] not in (LOCAL if entry["event"] in ("socket.connect", "socket.bind") else HOSTS)
        and not entry["address"].startswith(("'", "b'"))  # a Unix socket has a path
    ]

    assert beyond == []
    assert any(entry["event"] == "socket.connect" and entry["host"] == "127.0.0.1" for entry in calls)


def test_the_children_were_watched_too(month: Month) -> None:
    began = [entry["arguments"] for entry in month.noted if entry["event"] == "began"]

    assert any("loadgate.cli.prefect_server" in arguments for arguments in began)
    assert len(began) >= 6


def test_telemetry_is_switched_off_in_every_process_that_could_send_some(month: Month) -> None:
    switched = {"prefect": "PREFECT_SERVER_ANALYTICS_ENABLED", "great_expectations": "GX_ANALYTICS_ENABLED"}
    seen = set()

    for process in month.ended():
        for module in process["modules"]:
            assert process["environment"].get(switched[module], "").lower() == "false"
            assert process["environment"].get("DO_NOT_TRACK") == "1" or module == "great_expectations"
            seen.add(module)
    assert seen == set(switched)


def test_nothing_is_written_into_the_users_home_or_working_folder(month: Month) -> None:
    written = [path.relative_to(month.machine.home) for path in month.machine.home.rglob("*")]

    assert written == []
    assert list(month.machine.tmp.iterdir()) == []
    assert not [path for path in month.site.rglob("gx") if path.is_dir()]
    assert (month.site / "state" / "prefect").is_dir()
