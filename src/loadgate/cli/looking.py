"""`loadgate status`, `runs`, `arrivals`, `case`, `control table`, `doctor`: what there is to see."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from loadgate.cli.commands import runnable
from loadgate.cli.options import AsOfOption, JsonOption, SiteOption, WithinOption, moment
from loadgate.cli.terminal import say, say_json, table, visible
from loadgate.errors import Exit
from loadgate.model.moments import written_in


def status(
    period: Annotated[str | None, typer.Argument(help="One period; all that wait for someone if left out.")] = None,
    site: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what waits for whom: runs that were cut short, runs that are held, waivers without a second person.

    \b
    Examples:
      loadgate status
      loadgate status 2025-08 --json

    Exit codes: 0 said, 5 said, and something cannot be read: nobody knows what waits there.
    """
    from loadgate.model.period import Period
    from loadgate.running.opened import find_site, open_site, site_cadence
    from loadgate.running.standing import standing

    root = find_site(site)
    chosen = Period.parse(period, like=site_cadence(root)) if period else None
    opened = open_site(root)
    lines = standing(opened, str(chosen) if chosen else None)
    if as_json:
        say_json(lines)
    else:
        for line in lines:
            say(f"{line['run']:<12} {line['what']}")
            say(f"{'':<12} waits for: {_whose(line)}")
            say(f"{'':<12} {runnable(line['next'], opened.places.site)}")
        if not lines:
            say("nothing waits for anyone")
    raise typer.Exit(_all_read(lines))


def _all_read(lines: Sequence[Mapping[str, Any]]) -> Exit:
    return Exit.COULD_NOT_RUN if any("could_not_run" in line for line in lines) else Exit.OK


def _whose(line: Mapping[str, str | None]) -> str:
    return f"{line['owner']} ({line['contact']})" if line["contact"] else f"{line['owner']}"


def runs(site: SiteOption = None, as_json: JsonOption = False) -> None:
    """List every run: its state, its verdict and when its now was.

    \b
    Examples:
      loadgate runs
      loadgate runs --json

    Exit codes: 0 listed, 5 listed, and of one of them something cannot be read.
    """
    from loadgate.running.opened import find_site, open_site, site_timezone
    from loadgate.running.standing import all_runs

    root = find_site(site)
    rows = all_runs(open_site(root))
    if as_json:
        say_json(rows)
        raise typer.Exit(_all_read(rows))
    timezone = site_timezone(root)
    as_told = [written_in(timezone, datetime.fromisoformat(row["as_of"])) for row in rows]
    for line in table(
        ("run", "state", "verdict", "cases", f"as of ({timezone})", "opened by"),
        [
            (row["run"], row["state"], row["verdict"] or "", _count(row["cases"]), as_of, row["opened_by"])
            for row, as_of in zip(rows, as_told, strict=True)
        ],
        right=(3,),
    ):
        say(line)
    for row in rows:
        if "could_not_run" in row:
            say(f"{row['run']:<12} {row['could_not_run']}")
            say(f"{'':<12} {row['fix']}")
    raise typer.Exit(_all_read(rows))


def _count(number: int | None) -> object:
    return "?" if number is None else number


def arrivals(
    period: Annotated[str, typer.Argument(help="The period, e.g. 2025-08.")],
    site: SiteOption = None,
    as_of: AsOfOption = None,
    names: Annotated[
        bool, typer.Option("--names", help="Show files that are not deliveries by name: names can hold personal data.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List a period's expected deliveries and what came of each; no run is opened.

    \b
    Examples:
      loadgate arrivals 2025-08
      loadgate arrivals 2025-08 --as-of 2025-08-20 --json
    """
    from loadgate.model.period import Period
    from loadgate.running.in_place import in_place
    from loadgate.running.opened import find_site, open_site
    from loadgate.running.opening import open_watch, unexpected_names
    from loadgate.running.views import arrivals_view

    opened = open_site(find_site(site))
    ref = open_watch(opened, Period.parse(period, like=opened.site().file.cadence), as_of=moment(as_of, opened.site))
    inputs = opened.inputs(ref.run)
    lying = in_place(opened, Period.parse(period))
    view = arrivals_view(inputs)
    view["in_place"] = [{"file": one.file, "what": one.what, "delivery": one.delivery} for one in lying]
    if names:
        view["unexpected_names"] = unexpected_names(opened, inputs)
    if as_json:
        say_json(view)
        return
    for line in table(
        ("delivery", "state", "version", "files"),
        [(one["delivery"], one["state"], one["version"] or "", one["files"]) for one in view["deliveries"]],
        right=(2, 3),
    ):
        say(line)
    for file in inputs.unexpected:
        shown = visible(view.get("unexpected_names", {}).get(file.name, file.name))
        say(f"{shown}  unexpected  {file.size_bytes:,} bytes")
    for one in lying:
        shown = visible(one.name) if names else one.file
        say(f"{shown}  a {one.what} in the place of {one.delivery}: it is never read; put the file itself there")


def case_list(
    every: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    site: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """List cases: findings with one cause, followed across runs.

    \b
    Examples:
      loadgate case list
      loadgate case list --all --json
    """
    from loadgate.running.opened import find_site, open_site
    from loadgate.running.standing import case_headings

    opened = open_site(find_site(site))
    rows = opened.state.cases.rows()
    chosen = [row for row in rows if row.body and (every or row.state.value == "open")]  # none: not judged to its end
    if as_json:
        say_json(
            [
                {**row.body, "id": row.number, "state": row.state.value, "opened": row.opened_run, "last": row.last_run}
                for row in chosen
            ]
        )
        return
    for line in table(
        ("case", "state", "severity", "first seen", "last seen", "what"),
        [
            (row.number, row.state.value, row.body["severity"], row.opened_run, row.last_run, what)
            for row, what in zip(chosen, case_headings(opened, chosen), strict=True)
        ],
        right=(0,),
    ):
        say(line)


def case_show(
    number: Annotated[int, typer.Argument(help="The case's number.")],
    run: WithinOption = None,
    site: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a case: its sentence, its evidence by provider and cell, what did not move, and what to do.

    \b
    Examples:
      loadgate case show 1
      loadgate case show 1 --json

    Exit codes: 0 shown, 1 no such case.
    """
    from loadgate.running.cases import newest_judgement_of
    from loadgate.running.opened import find_site, open_site
    from loadgate.running.standing import case_detail, evidence_rows

    opened = open_site(find_site(site))
    judgement, case = newest_judgement_of(opened, number, run=run)
    view = case_detail(opened, judgement, case)
    if as_json:
        say_json(view)
        return
    say(f"case {number}  {view['severity']}  {view['state']}  first seen {view['first_seen']}")
    say(f"  {view['message']}")
    say(f"  scope  {view['scope']}")
    say(f"  owner  {_whose(view)}")
    for told in (*view["waivers"], *([view["over"]] if view["over"] else [])):
        say(f"  {told}")
    head, rows = evidence_rows(view)
    if rows:
        say()
        for line in table(head, rows, right=tuple(range(2, len(head)))):
            say(f"  {line}")
    if view["next"]:
        say()
    for command in view["next"]:
        say(runnable(f"  {command}", opened.places.site))


def control_table(site: SiteOption = None, as_json: JsonOption = False) -> None:
    """Print the control comparisons as the programme prints them.

    \b
    Examples:
      loadgate control table --site .
      loadgate control table --json
    """
    from loadgate.running.control_table import tables
    from loadgate.running.opened import find_site, open_site

    opened = open_site(find_site(site))
    printed = tables(opened.site())
    if as_json:
        say_json([one.plain for one in printed])
        return
    if not printed:
        say("this site prints no control table (baselines/control_tables.yaml)")
    for one in printed:
        say(one.title.get("en") or next(iter(one.title.values())))
        for line in table(one.header, one.rows, right=tuple(range(1, len(one.header) - 1))):
            say(f"  {line}")


def doctor(site: SiteOption = None, as_json: JsonOption = False) -> None:
    """Look whether this machine and site are fit to run: versions, content, inbox, database, vintages, disk, secrets.

    \b
    Examples:
      loadgate doctor
      loadgate doctor --json

    Exit codes: 0 fit, 5 not.
    """
    from loadgate.running.doctor import examine
    from loadgate.running.opened import find_site, open_site

    found = examine(open_site(find_site(site)), python=sys.version.split()[0])
    if as_json:
        say_json(found)
    else:
        for line in table(("", "what", "found"), [(one["state"], one["what"], one["found"]) for one in found]):
            say(line)
    raise typer.Exit(Exit.OK if all(one["state"] != "bad" for one in found) else Exit.COULD_NOT_RUN)
