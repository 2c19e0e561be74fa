"""An optional column that no file has: checks on it do not run, and say so; the others do not notice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from loadgate.checking.harmonising.alternatives import Harmonising
from loadgate.checking.suites import Checked, Checking, check
from loadgate.content.yaml_lines import parse
from loadgate.model.absence import absent_columns
from loadgate.model.expected import Dataset
from loadgate.model.findings import Outcome, OutcomeState
from loadgate.model.profiles import DeliverySpec, FileFormat, FormatKind
from loadgate.model.scope import Scope
from loadgate.reading.files import Reading, read

SUITE = """\
dataset: stays
area: care
title: Stays
columns:
  person: {type: text}
  days: {type: integer}
  remark: {type: text, optional: true}
  until: {type: integer, optional: true}
expectations:
  - {type: expect_column_values_to_not_be_null, id: filled, kwargs: {column: remark}, reason: It is a rule.}
  - {type: expect_column_values_to_be_in_set, id: listed, kwargs: {column: remark, value_set: [a]}, reason: A rule.}
  - {type: expect_column_distinct_values_to_be_in_set, id: few, kwargs: {column: remark, value_set: [a]}, reason: One.}
  - {type: expect_column_values_to_be_of_type, id: text, kwargs: {column: remark, type_: String}, reason: It is text.}
  - {type: expect_compound_columns_to_be_unique, id: once, kwargs: {column_list: [person, remark]}, reason: A key.}
  - {type: expect_column_median_to_be_between, id: middle, kwargs: {column: until, min_value: 1}, reason: A rule.}
  - type: expect_column_kl_divergence_to_be_less_than
    id: shape
    kwargs: {column: until, threshold: 0.5}
    reason: Its bins are chosen from the data, by GX itself.
  - type: expect_column_kl_divergence_to_be_less_than
    id: shaped
    kwargs: {column: days, threshold: 0.5}
    where: {column: remark, is: equal, value: a}
    reason: So are these.
  - type: expect_column_pair_values_a_to_be_greater_than_b
    id: order
    kwargs: {column_A: until, column_B: days, or_equal: true}
    reason: It reads two columns.
  - type: expect_column_values_to_be_between
    id: some
    kwargs: {column: days, max_value: 9}
    where: {column: remark, is: equal, value: a}
    reason: Only a condition reads it.
  - {type: expect_column_values_to_be_between, id: short, kwargs: {column: days, max_value: 9}, reason: A rule.}
  - {type: expect_column_to_exist, id: there, kwargs: {column: remark}, reason: It is promised.}
  - {type: expect_table_column_count_to_equal, id: three, kwargs: {value: 3}, reason: As many came.}
"""
ABSENT = {
    name: (OutcomeState.NOT_APPLICABLE, f"column {column} is not in the file")
    for column, names in {
        "remark": ("filled", "listed", "few", "text", "once", "shaped", "some"),
        "until": ("middle", "order", "shape"),
    }.items()
    for name in names
}
WITHOUT, WITH = b"person;days;until\np;3;4\nq;12;14\n", b"person;days;until;remark\nr;3;4;a\ns;4;5;b\n"
EMPTY = b"person;days;until;remark\nt;5;6;\nu;6;7;\n"
BARE = b"person;days\np;3\nq;12\n"


def dataset(more: str = "") -> Dataset:
    return Dataset.model_validate(parse(SUITE + more, file="stays.yaml").value)


def come(
    folder: Path, *files: bytes, more: str = "", kind: FormatKind = FormatKind.CSV
) -> tuple[Reading, Checked, tuple[Outcome, ...]]:
    """Read, checked and marked in one pass, as a delivery is."""
    parts = [folder / f"{number}.{kind}" for number in range(len(files))]
    for path, content in zip(parts, files, strict=True):
        path.write_bytes(content)
    suite, into = dataset(more), folder / "into"
    into.mkdir()
    spec = DeliverySpec(system="x", dataset="stays", files="*", format=FileFormat(kind=kind, delimiter=";"))
    with (
        Checking(dataset=suite, code_lists=(), providers=(), period="2026-10", scope=Scope(), into=into) as checking,
        Harmonising(dataset=suite, scope=Scope(), into=into) as harmonising,
    ):

        def each(rows: pl.DataFrame) -> None:
            checking.add(rows)
            harmonising.add(rows)

        reading = read(parts, spec=spec, dataset=suite, scope=Scope(), into=into, each=each)
        checked = checking.finish(reading.typed)
        rules = harmonising.finish(checked.outcomes, reading.typed).outcomes
    return reading, checked, rules


def told(outcomes: Sequence[Outcome]) -> dict[str, tuple[OutcomeState, str | None]]:
    return {one.check.partition(":")[2]: (one.state, one.reason) for one in outcomes}


def counted(outcomes: Sequence[Outcome], check: str) -> tuple[str, int | None, int | None, int | None]:
    one = next(one for one in outcomes if one.check == f"stays:{check}")
    return one.state.value, one.rows_checked, one.rows_failed, one.rows_undecided


def test_checks_that_read_a_column_which_did_not_come_do_not_run_and_say_so(tmp_path: Path) -> None:
    reading, checked, _ = come(tmp_path, BARE)

    assert absent_columns(reading.typed) == {"remark", "until"}
    ran = {
        "short": (OutcomeState.FAIL, None),
        "there": (OutcomeState.FAIL, None),
        "three": (OutcomeState.FAIL, None),
    }
    assert told(checked.outcomes) == ABSENT | ran
    assert counted(checked.outcomes, "short") == ("fail", 2, 1, 0)
    assert pl.read_parquet(checked.marks)["check"].unique().to_list() == ["stays:short"]


def test_a_column_that_is_there_without_a_value_is_not_absent(tmp_path: Path) -> None:
    reading, checked, _ = come(tmp_path, b"person;days;until;remark\np;3;4;\nq;4;5;\n")

    assert absent_columns(reading.typed) == frozenset()
    assert counted(checked.outcomes, "filled") == ("fail", 2, 2, 0)
    assert told(checked.outcomes)["there"] == (OutcomeState.PASS, None)


def test_a_column_of_which_no_value_can_be_read_is_not_absent_either(tmp_path: Path) -> None:
    _, checked, _ = come(tmp_path, b"person;days;until;remark\np;3;x;a\nq;4;y;a\n")

    state, reason = told(checked.outcomes)["middle"]
    assert (state, reason) == (
        OutcomeState.COULD_NOT_RUN,
        "none of 2 rows can be decided: their values could not be read",
    )


@pytest.mark.parametrize("files", [(WITHOUT, WITH), (WITH, WITHOUT), (WITHOUT, WITH, WITHOUT)])
def test_rows_of_a_file_without_the_column_are_undecided_where_another_file_has_it(
    tmp_path: Path, files: tuple[bytes, ...]
) -> None:
    reading, checked, _ = come(tmp_path, *files)

    open_rows = 2 * files.count(WITHOUT)
    assert absent_columns(reading.typed) == frozenset()
    assert counted(checked.outcomes, "filled") == ("pass", 2, 0, open_rows)
    assert counted(checked.outcomes, "listed") == ("fail", 2, 1, open_rows)
    assert counted(checked.outcomes, "some") == ("pass", 1, 0, open_rows)
    assert counted(checked.outcomes, "short")[1:] == (open_rows + 2, open_rows // 2, 0)
    assert told(checked.outcomes)["there"] == (OutcomeState.PASS, None)
    marks = pl.read_parquet(checked.marks).filter(check="stays:filled")
    assert marks["outcome"].to_list() == ["undecided"] * open_rows


NOWHERE = (OutcomeState.NOT_APPLICABLE, "column remark is not in every file, and no row is left to decide")
BALANCE = """\
  - type: expect_debit_and_credit_to_balance
    id: even
    kwargs: {column_list: [person], amount_column: until}
    reason: A sum of rows that nobody knows is no sum.
"""


@pytest.mark.parametrize("files", [(WITHOUT, EMPTY), (EMPTY, WITHOUT), (EMPTY, WITHOUT, EMPTY)])
def test_where_a_file_lacks_the_column_and_no_other_has_a_value_there_is_nothing_to_check(
    tmp_path: Path, files: tuple[bytes, ...]
) -> None:
    _, checked, _ = come(tmp_path, *files)

    found = told(checked.outcomes)
    assert [found[name] for name in ("listed", "few", "some", "shaped")] == [NOWHERE] * 4
    rows = 2 * files.count(EMPTY)
    assert counted(checked.outcomes, "filled") == ("fail", rows, rows, 2 * files.count(WITHOUT))
    marks = pl.read_parquet(checked.marks)
    assert set(marks["check"]) & {"stays:listed", "stays:some"} == set()


def test_rows_are_open_to_a_rule_that_takes_a_check_without_anything_to_check(tmp_path: Path) -> None:
    rule = "rules:\n  - {id: taken, kind: remove, check: listed, reason: A rule.}\n"

    _, _, outcomes = come(tmp_path, WITHOUT, EMPTY, more=rule)

    assert [(one.state, one.observed, one.rows_undecided) for one in outcomes] == [(OutcomeState.PASS, 0, 4)]


def test_a_value_that_could_not_be_read_is_not_taken_for_one_that_did_not_come(tmp_path: Path) -> None:
    _, checked, _ = come(tmp_path, BARE, b"person;days;until\nr;3;x\ns;4;\n")

    reason = "none of 3 rows can be decided: their values could not be read"
    assert told(checked.outcomes)["middle"] == (OutcomeState.COULD_NOT_RUN, reason)


def test_nor_is_one_in_another_column_of_the_check(tmp_path: Path) -> None:
    _, checked, _ = come(tmp_path, b"person;days\np;x\n", b"person;days;until\nr;y;\n")

    assert told(checked.outcomes)["order"][0] is OutcomeState.COULD_NOT_RUN


def test_a_condition_that_no_row_meets_is_none_of_the_files_that_lack_its_column(tmp_path: Path) -> None:
    _, checked, _ = come(tmp_path, WITHOUT, WITH.replace(b";a\n", b";c\n"))

    assert told(checked.outcomes)["some"] == NOWHERE
    assert counted(checked.outcomes, "listed") == ("fail", 2, 2, 2)


def test_a_sum_or_a_check_of_gx_itself_could_not_run_where_some_file_has_values(tmp_path: Path) -> None:
    reason = "column until is not in every file, and no row is left to decide"
    empty, full = b"person;days;until\np;3;\n", b"person;days;until\np;3;4\n"
    for name, file, state in (
        ("empty", empty, OutcomeState.NOT_APPLICABLE),
        ("full", full, OutcomeState.COULD_NOT_RUN),
    ):
        (tmp_path / name).mkdir()

        _, checked, _ = come(tmp_path / name, file, b"person;days\np;3\n", more=BALANCE)

        found = told(checked.outcomes)
        assert (found["even"][0], found["shape"][0]) == (state, state)
        assert (found["even"][1] == reason) is (state is OutcomeState.NOT_APPLICABLE)


def test_a_file_without_rows_says_nothing_of_the_columns_of_others(tmp_path: Path) -> None:
    reading, checked, _ = come(tmp_path, b"person;days;remark\n", BARE)

    assert absent_columns(reading.typed) == {"remark", "until"}
    assert told(checked.outcomes).items() >= ABSENT.items()


def test_a_parquet_file_may_lack_the_column_too(tmp_path: Path) -> None:
    pl.DataFrame({"person": ["p", "q"], "days": [3, 4]}).write_parquet(tmp_path / "source")

    _, checked, _ = come(tmp_path, (tmp_path / "source").read_bytes(), kind=FormatKind.PARQUET)

    assert told(checked.outcomes).items() >= ABSENT.items()


def test_rows_that_were_typed_before_are_judged_the_same(tmp_path: Path) -> None:
    reading, checked, _ = come(tmp_path, BARE)
    again = tmp_path / "again"
    again.mkdir()

    second = check(
        reading.typed,
        dataset=dataset(),
        code_lists=(),
        providers=(),
        period="2026-10",
        scope=Scope(),
        into=again,
    )

    assert second.outcomes == checked.outcomes


def test_rows_are_open_to_a_harmonisation_rule_that_reads_the_column_itself_or_through_a_check(tmp_path: Path) -> None:
    rules = """\
rules:
  - {id: own, kind: remove, where: {column: remark, is: equal, value: a}, reason: A rule.}
  - {id: taken, kind: remove, check: listed, reason: A rule.}
  - {id: long, kind: remove, where: {column: days, is: greater, value: 9}, reason: A rule.}
"""
    _, checked, outcomes = come(tmp_path, BARE, more=rules)

    found = {one.check: (one.state, one.observed, one.rows_undecided) for one in outcomes}
    assert found == {
        "stays:own": (OutcomeState.PASS, 0, 2),
        "stays:taken": (OutcomeState.PASS, 0, 2),
        "stays:long": (OutcomeState.PASS, 1, 0),
    }
    assert pl.read_parquet(checked.marks).filter(check="stays:taken")["outcome"].to_list() == ["undecided"] * 2
