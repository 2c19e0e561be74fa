"""The FLIS site's profiles and suites, on files as its suppliers write them."""

from __future__ import annotations

import gzip
import importlib.util
import zipfile
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from loadgate.checking.suites import check
from loadgate.content.loader import load
from loadgate.model.findings import OutcomeState
from loadgate.model.kinds import Kind
from loadgate.model.scope import Scope
from loadgate.model.site import Site
from loadgate.reading.files import Reading, read

ROOT = Path(__file__).parents[2]
WORKBOOKS = Path(__file__).parents[1] / "unit" / "reading" / "workbooks.py"
LEDGER = """\
Måned;Bilagsnr;Dranst;Hovedfunktion;Funktion;Gruppering;Art;Omkostningssted;Beløb;Kontotekst
2026-10;000417;1;05;5.30.26;001;1;4711;1.234.567,50;Løn på værkstedet
2026-10;000418;1;03;3.22.01;001;1;4712;12,50-;"Skole; tilskud"
2026-10;000419;1;03;32201;001;;4712;NULL;
"""
SERVICES = """\
PersonMarkørID;ModtagerYdelsekode;ModtagerYdelseBetalingskommune;Målgruppe;Godkendt;ModtagerYdelseStartDato;\
ModtagerYdelseSlutDato;Kvartal;ModtagerDødsdato
m1;1.8.2;101;01;J;2016-12-01 00:00:00.000;2016-11-01 00:00:00.000;2026-Q3;NULL
m2;1.17;101;04;N;2016-12-01 00:00:00.000;NULL;2026-Q3;2026-08-11 00:00:00.000
m3;fritekst;147;01;J;2016-12-01 00:00:00.000;2026-12-01 00:00:00.000;2026-Q3;NULL
"""
OPUS_ROWS = (
    "R2026-10000000000417" + "1" + "05" + "5.30.26   " + "001" + "1" + "4711 Ældre  " + "        1234567,50",
    "R2026-10000000000418" + "1" + "03" + "3.22.01   " + "001" + "7" + "4712        " + "            -12,50",
)


@cache
def site() -> Site:
    return load(ROOT)


def read_file(file: Path, *, supplier: str, system: str, dataset: str) -> tuple[Reading, pl.DataFrame]:
    spec = site().spec(supplier=supplier, system=system, dataset=dataset)
    into = file.parent / "read"
    into.mkdir()
    reading = read([file], spec=spec, dataset=site().dataset(dataset), scope=Scope(), into=into)
    return reading, pl.read_parquet(reading.typed)


def failed_rows(file: Path, *, supplier: str, system: str, dataset: str) -> tuple[pl.DataFrame, dict[str, int]]:
    """The typed rows, and per check that did not pass how many rows failed it."""
    reading, rows = read_file(file, supplier=supplier, system=system, dataset=dataset)
    assert (reading.findings, reading.rows_rejected) == ((), 0)
    into = file.parent / "checked"
    into.mkdir()
    checked = check(
        reading.typed,
        dataset=site().dataset(dataset),
        code_lists=site().code_lists,
        providers=["101", "147"],
        period="2026-10",
        scope=Scope(),
        into=into,
    )
    assert all(outcome.state in (OutcomeState.PASS, OutcomeState.FAIL) for outcome in checked.outcomes)
    return rows, {one.check: one.rows_failed or 0 for one in checked.outcomes if one.state is OutcomeState.FAIL}


def test_a_ledger_with_decimal_commas_points_and_trailing_minus_is_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "finans_101_2026-11-02.csv"
    file.write_bytes(LEDGER.encode("cp1252"))
    rows, failed = failed_rows(file, supplier="fujitsu", system="prisme", dataset="ledger")
    assert rows["amount"].to_list() == [Decimal("1234567.50"), Decimal("-12.50"), None]
    assert failed == {
        "ledger:not_be_null(amount)": 1,
        "ledger:match_regex(function)": 1,
        "ledger:codes_to_be_valid_on_date(function)": 1,
        "ledger:not_be_null(kind)": 1,
    }


def opus(folder: Path, *, rows: tuple[str, ...], trailer: str) -> Path:
    file = folder / "finans_147_2026-11-02.txt"
    file.write_bytes("\r\n".join(("Hkmd_opus 147", *rows, trailer, "")).encode("cp1252"))
    return file


def test_a_fixed_width_ledger_is_read_and_agrees_with_its_trailer(tmp_path: Path) -> None:
    file = opus(tmp_path, rows=OPUS_ROWS, trailer="T000000002" + "          1234555,00")
    rows, failed = failed_rows(file, supplier="kmd", system="kmd_opus", dataset="ledger")
    assert rows["voucher"].to_list() == ["000000000417", "000000000418"]
    assert rows["cost_centre"].to_list() == ["4711 Ældre", "4712"]
    assert failed == {}


def test_a_fixed_width_ledger_that_lost_a_row_disagrees_with_its_trailer(tmp_path: Path) -> None:
    file = opus(tmp_path, rows=OPUS_ROWS[:1], trailer="T000000002" + "          1234555,00")
    reading, _ = read_file(file, supplier="kmd", system="kmd_opus", dataset="ledger")
    assert [one.kind for one in reading.findings] == [Kind.TRAILER]


@pytest.mark.parametrize(("total", "kinds"), [("1234555,00", []), ("1234567,50", [Kind.TRAILER])])
def test_a_ledger_that_ends_with_slut_is_held_against_it(tmp_path: Path, total: str, kinds: list[Kind]) -> None:
    file = tmp_path / "finans_151_2026-11-02.csv"
    file.write_text(
        "Måned;Bilag;Dranst;Hovedfunktion;Funktion;Gruppering;Art;Sted;Beløb\n"
        "2026-10;417;1;05;5.30.26;001;1;4711;1234567,50\n"
        "2026-10;418;1;03;3.22.01;001;7;4712;-12,50\n"
        f"SLUT;2;{total}\n"
    )
    reading, rows = read_file(file, supplier="eg", system="eg_oekonomi", dataset="ledger")
    assert rows.height == 2
    assert [one.kind for one in reading.findings] == kinds


def test_a_budget_in_a_workbook_gets_back_the_noughts_that_the_spreadsheet_took(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("workbooks", WORKBOOKS)
    assert spec is not None
    assert spec.loader is not None
    books = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(books)
    names = ["Måned", "Dranst", "Hovedfunktion", "Funktion", "Oprindeligt budget", "Korrigeret budget"]
    row = ["2026-10", 1, 5, "5.30.26", Decimal("2000000"), Decimal("2100000.5")]
    file = tmp_path / "budget_101_2026-11-02.xlsx"
    file.write_bytes(books.workbook(("Forside", books.sheet([["Kommune"]])), ("Budget", books.sheet([names, row]))))
    rows, failed = failed_rows(file, supplier="fujitsu", system="prisme", dataset="budget")
    assert rows.select("account_class", "main_function", "adjusted_budget").rows() == [
        ("1", "05", Decimal("2100000.50"))
    ]
    assert failed == {}


def test_absence_in_an_archive_with_several_members_is_one_delivery(tmp_path: Path) -> None:
    file = tmp_path / "fravaer_101_2026-11-02.zip"
    head = "Måned;Medarbejder;Ansættelsesnr;Fraværsårsag;Første dag;Dage\n"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("1.csv", head + "2026-09;6101000001;00012345;1;2026-09-14;3\n")
        archive.writestr("2.csv", head + "2026-10;6101000001;00012345;1;2026-10-01;400\n")
        archive.writestr("readme.txt", "no data")
    rows, failed = failed_rows(file, supplier="kmd", system="klp", dataset="absence")
    assert rows["employment_no"].to_list() == ["00012345"] * 2
    assert failed == {"absence:be_between(days)": 1}


def test_packed_absence_in_an_old_encoding_with_danish_dates_is_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "fravaer_147_2026-11-02.csv.gz"
    head = "Måned;Medarbejder;Ansættelsesnummer;Fraværsårsag;Første fraværsdag;Dage\r\n"
    file.write_bytes(gzip.compress((head + "2026-09;101000001;0001;1;14-09-2026;3\r\n").encode("iso-8859-1")))
    rows, failed = failed_rows(file, supplier="silkeborg_data", system="silkeborg", dataset="absence")
    assert rows["started"].to_list() == [date(2026, 9, 14)]
    assert failed == {"absence:match_regex(employee)": 1}


def test_free_text_in_place_of_a_reason_is_what_as2007_is_registered_for(tmp_path: Path) -> None:
    file = tmp_path / "sager_101_2026-11-06.csv"
    text = (
        "Måned;Sagsnummer;Barn;Alder;Årsag til sagen;Oprettet;Lukket\r\n"
        "2026-10;0004711;6101000001;11;04;03-03-2025;\r\n"
        "2026-10;0004712;6101000002;9;uro på skolen;03-03-2025;05-10-2026\r\n"
    )
    file.write_bytes(text.encode("cp1252"))
    rows, failed = failed_rows(file, supplier="logica", system="as2007", dataset="cases")
    assert rows["closed"].to_list() == [None, date(2026, 10, 5)]
    assert failed == {"cases:be_in_set(reason)": 1}


def test_citizens_of_all_municipalities_in_parquet_are_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "befolkning_2026-11-02.parquet"
    pl.DataFrame(
        {
            "Måned": [date(2026, 10, 1)] * 2,
            "Kommune": ["101", "999"],
            "Distrikt": ["Vesterbro", "Østerbro"],
            "Alder": [17, 17],
            "Køn": ["1", "2"],
            "Antal": [412, 398],
        }
    ).write_parquet(file)
    rows, failed = failed_rows(file, supplier="cpr", system="cpr", dataset="population")
    assert rows["citizens"].sum() == 810
    assert failed == {"population:own_municipalities": 1}


def test_services_in_a_zip_with_null_and_milliseconds_are_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "voksenhandicap_bosted_2026-11-08.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("ydelser.csv", SERVICES)
    rows, failed = failed_rows(file, supplier="danmarks_statistik", system="bosted", dataset="services")
    assert (rows["ended"].null_count(), rows["died"].null_count()) == (1, 2)
    assert failed == {
        "services:be_in_set(service_code)": 1,
        "services:pair_values_a_to_be_greater_than_b(ended;started)": 1,
        "services:dst_not_approved": 1,
    }
