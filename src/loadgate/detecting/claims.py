"""Rows and providers that show one thing in; claims as wide as they hold, each once, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from loadgate.detecting.course import Course, middle
from loadgate.detecting.evidence import Subjects
from loadgate.model.findings import CauseKind
from loadgate.model.identity import part_id
from loadgate.model.kinds import Kind

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

NEARLY = 0.9  # share of the members that must show it before all are named
SEVERAL = 2
_MANY = 5  # providers that show one kind of thing, each by itself
_SIZED = frozenset({Kind.TREND_SHIFT, Kind.TREND_PARTIAL})  # of other kinds the name says how much

_Key = tuple[Kind, tuple[tuple[str, str], ...], str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Providers of one area that something is shared by, or could be; or one, alone."""

    cause: CauseKind
    name: str
    members: np.ndarray  # by provider

    def claim(
        self,
        kind: Kind,
        area: str,
        block: np.ndarray,
        *,
        evidence: float,
        limit: float,
        detail: Mapping[str, str] = MappingProxyType({}),
    ) -> Claim:
        """Say that these providers show it; `block` (rows x providers) is where."""
        import numpy as np

        return Claim(
            kind=kind,
            area=area,
            rows=frozenset(np.flatnonzero(block.any(axis=1)).tolist()),
            providers=frozenset(np.flatnonzero(self.members).tolist()),
            evidence=evidence,
            limit=limit,
            cause=self.cause,
            name=self.name,
            detail=detail,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that happened: these rows of these providers (places in the panel).

    `limit`: the smallest effect (a fraction) that would have been seen. `cause`: what the providers share.
    """

    kind: Kind
    area: str
    rows: frozenset[int]
    providers: frozenset[int]
    evidence: float
    limit: float
    cause: CauseKind = CauseKind.PROVIDER
    name: str = ""
    effect: float | None = None  # a fraction, of the group as a whole; None: what its rows say
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Sets of rows: `members` is sets x rows, 0 or 1; `areas` and `datasets` say where each set lies."""

    name: str
    members: np.ndarray
    areas: tuple[str, ...]
    datasets: tuple[str, ...]


def levels(course: Course, subjects: Subjects) -> dict[str, Level]:
    """The rows by dataset, stream (what is measured), family, figure and cell; a set equal to a wider one stays."""
    import numpy as np

    panel = course.panel
    of = [panel.things[thing] for thing, _ in panel.rows]
    labels = {
        "dataset": [thing.group for thing in of],
        "stream": [thing.stream for thing in of],
        "family": [thing.family for thing in of],
        "figure": [f"{thing}" for thing, _ in panel.rows],
        "cell": [f"{number}" for number in range(len(of))],
    }
    found = {}
    for name, own in labels.items():
        first: dict[str, int] = {}
        for number, label in enumerate(own):
            first.setdefault(label, number)
        place = {label: number for number, label in enumerate(first)}
        members = np.zeros((len(first), len(of)))
        members[[place[label] for label in own], range(len(of))] = 1
        things = [of[number] for number in first.values()]
        found[name] = Level(
            name=name,
            members=members,
            areas=tuple(subjects.areas[thing.figure] for thing in things),
            datasets=tuple(thing.dataset for thing in things),
        )
    return found


def groups(units: pl.DataFrame, providers: Sequence[str], *, area: str, dataset: str) -> list[Group]:
    """Sets of several providers, the widest first; of equal ones the wider cause only. Deliveries of the dataset."""
    import numpy as np

    place = {provider: number for number, provider in enumerate(providers)}
    sets: dict[tuple[int, str], tuple[CauseKind, set[int]]] = {}

    def add(rank: int, cause: CauseKind, name: str | None, number: int) -> None:
        if name:
            sets.setdefault((rank, name), (cause, set()))[1].add(number)

    wanted = ["area", "provider", "vendor", "system", "system_version", "delivery"]
    areas = units["area"].n_unique()
    for own, provider, vendor, system, version, delivery in units.select(wanted).iter_rows():
        if own != area or provider not in place:
            continue
        number = place[provider]
        add(0, CauseKind.AREA if areas > 1 else CauseKind.RUN, area if areas > 1 else "run", number)
        add(1, CauseKind.VENDOR, vendor, number)
        add(2, CauseKind.SYSTEM, system, number)
        add(3, CauseKind.SYSTEM_VERSION, part_id(system, version) if system and version else None, number)
        if delivery and delivery.split("/")[2:3] == [dataset]:
            add(4, CauseKind.DELIVERY, delivery, number)
    found: dict[frozenset[int], tuple[int, str, CauseKind]] = {}
    for (rank, name), (cause, members) in sorted(sets.items()):
        chosen = frozenset(members)
        if len(chosen) < SEVERAL:
            continue
        # what one system alone serves is called by the system, not by its vendor
        if chosen not in found or (cause is CauseKind.SYSTEM and found[chosen][2] is CauseKind.VENDOR):
            found[chosen] = rank, name, cause
    ordered = sorted(found.items(), key=lambda item: (-len(item[0]), item[1][0], item[1][1]))
    made = []
    for own_members, (_, name, cause) in ordered:
        mask = np.zeros(len(providers), dtype=bool)
        mask[sorted(own_members)] = True
        made.append(Group(cause=cause, name=name, members=mask))
    return made


def shared(
    hits: np.ndarray, can_tell: np.ndarray, known: Sequence[Group], *, sure: np.ndarray | None = None
) -> list[Group]:
    """Explain the providers that show it: sets of which (nearly) all that can tell do, then each that is left.

    In: by provider, who shows it and who could; `sure`: who shows it beyond doubt, at least half of a set and each that
    is named alone. Out: who shows it of each.
    """
    import numpy as np

    certain = hits if sure is None else sure
    left = hits.copy()
    found: list[Group] = []
    for group in known:
        mine = hits & group.members
        telling = (can_tell | hits) & group.members
        if (left & certain & group.members).sum() < SEVERAL or mine.sum() < NEARLY * telling.sum():
            continue
        if 2 * (certain & group.members).sum() < mine.sum() or 2 * mine.sum() < group.members.sum():
            continue
        found.append(replace(group, members=mine))
        left &= ~group.members
    for number in np.flatnonzero(left & certain):
        alone = np.zeros_like(hits)
        alone[number] = True
        found.append(Group(cause=CauseKind.PROVIDER, name="", members=alone))
    return found


def gathered(claims: Sequence[Claim], course: Course, known: Mapping[str, Sequence[Group]]) -> list[Claim]:
    """Providers that show one kind of thing each by itself as the set that they make up.

    A set fits of which the same thing is claimed already, in rows that both show, or in others at several providers;
    or where at least half of its members and of those that show it are both. What one of them lost beside what all
    lost, or by how much more than all it moved, stays its own.
    """
    found: list[Claim] = []
    alone: dict[_Key, list[Claim]] = {}
    told: dict[_Key, list[Claim]] = {}
    for claim in claims:
        of = {course.panel.things[course.panel.rows[row][0]].dataset for row in claim.rows}
        keys = [(claim.kind, tuple(sorted(claim.detail.items())), claim.area, dataset) for dataset in sorted(of)]
        if claim.cause is CauseKind.PROVIDER and len(keys) == 1:
            alone.setdefault(keys[0], []).append(claim)
            continue
        found.append(claim)
        for key in keys:
            told.setdefault(key, []).append(claim)
    for key, several in alone.items():
        left = several
        for group in known[key[-1]]:
            wide = [one for one in told.get(key, ()) if (one.cause, one.name) == (group.cause, group.name)]
            mine = [one for one in left if _within(one, group)]
            many = len(frozenset[int]().union(*(one.providers for one in mine))) >= _MANY
            joined = [one for one in mine if any(_same(one, other, course, anywhere=many) for other in wide)]
            found += [replace(one, cause=group.cause, name=group.name) for one in joined]
            left = [one for one in left if one not in joined]
        while (fits := _fitting(left, known[key[-1]])) is not None:
            found += [replace(one, cause=fits.cause, name=fits.name) for one in left if _within(one, fits)]
            left = [one for one in left if not _within(one, fits)]
        found += left
    return found


def _same(one: Claim, wide: Claim, course: Course, *, anywhere: bool) -> bool:
    """Whether a provider shows what its set does: in some of the same rows; of shifts and losses, about as much."""
    joint = one.rows <= wide.rows if one.kind is Kind.TREND_GONE else bool(one.rows & wide.rows)
    if not (anywhere or joint):
        return False
    if one.kind not in _SIZED:
        return True
    rows = one.rows | wide.rows
    own, others = (_middle_of(course, rows, providers) for providers in (one.providers, wide.providers))
    return others != 0 and 0.5 <= own / others <= 2


def _middle_of(course: Course, rows: frozenset[int], providers: frozenset[int]) -> float:
    """The middle error (log) of what is judged of them in the newest period; NaN where nothing is."""
    import numpy as np

    block = np.ix_(sorted(rows), sorted(providers))
    now = np.where(course.judged[block], course.errors[:, :, -1][block], np.nan)
    return float(middle(now.reshape(1, -1), 1)[0])


def _within(claim: Claim, group: Group) -> bool:
    return all(group.members[who] for who in claim.providers)


def _fitting(alone: Sequence[Claim], known: Sequence[Group]) -> Group | None:
    """The set that fits best; of equal ones the wider."""
    showing = frozenset[int]().union(*(claim.providers for claim in alone))
    best: tuple[float, Group | None] = (0.5, None)
    for group in known:
        members = frozenset(int(who) for who in group.members.nonzero()[0])
        fit = len(members & showing) / len(members | showing)
        if len(members & showing) >= _MANY and fit >= best[0] and (best[1] is None or fit > best[0]):
            best = (fit, group)
    return best[1]


def merged(claims: Sequence[Claim]) -> list[Claim]:
    """Claims of one kind and cause in one area are one; a provider's own too, where it is the same provider."""
    found: dict[tuple[object, ...], Claim] = {}
    for claim in claims:
        own = claim.providers if claim.cause is CauseKind.PROVIDER else None
        key = (claim.kind, tuple(sorted(claim.detail.items())), claim.area, claim.cause, claim.name, own)
        one = found.get(key)
        if one is None:
            found[key] = claim
            continue
        found[key] = replace(
            one,
            rows=one.rows | claim.rows,
            providers=one.providers | claim.providers,
            evidence=max(one.evidence, claim.evidence),
            limit=min(one.limit, claim.limit),
            effect=None if claim.effect is None else one.effect,
        )
    return list(found.values())
