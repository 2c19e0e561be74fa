"""Expected deliveries and received files in, one period's Arrivals at a moment out. Pure: no clock, no disk.

What counts: files first seen up to `as_of`. A delivery's files with the newest {date} in their names form its
current version; those of earlier dates are superseded. Without {date}, all of its files are one version.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from loadgate.arriving.patterns import PatternIndex
from loadgate.errors import LoadgateError
from loadgate.model.deliveries import (
    Arrival,
    Arrivals,
    ArrivalState,
    Delivery,
    ExpectedDelivery,
    Part,
    ReceivedFile,
)
from loadgate.model.identity import key_of
from loadgate.model.period import Cadence, Period

STATED_TIMES = "received.csv"  # a sample's arrival times: no delivery where the site says that it counts
_TEXT_FORMS = {
    Cadence.YEAR: r"(?<![0-9])[0-9]{4}(?![0-9]|-[0-9QW])",
    Cadence.QUARTER: r"(?<![0-9])[0-9]{4}-Q[1-4](?![0-9])",
    Cadence.MONTH: r"(?<![0-9])[0-9]{4}-(?:0[1-9]|1[0-2])(?![0-9]|-[0-9])",
    Cadence.WEEK: r"(?<![0-9])[0-9]{4}-W[0-5][0-9](?![0-9])",
    Cadence.DAY: r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])",
}


def content_key(parts: Iterable[Part | ReceivedFile]) -> str:
    """The key of a version's bytes: names and order of its parts do not matter."""
    return key_of(sorted(part.sha256 for part in parts))


def match(
    expected: Sequence[ExpectedDelivery],
    files: Sequence[ReceivedFile],
    *,
    period: Period,
    as_of: datetime,
    known_versions: Mapping[str, Sequence[str]],
    earlier: Mapping[str, str],
    stated_times: bool = False,
    opens: datetime | None = None,
) -> Arrivals:
    """Put received files down to expected deliveries.

    `known_versions`: content keys of a delivery's earlier versions, in order, by delivery id. `earlier`: content key
    to the id of an earlier period's delivery with the same bytes. A file that nobody expects is this period's if its
    path names the period, or names none and it was first seen from `opens` on; None: one period before closing.
    With `stated_times` the inbox's `received.csv` is no stray file.
    """
    seen = [file for file in files if file.first_seen <= as_of]
    index = PatternIndex((delivery.pattern, delivery.id) for delivery in expected)
    by_delivery: defaultdict[str, dict[str, list[ReceivedFile]]] = defaultdict(lambda: defaultdict(list))
    strays: list[ReceivedFile] = []
    start = opens if opens is not None else _opening(expected, period)
    for file in sorted(seen, key=lambda file: file.name):
        found = index.find(file.name)
        if found is not None:
            by_delivery[found[0]][found[1].date or ""].append(file)
        elif not (stated_times and file.name == STATED_TIMES) and _belongs(file, period, start):
            strays.append(file)
    arrivals: list[Arrival] = []
    repeated: list[tuple[str, str]] = []
    for delivery in expected:
        versions = [by_delivery[delivery.id][day] for day in sorted(by_delivery[delivery.id])]
        arrivals += _arrive(delivery, versions, as_of=as_of, known=known_versions.get(delivery.id, ()))
        repeated += [(delivery.id, delivery.id)] * any(len(_distinct(files)) < len(files) for files in versions[-1:])
    current = [arrival for arrival in arrivals if arrival.state is not ArrivalState.SUPERSEDED]
    return Arrivals(
        period=str(period),
        arrivals=tuple(arrivals),
        unexpected=tuple(strays),
        duplicates=tuple(sorted({*repeated, *_duplicates(current, earlier)})),
    )


def _arrive(
    expected: ExpectedDelivery, versions: list[list[ReceivedFile]], *, as_of: datetime, known: Sequence[str]
) -> list[Arrival]:
    """Superseded versions in order, then the one that counts."""
    if not versions:
        return [Arrival(expected=expected, state=_awaited(expected, as_of), delivery=None)]
    # whether it came in time is said by the first version: a later, better one does not make it late
    complete = [max(file.first_seen for file in _distinct(files)) for files in versions]
    state = ArrivalState.LATE if min(complete) > expected.due else ArrivalState.ON_TIME
    keys = list(known)
    arrivals: list[Arrival] = []
    for place, files in enumerate(versions, start=1):
        parts = tuple(Part(name=f.name, sha256=f.sha256, size_bytes=f.size_bytes) for f in _distinct(files))
        key = content_key(parts)
        if key not in keys:
            keys.append(key)
        current = state if place == len(versions) else ArrivalState.SUPERSEDED
        delivery = Delivery(
            expected=expected,
            version=keys.index(key) + 1,
            parts=parts,
            received_at=complete[place - 1],
            state=current,
        )
        arrivals.append(Arrival(expected=expected, state=current, delivery=delivery))
    return arrivals


def _distinct(files: Sequence[ReceivedFile]) -> list[ReceivedFile]:
    """Files in name order, each content once: the same bytes twice must not count twice."""
    first: dict[str, ReceivedFile] = {}
    for file in sorted(files, key=lambda file: file.name):
        first.setdefault(file.sha256, file)
    return list(first.values())


def _awaited(expected: ExpectedDelivery, as_of: datetime) -> ArrivalState:
    """Nothing is there: at the due moment it is overdue, at the closing moment missing."""
    if as_of < expected.due:
        return ArrivalState.AWAITED
    return ArrivalState.OVERDUE if as_of < expected.closes else ArrivalState.MISSING


def _duplicates(current: Sequence[Arrival], earlier: Mapping[str, str]) -> list[tuple[str, str]]:
    """(delivery id, of what): the same bytes as an earlier period's delivery, or as another unit's in this one."""
    found: list[tuple[str, str]] = []
    same: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for arrival in current:
        if arrival.delivery is None:
            continue
        key = content_key(arrival.delivery.parts)
        if key in earlier:
            found.append((arrival.expected.id, earlier[key]))
        same[arrival.expected.dataset, key].append(arrival.expected.id)
    for ids in same.values():
        # which of them is the right one, the bytes do not say
        found += [(mine, next(other for other in ids if other != mine)) for mine in ids if len(ids) > 1]
    return found


def _opening(expected: Sequence[ExpectedDelivery], period: Period) -> datetime | None:
    if not expected:
        return None
    return max(delivery.closes for delivery in expected) - timedelta(days=(period.end - period.start).days)


def _belongs(file: ReceivedFile, period: Period, opens: datetime | None) -> bool:
    """Whether a file that nobody expects is this period's affair."""
    if re.search(rf"(?<![0-9]){re.escape(str(period))}(?![0-9]|-[0-9])", file.name):
        return True
    if re.search(_TEXT_FORMS[period.cadence], file.name):
        return False
    return opens is None or file.first_seen >= opens


def periods_named(names: Iterable[str], *, cadence: Cadence) -> list[Period]:
    """Periods of this cadence whose text stands in any of the names, oldest first."""
    found: set[Period] = set()
    for name in names:
        for text in re.findall(_TEXT_FORMS[cadence], name):
            try:
                found.add(Period.parse(text))
            except LoadgateError:
                continue
    return sorted(found)
