"""The options that many commands share, each written once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadgate.model.moments import read_moment

if TYPE_CHECKING:
    from loadgate.model.site import Site

SiteOption = Annotated[
    Path | None,
    typer.Option("--site", help="The site's folder; else LOADGATE_SITE, else the nearest parent with site.toml."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="The same facts as JSON.")]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help='What "now" is for every rule, e.g. 2025-08-28T09:12:00+02:00; a day is its end.',
    ),
]
ActorOption = Annotated[
    str | None, typer.Option("--actor", metavar="NAME", help="Who acts; else LOADGATE_ACTOR, else your login.")
]
WithinOption = Annotated[
    str | None,
    typer.Option("--run", help="The run or period whose case is meant; the newest that it was seen in if left out."),
]


def moment(text: str | None, site: Callable[[], Site]) -> datetime | None:
    """Read --as-of; without an offset it is a time at the site. Raises NotFound for anything else."""
    return None if text is None else read_moment(text, site().file.timezone)
