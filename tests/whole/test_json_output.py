"""What `run --json` and `replay --json` print is what the committed schemas promise, no more and no less."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from loadgate.model.deliveries import ArrivalState
from loadgate.model.findings import CaseState, CauseKind, Verdict
from loadgate.model.judgement import KnownErrorState
from loadgate.model.kinds import Kind, Severity

if TYPE_CHECKING:
    from conftest import Laid, Machine

SCHEMAS = Path(__file__).parents[2] / "infra" / "schemas"

# What the users of the two commands were promised; a key may be added, none of these may go.
PROMISED_RUN = {"run", "verdict", "reasons", "arrivals", "findings", "cases", "report"}
PROMISED_FINDING = {"id", "kind", "severity", "scope", "rows_failed"}
PROMISED_REPLAY = {"run", "verdict", "cases"}
PROMISED_CASE = {
    "id",
    "cause",
    "figures",
    "unmoved",
    "cells",
    "reference_periods",
    "direction",
    "effect_relative",
    "severity",
    "message",
}


def schema(name: str) -> dict[str, Any]:
    found = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def faults(name: str, printed: object) -> list[str]:
    validator = Draft202012Validator(schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(printed)]


@pytest.fixture(scope="module")
def machine(machine_at: Callable[[Path], Machine], tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return machine_at(tmp_path_factory.mktemp("machine"))


@pytest.fixture(scope="module")
def run(site_at: Callable[[Path], Laid], machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run with something of everything: files broken, missing, unexpected, and an error that is known."""
    laid = site_at(tmp_path_factory.mktemp("run") / "site")
    cut = laid.delivered("02")
    cut.write_bytes(cut.read_bytes()[:300])
    laid.delivered("07").unlink()
    (laid.root / "inbox" / "stray.txt").write_bytes(b"?")
    figures = laid.root / "baselines" / "control_figures" / "germany_2024-02.csv"
    text = figures.read_text(encoding="utf-8")
    figures.write_text(text.replace("2020-W01,1534,", "2020-W01,9999,"), encoding="utf-8")
    known = laid.root / "expectations" / "known_errors" / "rki.yaml"
    known.parent.mkdir()
    known.write_text(
        "errors:\n  - {id: E-1, title: t, kind: reading.unreadable_file, scope: provider=02, ceiling: {rows: 9},\n"
        "     reason: r, owner: o, reported: 2024-01-10, review: 2030-01-10}\n",
        encoding="utf-8",
    )
    said = machine.loadgate("run", laid.period, "--site", str(laid.root), "--inline", "--json")
    assert said.code in (0, 3), said.err
    found = json.loads(said.out)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def replay(machine: Machine) -> list[dict[str, Any]]:
    """The first period has nothing before it, the second is held."""
    said = machine.loadgate("replay", "rki", "--to", "2024-01", "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert isinstance(found, list)
    return found


def test_what_a_run_prints_is_what_its_schema_says(run: dict[str, Any]) -> None:
    assert faults("run", run) == []
    assert {one["kind"] for one in run["findings"]} >= {"arrival.missing", "arrival.unexpected"}
    assert run["known_errors"] != []


def test_what_a_replay_prints_is_what_its_schema_says(replay: list[dict[str, Any]]) -> None:
    assert faults("replay", replay) == []
    assert [one["verdict"] for one in replay] == ["release", "hold"]
    (case,) = replay[1]["cases"]
    assert (case["figures"], case["unmoved"], case["direction"]) == (["incidence"], ["cases"], "mixed")


def test_nothing_promised_is_missing(run: dict[str, Any], replay: list[dict[str, Any]]) -> None:
    assert run.keys() >= PROMISED_RUN
    assert all(finding.keys() >= PROMISED_FINDING for finding in run["findings"])
    assert all(one.keys() >= PROMISED_REPLAY for one in replay)
    assert all(case.keys() >= PROMISED_CASE for one in (run, *replay) for case in one["cases"])


@pytest.mark.parametrize("name", ["run", "replay"])
def test_a_schema_is_one_and_lets_nothing_else_through(name: str) -> None:
    whole = schema(name)

    Draft202012Validator.check_schema(whole)
    assert whole["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    closed = [one for one in _objects(whole) if "properties" in one]
    assert len(closed) >= 4
    assert all(one["additionalProperties"] is False for one in closed)
    assert all(set(one["required"]) == set(one["properties"]) for one in closed)


def test_another_key_or_a_missing_one_is_a_fault(run: dict[str, Any], replay: list[dict[str, Any]]) -> None:
    assert faults("run", {**run, "extra": 1}) == ["$: Additional properties are not allowed ('extra' was unexpected)"]
    assert faults("replay", [{key: value for key, value in replay[0].items() if key != "verdict"}]) == [
        "$[0]: 'verdict' is a required property"
    ]


def test_both_schemas_say_the_same_of_a_case() -> None:
    run_schema, replay_schema = schema("run"), schema("replay")

    assert replay_schema["$defs"].items() <= run_schema["$defs"].items()


def test_the_schemas_know_every_word_of_the_program() -> None:
    known = schema("run")["$defs"]
    case = known["case"]["properties"]

    for told, words in (
        (known["verdict"], Verdict),
        (known["severity"], Severity),
        (known["kind"], Kind),
        (case["state"], CaseState),
        (case["cause"]["properties"]["kind"], CauseKind),
        (known["delivery"]["properties"]["state"], ArrivalState),
        (known["known_error"]["properties"]["state"], KnownErrorState),
    ):
        assert told["enum"] == [word.value for word in words], "add it to infra/schemas/run.json and replay.json"


def _objects(part: object) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield part
        for inside in part.values():
            yield from _objects(inside)
    elif isinstance(part, list):
        for inside in part:
            yield from _objects(inside)
