"""The root site's two profiles and suites, on files as these suppliers write them."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from pathlib import Path

import polars as pl

from loadgate.checking.suites import check
from loadgate.content.loader import load
from loadgate.model.findings import OutcomeState
from loadgate.model.scope import Scope
from loadgate.reading.files import read

ROOT = Path(__file__).parents[2]
LEDGER = """\
Måned;Dranst;Hovedfunktion;Funktion;Gruppering;Art;Omkostningssted;Beløb;Oprindeligt budget;Korrigeret budget;Kontotekst
2026-10;1;05;5.32.33;001;1;4711;1.234.567,50;2.000.000,00;2.100.000,00;Løn på værkstedet
2026-10;1;03;3.22.01;001;1;4712;12,50-;0,00;0,00;"Skole; tilskud"
2026-10;1;03;32201;001;;4712;NULL;0,00;0,00;
"""
SERVICES = """\
PersonMarkørID;ModtagerYdelsekode;ModtagerYdelseBetalingskommune;ModtagerYdelseStartDato;ModtagerYdelseSlutDato;Kvartal
m1;1.8.2;101;2016-12-01 00:00:00.000;2016-11-01 00:00:00.000;2026-Q3
m2;1.17;101;2016-12-01 00:00:00.000;NULL;2026-Q3
m3;fritekst;147;2016-12-01 00:00:00.000;2026-12-01 00:00:00.000;2026-Q3
"""


def failed_rows(
    file: Path, *, supplier: str, system: str, dataset: str, into: Path
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The typed rows, and per check that did not pass how many rows failed it."""
    site = load(ROOT)
    facts, spec = site.dataset(dataset), site.spec(supplier=supplier, system=system, dataset=dataset)
    (into / "read").mkdir()
    (into / "checked").mkdir()
    reading = read([file], spec=spec, dataset=facts, scope=Scope(), into=into / "read")
    assert (reading.findings, reading.rows_rejected) == ((), 0)
    checked = check(
        reading.typed,
        dataset=facts,
        code_lists=site.code_lists,
        providers=["101", "147"],
        period="2026-10",
        undecided=reading.undecided,
        scope=Scope(),
        into=into / "checked",
    )
    assert all(outcome.state in (OutcomeState.PASS, OutcomeState.FAIL) for outcome in checked.outcomes)
    failed = {one.check: one.rows_failed or 0 for one in checked.outcomes if one.state is OutcomeState.FAIL}
    return pl.read_parquet(reading.typed), failed


def test_a_ledger_with_decimal_commas_points_and_trailing_minus_is_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "finans_101_2026-11-02.csv"
    file.write_bytes(LEDGER.encode("cp1252"))
    rows, failed = failed_rows(file, supplier="fujitsu", system="prisme", dataset="ledger", into=tmp_path)
    assert rows["amount"].to_list() == [Decimal("1234567.50"), Decimal("-12.50"), None]
    assert failed == {
        "ledger:not_be_null(amount)": 1,
        "ledger:match_regex(function)": 1,
        "ledger:not_be_null(kind)": 1,
    }


def test_services_in_a_zip_with_null_and_milliseconds_are_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "voksenhandicap_2026-11-08.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("ydelser.csv", SERVICES)
    rows, failed = failed_rows(file, supplier="danmarks_statistik", system="bosted", dataset="services", into=tmp_path)
    assert rows["ended"].null_count() == 1
    assert failed == {
        "services:be_in_set(service_code)": 1,
        "services:pair_values_a_to_be_greater_than_b(ended;started)": 1,
    }
