"""A figure names the marks that it applies; the raw and the harmonised count stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from loadgate.checking.harmonising.alternatives import harmonise
from loadgate.content.yaml_lines import parse
from loadgate.measuring.figures import measure
from loadgate.measuring.rows import HarmonisedRows, TypedDelivery
from loadgate.model.expected import Dataset, KeyFigure
from loadgate.model.findings import OutcomeState
from loadgate.model.rules import AppliedMarks
from loadgate.model.scope import Scope
from loadgate.model.tables import MARKS, empty

JULY, AUGUST, OCTOBER = datetime(2026, 7, 1), datetime(2026, 8, 1), datetime(2026, 10, 1)
STAYS = Dataset.model_validate(
    {
        "dataset": "stays",
        "area": "care",
        "title": "Stays",
        "provider_column": "town",
        "columns": {name: {} for name in ("town", "person", "approved")}
        | {name: {"type": "timestamp"} for name in ("began", "left", "died")},
        "rules": [
            {"id": "backwards", "kind": "remove", "earlier": {"column": "left", "than": "began"}, "reason": "Odd."},
            {
                "id": "approval",
                "kind": "approve",
                "where": {"column": "approved", "is": "equal", "value": "J"},
                "reason": "Said so.",
            },
            {"id": "death", "kind": "change", "fill": {"column": "left", "source": "died"}, "reason": "Has left."},
            {
                "id": "overlap",
                "kind": "change",
                "follow": {"start": "began", "end": "left", "group": ["person"]},
                "reason": "In one place.",
            },
        ],
    }
)
ROWS = [  # town, person, approved, began, left, died
    ("101", "a", "J", JULY, None, OCTOBER),
    ("101", "b", "N", JULY, AUGUST, None),
    ("101", "c", "J", AUGUST, JULY, None),
    ("101", "d", None, AUGUST, None, None),
    ("102", "e", "J", JULY, OCTOBER, None),
    ("102", "e", "J", JULY, datetime(2026, 12, 1), None),
]


def deliver(folder: Path, rows: Sequence[tuple[object, ...]] = ROWS, *, name: str = "d1") -> TypedDelivery:
    """Rows as read, and what the rules say of them."""
    into = folder / name
    into.mkdir()
    types = {
        **dict.fromkeys(("town", "person", "approved"), pl.String()),
        **dict.fromkeys(("began", "left", "died"), pl.Datetime("us")),
    }
    frame = pl.DataFrame(rows, schema=types, orient="row").with_row_index("_row")
    frame.with_columns(pl.col("_row").alias("_line")).write_parquet(into / "typed.parquet")
    empty(MARKS).write_parquet(into / "marks.parquet")
    told = harmonise(into / "typed.parquet", dataset=STAYS, outcomes=(), scope=Scope(), into=into)
    return TypedDelivery(
        delivery=name,
        area="care",
        dataset="stays",
        providers=("101", "102"),
        provider_column="town",
        path=into / "typed.parquet",
        scope=Scope.of(dataset="stays"),
        harmonised=HarmonisedRows(
            rules=STAYS.rules,
            told=frozenset(one.check.removeprefix("stays:") for one in told.outcomes if one.state is OutcomeState.PASS),
            marks=told.marks,
            alternatives=told.alternatives,
        ),
    )


def figure(name: str, **keys: object) -> KeyFigure:
    facts: dict[str, object] = {
        "id": name,
        "title": {"en": name},
        "kind": "count",
        "family": "stays",
        "dataset": "stays",
        "cadence": "quarter",
        "reference": "began",
        "numerator": {"count": "rows"},
        "unit": "stays",
    }
    return KeyFigure.model_validate(facts | keys)


def values(
    folder: Path, deliveries: Sequence[TypedDelivery], *figures: KeyFigure
) -> dict[tuple[str, str, date], float]:
    into = folder / "into"
    into.mkdir(exist_ok=True)
    measured = pl.read_parquet(measure(deliveries, figures, into=into).figures)
    return {(row["figure"], row["provider"], row["reference_start"]): row["value"] for row in measured.to_dicts()}


Q3, Q4 = date(2026, 7, 1), date(2026, 10, 1)
APPLIED = [
    ("all rows count, marked or not", None, {}, {("101", Q3): 4, ("102", Q3): 2}),
    ("without the removed", {"leave_out": ["backwards"]}, {}, {("101", Q3): 3, ("102", Q3): 2}),
    ("without any of two marks", {"leave_out": ["backwards", "approval"]}, {}, {("101", Q3): 2, ("102", Q3): 2}),
    ("the removed only", {"only": ["backwards"]}, {}, {("101", Q3): 1}),
    ("the changed only", {"only": ["death", "overlap"]}, {}, {("101", Q3): 1, ("102", Q3): 1}),
    ("open ones", None, {"where": {"column": "left", "missing": True}}, {("101", Q3): 2}),
    (
        "open ones, the dead aside",
        {"use_alternatives": ["death"]},
        {"where": {"column": "left", "missing": True}},
        {("101", Q3): 1},
    ),
    (
        "an alternative start moves a row to another quarter",
        {"use_alternatives": ["overlap"]},
        {},
        {("101", Q3): 4, ("102", Q3): 1, ("102", Q4): 1},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("applied", "keys", "counts"), [case[1:] for case in APPLIED], ids=[c[0] for c in APPLIED])
def test_a_figure_applies_the_marks_that_it_names(
    applied: dict[str, object] | None, keys: dict[str, object], counts: dict[tuple[str, date], float], tmp_path: Path
) -> None:
    counted = figure("counted", apply=applied, **keys)

    found = values(tmp_path, [deliver(tmp_path)], counted)

    assert found == {("counted", *key): count for key, count in counts.items()}


def test_raw_and_harmonised_are_measured_together_each_with_its_lineage(tmp_path: Path) -> None:
    raw, harmonised = figure("raw"), figure("harmonised", apply={"leave_out": ["approval"]})
    share = figure("share", kind="ratio", numerator={"figure": "harmonised"}, denominator={"figure": "raw"})
    delivery = deliver(tmp_path)

    found = values(tmp_path, [delivery], raw, harmonised, share)

    assert (found["raw", "101", Q3], found["harmonised", "101", Q3], found["share", "101", Q3]) == (4, 3, 0.75)
    lineage = pl.read_parquet(tmp_path / "into" / "lineage.parquet").filter(pl.col("provider") == "101")
    rows = dict(lineage.select("figure", "rows").rows())
    assert (rows["raw"], rows["harmonised"]) == (4, 3)


def test_a_row_that_a_rule_could_not_decide_carries_no_mark(tmp_path: Path) -> None:
    rows = [("101", "a", None, JULY, None, None)]

    found = values(tmp_path, [deliver(tmp_path, rows)], figure("all", apply={"leave_out": ["approval"]}))

    assert found == {("all", "101", Q3): 1}


def test_where_a_rule_could_not_be_asked_no_figure_that_applies_it_is_measured(tmp_path: Path) -> None:
    known = deliver(tmp_path, name="d1")
    silent = replace(deliver(tmp_path, [("101", "z", "J", JULY, None, None)], name="d2"), providers=("101",))
    assert silent.harmonised is not None
    silent = replace(silent, harmonised=replace(silent.harmonised, told=frozenset({"backwards"})))
    some, every = {"leave_out": ["backwards"]}, {"leave_out": ["backwards", "approval"]}
    figures = [figure("raw"), figure("some", apply=some), figure("every", apply=every)]

    found = values(tmp_path, [known, silent], *figures)

    assert {name: value for (name, provider, _), value in found.items() if provider == "101"} == {"raw": 5, "some": 4}
    assert {name: value for (name, provider, _), value in found.items() if provider == "102"} == {
        "raw": 2,
        "some": 2,
        "every": 2,
    }
    assert values(tmp_path, [replace(silent, harmonised=None)], *figures) == {("raw", "101", Q3): 1}


# The programme's own bands of temporary stays.
BANDS = """\
column: left
since: began
values: [under 100, 101-200, 201-300, 301-400, 401-500, 501-1000, over 1000]
bands:
  under 100: {at_most: 99}
  101-200: {at_least: 101, at_most: 200}
  201-300: {at_least: 201, at_most: 300}
  301-400: {at_least: 301, at_most: 400}
  401-500: {at_least: 401, at_most: 500}
  501-1000: {at_least: 501, at_most: 1000}
  over 1000: {at_least: 1001}
"""


@pytest.mark.parametrize(
    ("days", "band"),
    [
        (0, "under 100"),
        (99, "under 100"),
        (100, None),
        (101, "101-200"),
        (200, "101-200"),
        (201, "201-300"),
        (1000, "501-1000"),
        (1001, "over 1000"),
        (None, None),
    ],
)
def test_a_stay_is_in_the_band_of_its_days_and_one_of_exactly_100_in_none(
    days: int | None, band: str | None, tmp_path: Path
) -> None:
    left = None if days is None else JULY + timedelta(days=days)
    stays = figure("stays", cells=parse(BANDS, file="bands.yaml").value)
    delivery = deliver(tmp_path, [("101", "a", "J", JULY, left, None)])

    measured = measure([delivery], [stays], into=tmp_path)

    assert pl.read_parquet(measured.figures)["cell"].to_list() == ([] if band is None else [band])
    problems = [(finding.detail["problem"], finding.rows_failed) for finding in measured.findings]
    assert problems == ([] if band is not None else [("cell", 1)])


def test_an_alternative_end_moves_a_stay_to_another_band(tmp_path: Path) -> None:
    raw = figure("raw", cells=parse(BANDS, file="bands.yaml").value)
    changed = raw.model_copy(update={"id": "changed", "apply": AppliedMarks(use_alternatives=("death",))})
    rows = [("101", "a", "J", JULY, JULY + timedelta(days=150), JULY + timedelta(days=20))]

    measured = measure([deliver(tmp_path, rows)], [raw, changed], into=tmp_path)

    found = pl.read_parquet(measured.figures).select("figure", "cell").rows()
    assert found == [("changed", "under 100"), ("raw", "101-200")]
