"""A Parquet file that is read in slices has the rows that Polars finds in it at once, in their order."""

from __future__ import annotations

import datetime as dt
import shutil
from contextlib import closing
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgate.checking.engine import parquet_slices
from loadgate.checking.engine.fast import compile_suite
from loadgate.checking.engine.parquet_slices import ParquetFile, cut, slices
from loadgate.checking.engine.passes import UnreadableError
from loadgate.checking.engine.quiet import import_gx

import_gx()
SLICE = 50


@pytest.fixture(autouse=True)
def small_files_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_slices, "_WORTH_WHILE", 0)


def table(rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "number": [None if row % 7 == 3 else row * 7919 % 9973 for row in range(rows)],
            "text": [None if row % 11 == 5 else f"t{row % 13}" * (row % 4) for row in range(rows)],
            "day": [dt.date(2026, 1, 1) + dt.timedelta(days=row % 300) for row in range(rows)],
            "amount": [Decimal(row) / 4 for row in range(rows)],
            "list": [None if row % 5 == 2 else [row, None] * (row % 3) for row in range(rows)],
            "pair": [{"a": row, "b": None if row % 2 else "x"} for row in range(rows)],
            "flag": [row % 3 == 0 for row in range(rows)],
        },
        schema_overrides={"amount": pl.Decimal(12, 2)},
    )


def written(path: Path, frame: pl.DataFrame, groups: list[int], **how: Any) -> Path:
    """Write a file of row groups of so many rows."""
    whole = frame.to_arrow()
    at = 0
    with pq.ParquetWriter(path, whole.schema, **how) as writer:
        for rows in groups:
            writer.write_table(whole.slice(at, rows), row_group_size=max(1, rows))
            at += rows
    return path


def in_slices(file: ParquetFile, frame: pl.LazyFrame | None = None) -> list[pl.DataFrame]:
    cuts = cut(file)
    assert cuts is not None
    with closing(slices(file.frame() if frame is None else frame, cuts)) as rows:
        return list(rows)


@given(
    groups=st.lists(st.integers(0, 4 * SLICE), min_size=1, max_size=8),
    slice_rows=st.integers(20, 80),
    how=st.sampled_from(
        [
            {"compression": "snappy", "data_page_version": "1.0", "data_page_size": 100},
            {"compression": "zstd", "data_page_version": "2.0", "data_page_size": 100},
            {"compression": "none", "use_dictionary": False},
        ]
    ),
)
@settings(deadline=None, max_examples=60)
def test_slices_are_the_rows_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, groups: list[int], slice_rows: int, how: dict[str, Any]
) -> None:
    frame = table(sum(groups))
    path = written(tmp_path_factory.mktemp("slices") / "table.parquet", frame, groups, **how)
    file = ParquetFile(path=path, slice_rows=slice_rows)
    cuts = cut(file)
    if cuts is None:
        assert sum(groups) < 4 * slice_rows  # fewer than three slices
        return

    assert pl.concat(in_slices(file)).equals(frame)
    ends = [*cuts.at, sum(groups)]
    assert max(end - start for start, end in pairwise(ends)) <= 1.5 * slice_rows


def test_slices_end_with_row_groups_and_short_ones_go_together(tmp_path: Path) -> None:
    groups = [20, 20, 20, 0, 110, 40, 30]
    path = written(tmp_path / "table.parquet", table(sum(groups)), groups)
    cuts = cut(ParquetFile(path=path, slice_rows=SLICE))

    assert cuts is not None
    assert cuts.at == [0, 40, 60, 115, 170, 210]


def test_only_the_columns_concerned_are_read(tmp_path: Path) -> None:
    frame = table(400)
    path = written(tmp_path / "table.parquet", frame, [100] * 4)
    file = ParquetFile(path=path, slice_rows=SLICE)
    found = in_slices(file, file.frame().select("text", "flag"))

    assert pl.concat(found).equals(frame.select("text", "flag"))


def test_options_hold_for_the_whole_file(tmp_path: Path) -> None:
    frame = table(400)
    path = written(tmp_path / "table.parquet", frame, [100] * 4)
    file = ParquetFile(path=path, options={"row_index_name": "nr", "n_rows": 333}, slice_rows=SLICE)

    assert pl.concat(in_slices(file)).equals(file.frame().collect())
    assert file.frame().collect()["nr"].to_list() == [*range(333)]


@pytest.mark.parametrize("groups", [[100], [17 * SLICE, 100, 100]], ids=["few rows", "a row group that is too long"])
def test_what_is_not_worth_cutting_is_left_to_polars(tmp_path: Path, groups: list[int]) -> None:
    path = written(tmp_path / "table.parquet", table(sum(groups)), groups)
    assert cut(ParquetFile(path=path, slice_rows=SLICE)) is None


def test_what_is_no_parquet_file_is_left_to_polars(tmp_path: Path) -> None:
    path = written(tmp_path / "table.parquet", table(400), [100] * 4)
    whole = path.read_bytes()
    no_footer = whole[:-8] + b"\xff\xff\xff\x7fPAR1"
    for name, content in {"cut short": whole[:-40], "no footer": no_footer, "text": b"a,b"}.items():
        damaged = tmp_path / name
        damaged.write_bytes(content)
        assert cut(ParquetFile(path=damaged, slice_rows=SLICE)) is None, name
    assert cut(ParquetFile(path=tmp_path / "gone.parquet", slice_rows=SLICE)) is None


def test_a_small_file_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(b"x" * 1000)
    monkeypatch.setattr(parquet_slices, "_WORTH_WHILE", 1001)
    monkeypatch.setattr(pq, "read_metadata", lambda *_: pytest.fail("its footer was read"))
    assert cut(ParquetFile(path=path, slice_rows=SLICE)) is None


@pytest.mark.parametrize("after", [1, 6])
def test_a_file_that_another_one_replaces_has_no_rows_to_judge(tmp_path: Path, after: int) -> None:
    path = written(tmp_path / "table.parquet", table(400), [50] * 8)
    other = written(tmp_path / "other.parquet", table(400).reverse(), [50] * 8)
    file = ParquetFile(path=path, slice_rows=SLICE)
    cuts = cut(file)
    assert cuts is not None

    def read_on() -> None:
        with closing(slices(file.frame(), cuts)) as rows:
            for number, _ in enumerate(rows, 1):
                if number == after:
                    other.replace(path)

    with pytest.raises(UnreadableError):
        read_on()


def test_a_suite_says_the_same_of_a_file_and_of_its_frame(tmp_path: Path) -> None:
    import great_expectations as gx

    groups = [100_000, 600_000, 262_144, 1]
    rows = sum(groups)
    frame = pl.DataFrame({"n": pl.int_range(rows, eager=True)}).with_columns(
        text=(pl.col("n") % 1000).cast(pl.String),
        once=pl.when(pl.col("n") == rows - 5).then(7).otherwise(pl.col("n")),
        up=pl.when(pl.col("n") == 250_001).then(0).otherwise(pl.col("n")),
        odd=pl.col("n") % 100_000 == 17,
    )
    path = written(tmp_path / "table.parquet", frame, groups)
    expect = gx.expectations
    suite = compile_suite(
        gx.ExpectationSuite(
            name="s",
            expectations=[
                expect.ExpectColumnValuesToBeUnique(column="once"),
                expect.ExpectColumnValuesToBeIncreasing(column="up"),
                expect.ExpectColumnValuesToMatchRegex(column="text", regex="^[0-9]{1,2}$"),
                expect.ExpectColumnMedianToBeBetween(column="n", min_value=0),
                expect.ExpectTableRowCountToEqual(value=rows),
            ],
        ),
        values=True,
    )
    file = ParquetFile(path=path)
    assert (cuts := cut(file)) is not None
    assert cuts.at == [0, 100_000, 400_000, 700_000, 962_144]

    by_file = suite.validate(file, undecided={"text": "odd"})
    by_frame = suite.validate(pl.scan_parquet(path), undecided={"text": "odd"})
    assert by_file.outcomes == by_frame.outcomes
    assert by_file.result.to_json_dict()["results"] == by_frame.result.to_json_dict()["results"]
    assert [one.rows_failed for one in by_file.outcomes[:3]] == [2, 1, 900 * 962 + 45]


def test_an_asset_of_one_file_on_this_machine_is_read_so(tmp_path: Path) -> None:
    import great_expectations as gx

    import loadgate.checking.engine.datasource  # noqa: F401  it adds add_polars

    path = written(tmp_path / "table.parquet", table(400), [100] * 4)
    shutil.copy(path, tmp_path / "second.parquet")
    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_polars("here", base_directory=tmp_path)  # type: ignore[attr-defined]
    one = source.add_parquet_asset("one").add_batch_definition_path("all", path.name).get_batch().data
    asset = source.add_directory_parquet_asset("both", data_directory=Path())
    both = asset.add_batch_definition_whole_directory("all").get_batch().data

    assert one.file == ParquetFile(path=path)
    assert both.file is None
    assert both.frame.collect().height == 800
