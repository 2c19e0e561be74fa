"""Harmonisation rules as a steward writes them, on small tables: marked, left alone, or undecided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadgate.checking.harmonising.alternatives import Harmonised, harmonise
from loadgate.content.yaml_lines import parse
from loadgate.errors import CouldNotRun
from loadgate.model.expected import Dataset
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.kinds import Severity
from loadgate.model.scope import Scope
from loadgate.model.tables import ALTERNATIVES, MARKS, schema

CONTENT = """\
dataset: stays
area: care
title: Stays
columns:
  person: {type: text, personal: true}
  kind: {type: text}
  approved: {type: text}
  born: {type: date}
  began: {type: timestamp}
  left: {type: timestamp}
  died: {type: timestamp}
rules:
  - {id: backwards, kind: remove, code: "1", check: order, reason: It ends before it begins.}
  - {id: ends_early, kind: remove, earlier: {column: left, than: began}, reason: The same without a check.}
  - {id: under_17, kind: remove, code: "2", earlier: {column: began, than: born, years: 17}, reason: Too young.}
  - {id: foreign, kind: remove, where: {column: kind, is: equal, value: X}, reason: Not ours.}
  - {id: approval, kind: approve, where: {column: approved, is: equal, value: J}, reason: The office said so.}
  - id: death
    kind: change
    fill: {column: left, source: died}
    where: {column: left, missing: true}
    reason: Whoever has died has left.
  - id: overlap
    kind: change
    follow: {start: began, end: left, group: [person]}
    where: {column: kind, among: [S, T]}
    reason: Nobody stays in two places.
  - id: overlap_after_others
    kind: change
    follow: {start: began, end: left, group: [person]}
    where: {column: kind, among: [S, T]}
    apply: {leave_out: [ends_early], use_alternatives: [death]}
    reason: Of what is left once the others have been applied.
"""
STAYS = Dataset.model_validate(parse(CONTENT, file="stays.yaml").value)
MOMENTS = ("began", "left", "died")
TYPES = {
    **dict.fromkeys(("person", "kind", "approved"), pl.String()),
    "born": pl.Date(),
    **dict.fromkeys(MOMENTS, pl.Datetime("us")),
}
UNREADABLE = object()


def day(text: str) -> datetime:
    """`05-01`, the fifth of January 2026."""
    return datetime.strptime(f"{text}-2026", "%d-%m-%Y")


def stay(**given: object) -> dict[str, object]:
    """A sound row with some values changed; moments are given as `day` reads them."""
    moments = {name: day(value) for name, value in given.items() if isinstance(value, str) and name in MOMENTS}
    sound = {"person": "p", "kind": "S", "approved": "J", "born": date(1980, 5, 1), "began": day("01-02")}
    return {**dict.fromkeys(TYPES), **sound, **given, **moments}


def ask(
    folder: Path,
    rows: Sequence[dict[str, object]],
    dataset: Dataset = STAYS,
    *,
    failing: Sequence[int] = (),
    order: OutcomeState = OutcomeState.PASS,
) -> Harmonised:
    """Rows as reading leaves them, and what the suite's check of the order said."""
    unread = sorted({name for row in rows for name, value in row.items() if value is UNREADABLE})
    plain = [{name: None if value is UNREADABLE else value for name, value in row.items()} for row in rows]
    typed = (
        pl.DataFrame(plain, schema=TYPES)
        .with_row_index("_row")
        .with_columns(pl.Series(f"_undecided.{name}", [row[name] is UNREADABLE for row in rows]) for name in unread)
    )
    typed.write_parquet(folder / "typed.parquet")
    marks = [{"_row": row, "check": "stays:order", "outcome": "fail"} for row in failing]
    pl.DataFrame(marks, schema=schema(MARKS)).write_parquet(folder / "marks.parquet")
    outcomes = [Outcome(check="stays:order", scope=Scope(), state=order, severity=Severity.WARNING)]
    return harmonise(folder / "typed.parquet", dataset=dataset, outcomes=outcomes, scope=Scope(), into=folder)


def told(found: Harmonised, rule: str) -> dict[int, str]:
    marks = pl.read_parquet(found.marks).filter(pl.col("check") == f"stays:{rule}")
    return dict(marks.select("_row", "outcome").rows())


def alternatives(found: Harmonised, rule: str) -> dict[int, str]:
    """`row: day`, as the file has it."""
    given = pl.read_parquet(found.alternatives).filter(pl.col("rule") == f"stays:{rule}")
    return {row: value.removesuffix(" 00:00:00.000000") for row, value in given.select("_row", "value").rows()}


# ── spec: rule, row, what it says of the row ───────────────────────────────────────────────────────────────────

REMOVED, CHANGED, NOT_APPROVED, UNDECIDED = "removed", "changed", "not approved", "undecided"
SPEC = [
    ("ends_early", stay(began="02-02", left="01-02"), REMOVED),
    ("ends_early", stay(began="02-02", left="02-02"), None),
    ("ends_early", stay(began="02-02", left=None), None),
    ("ends_early", stay(began="02-02", left=UNREADABLE), UNDECIDED),
    ("ends_early", stay(began=UNREADABLE, left="01-02"), UNDECIDED),
    ("ends_early", stay(began=UNREADABLE, left=None), None),
    ("under_17", stay(born=date(2009, 2, 2), began="01-02"), REMOVED),
    ("under_17", stay(born=date(2009, 2, 1), began="01-02"), None),
    ("under_17", stay(born=None), None),
    ("under_17", stay(born=UNREADABLE), UNDECIDED),
    ("foreign", stay(kind="X"), REMOVED),
    ("foreign", stay(kind="S"), None),
    ("foreign", stay(kind=None), None),
    ("foreign", stay(kind=UNREADABLE), UNDECIDED),
    ("approval", stay(approved="N"), NOT_APPROVED),
    ("approval", stay(approved="J"), None),
    ("approval", stay(approved=None), UNDECIDED),
    ("approval", stay(approved=UNREADABLE), UNDECIDED),
    ("death", stay(left=None, died="03-03"), CHANGED),
    ("death", stay(left="01-03", died="03-03"), None),
    ("death", stay(left=None, died=None), None),
    ("death", stay(left=UNREADABLE, died="03-03"), UNDECIDED),
    ("death", stay(left=None, died=UNREADABLE), UNDECIDED),
    ("death", stay(left="01-03", died=UNREADABLE), None),
    ("death", stay(left=UNREADABLE, died=None), None),
    ("overlap", stay(), None),
    ("overlap", stay(left=UNREADABLE), UNDECIDED),
    ("overlap", stay(person=None), UNDECIDED),
    ("overlap", stay(kind="X", person=None), None),
    ("overlap", stay(kind="X", left=UNREADABLE), None),
    ("overlap", stay(kind=UNREADABLE), UNDECIDED),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "row", "says"), SPEC)
def test_a_rule_marks_a_row_leaves_it_alone_or_cannot_decide(
    rule: str, row: dict[str, object], says: str | None, tmp_path: Path
) -> None:
    found = ask(tmp_path, [row])

    assert told(found, rule) == ({} if says is None else {0: says})
    assert (0 in alternatives(found, rule)) is (says == CHANGED)


# ── spec: stays of one person, and where each begins instead ──────────────────────────────────────────────────

WORKED = [("05-01", "31-03"), ("02-02", "30-04"), ("15-02", "31-05"), ("01-01", "31-05")]
CHAINS: list[tuple[str, list[tuple[object, object]], list[str | None]]] = [
    ("the worked example", list(WORKED), [None, "2026-03-31", "2026-04-30", "2026-05-31"]),
    ("no overlap", [("01-01", "31-01"), ("01-02", "28-02")], [None, None]),
    ("ends the day the next begins", [("01-01", "01-02"), ("01-02", "28-02")], [None, None]),
    ("a gap", [("01-01", "31-01"), ("15-01", "28-02"), ("01-04", "30-04")], [None, "2026-01-31", None]),
    ("one within another", [("01-01", "31-12"), ("01-03", "31-03")], ["2026-03-31", None]),
    ("an open stay comes last", [("01-01", None), ("01-02", "31-03")], ["2026-03-31", None]),
    ("an open stay behind an open one", [("01-01", None), ("01-02", None)], [UNDECIDED, None]),
    ("an end that cannot be read", [("01-01", "31-03"), ("01-02", UNREADABLE)], [UNDECIDED, UNDECIDED]),
    ("no start", [("01-01", "31-03"), (None, "30-04")], [None, UNDECIDED]),
]  # fmt: skip


@pytest.mark.parametrize(("stays", "begin"), [(s, b) for _, s, b in CHAINS], ids=[name for name, _, _ in CHAINS])
def test_overlapping_stays_begin_where_the_one_in_front_ends(
    stays: list[tuple[object, object]], begin: list[str | None], tmp_path: Path
) -> None:
    found = ask(tmp_path, [stay(began=began, left=left) for began, left in stays])

    said = {row: alternatives(found, "overlap").get(row, mark) for row, mark in told(found, "overlap").items()}
    assert said == {row: one for row, one in enumerate(begin) if one is not None}


def test_only_stays_of_the_same_person_and_of_the_listed_kinds_overlap(tmp_path: Path) -> None:
    pairs = [{"person": "p"}, {"person": "q"}, {"person": "p", "kind": "X"}, {"person": "p", "kind": "T"}]
    found = ask(tmp_path, [stay(began=b, left=e, **one) for (b, e), one in zip(WORKED, pairs, strict=True)])

    assert alternatives(found, "overlap") == {3: "2026-03-31"}


def test_a_rule_sees_the_rows_as_the_rules_that_it_applies_leave_them(tmp_path: Path) -> None:
    rows = [
        stay(began="01-03", left="01-02"),  # ends early
        stay(began="01-01", left=None, died="31-03"),
        stay(began="15-01", left="30-04"),
    ]

    found = ask(tmp_path, rows)

    assert alternatives(found, "overlap") == {1: "2026-04-30", 2: "2026-02-01"}
    assert alternatives(found, "overlap_after_others") == {2: "2026-03-31"}
    assert alternatives(found, "death") == {1: "2026-03-31"}


def test_what_an_applied_rule_cannot_decide_is_undecided_too(tmp_path: Path) -> None:
    rows = [stay(began="01-01", left=None, died=UNREADABLE), stay(began="01-02", left="30-04"), stay(person="q")]

    found = ask(tmp_path, rows)

    assert told(found, "overlap_after_others") == {0: UNDECIDED, 1: UNDECIDED}
    assert told(found, "overlap") == {0: CHANGED}


def test_a_check_s_failing_rows_are_marked_as_removed_under_the_rule_s_name(tmp_path: Path) -> None:
    found = ask(tmp_path, [stay(), stay()], failing=[1], order=OutcomeState.FAIL)

    assert told(found, "backwards") == {1: REMOVED}
    assert told(found, "order") == {1: "fail"}


def test_a_rule_counts_its_marks_and_what_it_could_not_decide_apart(tmp_path: Path) -> None:
    found = ask(tmp_path, [stay(approved="N"), stay(approved="N"), stay(approved=None), stay()])

    (outcome,) = [one for one in found.outcomes if one.check == "stays:approval"]
    assert (outcome.state, outcome.severity) == (OutcomeState.PASS, Severity.INFO)
    assert (outcome.rows_checked, outcome.observed, outcome.rows_undecided) == (4, 2, 1)


def test_a_rule_whose_check_could_not_run_could_not_run_either(tmp_path: Path) -> None:
    found = ask(tmp_path, [stay()], order=OutcomeState.COULD_NOT_RUN)

    silent = {one.check: one.reason for one in found.outcomes if one.state is OutcomeState.COULD_NOT_RUN}
    assert silent == {"stays:backwards": "the check order could not run"}


def test_a_rule_on_a_column_that_is_not_there_could_not_run_nor_could_one_that_applies_it(tmp_path: Path) -> None:
    ask(tmp_path, [stay()])
    typed = pl.read_parquet(tmp_path / "typed.parquet").drop("died")
    typed.write_parquet(tmp_path / "typed.parquet")

    found = harmonise(tmp_path / "typed.parquet", dataset=STAYS, outcomes=(), scope=Scope(), into=tmp_path)

    silent = {one.check: one.reason for one in found.outcomes if one.state is OutcomeState.COULD_NOT_RUN}
    assert silent == {
        "stays:backwards": "the check order could not run",
        "stays:death": "no column died",
        "stays:overlap_after_others": "the rule death could not be asked",
    }


def test_rows_that_do_not_fit_the_rules_are_an_error_without_values(tmp_path: Path) -> None:
    ask(tmp_path, [stay()])
    typed = pl.read_parquet(tmp_path / "typed.parquet").with_columns(pl.lit("Zq-secret").alias("died"))
    typed.write_parquet(tmp_path / "typed.parquet")

    with pytest.raises(CouldNotRun, match="dataset stays: its rules could not be asked") as caught:
        harmonise(tmp_path / "typed.parquet", dataset=STAYS, outcomes=(), scope=Scope(), into=tmp_path)

    assert "Zq-secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_rows_stay_as_they_came_and_marks_hold_no_values(tmp_path: Path) -> None:
    rows = [stay(began=day(began), left=day(left), approved="N", died=day("31-12")) for began, left in WORKED]

    found = ask(tmp_path, rows)

    assert pl.read_parquet(tmp_path / "typed.parquet").drop("_row").to_dicts() == rows
    assert pl.read_parquet(found.marks).schema == pl.Schema(schema(MARKS))
    assert pl.read_parquet(found.marks).height > len(rows)
    assert pl.read_parquet(found.alternatives).schema == pl.Schema(schema(ALTERNATIVES))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "alternatives.parquet",
        "marks.parquet",
        "typed.parquet",
    ]


def by_hand(stays: list[tuple[str, int, int | None]]) -> dict[int, int]:
    """The overlap rule as its text reads, stay by stay."""
    found = {}
    for person in {person for person, _, _ in stays}:
        own = [(row, began, left) for row, (who, began, left) in enumerate(stays) if who == person]
        own.sort(key=lambda one: (one[2] is None, one[2] or 0, -one[1], one[0]))
        for (_, _, end), (row, began, _) in pairwise(own):
            if end is not None and began < end:
                found[row] = end
    return found


STAY = st.tuples(st.sampled_from("pqr"), st.integers(1, 40), st.none() | st.integers(1, 40))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stays=st.lists(STAY, max_size=12, unique=True))
def test_the_overlap_rule_agrees_with_its_text_on_any_stays(
    stays: list[tuple[str, int, int | None]], tmp_path: Path
) -> None:
    def moment(number: int | None) -> datetime | None:
        return None if number is None else datetime(2026, 1, 1) + timedelta(days=number)

    found = ask(tmp_path, [stay(person=who, began=moment(began), left=moment(left)) for who, began, left in stays])

    expected = {row: f"{moment(end):%Y-%m-%d}" for row, end in by_hand(stays).items()}
    assert alternatives(found, "overlap") == expected
