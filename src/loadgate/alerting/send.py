"""One message and an Apprise URL in; out, nothing, or CouldNotRun, whose text holds of the URL only its scheme."""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from copy import copy
from threading import Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Final

from loadgate.alerting.routes import Message
from loadgate.errors import CouldNotRun
from loadgate.model.identity import key_of

if TYPE_CHECKING:
    from apprise import Apprise
    from apprise.plugins.email.base import NotifyEmail

WITHIN_S = 60.0  # for one who is told; a sender's lease of a message has to be longer
PATIENCE_S = 3.0  # who refuses later than this hardly refuses this one alone
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]{0,30})://")


def masked(url: str) -> str:
    """Only how it is sent. Hosts and paths can be credentials too: a chat's token stands in either."""
    found = _SCHEME.match(url.strip())
    return f"{found.group(1).lower()}://…" if found else "…"


def send(
    message: Message,
    url: str,
    *,
    already: Collection[str] = (),
    took: Callable[[str], None] | None = None,
    within_s: float = WITHIN_S,
) -> None:
    """Send it once, as plain text, without Apprise's own waiting between messages.

    A URL may name several who are told, each of whom has a mark. Who stands in `already` is left out; `took` is called
    with the mark of each who took it. A redirect is no answer: a page that is told nothing can lie behind it.

    Raises CouldNotRun if the URL is none, or if one that it names did not take the message, in `within_s` seconds.
    """
    with _SILENCE:
        addresses = _addresses(url)
    if not addresses:
        raise CouldNotRun(
            f"the alert for route {message.route} could not be sent: {masked(url)} is no address that Apprise knows",
            fix="set the route's environment variable to an Apprise URL, such as mailto:// or json://",
        )
    refused = 0
    for mark, address in addresses.items():
        if mark in already:
            continue
        since = time.monotonic()
        if _in_time(message, address, within_s=within_s):
            if took is not None:
                took(mark)
            continue
        refused += 1
        if time.monotonic() - since > PATIENCE_S:
            break  # nobody answers there: the others wait for the next try
    if refused:
        raise CouldNotRun(
            f"the alert for route {message.route} could not be sent: {masked(url)} did not take it",
            fix="check that the server answers and the credentials are right; the message waits for its next try",
        )


def is_address(url: str) -> bool:
    """Whether Apprise knows what it names; nobody is asked."""
    with _SILENCE:
        return bool(_addresses(url))


def _addresses(url: str) -> dict[str, Apprise]:
    """Everyone whom a URL names, by a mark that holds no secret; nobody if a part of it is no address.

    A mail's recipients are told one by one, or one who is refused would have the others told again.
    """
    from apprise import Apprise, AppriseAsset, NotifyFormat, OverflowMode
    from apprise.plugins.email.base import NotifyEmail

    asset = AppriseAsset(
        async_mode=False, app_id="loadgate", app_desc="loadgate", app_url="", image_url_mask="", http_redirects=False
    )
    named = Apprise(asset=asset)
    try:
        if not url.strip() or not named.add(url):
            return {}
        found: dict[str, Apprise] = {}
        for service in named:
            service.request_rate_per_sec = 0
            service.notify_format = NotifyFormat.TEXT  # nothing in a name is ever markup
            service.overflow_mode = OverflowMode.SPLIT  # nothing is cut in silence
            service.interpret_emojis = False
            for one in _one_by_one(service) if isinstance(service, NotifyEmail) else [service]:
                shown: str = one.url(privacy=True)  # type: ignore[no-untyped-call]
                mark = f"{len(found)}-{key_of(shown)}"
                found[mark] = Apprise(asset=asset)
                found[mark].add(one)
    except Exception:  # whatever it says can hold the URL
        return {}
    return found


def _one_by_one(mail: NotifyEmail) -> Iterator[NotifyEmail]:
    for target in mail.targets:
        one = copy(mail)
        one.targets = [target]
        yield one


def _in_time(message: Message, address: Apprise, *, within_s: float) -> bool:
    """Whether it was sent in time. A server that answers byte by byte, for ever, is left behind with its thread."""
    sent: list[bool] = []

    def do() -> None:
        with _SILENCE:
            sent.append(_notify(message, address))

    thread = Thread(target=do, name="loadgate-alert", daemon=True)
    thread.start()
    thread.join(within_s)
    return sent == [True]


def _notify(message: Message, address: Apprise) -> bool:
    from apprise import NotifyFormat, NotifyType

    try:
        return bool(
            address.notify(
                title=message.subject,
                body=message.body,
                body_format=NotifyFormat.TEXT,
                notify_type=NotifyType.INFO,
                interpret_escapes=False,
            )
        )
    except Exception:  # whatever a channel raises can hold the URL: the cause is dropped with it
        return False


class _Silence:
    """Apprise logs URLs and answers of servers, and its hundred channels import deprecated modules.

    Of several who send at the same time the first begins it and the last ends it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._sending = 0
        self._kept = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if self._sending == 0:
                logger = logging.getLogger("apprise")
                self._kept.callback(setattr, logger, "disabled", logger.disabled)
                logger.disabled = True
                self._kept.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore", DeprecationWarning)
            self._sending += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._sending -= 1
            if self._sending == 0:
                self._kept.close()


_SILENCE: Final = _Silence()
