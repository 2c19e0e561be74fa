"""Rulings and lineage in; out, the reservations that travel with the figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from loadgate.judging.policy import Ruling
from loadgate.model.expected import Effect
from loadgate.model.identity import VERSION_ENDING, expected_id
from loadgate.model.judgement import Caveat, PartVerdict
from loadgate.model.scope import Scope

if TYPE_CHECKING:
    import polars as pl

KNOWN_ERROR = "known_error"  # the reason of a caveat from the register; else it is the finding's kind
WITHHELD = "withheld"
Fed = Mapping[str, tuple[frozenset[str], frozenset[str]]]  # delivery -> figures, providers


def caveats(
    rulings: Sequence[Ruling], *, withheld: Sequence[PartVerdict], lineage: pl.DataFrame | None
) -> tuple[Caveat, ...]:
    """One caveat for each reason and box of figures; boxes that differ only in the provider are one.

    A finding on a delivery becomes a caveat on the figures that the delivery feeds. A part that is withheld leaves a
    caveat too: whoever looks for its figures, or averages over the others, must see that they are not there.
    """
    marked = [ruling for ruling in rulings if ruling.effect is Effect.CAVEAT]
    fed = _fed(marked, lineage)
    boxes: dict[tuple[str, str, Scope], list[frozenset[str] | None]] = defaultdict(list)
    for reason, source, members in _by_reason(marked):
        for ruling in members:
            scope = _figure_side(ruling.finding.scope, fed)
            boxes[(reason, source, replace(scope, provider=None))].append(scope.provider)
    found = {
        Caveat(scope=replace(box, provider=_union(providers)), reason=reason, source=source)
        for (reason, source, box), providers in boxes.items()
    }
    found |= {_withheld(part) for part in withheld}
    return tuple(sorted(found, key=lambda caveat: (caveat.reason, str(caveat.scope), caveat.source)))


def _by_reason(rulings: Sequence[Ruling]) -> list[tuple[str, str, list[Ruling]]]:
    together: dict[tuple[str, tuple[str, ...]], list[Ruling]] = defaultdict(list)
    for ruling in sorted(rulings, key=lambda found: found.id):
        if ruling.known_error is not None:
            key: tuple[str, tuple[str, ...]] = (KNOWN_ERROR, (ruling.known_error,))
        else:
            key = (ruling.finding.kind.value, ruling.case.findings if ruling.case is not None else (ruling.id,))
        together[key].append(ruling)
    return [(reason, members[0].known_error or members[0].id, members) for (reason, _), members in together.items()]


def _figure_side(scope: Scope, fed: Fed) -> Scope:
    figures, providers = set(scope.figure or ()), set(scope.provider or ())
    for delivery in scope.delivery or ():
        feeds = fed.get(expected_id(delivery), (frozenset(), frozenset()))
        figures |= feeds[0] if scope.figure is None else set()
        providers |= feeds[1] if scope.provider is None else set()
    return Scope(
        area=scope.area,
        provider=frozenset(providers) or None,
        figure=frozenset(figures) or None,
        family=scope.family,
        cell=scope.cell,
        reference=scope.reference,
    )


def _fed(rulings: Sequence[Ruling], lineage: pl.DataFrame | None) -> Fed:
    """What each delivery that matters here feeds; keyed by the expected delivery, whatever its version."""
    import polars as pl

    wanted = {expected_id(name) for ruling in rulings for name in ruling.finding.scope.delivery or ()}
    if lineage is None or not wanted:
        return {}
    plain = lineage.with_columns(pl.col("delivery").str.replace(VERSION_ENDING, ""))
    rows = plain.filter(pl.col("delivery").is_in(sorted(wanted))).group_by("delivery")
    return {
        delivery: (frozenset(figures), frozenset(providers))
        for delivery, figures, providers in rows.agg(
            pl.col("figure").unique(), pl.col("provider").drop_nulls().unique()
        ).iter_rows()
    }


def _union(boxes: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    known = [box for box in boxes if box is not None]
    return frozenset().union(*known) if len(known) == len(boxes) else None


def _withheld(part: PartVerdict) -> Caveat:
    area, _, provider = part.part.partition("/")
    source = next(reason.findings[0] for reason in part.reasons if reason.effect == "block")
    return Caveat(scope=Scope.of(area=area, provider=provider), reason=WITHHELD, source=source)
