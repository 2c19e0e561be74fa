from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from loadgate.errors import CouldNotRun, VerificationFailed
from loadgate.model.identity import canonical_json, sha256
from loadgate.store import ledger as ledger_module
from loadgate.store.ledger import GENESIS, FaultKind, LedgerEntry, LedgerFault, examine, upcast
from loadgate.store.state import State, open_state

NOW = datetime(2026, 11, 3, 6, 30, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = open_state(tmp_path / "loadgate.db")
    yield state
    state.close()


def _append(state: State, count: int) -> list[LedgerEntry]:
    return [
        state.ledger.append("waived", "ann", {"case": number, "reason": "known, see §4"}, NOW)
        for number in range(1, count + 1)
    ]


def _tamper(state: State, *statements: str) -> None:
    with sqlite3.connect(str(state.database.engine.url.database)) as raw:
        for statement in statements:
            assert raw.execute(statement).rowcount == 1
    raw.close()


def _rows(state: State) -> list[dict[str, Any]]:
    raw = sqlite3.connect(str(state.database.engine.url.database))
    raw.row_factory = sqlite3.Row
    rows = [dict(row) for row in raw.execute("SELECT * FROM ledger ORDER BY seq")]
    raw.close()
    return rows


def _rechained(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What someone who knows the format would write."""
    previous, done = GENESIS, []
    for seq, row in enumerate(rows, start=1):
        body = {**row, "seq": seq, "previous_sha256": previous, "body": json.loads(row["body"])}
        previous = sha256(canonical_json({name: value for name, value in body.items() if name != "sha256"}))
        done.append({**row, "seq": seq, "previous_sha256": body["previous_sha256"], "sha256": previous})
    return done


def test_entries_are_chained_from_the_beginning(state: State) -> None:
    first, second, third = _append(state, 3)

    assert (first.seq, first.previous_sha256, first.format) == (1, GENESIS, 1)
    assert (second.seq, second.previous_sha256) == (2, first.sha256)
    assert third.previous_sha256 == second.sha256
    assert state.ledger.entries() == [first, second, third]
    assert (state.ledger.head().seq, state.ledger.head().sha256) == (3, third.sha256)


def test_the_hash_of_an_entry_may_never_change(state: State) -> None:
    entry = state.ledger.append("waived", "ann", {"reason": "ø", "ceiling": 3, "case": 1}, NOW)

    # a reader of any language can do this from the exported line
    line = (
        '{"actor":"ann","at":"2026-11-03T06:30:00.000000Z","body":{"case":1,"ceiling":3,"reason":"ø"},'
        f'"format":1,"kind":"waived","previous_sha256":"{"0" * 64}","seq":1}}'
    )
    assert entry.sha256 == sha256(line.encode())


def test_an_untouched_ledger_is_whole(state: State) -> None:
    assert state.ledger.verify().fault is None
    entries = _append(state, 4)

    verification = state.ledger.verify([("vintage 2026-09", 0, GENESIS), ("vintage 2026-10", 2, entries[1].sha256)])

    assert (verification.entries, verification.head.sha256, verification.fault) == (4, entries[3].sha256, None)


def test_an_act_that_must_be_said_once_is(state: State) -> None:
    first = state.ledger.append("released", "ann", {"run": "2026-10"}, NOW, once=True)
    state.ledger.append("waived", "ann", {"run": "2026-10"}, NOW, once=True)

    assert state.ledger.append("released", "bob", {"run": "2026-10"}, NOW, once=True) == first
    assert [entry.kind for entry in state.ledger.entries()] == ["released", "waived"]
    assert [entry.seq for entry in state.ledger.entries("waived")] == [2]


def test_what_an_act_says_of_its_own_place_is_true_however_many_write_at_once(state: State) -> None:
    def act() -> None:
        for _ in range(10):
            state.ledger.append("waived", "ann", lambda seq: {"waiver": f"W-{seq}"}, NOW)

    threads = [threading.Thread(target=act) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [entry.body["waiver"] for entry in state.ledger.entries()] == [f"W-{seq}" for seq in range(1, 51)]


def test_writers_at_the_same_time_make_one_chain(state: State) -> None:
    threads = [threading.Thread(target=_append, args=(state, 10)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (state.ledger.verify().entries, state.ledger.verify().fault) == (50, None)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", '{"case":3,"reason":"another"}'),
        ("body", '{"case": 3,"reason":"known, see §4"}'),
        ("body", "no json"),
        ("actor", "bob"),
        ("kind", "released"),
        ("at", "2026-11-03T06:30:00.000001Z"),
        ("format", "0"),
        ("sha256", "f" * 64),
    ],
)
def test_a_changed_entry_is_named(state: State, column: str, value: str) -> None:
    _append(state, 5)
    _tamper(state, f"UPDATE ledger SET {column} = '{value}' WHERE seq = 3")  # noqa: S608

    fault = state.ledger.verify().fault

    assert fault == LedgerFault(seq=3, kind=FaultKind.CHANGED)
    assert str(fault) == "entry 3 was changed after it was written"


def test_an_entry_removed_from_the_middle_is_named(state: State) -> None:
    _append(state, 5)
    _tamper(state, "DELETE FROM ledger WHERE seq = 3")

    fault = state.ledger.verify().fault

    assert fault == LedgerFault(seq=3, kind=FaultKind.MISSING)
    assert str(fault) == "entry 3 is missing, and later ones are there"


def test_an_entry_removed_from_the_middle_is_named_when_the_gap_is_closed(state: State) -> None:
    _append(state, 5)
    _tamper(
        state,
        "DELETE FROM ledger WHERE seq = 3",
        "UPDATE ledger SET seq = 3 WHERE seq = 4",
        "UPDATE ledger SET seq = 4 WHERE seq = 5",
    )

    fault = state.ledger.verify().fault

    assert fault == LedgerFault(seq=3, kind=FaultKind.MOVED, moved_from=4)


def test_two_exchanged_entries_are_named(state: State) -> None:
    _append(state, 5)
    _tamper(
        state,
        "UPDATE ledger SET seq = 99 WHERE seq = 2",
        "UPDATE ledger SET seq = 2 WHERE seq = 4",
        "UPDATE ledger SET seq = 4 WHERE seq = 99",
    )

    fault = state.ledger.verify().fault

    assert fault == LedgerFault(seq=2, kind=FaultKind.MOVED, moved_from=4)
    assert str(fault) == "entry 2 is not in its place: entry 4 stands there"


def test_an_entry_replaced_with_a_fitting_hash_is_named(state: State) -> None:
    _append(state, 5)
    rows = _rows(state)
    rows[2]["body"] = '{"case":3,"reason":"another"}'
    forged = _rechained(rows)[2]
    _tamper(state, f"UPDATE ledger SET body = '{forged['body']}', sha256 = '{forged['sha256']}' WHERE seq = 3")  # noqa: S608

    fault = state.ledger.verify().fault

    assert fault == LedgerFault(seq=3, kind=FaultKind.REWRITTEN)
    assert str(fault) == "entry 3 was replaced by another"


def test_a_cut_tail_shows_by_the_heads_on_manifests_alone(state: State) -> None:
    entries = _append(state, 5)
    heads = [("vintage 2026-09", 2, entries[1].sha256), ("vintage 2026-10", 5, entries[4].sha256)]
    _tamper(state, "DELETE FROM ledger WHERE seq = 5", "DELETE FROM ledger WHERE seq = 4")

    fault = state.ledger.verify(heads).fault

    assert state.ledger.verify(heads[:1]).fault is None
    assert fault == LedgerFault(seq=4, kind=FaultKind.CUT, named_by="vintage 2026-10")
    assert str(fault) == "entry 4 and all after it are missing: vintage 2026-10 names a later one"


def test_a_ledger_that_was_cut_and_continued_shows_by_the_heads(state: State) -> None:
    entries = _append(state, 3)
    _tamper(state, "DELETE FROM ledger WHERE seq = 3")
    state.ledger.append("released", "bob", {}, NOW)

    fault = state.ledger.verify([("run 2026-10", 3, entries[2].sha256), ("run 2026-09", 2, entries[1].sha256)]).fault

    assert fault == LedgerFault(seq=3, kind=FaultKind.REWRITTEN, named_by="run 2026-10")
    assert str(fault) == "entry 3 was replaced by another: run 2026-10 names another"


def test_a_chain_rewritten_to_its_end_shows_by_the_heads(state: State) -> None:
    _append(state, 5)
    rows = _rows(state)
    heads = [("first", 2, rows[1]["sha256"]), ("second", 5, rows[4]["sha256"])]
    rows[2]["actor"] = "bob"

    assert examine(_rechained(rows), []).fault is None
    assert examine(_rechained(rows), heads).fault == LedgerFault(seq=3, kind=FaultKind.REWRITTEN, named_by="second")


def test_the_first_of_several_faults_is_named(state: State) -> None:
    _append(state, 5)
    rows = _rows(state)
    heads = [("first", 1, rows[0]["sha256"]), ("second", 2, rows[1]["sha256"]), ("third", 9, "f" * 64)]
    rows[1]["actor"] = "bob"
    rows = _rechained(rows)
    rows[3]["actor"] = "eve"

    assert examine(rows, []).fault == LedgerFault(seq=4, kind=FaultKind.CHANGED)
    assert examine(rows, heads).fault == LedgerFault(seq=2, kind=FaultKind.REWRITTEN, named_by="second")


def test_an_exported_ledger_can_be_imported_and_is_the_same(state: State, tmp_path: Path) -> None:
    entries = _append(state, 3)
    assert state.ledger.export(tmp_path / "ledger.jsonl") == 3
    other = open_state(tmp_path / "other.db")

    lines = (tmp_path / "ledger.jsonl").read_bytes().splitlines()
    assert [other.ledger.import_lines(lines[:2]), other.ledger.import_lines(lines)] == [2, 1]

    assert other.ledger.entries() == entries
    assert other.ledger.verify().fault is None
    other.close()


def test_an_exported_ledger_that_is_not_whole_is_not_imported(state: State, tmp_path: Path) -> None:
    _append(state, 3)
    state.ledger.export(tmp_path / "ledger.jsonl")
    lines = (tmp_path / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    other = open_state(tmp_path / "other.db")

    for broken in (lines[1:], [lines[0], lines[1].replace("ann", "bob"), lines[2]]):
        with pytest.raises(VerificationFailed, match="the exported ledger is not whole: entry"):
            other.ledger.import_lines(broken)
    for broken in (["{}"], ["no json"], ["[]"], ['{"body": {}}']):
        with pytest.raises(VerificationFailed, match="line 1 of the exported ledger is no entry"):
            other.ledger.import_lines(broken)
    assert other.ledger.entries() == []
    other.close()


def test_an_exported_ledger_does_not_replace_another(state: State, tmp_path: Path) -> None:
    _append(state, 3)
    state.ledger.export(tmp_path / "ledger.jsonl")
    other = open_state(tmp_path / "other.db")
    other.ledger.append("released", "bob", {}, NOW)

    with pytest.raises(VerificationFailed, match="does not continue the one here, which ends with entry 1"):
        other.ledger.import_lines((tmp_path / "ledger.jsonl").read_bytes().splitlines())
    other.close()


def test_an_entry_of_an_older_format_is_read_as_the_newest(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = _append(state, 1)[0]
    monkeypatch.setattr(ledger_module, "FORMAT", 2)
    monkeypatch.setitem(
        ledger_module.UPCASTS,
        1,
        lambda old: replace(old, format=2, body={**old.body, "ceiling": None}),
    )

    assert state.ledger.entries() == [replace(entry, format=2, body={**entry.body, "ceiling": None})]
    assert state.ledger.verify().fault is None


def test_an_entry_of_a_newer_format_is_refused(state: State) -> None:
    entry = _append(state, 1)[0]

    with pytest.raises(CouldNotRun, match="ledger entry 1 has format 2; this loadgate reads up to 1"):
        upcast(replace(entry, format=2))


def test_every_kind_of_fault_has_its_sentence() -> None:
    said = {str(LedgerFault(seq=1, kind=kind, moved_from=2, named_by="x")) for kind in FaultKind}

    assert len(said) == len(FaultKind)
