"""Killed at any durable write of a run or a release, the same commands finish the work as if nothing had happened."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PERIOD = "2024-02"
SEED = 20240229
SHARDS = 40
PREFECT_POINTS = 6

Commands = tuple[tuple[str, ...], tuple[str, ...]]
INLINE: Commands = (("run", PERIOD, "--inline", "--json"), ("release", PERIOD))
PREFECT: Commands = (("run", PERIOD, "--json"), ("release", PERIOD))


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """What a month comes to when nobody kills it, and how many points its commands pass: run, release."""

    ends: dict[str, Any]
    points: tuple[int, int]

    def place(self, number: int) -> tuple[int, int]:
        """The point with this number over both commands, from 1: which command, and its own point."""
        return (0, number) if number <= self.points[0] else (1, number - self.points[0])


def what_stands(site: Any) -> dict[str, Any]:
    """Everything that must not depend on when somebody was killed."""
    manifest = site.manifest(PERIOD)
    return {
        "runs": site.rows("SELECT id, state FROM runs ORDER BY id"),
        "findings": manifest["findings_sha256"],
        "figures": manifest["figures_sha256"],
        "manifest": manifest,
        "judgement": (site.state / "runs" / PERIOD / "judge" / "all" / "judgement.json").read_bytes(),
        "cases": site.rows("SELECT number, origin, state, opened_run, last_run, body FROM cases ORDER BY number"),
        "members": site.rows("SELECT number, run, finding_id FROM case_findings ORDER BY 1, 2, 3"),
        "known": site.rows("SELECT step, work_id, key FROM results WHERE step IN ('version', 'rows') ORDER BY 1, 2, 3"),
        "units": site.rows("SELECT DISTINCT step, work_id, state FROM work WHERE run = ? ORDER BY 1, 2", PERIOD),
        "acts": [(kind, json.loads(body)["verdict"]) for kind, body in site.rows("SELECT kind, body FROM ledger")],
        "published": sorted(path.name for path in (site.state / "published").iterdir()),
        "vintages": sorted(path.name for path in (site.path / "baselines" / "vintages").iterdir()),
        "figures file": (site.state / "published" / PERIOD / "figures.parquet").read_bytes(),
    }


def count_points(site: Any, commands: Commands, into: Path) -> tuple[int, int]:
    counted = []
    for number, command in enumerate(commands):
        file = into / f"points-{number}"
        done = site(*command, env={"LOADGATE_COUNT_POINTS": str(file)})
        assert done.code == 0, done.said
        counted.append(int(file.read_text()))
    return counted[0], counted[1]


@pytest.fixture(scope="module")
def undisturbed(case_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    into = tmp_path_factory.mktemp("undisturbed")
    site = case_template.copy(into / "site")
    points = count_points(site, INLINE, into)
    return Undisturbed(ends=what_stands(site), points=points)


@pytest.fixture
def fresh(case_template: Any, tmp_path: Path) -> Callable[[int], Any]:
    @contextmanager
    def copied(number: int) -> Iterator[Any]:
        folder = tmp_path / str(number)
        yield case_template.copy(folder)
        shutil.rmtree(folder)  # a failure leaves it to be looked at

    return copied


def kill_and_go_on(site: Any, undisturbed: Undisturbed, *, commands: Commands, which: int, point: int) -> None:
    """One life: killed at this point of this command, looked at, then the same commands again."""
    if which == 1:
        assert site(*commands[0]).code == 0
    killed = site(*commands[which], env={"LOADGATE_KILL_AT": str(point)})
    assert killed.code == -9, killed.said

    nothing_is_half_published(site)

    again = site(*commands[0])
    assert again.code == 0, again.said
    assert (PERIOD, "judged") in site.rows("SELECT id, state FROM runs") or which == 1
    released = site(*commands[1])
    assert released.code == 0, released.said
    nothing_is_half_published(site)
    stands = what_stands(site)
    for name, expected in undisturbed.ends.items():
        assert stands[name] == expected, f"{name} is not what it is undisturbed"


def nothing_is_half_published(site: Any) -> None:
    verified = site("verify", "--json")
    assert verified.code == 0, verified.said
    assert verified.json["run"] in ("2024-01", PERIOD)
    chain = site("ledger", "verify")
    assert chain.code == 0, chain.said
    for command in (("status",), ("runs",), ("case", "list", "--all")):
        looked = site(*command)
        assert looked.code == 0, looked.said


@pytest.mark.parametrize("tenth", range(10))
def test_a_kill_at_a_random_point_changes_nothing_of_what_the_month_comes_to(
    tenth: int, undisturbed: Undisturbed, fresh: Any
) -> None:
    total = sum(undisturbed.points)
    chosen = random.Random(SEED + tenth).randrange(total * tenth // 10, total * (tenth + 1) // 10) + 1
    which, point = undisturbed.place(chosen)
    with fresh(chosen) as site:
        kill_and_go_on(site, undisturbed, commands=INLINE, which=which, point=point)


def test_the_month_that_is_killed_has_a_new_a_grown_and_a_resolved_case(undisturbed: Undisturbed) -> None:
    judgement = json.loads(undisturbed.ends["judgement"])
    assert {case["state"] for case in judgement["cases"]} == {"new", "worse"}
    assert judgement["resolved"]
    assert judgement["verdict"] == "release_with_caveats"
    assert [kind for kind, _ in undisturbed.ends["acts"]] == ["released", "released"]


@pytest.mark.chaos
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_kill_at_every_point_changes_nothing_of_what_the_month_comes_to(
    shard: int, undisturbed: Undisturbed, fresh: Any
) -> None:
    failed = {}
    for number in range(shard + 1, sum(undisturbed.points) + 1, SHARDS):
        which, point = undisturbed.place(number)
        try:
            with fresh(number) as site:
                kill_and_go_on(site, undisturbed, commands=INLINE, which=which, point=point)
        except AssertionError as error:
            failed[number] = f"{INLINE[which][0]} point {point}: {str(error)[:600]}"
    assert not failed


@pytest.mark.chaos
@pytest.mark.parametrize("shard", range(4))
def test_two_kills_one_after_the_other_change_nothing_either(shard: int, undisturbed: Undisturbed, fresh: Any) -> None:
    chance = random.Random(SEED * 10 + shard)
    failed = {}
    for turn in range(6):
        first, second = (chance.randrange(1, undisturbed.points[0]) for _ in range(2))
        try:
            with fresh(turn) as site:
                assert site(*INLINE[0], env={"LOADGATE_KILL_AT": str(first)}).code == -9
                # what was done is not done again, so the second may come to its end before its point
                assert site(*INLINE[0], env={"LOADGATE_KILL_AT": str(second)}).code in (0, -9)
                kill_and_go_on(site, undisturbed, commands=INLINE, which=1, point=turn + 1)
        except AssertionError as error:
            failed[first, second] = str(error)[:600]
    assert not failed


@pytest.fixture(scope="module")
def prefect_points(case_template: Any, tmp_path_factory: pytest.TempPathFactory) -> int:
    into = tmp_path_factory.mktemp("prefect")
    return count_points(case_template.copy(into / "site"), PREFECT, into)[0]


@pytest.mark.chaos
@pytest.mark.parametrize("part", range(PREFECT_POINTS))
def test_a_kill_while_prefect_runs_the_month_changes_nothing_either(
    part: int, undisturbed: Undisturbed, prefect_points: int, fresh: Any
) -> None:
    least, most = prefect_points * part // PREFECT_POINTS, prefect_points * (part + 1) // PREFECT_POINTS
    point = random.Random(SEED + part).randrange(least, most) + 1
    with fresh(point) as site:
        kill_and_go_on(site, undisturbed, commands=PREFECT, which=0, point=point)


@pytest.mark.chaos
@pytest.mark.parametrize("shard", range(8))
def test_a_kill_in_the_very_first_run_of_a_site_changes_nothing_either(
    shard: int, case_template: Any, tmp_path: Path
) -> None:
    """Where there is no state yet: the database, its tables and the folders are being made."""
    failed = {}
    for point in range(shard + 1, 81, 8):
        site = case_template.copy(tmp_path / str(point))
        shutil.rmtree(site.state)
        shutil.rmtree(site.path / "baselines" / "vintages")
        try:
            killed = site("run", "2024-01", "--inline", env={"LOADGATE_KILL_AT": str(point)})
            assert killed.code == -9, killed.said
            assert site("verify").code == 1
            assert site("run", "2024-01", "--inline").code == 0
            assert site("release", "2024-01").code == 0
            assert site("verify").code == 0
            assert site.manifest("2024-01")["figures_sha256"] == case_template.manifest("2024-01")["figures_sha256"]
            assert site.manifest("2024-01")["findings_sha256"] == case_template.manifest("2024-01")["findings_sha256"]
        except AssertionError as error:
            failed[point] = str(error)[:600]
        shutil.rmtree(site.path)
    assert not failed
