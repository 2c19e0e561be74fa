"""Thirty-one real monthly vintages: five shared restatements, found as five findings, whatever else happens.

The vintages are those of the packaged sample. What is to be found is counted here from the files themselves, without
anything of the engine.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import random
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from itertools import pairwise

import polars as pl
import pytest

from loadgate.comparing.prior import compare_prior
from loadgate.detecting.systematic import Detected, detect
from loadgate.model.expected import KeyFigure
from loadgate.model.findings import Finding, GroupEvidence
from loadgate.model.kinds import Kind, Severity
from loadgate.model.period import Period
from loadgate.model.tables import FIGURE_KEY, FIGURES, conform

Key = tuple[str, str, str]  # Land, age group, week
Vintage = dict[Key, tuple[int, float | None]]  # count, incidence
Change = Callable[[str, Vintage], Vintage]
NAMES = ("cases", "incidence")
AGES = ("00+", "00-14", "15-59", "60+", "Unbekannt")
GERMANY = "00"
# Counted from the files, Germany included and without.
LOUD = {
    "2024-01": (1096, 1034),
    "2024-03": (4905, 4640),
    "2025-01": (4915, 4662),
    "2025-08": (7089, 6685),
    "2026-01": (4817, 4609),
}
QUIET = ("2024-02", "2024-07", "2025-02", "2025-10", "2026-06")


@cache
def everything() -> dict[str, Vintage]:
    """Every vintage by month, Germany's own rows included."""
    found: dict[str, Vintage] = {}
    folder = files("loadgate.samples.rki") / "data"
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if not item.name.endswith(".tsv.gz"):
            continue
        text = gzip.decompress(item.read_bytes()).decode("utf-8-sig")
        found[item.name[:7]] = {
            (row["Region_Id"], row["Altersgruppe"], row["Meldewoche"]): (
                int(row["Fallzahl"]),
                None if row["Inzidenz"] == "NA" else float(row["Inzidenz"]),
            )
            for row in csv.DictReader(io.StringIO(text), delimiter="\t")
        }
    return found


@cache
def laender() -> dict[str, Vintage]:
    return {month: {key: row for key, row in rows.items() if key[0] != GERMANY} for month, rows in everything().items()}


def figures(names: tuple[str, str]) -> list[KeyFigure]:
    shared: dict[str, object] = {
        "title": {"en": "x"},
        "family": "reports",
        "dataset": "weekly_reports",
        "cadence": "week",
        "reference": "week",
        "unit": "x",
        "numerator": {"sum": "cases"},
        "cells": {"column": "age_group", "values": AGES, "total": "00+"},
    }
    published = {"id": names[1], "kind": "published", "published": "incidence", "decimals": 2}
    return [
        KeyFigure.model_validate(shared | {"id": names[0], "kind": "count"}),
        KeyFigure.model_validate(shared | published),
    ]


@cache
def monday(week: str) -> dt.date:
    return dt.date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def measured(rows: Vintage, names: tuple[str, str]) -> pl.DataFrame:
    columns: dict[str, list[object]] = {
        "cell": [age for _, age, _ in rows],
        "provider": [land for land, _, _ in rows],
        "reference_start": [monday(week) for _, _, week in rows],
        "numerator": [count for count, _ in rows.values()],
        "rate": [rate for _, rate in rows.values()],
    }
    frame = pl.DataFrame(columns, schema_overrides={"rate": pl.Float64})
    counts = frame.with_columns(figure=pl.lit(names[0]), value=pl.col("numerator").cast(pl.Float64)).drop("rate")
    rates = frame.filter(pl.col("rate").is_not_null()).rename({"rate": "value"}).with_columns(figure=pl.lit(names[1]))
    return conform(pl.concat([counts, rates.select(counts.columns)]), FIGURES).sort(FIGURE_KEY)


def one_run(
    month: str, now: Vintage, before: Vintage, *, history: list[pl.DataFrame], names: tuple[str, str] = NAMES
) -> Detected:
    compared = compare_prior(measured(now, names), measured(before, names).with_columns(pl.lit("v").alias("vintage")))
    units = ["area", "provider", "vendor", "system", "system_version", "supplier", "delivery"]
    rows = [("health", land, "v", "s", None, "rki", f"{month}/{land}") for land in sorted({key[0] for key in now})]
    return detect(
        compared,
        figures=figures(names),
        areas={"weekly_reports": "health"},
        units=pl.DataFrame(rows, schema=dict.fromkeys(units, pl.String), orient="row"),
        history=history,
        period=Period.parse(month),
    )


def replay(
    change: Change | None = None, *, names: tuple[str, str] = NAMES, keep: frozenset[str] | None = None
) -> dict[str, Detected]:
    """All runs in order, each against the one before and with the history of all before."""
    found: dict[str, Detected] = {}
    before: Vintage | None = None
    for month, rows in laender().items():
        now = rows if keep is None else {key: row for key, row in rows.items() if key[0] in keep}
        now = now if change is None else change(month, now)
        if before is not None:
            history = [detected.history for detected in found.values()]
            found[month] = one_run(month, now, before, history=history, names=names)
        before = now
    return found


@cache
def plain() -> dict[str, Detected]:
    return replay()


def loud(detected: Detected) -> list[Finding]:
    return [finding for finding in detected.findings if finding.severity is not Severity.INFO]


def assert_five_and_no_more(found: dict[str, Detected], *, lands: int = 16, figure: str = "incidence") -> None:
    assert len(found) == 30
    assert {month for month, detected in found.items() if loud(detected)} == set(LOUD)
    for month in LOUD:
        (finding,) = loud(found[month])
        assert finding.kind is Kind.SHARED_RESTATEMENT
        assert finding.severity is Severity.CRITICAL
        assert finding.detail["cause"] == "run"
        assert len(finding.scope.provider or ()) == lands
        assert finding.scope.figure == frozenset([figure])
        assert finding.scope.cell is None


def moved_alone(now: Vintage, before: Vintage) -> list[Key]:
    """Counted without the engine: incidence changed, the count did not."""
    return [
        key
        for key, (count, rate) in now.items()
        if key in before and before[key][0] == count and before[key][1] != rate and rate is not None
    ]


def test_the_files_hold_what_was_counted_before() -> None:
    months = list(everything())

    counted = {now: len(moved_alone(everything()[now], everything()[before])) for before, now in pairwise(months)}

    assert len(months) == 31
    assert {month: number for month, number in counted.items() if number} == {
        month: with_germany for month, (with_germany, _) in LOUD.items()
    }


def test_the_five_restatements_are_five_findings_and_no_other_run_has_any() -> None:
    assert_five_and_no_more(plain())


@pytest.mark.parametrize("month", LOUD)
def test_a_finding_counts_exactly_the_cells_that_moved_alone(month: str) -> None:
    months = list(laender())
    before = months[months.index(month) - 1]
    keys = moved_alone(laender()[month], laender()[before])

    (finding,) = loud(plain()[month])

    evidence = finding.evidence
    assert isinstance(evidence, GroupEvidence)
    assert evidence.cells == len(keys) == LOUD[month][1]
    assert (evidence.first, evidence.last) == (min(key[2] for key in keys), max(key[2] for key in keys))
    assert evidence.periods == len({key[2] for key in keys})
    assert evidence.unmoved == ("cases",)
    assert evidence.unmoved_restated < 0.03 * evidence.unmoved_cells


@pytest.mark.parametrize(
    ("month", "direction", "effects"),
    [
        ("2024-01", "mixed", (-0.0010, -0.0001, 0.0008)),
        ("2024-03", "down", (-0.0212, -0.0087, -0.0011)),
        ("2025-01", "mixed", (-0.0123, -0.0030, 0.0055)),
        ("2025-08", "mixed", (-0.0093, 0.0047, 0.0218)),
        ("2026-01", "mixed", (-0.0046, 0.0005, 0.0059)),
    ],
)
def test_effects_are_per_land_and_age_group(month: str, direction: str, effects: tuple[float, float, float]) -> None:
    (finding,) = loud(plain()[month])

    evidence = finding.evidence
    assert isinstance(evidence, GroupEvidence)
    assert evidence.direction == direction
    assert (evidence.effect_min, evidence.effect_median, evidence.effect_max) == pytest.approx(effects, abs=3e-4)


def test_new_names_change_nothing() -> None:
    assert_five_and_no_more(replay(names=("z", "a")), figure="a")


@pytest.mark.parametrize("seed", [1, 2])
def test_nine_of_the_laender_show_the_same(seed: int) -> None:
    keep = frozenset(random.Random(seed).sample([f"{number:02}" for number in range(1, 17)], 9))

    assert_five_and_no_more(replay(keep=keep), lands=9)


def restated(share: float, *, followed: bool) -> Change:
    """In every loud month and every second quiet one, that share of the counts a little higher or lower."""

    def change(month: str, rows: Vintage) -> Vintage:
        if month not in LOUD and month not in QUIET[::2]:
            return rows
        draw = random.Random(f"{month} {share}")
        found: Vintage = {}
        for key, (count, rate) in sorted(rows.items()):
            new = count + (draw.choice([1, 1, 2, -1]) if count > 1 else 1) if draw.random() < share else count
            found[key] = (new, round(rate * new / count, 2) if followed and rate is not None else rate)
        return found

    return change


@pytest.mark.parametrize(("share", "followed"), [(0.05, True), (0.3, True), (0.3, False)])
def test_counts_restated_in_the_same_runs_hide_nothing_and_add_no_hold(share: float, followed: bool) -> None:
    found = replay(restated(share, followed=followed))

    held = {
        month: [finding for finding in loud(detected) if finding.kind is Kind.SHARED_RESTATEMENT]
        for month, detected in found.items()
    }
    assert {month for month, findings in held.items() if findings} == set(LOUD)
    assert all(len(held[month]) == 1 for month in LOUD)
    assert all(len(loud(detected)) <= 3 for detected in found.values())


@pytest.mark.parametrize("month", QUIET)
@pytest.mark.parametrize(
    ("chosen", "cause"),
    [
        (lambda key: key[0] != GERMANY, "run"),
        (lambda key: key[1] == "00-14", "figure"),
        (lambda key: key[0] == "05", "provider"),
        (lambda key: key[0] in {"02", "05", "07", "09", "11", "14", "16"}, "other"),
    ],
)
def test_three_in_a_thousand_planted_in_a_quiet_run_is_found_where_it_is(
    month: str, chosen: Callable[[Key], bool], cause: str
) -> None:
    months = list(laender())
    earlier = months[: months.index(month)]
    planted: Vintage = {
        key: (count, round(rate / 1.003, 2) if rate is not None and chosen(key) else rate)
        for key, (count, rate) in laender()[month].items()
    }

    history = [plain()[run].history for run in earlier[1:]]
    (finding,) = loud(one_run(month, planted, laender()[earlier[-1]], history=history))

    assert finding.kind is Kind.SHARED_RESTATEMENT
    assert finding.detail["cause"] == cause
    assert finding.scope.provider == {key[0] for key in planted if chosen(key)}
    assert finding.scope.cell == (frozenset(["00-14"]) if cause == "figure" else None)
    evidence = finding.evidence
    assert isinstance(evidence, GroupEvidence)
    assert evidence.direction == "down"
    assert evidence.effect_median == pytest.approx(-0.003, abs=3e-4)
