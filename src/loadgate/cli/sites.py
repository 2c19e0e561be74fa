"""`loadgate check` and `init`: a site's content looked at, or begun."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from loadgate.cli.commands import runnable
from loadgate.cli.options import JsonOption, SiteOption
from loadgate.cli.terminal import say, say_json
from loadgate.errors import NotFound, Refused

CONTENT_FOLDERS = ("vendor_profiles", "expectations", "baselines")


def check(
    site: SiteOption = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also ask Great Expectations and the engine whether each could ever run.")
    ] = False,
    examples: Annotated[
        bool, typer.Option("--examples", help="Also put the suites' examples through them: a steward's own tests.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="PERIOD", help="Show what the content would have found in this period."),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="With --against: this run of the period, not its newest.")
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option("--dataset", help="With --examples or --against: only this dataset; may be given again."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a site's content: every fault at once, with file, line, what was found and expected, and how to mend it.

    With --against, the content as it lies here now, edits included, is tried on the deliveries of a stored run; it is
    shown what each check finds in them and how that differs from what the run found. Nothing is kept of it.

    \b
    Examples:
      loadgate check --site my-site
      loadgate check --json
      loadgate check --examples --dataset pupils
      loadgate check --against 2026-10 --dataset pupils

    Exit codes: 0 no fault, 1 no such period, run or dataset, 4 content error or an example that does not hold,
    5 deliveries that --against could not look at, or checks that could not run on some.
    """
    from loadgate.cli.trying import plain, shadow_lines, shadow_marks, try_against, try_examples
    from loadgate.content.loader import load
    from loadgate.errors import Exit, SiteError
    from loadgate.running.deep_check import never_run
    from loadgate.running.opened import find_site
    from loadgate.running.opening import current_period

    _must_go_together(deep=deep, examples=examples, against=against, run=run, dataset=dataset)
    root = find_site(site)
    try:
        content = load(root, examples=True)
        _must_exist(dataset or (), [one.dataset for one in content.datasets])
        if against is not None:
            raise typer.Exit(try_against(root, against, run=run, datasets=dataset or (), as_json=as_json))
        if examples:
            raise typer.Exit(try_examples(root, datasets=dataset or (), as_json=as_json))
    except SiteError as error:
        if not as_json:
            raise
        say_json({"site": str(root), "faults": plain(error.faults)})
        raise typer.Exit(Exit.CONTENT) from None
    current = current_period(content)
    problems = never_run(content, current) if deep else []
    counts = {
        "datasets": len(content.datasets),
        "checks": sum(len(one.expectations) for one in content.datasets),
        "figures": len(content.figures),
        "providers": len(content.providers),
        "assignments": len(content.assignments),
        "known_errors": len(content.known_errors),
        "gate_rules": len(content.gate.rules),
    }
    shadow = shadow_marks(content, current)
    if as_json:
        say_json({"site": str(root), "faults": plain(problems), "counts": counts, "shadow": shadow})
    elif problems:
        raise SiteError(problems)
    else:
        listed = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items())
        say(f"{content.file.name}: no fault in {len(content.files)} files ({listed})")
        for line in shadow_lines(shadow):
            say(line)
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


def _must_go_together(
    *, deep: bool, examples: bool, against: str | None, run: str | None, dataset: list[str] | None
) -> None:
    """Raises typer's error of usage for options that say nothing together."""
    if sum((deep, examples, against is not None)) > 1:
        raise typer.BadParameter("give one of --deep, --examples and --against")
    if run is not None and against is None:
        raise typer.BadParameter("--run goes with --against")
    if dataset and not (examples or against is not None):
        raise typer.BadParameter("--dataset goes with --examples or --against")


def _must_exist(names: Sequence[str], datasets: Sequence[str]) -> None:
    """Raises NotFound for a dataset that the site does not have."""
    from loadgate.content.lines import listed, nearest

    for name in names:
        if name not in datasets:
            near = nearest(name, datasets)
            raise NotFound(f"there is no dataset {name}", fix=f"write {near}" if near else f"one of {listed(datasets)}")
