"""`loadgate score`: a judged run held against the truth of the faults that were planted in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadgate.cli.options import JsonOption, SiteOption
from loadgate.cli.terminal import say, say_json, table
from loadgate.errors import Exit

if TYPE_CHECKING:
    from loadgate.running.score import Score

_WIDEST = 100  # characters of a Scope on the screen


def score(
    run: Annotated[str, typer.Argument(help="The run, e.g. 2026-10 or 2026-10.2; a period is its newest judged run.")],
    truth: Annotated[Path, typer.Option("--truth", help="The truth that was written with the sample.")],
    site: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which planted faults a run found, by the right kind and Scope, and what else it found.

    A fault is missed if any finding that it must cause is not there. Other are findings of warning or critical that
    belong to no fault.

    \b
    Examples:
      loadgate score 2026-10 --truth truth.json
      loadgate score 2026-10 --site my-site --truth truth.json --json

    Exit codes: 0 every fault was found, 1 one was missed, or there is no such run or truth.
    """
    from loadgate.running.opened import find_site, open_site
    from loadgate.running.score import read_truth, score_run, score_view

    scored = score_run(open_site(find_site(site)), run, read_truth(truth))
    if as_json:
        say_json(score_view(scored))
    else:
        _tell(scored)
    raise typer.Exit(Exit.NO if scored.missed else Exit.OK)


def _tell(scored: Score) -> None:
    found = set(map(id, scored.found))
    rows = [(fault.name, "found" if id(fault) in found else "missed") for fault in scored.planted]
    if rows:
        for line in table(("fault", ""), rows):
            say(line)
    for fault, wanted in scored.missed:
        say()
        say(f"{fault.name} was missed; not there:")
        for line in table(
            ("finding", "check", "scope"), [(one.kind, one.check or "", _short(one.scope)) for one in wanted]
        ):
            say(f"  {line}")
    if scored.other:
        say()
        say("findings of warning or critical that belong to no fault:")
        for line in table(
            ("finding", "severity", "check", "scope"),
            [(one.kind.value, one.severity.value, one.check or "", _short(str(one.scope))) for one in scored.other],
        ):
            say(f"  {line}")
    say()
    say(
        f"{scored.run}: {len(scored.planted)} planted, {len(scored.found)} found, {len(scored.missed)} missed; "
        f"{len(scored.other)} other"
    )


def _short(scope: str) -> str:
    return scope if len(scope) <= _WIDEST else scope[: _WIDEST - 1] + "…"
