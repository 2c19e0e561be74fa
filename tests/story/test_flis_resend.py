"""One delivery of the FLIS month is sent again, corrected: what depends on it is done again, and nothing else is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

PERIOD, RERUN = "2026-10", "2026-10.2"
AREAS = frozenset({"children", "citizens", "disability", "economy", "elderly", "personnel", "school"})
ONCE = {("across", "all"), ("compare", "all"), ("detect", "all")}  # for all figures together
DELIVERIES = 102


def sealed(site: Any) -> dict[str, int]:
    """Every sealed folder of the deliveries → when its manifest was written."""
    root = site.state / "deliveries" / PERIOD
    return {path.parent.relative_to(root).as_posix(): path.stat().st_mtime_ns for path in root.rglob("manifest.json")}


def made(site: Any) -> set[tuple[str, str, str]]:
    """Every result that was ever made for a run: step, unit, key."""
    return set(site.rows("SELECT step, work_id, key FROM results"))


def without_its_last_row(data: bytes) -> bytes:
    return b"".join(data.splitlines(keepends=True)[:-1])


def without_its_last_row_of(column: str, provider: str, path: Path) -> bytes:
    import polars as pl

    rows = pl.read_parquet(path).with_row_index("row")
    last = rows.filter(pl.col(column) == provider)["row"].max()
    buffer = io.BytesIO()
    rows.filter(pl.col("row") != last).drop("row").write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("file", "delivery", "areas"),
    [
        pytest.param("dubu/sager_101", "dubu/cases/101", {"children"}, id="of an area that nobody divides by"),
        pytest.param("tea/elever_101", "tea/pupils/101", {"school", "economy"}, id="of pupils, by whom spending is"),
        pytest.param("cpr/befolkning", "cpr/population/_all", AREAS, id="of citizens, by whom everybody divides"),
    ],
)
def test_one_resend_of_the_flis_month_re_does_only_what_depends_on_it(
    flis_run: Any, tmp_path: Path, file: str, delivery: str, areas: set[str]
) -> None:
    site = flis_run.copy(tmp_path / "site")
    before, made_before = sealed(site), made(site)
    assert len({folder.rpartition("/")[0] for folder in before}) == DELIVERIES
    path = site.sent(file)
    corrected = (
        without_its_last_row_of("Kommune", "101", path)
        if path.suffix == ".parquet"
        else without_its_last_row(path.read_bytes())
    )
    site.resend(file, corrected, day=10)

    view = site.load()

    assert view["run"] == RERUN
    expected = f"{PERIOD}/{delivery}"
    assert site.rows("SELECT work_id, state, attempts FROM work WHERE run = ? AND step = 'deliveries'", RERUN) == [
        (f"{expected}/v2", "done", 1)
    ]
    after = sealed(site)
    assert {folder: after[folder] for folder in before} == before
    assert sorted(folder.partition("-")[0] for folder in after.keys() - before.keys()) == [
        f"{delivery}/v2/checks",
        f"{delivery}/v2/typed",
    ]
    again = {(step, unit) for step, unit, _ in made(site) - made_before}
    assert again == {("version", expected), ("rows", delivery), *(("measure", area) for area in areas), *ONCE}
    assert {one["delivery"] for one in view["arrivals"]["deliveries"] if one["version"] == 2} == {expected}
    assert site.manifest(PERIOD)["figures_sha256"] != site.manifest(RERUN)["figures_sha256"]
