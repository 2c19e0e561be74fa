"""Killed at any durable write of a run or a release, the same commands finish the work as if nothing had happened."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

PERIOD = "2024-02"
SEED = 20240229
SHARDS = 40
PREFECT_POINTS = 6


@pytest.fixture(scope="module")
def month(chaos: Any) -> Any:
    return chaos.Month(period=PERIOD, previous="2024-01")


@pytest.fixture(scope="module")
def undisturbed(month: Any, case_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return month.undisturbed(case_template, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def fresh(chaos: Any, case_template: Any, tmp_path: Path) -> Any:
    return chaos.copies(case_template, tmp_path)


@pytest.mark.parametrize("tenth", range(10))
def test_a_kill_at_a_random_point_changes_nothing_of_what_the_month_comes_to(
    tenth: int, month: Any, undisturbed: Any, fresh: Any
) -> None:
    chosen = undisturbed.drawn(tenth, 10, seed=SEED)
    which, point = undisturbed.place(chosen)
    with fresh(chosen) as site:
        month.kill_and_go_on(site, undisturbed, which=which, point=point)


def test_the_month_that_is_killed_has_a_new_a_grown_and_a_resolved_case(undisturbed: Any) -> None:
    judgement = json.loads(undisturbed.ends["judgement"])
    assert {case["state"] for case in judgement["cases"]} == {"new", "worse"}
    assert judgement["resolved"]
    assert judgement["verdict"] == "release_with_caveats"
    assert [kind for kind, _ in undisturbed.ends["acts"]] == ["released", "released"]


@pytest.mark.chaos
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_kill_at_every_point_changes_nothing_of_what_the_month_comes_to(
    shard: int, month: Any, undisturbed: Any, fresh: Any
) -> None:
    failed = {}
    for number in range(shard + 1, sum(undisturbed.points) + 1, SHARDS):
        which, point = undisturbed.place(number)
        try:
            with fresh(number) as site:
                month.kill_and_go_on(site, undisturbed, which=which, point=point)
        except AssertionError as error:
            failed[number] = f"{month.inline[which][0]} point {point}: {str(error)[:600]}"
    assert not failed


@pytest.mark.chaos
@pytest.mark.parametrize("shard", range(4))
def test_two_kills_one_after_the_other_change_nothing_either(
    shard: int, month: Any, undisturbed: Any, fresh: Any
) -> None:
    chance = random.Random(SEED * 10 + shard)
    failed = {}
    for turn in range(6):
        first, second = (chance.randrange(1, undisturbed.points[0]) for _ in range(2))
        try:
            with fresh(turn) as site:
                assert site(*month.inline[0], env={"LOADGATE_KILL_AT": str(first)}).code == -9
                # what was done is not done again, so the second may come to its end before its point
                assert site(*month.inline[0], env={"LOADGATE_KILL_AT": str(second)}).code in (0, -9)
                month.kill_and_go_on(site, undisturbed, which=1, point=turn + 1)
        except AssertionError as error:
            failed[first, second] = str(error)[:600]
    assert not failed


@pytest.fixture(scope="module")
def prefect_points(month: Any, chaos: Any, case_template: Any, tmp_path_factory: pytest.TempPathFactory) -> int:
    into = tmp_path_factory.mktemp("prefect")
    points: tuple[int, int] = chaos.count_points(case_template.copy(into / "site"), month.prefect, into)
    return points[0]


@pytest.mark.chaos
@pytest.mark.parametrize("part", range(PREFECT_POINTS))
def test_a_kill_while_prefect_runs_the_month_changes_nothing_either(
    part: int, month: Any, undisturbed: Any, prefect_points: int, fresh: Any
) -> None:
    least, most = prefect_points * part // PREFECT_POINTS, prefect_points * (part + 1) // PREFECT_POINTS
    point = random.Random(SEED + part).randrange(least, most) + 1
    with fresh(point) as site:
        month.kill_and_go_on(site, undisturbed, which=0, point=point, prefect=True)


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
