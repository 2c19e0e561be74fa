"""`loadgate check`, `init` and `sample`: a site's content looked at, begun, or laid out with data."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadgate.cli.commands import runnable
from loadgate.cli.options import JsonOption, SiteOption
from loadgate.cli.terminal import say, say_json
from loadgate.errors import Refused

if TYPE_CHECKING:
    from loadgate.cli.samples import Sample
    from loadgate.running.opened import Opened

CONTENT_FOLDERS = ("vendor_profiles", "expectations", "baselines")


def check(
    site: SiteOption = None,
    deep: Annotated[bool, typer.Option("--deep", help="Also build every expectation with Great Expectations.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a site's content: every fault at once, with file, line, what was found and expected, and how to mend it.

    \b
    Examples:
      loadgate check --site my-site
      loadgate check --json

    Exit codes: 0 no fault, 4 content error.
    """
    from loadgate.content.loader import load
    from loadgate.errors import Exit, SiteError
    from loadgate.running.deep_check import refused
    from loadgate.running.opened import find_site

    root = find_site(site)
    try:
        content = load(root)
    except SiteError as error:
        if not as_json:
            raise
        faults = [{name: getattr(fault, name) for name in fault.__slots__} for fault in error.faults]
        say_json({"site": str(root), "faults": faults})
        raise typer.Exit(Exit.CONTENT) from None
    problems = refused(content) if deep else []
    counts = {
        "datasets": len(content.datasets),
        "checks": sum(len(dataset.expectations) for dataset in content.datasets),
        "figures": len(content.figures),
        "providers": len(content.providers),
        "assignments": len(content.assignments),
        "known_errors": len(content.known_errors),
        "gate_rules": len(content.gate.rules),
    }
    if as_json:
        say_json({"site": str(root), "faults": problems, "counts": counts})
    elif problems:
        say("\n".join(problems))
    else:
        listed = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items())
        say(f"{content.file.name}: no fault in {len(content.files)} files ({listed})")
    raise typer.Exit(Exit.CONTENT if problems else Exit.OK)


def init(
    folder: Annotated[Path, typer.Argument(help="The new site's folder; it must not exist, or be empty.")],
    source: Annotated[str, typer.Option("--from", help="flis, rki or empty.")] = "empty",
) -> None:
    """Begin a site: its content folders with something in them to change, an empty inbox.

    \b
    Examples:
      loadgate init my-site
      loadgate init my-site --from flis

    Exit codes: 0 made, 3 the folder is not empty.
    """
    from loadgate.cli.flows import carried
    from loadgate.cli.samples import sample_named
    from loadgate.content.draft import write_empty

    _must_be_empty(folder)
    if source == "empty":
        write_empty(folder)
    elif source == "flis":
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(carried() / "site.toml", folder / "site.toml")
        for name in CONTENT_FOLDERS:
            shutil.copytree(carried() / name, folder / name, ignore=shutil.ignore_patterns("vintages"))
    else:
        sample_named(source).write_site(folder)
    (folder / "inbox").mkdir(mode=0o700, exist_ok=True)
    say(f"site made in {folder}")
    say(runnable("  loadgate check", folder.resolve()))


def _must_be_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is not empty", fix="name a new folder")


def sample(
    name: Annotated[str, typer.Argument(help="Which sample: rki.")],
    out: Annotated[Path, typer.Argument(help="The new site's folder.")],
    period: Annotated[
        str | None, typer.Option("--period", help="The period whose deliveries wait in the inbox.")
    ] = None,
    bare: Annotated[
        bool, typer.Option("--bare", help="All deliveries up to the period, and nothing approved: for `replay OUT`.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Lay out a complete site with real data: content, inbox, and every earlier period loaded and approved.

    Killed half-way, the same command goes on where it stopped.

    \b
    Examples:
      loadgate sample rki my-site
      loadgate sample rki my-site --period 2024-03 --json

    Exit codes: 0 laid out, 3 the folder holds something else.
    """
    from loadgate.cli.samples import sample_named
    from loadgate.running.opened import open_site, site_name

    chosen = sample_named(name)
    target = period or chosen.shown
    earlier = _earlier(chosen, target)
    if not (out / "site.toml").is_file():
        _must_be_empty(out)
        chosen.write_site(out)
    elif site_name(out) != name:
        raise Refused(f"{out} is the site {site_name(out)}, not the sample {name}", fix="name a new folder")
    opened = open_site(out)
    if not as_json:
        say(f"sample {name}  {out}  {len(earlier)} earlier periods, then {target}")
    if bare:
        for one in (*earlier, target):
            chosen.write_period(out, one)
    else:
        _approve_earlier(opened, chosen, earlier, quiet=as_json)
        chosen.write_period(out, target)
    found = {"sample": name, "site": str(out), "period": target, "approved": [] if bare else earlier}
    if as_json:
        say_json(found)
    else:
        say(runnable(f"  loadgate replay {out}" if bare else f"  loadgate run {target}", opened.places.site))


def _earlier(sample: Sample, target: str) -> list[str]:
    from loadgate.errors import NotFound

    periods = sample.periods()
    if target not in periods:
        raise NotFound(f"the sample {sample.name} has no period {target}", fix=f"it has {periods[0]} to {periods[-1]}")
    return periods[: periods.index(target)]


def _approve_earlier(opened: Opened, sample: Sample, periods: list[str], *, quiet: bool) -> None:
    """Load and approve every earlier period that is not approved yet."""
    from loadgate.model.identity import parse_run_id
    from loadgate.model.period import Period
    from loadgate.running.baseline import approved
    from loadgate.running.replay import replay

    done = {parse_run_id(run)[0] for run in approved(opened)}
    left = [Period.parse(one) for one in periods if one not in done]
    root = opened.places.site
    for replayed in replay(opened, left, before=lambda one: sample.write_period(root, str(one))):
        if not quiet:
            judgement = replayed.judgement
            say(f"  {replayed.ref.run}  {judgement.verdict_before_waivers.value:<22} approved")
