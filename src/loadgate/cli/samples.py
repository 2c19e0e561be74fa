"""A sample's name in; out, the sample: who writes its site and its periods. One visible dict."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from loadgate.errors import NotFound


class WritePeriod(Protocol):
    """Puts one period's deliveries into the inbox, with the times and control figures that belong to them.

    `providers` and `figures`: what the site's content knows; nothing else is delivered. None: everything.
    """

    def __call__(
        self,
        out: Path,
        period: str,
        *,
        providers: frozenset[str] | None = None,
        figures: frozenset[str] | None = None,
    ) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`periods` are those with data, oldest first; `shown` is the one that a sample is laid out for by default."""

    name: str
    write_site: Callable[[Path], object]
    write_period: WritePeriod
    periods: Callable[[], list[str]]
    shown: str


def sample_named(name: str) -> Sample:
    """Raises NotFound, proposing the nearest."""
    if name not in SAMPLES:
        near = difflib.get_close_matches(name, SAMPLES, n=1)
        raise NotFound(
            f"there is no sample {name!r}, and no site in that folder",
            fix=f"did you mean {near[0]}?" if near else f"choose one of: {', '.join(SAMPLES)}",
        )
    return SAMPLES[name]()


def _rki() -> Sample:
    from loadgate.samples.rki import layout

    return Sample(
        name="rki",
        write_site=layout.write_site,
        write_period=layout.write_period,
        periods=lambda: sorted(layout.vintages()),
        shown=layout.SHOWN,
    )


SAMPLES: dict[str, Callable[[], Sample]] = {"rki": _rki}
