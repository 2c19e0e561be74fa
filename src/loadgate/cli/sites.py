"""`loadgate check` and `init`: a site's content looked at, or begun."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from loadgate.cli.commands import runnable
from loadgate.cli.options import JsonOption, SiteOption
from loadgate.cli.terminal import say, say_json
from loadgate.errors import Refused

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

    must_be_empty(folder)
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


def must_be_empty(folder: Path) -> None:
    """Raises Refused for a folder that something lies in."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is not empty", fix="name a new folder")
