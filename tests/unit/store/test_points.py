"""A process is killed at every durable step of a small piece of work; nothing half done may ever be seen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loadgate.store import durable
from loadgate.store.state import open_state

# Each piece of work runs in a fork, so that the heavy imports are paid once. argv: a folder, and how many points to
# kill at (0: none). A killed piece of work is looked at, then done again.
SCENARIO = """
import json, os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import loadgate.store.database, loadgate.store.ledger
from loadgate.store import durable, points
from loadgate.store.state import open_state

NOW = datetime(2026, 11, 3, tzinfo=UTC)

def work(site):
    state = open_state(site / "loadgate.db")
    folder = durable.open_folder(site / "tmp")
    for name in ("figures.parquet", "deep/lineage.parquet"):
        durable.write_bytes(folder / name, name.encode() * 100)
    durable.seal(folder, {"key": "k"})
    durable.commit_folder(folder, site / "runs" / "2026-10" / "measure")
    state.results.put("measure", "health", "k", "runs/2026-10/measure")
    state.ledger.append("judged", "loadgate", {"run": "2026-10"}, NOW, once=True)
    durable.write_text(site / "CURRENT", "2026-10")
    state.close()

def look(site):
    state = open_state(site / "loadgate.db")
    folder = site / "runs" / "2026-10" / "measure"
    seen = {
        "folder": durable.exists(folder),
        "differences": durable.differences(folder) if durable.exists(folder) else [],
        "unsealed": folder.exists() and not durable.exists(folder),
        "result": state.results.find("measure", "health", "k") is not None,
        "acts": len(state.ledger.entries()),
        "fault": str(state.ledger.verify().fault),
        "current": (site / "CURRENT").read_text() if (site / "CURRENT").exists() else None,
    }
    state.close()
    return seen

def forked(site, kill_at=None):
    child = os.fork()
    if child == 0:
        os.environ["LOADGATE_KILL_AT"] = str(kill_at or "")
        points._planned = False  # a fork has passed no point yet
        try:
            work(site)
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]

root, count = Path(sys.argv[1]), int(sys.argv[2])
for kill_at in range(1, count + 1):
    site = root / str(kill_at)
    killed = os.WTERMSIG(forked(site, kill_at)) == signal.SIGKILL
    after = look(site)
    forked(site)
    print(json.dumps({"killed": killed, "after": after, "again": look(site)}))
if not count:
    work(root)
"""

WHOLE = {
    "folder": True,
    "differences": [],
    "unsealed": False,
    "result": True,
    "acts": 1,
    "fault": "None",
    "current": "2026-10",
}


def _run(root: Path, points: int, **environment: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", SCENARIO, str(root), str(points)],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> int:
    root = tmp_path_factory.mktemp("counted")
    _run(root / "site", 0, LOADGATE_COUNT_POINTS=str(root / "points"))
    return int((root / "points").read_text(encoding="utf-8"))


def test_a_process_killed_at_any_durable_step_leaves_nothing_half_done(tmp_path: Path, points: int) -> None:
    assert points > 40

    outcomes = _run(tmp_path, points)

    assert [outcome["killed"] for outcome in outcomes] == [True] * points
    for at, outcome in enumerate(outcomes, start=1):
        after = outcome["after"]
        assert not after["unsealed"], at
        assert after["differences"] == [], at
        assert after["fault"] == "None", at
        assert after["current"] in (None, "2026-10"), at
        # what refers to a thing comes after it
        order = [after["folder"], after["result"], after["acts"] == 1, after["current"] is not None]
        assert order == sorted(order, reverse=True), at
        assert outcome["again"] == WHOLE, at
    # both sides of each change were met, so the kills hit where it matters
    assert {outcome["after"]["folder"] for outcome in outcomes} == {True, False}
    assert {outcome["after"]["acts"] for outcome in outcomes} == {0, 1}
    _assert_what_was_left_can_be_found(tmp_path)


def _assert_what_was_left_can_be_found(root: Path) -> None:
    for site in root.iterdir():
        for half in list(durable.half_written(site)):
            durable.discard_folder(half) if half.is_dir() else half.unlink()
        assert sorted(path.name for path in site.iterdir() if not path.name.startswith("loadgate.db")) == [
            "CURRENT",
            "runs",
            "tmp",
        ]
        assert list((site / "tmp").iterdir()) == []


def test_points_are_passed_before_and_after_every_step(points: int, tmp_path: Path) -> None:
    assert points % 2 == 0
    _run(tmp_path / "again", 0, LOADGATE_COUNT_POINTS=str(tmp_path / "points"))

    assert int((tmp_path / "points").read_text(encoding="utf-8")) == points


def test_a_point_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCENARIO, str(tmp_path), "0"],
        env={**os.environ, "LOADGATE_KILL_AT": "soon"},
        capture_output=True,
        check=False,
        text=True,
    )

    assert "LOADGATE_KILL_AT is not a whole number" in done.stderr


def test_without_the_environment_nothing_is_counted_and_nothing_dies(tmp_path: Path) -> None:
    _run(tmp_path / "site", 0)

    state = open_state(tmp_path / "site" / "loadgate.db")
    assert len(state.ledger.entries()) == 1
    state.close()


def test_a_kill_beyond_the_last_point_never_comes(tmp_path: Path, points: int) -> None:
    _run(tmp_path / "site", 0, LOADGATE_KILL_AT=str(points + 1))
    with pytest.raises(subprocess.CalledProcessError) as raised:
        _run(tmp_path / "other", 0, LOADGATE_KILL_AT=str(points))

    assert raised.value.returncode == -signal.SIGKILL
