"""What Apprise says is heard by nobody, however many send at the same time."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from loadgate.alerting.routes import Message
from loadgate.alerting.send import send
from loadgate.errors import CouldNotRun

MESSAGE = Message(key="m", route="operations", subject="s", body="b", tells=())
WAIT_S = 60


class _Server(ThreadingHTTPServer):
    """Refuses `/first` only once `/late` is there too, and `/late` only once the first sender has gone."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Refuses)
        self.first_is_there, self.late_is_there, self.first_has_gone = (threading.Event() for _ in range(3))


class _Refuses(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        here, awaited = self.server.first_is_there, self.server.late_is_there
        if self.path == "/late":
            here, awaited = self.server.late_is_there, self.server.first_has_gone
        here.set()
        awaited.wait(WAIT_S)
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_who_is_still_sending_when_another_has_ended_is_kept_silent_too(
    server: _Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="apprise")
    filters = list(warnings.filters)

    def refused(path: str) -> None:
        with pytest.raises(CouldNotRun):
            send(MESSAGE, f"json://127.0.0.1:{server.server_port}/{path}")

    with ThreadPoolExecutor(2) as senders:
        first = senders.submit(refused, "first")
        assert server.first_is_there.wait(WAIT_S)
        late = senders.submit(refused, "late")
        first.result()
        server.first_has_gone.set()
        late.result()

    assert caplog.records == []
    assert not logging.getLogger("apprise").disabled
    assert list(warnings.filters) == filters
