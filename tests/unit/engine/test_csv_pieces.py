"""A CSV file that is read in pieces has the rows that Polars finds in it at once, wherever it is cut."""

from __future__ import annotations

import gzip
import random
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgate.checking.engine.csv_pieces import CsvFile, Pieces, cut
from loadgate.checking.engine.fast import compile_suite
from loadgate.checking.engine.passes import BATCH_ROWS, UnreadableError
from loadgate.checking.engine.quiet import import_gx

TEXTS = {"a": pl.String(), "b": pl.String(), "c": pl.String()}
TYPED = {"a": pl.Int64(), "b": pl.String(), "c": pl.Date()}
LINES = (
    *(
        "1,x,2026-01-31",
        "22,yy,2026-02-28",
        "-3,æøå,",
        ",,",
        "4,x y,2026-03-31",
        "5,#,2026-04-30",
        "0006,'z',2026-05-31",
    ),
    *(
        "",
        " ",
        "\t",
        " 7,x,2026-06-30",
        "8,x",
        "9",
        "10,x,2026-07-31,",
        "11,x,2026-08-31,y",
        "12,x,no day",
        "1.5,x,",
        "\ufeff13,x,",
    ),
    *('14,"x",2026-09-30', '15,"x,\ny",2026-10-31', '16,"x""y",', '17,x",', "18,x\r", "\r", "19,x,\r", "20\rx,y,"),
)


def in_pieces(file: CsvFile, schema: dict[str, pl.DataType], columns: list[str] | None = None) -> list[pl.DataFrame]:
    pieces = cut(file, schema, columns)
    assert pieces is not None
    with pieces:
        frames = read_all(pieces, first=0)
    rest = pieces.rest(sum(frame.height for frame in frames))
    return frames if rest is None else [*frames, rest.select(columns or list(schema)).collect()]


def read_all(pieces: Pieces, *, first: int) -> list[pl.DataFrame]:
    read = (pieces.read(number) for number in count(first))
    return [frame for frame in takewhile(lambda frame: frame is not None, read) if frame is not None]


def at_once(file: CsvFile, columns: list[str] | None = None) -> pl.DataFrame:
    return file.frame().select(columns or pl.all()).collect()


def rows_or_fault(rows: Any) -> Any:
    try:
        found = rows()
    except UnreadableError as fault:
        return fault.kind
    except pl.exceptions.PolarsError as fault:
        return type(fault).__name__
    return (pl.concat(found) if isinstance(found, list) else found).to_dict(as_series=False)


@given(
    lines=st.lists(st.sampled_from(LINES), min_size=2, max_size=12),
    plain=st.integers(0, 12),
    piece_bytes=st.integers(1, 60),
    types=st.sampled_from((TEXTS, TYPED)),
    header=st.sampled_from(("a,b,c", "c,a,b")),
    line_end=st.sampled_from(("\n", "\r\n")),
    ended=st.booleans(),
    options=st.sampled_from(
        ({}, {"null_values": "x"}, {"quote_char": None}, {"truncate_ragged_lines": True}, {"ignore_errors": True})
    ),
    columns=st.sampled_from((None, ["b"], ["c", "a"])),
)
@settings(max_examples=400, deadline=None)
def test_the_rows_are_those_that_polars_finds_at_once(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], plain: int, piece_bytes: int,
    types: dict[str, pl.DataType], header: str, line_end: str, ended: bool, options: dict[str, Any],
    columns: list[str] | None,
) -> None:  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "pieces.csv"
    written = line_end.join([header, *LINES[:1] * plain, *lines]) + (line_end if ended else "")
    path.write_bytes(written.encode())
    file = CsvFile(path=path, options={"schema": types, **options}, piece_bytes=piece_bytes)
    if cut(file, types, columns) is None:
        assert path.stat().st_size < 2 * piece_bytes
        return

    expected = rows_or_fault(lambda: at_once(file, columns))
    assert rows_or_fault(lambda: in_pieces(file, types, columns)) == expected


def suite() -> Any:
    import_gx()
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="pieces",
        expectations=[
            gxe.ExpectTableRowCountToEqual(value=20_000),
            gxe.ExpectColumnValuesToNotBeNull(column="b"),
            gxe.ExpectColumnValuesToBeBetween(column="a", min_value=10),
            gxe.ExpectColumnValuesToBeUnique(column="a"),
            gxe.ExpectColumnMedianToBeBetween(column="a", min_value=0, max_value=10),
            gxe.ExpectColumnValuesToMatchRegex(column="b", regex="^t[0-9]{1,2}$"),
            gxe.ExpectColumnUniqueValueCountToBeBetween(column="b", min_value=1, max_value=98),
            gxe.ExpectColumnSumToBeBetween(column="a", min_value=0, max_value=1),
        ],
    )


@pytest.mark.parametrize("quoted", [None, 0, 12_345, 19_999])
def test_a_suite_says_the_same_of_the_file_and_of_its_frame(tmp_path: Path, quoted: int | None) -> None:
    drawn = random.Random(4)
    lines = [f"{drawn.randrange(19_000)},t{drawn.randrange(99)}" for _ in range(20_000)]
    if quoted is not None:
        lines[quoted] = '7,"t1\n\n2,t2"'
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["a,b", *lines]) + "\n")
    file = CsvFile(path=path, options={"schema": {"a": pl.Int64, "b": pl.String}}, piece_bytes=5000)
    compiled = compile_suite(suite())

    found, expected = compiled.validate(file), compiled.validate(file.frame())

    assert found.outcomes == expected.outcomes
    assert [one.rows_checked for one in found.outcomes][:2] == [20_000, 20_000]
    assert len({one.state for one in found.outcomes}) > 1


def test_a_value_that_cannot_be_read_stops_the_checks_of_its_column_alone(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n" + "1,t1\n" * 5000 + "none,t2\n" + "3,t3\n" * 5000)
    file = CsvFile(path=path, options={"schema": {"a": pl.Int64, "b": pl.String}}, piece_bytes=1000)

    compiled = compile_suite(suite())

    found, expected = compiled.validate(file), compiled.validate(file.frame())

    assert found.outcomes == expected.outcomes
    assert {one.reason for one in found.outcomes} == {None, "the data could not be evaluated (ComputeError)"}


@pytest.mark.filterwarnings("ignore")  # GX's own
def test_an_asset_of_one_csv_file_is_read_in_pieces_and_notices_a_surplus_field_in_the_last(tmp_path: Path) -> None:
    lines = ["1,t1"] * (3 * BATCH_ROWS)
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["a,b", *lines]) + "\n")
    import_gx()
    import great_expectations as gx

    import loadgate.checking.engine.datasource  # noqa: F401  it adds add_polars

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_polars("here", base_directory=tmp_path)  # type: ignore[attr-defined]
    definition = source.add_csv_asset("table").add_batch_definition_path("all", path.name)

    data = definition.get_batch().data
    assert data.file is not None
    assert len(in_pieces(data.file, dict(data.schema))) == 3
    assert all(one.success for one in definition.get_batch().validate(both_columns()).results)

    lines[-1] += ",9"
    path.write_text("\n".join(["a,b", *lines]) + "\n")
    told = definition.get_batch().validate(both_columns()).results
    assert [one.success for one in told] == [False, False]
    assert all("more fields than the table has columns" in str(one.exception_info) for one in told)


def both_columns() -> Any:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="both",
        expectations=[
            gxe.ExpectColumnValuesToBeInSet(column="b", value_set=["t1"]),
            gxe.ExpectColumnMaxToBeBetween(column="a", max_value=1),
        ],
    )


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a,b\n" + "1,2\n" * 50, {"comment_prefix": "#"}),
        ("a,b\n" + "1,2\n" * 50, {"has_header": False, "new_columns": ["a", "b"]}),
        ("a,b\n" + "1,2\n" * 50, {"skip_rows": 1}),
        ("a,b\n" + "1,2\n" * 50, {"try_parse_dates": True}),
        ('"a",b\n' + "1,2\n" * 50, {}),
        ("\na,b\n" + "1,2\n" * 50, {}),
        ("a\n" + "1\n" * 50, {}),
        ("a,b\n" + "1,2\n" * 3, {}),
    ],
)
def test_what_may_not_be_read_alone_is_left_to_polars(tmp_path: Path, text: str, options: dict[str, Any]) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    file = CsvFile(path=path, options=options, piece_bytes=20)
    assert cut(file, dict(file.frame().collect_schema()), None) is None


def test_a_file_that_is_packed_or_gone_is_left_to_polars(tmp_path: Path) -> None:
    text = "a,b\n" + "".join(f"{number},{number * 7919 % 9973}\n" for number in range(5000))
    packed = tmp_path / "table.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    types: dict[str, pl.DataType] = {"a": pl.Int64(), "b": pl.Int64()}
    assert cut(CsvFile(path=packed, options={"schema": types}, piece_bytes=100), types, None) is None
    assert cut(CsvFile(path=tmp_path / "none.csv", options={"schema": types}, piece_bytes=100), types, None) is None


def test_a_file_that_is_cut_short_while_it_is_read_is_read_as_it_is_then(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n" + "1,2\n" * 100)
    types: dict[str, pl.DataType] = {"a": pl.Int64(), "b": pl.Int64()}
    pieces = cut(CsvFile(path=path, options={"schema": types}, piece_bytes=100), types, None)
    assert pieces is not None
    with pieces:
        first = pieces.read(0)
        assert first is not None
        with path.open("r+") as opened:
            opened.truncate(4 + 4 * 60)
        rows = first.height + sum(frame.height for frame in read_all(pieces, first=1))

    rest = pieces.rest(rows)
    assert rows + (0 if rest is None else rest.collect().height) == 60
