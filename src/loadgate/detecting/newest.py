"""First releases of earlier runs and this run's newest period in; findings that name what is wrong there, out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, cast

from loadgate.detecting.claims import Claim, Level, gathered, groups, levels, merged
from loadgate.detecting.course import FEWEST, Course, course
from loadgate.detecting.evidence import Subjects
from loadgate.detecting.firsts import Panel, panel
from loadgate.detecting.frozen import frozen
from loadgate.detecting.named import alone, factor, gone, means, moved
from loadgate.detecting.offsets import offsets
from loadgate.detecting.shifts import shifts
from loadgate.model.findings import CauseKind, Finding, GroupEvidence, MemberEffect
from loadgate.model.kinds import Kind, Severity

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

SHARED = 5  # providers from which a fault of the load is critical
_LOAD = frozenset({Kind.TREND_FACTOR, Kind.TREND_DOUBLED, Kind.TREND_PARTIAL, Kind.TREND_FROZEN})
_JUMP = 0.2  # log: all providers together moved by more than any season did
_BEYOND = 1.3


def newest(
    firsts: pl.DataFrame,
    *,
    subjects: Subjects,
    silent: Collection[tuple[str, str]] = (),
    changed: Collection[tuple[str, str]] = (),
) -> list[Finding]:
    """Find and name what is wrong in the newest reference periods, each thing once and as widely as it holds.

    In: FIRSTS (`detecting.firsts`); (dataset, provider) of which another finding says that nothing usable came;
    (area, provider) whose system changed in the last months. Out: findings trend.*, none where history is too short.
    """
    laid = panel(firsts, subjects=subjects, silent=silent)
    if laid is None or laid.values.shape[2] <= FEWEST + 1:
        return []
    import numpy as np

    made = course(laid)
    lattice = levels(made, subjects)
    areas = tuple(subjects.areas[laid.things[thing].figure] for thing, _ in laid.rows)
    new = np.array([[(area, who) in set(changed) for who in laid.providers] for area in dict.fromkeys(areas)])
    place = {area: number for number, area in enumerate(dict.fromkeys(areas))}
    moving = new[[place[area] for area in areas]]
    pairs = {(thing.dataset, subjects.areas[thing.figure]) for thing in laid.things}
    known = {
        dataset: groups(subjects.units, laid.providers, area=area, dataset=dataset) for dataset, area in sorted(pairs)
    }
    made = course(laid, apart=_apart(made, lattice))
    made = _with_national(made, lattice)
    hidden = np.zeros(made.judged.shape, dtype=bool)
    claims: list[Claim] = offsets(made, areas, hidden | moving)  # first: the cell that lost may be empty, or a tenth
    for claim in claims:
        hidden[np.ix_(sorted(claim.rows), sorted(claim.providers))] = True
    claims += gone(made, lattice, known, hidden)
    claims += frozen(made, lattice, known, hidden)
    claims += factor(made, lattice, known, hidden)
    claims += moved(made, lattice, known, hidden, moving)
    claims += shifts(made, lattice, known, hidden, moving)
    claims += alone(made, lattice, known, hidden, moving)
    found = [_finding(claim, made, subjects) for claim in merged(gathered(claims, made, known))]
    return sorted(found, key=lambda finding: finding.id)


def _apart(made: Course, lattice: dict[str, Level]) -> np.ndarray:
    """Values that left their course by far, with their whole set: they say nothing about the others' common course."""
    import numpy as np

    out = np.zeros(made.judged.shape, dtype=bool)
    for name in ("dataset", "stream", "figure"):
        level = lattice[name]
        own = means(made, level, out)
        far = np.abs(own.mean[:, :, -1]) > np.maximum(_JUMP, 6 * own.scale)
        out |= (level.members.T @ np.nan_to_num(far & (own.agree > 0.5)).astype(float)) > 0
    return out


def _with_national(made: Course, lattice: dict[str, Level]) -> Course:
    """Give back to every provider what all of them did together, where it is more than any earlier period did."""
    from dataclasses import replace

    import numpy as np

    from loadgate.detecting.course import middle

    errors, expected = made.errors, made.expected
    given = np.zeros(len(errors), dtype=bool)
    for name in ("dataset", "stream"):
        level = lattice[name]
        for number in range(len(level.members)):
            rows = (level.members[number] > 0) & ~given
            if not rows.any():
                continue
            moves = middle(made.national[rows], 0)
            usual = float(np.nanmax(np.abs(moves[FEWEST:-1]), initial=0.0))
            if abs(moves[-1]) > max(_JUMP, _BEYOND * usual):
                errors = errors.copy() if errors is made.errors else errors
                errors[rows, :, -1] += made.national[rows, -1][:, None]
                expected = np.where(rows[:, None], expected * np.exp(-made.national[:, -1])[:, None], expected)
                given |= rows
    return replace(made, errors=errors, expected=expected)


def _finding(claim: Claim, made: Course, subjects: Subjects) -> Finding:
    import numpy as np

    laid = made.panel
    rows, people = sorted(claim.rows), sorted(claim.providers)
    things = {laid.rows[row][0] for row in rows}
    figures = sorted({user for thing in things for user in laid.things[thing].users})
    starts = [cast("date", laid.newest[laid.things[thing].group]) for thing in sorted(things)]
    span = subjects.span(figures, (min(starts), max(starts)))
    parts = [(claim.area, laid.providers[who]) for who in people]
    scope = subjects.scope(figures=figures, parts=parts, reference=span)
    cells = {laid.rows[row][1] for row in rows}
    if len(things) == 1 and None not in cells:
        whole = {cell for thing, cell in laid.rows if thing in things}
        if cells < whole:
            scope = type(scope).of(reference=span, **scope.values, cell={cell for cell in cells if cell is not None})
    block = np.ix_(rows, people)
    now, due = laid.values[:, :, -1][block], made.expected[block]
    judged = made.judged[block]
    if claim.kind is Kind.TREND_GONE:  # of several providers each may have lost another cell
        judged = judged & ((now == 0) | np.isnan(now))
    effects = _effects(claim, now, due, judged) if claim.effect is None else [claim.effect] * len(people)
    known = sorted(effect for effect in effects if effect is not None)
    datasets = {laid.things[thing].dataset for thing in things}
    still = sorted({user for thing in laid.things if thing.dataset in datasets for user in thing.users} - set(figures))
    return Finding(
        kind=claim.kind,
        severity=_severity(claim),
        scope=scope,
        evidence=GroupEvidence(
            cells=int(judged.sum()),
            eligible=int(made.judged[np.ix_(sorted(_all_rows(laid, datasets)), people)].sum()),
            first=str(span.first),
            last=str(span.last),
            periods=1,
            direction=_direction(known),
            effect_min=min(known, default=None),
            effect_median=known[(len(known) - 1) // 2] if known else None,
            effect_max=max(known, default=None),
            evidence=_nine(claim.evidence),
            detection_limit=_nine(claim.limit),
            unmoved=tuple(still),
            unmoved_cells=0,
            unmoved_restated=0,
            members=tuple(
                MemberEffect(
                    provider=laid.providers[who],
                    cell=None,
                    cells=int(judged[:, number].sum()),
                    eligible=int(judged[:, number].sum()),
                    effect_min=effects[number],
                    effect_median=effects[number],
                    effect_max=effects[number],
                )
                for number, who in enumerate(people)
            ),
        ),
        detail={"cause": claim.cause.value, "members": _members(claim, laid.providers), **claim.detail},
    )


def _all_rows(laid: Panel, datasets: set[str]) -> list[int]:
    return [number for number, (thing, _) in enumerate(laid.rows) if laid.things[thing].dataset in datasets]


def _effects(claim: Claim, now: np.ndarray, due: np.ndarray, judged: np.ndarray) -> list[float | None]:
    """By provider: the middle of the rows' effects, or of the rows that lost, where others gained."""
    import numpy as np

    found: list[float | None] = []
    for column in range(now.shape[1]):
        with np.errstate(divide="ignore", invalid="ignore"):
            each = np.where(np.isnan(now[:, column]), 0.0, now[:, column]) / due[:, column] - 1
        each = np.sort(each[judged[:, column] & np.isfinite(each)])
        if each.size == 0:
            found.append(None)
        elif claim.kind is Kind.TREND_OFFSET:
            found.append(_nine(float(each[0])))
        else:
            found.append(_nine(float((each[(each.size - 1) // 2] + each[each.size // 2]) / 2)))
    return found


def _direction(effects: list[float]) -> str:
    if effects and min(effects) > 0:
        return "up"
    return "down" if effects and max(effects) < 0 else "mixed"


def _members(claim: Claim, providers: tuple[str, ...]) -> str:
    if claim.cause in (CauseKind.PROVIDER, CauseKind.OTHER, CauseKind.RUN):
        return ",".join(providers[who] for who in sorted(claim.providers))
    return claim.name


def _severity(claim: Claim) -> Severity:
    """One provider's own is a warning; a fault of the load that several share is critical."""
    shared = len(claim.providers) >= SHARED and claim.kind in _LOAD
    return Severity.CRITICAL if shared else Severity.WARNING


def _nine(value: float) -> float:
    """Nine significant digits: the last bits of a sum say nothing."""
    return float(f"{value:.9g}")
