"""A workbook in; out, the types that a draft takes its cells for."""

from __future__ import annotations

import importlib.util
import re
import zipfile
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from loadgate.model.expected import Dataset
from loadgate.model.profiles import DeliverySpec, FileFormat, SourceColumn
from loadgate.running.drafting import Asked, draft_file


def test_cells_of_true_and_false_in_a_workbook_are_no_numbers(tmp_path: Path) -> None:
    from loadgate.samples.flis.formats.workbook import workbook

    spec = DeliverySpec(
        system="s",
        dataset="d",
        files="*",
        format=FileFormat.model_validate({"kind": "xlsx"}),
        columns=tuple(SourceColumn(source=name, column=name) for name in ("ref", "open")),
    )
    dataset = Dataset.model_validate(
        {"dataset": "d", "area": "a", "title": "t", "columns": {"ref": {}, "open": {"type": "integer"}}}
    )
    text = pl.DataFrame({"ref": [f"r{at}" for at in range(60)], "open": [str(at % 2) for at in range(60)]})
    path, old = tmp_path / "a.xlsx", tmp_path / "old.xlsx"
    old.write_bytes(workbook(text, spec, dataset))
    with zipfile.ZipFile(old) as numbers, zipfile.ZipFile(path, "w") as booleans:
        for name in numbers.namelist():
            booleans.writestr(
                name, re.sub(r'<c r="(B[0-9]+)"( s="[0-9]+")?><v>', r'<c r="\1" t="b"><v>', numbers.read(name).decode())
            )

    drafted = draft_file(path, Asked())

    assert next(one["type"] for one in drafted.facts["columns"] if one["name"] == "open") == "boolean"


@pytest.fixture(scope="module")
def books() -> ModuleType:
    """The writer of workbooks that the tests of reading have."""
    path = Path(__file__).parents[1] / "reading" / "workbooks.py"
    spec = importlib.util.spec_from_file_location("reading_workbooks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_titles_above_a_workbooks_table_are_no_header(tmp_path: Path, books: ModuleType) -> None:
    rows = [[f"S{at % 4}", at % 9, at, "x" if at % 2 else None] for at in range(40)]
    table = [["Pupils in Northtown"], [], ["as of", "today"], ["school", "grade", "pupils", "note"], *rows]
    path = tmp_path / "a.xlsx"
    path.write_bytes(books.workbook(("Data", books.sheet(table))))

    drafted = draft_file(path, Asked())

    assert [one["name"] for one in drafted.facts["columns"]] == ["school", "grade", "pupils", "note"]
    assert drafted.facts["rows"] == 40
    assert "header_row: 4" in drafted.text


def test_a_workbooks_column_without_a_name_is_left_out_and_said_so(tmp_path: Path, books: ModuleType) -> None:
    path = tmp_path / "a.xlsx"
    header = ["a", "b", None, "d", "e", "f"]
    path.write_bytes(books.workbook(("Data", books.sheet([header, *[[at, "k", at, "l", 1, 2] for at in range(30)]]))))

    drafted = draft_file(path, Asked())

    assert [one["name"] for one in drafted.facts["columns"]] == ["a", "b", "d", "e", "f"]
    assert "# Columns are left out that have no name in the header: 1\n" in drafted.text
    assert "source:" not in drafted.text


def test_sheets_that_were_not_looked_at_are_told(tmp_path: Path, books: ModuleType) -> None:
    path = tmp_path / "a.xlsx"
    sheets = [(name, books.sheet([["a", "b"], *[[at, "k"] for at in range(30)]])) for name in ("One", "Two", "Old")]
    path.write_bytes(books.workbook(*sheets, hidden=("Old",)))
    assert (
        "# Read from the first sheet. Not looked at: 1 more; a profile's format names one by `sheet`.\n"
        in draft_file(path, Asked()).text
    )
    path.write_bytes(books.workbook(*sheets, hidden=("Two", "Old")))
    assert "Not looked at" not in draft_file(path, Asked()).text
