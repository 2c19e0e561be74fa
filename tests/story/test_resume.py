"""A month that is cut short is taken up where it stopped, and a resend re-does only what depends on it."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PERIOD = "2024-02"
DELIVERIES = f"deliveries/{PERIOD}/surveillance/weekly_reports"
LAST = f"{PERIOD}/surveillance/weekly_reports/13/v1"


def sealed(site: Any, below: str) -> dict[str, int]:
    """Every sealed folder below a folder of the state → when its manifest was written."""
    root = site.state / below
    return {
        path.parent.relative_to(site.state).as_posix(): path.stat().st_mtime_ns for path in root.rglob("manifest.json")
    }


def written(site: Any) -> dict[str, int]:
    """Every file of the state but the database, the lock and what is landed to be looked at → when it was written."""
    kept = ("archive", "content", "deliveries", "fingerprints", "published", "runs")
    files = [path for name in kept for path in (site.state / name).rglob("*") if path.is_file()]
    return {path.relative_to(site.state).as_posix(): path.stat().st_mtime_ns for path in files}


def attempts(site: Any, run: str, step: str | None = None) -> dict[tuple[str, str], int]:
    rows = site.rows("SELECT step, work_id, attempts FROM work WHERE run = ?", run)
    return {(one, work_id): number for one, work_id, number in rows if step in (None, one)}


@contextmanager
def held_in_the_middle(site: Any, edits: Any) -> Iterator[Any]:
    """A run at work on its last delivery, which it cannot put in its place until the body is over.

    Whoever puts a folder in its place is alone in the folder above it, and here that is us.
    """
    last = site.state / "deliveries" / LAST
    last.mkdir(parents=True)
    descriptor = os.open(last, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    running = site.start("run", PERIOD, "--inline", "--json")
    try:
        edits.until(lambda: attempts(site, PERIOD).get(("deliveries", LAST)) == 1)
        yield running
    finally:
        os.close(descriptor)


STOPS = {
    signal.SIGINT: (130, "interrupted; the same command takes it up where it stopped"),
    signal.SIGTERM: (143, "terminated; the same command takes it up where it stopped"),
}


@pytest.fixture(params=STOPS, ids=lambda number: number.name)
def interrupted(request: Any, site: Any, edits: Any) -> Any:
    """A run that was stopped in the middle; asked once more after a while, as Python drops what a finalizer raises."""
    with held_in_the_middle(site, edits) as running:
        running.send(request.param)
        again = threading.Timer(20, running.send, [request.param])
        again.start()
        done = running.ended()
        again.cancel()
    code, told = STOPS[request.param]
    assert done.code == code, done.said
    assert told in done.err
    assert done.json == {"error": told, "fix": None, "exit": code, "faults": []}
    return site


def test_ctrl_c_leaves_a_named_state_and_says_what_to_do_next(interrupted: Any) -> None:
    assert not (interrupted.state / "runs" / PERIOD / "manifest.json").exists()
    assert interrupted("runs", "--json").json[-1]["state"] == "interrupted"
    (line,) = interrupted("status", "--json").json
    assert line == {
        "run": PERIOD,
        "what": "interrupted",
        "owner": "operations",
        "contact": "Whoever runs this sample",
        "next": f"loadgate run {PERIOD}",
    }
    states = {state for (state,) in interrupted.rows("SELECT state FROM work WHERE run = ?", PERIOD)}
    assert states <= {"planned", "done", "interrupted"}


def test_running_again_after_ctrl_c_completes_and_does_no_delivery_twice(interrupted: Any, tmp_path: Path) -> None:
    before = sealed(interrupted, DELIVERIES)
    assert len(before) == 4

    interrupted.run(PERIOD)

    after = sealed(interrupted, DELIVERIES)
    assert len(after) == 6
    assert {folder: after[folder] for folder in before} == before
    assert interrupted.runs() == ["2024-01", PERIOD]
    assert interrupted("runs", "--json").json[-1]["state"] == "judged"
    assert {state for (state,) in interrupted.rows("SELECT state FROM work WHERE run = ?", PERIOD)} == {"done"}


@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_ctrl_c_while_prefect_runs_the_month_leaves_the_same_named_state(number: Any, site: Any, edits: Any) -> None:
    running = site.loadgate.cold("run", PERIOD, "--site", site.path)
    edits.until(lambda: any((site.state / DELIVERIES).rglob("typed-*/manifest.json")))
    running.send(number)
    done = running.ended()
    code, told = STOPS[number]
    assert (done.code, done.err.strip()) == (code, told), done.said
    assert "Traceback" not in done.said
    assert site("status", "--json").json[0]["what"] == "interrupted"

    assert site.run(PERIOD)["verdict"] == "release"
    assert site("release", PERIOD).code == 0


def test_a_second_process_is_told_who_holds_the_period(site: Any, edits: Any) -> None:
    with held_in_the_middle(site, edits) as first:
        second = site("run", PERIOD, "--inline")
        release = site("release", PERIOD)
        other = site("run", "2024-01", "--inline")
    assert first.ended().code == 0

    assert second.code == 5
    assert f"{PERIOD} is being worked on by anna (process {first.pid} on " in second.err
    assert release.code in (1, 5)
    assert other.code == 0
    assert site.runs() == ["2024-01", PERIOD]


def test_the_lock_does_not_survive_its_holder(site: Any, edits: Any) -> None:
    with held_in_the_middle(site, edits) as first:
        first.send(signal.SIGKILL)
        assert first.ended().code == -9
    assert site("run", PERIOD, "--inline").code == 0


def test_rows_that_a_killed_run_left_half_written_go_with_the_next_run(site: Any, edits: Any) -> None:
    with held_in_the_middle(site, edits) as running:
        edits.until(lambda: list((site.state / "tmp").rglob("typed.parquet")))
        running.send(signal.SIGKILL)
        assert running.ended().code == -9
    assert list((site.state / "tmp").rglob("typed.parquet"))

    site.run(PERIOD)

    assert list((site.state / "tmp").iterdir()) == []


def test_a_second_run_with_nothing_to_do_does_no_step_and_needs_no_server(site: Any) -> None:
    site.run(PERIOD)
    written_before, tried_before = written(site), attempts(site, PERIOD)

    again = site("run", PERIOD)

    assert again.code == 0, again.said
    assert "(nothing left to do)" in again.out
    assert written(site) == written_before
    assert attempts(site, PERIOD) == tried_before
    assert not (site.state / "prefect").exists()
    assert site.runs() == ["2024-01", PERIOD]


def resend(site: Any, provider: str, edits: Any, *, newer: bool) -> None:
    if not newer:
        site.rewrite(PERIOD, provider, edits.edited(4, b"", b"77", rows=slice(9, 10)))
        return
    old = site.file(PERIOD, provider)
    new = old.with_name(old.name.replace("2024-02-27", "2024-02-28"))
    site.put(new, edits.edited(4, b"", b"77", rows=slice(9, 10))(site.lines(PERIOD, provider)))
    site.receive({site.name_of(new): "2024-02-28T09:12:00+01:00"})


@pytest.mark.parametrize("newer", [False, True], ids=["in its place", "under a newer date"])
def test_one_resend_re_does_only_what_depends_on_it(site: Any, edits: Any, newer: bool) -> None:
    site.run(PERIOD)
    before = sealed(site, DELIVERIES)

    resend(site, "04", edits, newer=newer)
    view = site.run(PERIOD)

    assert view["run"] == f"{PERIOD}.2"
    assert attempts(site, f"{PERIOD}.2", "deliveries") == {
        ("deliveries", f"{PERIOD}/surveillance/weekly_reports/04/v2"): 1
    }
    after = sealed(site, DELIVERIES)
    assert {folder: after[folder] for folder in before} == before
    new = sorted(folder.rpartition("/")[0] for folder in after.keys() - before.keys())
    assert new == [f"{DELIVERIES}/04/v2", f"{DELIVERIES}/04/v2"]
    states = {one["delivery"].rpartition("/")[2]: one["version"] for one in view["arrivals"]["deliveries"]}
    assert states == {"04": 2, "10": 1, "13": 1}
    first, second = site.manifest(PERIOD), site.manifest(f"{PERIOD}.2")
    assert first["figures_sha256"] != second["figures_sha256"]


def test_the_same_bytes_sent_again_open_no_new_run(site: Any) -> None:
    site.run(PERIOD)
    old = site.file(PERIOD, "04")
    new = old.with_name(old.name.replace("2024-02-27", "2024-02-28"))
    new.write_bytes(old.read_bytes())
    site.receive({site.name_of(new): "2024-02-28T09:12:00+01:00"})

    view = site.run(PERIOD)

    assert view["run"] == PERIOD
    assert site.runs() == ["2024-01", PERIOD]


def test_a_changed_gate_judges_anew_and_reads_and_measures_nothing_again(site: Any) -> None:
    site.run(PERIOD)
    results = "SELECT step, work_id, key FROM results WHERE step IN ('across', 'measure', 'compare', 'detect')"
    before, made = sealed(site, DELIVERIES), set(site.rows(results))
    gate = site.path / "expectations" / "gate.yaml"
    gate.write_text(gate.read_text().replace("shared: 5", "shared: 4"))

    view = site.run(PERIOD)

    assert view["run"] == f"{PERIOD}.2"
    assert attempts(site, f"{PERIOD}.2", "deliveries") == {}
    assert sealed(site, DELIVERIES) == before
    assert set(site.rows(results)) == made
    assert site.manifest(PERIOD)["figures_sha256"] == site.manifest(f"{PERIOD}.2")["figures_sha256"]


def test_a_release_of_the_rerun_takes_over_from_the_first(site: Any, edits: Any) -> None:
    site.run(PERIOD)
    assert site("release", PERIOD).code == 0
    resend(site, "04", edits, newer=False)
    site.run(PERIOD)
    assert site("release", f"{PERIOD}.2").code == 0

    assert site("verify", "--json").json["run"] == f"{PERIOD}.2"
    assert site("ledger", "verify").code == 0
    again = site("release", PERIOD)
    assert again.code == 0, again.said
    assert site("verify", "--json").json["run"] == f"{PERIOD}.2"


def test_a_delivery_that_failed_is_measured_once_it_is_read_and_each_line_is_true_when_printed(site: Any) -> None:
    """What lies in the place of its rows is no folder, until somebody takes it away."""
    clean = site.copy(site.path.with_name("clean"))
    expected = clean.run(PERIOD)
    last = site.state / "deliveries" / LAST
    last.parent.mkdir(parents=True)
    last.write_text("in the way")
    first = site("run", PERIOD, "--inline")
    assert "reading     2 of 3" in first.out, first.said
    last.unlink()

    again = site("run", PERIOD, "--inline")

    for line in ("reading     3 of 3", "checking    3 of 3", "measuring   2 figures, 3 providers"):
        assert line in again.out, again.said
    assert "measuring   2 figures, 2 providers" in first.out
    view = site.run(PERIOD)
    assert (view["verdict"], view["findings"]) == (expected["verdict"], expected["findings"])
    assert site.manifest(PERIOD)["figures_sha256"] == clean.manifest(PERIOD)["figures_sha256"]
