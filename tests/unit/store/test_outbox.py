"""The outbox: messages in once, sent by one, tried again, given up, and asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loadgate.store.outbox import MessageState
from loadgate.store.state import State, open_state

NOW = datetime(2026, 11, 3, 6, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = open_state(tmp_path / "state" / "loadgate.db")
    yield state
    state.close()


def test_a_message_is_put_in_once_by_its_key(state: State) -> None:
    assert state.outbox.enqueue("failed 2026-10/a/v1", route="operations", body={"rows": 3}, now=NOW)
    assert not state.outbox.enqueue("failed 2026-10/a/v1", route="operations", body={"rows": 4}, now=LATER)

    assert [(row.body, row.state) for row in state.outbox.rows()] == [({"rows": 3}, MessageState.WAITING)]


BODIES = [{"body": "first"}, {"body": "last"}]


def test_of_messages_alike_as_many_are_put_in_as_there_are_bodies_and_the_others_kept_back(state: State) -> None:
    for key in ("a", "b", "b", "c", "d", "d"):
        state.outbox.enqueue_among(key, route="operations", alike=["same"], bodies=BODIES, now=NOW)
    state.outbox.enqueue_among("e", route="supplier", alike=["same"], bodies=BODIES, now=NOW)

    rows = state.outbox.rows()
    assert [(row.message_key, row.body["body"]) for row in rows if row.state is MessageState.WAITING] == [
        ("a", "first"),
        ("b", "last"),
        ("e", "first"),
    ]
    held = {row.message_key: row.id for row in rows if row.state is MessageState.HELD}
    assert held.keys() == {"held-c", "held-d"}

    state.outbox.drop([row.id for row in rows])
    assert [row.message_key for row in state.outbox.rows()] == ["a", "b", "e"]
    assert state.outbox.enqueue("c", route="operations", body={}, now=NOW)  # by whoever tells all of them


def test_a_message_that_is_like_others_in_one_thing_and_new_in_another_is_put_in(state: State) -> None:
    for key, alike in (("a", ["x"]), ("b", ["x"]), ("c", ["x"]), ("d", ["x", "y"]), ("e", ["x", "y"]), ("f", ["y"])):
        state.outbox.enqueue_among(key, route="operations", alike=alike, bodies=BODIES, now=NOW)

    told = [row.message_key for row in state.outbox.rows() if row.state is MessageState.WAITING]
    assert told == ["a", "b", "d", "e"]


def test_facts_are_those_of_all_messages_and_of_those_kept_back_apart(state: State) -> None:
    def put(*keys: str) -> None:
        for key in keys:
            bodies = [{"body": "only", "tells": [f"of {key}"]}]
            state.outbox.enqueue_among(key, route="operations", alike=["same"], bodies=bodies, now=NOW)

    put("a", "b")
    assert state.outbox.facts() == ({"a", "of a"}, {"held-b", "of b"})

    state.outbox.drop([row.id for row in state.outbox.rows()])
    put("c")  # in the place of what was kept back
    state.outbox.enqueue("b", route="operations", body={"tells": ["of b"]}, now=NOW)
    assert state.outbox.facts() == ({"a", "of a", "b", "of b"}, {"held-c", "of c"})


def _only(state: State, *, now: datetime) -> int:
    ((message, route),) = state.outbox.due(["operations", "other"], now=now)
    assert route == "operations"
    return message


def test_a_message_that_was_sent_is_never_put_in_again(state: State) -> None:
    state.outbox.enqueue("key", route="operations", body={}, now=NOW)
    message = _only(state, now=NOW)
    assert state.outbox.take(message, now=NOW, lease_s=30)
    state.outbox.sent(message, now=LATER)
    state.outbox.try_again([message])

    assert not state.outbox.enqueue("key", route="operations", body={}, now=LATER)
    assert state.outbox.due(["operations"], now=LATER + timedelta(days=9)) == []
    assert state.outbox.take(message, now=LATER + timedelta(days=9), lease_s=30) is None
    assert [row.sent_at for row in state.outbox.rows()] == [LATER]


def test_what_is_due_is_that_of_the_routes_that_are_asked_for(state: State) -> None:
    for key, route in (("a", "operations"), ("b", "supplier"), ("c", "operations")):
        state.outbox.enqueue(key, route=route, body={}, now=NOW)

    assert [route for _, route in state.outbox.due(["supplier"], now=NOW)] == ["supplier"]
    assert state.outbox.due([], now=NOW) == []


def test_one_message_has_one_sender_until_its_lease_runs_out(state: State) -> None:
    state.outbox.enqueue("key", route="operations", body={}, now=NOW)
    message = _only(state, now=NOW)

    def take(after_s: int) -> bool:
        state.outbox.try_again([message])  # leaves it to its sender
        return state.outbox.take(message, now=NOW + timedelta(seconds=after_s), lease_s=30) is not None

    assert [take(0), take(29), take(30)] == [True, False, True]
    assert state.outbox.rows()[0].attempts == 2


def test_who_of_several_has_a_message_is_kept_and_its_sender_goes_on(state: State) -> None:
    state.outbox.enqueue("key", route="operations", body={"subject": "s"}, now=NOW)
    message = _only(state, now=NOW)
    state.outbox.take(message, now=NOW, lease_s=30)

    for who in ("1-b", "0-a", "1-b"):
        state.outbox.took(message, who=who, now=NOW + timedelta(seconds=20), lease_s=30)

    assert state.outbox.due(["operations"], now=NOW + timedelta(seconds=49)) == []
    taken = state.outbox.take(message, now=NOW + timedelta(seconds=50), lease_s=30)
    assert taken is not None
    assert taken.body == {"subject": "s", "told": ["0-a", "1-b"]}  # whoever takes it next knows who has it


def test_a_message_that_could_not_be_sent_waits_for_its_next_try_until_it_is_given_up(state: State) -> None:
    state.outbox.enqueue("key", route="operations", body={}, now=NOW)
    message = _only(state, now=NOW)

    state.outbox.take(message, now=NOW, lease_s=30)
    state.outbox.not_sent(message, again_at=LATER)
    assert state.outbox.take(message, now=LATER - timedelta(seconds=1), lease_s=30) is None
    assert _only(state, now=LATER) == message

    state.outbox.take(message, now=LATER, lease_s=30)
    state.outbox.not_sent(message, again_at=None)
    assert state.outbox.due(["operations"], now=LATER + timedelta(days=9)) == []
    assert state.outbox.rows()[0].state is MessageState.FAILED


@pytest.mark.parametrize("again_at", [LATER, None])
def test_a_message_that_rests_or_was_given_up_is_due_when_someone_asks_for_it(
    state: State, again_at: datetime | None
) -> None:
    state.outbox.enqueue("key", route="operations", body={}, now=NOW)
    message = _only(state, now=NOW)
    state.outbox.take(message, now=NOW, lease_s=30)
    state.outbox.not_sent(message, again_at=again_at)

    state.outbox.try_again([message])

    assert _only(state, now=NOW) == message
    assert state.outbox.rows()[0].attempts == 0
