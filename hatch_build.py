"""A wheel's build in; out, which folders of the site at the repository's root travel in it.

An editable install gets none: it reads the folders where they lie, and a copy would grow stale unnoticed.
What machines write (vintages) and what git ignores never travels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = ("site.toml", "flows", "expectations", "vendor_profiles", "baselines")
LEFT_OUT = {"vintages", "__pycache__"}


class SiteFolders(BuildHookInterface[Any]):
    """Put the root site below `loadgate/_root`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        for name in CARRIED:
            top = root / name
            for path in [top] if top.is_file() else sorted(top.rglob("*")):
                inside = path.relative_to(root)
                if path.is_file() and LEFT_OUT.isdisjoint(inside.parts):
                    build_data["force_include"][str(path)] = f"loadgate/_root/{inside.as_posix()}"
