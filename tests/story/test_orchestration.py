"""A month run by Prefect and the same month run in one process come to the same run, unit by unit."""

from __future__ import annotations

import os
import re
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

PERIOD = "2024-02"
NAMES = {  # of the flow's tasks, whose names people see → the step that each does units of
    "read and check deliveries": "deliveries",  # one each: they are few
    "look across deliveries": "across",
    "measure an area": "measure",
    "compare with control figures and prior run": "compare",
    "detect systematic differences": "detect",
    "judge": "judge",
}


@pytest.fixture(scope="module")
def by_prefect(case_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run by the installed program as a user runs it, in a process that has imported nothing yet."""
    site = case_template.copy(tmp_path_factory.mktemp("orchestrated") / "site")
    done = site.loadgate.cold("run", PERIOD, "--site", site.path).ended()
    assert done.code == 0, done.said
    assert "Traceback" not in done.said
    (site.path / "said").write_text(done.said)
    return site


@pytest.fixture(scope="module")
def inline(case_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    site = case_template.copy(tmp_path_factory.mktemp("inline") / "site")
    site.run(PERIOD)
    return site


def test_inline_and_prefect_write_the_same_manifest_to_the_byte(by_prefect: Any, inline: Any) -> None:
    written = [(site.state / "runs" / PERIOD / "manifest.json").read_bytes() for site in (by_prefect, inline)]
    assert written[0] == written[1]


def test_inline_and_prefect_do_the_same_units_of_the_same_steps(by_prefect: Any, inline: Any) -> None:
    query = "SELECT step, work_id, state, attempts FROM work WHERE run = ? ORDER BY step, work_id"
    units = inline.rows(query, PERIOD)
    assert by_prefect.rows(query, PERIOD) == units
    assert {(state, attempts) for *_, state, attempts in units} == {("done", 1)}


def test_each_unit_is_one_prefect_task_under_the_name_of_its_step(by_prefect: Any) -> None:
    with sqlite3.connect(by_prefect.state / "prefect" / "prefect.db") as database:
        tasks = database.execute("SELECT task_key, state_type FROM task_run").fetchall()
    database.close()
    flow = (Path(__file__).parents[2] / "flows" / "monthly_load.py").read_text()
    functions = {name: text for text, name in re.findall(r'@task\(name="([^"]+)"[^\n]*\)\ndef (\w+)', flow)}
    done = Counter(functions[key.rpartition(".")[2].partition("-")[0]] for key, state in tasks if state == "COMPLETED")
    units = Counter(step for (step,) in by_prefect.rows("SELECT step FROM work WHERE run = ?", PERIOD))
    assert {NAMES[name]: number for name, number in done.items() if name in NAMES} == units


def test_the_prefect_server_is_gone_when_the_run_has_ended(by_prefect: Any) -> None:
    alive = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(by_prefect.state / "prefect") in environment:
            alive.append(folder.name)
    assert not alive


def test_an_operator_reads_no_line_of_prefects_own(by_prefect: Any) -> None:
    said = (by_prefect.path / "said").read_text()
    assert "RELEASE WITH CAVEATS" in said
    assert not re.search(
        r"\| (DEBUG|INFO|WARNING|ERROR|CRITICAL) *\||(Task|Flow) run|httpx|Cancelled|server\.api", said
    )
