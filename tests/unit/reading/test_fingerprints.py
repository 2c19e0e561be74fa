"""Fingerprints: exact, without personal data, the same however the rows are sorted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from loadgate.model.encoding import dump, load
from loadgate.model.expected import Column, Dataset
from loadgate.model.fingerprint import ColumnPrint, Fingerprint, category_pseudonym
from loadgate.reading import fingerprints

COLUMNS: dict[str, dict[str, Any]] = {
    "person": {"personal": True},
    "code": {},
    "amount": {"type": "decimal"},
    "cases": {"type": "integer"},
}
HEAD = b"person;code;amount;cases\n"


def test_a_fingerprint_counts_and_sums_exactly(read_bytes: Callable[..., Any]) -> None:
    rows = b"PLANTED1;PLANTED5;0,10;1\n" * 5 + b"PLANTED2;PLANTED3;-0,30;\n" + b"PLANTED4;;;9223372036854775807\n" * 2

    read = read_bytes(HEAD + rows, columns=COLUMNS)

    found = read.reading.fingerprint
    assert found.rows == 8
    assert found.columns == tuple(COLUMNS)
    assert found.of("person") is None
    named = category_pseudonym("code", "PLANTED5")
    assert found.of("code") == ColumnPrint(
        name="code", type="text", nulls=2, distinct=2, categories=((named, 5),), others=1
    )
    assert found.of("amount") == ColumnPrint(name="amount", type="decimal", nulls=2, distinct=2, sum="0.20")
    assert found.of("cases") == ColumnPrint(
        name="cases", type="integer", nulls=1, distinct=2, sum="18446744073709551619"
    )
    assert "PLANTED" not in dump(Fingerprint, found).decode()


def test_a_fingerprint_survives_json(read_bytes: Callable[..., Any]) -> None:
    found = read_bytes(HEAD + b"1;A;1,00;1\n" * 6, columns=COLUMNS).reading.fingerprint

    assert load(Fingerprint, dump(Fingerprint, found)) == found


def test_a_sum_of_more_than_38_digits_is_none(read_bytes: Callable[..., Any]) -> None:
    huge = b"1;A;" + b"9" * 36 + b",99;1\n"

    assert read_bytes(HEAD + huge * 2, columns=COLUMNS).reading.fingerprint.of("amount").sum is None


def test_a_column_with_many_values_names_none(read_bytes: Callable[..., Any]) -> None:
    def categories(distinct: int) -> int:
        rows = b"".join(b"1;c%d;;\n" % (n % distinct) for n in range(5 * distinct))
        return len(read_bytes(HEAD + rows, columns=COLUMNS).reading.fingerprint.of("code").categories)

    assert (categories(fingerprints.MAX_CATEGORIES), categories(fingerprints.MAX_CATEGORIES + 1)) == (20, 0)


def test_of_a_large_table_neither_order_nor_cutting_changes_the_print(
    read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "SORTED_ROWS", 50)
    monkeypatch.setattr(fingerprints, "SMALLEST", 5)
    lines = [b"%d;A;%d,00;\n" % (n, n * 37 % 11) for n in range(60)]

    def found(*rows: bytes) -> Fingerprint:
        return read_bytes(HEAD + b"".join(rows), columns=COLUMNS).reading.fingerprint

    whole = found(*lines)

    assert found(*lines[30:], *lines[:30]) == whole
    assert found(*lines[:-1], lines[0]).sha256 != whole.sha256
    assert found(*lines, lines[0]).sha256 != whole.sha256


@pytest.mark.parametrize(("different", "off"), [(21, 0.0), (60_000, 0.0), (400_000, 0.02)])
def test_different_values_are_counted_exactly_while_they_are_few_and_nearly_beyond(different: int, off: float) -> None:
    dataset = Dataset.model_validate({"dataset": "d", "area": "a", "title": "t", "columns": {"code": {}}})
    codes = (pl.int_range(500_000, eager=True) % different).cast(pl.String).alias("code").to_frame()

    def distinct(rows_at_once: int) -> int:
        printer = fingerprints.Printer(dataset)
        for frame in codes.iter_slices(rows_at_once):
            printer.add(frame)
        return printer._columns["code"].close(codes.height).distinct

    assert distinct(500_000) == distinct(70_001) == pytest.approx(different, rel=off)


def test_the_hash_of_the_content_never_changes(read_bytes: Callable[..., Any]) -> None:
    found = read_bytes(HEAD + b"1;A;1,00;1\n;;;\n", columns=COLUMNS).reading.fingerprint

    said = "person\x1fcode\x1famount\x1fcases" + "\x00\x1f\x00\x1f\x00\x1f\x00\x1e" + "1\x1fA\x1f1.00\x1f1\x1e"
    assert found.sha256 == hashlib.sha256(said.encode()).hexdigest()


def test_a_column_that_repeats_at_first_and_then_does_not_is_printed_as_in_another_order() -> None:
    dataset = Dataset(dataset="d", area="a", title="t", columns={"text": Column.model_validate({})})
    texts = pl.Series("text", ["few"] * 2_000 + [f"text {number}" for number in range(500)] + ["few"] * 10)

    def printed(*frames: pl.Series) -> tuple[ColumnPrint, ...]:
        printer = fingerprints.Printer(dataset)
        for frame in frames:
            printer.add(frame.to_frame())
        return tuple(column.close(len(texts)) for column in printer._columns.values())

    once = printed(texts)

    assert once[0].distinct == 501
    assert once[0].categories == ()
    assert printed(texts.reverse()) == once
    assert printed(texts.head(1_500), texts.slice(1_500)) == once
    assert printed(texts.tail(200), texts.head(len(texts) - 200)) == once
