"""`loadgate alerts send`: alerts that did not get out, once more."""

from __future__ import annotations

from typing import Annotated

import typer

from loadgate.cli.commands import runnable
from loadgate.cli.options import JsonOption, SiteOption
from loadgate.cli.terminal import say, say_json
from loadgate.errors import Exit


def alerts_send(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")] = False,
    site: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send alerts that did not get out, those given up too, without waiting for their next try.

    For when the server answers again, or a route's URL was mended. No run is opened.

    \b
    Examples:
      loadgate alerts send --dry-run
      loadgate alerts send --json

    Exit codes: 0 all sent or none left, 4 content error, 5 some are still not sent.
    """
    from loadgate.running.alerts import send_unsent
    from loadgate.running.opened import find_site, open_site

    opened = open_site(find_site(site))
    lines = send_unsent(opened, dry_run=dry_run)
    if as_json:
        say_json(lines)
    else:
        if not lines:
            say("no alert waits to be sent")
        for line in lines:
            which = f"{line['run']:<12} route {line['route']}  "
            said = "would be sent" if dry_run and line["why"] is None else f"{line['sent']} sent"
            why = f", {line['why']}" if line["why"] else ""
            say(f"{which}{line['messages']} not sent, {line['given_up']} of them given up: {said}{why}")
    if not dry_run and any(line["why"] for line in lines):
        if not as_json:
            say(runnable("  loadgate doctor    looks at each route's URL", opened.places.site))
        raise typer.Exit(Exit.COULD_NOT_RUN)
