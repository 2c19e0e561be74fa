"""Small worlds: the root site's content with a few of its providers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from loadgate.content.loader import load
from loadgate.model.period import Period
from loadgate.model.site import Site
from loadgate.samples.flis.world import World

ROOT = Path(__file__).resolve().parents[3]
OCTOBER = Period.parse("2026-10")
CHANGED = ("461", "851")  # providers that change system in the autumn


@cache
def whole_site() -> Site:
    return load(ROOT)


def small_site(count: int = 6) -> Site:
    """Providers from all over the list, those that change system among them; who serves them stays."""
    site = whole_site()
    step = max(1, len(site.providers) // count)
    chosen = {provider.id for provider in site.providers[3::step]} | set(CHANGED)
    kept = tuple(provider for provider in site.providers if provider.id in chosen)
    lines = tuple(line for line in site.assignments if line.provider in chosen | {"*"})
    return replace(site, providers=kept, assignments=lines)


def small_world(seed: int = 1, *, rows: Mapping[str, int] | None = None, count: int = 6) -> World:
    return World(site=small_site(count), seed=seed, period=OCTOBER, rows=rows or {})
