"""A synthetic panel: counts and a published value over a denominator that nobody sends, rounded as published."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl
import pytest

from loadgate.comparing.prior import compare_prior
from loadgate.detecting.systematic import Detected, detect
from loadgate.model.expected import KeyFigure, PlannedChange
from loadgate.model.period import Period
from loadgate.model.tables import FIGURES, conform

CELLS = ("all", "young", "old")
Key = tuple[str, str, dt.date]  # provider, cell, reference_start
Factor = Callable[[Key], float] | float


@dataclass(frozen=True)
class Panel:
    """Weekly counts per provider and cell, drawn once; each vintage may restate counts and denominators."""

    providers: tuple[str, ...] = tuple(str(101 + number) for number in range(12))
    weeks: int = 80
    names: tuple[str, str] = ("counted", "per_head")
    vendors: dict[str, str] = field(default_factory=dict)
    seed: int = 1
    published: dict[str, object] = field(default_factory=dict)

    @property
    def starts(self) -> list[dt.date]:
        return [dt.date(2024, 1, 1) + dt.timedelta(weeks=number) for number in range(self.weeks)]

    @property
    def figures(self) -> list[KeyFigure]:
        shared: dict[str, object] = {
            "title": {"en": "x"},
            "family": "reports",
            "dataset": "reports",
            "cadence": "week",
            "reference": "week",
            "unit": "x",
            "numerator": {"sum": "number"},
            "cells": {"column": "band", "values": CELLS, "total": "all"},
        }
        published = {"kind": "published", "published": "rate", "decimals": 2, "scale": 100000} | self.published
        return [
            KeyFigure.model_validate(shared | {"id": self.names[0], "kind": "count"}),
            KeyFigure.model_validate(shared | {"id": self.names[1]} | published),
        ]

    @property
    def units(self) -> pl.DataFrame:
        return pl.DataFrame(
            [
                {
                    "area": "health",
                    "provider": provider,
                    "vendor": self.vendors.get(provider, "nordwind"),
                    "system": f"system-{self.vendors.get(provider, 'nordwind')}",
                    "system_version": None,
                    "supplier": "office",
                    "delivery": f"2026-01/x/reports/{provider}",
                }
                for provider in self.providers
            ]
        )

    def counts(self, restated: float = 0.0, seed: int = 0) -> dict[Key, int]:
        """Counts; a share of them restated, by a few, as `seed` draws."""
        draw, again = random.Random(self.seed), random.Random(seed)
        found: dict[Key, int] = {}
        for provider in self.providers:
            size = draw.uniform(0.5, 4)
            for cell in CELLS:
                for number, start in enumerate(self.starts):
                    level = size * (5 + 60 * abs((number % 52) - 26) / 26)
                    count = max(1, round(draw.gauss(level, level**0.5)))
                    if again.random() < restated:
                        count += again.choice([1, 1, 2, 5])
                    found[provider, cell, start] = count
        return found

    def vintage(self, *, factor: Factor = 1.0, counts: dict[Key, int] | None = None) -> pl.DataFrame:
        """FIGURES; `factor` multiplies the hidden denominator of a cell."""
        shape = random.Random(self.seed + 1)
        hidden = {(p, c): shape.uniform(2e5, 9e5) for p in self.providers for c in CELLS}
        rows = []
        for (provider, cell, start), count in (counts or self.counts()).items():
            times = factor if isinstance(factor, float) else factor((provider, cell, start))
            rate = round(1e5 * count / (hidden[provider, cell] * times), 2)
            shared = {"cell": cell, "provider": provider, "reference_start": start, "numerator": count}
            rows.append({"figure": self.names[0], "value": float(count), **shared})
            rows.append({"figure": self.names[1], "value": rate, **shared})
        return conform(pl.DataFrame(rows), FIGURES)

    def compare(self, now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
        return compare_prior(now, before.with_columns(pl.lit("2025-12").alias("vintage")))

    def detect(
        self,
        now: pl.DataFrame,
        before: pl.DataFrame | None = None,
        *,
        history: Sequence[pl.DataFrame] = (),
        planned: Sequence[PlannedChange] = (),
    ) -> Detected:
        return detect(
            self.compare(now, self.vintage() if before is None else before),
            figures=self.figures,
            areas={"reports": "health"},
            units=self.units,
            history=history,
            period=Period.parse("2026-01"),
            planned=planned,
        )


@pytest.fixture
def panel() -> type[Panel]:
    return Panel
