"""Effects by provider, or restatements by age, in; charts out, as numbers that a template draws as SVG.

Positions are per cent of the plot's width, so that a chart fits a phone and a page without its text being scaled,
and its colours are the page's own, so that it follows light, dark and print.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from loadgate.model.findings import GroupEvidence, MemberEffect
from loadgate.reporting.language import sentence_case
from loadgate.reporting.names import Names
from loadgate.reporting.summaries import AgeBand

MOST_ROWS = 24
_MOST_CHARACTERS = 24
_TICKS = 4
_ROOM = 0.03  # beyond the outermost values, as a share of all
_OUTSIDE = ("above", "below")  # the usual band


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartRow:
    """A row from `low` to `high` (a line or a bar), with dots, a band behind, and a text at its end; in per cent."""

    label: str
    low: float
    high: float
    dots: tuple[float, ...] = ()
    band: tuple[float, float] | None = None
    text: str = ""
    odd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart. `title` says its finding, `description` is the text alternative, `axis` names the unit."""

    id: str
    title: str
    description: str
    axis: str
    bars: bool
    rows: tuple[ChartRow, ...]
    ticks: tuple[tuple[float, str], ...]  # place, label
    zero: float
    note: str | None = None


def effect_chart(chart_id: str, *, evidence: GroupEvidence, figure: str, names: Names) -> Chart | None:
    """Effect by provider with its range, a dot per breakdown; None with fewer than two providers to compare.

    `figure` is its title. The providers with the widest range come first; beyond 24 the rest is counted.
    """
    words = names.words
    members: dict[str, list[MemberEffect]] = {}
    for member in evidence.members:
        if member.cells and member.effect_min is not None and member.effect_max is not None:
            members.setdefault(member.provider, []).append(member)
    if len(members) < 2:
        return None
    ranges = {provider: _range(own) for provider, own in members.items()}
    order = sorted(ranges, key=lambda each: (-(ranges[each][1] - ranges[each][0]), names.providers.get(each, each)))
    shown = order[:MOST_ROWS]
    axis = _axis(min(ranges[each][0] for each in shown), max(ranges[each][1] for each in shown))
    rows = tuple(
        ChartRow(
            label=_short(names.providers.get(each, each)),
            low=axis.place(ranges[each][0]),
            high=axis.place(ranges[each][1]),
            dots=tuple(sorted({axis.place(m.effect_median) for m in members[each] if m.effect_median is not None})),
        )
        for each in shown
    )
    lows, highs = [low for low, _ in ranges.values()], [high for _, high in ranges.values()]
    middle = evidence.effect_median if evidence.effect_median is not None else median([*lows, *highs])
    total = max(len({member.provider for member in evidence.members}), names.all_providers)
    part = names.count_providers(len(ranges))
    if len(ranges) < total:
        part = words("clause", "some_providers", part=words.number(len(ranges)), count=names.count_providers(total))
    elif len(ranges) > 1:
        part = words("clause", "all_providers", count=part)
    direction = words("chart", evidence.direction if evidence.direction in ("up", "down") else "mixed")
    note = None
    if len(order) > len(shown):
        whole = names.count_providers(len(order))
        note = words("chart", "effect_left", shown=words.number(len(shown)), whole=whole)
    return Chart(
        id=chart_id,
        title=words("chart", "effect_all", figure=sentence_case(figure), part=part, direction=direction),
        description=words(
            "chart",
            "effect_desc",
            rows=names.count_providers(len(shown)),
            lowest=words.percent(min(lows), signed=True),
            highest=words.percent(max(highs), signed=True),
            median=words.percent(middle, signed=True),
        ),
        axis=words("chart", "effect_axis"),
        bars=False,
        rows=rows,
        ticks=tuple((axis.place(tick), words.number(tick * 100, axis.decimals, signed=True)) for tick in axis.ticks),
        zero=axis.place(0.0),
        note=note,
    )


def age_chart(chart_id: str, *, bands: Sequence[AgeBand], figure: str, names: Names) -> Chart:
    """Share restated by age against the usual band. `figure` is the title of the one that all `bands` are of."""
    words = names.words
    highest = [share for band in bands for share in (band.share, band.high or 0.0)]
    axis = _axis(0.0, max(*highest, 0.001))
    labels = [age_label(band, names) for band in bands]
    rows = tuple(
        ChartRow(
            label=label,
            low=axis.place(0.0),
            high=axis.place(band.share),
            band=None if band.low is None or band.high is None else (axis.place(band.low), axis.place(band.high)),
            text=words.percent(band.share),
            odd=band.place in ("above", "below"),
        )
        for label, band in zip(labels, bands, strict=True)
    )
    outside = {place: [x for x, b in zip(labels, bands, strict=True) if b.place == place] for place in _OUTSIDE}
    where = next((place for place in _OUTSIDE if outside[place]), None)
    key = f"age_{where}" if where else "age_usual" if any(row.band for row in rows) else "age_unknown"
    ages = words.join(outside[where]) if where else ""
    summary = "; ".join(_age_item(label, band, names) for label, band in zip(labels, bands, strict=True)) + "."
    return Chart(
        id=chart_id,
        title=words("chart", key, figure=sentence_case(figure), ages=ages),
        description=words("chart", "age_desc", rows=words.number(len(rows)), summary=summary),
        axis=words("chart", "age_axis"),
        bars=True,
        rows=rows,
        ticks=tuple((axis.place(tick), words.number(tick * 100, axis.decimals)) for tick in axis.ticks),
        zero=axis.place(0.0),
    )


def _age_item(label: str, band: AgeBand, names: Names) -> str:
    words = names.words
    if band.low is None or band.high is None:
        return words("chart", "age_item", age=label, share=words.percent(band.share))
    low, high = words.percent(band.low), words.percent(band.high)
    return words("chart", "age_item_band", age=label, share=words.percent(band.share), low=low, high=high)


def age_label(band: AgeBand, names: Names) -> str:
    """`5–12 weeks`."""
    key = "from" if band.last is None else "one" if band.first == band.last else "bands"
    unit = names.words.known("age", band.unit)
    return names.words("age", key, first=band.first, last=band.last, before=band.first - 1, unit=unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    low: float
    high: float
    ticks: tuple[float, ...]
    decimals: int

    def place(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 2)


def _axis(low: float, high: float) -> _Axis:
    """An axis with zero and all values in it, and round ticks; labels are in per cent."""
    low, high = min(low, 0.0), max(high, 0.0, low + 1e-6)
    rough = max(high - low, 1e-6) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
    room = (high - low) * _ROOM
    low, high = low - room if low < 0 else 0.0, high + room if high > 0 else 0.0
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = tuple(index * step for index in range(first, last + 1))
    decimals = max(0, -math.floor(math.log10(step * 100) + 1e-9))
    if round(step * 100, decimals) != round(step * 100, 9):
        decimals += 1
    return _Axis(low=low, high=high, ticks=ticks, decimals=decimals)


def _range(members: Sequence[MemberEffect]) -> tuple[float, float]:
    lows = [member.effect_min for member in members if member.effect_min is not None]
    highs = [member.effect_max for member in members if member.effect_max is not None]
    return min(lows), max(highs)


def _short(label: str) -> str:
    return label if len(label) <= _MOST_CHARACTERS else f"{label[: _MOST_CHARACTERS - 1]}…"
