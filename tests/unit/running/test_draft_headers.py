"""A first row in; out, a draft that takes it for names only where it can be some: no row of values stands in one."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import polars as pl
import pytest

from loadgate.errors import CouldNotRun
from loadgate.running.drafting import Asked, Drafted, draft_file

NAMES = ("Anders", "Berit", "Carla", "Dorte", "Erik", "Frode", "Grethe")


def columns_of(drafted: Drafted) -> list[str]:
    return [one["name"] for one in drafted.facts["columns"]]


@pytest.mark.parametrize(
    "lines",
    [
        [f"010190{1000 + at};Anna Ås;k;x;y;z" for at in range(30)],  # one number among many words
        [f"{name} Ås;{'AB'[at % 2]};x" for at, name in enumerate(NAMES)],  # words only: A and x come again
        [f"010190{1000 + at}Anna Ås{'n' * (at % 3)}" for at in range(30)],  # no delimiter, uneven
    ],
)
def test_a_first_row_that_is_none_of_names_is_never_taken_for_them(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    drafted = draft_file(path, Asked())
    assert drafted.facts["rows"] == len(lines)
    assert all(name.startswith("column_") for name in columns_of(drafted))
    assert "Ås" not in drafted.text
    assert "010190" not in drafted.text


def test_a_header_that_comes_again_is_still_a_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a;b\n1;2\na;b\n3;4\n")
    assert (columns_of(draft_file(path, Asked()))) == ["a", "b"]


def test_lines_of_one_length_without_a_delimiter_are_not_taken_for_a_column(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("".join(f"Anna Ås   {at:04d}\n" for at in range(30)), encoding="utf-8")
    with pytest.raises(CouldNotRun) as told:
        draft_file(path, Asked())
    assert told.value.message == (
        "no delimiter splits the lines, and all are of one length: the file looks like fixed width"
    )
    assert "--site and --dataset" in str(told.value.fix)
    assert (columns_of(draft_file(path, Asked(header=False)))) == ["column_1"]


def test_a_parquet_file_without_rows_gives_a_draft_of_its_types(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame(schema={"n": pl.Int64, "day": pl.Date, "t": pl.String}).write_parquet(path)
    drafted = draft_file(path, Asked())
    assert drafted.facts["rows"] == 0
    assert [one["type"] for one in drafted.facts["columns"]] == ["integer", "date", "text"]


def test_a_number_of_a_person_in_the_files_name_does_not_name_the_dataset(tmp_path: Path) -> None:
    for name in ("sag_010190-1234.csv", "sag_0101901234.csv"):
        path = tmp_path / name
        path.write_text("a,b\n1,2\n")

        assert draft_file(path, Asked()).facts["dataset"] == "sag"


@pytest.mark.parametrize("name", ["a", ""])
def test_a_name_that_stands_twice_is_told_and_no_profile_proposed_for_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{name};{name};_b\n" + "1;2;3\n" * 30)

    drafted = draft_file(path, Asked(header=True))

    assert (
        "# A name stands twice in the header: a profile cannot tell its columns apart. Have one of them renamed.\n"
        in drafted.text
    )
    assert drafted.text.count("source:") == 1
    assert "{source: '_b', column: column_3}" in drafted.text


def zipped(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_members_of_an_archive_are_one_table_only_where_their_columns_are_the_same(tmp_path: Path) -> None:
    table = "a;b\n" + "1;x\n" * 30
    same = draft_file(zipped(tmp_path / "same.zip", one=table, two=table), Asked())
    assert same.facts["rows"] == 60
    for other in ("b;a\n" + "x;1\n" * 30, "c;d\n" + "1;x\n" * 30, "a\n" + "1\n" * 30):
        with pytest.raises(CouldNotRun) as told:
            draft_file(zipped(tmp_path / "other.zip", one=table, two=other), Asked())
        assert told.value.message == "the members of the archive have different columns"
        assert told.value.fix == "draft from one of them alone"


def test_members_that_are_parquet_files_with_other_columns_are_told_so(tmp_path: Path) -> None:
    files = {}
    for name in ("a", "b"):
        buffer = io.BytesIO()
        pl.DataFrame({name: [1]}).write_parquet(buffer)
        files[name] = buffer.getvalue()
    with pytest.raises(CouldNotRun, match="the members of the archive have different columns"):
        draft_file(zipped(tmp_path / "c.zip", **files), Asked())


def test_columns_that_no_dataset_can_have_are_ignored_by_the_proposed_profile(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"many": [[1]], "parts": [{"a": 1}]}).write_parquet(path)
    text = draft_file(path, Asked()).text
    assert "#   ignore_columns: [many, parts]\n" in text
    assert "# Columns are left out, of a type that no column has: many, parts\n" in text


def test_amounts_with_more_commas_than_columns_do_not_make_the_comma_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("budget;spent\n" + "".join(f"{at},50;{at * 7},25\n" for at in range(30)))

    drafted = draft_file(path, Asked())

    assert columns_of(drafted) == ["budget", "spent"]
    assert [one["type"] for one in drafted.facts["columns"]] == ["decimal", "decimal"]
