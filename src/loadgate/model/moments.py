"""A moment and a time zone in; out, the day and hour that it is there. Written ones are read as people mean them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from loadgate.errors import NotFound


def day_in(timezone: str, moment: datetime) -> date:
    """The day there. A moment without a zone is one of that place already."""
    return (moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(timezone))).date()


def written_in(timezone: str, moment: datetime) -> str:
    """`2025-08-28 09:12`, as the clocks there show it. The zone is told beside it, once."""
    return (moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(timezone))).strftime("%Y-%m-%d %H:%M")


FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Of periods that are loaded and of a run's now: beyond them, no day before, month after or zone could be told."""


def read_moment(text: str, timezone: str) -> datetime:
    """Read a moment, into UTC; one without an offset is a local one, and a day alone its last second.

    Raises NotFound for anything else, and outside of FIRST_YEAR to LAST_YEAR.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise NotFound(f"{text!r} is no time", fix="write 2025-08-28 or 2025-08-28T09:12:00+02:00") from None
    if "T" not in text and " " not in text:
        read = read.replace(hour=23, minute=59, second=59)
    if not FIRST_YEAR <= read.year <= LAST_YEAR:
        raise NotFound(f"{text!r} is no time for a run", fix=f"name one from {FIRST_YEAR} to {LAST_YEAR}")
    return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
