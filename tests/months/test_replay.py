"""The sample's months replayed, as published and varied: the same five runs are held, each as one case."""

from __future__ import annotations

import csv
import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loadgate.cli.replaying import prepare
from loadgate.running.replay import replay
from loadgate.running.views import replay_view
from loadgate.samples.rki import layout

HELD = {"2024-01", "2024-03", "2025-01", "2025-08", "2026-01"}
AROUND = ("2024-11", "2025-02")  # one held month between quiet ones
Edit = Callable[[list[list[str]]], None]


def replayed(folder: Path, *, content: Path, first: str, last: str, edits: dict[str, Edit]) -> list[dict[str, object]]:
    """Replay with the rows of some months edited before they are delivered."""
    opened, periods, before = prepare("rki", folder, content=content, first=first, last=last)

    def deliver(period: object) -> None:
        before(period)  # type: ignore[arg-type]
        edit = edits.get(str(period))
        for path in sorted((folder / "inbox" / str(period)).glob("*.tsv.gz")) if edit else ():
            header, *rows = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()
            cells = [row.split("\t") for row in rows]
            assert edit is not None
            edit(cells)
            text = "\n".join([header, *("\t".join(row) for row in cells)]) + "\n"
            path.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))

    return [replay_view(done.ref, done.judgement) for done in replay(opened, periods, before=deliver)]


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    layout.write_site(folder)
    return folder


def without_controls(content: Path) -> None:
    (content / "baselines" / "tolerances.yaml").unlink()


def verdicts(views: list[dict[str, object]]) -> dict[object, object]:
    return {view["run"]: view["verdict"] for view in views}


@pytest.mark.timeout(600)
def test_the_command_holds_five_of_31_runs_each_as_one_case() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "loadgate", "replay", "rki", "--json"], capture_output=True, text=True, check=True
    )
    views = json.loads(done.stdout)

    assert len(views) == 31
    assert {view["run"] for view in views if view["verdict"] == "hold"} == HELD
    assert views[0]["verdict"] == "release"
    assert max(len(view["cases"]) for view in views) <= 3
    for view in views:
        if view["run"] in HELD:
            (case,) = view["cases"]
            assert case["cause"] == {"kind": "run", "members": case["cause"]["members"]}
            assert case["figures"] == ["incidence"]
            assert case["unmoved"] == ["cases"]
            assert case["severity"] == "critical"
            assert case["effect_relative"]["min"] < case["effect_relative"]["max"]
            assert case["reference_periods"]["first"] == "2020-W01"


def test_the_verdicts_do_not_depend_on_what_figures_are_called(content: Path, tmp_path: Path) -> None:
    without_controls(content)
    path = next((content / "expectations" / "key_figures").glob("*.yaml"))
    text = path.read_text().replace("id: cases", "id: alpha").replace("id: incidence", "id: beta")
    path.write_text(text)

    views = replayed(tmp_path / "site", content=content, first=AROUND[0], last=AROUND[1], edits={})

    assert verdicts(views) == {"2024-11": "release", "2024-12": "release", "2025-01": "hold", "2025-02": "release"}
    (case,) = views[2]["cases"]  # type: ignore[misc]
    assert case["figures"] == ["beta"]  # type: ignore[index]
    assert case["unmoved"] == ["alpha"]  # type: ignore[index]


def test_nine_providers_without_control_figures_give_the_same_verdicts(content: Path, tmp_path: Path) -> None:
    without_controls(content)
    path = content / "vendor_profiles" / "providers.csv"
    lines = path.read_text().splitlines()
    chosen = random.Random(9).sample(lines[1:], 9)
    path.write_text("\n".join([lines[0], *sorted(chosen)]) + "\n")

    views = replayed(tmp_path / "site", content=content, first=AROUND[0], last=AROUND[1], edits={})

    assert verdicts(views) == {"2024-11": "release", "2024-12": "release", "2025-01": "hold", "2025-02": "release"}
    (case,) = views[2]["cases"]  # type: ignore[misc]
    assert case["cause"]["kind"] == "run"  # type: ignore[index]


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_counts_restated_in_the_same_run_change_no_verdict(content: Path, tmp_path: Path, share: float) -> None:
    without_controls(content)
    draw = random.Random(17)

    def restate(rows: list[list[str]]) -> None:
        """More cases in some cells, and the incidence that goes with them by the same population."""
        for row in rows:
            if draw.random() < share and row[5] != "NA" and float(row[5]) > 0:
                cases, rate = int(row[4]), float(row[5])
                row[4] = str(cases + max(1, cases // 20))
                row[5] = f"{rate * int(row[4]) / cases:.2f}".rstrip("0").rstrip(".")

    views = replayed(
        tmp_path / "site",
        content=content,
        first=AROUND[0],
        last=AROUND[1],
        edits={"2024-12": restate, "2025-01": restate},
    )

    found = verdicts(views)
    assert found["2025-01"] == "hold"
    assert found["2024-12"] != "hold"
    assert max(len(view["cases"]) for view in views) <= 3  # type: ignore[arg-type]


@pytest.mark.parametrize("month", ["2024-06", "2025-10"])
def test_a_denominator_that_grew_by_three_per_mille_is_held(content: Path, tmp_path: Path, month: str) -> None:
    def shrink(rows: list[list[str]]) -> None:
        for row in rows:
            if row[5] != "NA":
                row[5] = f"{float(row[5]) / 1.003:.2f}".rstrip("0").rstrip(".")

    year, number = month.split("-")
    first = f"{year}-{int(number) - 1:02d}"

    views = replayed(tmp_path / "site", content=content, first=first, last=month, edits={month: shrink})

    assert verdicts(views) == {first: "release", month: "hold"}
    (case,) = views[1]["cases"]  # type: ignore[misc]
    assert case["direction"] == "down"  # type: ignore[index]
    assert case["cause"]["kind"] == "run"  # type: ignore[index]


def test_the_replayed_site_keeps_times_as_stated(content: Path, tmp_path: Path) -> None:
    views = replayed(tmp_path / "site", content=content, first="2024-02", last="2024-02", edits={})

    assert verdicts(views) == {"2024-02": "release"}
    with (tmp_path / "site" / "inbox" / "received.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 16
