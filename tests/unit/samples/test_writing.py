"""Whatever the sample writes by a profile, reading reads back by the same profile."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.content.loader import load
from loadgate.model.expected import Column, ColumnType, Dataset
from loadgate.model.profiles import DeliverySpec, FileFormat, FormatKind, SourceColumn
from loadgate.model.scope import Scope
from loadgate.reading.casting import dtype
from loadgate.reading.files import Reading, read
from loadgate.samples.flis import writing
from loadgate.samples.flis.formats.values import plain

ROOT = Path(__file__).resolve().parents[3]
SITE = load(ROOT)
SPECS = [spec for profile in SITE.suppliers for spec in profile.deliveries]
AWKWARD: dict[ColumnType, list[Any]] = {
    ColumnType.TEXT: ["Æblegård", "007", "a;b", 'he "said"', "x,y", "plain", None, "1.8.2", "-"],
    ColumnType.INTEGER: [0, -1, 1234567, 999, 1000, None, 12, -98765, 3],
    ColumnType.DECIMAL: ["0.00", "-0.05", "1234.50", "-1234567.89", "999.99", None, "0.10", "-1000.00", "100000.00"],
    ColumnType.DATE: [date(2026, 1, 1), date(1999, 12, 31), None],
    ColumnType.TIMESTAMP: [datetime(2016, 12, 1), datetime(2026, 2, 28, 23, 59, 58), None],
    ColumnType.BOOLEAN: [True, False, None],
    ColumnType.WEEK: [date(2026, 10, 5), date(2020, 12, 28)],
    ColumnType.MONTH: [date(2026, 10, 1), date(2025, 1, 1)],
    ColumnType.QUARTER: [date(2026, 7, 1), date(2025, 10, 1)],
    ColumnType.YEAR: [date(2026, 1, 1)],
}


def awkward(dataset: Dataset, *, rows: int = 18, fields: dict[str, int] | None = None) -> pl.DataFrame:
    """Rows in which every column has all of its awkward values; none longer than its field of fixed width."""
    columns = {}
    for at, (name, column) in enumerate(dataset.columns.items()):
        values = AWKWARD[column.type]
        if fields and column.type in (ColumnType.INTEGER, ColumnType.DECIMAL):
            values = [value for value in values if len(str(value)) <= fields[name]]
        taken = [values[(row + at) % len(values)] for row in range(rows)]
        if column.type is ColumnType.DECIMAL:
            taken = [None if value is None else Decimal(value) for value in taken]
        if column.type is ColumnType.TEXT and fields:
            taken = [None if value is None else value[: fields[name]].strip() for value in taken]
        columns[name] = pl.Series(name, taken, dtype=pl.Decimal(38, 2) if column.type is ColumnType.DECIMAL else None)
    frame = pl.DataFrame(columns)
    return frame.select(pl.col(name).cast(dtype(column)) for name, column in dataset.columns.items())


def fields_of(spec: DeliverySpec) -> dict[str, int] | None:
    """Characters of each column; None where nothing is fixed."""
    fixed = spec.format.kind is FormatKind.FIXED
    return {line.column: line.length or 99 for line in spec.columns} if fixed else None


def read_back(data: bytes, spec: DeliverySpec, dataset: Dataset, folder: Path) -> tuple[Reading, pl.DataFrame]:
    folder.mkdir(exist_ok=True)
    (folder / "file").write_bytes(data)
    reading = read([folder / "file"], spec=spec, dataset=dataset, scope=Scope.of(dataset=spec.dataset), into=folder)
    return reading, pl.read_parquet(reading.typed).select(list(dataset.columns))


def written(frame: pl.DataFrame, spec: DeliverySpec, dataset: Dataset, **options: Any) -> bytes:
    return writing.file_bytes(writing.text(frame, spec, dataset), spec, dataset, **options)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.system}-{spec.dataset}")
def test_what_is_written_by_a_profile_is_read_back_by_it_to_the_value(spec: DeliverySpec, tmp_path: Path) -> None:
    dataset = SITE.dataset(spec.dataset)
    frame = awkward(dataset, fields=fields_of(spec))

    data = written(frame, spec, dataset, parts=3, typed=frame)
    reading, typed = read_back(data, spec, dataset, tmp_path)

    assert [finding.kind for finding in reading.findings] == []
    assert typed.equals(frame)
    assert hashlib.sha256(data).digest() == hashlib.sha256(written(frame, spec, dataset, parts=3, typed=frame)).digest()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.system}-{spec.dataset}")
def test_texts_alone_are_enough_to_write_a_file_in_any_format(spec: DeliverySpec, tmp_path: Path) -> None:
    dataset = SITE.dataset(spec.dataset)
    frame = awkward(dataset, fields=fields_of(spec))

    reading, typed = read_back(written(frame, spec, dataset), spec, dataset, tmp_path)

    assert reading.findings == ()
    assert typed.equals(frame)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.system}-{spec.dataset}")
def test_rows_that_come_in_pieces_make_the_same_rows(spec: DeliverySpec, tmp_path: Path) -> None:
    dataset = SITE.dataset(spec.dataset)
    frame = awkward(dataset, fields=fields_of(spec))

    rows = writing.write_stream(iter([frame.head(7), frame.slice(7)]), spec, dataset, tmp_path / "streamed")
    reading, typed = read_back((tmp_path / "streamed").read_bytes(), spec, dataset, tmp_path)

    assert rows == frame.height
    assert reading.findings == ()
    assert typed.equals(frame)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.system}-{spec.dataset}")
def test_a_file_without_rows_is_empty_and_nothing_worse(spec: DeliverySpec, tmp_path: Path) -> None:
    dataset = SITE.dataset(spec.dataset)
    frame = awkward(dataset, rows=1).clear()

    reading, _ = read_back(written(frame, spec, dataset, typed=frame), spec, dataset, tmp_path)

    assert [finding.kind.value for finding in reading.findings] == ["arrival.empty"]


NUMBERS = Dataset(
    dataset="numbers",
    area="economy",
    title="Numbers",
    columns={"label": Column(), "amount": Column(type=ColumnType.DECIMAL), "count": Column(type=ColumnType.INTEGER)},
)
ROWS = pl.DataFrame(
    {"label": ["a", "b", None], "amount": ["-1234567.50", "0.05", None], "count": [-1000, 12, None]}
).select("label", pl.col("amount").cast(pl.Decimal(38, 2)), pl.col("count").cast(pl.Int64))


def numbers(**form: Any) -> DeliverySpec:
    columns = form.pop("columns", ())
    return DeliverySpec(
        system="ledger", dataset="numbers", files="x", format=FileFormat.model_validate(form), columns=columns
    )


def test_a_number_is_written_as_its_profile_has_it() -> None:
    spec = numbers(decimal=",", thousands=".", trailing_minus=True, delimiter=";", null_values=["NULL"])

    data = written(ROWS, spec, NUMBERS).decode()

    assert data == "label;amount;count\na;1.234.567,50-;1.000-\nb;0,05;12\nNULL;NULL;NULL\n"


def test_an_old_encoding_ends_its_lines_as_old_systems_do() -> None:
    data = written(ROWS.head(1), numbers(encoding="cp1252", delimiter=";"), NUMBERS)

    assert data == b"label;amount;count\r\na;-1234567.50;-1000\r\n"


def test_head_and_trailer_of_a_delimited_file_say_how_many_rows_and_what_sum() -> None:
    trailer = {"prefix": "SLUT", "rows": {"field": 2}, "sums": {"amount": {"field": 4}}}
    spec = numbers(delimiter=";", decimal=",", head_prefix="H", trailer=trailer, header=False)

    lines = written(ROWS, spec, NUMBERS).decode().splitlines()

    assert lines[0] == "H;ledger;numbers"
    assert lines[-1] == "SLUT;3;;-1234567,45"


def fixed(**form: Any) -> DeliverySpec:
    columns = (
        SourceColumn(source="Navn", column="label", start=3, length=4),
        SourceColumn(source="Beløb", column="amount", start=8, length=12),
        SourceColumn(source="Antal", column="count", start=20, length=6),
    )
    return numbers(kind="fixed", decimal=",", columns=columns, head_prefix="H", row_prefix="R", **form)


def test_fields_of_fixed_width_are_padded_and_the_trailer_stands_in_its_place() -> None:
    trailer = {"prefix": "T", "rows": {"start": 2, "length": 9}, "sums": {"amount": {"start": 11, "length": 15}}}

    lines = written(ROWS, fixed(trailer=trailer), NUMBERS).decode().splitlines()

    assert lines == [
        "Hledger numbers          ",
        "R a     -1234567,50 -1000",
        "R b            0,05    12",
        "R                        ",
        "T        3    -1234567,45",
    ]


def test_a_number_longer_than_its_field_stops_the_writing_and_is_not_named() -> None:
    from loadgate.errors import CouldNotRun

    long = ROWS.with_columns(pl.lit(Decimal("12345678901.00")).cast(pl.Decimal(38, 2)).alias("amount"))

    with pytest.raises(CouldNotRun, match=r"numbers\.amount is longer than its 12 characters") as raised:
        written(long, fixed(), NUMBERS)

    assert "12345678901" not in str(raised.value)


def test_an_archive_holds_as_many_members_as_are_asked_for(tmp_path: Path) -> None:
    spec = numbers(compression="zip", member="*.csv")

    (tmp_path / "a.zip").write_bytes(written(ROWS, spec, NUMBERS, parts=2))

    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["numbers_1.csv", "numbers_2.csv"]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_workbook_keeps_numbers_as_numbers_and_texts_with_all_their_characters(tmp_path: Path) -> None:
    spec = numbers(kind="xlsx", sheet="Budget", decimal=",")
    frame = ROWS.head(2).with_columns(pl.Series("label", ["<&> _x0041_", " 007 "]))

    data = written(frame, spec, NUMBERS)
    (tmp_path / "book.xlsx").write_bytes(data)
    _, typed = read_back(data, spec, NUMBERS, tmp_path)

    with zipfile.ZipFile(tmp_path / "book.xlsx") as book:
        assert b"<v>-1234567.50</v>" in book.read("xl/worksheets/sheet1.xml")
    assert typed.equals(frame)


def test_a_text_where_a_number_belongs_stays_a_text_in_a_workbook(tmp_path: Path) -> None:
    spec = numbers(kind="xlsx", decimal=",")
    text = writing.text(ROWS, spec, NUMBERS).with_columns(pl.lit("see note").alias("amount"))

    reading, _ = read_back(writing.file_bytes(text, spec, NUMBERS), spec, NUMBERS, tmp_path)

    assert reading.values_unreadable == {"amount": 3}


@pytest.mark.parametrize(
    ("said", "meant"), [("1.234,50-", "-1234.50"), ("7", "7"), ("0,05", "0.05"), ("", None), ("x", None)]
)
def test_a_written_number_can_be_taken_back_to_plain_digits(said: str, meant: str | None) -> None:
    form = FileFormat(decimal=",", thousands=".", trailing_minus=True)

    assert pl.DataFrame({"n": [said]}).select(plain(pl.col("n"), form)).item() == meant
