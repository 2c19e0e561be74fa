"""A suite's examples: what they say of its checks holds, or it is told with file and line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from loadgate.content.draft import write_empty
from loadgate.content.loader import load
from loadgate.errors import SiteError
from loadgate.running.examples import run_examples

SUITE = """\
dataset: ledger
area: economy
title: Postings
columns:
  month: {type: month}
  amount: {type: decimal, scale: 2}
expectations:
  - type: expect_column_values_to_not_be_null
    kwargs: {column: amount}
    reason: A posting without an amount is half a row.
  - type: expect_column_values_to_be_between
    kwargs: {column: amount, min_value: 0}
    reason: Credits are booked elsewhere.
"""
EXAMPLES = """\
dataset: ledger
period: "2026-10"
sound: {month: "2026-10", amount: "12.50"}
examples:
  - title: Sound
    rows:
      - {}
  - title: A credit
    rows:
      - {amount: -3}
    fail: [be_between(amount)]
  - title: Half a row
    rows:
      - {amount: null}
    fail: [not_be_null(amount)]
  - title: A word
    rows:
      - {amount: twelve}
      - {}
    undecided: [be_between(amount), not_be_null(amount)]
"""
FILE = "expectations/examples/economy/ledger.yaml"

MakeSite = Callable[[str, str], Path]


@pytest.fixture
def make_site(tmp_path: Path) -> MakeSite:
    """An empty site with one dataset and its examples, in which `old` became `new`."""

    def make(old: str = "", new: str = "") -> Path:
        write_empty(tmp_path)
        system = '\n[[systems]]\nid = "books"\nname = "Books"\narea = "economy"\nvendor = "acme"\n'
        with (tmp_path / "site.toml").open("a", encoding="utf-8") as file:
            file.write(system)
        assert EXAMPLES.count(old) == 1 or not old
        for name, text in (("suites", SUITE), ("examples", EXAMPLES.replace(old, new) if old else EXAMPLES)):
            path = tmp_path / "expectations" / name / "economy" / "ledger.yaml"
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return make


def told(site: Path) -> list[str]:
    return [str(fault) for shown in run_examples(site) for fault in shown.faults]


def check(*arguments: object) -> Result:
    from loadgate.cli.main import app

    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def test_examples_that_hold_are_counted_with_the_checks_that_they_show(make_site: Any) -> None:
    (shown,) = run_examples(make_site())

    assert (shown.examples, shown.checks, shown.without, shown.undecided, shown.faults) == (4, 2, (), 2, ())


def test_a_check_that_passes_where_an_example_says_that_it_fails_is_told(make_site: Any) -> None:
    assert told(make_site("{amount: -3}", "{amount: 3}")) == [
        f"{FILE}:11  A credit: ledger:be_between(amount)\n"
        "  found     it passes\n"
        "  expected  it fails on the only row\n"
        "  fix       mend the expectation (expectations/suites/economy/ledger.yaml:11), or the example"
    ]


def test_a_check_that_fails_without_being_named_is_told_at_the_example(make_site: Any) -> None:
    (fault,) = told(
        make_site("      - {}\n  - title: A credit", "      - {}\n      - {amount: -1}\n  - title: A credit")
    )

    assert fault.startswith(
        f"{FILE}:5  Sound: ledger:be_between(amount)\n  found     it fails on 1 of 2 rows (row 2)\n"
    )
    assert "expected  it passes\n" in fault


def test_each_row_of_an_example_must_fail_the_check_that_it_names(make_site: Any) -> None:
    (fault,) = told(make_site("      - {amount: -3}\n", "      - {amount: -3}\n      - {amount: 3}\n"))

    assert "found     it fails on 1 of 2 rows (row 1)\n  expected  it fails on 2 of 2 rows\n" in fault


def test_a_value_that_can_be_read_is_not_undecided(make_site: Any) -> None:
    faults = told(make_site("{amount: twelve}", "{amount: 12}"))

    assert len(faults) == 2
    assert all("found     it passes\n  expected  some rows undecided, the others pass\n" in each for each in faults)


def test_an_undecided_row_is_told_where_an_example_does_not_expect_it(make_site: Any) -> None:
    (fault,) = told(make_site("[be_between(amount), not_be_null(amount)]", "[not_be_null(amount)]"))

    assert (
        "A word: ledger:be_between(amount)\n  found     1 of 2 rows undecided (row 1)\n  expected  it passes\n" in fault
    )


def test_a_check_that_could_not_run_is_never_what_an_example_expects(make_site: Any) -> None:
    faults = told(make_site("      - {amount: twelve}\n      - {}\n", "      - {amount: twelve}\n"))

    assert len(faults) == 2
    assert all("found     it could not run" in each for each in faults)
    assert all(each.endswith("fix       add a row that can be decided") for each in faults)


def test_a_sound_row_that_cannot_be_read_is_told_once_at_its_value(make_site: Any) -> None:
    """As a supplier's files have it; before, each check of each example was told to lack rows that can be decided."""
    assert told(make_site('amount: "12.50"', 'amount: "12,50"')) == [
        f"{FILE}:3  sound.amount\n"
        "  found     a value that does not read as decimal\n"
        "  expected  a number with a point, of no more places than the column has\n"
        "  fix       write it so, whatever form the files have"
    ]


def test_a_check_that_needs_a_whole_delivery_can_be_left_out(make_site: Any) -> None:
    site = make_site("    fail: [be_between(amount)]\n", "")
    (site / FILE).write_text("leave_out: [be_between(amount)]\n" + (site / FILE).read_text())

    assert [fault for fault in told(site) if "A credit" in fault] == []


def test_an_example_that_names_a_check_which_is_left_out_is_told_and_shows_nothing(make_site: Any) -> None:
    site = make_site("sound:", "leave_out: [be_between(amount)]\nsound:")

    (shown,) = run_examples(site)

    assert shown.without == ("ledger:be_between(amount)",)
    fault = str(shown.faults[0])
    assert fault.startswith(f"{FILE}:12  A credit: ledger:be_between(amount)\n  found     it is not asked\n")
    assert fault.endswith("fix       take it out here, or under leave_out, which is for all examples of the file")


def test_a_check_that_passes_what_its_example_says_must_fail_is_not_shown_to_fail(make_site: Any) -> None:
    everything_fails = make_site(
        "    fail: [be_between(amount)]\n", "    fail: [be_between(amount), not_be_null(amount)]\n"
    )

    said = check("--site", everything_fails, "--examples")

    assert "ledger: 4 examples, each of 2 checks has an example that should fail" in said.stdout


def test_rows_of_an_earlier_delivery_that_no_check_looks_at_are_a_fault(make_site: Any) -> None:
    with pytest.raises(SiteError, match="no check of the suite looks at prior"):
        run_examples(make_site("      - {amount: -3}\n", "      - {amount: -3}\n    prior: [{}]\n"))


def test_values_are_read_as_they_are_written(make_site: Any) -> None:
    """1.500 would be 1.5 as a number, and no decimal of two places by its text."""
    faults = told(make_site("{amount: -3}", "{amount: 1.505}"))

    assert any("rows undecided" in each or "could not run" in each for each in faults)


def test_checks_without_an_example_that_fails_them_are_listed(make_site: Any) -> None:
    (shown,) = run_examples(make_site("    fail: [be_between(amount)]\n", "    pass: [not_be_null(amount)]\n"))

    assert shown.without == ("ledger:be_between(amount)",)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("dataset: ledger", "dataset: legder", 1, '"ledger", as its path says'),
        ('period: "2026-10"', "period: October", 2, "a run period, a month"),
        (', amount: "12.50"}', "}", 3, "every column"),
        ("{amount: twelve}", "{ammount: twelve}", 18, 'write "amount"'),
        ("{amount: twelve}", "{amount: [1]}", 18, "one value"),
        ("[not_be_null(amount)]\n  - title: A word", "[be_null(amount)]\n  - title: A word", 15, "not_be_null(amount)"),
        ("    rows:\n      - {}\n  - title: A credit", "    rows: []\n  - title: A credit", 6, "rows"),
        ("    fail: [be_between(amount)]", "    fials: [be_between(amount)]", 11, "rename it to fail"),
        (
            "    fail: [be_between(amount)]",
            "    pass: [be_between(amount)]\n    fail: [be_between(amount)]",
            12,
            "be_between(amount) under pass and fail",
        ),
        (
            "    undecided: [",
            "    fail: [not_be_null(amount)]\n    undecided: [",
            21,
            "not_be_null(amount) under fail and undecided",
        ),
    ],
)
def test_a_fault_in_an_example_is_told_with_file_and_line(
    old: str, new: str, line: int, says: str, make_site: Any
) -> None:
    site = make_site(old, new)

    with pytest.raises(SiteError) as caught:
        load(site, examples=True)

    assert f"{FILE}:{line}  " in str(caught.value)
    assert says in str(caught.value)


def test_a_fault_in_an_example_stops_no_run(make_site: Any) -> None:
    assert load(make_site("dataset: ledger", "dataset: legder")).dataset("ledger")


def test_the_command_ends_with_4_when_an_example_does_not_hold(make_site: Any) -> None:
    site = make_site("{amount: -3}", "{amount: 3}")

    said = check("--site", site, "--examples")

    assert said.exit_code == 4
    assert f"{FILE}:11  A credit: ledger:be_between(amount)" in said.stdout
    assert said.stdout.endswith("4 examples: 1 check not as the examples say\n")


def test_the_command_ends_with_0_and_says_which_checks_have_no_example(make_site: Any) -> None:
    site = make_site("  - title: A credit\n    rows:\n      - {amount: -3}\n    fail: [be_between(amount)]\n", "")

    said = check("--site", site, "--examples")

    assert said.exit_code == 0
    assert said.stdout.splitlines()[0] == (
        "ledger: 3 examples, 1 of 2 checks have no example that fails: be_between(amount)"
    )


def test_the_command_says_the_same_as_json(make_site: Any) -> None:
    said = check("--site", make_site("{amount: -3}", "{amount: 3}"), "--examples", "--json")

    told = json.loads(said.stdout)
    assert said.exit_code == 4
    assert [(one["file"], one["line"]) for one in told["faults"]] == [(FILE, 11)]
    assert told["datasets"] == [
        {"dataset": "ledger", "examples": 4, "checks": 2, "undecided": 2, "without_example": []}
    ]


def test_a_dataset_that_does_not_exist_is_not_found(make_site: Any) -> None:
    said = check("--site", make_site(), "--examples", "--dataset", "ledgr")

    assert said.exit_code != 0
    assert "ledger" in str(said.exception)


@pytest.mark.parametrize(
    "options", [("--run", "2026-10"), ("--dataset", "ledger"), ("--examples", "--against", "2026-10")]
)
def test_options_that_say_nothing_together_are_refused(options: tuple[str, ...], make_site: Any) -> None:
    assert check("--site", make_site(), *options).exit_code == 2


# ── checks that look at another table ──────────────────────────────────────────────────────────────────────────

ACCOUNTS = """\
dataset: accounts
area: economy
title: Accounts
columns:
  account: {type: text}
  opened: {type: date}
"""
POSTINGS = """\
dataset: postings
area: economy
title: Postings
columns:
  account: {type: text}
  kind: {type: text}
expectations:
  - type: expect_keys_to_be_in_dataset
    id: known_account
    kwargs: {column_list: [account], reference: accounts}
    reason: Nobody posts to an account that is not there.
  - type: expect_category_share_to_be_near_reference
    id: steady
    kwargs: {column: kind, value_set: [S], reference: prior, absolute: 0.1, relative: 0.1, minimum_rows: 2}
    reason: It moves slowly.
  - type: expect_row_count_to_match_trailer
    id: counted
    kwargs: {trailer_rows: {$PARAMETER: trailer_rows}, rejected_rows: {$PARAMETER: rejected_rows}}
    reason: The sender counted them.
"""
BESIDE = """\
dataset: postings
period: "2026-10"
sound: {account: 1.50, kind: S}
examples:
  - title: Alone
    rows: [{}]
  - title: There
    rows: [{}, {account: 2.50}]
    tables: {accounts: [{account: 1.50}, {account: 2.50, opened: 2020-01-01}]}
    pass: [known_account]
  - title: Elsewhere
    rows: [{}]
    tables: {accounts: [{account: 1.5}]}
    fail: [known_account]
  - title: Otherwise before
    rows: [{}, {}]
    prior: [{kind: N}, {}]
    fail: [steady]
"""


def beside(make_site: MakeSite, old: str = "", new: str = "") -> Path:
    site = make_site("", "")
    assert BESIDE.count(old) == 1 or not old
    folder = site / "expectations"
    (folder / "suites/economy/accounts.yaml").write_text(ACCOUNTS, encoding="utf-8")
    (folder / "suites/economy/postings.yaml").write_text(POSTINGS, encoding="utf-8")
    text = BESIDE.replace(old, new) if old else BESIDE
    (folder / "examples/economy/postings.yaml").write_text(text, encoding="utf-8")
    return site


def test_a_check_on_another_table_is_asked_where_an_example_gives_its_rows(make_site: MakeSite) -> None:
    (shown,) = run_examples(beside(make_site), datasets=["postings"])

    assert (shown.examples, shown.checks, shown.without, shown.faults) == (4, 3, ("postings:counted",), ())


def test_an_example_that_is_wrong_about_another_table_is_told(make_site: MakeSite) -> None:
    (fault,) = told(beside(make_site, "account: 1.5}", "account: 1.50}"))

    assert "Elsewhere: postings:known_account\n  found     it passes\n  expected  it fails on the only row\n" in fault


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    rows: [{}]\n  - title: There",
            "    rows: [{}]\n    fail: [known_account]\n  - title: There",
            "expectations/examples/economy/postings.yaml:7  Alone: postings:known_account\n"
            "  found     it is not asked\n"
            "  expected  rows to hold these against\n"
            "  fix       give the other table's rows under tables: {accounts: …}, beside rows, or take the check out",
        ),
        (
            "    rows: [{}]\n  - title: There",
            "    rows: [{}]\n    pass: [steady]\n  - title: There",
            "  fix       give the other table's rows under prior, beside rows, or take the check out",
        ),
        (
            "fail: [steady]",
            "fail: [steady, counted]",
            "  fix       take it out: it needs a whole delivery",
        ),
    ],
)
def test_a_check_that_an_example_names_but_cannot_ask_is_told(
    make_site: MakeSite, old: str, new: str, said: str
) -> None:
    (fault,) = told(beside(make_site, old, new))

    assert said in fault


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tables: {accounts: [{account: 1.5}]}", "tables: {account: [{account: 1.5}]}", 'write "accounts"'),
        ("tables: {accounts: [{account: 1.5}]}", "tables: {accounts: [{acount: 17}]}", 'write "account"'),
        ("prior: [{kind: N}, {}]", "prior: [{kinds: N}, {}]", 'write "kind"'),
        ("prior: [{kind: N}, {}]", "prior: [{kind: [N]}, {}]", "write it as a file would"),
    ],
)
def test_another_table_that_no_check_looks_at_and_what_its_rows_cannot_be_are_faults(
    make_site: MakeSite, old: str, new: str, said: str
) -> None:
    with pytest.raises(SiteError) as raised:
        load(beside(make_site, old, new), examples=True)

    (fault,) = raised.value.faults
    assert said in fault.fix


WITHOUT = """\
dataset: notes
area: economy
title: Notes
columns:
  amount: {type: integer}
  note: {type: text, optional: true}
  other: {type: text, optional: true}
expectations:
  - {type: expect_column_values_to_not_be_null, id: filled, kwargs: {column: note}, reason: A rule.}
  - {type: expect_column_values_to_be_between, id: large, kwargs: {column: amount, min_value: 3}, reason: A rule.}
  - {type: expect_column_to_exist, id: there, kwargs: {column: note}, reason: A rule.}
"""
LACKING = """\
dataset: notes
period: "2026-10"
sound: {amount: 3, note: a}
examples:
  - title: No notes
    rows: [{}, {amount: 4}]
    without: [note]
    fail: [there]
    undecided: [filled]
"""


def lacking(make_site: MakeSite, old: str = "", new: str = "") -> Path:
    site = make_site("", "")
    assert LACKING.count(old) == 1 or not old
    (site / "expectations/suites/economy/notes.yaml").write_text(WITHOUT, encoding="utf-8")
    text = LACKING.replace(old, new) if old else LACKING
    (site / "expectations/examples/economy/notes.yaml").write_text(text, encoding="utf-8")
    return site


def test_an_example_may_lack_an_optional_column(make_site: MakeSite) -> None:
    (shown,) = run_examples(lacking(make_site), datasets=["notes"])

    assert (shown.faults, shown.undecided) == ((), 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    undecided: [filled]\n",
            "",
            "No notes: notes:filled\n"
            "  found     it is not applicable: column note is not in the file\n"
            "  expected  it passes\n",
        ),
        ("[filled]", "[filled, large]", "found     it passes\n  expected  some rows undecided, the others pass\n"),
        ("without: [note]", "without: [other]", "No notes: notes:filled\n  found     it passes\n"),
    ],
)
def test_what_does_not_run_without_the_column_is_said_by_the_example_or_told(
    make_site: MakeSite, old: str, new: str, said: str
) -> None:
    assert any(said in fault for fault in told(lacking(make_site, old, new)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "[note]",
            "[amount]",
            "expectations/examples/economy/notes.yaml:7  examples[0].without[0]\n"
            '  found     "amount"\n'
            "  expected  a known optional column: note, other\n",
        ),
        (
            "{amount: 4}",
            "{note: b}",
            "expectations/examples/economy/notes.yaml:6  examples[0].rows[1].note\n"
            "  found     a value of note\n"
            "  expected  none: the example says that the file has no such column\n"
            "  fix       take it out here, or under without",
        ),
    ],
)
def test_a_column_that_no_file_can_lack_or_that_a_row_has_is_a_fault(
    make_site: MakeSite, old: str, new: str, said: str
) -> None:
    with pytest.raises(SiteError) as raised:
        load(lacking(make_site, old, new), examples=True)

    assert any(said in str(fault) for fault in raised.value.faults)
