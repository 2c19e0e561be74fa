"""Registered errors in three runs of the FLIS month: within the ceiling, worse, gone; and one not looked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from loadgate.model.scope import Scope

PERIOD = "2026-10"

FREE_TEXT, CLASS_TYPE = "as2007_reason_free_text", "kmd_elev_no_class_type"
CASES, PUPILS = "as2007/sager_751", "kmd_elev/elever_153"
REASON = 4  # its place in a row of cases


def with_reasons(data: bytes, reason: str, *, rows: int) -> bytes:
    """The same cases, so many of them with this reason."""
    head, *lines = data.decode("cp1252").splitlines(keepends=True)
    changed = [line.split(";") for line in lines[:rows]]
    for fields in changed:
        fields[REASON] = reason
    return "".join([head, *(";".join(fields) for fields in changed), *lines[rows:]]).encode("cp1252")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run says: its JSON, and the caveats that travel with its figures."""

    view: dict[str, Any]
    caveats: list[dict[str, Any]]

    def state(self, error: str) -> tuple[str, float | None]:
        (found,) = (one for one in self.view["known_errors"] if one["error"] == error)
        return found["state"], found["size"]

    def told(self, error: str) -> set[tuple[str, str]]:
        """Findings that say how an error fares: kind and severity."""
        about = (one for one in self.view["findings"] if one["kind"].startswith("known_error."))
        return {(one["kind"], one["severity"]) for one in about if one["check"] == error}

    def about(self, kind: str) -> list[Scope]:
        return [Scope.parse(one["scope"]) for one in self.view["findings"] if one["kind"] == kind]

    def marked_by(self, error: str) -> list[Scope]:
        """Figures that carry a caveat because of a known error."""
        return [Scope.parse(one["scope"]) for one in self.caveats if one["source"] == error]


def load(site: Any) -> Run:
    view = site.load()
    path = site.state / "runs" / view["run"] / "judge" / "all" / "judgement.json"
    return Run(view=view, caveats=json.loads(path.read_bytes())["caveats"])


@pytest.fixture(scope="module")
def runs(flis_run: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run, Run]:
    """Two free texts, and a delivery missing; twenty free texts; none, and the missing delivery is there."""
    site = flis_run.copy(tmp_path_factory.mktemp("lives") / "site")
    clean = site.sent(CASES).read_bytes()
    pupils = site.withdraw(PUPILS)
    site.resend(CASES, with_reasons(clean, "fri tekst om sagen", rows=2), day=9)
    few = load(site)
    site.resend(CASES, with_reasons(clean, "fri tekst om sagen", rows=20), day=10)
    many = load(site)
    site.resend(CASES, with_reasons(clean, "05", rows=1), day=11)
    site.send(f"{PUPILS}_2026-11-11.csv", pupils, day=11)
    return few, many, load(site)


def test_within_its_ceiling_an_error_is_a_caveat_on_the_figures_and_no_case(runs: tuple[Run, Run, Run]) -> None:
    few, _, _ = runs

    state, size = few.state(FREE_TEXT)
    assert state == "within ceiling"
    assert size is not None
    assert 0 < size <= 0.03
    assert few.told(FREE_TEXT) == set()
    (marked,) = few.marked_by(FREE_TEXT)
    assert marked.provider == {"751"}
    assert marked.area == {"children"}
    assert "cases" in (marked.figure or ())
    put_down = [one["findings"] for one in few.view["reasons"] if one["known_error"] == FREE_TEXT]
    assert len(put_down) == 1
    assert not any(set(put_down[0]) & set(case["findings"]) for case in few.view["cases"])


def test_above_its_ceiling_an_error_is_a_finding_and_explains_nothing(runs: tuple[Run, Run, Run]) -> None:
    _, many, _ = runs

    state, size = many.state(FREE_TEXT)
    assert state == "worse"
    assert size is not None
    assert size > 0.03
    assert many.told(FREE_TEXT) == {("known_error.worse", "warning")}
    (worse,) = many.about("known_error.worse")
    assert worse.delivery == {f"{PERIOD}/as2007/cases/751"}
    assert many.marked_by(FREE_TEXT) == []
    (case,) = (case for case in many.view["cases"] if "known_error.worse" in case["kinds"])
    assert "checking.failed" in case["kinds"]
    assert {"known_error.worse", "checking.failed"} <= {one["kind"] for one in many.view["reasons"]}


def test_an_error_that_is_not_there_any_more_is_told_to_whoever_keeps_the_register(runs: tuple[Run, Run, Run]) -> None:
    _, _, none = runs

    assert none.state(FREE_TEXT) == ("no longer seen", 0)
    assert none.told(FREE_TEXT) == {("known_error.gone", "info")}
    assert Scope.parse("dataset=cases; system=as2007") in none.about("known_error.gone")
    assert none.marked_by(FREE_TEXT) == []
    assert FREE_TEXT not in {one["known_error"] for one in none.view["reasons"]}


def test_an_error_that_nobody_could_look_for_is_neither_seen_nor_gone(runs: tuple[Run, Run, Run]) -> None:
    for run in runs[:2]:
        (missing,) = run.about("arrival.missing")
        assert missing.delivery == {f"{PERIOD}/kmd_elev/pupils/153"}
        assert run.state(CLASS_TYPE) == ("not checked", None)
        assert run.told(CLASS_TYPE) == set()
        assert run.marked_by(CLASS_TYPE) == []


def test_once_the_missing_delivery_is_there_the_error_is_gone(runs: tuple[Run, Run, Run]) -> None:
    _, _, none = runs

    assert none.about("arrival.missing") == []
    assert none.state(CLASS_TYPE) == ("no longer seen", 0)
    assert none.told(CLASS_TYPE) == {("known_error.gone", "info")}
