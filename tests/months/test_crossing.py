"""Expectations that look at another dataset, or at the last approved delivery: asked when all deliveries are typed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from typer.testing import CliRunner

from loadgate.cli.main import app
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.running import deciding
from loadgate.running.against import Found, Marking, against
from loadgate.running.opened import Opened, Ref, open_site

if TYPE_CHECKING:
    from tests.months.conftest import MakeSite, SmallSite

CASES = "measures:keys_to_be_in_dataset(case)"
SHARE = "cases:category_share_to_be_near_reference(kind)"
TRAILER = "row_count_to_match_trailer()"
SHAPE = "cases:distribution_to_be_near_reference(age)"

DELIVERED = {
    "desk/cases": """\
      trailer: {prefix: T, rows: {field: 2}}
    columns:
      - {source: m, column: month}
      - {source: c, column: case}
      - {source: k, column: kind}
      - {source: a, column: age}
""",
    "desk/measures": """\
    columns: [{source: m, column: month}, {source: c, column: case}]
""",
}
FILES = {
    "expectations/suites/care/cases.yaml": """\
dataset: cases
area: care
title: Cases
key: [case]
columns:
  month: {type: month}
  case: {type: text}
  kind: {type: text}
  age: {type: integer}
expectations:
  - type: expect_column_values_to_not_be_null
    kwargs: {column: case}
    reason: It has a number.
  - type: expect_category_share_to_be_near_reference
    kwargs: {column: kind, value_set: [S], reference: prior, absolute: 0.1, relative: 0.1, minimum_rows: 20}
    reason: It moves slowly.
  - type: expect_distribution_to_be_near_reference
    kwargs: {column: age, reference: prior, max_distance: 0.2}
    reason: It moves slowly.
  - type: expect_row_count_to_match_trailer
    kwargs: {trailer_rows: {$PARAMETER: trailer_rows}, rejected_rows: {$PARAMETER: rejected_rows}}
    severity: info
    reason: The sender counted them.
""",
    "expectations/suites/care/measures.yaml": """\
dataset: measures
area: care
title: Measures
columns:
  month: {type: month}
  case: {type: text}
expectations:
  - type: expect_keys_to_be_in_dataset
    kwargs: {column_list: [case], reference: cases}
    severity: info
    reason: Every measure has a case.
  - type: expect_row_count_to_match_trailer
    kwargs: {trailer_rows: {$PARAMETER: trailer_rows}, rejected_rows: {$PARAMETER: rejected_rows}}
    severity: info
    reason: The sender counted them.
""",
}
RULES = """\
rules:
  - {id: special, kind: remove, where: {column: kind, is: equal, value: S}, reason: They are counted elsewhere.}
  - {id: young, kind: remove, where: {column: age, is: less, value: 3}, reason: They are counted elsewhere.}
"""
UNTRIED = f"{SHARE}, {SHAPE}, measures:{TRAILER}"
JANUARY, FEBRUARY = "2026-01", "2026-02"


def send(
    site: SmallSite,
    period: str,
    provider: str,
    *,
    special: int = 10,
    measures: int = 5,
    parents: bool = True,
    trailer: int = 30,
) -> None:
    """Thirty cases, the first of a special kind; and measures, of which the last has no case if there are 31."""
    rows = [f"{period};c{n};{'S' if n < special else 'N'};{n}" for n in range(30)]
    if parents:
        site.deliver(f"{period}/cases_{provider}.csv", "m;c;k;a", *rows, f"T;{trailer}")
    site.deliver(f"{period}/measures_{provider}.csv", "m;c", *(f"{period};c{n}" for n in range(measures)))


@pytest.fixture
def site(make_site: MakeSite) -> SmallSite:
    return make_site(FILES, delivered=DELIVERED)


def outcomes(ref: Ref) -> dict[tuple[str, str], Outcome]:
    """(check, provider) → what came of it."""
    opened = ref.open()
    inputs = opened.inputs(ref.run)
    _, found = deciding.gather(opened, inputs, opened.frozen(inputs.content))
    return {(one.check, provider): one for one in found for provider in one.scope.provider or ()}


def state(ref: Ref, check: str, provider: str = "101") -> tuple[OutcomeState, str | None]:
    found = outcomes(ref)[check, provider]
    return found.state, found.reason


def test_children_are_held_against_the_parents_of_their_own_provider(site: SmallSite) -> None:
    send(site, JANUARY, "101", measures=31)
    send(site, JANUARY, "102", measures=30)

    ref = site.run(JANUARY)

    assert state(ref, CASES, "101") == (OutcomeState.FAIL, None)
    assert outcomes(ref)[CASES, "101"].rows_failed == 1
    assert outcomes(ref)[CASES, "101"].rows_checked == 31
    assert state(ref, CASES, "102") == (OutcomeState.PASS, None)
    judgement = deciding.stored(ref.open(), ref.run)
    assert [one.check for one in judgement.findings if one.check == CASES] == [CASES]


def test_who_is_not_found_is_undecided_where_a_key_could_not_be_read_there_in_both_directions(
    make_site: MakeSite,
) -> None:
    numbered = {name: text.replace("case: {type: text}", "case: {type: integer}") for name, text in FILES.items()}
    each_has_one = "  - type: expect_keys_to_be_in_dataset\n    kwargs: {column_list: [case], reference: measures}\n"
    numbered["expectations/suites/care/cases.yaml"] += each_has_one + "    reason: Every case has a measure.\n"
    site = make_site(numbered, delivered=DELIVERED)
    for provider, last in (("101", "?"), ("102", "2")):
        rows = [f"{JANUARY};{case};N;1" for case in (*range(10, 30), 1, last)]
        site.deliver(f"{JANUARY}/cases_{provider}.csv", "m;c;k;a", *rows, "T;22")
        measures = [f"{JANUARY};{case}" for case in (*range(10, 30), 3, last)]
        site.deliver(f"{JANUARY}/measures_{provider}.csv", "m;c", *measures)

    ref = site.run(JANUARY)

    found = outcomes(ref)
    for check in (CASES, "cases:keys_to_be_in_dataset(case)"):
        unread, read = found[check, "101"], found[check, "102"]
        assert (unread.state, unread.rows_checked, unread.rows_failed, unread.rows_undecided) == ("pass", 20, 0, 2)
        assert (read.state, read.rows_checked, read.rows_failed, read.rows_undecided) == ("fail", 22, 1, 0)
    across = ref.open().places.step(ref.run, "across") / "all" / JANUARY / "desk/measures"
    for provider, marked in (("101", [(3, "undecided"), (None, "undecided")]), ("102", [(3, "fail")])):
        deliveries = ref.open().places.state / "deliveries" / JANUARY / "desk/measures"
        (typed,) = (deliveries / provider / "v1").glob("typed-*/typed.parquet")
        marks = pl.read_parquet(across / provider / "v1/marks.parquet").sort("_row")
        assert marks.join(pl.read_parquet(typed), on="_row").select("case", "outcome").rows() == marked


def test_rows_without_a_parent_are_marked_and_nothing_else_is_told_of_them(site: SmallSite) -> None:
    send(site, JANUARY, "101", measures=31)
    send(site, JANUARY, "102", measures=30)

    ref = site.run(JANUARY)

    places = ref.open().places
    (typed,) = (places.state / "deliveries" / JANUARY / "desk/measures/101/v1").glob("typed-*/typed.parquet")
    across = places.step(ref.run, "across") / "all" / JANUARY / "desk/measures"
    marks = {provider: pl.read_parquet(across / provider / "v1/marks.parquet") for provider in ("101", "102")}
    assert marks["101"].columns == ["_row", "check", "outcome"]
    assert marks["101"].join(pl.read_parquet(typed), on="_row")["case"].to_list() == ["c30"]
    assert marks["102"].is_empty()


def test_where_the_parents_did_not_come_the_missing_delivery_is_the_finding(site: SmallSite) -> None:
    send(site, JANUARY, "101", parents=False)
    send(site, JANUARY, "102")

    ref = site.run(JANUARY)

    assert state(ref, CASES) == (OutcomeState.NOT_APPLICABLE, "cases did not come")


def test_children_are_not_held_against_parents_that_could_not_be_read(site: SmallSite) -> None:
    send(site, JANUARY, "101")
    send(site, JANUARY, "102")
    (site.inbox / JANUARY / "cases_101.csv").write_bytes(b"PK\x03\x04 no archive\x00\x00")

    ref = site.run(JANUARY)

    assert state(ref, CASES, "101") == (OutcomeState.NOT_APPLICABLE, "cases could not be read whole")
    assert state(ref, CASES, "102") == (OutcomeState.PASS, None)


def test_a_first_month_has_nothing_earlier_to_compare_with(site: SmallSite) -> None:
    send(site, JANUARY, "101")
    send(site, JANUARY, "102")

    ref = site.run(JANUARY)

    nothing = (OutcomeState.NOT_APPLICABLE, "nothing earlier to compare with")
    assert state(ref, SHARE) == state(ref, SHAPE) == nothing


def test_a_month_is_compared_with_the_delivery_that_was_approved_and_no_other(site: SmallSite) -> None:
    send(site, JANUARY, "101", special=10)
    send(site, JANUARY, "102", special=10)
    site.approve(site.run(JANUARY).run)
    send(site, FEBRUARY, "101", special=10)
    send(site, FEBRUARY, "102", special=20)

    ref = site.run(FEBRUARY)

    assert state(ref, SHARE, "101") == (OutcomeState.PASS, None)
    assert state(ref, SHARE, "102") == (OutcomeState.FAIL, None)
    assert outcomes(ref)[SHARE, "102"].observed == 0.666666667  # the share of now
    assert state(ref, SHAPE, "101")[0] is OutcomeState.NOT_APPLICABLE
    assert (state(ref, SHAPE, "101")[1] or "").startswith("too few rows to compare: 30, and 30 there")
    send(site, "2026-03", "101", special=20)  # February was never approved
    send(site, "2026-03", "102", special=10)

    march = site.run("2026-03")

    assert [state(march, SHARE, one)[0].value for one in ("101", "102")] == ["fail", "pass"]


def test_a_trailer_is_held_against_the_rows_once_they_are_all_read(site: SmallSite) -> None:
    send(site, JANUARY, "101")
    send(site, JANUARY, "102", trailer=31)

    ref = site.run(JANUARY)

    assert state(ref, f"cases:{TRAILER}", "101") == (OutcomeState.PASS, None)
    assert state(ref, f"cases:{TRAILER}", "102") == (OutcomeState.FAIL, None)
    assert state(ref, f"measures:{TRAILER}") == (OutcomeState.NOT_APPLICABLE, "no trailer says how many rows there are")


def test_earlier_rows_that_were_tidied_away_are_typed_again(site: SmallSite) -> None:
    send(site, JANUARY, "101")
    send(site, JANUARY, "102")
    opened = site.approve(site.run(JANUARY).run)
    for folder in (opened.places.state / "deliveries" / JANUARY).rglob("typed-*"):
        folder.rename(folder.with_name("gone"))
    send(site, FEBRUARY, "101", special=30)
    send(site, FEBRUARY, "102")

    ref = site.run(FEBRUARY)

    assert state(ref, SHARE, "101") == (OutcomeState.FAIL, None)
    assert list((opened.places.state / "deliveries" / JANUARY).rglob("typed-*"))


def test_the_judgement_of_one_delivery_does_not_wait_for_checks_across_deliveries(site: SmallSite) -> None:
    send(site, JANUARY, "101")
    send(site, JANUARY, "102")
    ref = site.run(JANUARY)
    (version,) = (one.id for one in ref.open().inputs(ref.run).deliveries if one.id.endswith("measures/101/v1"))

    judgement: Any = deciding.judge_delivery(ref, version)

    assert [one.check for one in judgement.outcomes if one.check == CASES] == []


def test_checks_across_deliveries_are_planned_so_that_none_is_ever_taken_for_passed(site: SmallSite) -> None:
    send(site, JANUARY, "101", measures=31)
    send(site, JANUARY, "102")
    ref = site.run(JANUARY)
    (step,) = (ref.open().places.step(ref.run, "across")).iterdir()
    (step / "outcomes.json").write_text("[]")

    judgement = deciding.judge_now(ref)

    states = {one.check: one.state for one in judgement.outcomes if one.check in (CASES, SHARE, SHAPE)}
    assert states == dict.fromkeys((CASES, SHARE, SHAPE), OutcomeState.COULD_NOT_RUN)


def test_a_second_run_takes_over_what_was_asked_across_deliveries_with_its_marks(site: SmallSite) -> None:
    send(site, JANUARY, "101", measures=31)
    send(site, JANUARY, "102", measures=30)
    first = site.run(JANUARY)

    edit(site, "cases", "reason: It has a number.", "severity: critical\n    reason: It has a number.")
    second = site.run(JANUARY)

    assert second.run != first.run
    assert outcomes(second)[CASES, "101"] == outcomes(first)[CASES, "101"]
    assert outcomes(second)[CASES, "101"].rows_failed == 1
    marks = (Path("all") / JANUARY / "desk/measures/101/v1/marks.parquet", Path("all/outcomes.json"))
    then, now = (one.open().places.step(one.run, "across") for one in (first, second))
    assert [(now / name).read_bytes() for name in marks] == [(then / name).read_bytes() for name in marks]


def test_a_profile_that_keeps_fewer_or_more_marks_has_them_made_again(site: SmallSite) -> None:
    send(site, JANUARY, "101", measures=40)
    profile = site.path / "vendor_profiles/courier.yaml"
    plain = profile.read_text()
    found = []
    for text in (plain.replace("    dataset: measures", "    dataset: measures\n    marks_per_check: 2"), plain):
        profile.write_text(text)
        ref = site.run(JANUARY)
        (marks,) = site.path.glob(f"state/runs/{ref.run}/across/all/{JANUARY}/desk/measures/101/v1/marks.parquet")
        found.append((pl.read_parquet(marks).height, outcomes(ref)[CASES, "101"].rows_unmarked))

    assert found == [(2, 8), (10, 0)]


# ── content that is tried on a stored run ──────────────────────────────────────────────────────────────────────


def edit(site: SmallSite, dataset: str, old: str, new: str) -> None:
    path = site.path / f"expectations/suites/care/{dataset}.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def tried(
    site: SmallSite, period: str, *datasets: str, read_again: int = 0
) -> tuple[dict[str, Found], dict[str, Marking]]:
    told = against(open_site(site.path), period, datasets=datasets)
    assert (told.unseen, told.read_again) == ((), read_again)
    return {one.check: one for one in told.checks}, {one.rule: one for one in told.rules}


def kept(opened: Opened) -> set[str]:
    return {str(path) for path in opened.places.state.rglob("*") if not path.name.startswith("loadgate.db")}


def test_a_check_on_another_table_is_tried_on_what_its_run_had_and_nothing_is_kept(site: SmallSite) -> None:
    send(site, JANUARY, "101")
    send(site, JANUARY, "102")
    opened = site.approve(site.run(JANUARY).run)
    send(site, FEBRUARY, "101", measures=31)
    send(site, FEBRUARY, "102", special=20)
    site.run(FEBRUARY)
    for folder in (opened.places.state / "deliveries" / JANUARY).rglob("typed-*"):
        folder.rename(folder.with_name("gone"))
    edit(site, "cases", "absolute: 0.1", "absolute: 0.5")
    edit(site, "cases", "case: {type: text}", "case: {type: text, description: read again}")
    before = kept(opened)

    checks, _ = tried(site, FEBRUARY, read_again=2)

    share = checks[SHARE]
    assert (share.deliveries, share.failing, share.failing_then, share.gone) == (2, 0, 1, 1)
    assert (checks[CASES].failing, checks[CASES].rows_failed, checks[CASES].differs) == (1, 1, False)
    assert (checks[SHAPE].deliveries, checks[SHAPE].not_applicable) == (0, 2)
    assert checks[f"cases:{TRAILER}"].deliveries == 2
    alone, _ = tried(site, FEBRUARY, "measures", read_again=2)
    assert (alone[CASES].failing, alone[CASES].could_not_run) == (1, 0)
    assert set(alone) == {CASES, f"measures:{TRAILER}"}
    assert kept(opened) == before


def test_a_check_on_a_table_whose_rows_are_gone_could_not_run(site: SmallSite) -> None:
    send(site, JANUARY, "101", measures=4)
    send(site, JANUARY, "102")
    ref = site.run(JANUARY)
    opened = ref.open()
    (lost,) = (one for one in opened.inputs(ref.run).deliveries if one.id.endswith("cases/101/v1"))
    for folder in opened.places.state.glob(f"deliveries/{JANUARY}/**/cases/101/**/typed-*"):
        folder.rename(folder.with_name("gone"))
    for part in lost.parts:
        (opened.places.state / "archive" / part.sha256[:2] / part.sha256).unlink()

    told = against(opened, JANUARY, datasets=["measures"])

    (found,) = (one for one in told.checks if one.check == CASES)
    assert (found.deliveries, found.could_not_run, found.failing, found.rows_checked) == (2, 1, 0, 5)
    assert [name for name, _ in told.unseen] == [lost.id]


@pytest.mark.parametrize("damaged", [None, b"PAR1 of nothing PAR1"], ids=["missing", "garbage"])
def test_typed_rows_that_are_damaged_are_read_again_the_other_tables_too(
    site: SmallSite, damaged: bytes | None
) -> None:
    send(site, JANUARY, "101")
    send(site, JANUARY, "102")
    opened = site.approve(site.run(JANUARY).run)
    send(site, FEBRUARY, "101", measures=31)
    send(site, FEBRUARY, "102", special=20)
    site.run(FEBRUARY)
    sound, _ = tried(site, FEBRUARY)
    for path in (opened.places.state / "deliveries").glob("**/typed.parquet"):
        path.unlink()
        if damaged is not None:
            path.write_bytes(damaged)
    before = kept(opened)

    checks, _ = tried(site, FEBRUARY, read_again=4)

    assert checks == sound
    assert (checks[SHARE].failing, checks[CASES].failing) == (1, 1)
    alone, _ = tried(site, FEBRUARY, "measures", read_again=4)
    assert alone[CASES] == sound[CASES]
    assert kept(opened) == before


def test_damaged_rows_whose_archived_file_is_gone_are_named_as_unseen(site: SmallSite) -> None:
    send(site, JANUARY, "101", measures=4)
    send(site, JANUARY, "102")
    ref = site.run(JANUARY)
    opened = ref.open()
    (lost,) = (one for one in opened.inputs(ref.run).deliveries if one.id.endswith("cases/101/v1"))
    (rows,) = opened.places.state.glob(f"deliveries/{JANUARY}/**/cases/101/**/typed.parquet")
    rows.write_bytes(b"garbage")
    for part in lost.parts:
        (opened.places.state / "archive" / part.sha256[:2] / part.sha256).unlink()

    told = against(opened, JANUARY)

    (found,) = (one for one in told.checks if one.check == CASES)
    assert (found.deliveries, found.could_not_run, found.failing) == (2, 1, 0)
    assert [name for name, _ in told.unseen] == [lost.id]


def test_rules_are_tried_and_told_by_the_rows_that_they_mark_now_and_marked_then(site: SmallSite) -> None:
    send(site, JANUARY, "101")
    send(site, JANUARY, "102", special=0)
    edit(site, "cases", "expectations:\n", f"{RULES}expectations:\n")
    site.run(JANUARY)
    edit(site, "cases", "value: 3", "value: 4")
    edit(site, "cases", "id: special", "id: peculiar")

    _, rules = tried(site, JANUARY)

    assert rules == {
        "cases:young": Marking(
            rule="cases:young",
            content="same",
            deliveries=2,
            rows_checked=60,
            rows_marked=8,
            rows_marked_then=6,
            changed=2,
        ),
        "cases:peculiar": Marking(
            rule="cases:peculiar", content="new", deliveries=2, rows_checked=60, rows_marked=10, changed=1
        ),
        "cases:special": Marking(rule="cases:special", content="gone", rows_marked_then=10, changed=1),
    }
    said = CliRunner().invoke(app, ["check", "--site", str(site.path), "--against", JANUARY]).stdout.splitlines()
    (row,) = (line for line in said if line.startswith("cases:peculiar (new rule)"))
    assert row.split()[-6:] == ["60", "10", "0", "0", "0", "1"]
    assert f"3 checks had no rows to look at, or nothing to compare them with: {UNTRIED}" in said
