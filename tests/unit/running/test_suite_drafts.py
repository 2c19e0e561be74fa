"""A file in, the draft of a suite out: it loads in a site, holds for its own rows, and tells nothing of persons."""

from __future__ import annotations

import gzip
import random
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadgate.content import yaml_lines
from loadgate.content.draft import write_empty
from loadgate.content.loader import load
from loadgate.errors import CouldNotRun, NotFound
from loadgate.model.expected import Dataset
from loadgate.model.profiles import DeliverySpec, FileFormat, SourceColumn
from loadgate.model.scope import Scope
from loadgate.running.drafting import Asked, Drafted, draft_file, draft_of_site
from loadgate.running.opened import open_site

SYSTEM = '\n[[systems]]\nid = "books"\nname = "Books"\narea = "money"\nvendor = "acme"\n'
NAMES = ("Anders", "Berit", "Carla", "Dorte", "Erik", "Frode", "Grethe")


def rows(count: int = 300) -> list[dict[str, str]]:
    """A delivery as text: one column of each sort that a draft tells apart."""
    chance = random.Random(7)
    return [
        {
            "month": f"2026-{at % 3 + 1:02d}",
            "day": (date(2025, 1, 1) + timedelta(days=at % 40)).strftime("%d-%m-%Y"),
            "kind": chance.choice(("A", "B", "no")),
            "account": f"{chance.randrange(10_000):04d}",
            "amount": f"{chance.uniform(5, 900):.2f}".replace(".", ","),
            "level": str(chance.randrange(1, 5)),
            "number": str(1000 + at),
            "cpr": f"{chance.randrange(10**10):010d}",
            "holder": f"{chance.choice(NAMES)} {chance.choice(NAMES)}sen {at}",
            "gap": "" if at % 3 else "x",
            "rare": "" if at % 50 == 0 else "set",
        }
        for at in range(count)
    ]


def csv_text(table: list[dict[str, str]], *, delimiter: str = ";", end: str = "\r\n") -> str:
    return end.join([delimiter.join(table[0]), *(delimiter.join(row.values()) for row in table)]) + end


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "delivery.csv"
    path.write_bytes(csv_text(rows()).encode())
    return path


def dataset_of(drafted: Drafted) -> Dataset:
    return Dataset.model_validate(yaml_lines.parse(drafted.text, file="x").value)


def lines_of(drafted: Drafted, column: str) -> dict[str, dict[str, Any]]:
    found = {}
    for line in dataset_of(drafted).expectations:
        if line.kwargs.get("column") == column:
            found[line.type.removeprefix("expect_column_")] = {k: v for k, v in line.kwargs.items() if k != "column"}
    return found


def reason_of(drafted: Drafted, kind: str, column: str) -> str:
    lines = dataset_of(drafted).expectations
    return next(line.reason for line in lines if kind in line.type and line.kwargs.get("column") == column)


def remarks_of(drafted: Drafted, column: str) -> str:
    return " ".join(next(one["remarks"] for one in drafted.facts["columns"] if one["name"] == column))


def outcomes(path: Path, drafted: Drafted, into: Path) -> dict[str, str]:
    """Read the file with the profile that the draft proposes, and check it with the drafted suite."""
    from loadgate.checking.suites import check
    from loadgate.reading.files import read

    dataset = dataset_of(drafted)
    comments = [line[2:] for line in drafted.text.splitlines() if line.startswith("#")]
    form = next(line.split("format: ", 1)[1] for line in comments if line.startswith("  format: "))
    renamed = [yaml_lines.parse(line[6:], file="x").value for line in comments if line.startswith("    - ")]
    sources = {one["column"]: one["source"] for one in renamed}  # type: ignore[index]
    spec = DeliverySpec(
        system="s",
        dataset=dataset.dataset,
        files="*",
        format=FileFormat.model_validate(yaml_lines.parse(form, file="x").value),
        columns=tuple(SourceColumn(source=sources.get(name, name), column=name) for name in dataset.columns),
    )
    everything = Scope.parse("*")
    into.mkdir()
    reading = read([path], spec=spec, dataset=dataset, scope=everything, into=into)
    assert reading.findings == ()
    checked = check(
        reading.typed,
        dataset=dataset,
        code_lists=(),
        providers=(),
        period="2026-03",
        scope=everything,
        into=into,
    )
    return {one.check: one.state.value for one in checked.outcomes}


def test_every_line_of_a_draft_holds_for_the_rows_it_was_drawn_from(csv: Path, tmp_path: Path) -> None:
    found = outcomes(csv, draft_file(csv, Asked()), tmp_path / "read")
    assert len(found) > 20
    assert set(found.values()) == {"pass"}


def test_a_draft_lies_in_a_site_without_a_fault(csv: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    write_empty(site)
    (site / "site.toml").write_text((site / "site.toml").read_text() + SYSTEM)
    target = site / "expectations" / "suites" / "money" / "delivery.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(draft_file(csv, Asked(area="money")).text)
    assert [one.dataset for one in load(site).datasets] == ["delivery"]


def test_two_drafts_of_one_file_are_the_same_text(csv: Path) -> None:
    assert draft_file(csv, Asked()).text == draft_file(csv, Asked()).text


def test_types_are_found_and_codes_stay_text(csv: Path) -> None:
    columns = dataset_of(draft_file(csv, Asked())).columns
    assert {name: column.type.value for name, column in columns.items()} == {
        "month": "month",
        "day": "date",
        "kind": "text",
        "account": "text",
        "amount": "decimal",
        "level": "integer",
        "number": "integer",
        "cpr": "text",
        "holder": "text",
        "gap": "text",
        "rare": "text",
    }


def test_each_line_gives_its_evidence_in_counts(csv: Path) -> None:
    drafted = draft_file(csv, Asked())
    assert reason_of(drafted, "not_be_null", "month") == "Draft: 300 rows, 0 missing."
    assert reason_of(drafted, "unique", "number") == "Draft: 300 rows, each with another value, none missing."
    assert "10 % of the span" in reason_of(drafted, "between", "amount")
    assert reason_of(drafted, "match_regex", "account") == "Draft: 300 values, all of this form."


def test_limits_lie_beyond_the_values_and_are_round(csv: Path) -> None:
    drafted = draft_file(csv, Asked())
    limits = lines_of(drafted, "amount")["values_to_be_between"]
    assert limits["min_value"] == 0  # never negative so far
    assert 900 < limits["max_value"] <= 1100
    assert lines_of(drafted, "day")["values_to_be_between"] == {
        "min_value": date(2025, 1, 1),
        "max_value": date(2026, 12, 31),
    }


def test_a_closed_set_is_listed_and_its_words_stay_text(csv: Path) -> None:
    drafted = draft_file(csv, Asked())
    assert lines_of(drafted, "kind")["values_to_be_in_set"] == {"value_set": ["A", "B", "no"]}
    assert lines_of(drafted, "level")["values_to_be_in_set"] == {"value_set": [1, 2, 3, 4]}


def test_a_value_in_fewer_than_three_rows_leaves_the_set_unlisted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("kind\n" + "A\n" * 40 + "secret\n" * 2)
    drafted = draft_file(path, Asked())
    assert "values_to_be_in_set" not in lines_of(drafted, "kind")
    assert "secret" not in drafted.text
    assert "1 of them in fewer than 3 rows" in remarks_of(drafted, "kind")
    path.write_text("kind\n" + "A\n" * 40 + "often\n" * 3)
    assert lines_of(draft_file(path, Asked()), "kind")["values_to_be_in_set"] == {"value_set": ["A", "often"]}


def test_few_missing_values_leave_room_for_twice_as_many_and_many_leave_it_open(csv: Path) -> None:
    drafted = draft_file(csv, Asked())
    assert lines_of(drafted, "rare")["values_to_not_be_null"] == {"mostly": 0.96}
    assert "values_to_not_be_null" not in lines_of(drafted, "gap")
    assert "200 of 300 rows missing" in remarks_of(drafted, "gap")


def test_a_form_is_told_by_classes_and_counts_and_never_by_values(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("code\n" + "".join(f"DK-{at:03d}.{at % 90 + 10}\n" for at in range(200)))
    assert lines_of(draft_file(path, Asked()), "code")["values_to_match_regex"] == {
        "regex": r"^[A-Z]{2}-[0-9]{3}\.[0-9]{2}$"
    }


def test_nothing_of_a_column_that_looks_personal_stands_in_the_draft(csv: Path) -> None:
    drafted = draft_file(csv, Asked())
    columns = dataset_of(drafted).columns
    assert [name for name, column in columns.items() if column.personal] == ["cpr", "holder"]
    assert lines_of(drafted, "cpr") == {
        "values_to_not_be_null": {},
        "values_to_be_unique": {},
        "values_to_match_regex": {"regex": "^[0-9]{10}$"},
    }
    assert lines_of(drafted, "holder") == {"values_to_not_be_null": {}, "values_to_be_unique": {}}
    for row in rows():
        assert row["cpr"] not in drafted.text
        assert row["holder"] not in drafted.text
    assert "its name looks personal: no values, no limits" in remarks_of(drafted, "cpr")


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("firstName", ["A", "B"] * 30, "its name looks personal"),
        ("Sagsbehandler", ["Anders", "Berit"] * 30, "its name looks personal"),
        ("FØDSELSDATO", ["2001-01-01", "2002-01-01"] * 30, "its name looks personal"),
        ("x", [f"{at * 7 + 10_000_001}" for at in range(70)], "may stand for persons"),
        ("x", [f"010190{1000 + at % 5}" for at in range(60)], "may stand for persons"),
        ("x", [f"110190{1000 + at % 5}" for at in range(60)], "may stand for persons"),
        ("x", [*(f"010190-{1000 + at % 5}" for at in range(60)), "none"], "may stand for persons"),
        ("x", [f"{1900 + at}-05-{at % 28 + 1:02d}" for at in range(100)], "may be dates of birth"),
        ("x", [f"word{'x' * at} and 'more'" for at in range(70)], "may name persons"),
        ("x", ["Anna Bo Larsen", "Erik Ås", "Ida O'Hara", "none"] * 20, "may be persons' names"),
        ("x", ["Larsen, Anna", "Ås, Erik"] * 20, "may be persons' names"),
        ("x", ["anna@example.org", "desk"] * 20, "may be persons' own"),
        ("x", [name * 2 + chr(65 + at) for at in range(26) for name in NAMES], "may name persons"),
    ],
)
def test_a_column_looks_personal_by_its_name_or_its_values(
    tmp_path: Path, name: str, values: list[str], why: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([f"{name};other", *(f"{value};1" for value in values)]) + "\n", encoding="utf-8")
    drafted = draft_file(path, Asked())
    assert why in remarks_of(drafted, name)
    assert not {"values_to_be_in_set", "values_to_be_between"} & set(lines_of(drafted, name))
    assert not any(value in drafted.text for value in values if len(value) > 1)


def test_a_compound_key_is_found_and_held_against_every_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    body = [f"2026-{month:02d};{code};{code % 3}" for month in range(1, 11) for code in range(100, 160)]
    path.write_text("\n".join(["month;code;group", *body]) + "\n")
    drafted = draft_file(path, Asked())
    assert dataset_of(drafted).key == ("month", "code")
    path.write_text("\n".join(["month;code;group", *body, "2026-10;159;1"]) + "\n")
    assert dataset_of(draft_file(path, Asked())).key != ("month", "code")


def test_a_column_that_only_rises_is_told(csv: Path, tmp_path: Path) -> None:
    assert "values_to_be_increasing" in lines_of(draft_file(csv, Asked()), "number")
    table = rows()
    table[100]["number"] = "1"
    (tmp_path / "b.csv").write_text(csv_text(table))
    assert "values_to_be_increasing" not in lines_of(draft_file(tmp_path / "b.csv", Asked()), "number")


def test_a_value_that_comes_late_and_does_not_fit_makes_the_column_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n;m\n" + "".join(f"{at};{at}\n" for at in range(1, 21_001)) + "unknown;007\n")
    drafted = draft_file(path, Asked())
    assert {name: one.type.value for name, one in dataset_of(drafted).columns.items()} == {"n": "text", "m": "text"}
    assert "1 of 21,001 values do not read as integer" in remarks_of(drafted, "n")
    assert "unknown" not in drafted.text


def test_null_as_databases_write_it_is_missing_and_no_value(tmp_path: Path) -> None:
    path = tmp_path / "services.csv"
    rows = (f"2016-12-{at % 28 + 1:02d} 00:00:00.000;{'NULL' if at % 2 else at};NULL;x\n" for at in range(60))
    path.write_text("started;days;ended;code\n" + "".join(rows))
    drafted = draft_file(path, Asked())
    assert [str(column.type) for column in dataset_of(drafted).columns.values()] == [
        "timestamp",
        "integer",
        "text",
        "text",
    ]
    assert [column["missing"] for column in drafted.facts["columns"]] == [0, 30, 60, 0]
    assert "null_values: ['', 'NULL']" in drafted.text
    assert "not_be_null" not in "".join(lines_of(drafted, "ended"))


def test_hostile_headers_become_names_that_a_suite_can_have(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    names = ["=1+1", "_row", "^.*$", "*", "no", "two", "two", "", '"a\nb"', "æ #x: y", "@cmd|x"]
    body = [",".join([str(at), *["x"] * 10]) for at in range(30)]
    path.write_text("\n".join([",".join(names), *body]) + "\n", encoding="utf-8")
    drafted = draft_file(path, Asked(dataset="d"))
    assert list(dataset_of(drafted).columns) == [
        *("=1+1", "column_2", "column_3", "column_4", "no", "two", "column_7", "column_8", "column_9"),
        *("æ #x: y", "@cmd|x"),
    ]
    assert "# " + "    - {source: '_row', column: column_2}" in drafted.text


def test_the_renamed_columns_are_read_by_the_proposed_profile(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["=1+1,_row,^.*$,no", *(f"{at},x,y,01" for at in range(30))]) + "\n")
    assert set(outcomes(path, draft_file(path, Asked()), tmp_path / "read").values()) == {"pass"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    table = [{"Måned": "2026-01", "beløb": "1.50", "ø": "æ"}] * 30
    path.write_bytes(csv_text(table, delimiter=delimiter).encode(encoding))
    drafted = draft_file(path, Asked())
    assert list(dataset_of(drafted).columns) == ["Måned", "beløb", "ø"]
    assert drafted.facts["rows"] == 30


def test_gzip_zip_parquet_and_workbook_are_read_by_their_bytes(csv: Path, tmp_path: Path) -> None:
    plain = draft_file(csv, Asked()).facts
    (tmp_path / "b").write_bytes(gzip.compress(csv.read_bytes()))
    with zipfile.ZipFile(tmp_path / "c", "w") as archive:
        archive.writestr("inner.csv", csv.read_bytes())
    pl.read_csv(csv, separator=";", infer_schema=False).write_parquet(tmp_path / "d")
    for name in ("b", "c", "d"):
        drafted = draft_file(tmp_path / name, Asked(dataset="delivery")).facts
        assert drafted["expectations"] == plain["expectations"], name


def test_a_workbook_is_read_by_its_cells(tmp_path: Path) -> None:
    from loadgate.samples.flis.formats.workbook import workbook

    names = ("month", "account", "amount", "level")
    types = ({"type": "month"}, {}, {"type": "decimal"}, {"type": "integer"})
    spec = DeliverySpec(
        system="s",
        dataset="d",
        files="*",
        format=FileFormat.model_validate({"kind": "xlsx", "header_row": 3}),
        columns=tuple(SourceColumn(source=name, column=name) for name in names),
    )
    dataset = Dataset.model_validate(
        {"dataset": "d", "area": "a", "title": "t", "columns": dict(zip(names, types, strict=True))}
    )
    text = pl.DataFrame(rows()).select(names).with_columns(pl.col("amount").str.replace(",", "."))
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook(text, spec, dataset))
    drafted = draft_file(path, Asked())
    assert {name: one.type.value for name, one in dataset_of(drafted).columns.items()} == {
        "month": "month",
        "account": "text",
        "amount": "decimal",
        "level": "integer",
    }
    assert "format: {kind: xlsx, header_row: 3}" in drafted.text
    assert drafted.facts["rows"] == 300


def test_parquet_types_are_kept_and_what_no_column_holds_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    days = [date(2026, 1, 1) + timedelta(days=at % 9) for at in range(100)]
    pl.DataFrame(
        {
            "whole": pl.Series([None, *map(float, range(99))]),
            "part": [at / 4 for at in range(100)],
            "day": days,
            "on": [at % 2 == 0 for at in range(100)],
            "many": [[at] for at in range(100)],
        }
    ).write_parquet(path)
    drafted = draft_file(path, Asked())
    kinds = {name: one.type.value for name, one in dataset_of(drafted).columns.items()}
    assert kinds == {"whole": "integer", "part": "decimal", "day": "date", "on": "boolean"}
    assert "left out, of a type that no column has: many" in drafted.text


def test_a_file_without_header_gets_made_up_names_and_none_of_its_values(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("".join(f"{at},{at * 2},2026-01-0{at % 9 + 1}\n" for at in range(1, 31)))
    drafted = draft_file(path, Asked())
    assert list(dataset_of(drafted).columns) == ["column_1", "column_2", "column_3"]
    assert drafted.facts["rows"] == 30


@pytest.mark.parametrize(("text", "said"), [("a;b\n", "0 rows"), ("a;b\n1;2\n", "1 row")])
def test_a_file_of_no_or_few_rows_gives_a_draft_without_limits(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    drafted = draft_file(path, Asked(header=True))
    assert "too few rows" in drafted.text
    assert f"Drafted from one file of {said}. Read" in drafted.text
    assert "between" not in " ".join(lines_of(drafted, "a"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "there is nothing in the file to draft from"),
        (b"PK\x03\x04broken", "the file cannot be read: corrupt"),
        (b"\xd0\xcf\x11\xe0old", "the file cannot be read: other compression"),
        (b"a,b\n" + b"1,2,3\n" * 5, "5 of 5 rows do not split into the fields of the first"),
        (b"a\n\x81\x8d\n", "the file cannot be read: line 2 is no text in UTF-8, Windows-1252 or UTF-16"),
    ],
)
def test_what_cannot_be_read_says_so_in_closed_words(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "0101011234.csv"
    path.write_bytes(data)
    with pytest.raises(CouldNotRun) as told:
        draft_file(path, Asked())
    assert told.value.message == message
    assert "0101011234" not in str(told.value)


def test_the_dataset_is_named_after_the_file_without_long_numbers(tmp_path: Path) -> None:
    path = tmp_path / "Sager 0101011234 (nye).csv"
    path.write_text("a\nb\n")
    assert draft_file(path, Asked(header=True)).facts["dataset"] == "sager_nye"


def test_no_row_is_left_behind(csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    draft_file(csv, Asked())
    assert list(scratch.iterdir()) == []


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    write_empty(root)
    texts = {
        "site.toml": (root / "site.toml").read_text() + SYSTEM,
        "vendor_profiles/providers.csv": "id,name,region\n101,Northtown,\n",
        "vendor_profiles/courier.yaml": (
            "supplier: courier\nname: C\ndeliveries:\n  - system: books\n    dataset: ledger\n"
            '    files: "{period}/{provider}.txt"\n    format: {kind: fixed, decimal: ","}\n    columns:\n'
            "      - {source: k, column: konto, start: 1, length: 4}\n"
            "      - {source: b, column: amount, start: 5, length: 8}\n"
        ),
        "expectations/suites/money/ledger.yaml": (
            "dataset: ledger\narea: money\ntitle: Postings\ncolumns:\n"
            "  konto: {personal: true}\n  amount: {type: decimal}\n"
        ),
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_with_a_site_the_profile_says_how_to_read_and_the_suite_what_is_personal(site: Path, tmp_path: Path) -> None:
    path = tmp_path / "101.txt"
    path.write_text("".join(f"{at % 7 + 1:04d}{at * 3:5d},50\n" for at in range(100)))
    drafted = draft_of_site(open_site(site), path, dataset="ledger")
    assert list(lines_of(drafted, "konto")) == ["values_to_not_be_null", "values_to_match_regex"]
    assert lines_of(drafted, "amount")["values_to_be_between"] == {"min_value": 0, "max_value": 380}
    assert dataset_of(drafted).columns["konto"].description.startswith("Draft: 100 rows")
    (site / "expectations/suites/money/ledger.yaml").write_text(drafted.text)
    assert load(site).datasets[0].expectations
    assert [path.name for path in (site / "state" / "tmp").rglob("*") if path.is_file()] == ["lock"]


def test_with_a_site_a_draft_says_what_reading_found_in_the_file(site: Path, tmp_path: Path) -> None:
    path = tmp_path / "101.txt"
    path.write_text("".join(f"{at % 7 + 1:04d}{at * 3:5d},{'50' if at else '5x'}\n" for at in range(100)))
    assert (
        "# Reading found: reading.unreadable_values.\n" in draft_of_site(open_site(site), path, dataset="ledger").text
    )


def test_with_a_site_what_does_not_fit_the_profile_is_told(site: Path, tmp_path: Path) -> None:
    path = tmp_path / "101.txt"
    path.write_bytes(b"\x1f\x8bbroken")
    with pytest.raises(CouldNotRun, match=r"as the profile of books says: .*unreadable.*corrupt"):
        draft_of_site(open_site(site), path, dataset="ledger")
    with pytest.raises(NotFound, match="the site has no dataset legder"):
        draft_of_site(open_site(site), path, dataset="legder")
    with pytest.raises(NotFound, match="no supplier's profile describes ledger so"):
        draft_of_site(open_site(site), path, dataset="ledger", system="beds")


def test_where_several_profiles_describe_a_dataset_the_files_name_or_the_person_decides(
    site: Path, tmp_path: Path
) -> None:
    courier = site / "vendor_profiles" / "courier.yaml"
    other = courier.read_text().replace("supplier: courier", "supplier: other").replace("/{provider}", "/o_{provider}")
    (site / "vendor_profiles" / "other.yaml").write_text(other.replace("start: 5", "start: 6"))
    path = tmp_path / "2026-01" / "x.csv"
    path.parent.mkdir()
    path.write_text("".join(f"{at:04d} {at:5d},50\n" for at in range(50)))
    with pytest.raises(NotFound, match="several profiles describe ledger: courier books, other books") as told:
        draft_of_site(open_site(site), path, dataset="ledger")
    assert told.value.fix == "name one with --supplier and --system"
    stated = draft_of_site(open_site(site), path, dataset="ledger", supplier="other")
    assert stated.facts["rows"] == 50
