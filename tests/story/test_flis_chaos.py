"""The FLIS month, every format in it, killed at any durable write: the same commands finish it as if undisturbed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PERIOD = "2026-10"
SEED = 20261031
PROVIDERS = ("461", "492", "751")  # all formats, the change of system, files for one and for all
FAULTS = (
    "missing@tea/pupils/751",
    "truncated@csc_omsorg/home_help/461",
    "known_error_above@as2007/cases",
    "known_error_within@kmd_elev/pupils",
)
FORMATS = {".csv", ".csv.gz", ".parquet", ".txt", ".xlsx", ".zip"}
USUAL = 4  # points in `make test`
SAMPLE, SHARDS = 50, 10
PREFECT_POINTS = 4


@pytest.fixture(scope="module")
def month(chaos: Any) -> Any:
    return chaos.Month(period=PERIOD, previous="2026-09", as_of="2026-11-12T09:00:00+01:00")


@pytest.fixture(scope="module")
def template(templates: Callable[..., Any], lay_short_flis: Callable[..., object]) -> Any:
    return templates("flis_to_kill", lambda site: lay_short_flis(site.path, PROVIDERS, FAULTS))


@pytest.fixture(scope="module")
def undisturbed(month: Any, template: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return month.undisturbed(template, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def fresh(chaos: Any, template: Any, tmp_path: Path) -> Any:
    return chaos.copies(template, tmp_path)


def test_the_month_that_is_killed_has_every_format_and_caveats_and_a_part_withheld(
    template: Any, undisturbed: Any
) -> None:
    files = [path for path in (template.path / "inbox" / PERIOD).rglob("*") if path.is_file()]
    assert {"".join(path.suffixes) for path in files} == FORMATS
    judgement = json.loads(undisturbed.ends["judgement"])
    assert judgement["verdict"] == "release_with_caveats"
    assert "hold" in {part["verdict"] for part in judgement["parts"]}
    assert len(judgement["cases"]) >= len(FAULTS) - 1
    assert undisturbed.ends["acts"][-1] == ("released", "release_with_caveats")


@pytest.mark.parametrize("part", range(USUAL))
def test_a_kill_at_a_random_point_of_the_flis_month_changes_nothing_of_what_it_comes_to(
    part: int, month: Any, undisturbed: Any, fresh: Any
) -> None:
    chosen = undisturbed.drawn(part, USUAL, seed=SEED)
    which, point = undisturbed.place(chosen)
    with fresh(chosen) as site:
        month.kill_and_go_on(site, undisturbed, which=which, point=point)


@pytest.mark.chaos
@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_kill_at_fifty_points_of_the_flis_month_changes_nothing_of_what_it_comes_to(
    shard: int, month: Any, undisturbed: Any, fresh: Any
) -> None:
    failed = {}
    for part in range(shard, SAMPLE, SHARDS):
        which, point = undisturbed.place(undisturbed.drawn(part, SAMPLE, seed=SEED * 10))
        try:
            with fresh(part) as site:
                month.kill_and_go_on(site, undisturbed, which=which, point=point)
        except AssertionError as error:
            failed[part] = f"{month.inline[which][0]} point {point}: {str(error)[:600]}"
    assert not failed


@pytest.fixture(scope="module")
def prefect_points(month: Any, chaos: Any, template: Any, tmp_path_factory: pytest.TempPathFactory) -> int:
    into = tmp_path_factory.mktemp("prefect")
    points: tuple[int, int] = chaos.count_points(template.copy(into / "site"), month.prefect, into)
    return points[0]


@pytest.mark.chaos
@pytest.mark.parametrize("part", range(PREFECT_POINTS))
def test_a_kill_while_prefect_runs_the_flis_month_changes_nothing_either(
    part: int, month: Any, undisturbed: Any, prefect_points: int, fresh: Any
) -> None:
    least, most = prefect_points * part // PREFECT_POINTS, prefect_points * (part + 1) // PREFECT_POINTS
    point = random.Random(SEED + part).randrange(least, most) + 1
    with fresh(point) as site:
        month.kill_and_go_on(site, undisturbed, which=0, point=point, prefect=True)
