"""The options that many commands share, each written once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from loadgate.errors import NotFound

SiteOption = Annotated[
    Path | None,
    typer.Option("--site", help="The site's folder; else LOADGATE_SITE, else the nearest parent with site.toml."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="The same facts as JSON.")]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="TIME", help='What "now" is for every rule, e.g. 2025-08-28T09:12:00+02:00.'),
]
ActorOption = Annotated[
    str | None, typer.Option("--actor", metavar="NAME", help="Who acts; else LOADGATE_ACTOR, else your login.")
]


def moment(text: str | None) -> datetime | None:
    """Read --as-of. A date alone is its last moment in UTC. Raises NotFound for anything else."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise NotFound(f"{text!r} is no time", fix="write 2025-08-28 or 2025-08-28T09:12:00+02:00") from None
    if "T" not in text and " " not in text:
        read = read.replace(hour=23, minute=59, second=59)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
