"""The benchmark of checks: its tools agree, its numbers are held against the floor, and nothing is measured twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from benchmarks.checking_results import Kept, Measured, lines_of
from benchmarks.checking_runs import Runner
from benchmarks.checking_table import table
from benchmarks.peers.suite import DISTINCT_STATE, checks
from benchmarks.peers.tools import TOOLS

ROOT = Path(__file__).parents[3]
ROWS = 30_000
NUMBERS = ("wall_s", "cpu_s", "peak_mb", "wall_over_floor", "cpu_over_floor", "peak_over_floor")


def benchmark(*words: str, scratch: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.checking", "--scratch", str(scratch), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)


def place(tool: str, number: int = 1) -> dict[str, Any]:
    return {"rows": 9, "tool": tool, "format": "csv", "round": number, "distinct": True, "versions": {"polars": "2"}}


def found(wall_s: float, **failing: int) -> dict[str, Any]:
    return {"wall_s": wall_s, "cpu_s": 2.0, "peak_mb": 300.0, "before_mb": 100.0, "failing": failing}


def one_of(tool: str, what: dict[str, Any], number: int = 1) -> Measured:
    return Measured(place=place(tool, number), found=what)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    scratch = tmp_path_factory.mktemp("benchmark")
    words = ("--rows", str(ROWS), "--tools", "floor,fast,engine,gx_pandas", "--formats", "parquet", "--rounds", "1")
    done = benchmark(*words, "--json", scratch=scratch)
    assert done.returncode == 0, done.stderr
    return scratch, json.loads(done.stdout)


def test_every_tool_has_its_numbers_and_their_ratios(measured: tuple[Path, list[dict[str, Any]]]) -> None:
    _, lines = measured
    assert [(line["tool"], line["format"]) for line in lines] == [
        ("floor", "parquet"),
        ("fast", "parquet"),
        ("engine", "parquet"),
        ("gx_pandas", "parquet"),
    ]
    assert all(line[name] > 0 for line in lines for name in NUMBERS)
    assert [lines[0][name] for name in NUMBERS[3:]] == [1.0, 1.0, 1.0]


def test_gx_pandas_and_both_adapters_find_the_same_failing_rows(measured: tuple[Path, list[dict[str, Any]]]) -> None:
    _, (floor, *tools) = measured
    assert floor["checks"] == 0
    assert [(line["checks"], line["disagrees"]) for line in tools] == [(40, {})] * 3
    assert {line["failed_rows"] for line in tools} == {tools[0]["failed_rows"]}
    assert tools[0]["failed"] > 5  # rows are wrong, so that there is something to agree on


def test_what_was_measured_is_not_measured_again(measured: tuple[Path, list[dict[str, Any]]]) -> None:
    scratch, lines = measured
    words = ("--rows", str(ROWS), "--tools", "gx_pandas", "--formats", "parquet", "--rounds", "1", "--json")
    done = benchmark(*words, scratch=scratch)
    assert done.stderr == ""
    assert [[line[name] for name in NUMBERS] for line in json.loads(done.stdout)] == [
        [lines[3][name] for name in NUMBERS]  # with the ratios to a floor that was measured before
    ]


def test_an_unknown_tool_is_refused_by_name(tmp_path: Path) -> None:
    done = benchmark("--tools", "fast,slow", scratch=tmp_path)
    assert done.returncode == 2
    assert "slow is none of floor, fast, engine" in done.stderr


def test_a_process_that_breaks_off_is_told_and_is_no_measurement(tmp_path: Path) -> None:
    found = Runner(distinct=True).measure("floor", tmp_path / "none.csv", tmp_path / "none.csv")
    assert found == {"could_not_run": "its process ended with code 1", "broke": True}


def test_the_suite_has_forty_checks_that_differ() -> None:
    assert len(checks()) == len({check.name for check in checks()}) == 40
    assert not {check.kind for check in checks(distinct=False)} & DISTINCT_STATE


def test_every_tool_has_its_file() -> None:
    assert [name for name in TOOLS if not (ROOT / "benchmarks" / "peers" / f"{name}.py").is_file()] == []


def test_the_table_is_the_same_each_time_and_in_both_formats(tmp_path: Path) -> None:
    first, second = table(2_000, tmp_path / "a"), table(2_000, tmp_path / "b")
    rows = pl.read_parquet(first["parquet"])
    assert rows.shape == (2_000, 12)
    assert rows["order_id"].is_unique().all()
    assert first["csv"].read_bytes() == second["csv"].read_bytes()
    assert rows.equals(pl.read_csv(first["csv"], schema=rows.schema))


def test_another_outcome_than_that_of_fast_is_told_by_check() -> None:
    measured = [one_of("floor", found(1.0)), one_of("duckdb", found(3.0, a=2, b=0))]
    _, line = lines_of(measured, reference={"csv": {"a": 1, "b": 0, "c": 7}}, suite=3)
    assert line.disagrees == {"a": (2, 1)}
    assert "a: 2 rows failed, by fast 1" in line.as_row()


def test_ratios_are_of_medians_over_the_rounds() -> None:
    rounds = [one_of("floor", found(wall), number) for number, wall in enumerate((1.0, 2.0, 90.0))]
    rounds += [one_of("fast", found(wall), number) for number, wall in enumerate((80.0, 3.0, 2.0))]
    fast = lines_of(rounds, reference={}, suite=40)[1]
    assert (fast.wall_s, fast.wall_over_floor, fast.rounds) == (3.0, 1.5, 3)


def test_a_tool_that_could_not_run_says_why_and_has_no_numbers() -> None:
    line = lines_of([one_of("gx_duckdb", {"could_not_run": "no driver"})], reference={}, suite=40)[0]
    assert (line.wall_s, line.checks, line.as_json()["could_not_run"]) == (None, None, "no driver")
    assert line.as_row().endswith("could not run: no driver")


def test_measurements_outlast_an_interruption_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "measured.jsonl"
    Kept(path).keep(place("floor"), found(1.0))
    path.write_text(path.read_text(encoding="utf-8") + '{"place": {"to', encoding="utf-8")
    Kept(path).keep(place("fast"), found(2.0))
    again = Kept(path)
    assert [again.find(place(tool)) is not None for tool in ("floor", "fast", "engine")] == [True, True, False]


def test_another_version_is_another_measurement(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "measured.jsonl")
    kept.keep(place("floor"), found(1.0))
    assert kept.find(place("floor") | {"versions": {"polars": "3"}}) is None
