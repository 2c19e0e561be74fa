"""Senders of the outbox that are killed, or meet each other, before a real web server on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from loadgate.model.profiles import AlertRoute
from loadgate.running import alerts
from loadgate.running.opened import open_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgate.running.opened import Opened

pytestmark = pytest.mark.services

SENDER = """
import sys
from pathlib import Path
from loadgate.model.profiles import AlertRoute
from loadgate.running import alerts
from loadgate.running.opened import open_site
alerts.send_waiting(open_site(Path(sys.argv[1])), [AlertRoute(name="operations")], [])
"""
POINTS = 8  # one message to two: before and after the commits of taking it, who took it (two of them), and its end


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    (tmp_path / "site.toml").write_text('name = "killed"\n', encoding="utf-8")
    site = open_site(tmp_path)
    yield site
    site.close()


class Desk:
    """Two addresses of one route, and how often each was told what."""

    def __init__(self, server: HTTPServer) -> None:
        self.told: Counter[tuple[str, str]] = Counter()
        self.kill: int | None = None
        self.url = " ".join(f"json://127.0.0.1:{server.port}/{name}" for name in ("a", "b"))
        for name in ("a", "b"):
            server.expect_request(f"/{name}", method="POST").respond_with_handler(self._take)

    def _take(self, request: Request) -> Response:
        self.told[request.path, json.loads(request.data)["title"]] += 1
        if self.kill is not None:
            os.kill(self.kill, signal.SIGKILL)
        return Response("ok")


@pytest.fixture
def desk(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(httpserver)
    monkeypatch.setenv("LOADGATE_ALERT_URL", desk.url)
    return desk


def put(opened: Opened, *subjects: str) -> None:
    for one in subjects:
        body = {"subject": one, "body": "b", "tells": []}
        opened.state.outbox.enqueue(f"m-{one}", route="operations", body=body, now=datetime.now(UTC))


def sender(opened: Opened, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SENDER, str(opened.places.site)]
    return subprocess.Popen(command, env={**os.environ, **environment})


def send(opened: Opened) -> None:
    alerts.send_waiting(opened, [AlertRoute(name="operations")], [])


def send_later(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    later = datetime.now(UTC) + timedelta(seconds=alerts.LEASE_S)
    monkeypatch.setattr(alerts, "now", lambda: later)
    send(opened)


@pytest.mark.parametrize("at", range(1, POINTS + 1))
def test_who_is_killed_while_it_sends_loses_nothing_and_doubles_one_at_most(
    opened: Opened, desk: Desk, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(opened, "one")

    assert sender(opened, LOADGATE_KILL_AT=str(at)).wait(60) == -signal.SIGKILL
    before = Counter(desk.told)
    if at > 1:  # it was taken: nobody else sends it until its lease is over
        send(opened)
        assert desk.told == before
    send_later(opened, monkeypatch)
    send_later(opened, monkeypatch)

    twice = {3: {"/a": 2, "/b": 1}, 5: {"/a": 1, "/b": 2}}  # told, and killed before that was noted
    assert {path: number for (path, _), number in desk.told.items()} == twice.get(at, {"/a": 1, "/b": 1})
    assert [row.state for row in opened.state.outbox.rows()] == ["sent"]


def test_who_is_killed_while_the_server_answers_is_taken_up_by_the_next(
    opened: Opened, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(opened, "one", "two")
    process = sender(opened)
    desk.kill = process.pid

    assert process.wait(60) == -signal.SIGKILL
    desk.kill = None
    send_later(opened, monkeypatch)

    assert desk.told == {("/a", "one"): 2, ("/b", "one"): 1, ("/a", "two"): 1, ("/b", "two"): 1}


def test_two_who_send_at_the_same_time_tell_everything_once(opened: Opened, desk: Desk) -> None:
    subjects = [f"{number:02}" for number in range(40)]
    put(opened, *subjects)

    senders = [sender(opened) for _ in range(2)]

    assert [one.wait(120) for one in senders] == [0, 0]
    assert desk.told == {(path, one): 1 for path in ("/a", "/b") for one in subjects}
