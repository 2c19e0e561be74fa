"""The flows are deployed to a real server by Prefect's own command, without a question."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Deploys to a server that lives as long as this process, then asks the server what it knows.
DEPLOY = """
import json, subprocess, sys
from pathlib import Path
from loadgate.cli.prefect_server import EmbeddedServer

home, root = Path(sys.argv[1]), Path(sys.argv[2])
server = EmbeddedServer.start(home)
server.wait_ready()

def prefect(*words):
    return subprocess.run([sys.executable, "-m", "prefect", "--no-prompt", *words], cwd=root, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)

pool = prefect("work-pool", "create", "loadgate", "--type", "process")
deployed = prefect("deploy", "--prefect-file", "infra/prefect.yaml", "--all")

import httpx

with httpx.Client(base_url=server.api_url, auth=tuple(server.auth.split(":"))) as client:
    flows = {one["id"]: one["name"] for one in client.post("/flows/filter", json={}).raise_for_status().json()}
    known = [{**one, "flow": flows[one["flow_id"]]}
             for one in client.post("/deployments/filter", json={}).raise_for_status().json()]

print(json.dumps({"pool": [pool.returncode, pool.stdout + pool.stderr],
                  "deployed": [deployed.returncode, deployed.stdout + deployed.stderr],
                  "known": known}), flush=True)
"""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    folder = tmp_path_factory.mktemp("deploy")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "LOADGATE_"))}
    environment |= {"HOME": str(folder), "LOADGATE_HOME": "/srv/loadgate", "LOADGATE_SITE": "/srv/site"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", DEPLOY, str(folder / "prefect"), str(ROOT)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_the_command_deploys_all_without_a_question(deployed: dict[str, list[object]]) -> None:
    assert deployed["pool"][0] == 0, deployed["pool"][1]
    assert deployed["deployed"][0] == 0, deployed["deployed"][1]


def test_the_server_knows_the_three_flows_by_their_files(deployed: dict[str, list[dict[str, object]]]) -> None:
    known = {one["flow"]: one["entrypoint"] for one in deployed["known"]}

    assert known == {
        "arrival-watch": "flows/arrival_watch.py:arrival_watch",
        "monthly-load": "flows/monthly_load.py:monthly_load",
        "release-month": "flows/release_month.py:release_month",
    }


def test_each_runs_one_at_a_time_and_none_by_the_clock_before_somebody_says_so(
    deployed: dict[str, list[dict[str, object]]],
) -> None:
    known = deployed["known"]

    assert [one["global_concurrency_limit"]["limit"] for one in known] == [1, 1, 1]  # type: ignore[index]
    schedules = {one["flow"]: one["schedules"] for one in known}
    assert {flow: len(listed) for flow, listed in schedules.items()} == {  # type: ignore[arg-type]
        "arrival-watch": 1,
        "monthly-load": 1,
        "release-month": 0,
    }
    assert not any(schedule["active"] for listed in schedules.values() for schedule in listed)  # type: ignore[attr-defined]


def test_the_site_and_the_folder_with_the_flows_come_from_the_environment(
    deployed: dict[str, list[dict[str, object]]],
) -> None:
    step = {"prefect.deployments.steps.set_working_directory": {"directory": "/srv/loadgate"}}
    for one in deployed["known"]:
        assert one["parameters"] == {"site": "/srv/site"}
        assert one["pull_steps"] == [step]
