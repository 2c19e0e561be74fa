"""Workbooks: cells by their value, and nothing that a hostile file could do with them."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from loadgate.model.kinds import Kind
from loadgate.reading import workbook as reader
from loadgate.reading.sources import Limits

NAMES: list[object] = ["account", "cost", "day"]
ROW: list[object] = ["0100", Decimal("1.5"), date(2026, 10, 7)]
VALUES = ("0100", Decimal("1.50"), date(2026, 10, 7))
BAD = object()


def values(read: Any) -> list[tuple[Any, ...]]:
    return read.typed.select("account", "cost", "day").rows()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_rows_are_read_with_their_numbers_in_the_sheet(read_bytes: Callable[..., Any], books: ModuleType) -> None:
    read = read_bytes(books.of([NAMES, ROW, [], [None, None, None], ROW]), kind="xlsx")

    assert values(read) == [VALUES] * 2
    assert read.typed.select("_part", "_row", "_line").rows() == [(0, 1, 2), (0, 2, 5)]
    assert read.reading.findings == ()
    assert read.left == ["rejects.parquet", "typed.parquet"]


@pytest.mark.parametrize(
    ("kind", "form", "cell", "value"),
    [
        ("text", {}, 101, "101"),
        ("text", {}, 101.0, "101"),
        ("text", {}, 1.25, "1.25"),
        ("text", {}, "0101", "0101"),
        ("text", {}, " a\nb ", " a\nb "),
        ("text", {}, "", None),
        ("text", {}, True, "1"),
        ("text", {}, '<c {at} s="2"><v>101</v></c>', "0101"),
        ("text", {}, '<c {at} s="2"><v>10101</v></c>', "10101"),
        ("text", {}, '<c {at} t="e"><v>#N/A</v></c>', "#N/A"),
        ("text", {}, '<c {at} t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c>', "ab"),
        ("text", {}, '<c {at} t="str"><f>A1</f><v>a_x000A_b</v></c>', "a\nb"),
        ("text", {}, '<c {at} t="str"><f>A1</f><v></v></c>', None),
        ("text", {}, '<c {at} t="inlineStr"><is><t>_xD800_</t></is></c>', "_xD800_"),
        ("text", {"date_form": "%d-%m-%Y"}, date(2026, 10, 7), "07-10-2026"),
        ("integer", {}, 7, 7),
        ("integer", {}, Decimal("7.0"), 7),
        ("integer", {}, Decimal("7.5"), BAD),
        ("integer", {}, "007", 7),
        ("integer", {}, "<c {at}><v>1E3</v></c>", 1000),
        ("integer", {}, "<c {at}><v>9223372036854775807</v></c>", 2**63 - 1),
        ("integer", {}, "<c {at}><v>nan</v></c>", BAD),
        ("integer", {}, "<c {at}><v>1e999</v></c>", BAD),
        ("integer", {}, "<c {at}><v>PLANTED</v></c>", BAD),
        ("integer", {}, True, BAD),
        ("decimal", {}, Decimal("1234.5"), Decimal("1234.50")),
        ("decimal", {"thousands": "."}, "1.234,50", Decimal("1234.50")),
        ("decimal", {"thousands": "."}, Decimal("1234.5"), Decimal("1234.50")),
        ("decimal", {}, "<c {at}><f>B1*3</f><v>0.30000000000000004</v></c>", Decimal("0.30")),
        ("decimal", {}, "<c {at}><v>-4.2267300000000005E3</v></c>", Decimal("-4226.73")),
        ("decimal", {}, Decimal("1.005"), BAD),
        ("decimal", {}, '<c {at} s="4"><v>0.25</v></c>', Decimal("0.25")),
        ("decimal", {}, "<c {at}><f>B1*3</f></c>", BAD),
        ("decimal", {}, '<c {at} t="e"><v>#DIV/0!</v></c>', BAD),
        ("decimal", {}, date(2026, 10, 7), Decimal("46302.00")),
        ("date", {"date_form": "%d-%m-%Y"}, date(2026, 10, 7), date(2026, 10, 7)),
        ("date", {"date_form": "%d-%m-%Y"}, "07-10-2026", date(2026, 10, 7)),
        ("date", {"date_form": "%Y%m%d"}, 20261007, date(2026, 10, 7)),
        ("date", {}, '<c {at} t="d"><v>2026-10-07T00:00:00</v></c>', date(2026, 10, 7)),
        ("date", {}, '<c {at} t="d"><v>PLANTED</v></c>', BAD),
        ("date", {}, datetime(2026, 10, 7, 12), BAD),
        ("date", {}, 46302, BAD),
        ("date", {}, '<c {at} s="1"><v>1</v></c>', date(1900, 1, 1)),
        ("date", {}, '<c {at} s="1"><v>59</v></c>', date(1900, 2, 28)),
        ("date", {}, '<c {at} s="1"><v>60</v></c>', BAD),
        ("date", {}, '<c {at} s="1"><v>61</v></c>', date(1900, 3, 1)),
        ("date", {}, '<c {at} s="1"><v>-5</v></c>', BAD),
        ("date", {}, '<c {at} s="1"><v>1e12</v></c>', BAD),
        ("date", {}, '<c {at} s="77"><v>46302</v></c>', BAD),
        ("timestamp", {}, datetime(2026, 10, 7, 12, 30, 1), datetime(2026, 10, 7, 12, 30, 1)),
        (
            "timestamp",
            {"timestamp_form": "%Y-%m-%d %H:%M:%S.%f"},
            datetime(2026, 10, 7, 12, 30, 1, 250000),
            datetime(2026, 10, 7, 12, 30, 1, 250000),
        ),
        (
            "timestamp",
            {"timestamp_form": "%Y-%m-%dT%H:%M:%S%z"},
            datetime(2026, 10, 7, 12, 30),
            datetime(2026, 10, 7, 12, 30),
        ),
        ("boolean", {"true_values": ("ja",), "false_values": ("nej",)}, True, True),
        ("boolean", {"true_values": ("ja",), "false_values": ("nej",)}, False, False),
        ("boolean", {}, 1, True),
        ("boolean", {}, 2, BAD),
        ("week", {}, date(2026, 10, 5), date(2026, 10, 5)),
        ("week", {}, date(2026, 10, 6), BAD),
        ("month", {}, date(2026, 10, 1), date(2026, 10, 1)),
        ("month", {}, date(2026, 10, 2), BAD),
        ("quarter", {}, date(2026, 10, 1), date(2026, 10, 1)),
        ("quarter", {}, date(2026, 12, 1), BAD),
        ("year", {}, date(2026, 1, 1), date(2026, 1, 1)),
        ("year", {}, date(2026, 2, 1), BAD),
        ("year", {}, 2026, date(2026, 1, 1)),
    ],
)
def test_a_cell_counts_by_its_value(
    read_bytes: Callable[..., Any], books: ModuleType, kind: str, form: dict[str, Any], cell: object, value: object
) -> None:
    if isinstance(cell, str) and cell.startswith("<c"):
        cell = books.Raw(cell)

    read = read_bytes(
        books.of([["key", "value"], ["k", cell]]),
        columns={"key": {}, "value": {"type": kind}},
        kind="xlsx",
        **form,
    )

    assert read.column("value") == [None if value is BAD else value]
    assert read.reading.values_unreadable == ({"value": 1} if value is BAD else {})
    assert "PLANTED" not in read.said


def test_a_number_in_a_text_column_gets_its_zeros_back_where_the_profile_knows_how_many(
    read_bytes: Callable[..., Any], books: ModuleType
) -> None:
    book = books.of([["id"], [101701234], ["0101701234"], [12345678901]])

    read = read_bytes(book, columns={"id": {}}, places={"id": (None, 10)}, kind="xlsx")

    assert read.column("id") == ["0101701234", "0101701234", "12345678901"]


def test_shared_texts_are_found_and_their_pronunciation_is_not(
    read_bytes: Callable[..., Any], books: ModuleType
) -> None:
    shared = ["<t>account</t>", "<r><t>a</t></r><r><rPr/><t xml:space='preserve'> b</t></r><rPh><t>x</t></rPh>", "<t/>"]
    cells = [[books.Raw(f'<c {{at}} t="s"><v>{at}</v></c>')] for at in range(3)]

    read = read_bytes(books.workbook(("Ark1", books.sheet(cells)), shared=shared), columns={"account": {}}, kind="xlsx")

    assert read.column("account") == ["a b"]


def test_days_may_count_from_1904(read_bytes: Callable[..., Any], books: ModuleType) -> None:
    book = books.workbook(("Ark1", books.sheet([NAMES, ROW])), settings='date1904="1"')

    assert read_bytes(book, kind="xlsx").column("day") == [date(2030, 10, 8)]


def test_elements_may_have_a_prefix_and_cells_no_reference(read_bytes: Callable[..., Any], books: ModuleType) -> None:
    xml = books.sheet([["account"], ["0100"]], prefix="x").replace(' r="1"', "").replace(' r="A2"', "")

    assert read_bytes(books.workbook(("Ark1", xml)), columns={"account": {}}, kind="xlsx").column("account") == ["0100"]


def test_the_first_sheet_in_sight_is_read_or_the_one_that_is_named(
    read_bytes: Callable[..., Any], books: ModuleType
) -> None:
    sheets = [(name, books.sheet([NAMES, [name, 1, None]])) for name in ("Skjult", "Ark1", "Data 2026")]
    book = books.workbook(*sheets, hidden=("Skjult",))

    assert read_bytes(book, kind="xlsx").column("account") == ["Ark1"]
    assert read_bytes(book, kind="xlsx", sheet="data 2026").column("account") == ["Data 2026"]
    assert read_bytes(book, kind="xlsx", sheet="Skjult").column("account") == ["Skjult"]
    missing = read_bytes(book, kind="xlsx", sheet="Ark2")
    assert missing.finding(Kind.UNREADABLE_FILE).detail["problem"] == "no such sheet"


def test_names_may_stand_further_down_and_columns_in_any_order(
    read_bytes: Callable[..., Any], books: ModuleType
) -> None:
    rows = [["Report PLANTED"], [], ["day", None, "account", " cost ", "more"], [ROW[2], "x", ROW[0], ROW[1], "y"]]

    read = read_bytes(books.of(rows), kind="xlsx", header_row=3)

    assert values(read) == [VALUES]
    assert read.kinds == [Kind.COLUMNS_ADDED]
    assert read.finding(Kind.COLUMNS_ADDED).detail == {"unexpected": "1", "places": "5"}
    assert "PLANTED" not in read.said


def test_without_names_columns_come_in_the_profiles_order(read_bytes: Callable[..., Any], books: ModuleType) -> None:
    read = read_bytes(books.of([["title"], ROW]), kind="xlsx", header=False, header_row=2)

    assert values(read) == [VALUES]


@pytest.mark.parametrize("rows", [[["other"], ["x"]], [[], NAMES, ROW]])
def test_names_that_are_not_there_are_a_finding(
    read_bytes: Callable[..., Any], books: ModuleType, rows: list[list[object]]
) -> None:
    read = read_bytes(books.of(rows), kind="xlsx")

    assert read.kinds == [Kind.COLUMNS]
    assert read.finding(Kind.COLUMNS).detail["missing"] == "account, cost, day"


def test_names_that_are_repeated_are_no_row(read_bytes: Callable[..., Any], books: ModuleType) -> None:
    read = read_bytes(books.of([NAMES, ROW, NAMES, ROW]), kind="xlsx")

    assert read.reasons == [(3, "header repeated")]
    assert read.column("_row") == [1, 3]


@pytest.mark.parametrize("rows", [[], [NAMES], [[None]]])
def test_a_sheet_without_rows_is_empty(
    read_bytes: Callable[..., Any], books: ModuleType, rows: list[list[object]]
) -> None:
    assert read_bytes(books.of(rows), kind="xlsx").kinds == [Kind.EMPTY]


def test_workbooks_may_come_packed_and_several_in_one_archive(
    read_bytes: Callable[..., Any], books: ModuleType
) -> None:
    one, two = books.of([NAMES, ROW]), books.of([NAMES, ["0200", 2, None]])

    read = read_bytes(gzip.compress(one), zipped({"b.xlsx": one, "a.xlsx": two}), kind="xlsx")

    assert read.column("account") == ["0100", "0200", "0100"]
    assert read.reading.origins == (0, 1, 1)
    assert read.reading.findings == ()


def test_where_a_run_of_rows_ends_changes_nothing(
    read_bytes: Callable[..., Any], books: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = books.of([NAMES, *[[f"{number:04d}", number, None] for number in range(500)], NAMES])
    whole = read_bytes(book, kind="xlsx")

    monkeypatch.setattr(reader, "_RUN_ROWS", 7)
    monkeypatch.setattr(reader, "_CHUNK_BYTES", 11)
    split = read_bytes(book, kind="xlsx")

    assert split.typed.equals(whole.typed)
    assert split.rejects.equals(whole.rejects)


def cell_at(reference: str) -> str:
    return f'<worksheet><sheetData><row r="1"><c r="{reference}"><v>1</v></c></row></sheetData></worksheet>'


def test_a_cell_in_the_last_corner_costs_nothing(read_bytes: Callable[..., Any], books: ModuleType) -> None:
    corner = books.sheet([["account"]]).replace(
        "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )

    assert read_bytes(books.workbook(("a", corner)), columns={"account": {}}, kind="xlsx").kinds == [Kind.EMPTY]


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2_000
PASSWORD = OLE + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 500
LAUGHS = '<!DOCTYPE a [<!ENTITY b "PLANTED"><!ENTITY c "&b;&b;">]><worksheet>&c;</worksheet>'


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (PASSWORD, "encrypted"),
        (gzip.compress(PASSWORD), "encrypted"),
        (zipped({"a.xlsx": PASSWORD}), "encrypted"),
        (OLE, "other format"),
        (b"account;cost;day\n", "other format"),
        (b"", "other format"),
        (zipped({"a.csv": b"account"}), "other format"),
        (zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b""}), "other format"),
        (b"BZh91AY", "other compression"),
    ],
    ids=range(9),
)
def test_what_is_no_open_workbook_is_a_finding(read_bytes: Callable[..., Any], content: bytes, problem: str) -> None:
    read = read_bytes(content, kind="xlsx")

    assert read.kinds == [Kind.UNREADABLE_FILE]
    assert read.finding(Kind.UNREADABLE_FILE).detail["problem"] == problem


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"xl/worksheets/sheet1.xml": LAUGHS}, "corrupt"),
        ({"xl/worksheets/sheet1.xml": "<worksheet><sheetData>"}, "corrupt"),
        ({"xl/worksheets/sheet1.xml": "PLANTED"}, "corrupt"),
        ({"xl/worksheets/sheet1.xml": cell_at("XFE1")}, "corrupt"),
        ({"xl/worksheets/sheet1.xml": cell_at("PLANTED1")}, "corrupt"),
        ({"xl/worksheets/sheet1.xml": cell_at("1")}, "corrupt"),
        ({"xl/worksheets/sheet1.xml": '<w><row r="1048577"/></w>'}, "corrupt"),
        ({"xl/worksheets/sheet1.xml": '<w><row r="PLANTED"/></w>'}, "corrupt"),
        ({"xl/worksheets/sheet1.xml": '<w><row><c t="s"><v>9</v></c></row></w>'}, "corrupt"),
        ({"xl/worksheets/sheet1.xml": '<w><row><c t="s"><v>-1</v></c></row></w>'}, "corrupt"),
        ({"xl/worksheets/sheet1.xml": f"<w><row><c><v>{'1' * 2_000_000}</v></c></row></w>"}, "line too long"),
        ({"xl/worksheets/sheet1.xml": "<w>" + " " * 3_000_000 + "</w>"}, "too large when unpacked"),
        ({"xl/workbook.xml": "<workbook/>"}, "no such sheet"),
        ({"xl/_rels/workbook.xml.rels": "<Relationships/>"}, "no such sheet"),
        ({"xl/sharedStrings.xml": f"<sst>{'<si><t>x</t></si>' * 9_000}</sst>"}, "too large when unpacked"),
        ({"../PLANTED": ""}, "unsafe member name"),
        ({f"xl/media/{at}": "" for at in range(100)}, "too many members"),
    ],
    ids=range(17),
)
def test_a_hostile_workbook_is_a_finding_and_no_rows(
    read_bytes: Callable[..., Any], books: ModuleType, parts: dict[str, str], problem: str
) -> None:
    book = books.workbook(("PLANTED", books.sheet([NAMES, ROW])), replace=parts)
    limits = Limits(max_ratio=50, ratio_from_bytes=2_500_000, max_members=50, max_held_bytes=500_000)

    read = read_bytes(book, kind="xlsx", limits=limits)

    assert read.kinds == [Kind.UNREADABLE_FILE]
    assert read.finding(Kind.UNREADABLE_FILE).detail == {"problem": problem, "parts": "1"}
    assert read.reading.rows_in == read.typed.height == 0
    assert "PLANTED" not in read.said


def test_a_workbook_where_text_was_announced_is_another_format(
    read_bytes: Callable[..., Any], books: ModuleType
) -> None:
    read = read_bytes(books.of([NAMES, ROW]))

    assert read.finding(Kind.UNREADABLE_FILE).detail["problem"] == "other format"


@pytest.mark.parametrize(
    ("code", "moment"),
    [
        ("dd-mm-yyyy", True),
        ("[$-406]d. mmmm yyyy;@", True),
        ("[h]:mm:ss", True),
        ("General", False),
        ('0.00" days"', False),
        ("#,##0.00\\ [$kr.-406]", False),
        ("0.00;[Red]-0.00", False),
        ("0_d", False),
        ("@", False),
    ],
)
def test_a_format_of_dates_is_told_from_one_of_numbers(code: str, moment: bool) -> None:
    assert reader._style("170", code).moment is moment
