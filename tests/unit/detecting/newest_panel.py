"""First releases of 24 months at forty providers, drawn by a law of its own; faults are planted in the newest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from loadgate.detecting.evidence import Subjects
from loadgate.detecting.firsts import firsts_schema
from loadgate.detecting.newest import newest
from loadgate.model.expected import KeyFigure
from loadgate.model.findings import Finding

PROVIDERS = tuple(f"{number}" for number in range(201, 241))
NORTH = PROVIDERS[:16]  # served by the system north; the others by south
MONTHS = 25  # the last is this run's
CELLS = ("a", "b", "c", "d")
_NAMES = {  # figure → dataset, kind, events a month per 1,000 inhabitants and cell
    "visits": ("care", "count", 3.0),
    "hours": ("care", "amount", 3.0),
    "endings": ("care", "count", 0.8),
    "spending": ("accounts", "amount", 8.0),
    "income": ("accounts", "amount", 6.0),
    "postings": ("accounts", "count", 8.0),
}


def figures() -> list[KeyFigure]:
    return [
        KeyFigure.model_validate(
            {
                "id": name,
                "title": {"en": name},
                "kind": kind,
                "family": name,
                "dataset": dataset,
                "cadence": "month",
                "reference": "month",
                "unit": "x",
                "numerator": {"count": "rows"} if kind == "count" else {"sum": "amount"},
                "where": {"column": "sort", "is": "equal", "value": name},
                "cells": {"column": "sort", "values": CELLS},
            }
        )
        for name, (dataset, kind, _) in _NAMES.items()
    ]


@dataclass
class Months:
    """`values`: figure → cells x providers x months. A method plants one fault in the newest month."""

    seed: int = 1
    season: float = 0.3
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        people = np.clip(rng.lognormal(np.log(40_000), 0.7, len(PROVIDERS)), 4_000, 300_000)
        month = np.arange(MONTHS)
        shape = (len(CELLS), len(PROVIDERS), MONTHS)
        for name, (_, kind, rate) in _NAMES.items():
            log = self.season * np.sin(2 * np.pi * month / 12 + rng.uniform(0, 6)) + 0.002 * month
            log = log + 0.012 * rng.standard_t(6, (len(PROVIDERS), MONTHS)) + 0.03 * rng.standard_t(4, shape)
            spread = np.exp(rng.normal(0, 0.3, shape[:2]))[:, :, None]
            events = rng.poisson(rate / 1000 * people[:, None] * spread * np.exp(log)).astype(float)
            price = 1.0 if kind == "count" else 900 * (1 + 0.5 * rng.standard_normal(shape) / np.sqrt(events + 1))
            self.values[name] = events * price

    def plant(
        self, names: tuple[str, ...], providers: tuple[str, ...], factor: float, *, cells: str = "abcd"
    ) -> Months:
        rows, columns = [CELLS.index(cell) for cell in cells], [PROVIDERS.index(one) for one in providers]
        for name in names:
            block = np.ix_(rows, columns, [MONTHS - 1])
            moved = self.values[name][block] * factor
            self.values[name][block] = np.round(moved) if _NAMES[name][1] == "count" else moved
        return self

    def repeat(self, names: tuple[str, ...], provider: str) -> Months:
        for name in names:
            column = self.values[name][:, PROVIDERS.index(provider)]
            column[:, -1] = column[:, -2]
        return self

    def move(self, name: str, provider: str, *, giver: str, taker: str, share: float = 0.5) -> Months:
        column = self.values[name][:, PROVIDERS.index(provider), -1]
        amount = share * column[CELLS.index(giver)]
        column[CELLS.index(giver)] -= amount
        column[CELLS.index(taker)] += amount
        return self

    @property
    def firsts(self) -> pl.DataFrame:
        starts = [dt.date(2024 + (9 + number) // 12, (9 + number) % 12 + 1, 1) for number in range(MONTHS)]
        rows = []
        for name, values in self.values.items():
            for cell, provider, month in zip(*np.nonzero(values), strict=True):
                given = float(values[cell, provider, month])
                labels = {"figure": name, "cell": CELLS[cell], "provider": PROVIDERS[provider], "numerator": given}
                seen = [(month, month == MONTHS - 1)] + ([(MONTHS - 1, True)] if month == MONTHS - 2 else [])
                for run, now in seen:
                    own = {"run_start": starts[run], "now": bool(now), "reference_start": starts[month], "value": given}
                    rows.append({**labels, **own, "denominator": None})
        return pl.DataFrame(rows, schema=firsts_schema())

    def found(self, firsts: pl.DataFrame | None = None, **known: Any) -> list[Finding]:
        return newest(self.firsts if firsts is None else firsts, subjects=subjects(), **known)


def subjects() -> Subjects:
    units = pl.DataFrame(
        [
            {
                "area": area,
                "provider": provider,
                "vendor": "nordwind" if provider in NORTH else "suedwind",
                "system": f"{area}-north" if provider in NORTH else f"{area}-south",
                "system_version": None,
                "supplier": "office",
                "delivery": f"2026-10/{area}/{dataset}/{provider}",
            }
            for area, dataset in (("health", "care"), ("economy", "accounts"))
            for provider in PROVIDERS
        ],
        schema_overrides={"system_version": pl.String},
    )
    return Subjects.of(figures(), areas={"care": "health", "accounts": "economy"}, units=units)
