"""The FLIS month's harmonised count beside the raw one, and a rule that is edited between two runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

PERIOD, RERUN = "2026-10", "2026-10.2"
SERVICES = "state/deliveries/2026-10/*/services/_all/v1"
LEFT_OUT = ("services:dst_approval", "services:dst_end_before_start")


def totals(site: Any, run: str) -> dict[str, int]:
    """Figure → its numerators of all municipalities and quarters together."""
    figures = pl.read_parquet(site.state / "runs" / run / "measure" / "disability" / "figures.parquet")
    return {
        name: int(figures.filter(pl.col("figure") == name)["numerator"].sum()) for name in figures["figure"].unique()
    }


def marked(site: Any) -> int:
    """Services that carry a mark which the harmonised figure leaves out."""
    found = 0
    for path in site.path.glob(f"{SERVICES}/checks-*/marks.parquet"):
        marks = pl.read_parquet(path).filter(pl.col("check").is_in(LEFT_OUT), pl.col("outcome") != "undecided")
        found += marks["_row"].n_unique()
    return found


def folders(site: Any, kind: str) -> set[Path]:
    return {path.relative_to(site.path) for path in site.path.glob(f"state/deliveries/2026-10/*/*/*/v1/{kind}-*")}


def test_the_harmonised_count_is_the_raw_one_without_the_marked_rows(flis_run: Any) -> None:
    counts = totals(flis_run, PERIOD)

    assert marked(flis_run) > 0
    assert counts["services_harmonised"] == counts["services_total"] - marked(flis_run)
    lineage = pl.read_parquet(flis_run.state / "runs" / PERIOD / "measure" / "disability" / "lineage.parquet")
    rows = lineage.group_by("figure").agg(pl.col("rows").sum())
    assert dict(rows.rows())["services_harmonised"] == counts["services_harmonised"]


def test_an_edited_rule_is_asked_again_and_changes_only_the_figures_that_apply_it(
    flis_run: Any, tmp_path: Path
) -> None:
    site = flis_run.copy(tmp_path / "site")
    typed, checks, before = folders(site, "typed"), folders(site, "checks"), totals(site, PERIOD)
    suite = site.path / "expectations" / "suites" / "disability" / "services.yaml"
    rule = 'where: {column: approved, is: equal, value: "J"}'
    assert suite.read_text().count(rule) == 1
    suite.write_text(suite.read_text().replace(rule, 'where: {column: approved, among: ["J", "N"]}'))

    view = site.load()

    assert view["run"] == RERUN
    assert folders(site, "typed") == typed
    again = folders(site, "checks") - checks
    assert {path.parts[4] for path in again} == {"services"}
    assert len(again) == len(list(site.path.glob(SERVICES)))
    after = totals(site, RERUN)
    assert after["services_harmonised"] == after["services_total"] == before["services_total"]
    assert {name for name in before if after[name] != before[name]} == {"services_harmonised"}
