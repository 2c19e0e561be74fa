"""A sample's name or a site's folder in; out, a scratch site to replay: its periods, and who fills its inbox."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.cli.samples import sample_named
from loadgate.errors import NotFound
from loadgate.model.period import Period

if TYPE_CHECKING:
    from loadgate.running.opened import Opened

CONTENT = ("site.toml", "vendor_profiles", "expectations", "baselines")


def prepare(
    name: str, folder: Path, *, content: Path | None, first: str | None, last: str | None
) -> tuple[Opened, list[Period], Callable[[Period], None]]:
    """Make the scratch site in `folder`. A site's folder is replayed with its own inbox, which is copied.

    Raises NotFound for a name that is neither, and for a site whose inbox holds no period.
    """
    from loadgate.running.opened import open_site

    if (Path(name) / "site.toml").is_file():
        _copy(Path(name), folder, inbox=True)
        opened = open_site(folder)
        periods = _periods_in_inbox(opened)
        before: Callable[[Period], None] = lambda _: None  # noqa: E731 - the inbox is whole already
    else:
        sample = sample_named(name)
        if content is None:
            sample.write_site(folder)
        else:
            _copy(content, folder, inbox=False)
        opened = open_site(folder)
        providers = frozenset(provider.id for provider in opened.site().providers)
        figures = frozenset(figure.id for figure in opened.site().figures)
        periods = [Period.parse(text) for text in sample.periods()]

        def before(period: Period) -> None:
            sample.write_period(folder, str(period), providers=providers, figures=figures)

    start = Period.parse(first) if first else None
    end = Period.parse(last) if last else None
    if start and end and end < start:
        raise NotFound(f"{start} comes after {end}", fix=f"--from {end} --to {start}")
    chosen = [one for one in periods if (not start or one >= start) and (not end or one <= end)]
    if not chosen:
        raise NotFound(f"{name} holds no period to replay", fix="loadgate sample rki DIR --bare fills an inbox")
    return opened, chosen, before


def _copy(source: Path, folder: Path, *, inbox: bool) -> None:
    """Content, and the inbox if asked for; never state or vintages: a replay starts with nothing approved."""
    folder.mkdir(parents=True)
    for name in (*CONTENT, *(("inbox",) if inbox else ())):
        path = source / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=shutil.ignore_patterns("vintages"))
        elif path.is_file():
            shutil.copyfile(path, folder / name)
    (folder / "inbox").mkdir(exist_ok=True)


def _periods_in_inbox(opened: Opened) -> list[Period]:
    from loadgate.running.opening import periods_in_inbox

    return periods_in_inbox(opened)
