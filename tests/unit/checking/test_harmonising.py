"""Harmonisation as rows pass by: however they are split, and wherever they wait, the rules say the same."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadgate.checking.harmonising import partitions
from loadgate.checking.harmonising.alternatives import Harmonised, Harmonising, harmonise
from loadgate.checking.harmonising.partitions import Partitions
from loadgate.checking.harmonising.row_sets import RowSet
from loadgate.content.yaml_lines import parse
from loadgate.errors import CouldNotRun
from loadgate.model.expected import Dataset
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.kinds import Severity
from loadgate.model.scope import Scope
from loadgate.model.tables import MARKS, schema

CONTENT = """\
dataset: stays
area: care
title: Stays
columns:
  person: {type: text, personal: true}
  kind: {type: text}
  began: {type: timestamp}
  left: {type: timestamp}
  died: {type: timestamp}
rules:
  - {id: backwards, kind: remove, check: order, reason: It ends before it begins.}
  - {id: foreign, kind: remove, where: {column: kind, is: equal, value: X}, reason: Not ours.}
  - {id: death, kind: change, fill: {column: left, source: died}, where: {column: left, missing: true}, reason: Left.}
  - id: overlap
    kind: change
    follow: {start: began, end: left, group: [person]}
    where: {column: kind, among: [S, X]}
    apply: {leave_out: [backwards, foreign], use_alternatives: [death]}
    reason: Nobody stays in two places.
  - id: after_overlap
    kind: remove
    earlier: {column: left, than: began}
    apply: {only: [overlap, death], use_alternatives: [overlap, death]}
    reason: It ends before it begins, once its begin has moved.
  - id: overlap_by_kind
    kind: change
    follow: {start: began, end: left, group: [person, kind]}
    where: {column: began, missing: false}
    apply: {leave_out: [after_overlap], use_alternatives: [overlap]}
    reason: With the begins of another rule.
  - id: not_moved
    kind: approve
    where: {column: kind, is: equal, value: S}
    apply: {leave_out: [overlap_by_kind]}
    reason: Of the others, those of one kind.
"""
STAYS = Dataset.model_validate(parse(CONTENT, file="stays.yaml").value)
TYPES = {"person": pl.String(), "kind": pl.String(), **dict.fromkeys(("began", "left", "died"), pl.Datetime("us"))}
DAYS = st.none() | st.integers(0, 20).map(lambda days: datetime(2026, 1, 1) + timedelta(days=days))
ROW = st.tuples(st.sampled_from(["p", "q", None]), st.sampled_from("STX"), DAYS, DAYS, DAYS)


def typed(rows: Sequence[tuple[object, ...]], *, unread: Sequence[int] = (), first: int = 0) -> pl.DataFrame:
    """Rows as reading leaves them; `unread` are those whose kind could not be read."""
    frame = pl.DataFrame(rows, schema=TYPES, orient="row").with_row_index("_row", offset=first)
    if not unread:
        return frame
    flag = pl.col("_row").is_in(list(unread))
    return frame.with_columns(flag.alias("_undecided.kind"), pl.when(~flag).then("kind").alias("kind"))


def asked(
    folder: Path,
    frames: Sequence[pl.DataFrame],
    *,
    suite: Sequence[tuple[int, str]] = (),
    held_bytes: int = 1 << 20,
    dataset: Dataset = STAYS,
) -> Harmonised:
    """What the rules say of frames that pass by. `suite`: rows, and what the suite's check of the order said."""
    folder.mkdir(exist_ok=True)
    marks = pl.DataFrame([(row, "stays:order", said) for row, said in suite], schema=schema(MARKS), orient="row")
    marks.write_parquet(folder / "marks.parquet", row_group_size=2)
    pl.concat(frames, how="diagonal").with_columns(pl.col("^_undecided.*$").fill_null(False)).write_parquet(
        folder.with_suffix(".parquet")
    )
    order = Outcome(check="stays:order", scope=Scope(), state=OutcomeState.FAIL, severity=Severity.WARNING)
    with Harmonising(dataset=dataset, scope=Scope(), into=folder, held_bytes=held_bytes) as harmonising:
        for frame in frames:
            harmonising.add(frame)
        return harmonising.finish([order], folder.with_suffix(".parquet"))


def said(found: Harmonised) -> tuple[object, ...]:
    marks, alternatives = pl.read_parquet(found.marks), pl.read_parquet(found.alternatives)
    return sorted(marks.rows()), sorted(alternatives.rows()), found.outcomes


def marks_of(found: Harmonised, rule: str) -> dict[int, str]:
    own = pl.read_parquet(found.marks).filter(pl.col("check") == f"stays:{rule}")
    return dict(own.select("_row", "outcome").rows())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(ROW, min_size=1, max_size=14),
    size=st.integers(1, 5),
    suite=st.dictionaries(st.integers(0, 13), st.sampled_from(["fail", "undecided"]), max_size=3),
    unread=st.sets(st.integers(0, 13), max_size=2),
    held_bytes=st.sampled_from([1, 200, 1 << 20]),
)
def test_frames_of_any_size_and_rows_that_wait_in_files_say_the_same(
    rows: list[tuple[object, ...]],
    size: int,
    suite: dict[int, str],
    unread: set[int],
    held_bytes: int,
    tmp_path: Path,
) -> None:
    known = [(row, outcome) for row, outcome in suite.items() if row < len(rows)]
    whole = typed(rows, unread=sorted(unread))
    pieces = [
        typed(rows[at : at + size], first=at, unread=sorted(unread & set(range(at, at + size))))
        for at in range(0, len(rows), size)
    ]

    together = asked(tmp_path / "together", [whole], suite=known)
    apart = asked(tmp_path / "apart", pieces, suite=known, held_bytes=held_bytes)

    assert said(apart) == said(together)


def day(number: int) -> datetime:
    return datetime(2026, 1, number)


PAIR = [("p", "S", day(1), day(9), None), ("p", "S", day(3), day(20), None)]


@pytest.mark.parametrize(("kind", "says"), [("S", dict.fromkeys((0, 1, 2), "undecided")), ("T", {1: "changed"})])
def test_a_row_that_a_check_cannot_decide_spoils_its_group_unless_the_rule_leaves_it_alone_anyway(
    kind: str, says: dict[int, str], tmp_path: Path
) -> None:
    frames = [typed(PAIR), typed([("p", kind, day(1), day(2), None)], first=2)]

    found = asked(tmp_path / "one", frames, suite=[(2, "undecided")])

    assert marks_of(found, "backwards") == {2: "undecided"}
    assert marks_of(found, "overlap") == says


ONLY = """\
dataset: stays
area: care
title: Stays
columns: {person: {type: text}, kind: {type: text}, began: {type: timestamp}, left: {type: timestamp}}
rules:
  - {id: ours, kind: remove, where: {column: kind, is: equal, value: S}, reason: At once.}
  - {id: backwards, kind: remove, check: order, reason: In the end.}
  - {id: old, kind: remove, where: {column: began, missing: false}, apply: {only: [RULE]}, reason: Of those.}
  - {id: overlap, kind: change, follow: {start: began, end: left, group: [person]}, apply: {only: [RULE]}, reason: Too.}
"""


@pytest.mark.parametrize(("rule", "unread"), [("ours", [1]), ("backwards", [])])
def test_a_row_that_may_carry_the_only_mark_that_counts_is_undecided(
    rule: str, unread: list[int], tmp_path: Path
) -> None:
    dataset = Dataset.model_validate(parse(ONLY.replace("RULE", rule), file="stays.yaml").value)
    rows = [*PAIR, ("q", "T", day(1), day(9), None)]
    suite = [(0, "fail"), (1, "undecided")]

    found = asked(tmp_path / "one", [typed(rows, unread=unread)], suite=suite, dataset=dataset)

    assert marks_of(found, "old") == {0: "removed", 1: "undecided"}
    assert marks_of(found, "overlap") == {0: "undecided", 1: "undecided"}


def test_a_check_s_rows_are_left_out_of_a_group_that_passed_by_before_the_check_had_finished(tmp_path: Path) -> None:
    found = asked(tmp_path / "one", [typed(PAIR)], suite=[(0, "fail")])

    assert marks_of(found, "backwards") == {0: "removed"}
    assert marks_of(found, "overlap") == {}


def test_a_rule_reads_the_values_that_a_rule_proposed_who_waited_itself(tmp_path: Path) -> None:
    rows = [("p", "S", day(1), day(9), None), ("p", "S", day(3), day(9), None), ("p", "S", day(5), day(7), None)]

    found = asked(tmp_path / "one", [typed([row], first=place) for place, row in enumerate(rows)], held_bytes=1)

    began = pl.read_parquet(found.alternatives).filter(pl.col("rule") == "stays:overlap").select("_row", "value")
    assert sorted(began.rows()) == [(0, "2026-01-09 00:00:00.000000"), (1, "2026-01-07 00:00:00.000000")]
    assert marks_of(found, "overlap_by_kind") == {1: "changed"}  # by the begins that came, row 0 would be moved too


def test_rows_that_were_forgotten_leave_no_trace(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    expected = said(asked(folder, [typed(PAIR)]))
    order = Outcome(check="stays:order", scope=Scope(), state=OutcomeState.FAIL, severity=Severity.WARNING)
    pl.DataFrame(schema=schema(MARKS)).write_parquet(folder / "marks.parquet")

    with Harmonising(dataset=STAYS, scope=Scope(), into=folder, held_bytes=1) as harmonising:
        harmonising.add(typed([*PAIR, ("q", "X", None, None, day(4))], unread=[0]))
        harmonising.restart()
        harmonising.add(typed(PAIR))
        found = harmonising.finish([order], folder.with_suffix(".parquet"))

    assert said(found) == expected
    assert sorted(path.name for path in folder.iterdir()) == ["alternatives.parquet", "marks.parquet"]


def test_without_any_rows_no_rule_was_asked_and_none_is_at_fault(tmp_path: Path) -> None:
    typed([]).write_parquet(tmp_path / "typed.parquet")
    pl.DataFrame(schema=schema(MARKS)).write_parquet(tmp_path / "marks.parquet")
    order = Outcome(check="stays:order", scope=Scope(), state=OutcomeState.PASS, severity=Severity.WARNING)

    found = harmonise(tmp_path / "typed.parquet", dataset=STAYS, outcomes=[order], scope=Scope(), into=tmp_path)

    reason = "no row of the delivery can be used"
    assert {(one.state, one.reason) for one in found.outcomes} == {(OutcomeState.NOT_APPLICABLE, reason)}
    assert pl.read_parquet(found.marks).height == pl.read_parquet(found.alternatives).height == 0


def test_rows_wait_in_a_folder_that_nobody_else_can_read_and_that_goes_whatever_happens(tmp_path: Path) -> None:
    with Harmonising(dataset=STAYS, scope=Scope(), into=tmp_path, held_bytes=1) as harmonising:
        harmonising.add(typed(PAIR))
        folders = [path for path in tmp_path.iterdir() if path.is_dir()]
        modes = [stat.S_IMODE(path.stat().st_mode) for path in folders]
        misfit = typed(PAIR, first=2).with_columns(pl.lit("Zq-secret").alias("died"))
        with pytest.raises(CouldNotRun, match="its rules could not be asked") as caught:
            harmonising.add(misfit)

    assert modes
    assert set(modes) == {0o700}
    assert not any(path.exists() for path in folders)
    assert "Zq-secret" not in str(caught.value)
    assert caught.value.__suppress_context__


# ── rows that wait, and rows that are remembered ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("held_bytes", [1, 1 << 30])
@pytest.mark.parametrize("part_bytes", [1, 1 << 30])
def test_all_rows_come_back_and_those_of_one_key_together(
    held_bytes: int, part_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "_PART_BYTES", part_bytes)
    waiting = Partitions(tmp_path, by=["key"], held_bytes=held_bytes)
    for at in range(0, 90, 30):
        waiting.add(pl.DataFrame({"key": [f"k{row % 7}" for row in range(at, at + 30)], "row": range(at, at + 30)}))

    parts = list(waiting.parts())
    again = list(waiting.parts())
    waiting.close()

    places = [(key, place) for place, part in enumerate(parts) for key in part["key"].unique()]
    assert len(places) == len({key for key, _ in places}) == 7
    assert sorted(row for part in parts for row in part["row"]) == list(range(90))
    assert [part.rows() for part in again] == [part.rows() for part in parts]
    assert (len(parts) > 1) is (held_bytes == part_bytes == 1)
    assert list(tmp_path.iterdir()) == []


def test_rows_without_a_key_come_back_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "_ROWS", 4)
    waiting = Partitions(tmp_path, held_bytes=1)
    for at in (0, 10):
        waiting.add(pl.DataFrame({"row": range(at, at + 10)}))

    parts = [part["row"].to_list() for part in waiting.parts()]
    waiting.close()

    assert [len(part) for part in parts] == [4, 4, 2, 4, 4, 2]
    assert [row for part in parts for row in part] == list(range(20))


def test_rows_that_lack_a_key_are_spread_over_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "_PART_BYTES", 1)
    waiting = Partitions(tmp_path, by=["person", "kind"], held_bytes=1)
    for at in (0, 500):
        rows = pl.DataFrame({"person": [None] * 500, "kind": ["S"] * 500, "row": range(at, at + 500)})
        waiting.add(rows.cast({"person": pl.String}))

    parts = [part["row"].to_list() for part in waiting.parts()]
    waiting.close()

    assert sorted(row for part in parts for row in part) == list(range(1000))
    assert max(map(len, parts)) < 50


ROWS = st.lists(st.integers(0, 300), max_size=20)


@given(batches=st.lists(ROWS, max_size=4), looked_up=ROWS)
def test_a_set_of_rows_has_those_that_were_added(batches: list[list[int]], looked_up: list[int]) -> None:
    rows = RowSet()
    for batch in batches:
        rows.add(pl.Series(batch, dtype=pl.UInt32))

    added = {row for batch in batches for row in batch}
    assert rows.has(pl.Series(looked_up, dtype=pl.UInt32)).to_list() == [row in added for row in looked_up]
