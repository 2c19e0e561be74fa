"""A file for several providers: who has rows in it, who has none, and what each one's rows are."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from loadgate.model.encoding import dump, load
from loadgate.model.fingerprint import Fingerprint
from loadgate.model.kinds import KINDS, Kind, Owner, Severity
from loadgate.reading import lines

HEAD = b"municipality;person;hours\n"
FORM: dict[str, Any] = {
    "columns": {"municipality": {}, "person": {"personal": True}, "hours": {"type": "decimal"}},
    "provider_column": "municipality",
    "providers": ("101", "147", "151"),
}


def rows(provider: str, *persons: str) -> bytes:
    return "".join(f"{provider};{person};1,50\n" for person in persons).encode()


def test_a_provider_without_rows_in_a_file_for_several_is_absent(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(HEAD + rows("101", "a", "b") + rows("151", "c"), **FORM)

    assert read.kinds == [Kind.PROVIDER_ABSENT]
    finding = read.finding(Kind.PROVIDER_ABSENT)
    assert finding.severity is Severity.CRITICAL
    assert finding.scope.provider == frozenset({"147"})
    assert finding.scope.delivery == frozenset({"2026-10/prisme/ledger/101"})
    assert (KINDS[finding.kind].owner, KINDS[finding.kind].load_fault) == (Owner.SUPPLIER, True)


def test_each_absent_provider_is_a_finding_of_its_own(read_bytes: Callable[..., Any]) -> None:
    found = read_bytes(HEAD + rows("151", "c"), **FORM).reading.findings

    assert {str(min(one.scope.provider)) for one in found} == {"101", "147"}
    assert len({one.id for one in found}) == 2


def test_nobody_is_absent_from_a_file_that_is_empty_unreadable_or_one_providers(
    read_bytes: Callable[..., Any],
) -> None:
    assert read_bytes(HEAD, **FORM).kinds == [Kind.EMPTY]
    assert read_bytes(HEAD + "æ;b;1\n".encode("cp1252"), **FORM).kinds == [Kind.ENCODING]
    assert read_bytes(HEAD + rows("147", "a"), **{**FORM, "providers": ("101",)}).kinds == []
    assert read_bytes(HEAD + rows("147", "a"), **{**FORM, "provider_column": None}).kinds == []


def test_who_may_stand_behind_the_cut_of_a_file_is_not_told_to_be_absent(read_bytes: Callable[..., Any]) -> None:
    assert read_bytes(HEAD + rows("101", "a") + b"147;b", **FORM).kinds == [Kind.REJECTED_ROWS]


def test_a_provider_whose_rows_all_name_it_in_vain_is_absent(read_bytes: Callable[..., Any]) -> None:
    found = read_bytes(HEAD + rows("101", "a") + rows("147", "b") + rows(" 151", "c"), **FORM)

    assert found.finding(Kind.PROVIDER_ABSENT).scope.provider == frozenset({"151"})


def test_only_expected_providers_stand_in_a_fingerprint(read_bytes: Callable[..., Any]) -> None:
    read = read_bytes(HEAD + rows("101", "a") + rows("0101701234", "b") * 9, **FORM)

    assert [(one.provider, one.rows) for one in read.reading.fingerprint.providers] == [("101", 1)]
    assert "0101701234" not in read.said


@pytest.mark.parametrize("block", [20, 1000])
def test_the_same_rows_have_the_same_print_whosever_they_are_and_in_any_order(
    read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(lines, "BLOCK_CHARACTERS", block)
    content = HEAD + rows("101", "a", "b", "c") + rows("147", "c", "b", "a") + rows("151", "a", "b", "d")

    found = read_bytes(content, **FORM).reading.fingerprint

    one, same, other = found.providers
    assert (one.rows, same.rows, other.rows) == (3, 3, 3)
    assert one.sha256 == same.sha256 != other.sha256
    assert load(Fingerprint, dump(Fingerprint, found)) == found


def test_how_the_file_is_cut_into_blocks_changes_no_print(
    read_bytes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = HEAD + b"".join(rows(str(p), *(f"p{n * 7919 % 97}" for n in range(50))) for p in (101, 147, 151))
    whole = read_bytes(content, **FORM).reading.fingerprint

    monkeypatch.setattr(lines, "BLOCK_CHARACTERS", 70)

    assert read_bytes(content, **FORM).reading.fingerprint == whole


def parquet_without_rows() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(schema={"account": pl.String, "cost": pl.String, "day": pl.Date}).write_parquet(buffer)
    return buffer.getvalue()


def test_names_without_rows_are_empty_in_every_format(read_bytes: Callable[..., Any], books: Any) -> None:
    trailer: dict[str, Any] = {"trailer": {"prefix": "T", "rows": {"field": 2}}}

    assert read_bytes(b"account;cost;day\n").kinds == [Kind.EMPTY]
    assert read_bytes(b"account;cost;day\nT;0\n", **trailer).kinds == [Kind.EMPTY]
    assert read_bytes(parquet_without_rows(), kind="parquet").kinds == [Kind.EMPTY]
    assert read_bytes(books.of([["account", "cost", "day"]]), kind="xlsx").kinds == [Kind.EMPTY]
