"""Content that is tried before it counts: in shadow for a month, and against a month that was run already."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from loadgate.model.encoding import dump
from loadgate.model.findings import RowsEvidence
from loadgate.model.judgement import Judgement
from loadgate.model.kinds import IN_SHADOW, Kind, Severity

if TYPE_CHECKING:
    from conftest import Laid
    from loadgate.model.findings import Verdict

DELIVERIES = 16
SUITE = Path("expectations/suites/notifications/weekly_reports.yaml")
RULE = """
  - type: expect_column_values_to_be_between
    id: never_met
    kwargs: {column: cases, min_value: 1000000000}
    severity: critical
    reason: No Land ever reports so many, so every row of every delivery fails.
"""
SHADOW = '    shadow_until: "2024-02"\n'
CHECK = "weekly_reports:never_met"
REGISTER = """errors:
  - id: E-1
    title: Too few cases
    check: weekly_reports:never_met
    scope: supplier=rki
    ceiling: {share: 1.0}
    shadow_until: "2024-02"
    reason: Registered to see what it would take.
    owner: operations
    reported: 2024-01-10
    review: 2030-01-10
"""


def judged(laid: Laid, run: str) -> Judgement:
    from loadgate.running.deciding import stored
    from loadgate.running.opened import open_site

    return stored(open_site(laid.root), run)


def acted_on(judgement: Judgement) -> Judgement:
    """A judgement without its own name and what is only shown of shadow."""
    findings = tuple(one for one in judgement.findings if one.kind not in IN_SHADOW)
    outcomes = tuple(one for one in judgement.outcomes if one.check != CHECK)
    cases = tuple(replace(case, number=None, first_seen="") for case in judgement.cases)
    # a case that the first of the runs resolved is not there any more for the others
    return replace(judgement, run="", findings=findings, outcomes=outcomes, cases=cases, resolved=())


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One month, run without the rule, with it in shadow, and with it counting."""

    laid: Laid
    without: Judgement
    shadow: Judgement
    counting: Judgement
    report: str

    @property
    def verdicts(self) -> tuple[Verdict, Verdict, Verdict]:
        return self.without.verdict, self.shadow.verdict, self.counting.verdict


@pytest.fixture(scope="module")
def tried(site_at: Callable[[Path], Laid], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    from loadgate.running.opened import open_site

    laid = site_at(tmp_path_factory.mktemp("tried") / "site")
    suite, register = laid.root / SUITE, laid.root / "expectations/known_errors/rki.yaml"
    plain = suite.read_text(encoding="utf-8")
    without = judged(laid, laid.run())
    suite.write_text(plain + RULE + SHADOW, encoding="utf-8")
    register.parent.mkdir()
    register.write_text(REGISTER, encoding="utf-8")
    run = laid.run()
    shadow, report = judged(laid, run), open_site(laid.root).places.report(run).read_text(encoding="utf-8")
    suite.write_text(plain + RULE, encoding="utf-8")
    register.unlink()
    counting = judged(laid, laid.run())
    suite.write_text(plain, encoding="utf-8")
    yield Tried(laid=laid, without=without, shadow=shadow, counting=counting, report=report)
    open_site(laid.root).close()


def test_a_rule_in_shadow_that_fails_everywhere_changes_neither_verdict_nor_case_nor_caveat(tried: Tried) -> None:
    assert acted_on(tried.shadow) == acted_on(tried.without)


def test_the_same_rule_changes_them_when_it_counts(tried: Tried) -> None:
    failed = [one for one in tried.counting.findings if one.check == CHECK]

    assert {one.kind for one in failed} == {Kind.CHECK_FAILED}
    assert len(failed) == DELIVERIES
    assert len(tried.counting.cases) == len(tried.without.cases) + 1
    assert acted_on(tried.counting) != acted_on(tried.without)


def test_what_the_rule_would_have_found_is_told_for_every_delivery_as_info(tried: Tried) -> None:
    told = [one for one in tried.shadow.findings if one.kind is Kind.SHADOW_FAILED]

    assert len(told) == DELIVERIES
    assert all(one.severity is Severity.INFO and one.rows_failed for one in told)


def test_a_known_error_in_shadow_says_what_it_would_have_taken(tried: Tried) -> None:
    (told,) = (one for one in tried.shadow.findings if one.kind is Kind.SHADOW_KNOWN_ERROR)

    assert (told.check, told.detail["would"]) == ("E-1", "within ceiling")
    assert tried.shadow.known_errors == ()


def test_the_report_shows_what_is_in_shadow_apart(tried: Tried) -> None:
    _, _, section = tried.report.partition('<h2 id="in-shadow">')

    assert section.startswith("In shadow</h2>")
    assert f"would fail the check {CHECK}" in section
    assert "<b>16</b> in shadow" in tried.report


def test_the_last_lines_count_what_is_in_shadow(tried: Tried) -> None:
    from loadgate.running.opened import Ref
    from loadgate.running.views import end_of_run

    ref = Ref(str(tried.laid.root), tried.shadow.run)

    assert "In shadow: 17 findings, in the report; nothing follows from them" in end_of_run(ref, tried.shadow)


def test_a_mark_is_no_other_content_for_checking(tried: Tried) -> None:
    """Taking the mark away counts what was found: no delivery is checked again."""
    folders = [path.parent for path in (tried.laid.state / "deliveries").glob("2024-02/**/outcomes.json")]
    checked = [path for path in folders if path.name.startswith("checks-")]

    assert len(checked) == 2 * DELIVERIES  # without the rule, and with it


# ── against a month that was run ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def edited(tried: Tried) -> Iterator[Laid]:
    """The site of those runs, its suite to be edited."""
    suite = tried.laid.root / SUITE
    before = suite.read_text(encoding="utf-8")
    yield tried.laid
    suite.write_text(before, encoding="utf-8")


def check(laid: Laid, *arguments: str) -> Result:
    from loadgate.cli.main import app

    return CliRunner().invoke(app, ["check", "--site", str(laid.root), *arguments])


def edit(laid: Laid, old: str, new: str) -> None:
    path = laid.root / SUITE
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def against(laid: Laid, *arguments: str) -> dict[str, Any]:
    said = check(laid, "--against", "2024-02", "--json", *arguments)
    assert said.exit_code in (0, 5), said.output
    found = json.loads(said.stdout)
    assert isinstance(found, dict)
    return found


def of(told: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (one for one in told["checks"] if one["check"] == f"weekly_reports:{name}")
    return dict(found)


def everything(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below with its size and time, the database's own files for readers aside."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("loadgate.db")
    }


def test_a_new_rule_is_told_with_what_it_would_have_found_and_nothing_is_kept(edited: Laid, tried: Tried) -> None:
    edit(edited, "expectations:\n", "expectations:" + RULE)
    before = everything(edited.state)

    told = against(edited, "--run", tried.without.run)

    found = of(told, "never_met")
    assert (found["content"], found["deliveries"], found["failing"], found["new"]) == ("new", 16, 16, 16)
    assert found["rows_failed"] == found["rows_checked"] > 1000
    assert (told["read_again"], told["unseen"]) == (0, [])
    assert everything(edited.state) == before


def test_a_rule_that_could_not_run_is_told_and_is_no_pass(edited: Laid, tried: Tried) -> None:
    of_documents = RULE.replace("to_be_between", "to_match_json_schema").replace(
        "column: cases, min_value: 1000000000", "column: week, json_schema: {type: object}"
    )
    edit(edited, "expectations:\n", "expectations:" + of_documents)

    said = check(edited, "--against", "2024-02", "--run", tried.without.run, "--json")

    assert said.exit_code == 5, said.output
    found = of(json.loads(said.stdout), "never_met")
    assert (found["could_not_run"], found["failing"]) == (DELIVERIES, 0)
    assert found["reasons"] == ["a column of type Date holds no texts to read"]


def test_a_rule_that_gx_refuses_takes_no_other_with_it_and_says_what_to_do(edited: Laid, tried: Tried) -> None:
    refused = RULE.replace("to_be_between", "to_match_regex_list").replace(
        "column: cases, min_value: 1000000000", "column: region, regex_list: []"
    )
    edit(edited, "expectations:\n", "expectations:" + refused)

    said = check(edited, "--against", "2024-02", "--run", tried.without.run)

    assert said.exit_code == 5, said.output
    lines = said.stdout.splitlines()
    assert "9 checks found nothing, neither then nor now" in lines
    assert (
        f"{CHECK} could not run on 16 deliveries: Great Expectations refuses its arguments; "
        "`loadgate check --deep` names file and line, and says why" in lines
    )


def test_the_newest_run_is_taken_and_a_rule_that_is_gone_is_told(edited: Laid, tried: Tried) -> None:
    told = against(edited)

    assert told["run"] == tried.counting.run
    gone = of(told, "never_met")
    assert (gone["content"], gone["failing_then"], gone["gone"], gone["failing"]) == ("gone", 16, 16, 0)


def test_a_rule_that_was_changed_is_told_by_deliveries_that_fail_in_other_numbers(edited: Laid, tried: Tried) -> None:
    edit(edited, "expectations:\n", "expectations:" + RULE.replace("1000000000", "20"))

    changed = of(against(edited, "--run", tried.counting.run), "never_met")

    assert changed["content"] == "same"
    assert changed["changed"] + changed["gone"] == DELIVERIES
    assert 0 < changed["rows_failed"] < changed["rows_failed_then"]


def test_an_unchanged_suite_finds_what_the_run_found(edited: Laid, tried: Tried) -> None:
    told = against(edited, "--run", tried.without.run)

    assert not any(one["new"] or one["gone"] or one["changed"] for one in told["checks"])
    assert {one["content"] for one in told["checks"]} == {"same"}


def test_rows_that_are_read_otherwise_now_are_read_again_from_the_archive(edited: Laid, tried: Tried) -> None:
    edit(edited, "type: decimal, scale: 2", "type: decimal, scale: 1")
    before = everything(edited.state)

    told = against(edited, "--run", tried.without.run)

    assert told["read_again"] == DELIVERIES
    assert of(told, "not_be_null(incidence)")["rows_undecided"] > 0
    assert everything(edited.state) == before


def test_a_delivery_whose_rows_are_gone_is_told_and_never_passes(edited: Laid, tried: Tried, tmp_path: Path) -> None:
    laid = replace(edited, root=Path(shutil.copytree(edited.root, tmp_path / "pruned")))
    for folder in (laid.state / "deliveries" / "2024-02").glob("*/*/13"):
        shutil.rmtree(folder)
    inputs = json.loads((laid.state / "runs" / tried.without.run / "opened" / "inputs.json").read_bytes())
    (sha,) = (
        part["sha256"]
        for one in inputs["arrivals"]
        if one["expected"]["unit"] == "13"
        for part in one["delivery"]["parts"]
    )
    (laid.state / "archive" / sha[:2] / sha).unlink()

    said = check(laid, "--against", "2024-02", "--run", tried.without.run)

    assert said.exit_code == 5
    assert "1 delivery could not be looked at, and nothing is known of what is in them:" in said.stdout
    assert "an archived file of this delivery is gone" in said.stdout
    assert of(against(laid, "--run", tried.without.run), "own_land")["deliveries"] == DELIVERIES - 1


def test_known_errors_are_held_against_what_is_found_now(edited: Laid, tried: Tried) -> None:
    register = edited.root / "expectations/known_errors/rki.yaml"
    register.write_text(REGISTER, encoding="utf-8")
    edit(edited, "expectations:\n", "expectations:" + RULE)

    told = against(edited, "--run", tried.counting.run)
    register.unlink()

    assert told["known_errors"] == [
        {"error": "E-1", "state": "within ceiling", "then": None, "shadow": True, "size": 1.0, "ceiling": 1.0}
    ]


def test_the_table_shows_what_differs_and_counts_the_rest(edited: Laid, tried: Tried) -> None:
    edit(edited, "expectations:\n", "expectations:" + RULE)

    said = check(edited, "--against", "2024-02", "--run", tried.without.run)

    assert said.exit_code == 0
    lines = said.stdout.splitlines()
    assert lines[0] == f"The content as it lies here now, on 16 deliveries of run {tried.without.run}"
    (row,) = (line for line in lines if line.startswith(f"{CHECK} (new check)"))
    assert row.split()[-5:] == ["16", "0", "16", "0", "0"]
    assert "9 checks found nothing, neither then nor now" in lines
    assert "checking  16 of 16" in said.stderr
    assert "checking" not in said.stdout


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("2024",), "2024 is a year, and rki loads by the month"),
        (("2024-02.2",), "2024-02.2 is a run, not a period\n  fix       write --against 2024-02 --run 2024-02.2"),
        (("2024-02", "--run", "2024-02.x"), "2024-02.x is no run of 2024-02\n  fix       name the run's own period"),
    ],
)
def test_what_is_no_period_of_the_site_or_no_run_is_told_as_that(
    edited: Laid, asked: tuple[str, ...], says: str
) -> None:
    assert says in str(check(edited, "--against", *asked).exception)


@pytest.mark.parametrize("asked", [("2031-01",), ("2024-02", "--run", "2024-01"), ("2024-02", "--run", "2024-02.9")])
def test_a_period_or_run_that_is_not_there_is_not_found(edited: Laid, asked: tuple[str, ...]) -> None:
    said = check(edited, "--against", *asked)

    assert getattr(said.exception, "exit", None) == 1


LATER = "in shadow up to and with 2999-12: weekly_reports:be_null(incidence); later runs count it"


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ("false", [LATER, f"shadow over after 2024-02: {CHECK}; runs count it, so take shadow_until out"]),
        ("true", [f"in shadow up to and with 2024-02: {CHECK}; later runs count it", LATER]),  # it is no month of now
    ],
)
def test_check_says_what_is_in_shadow_and_what_has_been_for_long_enough(
    edited: Laid, tmp_path: Path, stated: str, says: list[str]
) -> None:
    edit(edited, "    severity: info", '    severity: info\n    shadow_until: "2999-12"')
    edit(edited, "expectations:\n", "expectations:" + RULE + SHADOW)
    laid = replace(edited, root=tmp_path / "content")
    shutil.copytree(edited.root, laid.root, ignore=shutil.ignore_patterns("state", "inbox"))
    toml = laid.root / "site.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("stated_times = true", f"stated_times = {stated}"), encoding="utf-8")

    assert check(laid).stdout.splitlines()[1:] == says


def test_a_judgement_with_shadow_can_be_kept_and_read(tried: Tried) -> None:
    assert b'"shadow":true' in dump(Judgement, tried.shadow).replace(b" ", b"")


def test_a_profile_may_keep_fewer_marks_and_the_findings_say_so(edited: Laid, tried: Tried) -> None:
    edit(edited, "expectations:\n", "expectations:" + RULE)
    profile = edited.root / "vendor_profiles/rki.yaml"
    before = profile.read_text(encoding="utf-8")
    profile.write_text(before.replace("    reason: One file", "    marks_per_check: 100\n    reason: One file"))

    capped = judged(edited, edited.run())

    profile.write_text(before, encoding="utf-8")
    rows = [one.evidence for one in capped.findings if one.check == CHECK]
    assert len(rows) == DELIVERIES
    assert all(isinstance(one, RowsEvidence) and one.rows_unmarked == one.rows_failed - 100 for one in rows)
    assert [one.rows_unmarked for one in tried.counting.outcomes if one.check == CHECK] == [0] * DELIVERIES
