"""One message and an Apprise URL in; out, nothing, or CouldNotRun, whose text holds of the URL only its scheme."""

from __future__ import annotations

import logging
import re
import warnings
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Final

from loadgate.alerting.routes import Message
from loadgate.errors import CouldNotRun

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]{0,30})://")


def masked(url: str) -> str:
    """Only how it is sent. Hosts and paths can be credentials too: a chat's token stands in either."""
    found = _SCHEME.match(url.strip())
    return f"{found.group(1).lower()}://…" if found else "…"


def send(message: Message, url: str) -> None:
    """Send it once, as plain text, without Apprise's own waiting between messages.

    Raises CouldNotRun if the URL is none, or if what it names did not take the message.
    """
    with _SILENCE:
        sent = _notify(message, url)
    if sent is None:
        raise CouldNotRun(
            f"the alert for route {message.route} could not be sent: {masked(url)} is no address that Apprise knows",
            fix="set the route's environment variable to an Apprise URL, such as mailto:// or json://",
        )
    if not sent:
        raise CouldNotRun(
            f"the alert for route {message.route} could not be sent: {masked(url)} did not take it",
            fix="check that the server answers and the credentials are right; the message waits for its next try",
        )


def _notify(message: Message, url: str) -> bool | None:
    """Whether it was sent; None for a URL that Apprise does not know."""
    from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType, OverflowMode

    try:
        notifier = Apprise(
            asset=AppriseAsset(async_mode=False, app_id="loadgate", app_desc="loadgate", app_url="", image_url_mask="")
        )
        if not url.strip() or not notifier.add(url) or not len(notifier):
            return None
        for service in notifier:
            service.request_rate_per_sec = 0
            service.notify_format = NotifyFormat.TEXT  # nothing in a name is ever markup
            service.overflow_mode = OverflowMode.SPLIT  # nothing is cut in silence
            service.interpret_emojis = False
        return bool(
            notifier.notify(
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
