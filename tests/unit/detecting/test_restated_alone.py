"""A published value that moves while its numerator stands still: found, said once, as widely as it holds."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from loadgate.detecting.systematic import Detected
from loadgate.model.expected import PlannedChange
from loadgate.model.findings import Finding, GroupEvidence
from loadgate.model.kinds import Kind, Severity


def alone(detected: Detected) -> list[Finding]:
    return [finding for finding in detected.findings if finding.kind is Kind.SHARED_RESTATEMENT]


def evidence(finding: Finding) -> GroupEvidence:
    assert isinstance(finding.evidence, GroupEvidence)
    return finding.evidence


def loud(detected: Detected) -> list[Finding]:
    return [finding for finding in detected.findings if finding.severity is not Severity.INFO]


def test_a_run_that_changes_nothing_has_no_findings(panel: Any) -> None:
    assert panel().detect(panel().vintage()).findings == ()


def test_restated_counts_whose_values_follow_are_no_group(panel: Any) -> None:
    one = panel()

    detected = one.detect(one.vintage(counts=one.counts(restated=0.2)))

    assert {finding.kind for finding in detected.findings} == {Kind.RESTATED}


def test_restated_counts_whose_values_do_not_follow_are_no_group_either(panel: Any) -> None:
    one = panel()
    restated = one.vintage(counts=one.counts(restated=0.2)).filter(pl.col("figure") == "counted")
    values = one.vintage().filter(pl.col("figure") == "per_head")
    key = ["cell", "provider", "reference_start"]
    followed = values.drop("numerator").join(restated.select(*key, "numerator"), on=key)

    detected = one.detect(pl.concat([restated, followed.select(restated.columns)]))

    assert loud(detected) == []


def test_three_in_a_thousand_in_every_denominator_is_one_finding_of_the_whole_run(panel: Any) -> None:
    one = panel()

    (finding,) = alone(one.detect(one.vintage(factor=1.003)))

    assert finding.severity is Severity.CRITICAL
    assert finding.detail == {"cause": "run", "members": ",".join(one.providers)}
    assert finding.scope.provider == frozenset(one.providers)
    assert finding.scope.figure == frozenset(["per_head"])
    assert finding.scope.cell is None
    found = evidence(finding)
    assert found.direction == "down"
    assert found.effect_median == pytest.approx(-0.003, abs=2e-4)
    assert found.unmoved == ("counted",)
    assert (found.unmoved_cells, found.unmoved_restated) == (12 * 3 * 80, 0)
    assert (found.first, found.last) == ("2024-W01", "2025-W28")


def test_cells_are_the_values_that_moved_while_the_count_did_not(panel: Any) -> None:
    one = panel()
    now = one.vintage(factor=1.003, counts=one.counts(restated=0.1))
    pairs = one.compare(now, one.vintage()).filter(pl.col("figure") == "per_head")
    same = pairs.filter(pl.col("numerator") == pl.col("other_numerator"))

    (finding,) = alone(one.detect(now))

    found = evidence(finding)
    assert found.cells == same.filter(pl.col("value") != pl.col("other")).height
    assert found.eligible == same.height
    assert sum(member.cells for member in found.members) == found.cells
    assert found.unmoved_restated > 200


def test_opposite_changes_with_a_mean_of_zero_are_found(panel: Any) -> None:
    one = panel()

    (finding,) = alone(one.detect(one.vintage(factor=lambda key: 1 + 0.004 * (-1) ** int(key[0]))))

    found = evidence(finding)
    assert found.direction == "mixed"
    assert found.effect_min == pytest.approx(-0.004, abs=3e-4)
    assert found.effect_max == pytest.approx(0.004, abs=3e-4)
    assert found.effect_median == pytest.approx(0, abs=5e-3)


@pytest.mark.parametrize(
    ("chosen", "cause", "members"),
    [
        (("103",), "provider", "103"),
        (("101", "102", "103", "104"), "vendor", "sydvest"),
        (("102", "103", "107", "111"), "other", "102,103,107,111"),
        (("102", "107"), "other", "102,107"),
    ],
)
def test_a_change_at_some_providers_names_just_them(
    panel: Any, chosen: tuple[str, ...], cause: str, members: str
) -> None:
    one = panel(vendors=dict.fromkeys(["101", "102", "103", "104"], "sydvest"))

    (finding,) = alone(one.detect(one.vintage(factor=lambda key: 1.003 if key[0] in chosen else 1.0)))

    assert finding.detail == {"cause": cause, "members": members}
    assert finding.scope.provider == frozenset(chosen)


def test_all_providers_but_one_is_still_the_run_and_the_one_is_not_named(panel: Any) -> None:
    one = panel()

    (finding,) = alone(one.detect(one.vintage(factor=lambda key: 1.0 if key[0] == "105" else 1.003)))

    assert finding.detail["cause"] == "run"
    assert finding.scope.provider == frozenset(one.providers) - {"105"}


@pytest.mark.parametrize("chosen", [("young",), ("young", "old")])
def test_a_change_in_some_cells_over_all_providers_is_one_finding_that_names_them(
    panel: Any, chosen: tuple[str, ...]
) -> None:
    one = panel()

    (finding,) = alone(one.detect(one.vintage(factor=lambda key: 1.003 if key[1] in chosen else 1.0)))

    assert finding.detail == {"cause": "figure", "members": "per_head"}
    assert finding.scope.cell == frozenset(chosen)
    assert finding.scope.provider == frozenset(one.providers)


def test_a_change_from_a_year_on_says_from_when(panel: Any) -> None:
    one = panel()
    start = one.starts[52]

    (finding,) = alone(one.detect(one.vintage(factor=lambda key: 1.003 if key[2] >= start else 1.0)))

    assert evidence(finding).first == "2025-W01"
    assert evidence(finding).effect_median == pytest.approx(-0.003, abs=3e-4)


def test_two_single_corrections_are_no_group_and_many_at_one_provider_are(panel: Any) -> None:
    one = panel()
    starts = one.starts

    few = one.detect(one.vintage(factor=lambda key: 0.5 if key[:2] == ("101", "all") and key[2] in starts[:2] else 1.0))
    many = one.detect(
        one.vintage(factor=lambda key: 0.5 if key[:2] == ("101", "all") and key[2] in starts[:20] else 1.0)
    )

    assert alone(few) == []
    (finding,) = alone(many)
    assert finding.scope.provider == frozenset(["101"])
    assert finding.scope.cell == frozenset(["all"])
    assert evidence(finding).cells == 20


def test_fewer_than_one_in_a_hundred_is_a_warning(panel: Any) -> None:
    one = panel()
    draw = random.Random(3)
    chosen = set(draw.sample(sorted(one.counts()), 28))  # of 2,880

    (finding,) = alone(one.detect(one.vintage(factor=lambda key: 0.5 if key in chosen else 1.0)))

    assert finding.severity is Severity.WARNING


def test_a_change_in_the_last_weeks_only_is_held_though_it_is_rare_over_all_of_history(panel: Any) -> None:
    one = panel(weeks=320)
    draw = random.Random(3)
    late = sorted(key for key in one.counts() if key[2] >= one.starts[300])
    chosen = set(draw.sample(late, 70))  # of 11,520

    (finding,) = alone(one.detect(one.vintage(factor=lambda key: 0.5 if key in chosen else 1.0)))

    found = evidence(finding)
    assert found.cells < 0.01 * found.eligible
    assert finding.severity is Severity.CRITICAL


@pytest.mark.parametrize("weeks", [10, 20, 60])
def test_two_providers_in_a_few_weeks_are_not_blamed_on_all(panel: Any, weeks: int) -> None:
    one = panel(weeks=160, providers=tuple(str(101 + number) for number in range(16)))
    window = one.starts[150 - weeks : 150]

    (finding,) = alone(
        one.detect(one.vintage(factor=lambda key: 1.02 if key[0] in {"104", "109"} and key[2] in window else 1.0))
    )

    assert finding.scope.provider == frozenset(["104", "109"])
    assert finding.severity is Severity.CRITICAL


def test_what_is_reported_as_the_detection_limit_is_detected_and_less_is_not(panel: Any) -> None:
    one = panel()
    keys = sorted(one.counts())

    def found(cells: int) -> list[Finding]:
        chosen = set(random.Random(5).sample(keys, cells))
        return alone(one.detect(one.vintage(factor=lambda key: 0.5 if key in chosen else 1.0)))

    (finding,) = found(200)
    limit = round(evidence(finding).detection_limit * len(keys))
    assert len(found(limit)) == 1
    assert found(limit - 1) == []


def test_new_names_of_figures_change_nothing_but_the_names(panel: Any) -> None:
    one, other = panel(), panel(names=("zz", "aa"))

    (finding,) = alone(one.detect(one.vintage(factor=1.003)))
    (renamed,) = alone(other.detect(other.vintage(factor=1.003)))

    assert renamed.scope.figure == frozenset(["aa"])
    assert evidence(renamed).evidence == evidence(finding).evidence
    assert evidence(renamed).cells == evidence(finding).cells


def test_row_order_changes_nothing(panel: Any) -> None:
    one = panel()
    now = one.vintage(factor=1.003, counts=one.counts(restated=0.1))

    straight = one.detect(now)
    shuffled = one.detect(now.sample(fraction=1, shuffle=True, seed=9), one.vintage().reverse())

    assert shuffled.findings == straight.findings
    assert shuffled.history.equals(straight.history)


def test_a_loud_run_early_on_does_not_hide_the_next(panel: Any) -> None:
    one = panel()
    first = one.vintage(factor=1.01)

    history = [one.detect(first).history]
    again = one.detect(one.vintage(factor=1.013), first, history=history)

    assert [finding.severity for finding in alone(again)] == [Severity.CRITICAL]


def test_what_moves_in_most_runs_becomes_usual(panel: Any) -> None:
    one = panel()
    vintages = [one.vintage(factor=1.01**run) for run in range(10)]
    history: list[pl.DataFrame] = []
    said: list[int] = []

    for before, now in pairwise(vintages):
        detected = one.detect(now, before, history=history)
        said.append(len(alone(detected)))
        history.append(detected.history)

    assert said[:3] == [1, 1, 1]
    assert said[-3:] == [0, 0, 0]


def test_a_denominator_that_the_data_hold_is_nothing_to_infer(panel: Any) -> None:
    one = panel(published={"kind": "published", "denominator": {"sum": "people"}})

    assert alone(one.detect(one.vintage(factor=1.003))) == []


def test_where_every_count_moved_the_implied_denominators_tell(panel: Any) -> None:
    one = panel()
    raised = {key: 2 * count + 7 for key, count in one.counts().items()}

    consistent = one.detect(one.vintage(counts=raised))
    changed = one.detect(one.vintage(counts=raised, factor=1.1))

    assert alone(consistent) == []
    (finding,) = alone(changed)
    assert finding.detail["cause"] == "run"


def planned(**keys: object) -> PlannedChange:
    facts: dict[str, object] = {
        "id": "rebase-2026",
        "title": "New denominators",
        "kind": Kind.SHARED_RESTATEMENT,
        "scope": "figure=per_head",
        "valid_from": "2026-01",
        "valid_to": "2026-01",
        "effect_min": -0.01,
        "effect_max": 0.0,
        "reason": "rebased yearly",
    }
    return PlannedChange.model_validate(facts | keys)


def test_a_change_that_was_planned_is_info_and_names_the_plan(panel: Any) -> None:
    one = panel()

    (finding,) = alone(one.detect(one.vintage(factor=1.003), planned=[planned()]))

    assert finding.severity is Severity.INFO
    assert finding.detail["planned"] == "rebase-2026"


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        ({"effect_min": -0.001}, True),  # larger than planned
        ({"scope": "provider=101"}, True),  # wider than planned
        ({"valid_from": "2026-02", "valid_to": "2026-03"}, False),
        ({"kind": Kind.SHARED_HISTORY}, False),
        ({"scope": "figure=another"}, False),
    ],
)
def test_a_change_beyond_its_plan_keeps_its_severity(panel: Any, plan: dict[str, object], named: bool) -> None:
    one = panel()

    (finding,) = alone(one.detect(one.vintage(factor=1.003), planned=[planned(**plan)]))

    assert finding.severity is Severity.CRITICAL
    assert ("beyond_plan" in finding.detail) is named
    assert "planned" not in finding.detail
