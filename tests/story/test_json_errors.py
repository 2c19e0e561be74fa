"""With --json, standard output is one JSON value however a command ends; standard error says it in words as ever."""

from __future__ import annotations

from typing import Any

import pytest

PERIOD = "2024-02"
UNKNOWN = {
    "a case": (["case", "show", "99"], 1),
    "a run to release": (["release", "2019-01"], 1),
    "no period": (["run", "2024-13"], 1),
    "no moment": (["arrivals", PERIOD, "--as-of", "soon"], 1),
    "a truth": (["score", PERIOD, "--truth", "none.json"], 1),
    "a dataset to export": (["suite", "export", "none"], 1),
    "a waiver": (["waive", "99", "--approve"], 1),
}


@pytest.mark.parametrize(("argv", "code"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_is_not_there_is_told_as_json_too(site: Any, argv: list[str], code: int) -> None:
    plain, done = site(*argv), site(*argv, "--json")

    assert (done.code, plain.code, plain.out) == (code, code, "")
    assert done.err == plain.err
    told = done.json
    assert told.keys() == {"error", "fix", "exit", "faults"}
    assert (told["exit"], told["faults"]) == (code, [])
    assert done.err == f"{told['error']}\n  fix       {told['fix']}\n"


def test_a_fault_of_the_content_stands_in_the_json_of_every_command_with_its_place(site: Any) -> None:
    gate = site.path / "expectations" / "gate.yaml"
    gate.write_text("nonsense: 1\n" + gate.read_text(encoding="utf-8"), encoding="utf-8")

    (checked,) = site("check", "--json").json["faults"]
    for argv in (["run", PERIOD, "--inline"], ["arrivals", PERIOD], ["control", "table"], ["suite", "export"]):
        done = site(*argv, "--json")

        assert done.code == 4
        assert done.json == {
            "error": "1 fault in the site's content",
            "fix": None,
            "exit": 4,
            "faults": [checked],
        }
        assert done.err.startswith("1 fault in the site's content\n\nexpectations/gate.yaml:1  nonsense\n")


def test_a_state_that_cannot_be_read_and_a_command_line_that_is_none_are_told_as_json(site: Any) -> None:
    for path in site.state.glob("loadgate.db*"):
        path.write_bytes(b"no database" * 1000)

    unreadable, misspelt = site("runs", "--json"), site("runs", "--josn", "--json")

    assert (unreadable.code, unreadable.json["exit"]) == (5, 5)
    assert unreadable.err == f"{unreadable.json['error']}\n  fix       {unreadable.json['fix']}\n"
    assert (misspelt.code, misspelt.json["exit"]) == (2, 2)
    assert misspelt.json["error"].startswith("No such option: --josn")
