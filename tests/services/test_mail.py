"""Alerts through a real mail server and a real web server on loopback."""

from __future__ import annotations

import json
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from threading import Event

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from pytest_httpserver import HTTPServer

from loadgate.alerting.routes import Message
from loadgate.alerting.send import masked, send
from loadgate.errors import CouldNotRun

pytestmark = pytest.mark.services

BODY = (
    "What      <b>5 < 6</b> & *stars*, _lines_, `ticks`, [a](b), :smile: \\n of Ærø − 1,0 %\n"
    "Do        loadgate case show 1\n"
)
MESSAGE = Message(
    key="m-1", route="operations", subject="[flis 2026-10] TILBAGEHOLDT: Ærø <b>*5*</b> − 1 %", body=BODY, tells=()
)
SECRET = "hunter2secret"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postbox:
    """A mail server's handler that keeps what it was given, and knows nobody whose address is in `unknown`."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.unknown: set[str] = set()

    async def handle_RCPT(  # noqa: N802
        self, _server: object, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.unknown:
            return "450 4.2.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        parsed = BytesParser(policy=policy.default).parsebytes(content)
        assert isinstance(parsed, EmailMessage)
        self.messages.append(parsed)
        return "250 OK"


@pytest.fixture
def postbox():
    return Postbox()


@pytest.fixture
def mail(postbox):
    controller = Controller(postbox, hostname="127.0.0.1", port=free_port(), ready_timeout=60)
    controller.start()
    yield controller
    controller.stop()


def mail_url(controller, **more):
    query = "&".join(
        f"{name}={value}" for name, value in {"from": "gate@site.example", "to": "ops@site.example", **more}.items()
    )
    return f"mailto://127.0.0.1:{controller.port}?{query}"


@pytest.mark.parametrize("asked_for", ["text", "html", "markdown"])
def test_a_mail_is_plain_text_to_the_letter_whatever_the_url_asks_for(mail, postbox, asked_for):
    send(MESSAGE, mail_url(mail, format=asked_for))

    (received,) = postbox.messages
    assert received["Subject"] == MESSAGE.subject
    assert received["To"] == "ops@site.example"
    assert not received.is_multipart()
    assert received.get_content_type() == "text/plain"
    assert received.get_content().splitlines() == BODY.splitlines()


def test_who_took_a_mail_is_not_told_again_because_another_was_refused(mail, postbox):
    url = mail_url(mail, to="ops@site.example,desk@site.example,lead@site.example")
    postbox.unknown = {"desk@site.example"}
    told: list[str] = []

    with pytest.raises(CouldNotRun):
        send(MESSAGE, url, took=told.append)
    assert [one["To"] for one in postbox.messages] == ["ops@site.example", "lead@site.example"]
    assert "site.example" not in "".join(told)

    postbox.unknown = set()
    send(MESSAGE, url, already=told)
    assert [one["To"] for one in postbox.messages[2:]] == ["desk@site.example"]


def test_of_two_addresses_the_one_that_took_it_is_not_told_again(httpserver: HTTPServer):
    httpserver.expect_request("/good").respond_with_data("ok")
    httpserver.expect_oneshot_request("/bad").respond_with_data(status=500)
    httpserver.expect_request("/bad").respond_with_data("ok")
    url = " ".join(f"json://127.0.0.1:{httpserver.port}/{path}" for path in ("bad", "good"))
    told: list[str] = []

    with pytest.raises(CouldNotRun):
        send(MESSAGE, url, took=told.append)
    send(MESSAGE, url, already=told)

    assert [request.path for request, _ in httpserver.log] == ["/bad", "/good", "/bad"]


def test_the_parts_of_a_long_mail_are_sent_without_waiting_between_them(mail, postbox, monkeypatch: pytest.MonkeyPatch):
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)

    send(replace(MESSAGE, body="Ærø held 1 of 98\n" * 5000), mail_url(mail))

    assert len(postbox.messages) > 1
    assert waited == []  # Apprise alone waits 5.5 s before each further one


def test_a_webhook_gets_the_message_unchanged(httpserver: HTTPServer):
    httpserver.expect_oneshot_request("/hook", method="POST").respond_with_data("ok")

    send(MESSAGE, f"json://127.0.0.1:{httpserver.port}/hook")

    (request, _), *others = httpserver.log
    assert others == []
    sent = json.loads(request.data)
    assert (sent["title"], sent["message"].rstrip()) == (MESSAGE.subject, BODY.rstrip())
    assert "apprise" not in request.headers["User-Agent"].lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_webhook_that_has_moved_took_nothing(httpserver: HTTPServer, status):
    httpserver.expect_request("/new").respond_with_data("a page that takes anything")
    httpserver.expect_request("/hook").respond_with_data(status=status, headers={"Location": "/new"})

    with pytest.raises(CouldNotRun):
        send(MESSAGE, f"json://127.0.0.1:{httpserver.port}/hook")

    assert [request.path for request, _ in httpserver.log] == ["/hook"]


def test_a_server_that_answers_for_ever_is_left_behind():
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as waiter:
        left = Event()

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                while not left.wait(0.1):
                    connection.sendall(b"a")

        answering = waiter.submit(answer)
        since = time.monotonic()
        with pytest.raises(CouldNotRun):
            send(MESSAGE, f"json://127.0.0.1:{server.getsockname()[1]}/hook", within_s=1.0)
        took_s = time.monotonic() - since
        left.set()
        answering.result()

    assert took_s < 30


@pytest.mark.parametrize("status", [401, 404, 500])
def test_what_is_refused_is_said_without_any_part_of_the_url(httpserver: HTTPServer, status, caplog, capfd):
    httpserver.expect_request("/hook/" + SECRET).respond_with_data(SECRET, status=status)
    caplog.set_level(logging.DEBUG, logger="apprise")

    with pytest.raises(CouldNotRun) as failure:
        send(MESSAGE, f"json://user:{SECRET}@127.0.0.1:{httpserver.port}/hook/{SECRET}")

    assert str(failure.value) == (
        "the alert for route operations could not be sent: json://… did not take it\n"
        "  fix       check that the server answers and the credentials are right; the message waits for its next try"
    )
    assert failure.value.__cause__ is None
    assert failure.value.__context__ is None
    told = "".join(record.getMessage() for record in caplog.records if record.name == "apprise")
    assert SECRET not in told + "".join(capfd.readouterr())


def test_a_mail_server_that_refuses_the_password_is_told_without_it():
    def refuse(*_: object) -> AuthResult:
        return AuthResult(success=False)

    controller = Controller(
        Postbox(),
        hostname="127.0.0.1",
        port=free_port(),
        ready_timeout=60,
        authenticator=refuse,
        auth_require_tls=False,
    )
    controller.start()
    try:
        with pytest.raises(CouldNotRun) as failure:
            send(MESSAGE, f"mailto://user:{SECRET}@127.0.0.1:{controller.port}?to=ops@site.example&mode=insecure")
    finally:
        controller.stop()

    assert SECRET not in str(failure.value)


def test_a_server_that_is_not_there_could_not_run():
    with pytest.raises(CouldNotRun, match=r"^the alert for route operations could not be sent: json://… did not"):
        send(MESSAGE, f"json://user:{SECRET}@127.0.0.1:9/")


@pytest.mark.parametrize(
    ("url", "shown"),
    [("", "…"), ("nonsense", "…"), (f"nosuch://{SECRET}@host", "nosuch://…"), (SECRET, "…"), (f" {SECRET}:x", "…")],
)
def test_a_url_that_is_none_is_said_without_repeating_it(url, shown):
    with pytest.raises(CouldNotRun) as failure:
        send(MESSAGE, url)

    assert str(failure.value) == (
        f"the alert for route operations could not be sent: {shown} is no address that Apprise knows\n"
        "  fix       set the route's environment variable to an Apprise URL, such as mailto:// or json://"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mailto://a:b@host?to=x", "mailto://…"),
        ("slack://T0/B0/xyz", "slack://…"),
        ("SLACK://T0", "slack://…"),
        ("a b", "…"),
    ],
)
def test_of_a_url_only_the_scheme_is_shown(url, shown):
    assert masked(url) == shown
