"""`loadgate suite …` and `loadgate check --deep` as a person calls them: what is said, written and returned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loadgate.cli import main as command_line
from loadgate.content.draft import write_empty
from loadgate.errors import Exit

SYSTEM = '\n[[systems]]\nid = "books"\nname = "Books"\narea = "money"\nvendor = "acme"\n'
SUITE = """\
dataset: ledger
area: money
title: Postings
columns:
  kind: {}
  n: {type: integer}
expectations:
  - type: expect_column_values_to_be_in_set
    kwargs: {column: kind, code_list: kinds}
    reason: Known kinds.
  - type: expect_column_values_to_be_between
    kwargs: {column: n, min_value: 0}
    reason: Counts.
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    write_empty(root)
    texts = {
        "site.toml": (root / "site.toml").read_text() + SYSTEM,
        "expectations/suites/money/ledger.yaml": SUITE,
        "expectations/suites/money/other.yaml": "dataset: other\narea: money\ntitle: O\ncolumns: {a: {}}\n",
        "expectations/code_lists/kinds.yaml": 'name: kinds\ncodes:\n  "1": {valid_to: 2025-12-31}\n  "2": {}\n',
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


class Called:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def facts(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def loadgate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: object) -> Called:
        monkeypatch.setattr("sys.argv", ["loadgate", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            command_line.main()
        told = capsys.readouterr()
        return Called(int(stopped.value.code or 0), told.out, told.err)

    return call


def test_a_draft_goes_to_standard_output_and_nothing_is_written(loadgate: Any, tmp_path: Path) -> None:
    file = tmp_path / "pupils.csv"
    file.write_text("a;b\n" + "1;x\n" * 30)
    before = sorted(tmp_path.iterdir())
    called = loadgate("suite", "draft", file)
    assert (called.code, called.err) == (Exit.OK, "")
    assert "\ndataset: pupils\n" in called.out
    assert sorted(tmp_path.iterdir()) == before


def test_a_draft_lies_where_it_is_told_and_is_named_by_its_place(loadgate: Any, site: Path, tmp_path: Path) -> None:
    file = tmp_path / "delivery.csv"
    file.write_text("a;b\n" + "1;x\n" * 30)
    target = site / "expectations" / "suites" / "money" / "pupils.yaml"
    assert loadgate("suite", "draft", file, "-o", target).out == f"{target}\n"
    assert loadgate("check", "--site", site).code == Exit.OK
    again = loadgate("suite", "draft", file, "-o", target)
    assert (again.code, again.err) == (
        Exit.HOLD,
        f"{target} is there already\n  fix       name a new file, or give --force\n",
    )
    assert loadgate("suite", "draft", file, "-o", target, "--force").code == Exit.OK


def test_a_place_called_minus_is_standard_output(
    loadgate: Any, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "pupils.csv"
    file.write_text("a;b\n" + "1;x\n" * 30)
    exported = loadgate("suite", "export", "ledger", "--site", site, "-o", "-")
    suite = tmp_path / "suite.json"
    suite.write_text(exported.out)
    for words in (("draft", file), ("import", suite), ("export", "ledger", "--site", site)):
        there, plain = loadgate("suite", *words, "--out", "-"), loadgate("suite", *words)
        assert (there.code, there.out, there.err) == (Exit.OK, plain.out, plain.err)
    assert {path.name for path in tmp_path.iterdir()} == {"pupils.csv", "suite.json", "site"}


@pytest.mark.parametrize("command", ["draft", "import"])
def test_the_file_that_is_read_is_never_written_over(loadgate: Any, tmp_path: Path, command: str) -> None:
    file = tmp_path / "pupils.csv"
    file.write_text("a;b\n")
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    for out in (file, link):
        called = loadgate("suite", command, file, "-o", out, "--force")
        assert (called.code, called.err) == (
            Exit.HOLD,
            f"{out} is the file that is read\n  fix       name another file\n",
        )
    assert file.read_text() == "a;b\n"


def test_a_draft_as_json_has_the_same_facts_and_the_text(loadgate: Any, tmp_path: Path) -> None:
    file = tmp_path / "pupils.csv"
    file.write_text("a;b\n" + "1;x\n" * 30)
    facts = loadgate("suite", "draft", file, "--json").facts
    assert (facts["rows"], facts["written"]) == (30, None)
    assert [one["name"] for one in facts["columns"]] == ["a", "b"]
    assert facts["yaml"] == loadgate("suite", "draft", file).out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nothing.csv"], Exit.NO, "there is no such file to draft from"),
        (["a.csv", "--delimiter", ";;"], Exit.USAGE, "--delimiter is one character, or tab"),
        (["a.csv", "--encoding", "ebcdic"], Exit.USAGE, "--encoding is one of utf-8"),
        (["a.csv", "--system", "books"], Exit.USAGE, "--supplier and --system go with --site"),
        (["a.csv", "--dataset", "../x"], Exit.USAGE, "a name has letters, digits"),
        (["a.csv", "--site", "."], Exit.USAGE, "--site needs --dataset"),
        (
            ["a.csv", "--site", ".", "--dataset", "a", "--delimiter", ";", "--no-header"],
            Exit.USAGE,
            "--delimiter, --header: with --site, the site says that",
        ),
    ],
)
def test_a_draft_that_cannot_be_made_says_why(
    loadgate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: Exit, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    called = loadgate("suite", "draft", *words)
    assert called.code == code
    assert told in " ".join(called.err.split())


def test_an_export_is_one_object_a_list_or_a_file_each(loadgate: Any, site: Path, tmp_path: Path) -> None:
    alone = loadgate("suite", "export", "ledger", "--site", site, "--period", "2026-01").facts
    assert alone["expectations"][0]["kwargs"]["value_set"] == ["2"]
    assert loadgate("suite", "export", "ledger", "--site", site, "--period", "2025-01").facts["expectations"][0][
        "kwargs"
    ]["value_set"] == ["1", "2"]
    assert [one["name"] for one in loadgate("suite", "export", "--site", site).facts] == ["ledger", "other"]
    out = tmp_path / "gx"
    written = loadgate("suite", "export", "--site", site, "--period", "2026-01", "-o", out, "--json").facts["written"]
    assert written == [str(out / "ledger.json"), str(out / "other.json")]
    assert json.loads((out / "ledger.json").read_text()) == alone
    assert loadgate("suite", "export", "--site", site, "-o", out).code == Exit.HOLD
    single = tmp_path / "one.json"
    assert loadgate("suite", "export", "other", "--site", site, "-o", single).out == f"{single}\n"


def test_an_export_names_what_gx_would_leave_out(loadgate: Any, site: Path) -> None:
    assert loadgate("suite", "export", "ledger", "--site", site).err == ""
    line = "  - type: expect_column_values_to_be_person_numbers\n    kwargs: {column: kind}\n    reason: Persons.\n"
    (site / "expectations" / "suites" / "money" / "ledger.yaml").write_text(SUITE + line)
    called = loadgate("suite", "export", "ledger", "--site", site)
    assert called.err == (
        "note: GX leaves out what it does not know; register first: expect_column_values_to_be_person_numbers\n"
    )
    assert len(called.facts["expectations"]) == 3


def test_an_export_of_a_dataset_that_is_not_there_proposes_the_nearest(loadgate: Any, site: Path) -> None:
    called = loadgate("suite", "export", "legder", "--site", site)
    assert (called.code, called.err) == (
        Exit.NO,
        "the site has no dataset legder\n  fix       did you mean ledger?\n",
    )


def gx_json(tmp_path: Path, mostly: float) -> Path:
    file = tmp_path / "suite.json"
    lines = [
        {"type": "expect_column_to_exist", "kwargs": {"column": "a"}, "severity": "info"},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "a", "mostly": mostly}},
    ]
    file.write_text(json.dumps({"name": "s", "expectations": lines}, indent=1))
    return file


def test_an_import_writes_all_or_says_what_is_wrong_where(loadgate: Any, tmp_path: Path) -> None:
    good = loadgate("suite", "import", gx_json(tmp_path, 0.5))
    assert good.code == Exit.OK
    assert "mostly: 0.5" in good.out
    assert "note: types of columns are guessed" in good.err
    bad = loadgate("suite", "import", gx_json(tmp_path, 7))
    assert (bad.code, bad.out) == (Exit.CONTENT, "")
    assert "suite.json:15  expectations[1].kwargs.mostly\n  found     7\n" in bad.err
    assert "1 of 2 expectations can be said; nothing is written; --partial writes the rest" in bad.err


def test_a_partial_import_writes_the_rest_and_still_ends_with_4(loadgate: Any, tmp_path: Path) -> None:
    out = tmp_path / "suites" / "money" / "s.yaml"
    called = loadgate("suite", "import", gx_json(tmp_path, 7), "--partial", "-o", out, "--json")
    assert called.code == Exit.CONTENT
    assert (called.facts["kept"], called.facts["expectations"], called.facts["written"]) == (1, 2, str(out))
    assert "expect_column_to_exist" in out.read_text()
    assert "area: money" in out.read_text()


def test_a_place_that_cannot_be_written_is_named_and_no_fault_of_the_program(loadgate: Any, tmp_path: Path) -> None:
    source = gx_json(tmp_path, 1)
    called = loadgate("suite", "import", source, "-o", source / "ledger.yaml")
    assert called.code == Exit.COULD_NOT_RUN
    assert "ledger.yaml cannot be written: " in called.err
    assert "name a file that can be written" in called.err


def test_a_file_that_is_no_json_is_told_with_its_line(loadgate: Any, tmp_path: Path) -> None:
    file = tmp_path / "suite.json"
    file.write_text('{"name": "s",\n "expectations": [\n')
    called = loadgate("suite", "import", file)
    assert called.code == Exit.CONTENT
    assert called.err.startswith("suite.json:3  (file)\n  found     expecting value\n  expected  JSON\n")


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"null", b"{}", b'{"expectations": {}}', b"[" * 9_000])
def test_hostile_files_end_with_an_answer(loadgate: Any, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "suite.json"
    file.write_bytes(data)
    called = loadgate("suite", "import", file, "--partial")
    assert called.code in (Exit.CONTENT, Exit.COULD_NOT_RUN)
    assert "fault of the program" not in called.err
    assert called.out == ""


def test_what_gx_refuses_is_told_with_file_line_and_argument(loadgate: Any, site: Path) -> None:
    file = site / "expectations" / "suites" / "money" / "ledger.yaml"
    file.write_text(SUITE.replace("{column: n, min_value: 0}", "{column: n}"))
    assert loadgate("check", "--site", site).code == Exit.OK  # the catalogue does not know that one of two is needed
    deep = loadgate("check", "--deep", "--site", site)
    assert deep.code == Exit.CONTENT
    assert (
        "expectations/suites/money/ledger.yaml:12  expectations[1].kwargs\n"
        "  found     arguments that expect_column_values_to_be_between does not take together\n"
        "  expected  as GX says: min_value and max_value cannot both be None\n"
    ) in deep.err
    (fault,) = loadgate("check", "--deep", "--json", "--site", site).facts["faults"]
    assert (fault["file"], fault["line"]) == ("expectations/suites/money/ledger.yaml", 12)
    assert loadgate("suite", "export", "ledger", "--site", site).code == Exit.CONTENT


def test_what_gx_builds_passes_the_deep_check(loadgate: Any, site: Path) -> None:
    assert loadgate("check", "--deep", "--site", site).code == Exit.OK


def test_three_alternatives_in_a_condition_are_built(loadgate: Any, site: Path) -> None:
    file = site / "expectations" / "suites" / "money" / "ledger.yaml"
    parts = ", ".join(f"{{column: n, is: equal, value: {number}}}" for number in (1, 2, 3))
    file.write_text(SUITE.replace("    reason: Counts.", f"    where: {{any: [{parts}]}}\n    reason: Counts."))
    assert loadgate("check", "--deep", "--site", site).code == Exit.OK


@pytest.mark.parametrize(
    "words",
    [("run", "2025-13"), ("status", "2025-13"), ("arrivals", "2025-13"), ("check", "--against", "2025-13")],
)
@pytest.mark.parametrize(("cadence", "example"), [("month", "2026-10"), ("quarter", "2026-Q4")])
def test_what_is_no_period_is_told_by_the_sites_own_cadence(
    loadgate: Any, site: Path, words: tuple[str, ...], cadence: str, example: str
) -> None:
    file = site / "site.toml"
    file.write_text(file.read_text().replace('cadence = "month"', f'cadence = "{cadence}"'))
    called = loadgate(*words, "--site", site)
    assert (called.code, called.err) == (
        Exit.NO,
        f"'2025-13' is not a period\n  fix       write a {cadence}, e.g. {example}\n",
    )
