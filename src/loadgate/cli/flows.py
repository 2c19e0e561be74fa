"""A flow's name in; out, its file: the site's own if it has one, else the one that is carried."""

from __future__ import annotations

from pathlib import Path

from loadgate.errors import CouldNotRun


def carried() -> Path:
    """The root that holds `flows/` and the FLIS content: the checkout's, or the one inside the wheel."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_root"
    if inside.is_dir():
        return inside
    checkout = package.parents[1]
    if (checkout / "flows").is_dir() and (checkout / "site.toml").is_file():
        return checkout
    raise CouldNotRun("the flows and content that come with loadgate are not there", fix="install loadgate again")


def flow_file(site: Path, name: str) -> Path:
    """The file of a flow; `<site>/flows/` wins."""
    own = site / "flows" / f"{name}.py"
    return own if own.is_file() else carried() / "flows" / f"{name}.py"
