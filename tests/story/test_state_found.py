"""The state as a command finds it: lost, cut, or not to be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ALL_WHO_LOOK_OR_ACT = {
    "status": ["status"],
    "runs": ["runs"],
    "arrivals": ["arrivals", "2024-02"],
    "cases": ["case", "list"],
    "a case": ["case", "show", "1"],
    "the ledger": ["ledger", "show"],
    "waive": ["waive", "1", "--reason", "known", "--until", "2030-01-01"],
    "run": ["run", "2024-02", "--inline"],
    "release": ["release", "2024-01"],
    "rebuild": ["state", "rebuild"],
}
NO_RIGHT_TO_WRITE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]  # which root needs not


def lose(site: Any) -> None:
    for path in site.state.glob("loadgate.db*"):
        path.unlink()


@pytest.mark.parametrize("argv", ALL_WHO_LOOK_OR_ACT.values(), ids=ALL_WHO_LOOK_OR_ACT.keys())
def test_nobody_is_told_that_all_is_well_from_a_database_that_was_lost(argv: list[str], released_site: Any) -> None:
    released_site.deliver("2024-02")
    lose(released_site)

    for _ in range(2):  # the second finds a new one, made by the first
        done = released_site(*argv)

        assert done.code == 5
        assert "the ledger does not say all that was approved: entry 1 and all after it are missing" in done.err
        assert "or let LOADGATE_DATABASE_URL name the right one" in done.err
        assert "RELEASE" not in done.out


def test_doctor_and_the_ledgers_own_check_say_that_the_database_was_lost(released_site: Any) -> None:
    lose(released_site)

    (told,) = [one for one in released_site("doctor", "--json").json if one["what"] == "database"]
    checked = released_site("ledger", "verify")

    assert told["state"] == "bad"
    assert "entry 1 and all after it are missing" in told["found"]
    assert (checked.code, "entry 1 and all after it are missing" in checked.err) == (1, True)
    assert released_site("verify").code == 1


@pytest.mark.parametrize(
    "damage",
    [
        shutil.rmtree,
        lambda vintage: (vintage / "manifest.json").unlink(),
        lambda vintage: (vintage / "figures.parquet").write_bytes(b"PAR1"),
    ],
    ids=["gone", "without its manifest", "other figures"],
)
def test_doctor_says_that_a_vintage_is_not_what_was_approved_before_a_run_misses_it(
    damage: Any, released_site: Any
) -> None:
    def looked() -> tuple[int, list[tuple[str, str]]]:
        done = released_site("doctor", "--json")
        return done.code, [(one["state"], one["found"]) for one in done.json if one["what"] == "vintages"]

    assert looked() == (0, [("ok", "2 as approved")])
    damage(released_site.path / "baselines" / "vintages" / "2024-01")

    assert looked() == (5, [("bad", "the vintage of 2024-01 is not what was approved")])


def test_a_run_that_the_database_does_not_know_is_said_though_nothing_was_ever_approved(held_site: Any) -> None:
    held_site.run("2024-01")
    with held_site.database() as database:
        database.execute("DELETE FROM ledger")
    shutil.rmtree(held_site.path / "baselines" / "vintages", ignore_errors=True)
    shutil.rmtree(held_site.state / "published", ignore_errors=True)
    for manifest in held_site.state.glob("runs/*/manifest.json"):
        manifest.unlink()
    assert held_site("status").code == 0
    lose(held_site)

    done = held_site("status")

    assert done.code == 5
    lost = f"the state database does not know of 2 of the runs in {held_site.state / 'runs'}: 2023-12, 2024-01"
    assert lost in done.err
    assert "where no backup knows of a run, move its folder away and run the month again" in done.err


UNREADABLE = {
    "the run's manifest": "state/runs/2023-12/manifest.json",
    "its vintage's manifest": "baselines/vintages/2023-12/manifest.json",
    "its release's manifest": "state/published/2023-12/manifest.json",
    "its judgement's manifest": "state/runs/2023-12/judge/all/manifest.json",
}


@pytest.mark.parametrize("file", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_of_one_run_is_told_with_all_that_can_be(file: str, held_site: Any) -> None:
    assert held_site("run", "2024-01", "--inline").code == 3
    before = held_site("status", "--json").json
    (held_site.path / file).write_text("")
    told = f"{held_site.path / file} cannot be read"

    listed, shown = held_site("runs", "--json"), held_site("runs")
    status = held_site("status", "--json")

    assert (listed.code, shown.code) == (5, 5)
    assert [(row["run"], row["verdict"], row.get("could_not_run")) for row in listed.json] == [
        ("2023-12", "release", told),
        ("2024-01", "hold", None),
    ]
    assert f"2023-12      {told}\n             restore the folder from the backup" in shown.out
    if "judge" in file:  # what a released run was judged waits for nobody
        assert (status.code, status.json) == (0, before)
        return
    assert (status.code, status.json[1:]) == (5, before)
    unread = {"run": "2023-12", "what": told, "next": "restore the folder from the backup", "could_not_run": True}
    assert unread.items() <= status.json[0].items()
    assert status.json[0]["owner"] == "operations"
    assert told in held_site("status").out
    acted = held_site("waive", "1", "--reason", "known", "--until", "2030-01-01")
    assert (acted.code, told in acted.err) == (5, True)


@pytest.mark.parametrize("damage", [lambda file: file.write_text("{"), Path.unlink], ids=["cut", "gone"])
def test_a_run_of_which_nobody_can_read_what_it_was_opened_with_is_named(damage: Any, held_site: Any) -> None:
    assert held_site("run", "2024-01", "--inline").code == 3
    damage(held_site.state / "runs" / "2024-01" / "opened" / "inputs.json")
    told, fix = "what run 2024-01 was opened with cannot be read", f"restore {held_site.state}/runs/2024-01/opened"

    status = held_site("status")
    refused = held_site("release", "2024-01")

    assert status.code == 5
    assert f"2024-01      {told}\n             waits for: operations\n             {fix}" in status.out
    assert (refused.code, told in refused.err) == (5, True)


def forbid_writing(site: Any) -> None:
    for path in (site.path, *site.path.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o500 if path.is_dir() else 0o400)


def allow_writing(site: Any) -> None:
    for path in (site.path, *site.path.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


def reading_only(site: Any, *argv: str) -> subprocess.CompletedProcess[str]:
    prefix = NO_RIGHT_TO_WRITE if os.geteuid() == 0 else []
    if prefix and shutil.which(prefix[0]) is None:
        pytest.skip("root may write everywhere")
    return subprocess.run(
        [*prefix, sys.executable, "-m", "loadgate", *argv, "--site", str(site.path)],
        capture_output=True,
        text=True,
        check=False,
        env=site.loadgate.environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("command", ["verify", "status", "runs"])
def test_who_may_only_read_a_site_looks_at_it(command: str, released_site: Any) -> None:
    before = released_site(command)
    released_site.rows("PRAGMA wal_checkpoint(TRUNCATE)")  # the last to close takes the log away
    assert [path.name for path in released_site.state.glob("loadgate.db*")] == ["loadgate.db"]
    forbid_writing(released_site)
    try:
        done = reading_only(released_site, command)
    finally:
        allow_writing(released_site)

    assert (done.returncode, done.stdout) == (before.code, before.out), done.stderr


def test_who_may_only_read_sees_what_another_process_has_just_written(released_site: Any) -> None:
    with released_site.database() as database:
        database.execute("UPDATE runs SET opened_by = 'berta'")
        database.commit()
        assert Path(f"{released_site.state / 'loadgate.db'}-wal").stat().st_size
        forbid_writing(released_site)
        try:
            done = reading_only(released_site, "runs")
        finally:
            allow_writing(released_site)

    assert "berta" in done.stdout, done.stderr


def test_who_may_only_read_is_told_so_where_a_command_writes(released_site: Any) -> None:
    forbid_writing(released_site)
    try:
        done = reading_only(released_site, "waive", "1", "--reason", "known", "--until", "2030-01-01")
        asked = reading_only(released_site, "state", "rebuild")
    finally:
        allow_writing(released_site)

    assert done.returncode != 0
    assert "Traceback" not in done.stderr + asked.stderr
    assert asked.returncode == 5
    assert "the state database may not be written" in asked.stderr
