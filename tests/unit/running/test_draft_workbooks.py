"""A workbook in; out, the types that a draft takes its cells for."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import polars as pl

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
