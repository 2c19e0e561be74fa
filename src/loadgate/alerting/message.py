"""One alert as it is kept and sent: plain text, no row values, no personal keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`key` is the same for the same news on the same route. `tells` are the facts in it, each told once.

    Whoever keeps messages hands back both, `key` and `tells`, as `already` told.
    """

    key: str
    route: str
    subject: str
    body: str
    tells: tuple[str, ...]


def stored(message: Message) -> Mapping[str, object]:
    """A message as the outbox keeps it."""
    return {"subject": message.subject, "body": message.body, "tells": list(message.tells)}


def restored(key: str, *, route_name: str, body: Mapping[str, object]) -> Message:
    """A message from what the outbox kept."""
    tells = body.get("tells", [])
    return Message(
        key=key,
        route=route_name,
        subject=str(body["subject"]),
        body=str(body["body"]),
        tells=tuple(map(str, tells)) if isinstance(tells, Sequence) else (),
    )
