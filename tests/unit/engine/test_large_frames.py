"""Hashes too many to hold or to sort at once give what they give at once; and a result's JSON is GX's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.checking.engine import duplicates, hashes, passes, spilling
from loadgate.checking.engine.fast import CompiledSuite, compile_suite
from loadgate.checking.engine.needs import Hashed, Kept
from loadgate.checking.engine.quiet import import_gx

KEYS = {"column_list": ["group", "n"]}
CHECKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("expect_compound_columns_to_be_unique", KEYS),
    ("expect_column_values_to_be_unique", {"column": "n"}),
    ("expect_column_values_to_be_between", {"column": "n", "min_value": 3, "max_value": {"$PARAMETER": "most"}}),
    ("expect_column_values_to_be_in_set", {"column": "group", "value_set": ["a", "b"], "mostly": 0.5}),
    ("expect_column_values_to_not_be_null", {"column": "nowhere"}),
    ("expect_table_row_count_to_be_between", {"min_value": 1}),
)


def compiled(checks: Sequence[tuple[str, dict[str, Any]]] = CHECKS) -> CompiledSuite:
    import_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    suite = ExpectationSuite(name="a suite")
    for type_, kwargs in checks:
        suite.expectations.append(ExpectationConfiguration(type=type_, kwargs=kwargs).to_domain_obj())
    return compile_suite(suite)


def frame(*, repeated: int) -> pl.DataFrame:
    rows = pl.DataFrame({"n": range(500), "group": ["a", None, "b", "c"] * 125})
    return pl.concat([rows, rows.head(repeated)])


@pytest.mark.parametrize("at_once", [25, 1000])
@pytest.mark.parametrize("repeated", [0, 1, 90])
def test_counting_and_comparing_hashes_in_parts_changes_no_outcome(
    monkeypatch: pytest.MonkeyPatch, repeated: int, at_once: int
) -> None:
    rows = frame(repeated=repeated).lazy()
    expected = compiled().validate(rows, parameters={"most": 400}).outcomes

    monkeypatch.setattr(hashes, "AT_ONCE", at_once)
    monkeypatch.setattr(duplicates, "ROWS_AT_ONCE", at_once)
    monkeypatch.setattr(passes, "BATCH_ROWS", 100)

    assert compiled().validate(rows, parameters={"most": 400}).outcomes == expected
    assert expected[1].rows_failed == 2 * repeated


def test_hashes_beyond_the_limit_are_in_files_that_only_their_owner_can_read(tmp_path: Path) -> None:
    sets = hashes.HashSets(held_bytes=8000, folder=tmp_path)
    spilled = sets.new(repeats=True)
    values = pl.Series(range(5000), dtype=pl.UInt64).hash()
    for part in range(10):
        spilled.add(values.slice(part * 500, 500))
    spilled.add(values.slice(100, 3))

    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert spilled.held * 8 <= 8000
    assert (spilled.count().distinct, sorted(spilled.count().repeated)) == (5000, sorted(values.slice(100, 3)))

    sets.close()
    assert list(tmp_path.iterdir()) == []


def test_hashes_that_the_disk_does_not_take_leave_their_checks_without_an_answer_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(spilling.Spill, "write", full)
    with compiled().start(frame(repeated=0).schema, parameters={"most": 400}, held_bytes=0) as running:
        running.add(frame(repeated=0))
        states = [(one.state.value, one.reason) for one in running.finish().outcomes]

    assert states[0] == states[1] == ("could_not_run", "what is held for it did not fit on the disk")
    assert (states[2][0], states[5][0]) == ("fail", "pass")


@pytest.mark.parametrize("lost", [0, 1])
def test_the_checks_of_one_lost_set_of_hashes_share_its_fate_and_those_of_another_do_not(
    monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    proportion = ("expect_column_proportion_of_unique_values_to_be_between", {"column": "n", "min_value": 1})
    of_two, of_one = [CHECKS[0]], [CHECKS[1], proportion]
    calls = 0
    write = spilling.Spill.write

    def full(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError
        return write(*given)

    monkeypatch.setattr(spilling.Spill, "write", full)
    suite = compiled([*of_two, *of_one] if lost == 0 else [*of_one, *of_two])
    with suite.start(frame(repeated=0).schema, held_bytes=0) as running:
        running.add(frame(repeated=0))
        states = [one.state.value for one in running.finish().outcomes]

    assert states == (["could_not_run", "pass", "pass"] if lost == 0 else ["could_not_run", "could_not_run", "pass"])


def test_many_hashes_are_counted_in_quarters_and_none_is_left_out_or_counted_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hashes, "_MANY", 10)
    borders = [value for part in range(4) for value in (part << 62, (part + 1 << 62) - 1)]
    made = hashes.HashSets().new(repeats=True)
    for run in (borders, [*range(1, 900), *borders]):
        made.add(pl.Series(run, dtype=pl.UInt64))

    counted = made.count()

    assert (counted.rows, counted.distinct, counted.repeated.to_list()) == (915, 907, borders)


def test_rows_that_only_share_a_hash_are_not_repeated() -> None:
    rows = pl.DataFrame({"n": [1, 2, 3, 3]})
    asked = Hashed(values=(pl.col("n"),), rows=None, kept=Kept.REPEATED)
    suspects = rows.select(asked.hash().unique()).to_series()  # as if each of them had come twice
    counted = hashes.Counted(rows=4, distinct=3, repeated=suspects)

    (found,) = duplicates.truly_repeated(rows.lazy(), asked, counted, row="n")

    assert found["row"].to_list() == [3, 3]


def test_the_parts_that_go_to_disk_are_equal_shares_of_all_hashes() -> None:
    ends = [end for part in range(64) for end in (part << 58, (part + 1 << 58) - 1)]

    assert spilling.boundaries(pl.Series(ends, dtype=pl.UInt64)) == [(2 * part, 2 * part + 2) for part in range(64)]


def test_hashes_lost_while_another_set_made_room_leave_their_own_check_without_an_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError

    sets = hashes.HashSets(held_bytes=8 * 250, folder=tmp_path)
    large, small = sets.new(repeats=True), sets.new(repeats=True)
    large.add(pl.Series(range(200), dtype=pl.UInt64))
    with monkeypatch.context() as disk:
        disk.setattr(spilling.Spill, "write", full)
        small.add(pl.Series(range(100), dtype=pl.UInt64))
    large.add(pl.Series(range(9), dtype=pl.UInt64))  # the disk may have room again

    assert large.held == 0
    with pytest.raises(OSError, match="did not fit"):
        large.count()
    assert small.count().distinct == 100
    sets.close()


def test_hashes_for_which_no_folder_can_be_made_are_not_held_for_ever_and_not_counted(tmp_path: Path) -> None:
    sets = hashes.HashSets(held_bytes=8 * 250, folder=tmp_path / "nowhere")
    lost = sets.new(repeats=True)

    for start in (0, 300, 600):
        lost.add(pl.Series(range(start, start + 300), dtype=pl.UInt64))

    assert lost.held == 0
    with pytest.raises(OSError, match="did not fit"):
        lost.count()


def test_the_json_of_a_result_is_gx_own() -> None:
    suite = compiled()
    for most in (400, 10):
        result = suite.validate(frame(repeated=3).lazy(), parameters={"most": most}).result

        assert suite.to_json_dict(result) == result.to_json_dict()
