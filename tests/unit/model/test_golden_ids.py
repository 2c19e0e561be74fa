"""Ids that were ever written down: this file makes each form again, and it must come out letter for letter."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath

import polars as pl
import pytest

from loadgate.model import identity, tables
from loadgate.model.findings import ArrivalEvidence, Finding
from loadgate.model.kinds import Kind, Severity
from loadgate.model.period import Period
from loadgate.model.scope import Scope, Span

GOLDEN = Path(__file__).parents[2] / "golden_ids.txt"

# What canonical JSON has a form for, once each.
DOCUMENT = {
    "text": "æøå ü 漢",
    "quote": 'a "b" \\ c\n',
    "none": None,
    "true": True,
    "count": 12,
    "share": 0.1,
    "small": 1e-07,
    "minus_zero": -0.0,
    "amount": Decimal("1234567890123456789012345678.901000"),
    "minus_nothing": Decimal("-0.00"),
    "hundred": Decimal("1E+2"),
    "day": date(2026, 10, 7),
    "moment": datetime(2026, 10, 7, 9, 12, tzinfo=UTC),
    "local": datetime(2026, 10, 7, 11, 12, 0, 500, tzinfo=timezone(timedelta(hours=2))),
    "kind": Kind.MISSING,
    "path": PurePosixPath("a/b"),
    "set": frozenset(["b", "a", "B"]),
    "list": (3, 1, 2),
    "nested": {"z": {"b": 1, "a": 2}},
    "no_unicode": "\udcff",
}

FULL = Scope.of(
    reference=Span.parse("2026-W01..2026-W09"),
    area="economy",
    dataset="ledger",
    vendor="Nordwind A/S",
    system="nordwind-erp",
    system_version="4.2+b1",
    supplier="nord_data",
    delivery="2026-10/nordwind-erp/ledger/101/v2",
    provider=["102", "101"],
    figure="spending",
    family="spending",
    cell="00+",
)
ESCAPED = Scope.of(provider=["Ærø", "a,b", "a;b", "a=b", "50%", " a ", "", "*", "漢", "é", "tab\t"])


def missing(scope: Scope) -> Finding:
    return Finding(kind=Kind.MISSING, severity=Severity.CRITICAL, scope=scope, evidence=ArrivalEvidence())


def figures() -> pl.DataFrame:
    return tables.conform(
        pl.DataFrame(
            {
                "figure": ["rate", "rate", "count"],
                "cell": ["a", None, None],
                "provider": ["101", "102", "101"],
                "reference_start": [date(2026, 1, 5)] * 3,
                "value": [1 / 3, -0.0, None],
                "numerator": [Decimal("1.5"), Decimal(0), None],
                "suppressed": [False, False, True],
                "part": ["economy/101", "economy/102", "economy/101"],
            }
        ),
        tables.FIGURES,
    )


def made() -> dict[str, str]:
    """Every form by its name in the golden file."""
    one = missing(Scope.of(delivery="2026-10/nordwind-erp/ledger/101", provider="101"))
    checked = "ledger:not_be_null(account)"
    with_reference = Scope.of(provider="101", figure="spending", reference=Span.parse("2026-09..2026-10"))
    return {
        "period year": str(Period.parse("2026")),
        "period quarter": str(Period.parse("2026-Q3")),
        "period month": str(Period.parse("2026-10")),
        "period week": str(Period.parse("2026-W53")),
        "period week of another year": str(Period.of(date(2027, 1, 1), Period.parse("2026-W01").cadence)),
        "period day": str(Period.parse("2026-10-07")),
        "period early year": str(Period.parse("0476")),
        "span one": str(Span.parse("2026-10")),
        "span many": str(Span.parse("2026-W01..2026-W09")),
        "scope everything": str(Scope()),
        "scope full": str(FULL),
        "scope escaped": str(ESCAPED),
        "scope reference alone": str(Scope(reference=Span.parse("2026"))),
        "delivery": identity.delivery_id(period="2026-10", system="nordwind-erp", dataset="ledger", unit="101"),
        "delivery of all": identity.delivery_id(
            period="2026-W41", system="nordwind-erp", dataset="ledger", unit="_all"
        ),
        "delivery version": identity.version_id("2026-10/nordwind-erp/ledger/101", 2),
        "run first": identity.run_id("2026-10", 1),
        "run second": identity.run_id("2026-10", 2),
        "run of a week": identity.run_id("2026-W41", 12),
        "part": identity.part_id("economy", "101"),
        "finding": one.id,
        "finding of a check": identity.finding_id(Kind.CHECK_FAILED, checked, str(Scope.of(provider="101"))),
        "finding with reference": identity.finding_id(Kind.RESTATED, None, str(with_reference)),
        "key of nothing": identity.key_of(),
        "key of values": identity.key_of("reading", 1, ["a", Decimal("1.50")], {"b": None}),
        "key of the document": identity.key_of(DOCUMENT),
        "file pseudonym": identity.file_pseudonym("a file.csv"),
        "file pseudonym, no unicode": identity.file_pseudonym("caf\udce9.csv"),
        "sha256": identity.sha256(b"loadgate"),
        "canonical json": identity.canonical_json(DOCUMENT).decode(),
        "logical sha256 of figures": tables.logical_sha256(figures(), tables.FIGURES),
        "logical sha256 of none": tables.logical_sha256(tables.empty(tables.FIGURES), tables.FIGURES),
    }


def golden() -> dict[str, str]:
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    named = [line.split(" = ", maxsplit=1) for line in lines if line and not line.startswith("#")]
    return dict(named)


@pytest.mark.parametrize("name", sorted(golden()))
def test_an_id_that_was_written_down_never_changes(name: str) -> None:
    assert made().get(name) == golden()[name]


def test_every_form_of_id_is_written_down() -> None:
    assert set(made()) == set(golden())


def test_a_key_is_the_start_of_the_hash_of_canonical_json() -> None:
    """Anyone can make an id again with a SHA-256 and a text editor."""
    text = '["arrival.missing",null,"delivery=2026-10/nordwind-erp/ledger/101; provider=101"]'
    assert golden()["finding"] == "f-" + hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("Infinity"), {1: "a", "1": "b"}])
def test_a_value_without_one_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"canonical form|not JSON compliant|same text"):
        identity.canonical_json(value)


@pytest.mark.parametrize("value", [b"bytes", bytearray(b"x"), object(), time(12, 0), 1j])
def test_a_type_without_a_canonical_form_is_refused_by_name(value: object) -> None:
    with pytest.raises(TypeError, match=f"no canonical form for {type(value).__name__}"):
        identity.canonical_json({"deep": [value]})


def test_decimals_beyond_28_digits_stay_different() -> None:
    low, high = Decimal("12345678901234567890123456789012.000001"), Decimal("12345678901234567890123456789012.000002")
    assert identity.canonical_json(low) != identity.canonical_json(high)


@pytest.mark.parametrize("text", ["1.500", "1.5", "15E-1"])
def test_one_decimal_has_one_form(text: str) -> None:
    assert identity.canonical_json(Decimal(text)) == b'"1.5"'


@pytest.mark.parametrize(
    "text", ["2026-10.1", "2026-10.0", "2026-10.02", "2026-10.", "2026-10.x", "2026-10.²", "2026-10.-2"]
)
def test_a_run_number_that_run_id_never_writes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a run id"):
        identity.parse_run_id(text)


@pytest.mark.parametrize(("period", "number"), [("2026-10", 1), ("2026-10", 2), ("2026-W41", 10), ("2026", 99)])
def test_a_run_id_is_read_as_it_was_written(period: str, number: int) -> None:
    assert identity.parse_run_id(identity.run_id(period, number)) == (period, number)


def test_a_run_number_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="run numbers start at 1, not 0"):
        identity.run_id("2026-10", 0)


@pytest.mark.parametrize("unit", ["", ".", "..", "a/b"])
def test_a_unit_that_would_blur_a_delivery_id_is_refused(unit: str) -> None:
    with pytest.raises(ValueError, match="names without a slash"):
        identity.delivery_id(period="2026-10", system="s", dataset="d", unit=unit)
