"""Casting: every type on both sides of what it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from loadgate.model.expected import ColumnType
from loadgate.model.findings import RowsEvidence
from loadgate.model.kinds import KINDS, Kind, Owner, Severity
from loadgate.reading import casting

GROUPED = {"thousands": ".", "trailing_minus": True}
BAD = object()


@pytest.mark.parametrize(
    ("kind", "form", "written", "value"),
    [
        ("text", {}, "007", "007"),
        ("text", {}, " x ", " x "),
        ("text", {"null_values": ("", "NULL")}, "NULL", None),
        ("text", {"null_values": ("NULL",)}, "", ""),
        ("integer", {}, "007", 7),
        ("integer", {}, " -3 ", -3),
        ("integer", {}, "+3", 3),
        ("integer", {}, "9223372036854775807", 2**63 - 1),
        ("integer", {}, "9223372036854775808", BAD),
        ("integer", {}, "1,0", BAD),
        ("integer", {}, "1.000", BAD),
        ("integer", {}, "1e3", BAD),
        ("integer", {}, "٣", BAD),
        ("integer", GROUPED, "1.234.567", 1234567),
        ("integer", GROUPED, "12.34", BAD),
        ("integer", GROUPED, "12-", -12),
        ("integer", {}, "12-", BAD),
        ("integer", {"thousands": " "}, "1\u00a0234", 1234),
        ("decimal", {}, "1,5", Decimal("1.50")),
        ("decimal", {}, "1,500", Decimal("1.50")),
        ("decimal", {}, "1,505", BAD),
        ("decimal", {}, "1.5", BAD),
        ("decimal", {}, ",5", Decimal("0.50")),
        ("decimal", {}, "5,", BAD),
        ("decimal", {}, "-", BAD),
        ("decimal", {}, "nan", BAD),
        ("decimal", GROUPED, "1.234,56-", Decimal("-1234.56")),
        ("decimal", GROUPED, "1.234,56 -", Decimal("-1234.56")),
        ("decimal", GROUPED, "-1.234,56", Decimal("-1234.56")),
        ("decimal", GROUPED, "-1,00-", BAD),
        ("decimal", GROUPED, "1234,56", Decimal("1234.56")),
        ("decimal", GROUPED, "1.23,45", BAD),
        ("decimal", {}, "9" * 36 + ",99", Decimal("9" * 36 + ".99")),
        ("decimal", {}, "9" * 37, BAD),
        ("decimal", {}, "0" * 50 + "1,5" + "0" * 50, Decimal("1.50")),
        ("date", {}, "2026-02-28", date(2026, 2, 28)),
        ("date", {}, "2026-02-29", BAD),
        ("date", {}, "26-02-28", BAD),
        ("date", {}, "2026-02-28T", BAD),
        ("date", {"date_form": "%d-%m-%Y"}, "28-02-2026", date(2026, 2, 28)),
        ("date", {"date_form": "%d-%m-%Y"}, "02-28-2026", BAD),
        ("date", {"date_form": "%Y%m%d"}, "20260228", date(2026, 2, 28)),
        ("timestamp", {}, "2026-02-28 23:59:59", datetime(2026, 2, 28, 23, 59, 59)),
        ("timestamp", {}, "2026-02-28 24:00:00", BAD),
        (
            "timestamp",
            {"timestamp_form": "%Y-%m-%d %H:%M:%S.%f"},
            "2016-12-01 00:00:00.250",
            datetime(2016, 12, 1, 0, 0, 0, 250000),
        ),
        (
            "timestamp",
            {"timestamp_form": "%Y-%m-%dT%H:%M:%S%z"},
            "2016-12-01T01:00:00+0200",
            datetime(2016, 11, 30, 23),
        ),
        ("boolean", {}, "TRUE", True),
        ("boolean", {}, "0", False),
        ("boolean", {"true_values": ("ja",), "false_values": ("nej",)}, "Nej", False),
        ("boolean", {}, "ja", BAD),
        ("week", {}, "2026-W41", date(2026, 10, 5)),
        ("week", {}, "2026-W01", date(2025, 12, 29)),
        ("week", {}, "2020-W53", date(2020, 12, 28)),
        ("week", {}, "2025-W53", BAD),
        ("week", {}, "2026-W00", BAD),
        ("week", {}, "2026W41", BAD),
        ("month", {}, "2026-10", date(2026, 10, 1)),
        ("month", {}, "2026-13", BAD),
        ("quarter", {}, "2026-Q3", date(2026, 7, 1)),
        ("quarter", {}, "2026-Q5", BAD),
        ("year", {}, "2026", date(2026, 1, 1)),
        ("year", {}, "26", BAD),
        ("decimal", {"null_values": ("", "NA")}, "NA", None),
        ("decimal", {"null_values": ("NA",)}, "", BAD),
        ("decimal", {}, "  ", None),
    ],
)
def test_values_are_read_strictly(
    read_bytes: Callable[..., Any], kind: str, form: dict[str, Any], written: str, value: object
) -> None:
    content = f"key;value\nk;{written}\n".encode()

    read = read_bytes(content, columns={"key": {}, "value": {"type": kind}}, **form)

    assert read.column("value") == [None if value is BAD else value]
    assert read.reading.values_unreadable == ({"value": 1} if value is BAD else {})
    assert read.rejects.height == (1 if value is BAD else 0)


def test_an_unreadable_value_is_null_noted_and_marked_undecided(read_bytes: Callable[..., Any]) -> None:
    content = b"account;cost;day\n" + b"1;1,5;2026-10-07\n" * 3 + b"2;PLANTED;2026-10-07\n"

    read = read_bytes(content)

    assert read.typed.select("_row", "account", "cost", "_undecided.cost").rows()[-1] == (4, "2", None, True)
    assert read.column("_undecided.cost") == [False, False, False, True]
    assert "_undecided.day" not in read.typed.columns
    assert read.rejects.rows() == [(4, 5, "cost", "not a decimal number")]
    assert read.reading.undecided == ("cost",)
    assert read.reading.rows_in == read.reading.rows_typed == 4
    finding = read.finding(Kind.UNREADABLE_VALUES)
    assert finding.severity is Severity.WARNING
    assert finding.check == "ledger:readable(cost)"
    assert finding.evidence == RowsEvidence(rows_checked=4, rows_failed=1, rows_undecided=1, column="cost", lines=(5,))
    assert "PLANTED" not in read.said


def test_a_column_that_is_mostly_unreadable_is_critical(read_bytes: Callable[..., Any]) -> None:
    head, bad, good = b"account;cost;day\n", b"1;x;2026-10-07\n", b"1;1;2026-10-07\n"

    half = read_bytes(head + bad + good).finding(Kind.UNREADABLE_VALUES)
    more = read_bytes(head + bad + bad + good).finding(Kind.UNREADABLE_VALUES)

    assert (half.severity, more.severity) == (Severity.WARNING, Severity.CRITICAL)


@pytest.mark.parametrize(("rows", "bad", "severity"), [(20, 4, "warning"), (20, 5, "critical"), (19, 9, "warning")])
def test_of_many_rows_a_fifth_that_is_unreadable_is_much(
    read_bytes: Callable[..., Any], rows: int, bad: int, severity: str
) -> None:
    content = b"account;cost;day\n" + b"1;x;2026-10-07\n" * bad + b"1;1;2026-10-07\n" * (rows - bad)

    assert read_bytes(content).finding(Kind.UNREADABLE_VALUES).severity == severity


def test_values_that_stand_one_column_to_the_right_are_critical(read_bytes: Callable[..., Any]) -> None:
    columns: dict[str, dict[str, Any]] = {"month": {"type": "month"}, "id": {}, "age": {"type": "integer"}, "pay": {}}
    whole, shifted = b"2026-10;a;31;1,50\n", b";2026-10;a;31\n"

    read = read_bytes(b"month;id;age;pay\n" + whole * 60 + shifted * 40, columns=columns)

    finding = read.finding(Kind.UNREADABLE_VALUES)
    assert (finding.severity, finding.rows_failed) == (Severity.CRITICAL, 40)
    assert finding.evidence.column == "age"
    assert KINDS[finding.kind].owner is Owner.SUPPLIER


def test_a_column_that_goes_bad_late_is_marked_from_the_first_row(
    read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadgate.reading.lines.BLOCK_CHARACTERS", 40)
    monkeypatch.setattr("loadgate.reading.sources.CHUNK_BYTES", 40)
    good = b"1;1,5;2026-10-07\n" * 20

    read = read_bytes(b"account;cost;day\n" + good + b"1;1,5;x\n" + good + b"1;x;2026-10-07\n" + good)

    assert read.column("_row") == list(range(1, 63))
    assert read.typed.filter("_undecided.day")["_row"].to_list() == [21]
    assert read.typed.filter("_undecided.cost")["_row"].to_list() == [42]
    assert read.typed.select("_undecided.day", "_undecided.cost").null_count().row(0) == (0, 0)
    assert read.left == ["rejects.parquet", "typed.parquet"]


def test_every_type_has_a_reason_and_a_polars_type() -> None:
    from loadgate.model.expected import Column

    assert set(casting.REASONS) == set(ColumnType)
    assert all(casting.dtype(Column(type=kind)) is not None for kind in ColumnType)


@pytest.mark.parametrize(
    ("kind", "series", "values", "unreadable"),
    [
        ("integer", pl.Series([1, None], dtype=pl.Int8), [1, None], 0),
        ("integer", pl.Series([2**63], dtype=pl.UInt64), [None], 1),
        ("integer", pl.Series([1.0, 1.5, float("nan"), 1e300]), [1, None, None, None], 3),
        ("integer", pl.Series([True]), [None], 1),
        ("integer", pl.Series([date(2026, 1, 1)]), [None], 1),
        ("decimal", pl.Series([0.29, 1.005, float("inf")]), [Decimal("0.29"), None, None], 2),
        ("decimal", pl.Series([Decimal("1.2500")]), [Decimal("1.25")], 0),
        ("decimal", pl.Series([Decimal("1.255")]), [None], 1),
        ("decimal", pl.Series(["1,5", "1.5"]), [Decimal("1.50"), None], 1),
        ("decimal", pl.Series(["1,5"], dtype=pl.Categorical), [Decimal("1.50")], 0),
        ("text", pl.Series([101.0, None]), ["101", None], 0),
        ("text", pl.Series([101]), ["101"], 0),
        ("text", pl.Series(["a", None, "", "a"], dtype=pl.Categorical), ["a", None, None, "a"], 0),
        ("text", pl.Series([b"ok"]), ["ok"], 0),
        ("text", pl.Series([[1]]), [None], 1),
        ("date", pl.Series([datetime(2026, 1, 1), datetime(2026, 1, 1, 1)]), [date(2026, 1, 1), None], 1),
        ("date", pl.Series([20000]), [None], 1),
        ("week", pl.Series([date(2026, 10, 5), date(2026, 10, 6)]), [date(2026, 10, 5), None], 1),
        ("year", pl.Series([2026, 26]), [date(2026, 1, 1), None], 1),
        ("boolean", pl.Series([1, 0, 2]), [True, False, None], 1),
        ("boolean", pl.Series([True]), [True], 0),
    ],
)
def test_a_typed_file_is_read_only_where_the_value_stays_exact(
    read_bytes: Callable[..., Any], kind: str, series: pl.Series, values: list[object], unreadable: int
) -> None:
    import io

    buffer = io.BytesIO()
    pl.DataFrame({"value": series}).write_parquet(buffer)

    read = read_bytes(buffer.getvalue(), columns={"value": {"type": kind}}, kind="parquet")

    assert read.column("value") == values
    assert read.reading.values_unreadable.get("value", 0) == unreadable
    assert read.reading.undecided == (("value",) if unreadable else ())
