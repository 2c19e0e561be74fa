"""What is told of arrivals: one finding each, whose scope is the delivery's, and never a stray file's name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from loadgate.arriving.findings import findings
from loadgate.arriving.impostors import impostors
from loadgate.model.findings import ArrivalEvidence, Finding
from loadgate.model.fingerprint import Fingerprint
from loadgate.model.identity import file_pseudonym, key_of, sha256
from loadgate.model.kinds import Kind, Severity

ONE = [{"provider": "101"}]
DUE, CLOSES = "2026-11-05T12:00:00+00:00", "2026-11-10T12:00:00+00:00"
AS_OF = datetime(2026, 11, 30, tzinfo=UTC)


def test_a_missing_delivery_is_one_critical_finding(expected: Callable[..., Any], arrive: Callable[..., Any]) -> None:
    wanted = expected()

    found = findings(arrive(wanted), as_of=AS_OF)

    assert sorted(found, key=lambda one: str(one.scope)) == [
        Finding(
            kind=Kind.MISSING,
            severity=Severity.CRITICAL,
            scope=delivery.scope,
            evidence=ArrivalEvidence(due=DUE, closes=CLOSES),
        )
        for delivery in wanted
    ]


@pytest.mark.parametrize(
    ("files", "as_of", "detail", "received"),
    [
        ({}, (11, 6), {"state": "overdue"}, None),
        ({"prisme/2026-10/101.csv": (11, 6)}, (11, 7), {"state": "late"}, "2026-11-06T00:00:00+00:00"),
    ],
)
def test_overdue_and_late_are_one_finding_with_one_id(
    expected: Callable[..., Any],
    arrive: Callable[..., Any],
    files: dict[str, Any],
    as_of: tuple[int, ...],
    detail: dict[str, str],
    received: str | None,
) -> None:
    (wanted,) = expected(assigned=ONE)

    (found,) = findings(arrive([wanted], files, as_of=as_of), as_of=AS_OF)

    assert found.id == Finding(kind=Kind.LATE, severity=Severity.INFO, scope=wanted.scope, evidence=found.evidence).id
    assert found.detail == detail
    assert isinstance(found.evidence, ArrivalEvidence)
    assert found.evidence.received == received


def test_what_is_awaited_or_came_in_time_is_not_told(expected: Callable[..., Any], arrive: Callable[..., Any]) -> None:
    came = arrive(expected(), {"prisme/2026-10/101.csv": (11, 5)}, as_of=(11, 5, 11))

    assert findings(came, as_of=AS_OF) == []


def test_a_stray_file_is_told_by_pseudonym_and_size(expected: Callable[..., Any], arrive: Callable[..., Any]) -> None:
    names = ["2026-10/PLANTED-0101701234.csv", "2026-10/PLANTED-2.csv"]

    found = findings(arrive([], dict.fromkeys(names, (11, 6))), as_of=AS_OF)

    assert {one.kind for one in found} == {Kind.UNEXPECTED}
    assert {one.detail["file"] for one in found} == {file_pseudonym(name) for name in names}
    assert len({one.id for one in found}) == 2
    assert "PLANTED" not in repr(found)
    assert found[0].evidence.received == "2026-11-06T00:00:00+00:00"  # type: ignore[union-attr]


def test_old_bytes_are_a_duplicate_and_another_providers_an_impostor(
    expected: Callable[..., Any], arrive: Callable[..., Any]
) -> None:
    files = {f"prisme/2026-10/{unit}.csv": ((11, 1), "same") for unit in ("101", "147")}
    earlier = {key_of([sha256(b"same")]): "2026-09/prisme/ledger/101"}

    found = findings(arrive(expected(), files, earlier=earlier), as_of=AS_OF)

    told = {(one.kind, min(one.scope.provider or ()), one.evidence.like) for one in found}  # type: ignore[union-attr]
    assert told == {
        (Kind.DUPLICATE, "101", "2026-09/prisme/ledger/101"),
        (Kind.DUPLICATE, "147", "2026-09/prisme/ledger/101"),
        (Kind.IMPOSTOR, "101", "2026-10/prisme/ledger/147"),
        (Kind.IMPOSTOR, "147", "2026-10/prisme/ledger/101"),
    }


def printed(content: str, *, rows: int = 3) -> Fingerprint:
    return Fingerprint(rows=rows, columns=("a",), prints=(), sha256=sha256(content.encode()))


def test_the_same_rows_under_two_names_are_impostors_whatever_the_bytes(expected: Callable[..., Any]) -> None:
    first, second = expected()

    found = impostors({f"{first.id}/v2": printed("x"), second.id: printed("x")}, [first, second])

    assert {(one.scope, one.evidence.like) for one in found} == {  # type: ignore[union-attr]
        (first.scope, second.id),
        (second.scope, first.id),
    }
    assert {one.severity for one in found} == {Severity.CRITICAL}


def test_other_rows_and_no_rows_are_no_impostors(expected: Callable[..., Any]) -> None:
    first, second = expected()

    assert impostors({first.id: printed("x"), second.id: printed("y")}, [first, second]) == []
    assert impostors({first.id: printed("", rows=0), second.id: printed("", rows=0)}, [first, second]) == []


def test_impostors_by_bytes_and_by_rows_have_one_id(expected: Callable[..., Any], arrive: Callable[..., Any]) -> None:
    wanted = expected()
    files = {f"prisme/2026-10/{unit}.csv": ((11, 1), "same") for unit in ("101", "147")}

    by_bytes = findings(arrive(wanted, files), as_of=AS_OF)
    by_rows = impostors({delivery.id: printed("x") for delivery in wanted}, wanted)

    assert {one.id for one in by_bytes} == {one.id for one in by_rows}
