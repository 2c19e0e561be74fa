"""Marked cells and the assignments in; a grid of counts with the groups that could share one cause, out.

Rows of the grid are items (a figure's cell, or its age band), columns are parts (area/provider). A group is a set of
items times a set of parts: {all, family, figure, item} x {run, area, vendor, system, version, delivery, provider}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgate.model.findings import CauseKind
from loadgate.model.identity import part_id

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLevel:
    """Consecutive items belong together: `starts` are the first rows of the groups, `codes` the group of each row."""

    name: str
    starts: tuple[int, ...]
    codes: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLevel:
    """Named sets of parts; `members` is parts x sets, 0 or 1."""

    cause: CauseKind
    names: tuple[str, ...]
    members: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Eligible and marked cells per item and part; `chance` is how many marks coincidence alone would make."""

    items: tuple[tuple[str, str], ...]  # (figure, cell or band), by area, family and name
    parts: tuple[tuple[str, str], ...]  # (area, provider), by name
    eligible: np.ndarray
    hits: np.ndarray
    chance: np.ndarray
    item_levels: tuple[ItemLevel, ...]
    unit_levels: tuple[UnitLevel, ...]


def grid(marks: pl.DataFrame, *, areas: Mapping[str, str], families: Mapping[str, str], units: pl.DataFrame) -> Grid:
    """Count the marks and lay the lattice over them.

    In: marks (figure, item, provider, hit, chance); area and family per figure; units (area, provider, vendor, system,
    system_version, delivery). A set equal to an earlier, coarser one is left out, so that each has one name; a set of
    one provider stands at the provider's level only.
    """
    import numpy as np
    import polars as pl

    counted = (
        marks.group_by("figure", "item", "provider")
        .agg(pl.len().alias("eligible"), pl.col("hit").sum().alias("hits"), pl.col("chance").first())
        .with_columns(pl.col("figure").replace_strict(dict(areas), return_dtype=pl.String).alias("area"))
    )
    items = sorted(
        counted.select("figure", "item").unique().iter_rows(),
        key=lambda item: (areas[item[0]], families[item[0]], *item),
    )
    parts = sorted(counted.select("area", "provider").unique().iter_rows())
    row = {item: number for number, item in enumerate(items)}
    column = {part: number for number, part in enumerate(parts)}
    eligible, hits, chance = (np.zeros((len(items), len(parts))) for _ in range(3))
    for figure, item, provider, n, h, each, area in counted.iter_rows():
        place = row[figure, item], column[area, provider]
        eligible[place], hits[place], chance[place] = n, h, n * each
    return Grid(
        items=tuple(items),
        parts=tuple(parts),
        eligible=eligible,
        hits=hits,
        chance=chance,
        item_levels=_item_levels(items, areas=areas, families=families),
        unit_levels=_unit_levels(parts, units),
    )


def _item_levels(
    items: list[tuple[str, str]], *, areas: Mapping[str, str], families: Mapping[str, str]
) -> tuple[ItemLevel, ...]:
    import numpy as np

    labels: dict[str, list[tuple[str, ...]]] = {
        "all": [() for _ in items],
        "family": [(areas[figure], families[figure]) for figure, _ in items],
        "figure": [(figure,) for figure, _ in items],
        "item": list(items),
    }
    levels: list[ItemLevel] = []
    for name, own in labels.items():
        starts = [number for number, label in enumerate(own) if number == 0 or label != own[number - 1]]
        if levels and starts == list(levels[-1].starts):
            continue
        codes = np.searchsorted(np.array(starts), np.arange(len(items)), side="right") - 1
        levels.append(ItemLevel(name=name, starts=tuple(starts), codes=codes))
    return tuple(levels)


def _unit_levels(parts: list[tuple[str, str]], units: pl.DataFrame) -> tuple[UnitLevel, ...]:
    import numpy as np

    taken: set[frozenset[int]] = set()
    levels: list[UnitLevel] = []
    for cause, sets in _sets(parts, units).items():
        kept: dict[str, frozenset[int]] = {}
        for name, members in sorted(sets.items()):
            alone = len({parts[member][1] for member in members}) == 1
            if not members or members in taken or (alone and cause is not CauseKind.PROVIDER and len(parts) > 1):
                continue
            taken.add(members)
            kept[name] = members
        if kept:
            matrix = np.zeros((len(parts), len(kept)))
            for place, members in enumerate(kept.values()):
                matrix[sorted(members), place] = 1
            levels.append(UnitLevel(cause=cause, names=tuple(kept), members=matrix))
    return tuple(levels)


def _sets(parts: list[tuple[str, str]], units: pl.DataFrame) -> dict[CauseKind, dict[str, frozenset[int]]]:
    """Every named set of parts, coarse causes first."""
    place = {part: number for number, part in enumerate(parts)}
    found: dict[CauseKind, dict[str, set[int]]] = {
        CauseKind.RUN: {"run": set(range(len(parts)))},
        CauseKind.AREA: {},
        CauseKind.VENDOR: {},
        CauseKind.SYSTEM: {},
        CauseKind.SYSTEM_VERSION: {},
        CauseKind.DELIVERY: {},
        CauseKind.PROVIDER: {},
    }
    for (area, provider), number in place.items():
        found[CauseKind.AREA].setdefault(area, set()).add(number)
        found[CauseKind.PROVIDER].setdefault(provider, set()).add(number)
    wanted = ["area", "provider", "vendor", "system", "system_version", "delivery"]
    for area, provider, vendor, system, version, delivery in units.select(wanted).iter_rows():
        number = place.get((area, provider), -1)
        if number < 0:
            continue
        named = {
            CauseKind.VENDOR: vendor,
            CauseKind.SYSTEM: system,
            CauseKind.SYSTEM_VERSION: part_id(system, version) if system and version else None,
            CauseKind.DELIVERY: delivery,
        }
        for cause, name in named.items():
            if name:
                found[cause].setdefault(name, set()).add(number)
    return {cause: {name: frozenset(members) for name, members in sets.items()} for cause, sets in found.items()}
