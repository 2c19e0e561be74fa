"""A ledger or a manifest that was written over: each command says which, none acts on it, `verify` answers no."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from loadgate.errors import CouldNotRun, VerificationFailed
from loadgate.model.identity import canonical_json
from loadgate.running.opened import Ref, open_site
from loadgate.running.release import judge_again, release, verify
from loadgate.running.standing import all_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.months.conftest import MakeSite

JANUARY = "2026-01"
IS_OF_A_MONTH = """\
  - {type: expect_column_values_to_not_be_null, kwargs: {column: month}, reason: It is of some month.}
"""
EDITS = {
    "no JSON": "UPDATE ledger SET body = '{'",
    "nothing said": "UPDATE ledger SET body = '{}'",
    "another verdict": "UPDATE ledger SET body = replace(body, '\"release\"', '\"released\"')",
    "no moment": "UPDATE ledger SET at = 'soon'",
    "another person": "UPDATE ledger SET actor = 'ben'",
}


@pytest.fixture
def released(make_site: MakeSite) -> Ref:
    site = make_site(towns=["101"], of_kinds={"care/cases": IS_OF_A_MONTH})
    site.deliver(f"{JANUARY}/cases_101.csv", "month;kind", f"{JANUARY};S")
    ref = site.run(JANUARY)
    release(ref, actor="anna")
    return ref


@pytest.mark.parametrize("statement", EDITS.values(), ids=EDITS.keys())
def test_nobody_acts_on_an_entry_that_was_changed(statement: str, released: Ref) -> None:
    opened = released.open()
    with sqlite3.connect(opened.places.state / "loadgate.db") as database:
        database.execute(statement)
    database.close()
    told = "the ledger was changed: entry 1 was changed after it was written"

    with pytest.raises(VerificationFailed, match=told):
        verify(opened)
    acts: list[Callable[[], object]] = [
        lambda: release(released, actor="anna"),
        lambda: judge_again(released),
        lambda: all_runs(opened),
    ]
    for act in acts:
        with pytest.raises(CouldNotRun, match=rf"{told}\n.*restore the state database from the backup"):
            act()


def test_a_pointer_beyond_all_that_a_ledger_can_hold_is_an_entry_that_is_missing(released: Ref) -> None:
    opened = released.open()
    pointer = opened.places.current
    pointer.write_bytes(canonical_json(json.loads(pointer.read_text()) | {"ledger_seq": 10**30}) + b"\n")
    site = opened.places.site

    assert verify(opened) == (JANUARY, ["CURRENT is not what the ledger says"])
    opened.close()  # the next to open it looks whether it is whole
    with pytest.raises(CouldNotRun, match="entry 2 and all after it are missing: published/CURRENT names a later one"):
        release(Ref(str(site), JANUARY), actor="anna")


def test_a_pointer_to_the_last_entry_under_another_hash_stops_nobody_who_puts_it_right(released: Ref) -> None:
    opened = released.open()
    pointer = opened.places.current
    pointer.write_bytes(canonical_json(json.loads(pointer.read_text()) | {"ledger_sha256": "0" * 64}) + b"\n")
    opened.close()

    assert verify(opened) == (JANUARY, ["CURRENT is not what the ledger says"])
    assert release(released, actor="anna").already
    assert verify(opened) == (JANUARY, [])


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.write_bytes(b"[" * 100_000),
        lambda manifest: manifest.write_text(
            json.dumps(json.loads(manifest.read_text()) | {"ledger_head": {"seq": -3, "sha256": ""}})
        ),
    ],
    ids=["no end", "an entry before the first"],
)
def test_a_manifest_that_is_nothing_that_was_written_is_told_by_its_name(
    change: Callable[[Path], object], released: Ref
) -> None:
    opened = released.open()
    change(opened.places.run(JANUARY) / "manifest.json")
    site = opened.places.site
    opened.close()

    with pytest.raises(CouldNotRun, match=r"runs/2026-01/manifest\.json cannot be read\n.*restore the folder"):
        _ = open_site(site).state
    assert verify(open_site(site)) == (JANUARY, [])
