"""A new folder in; out, the first draft of a site: content that loads and says what to write next."""

from __future__ import annotations

import shutil
from pathlib import Path

from loadgate.content.layout import DEFAULT_GATE

_EMPTY = Path(__file__).with_name("empty_site")


def write_empty(folder: Path) -> None:
    """Write the files of a site without suppliers, datasets and figures. Files that are there are replaced."""
    shutil.copytree(_EMPTY, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    shutil.copyfile(DEFAULT_GATE, folder / "expectations" / "gate.yaml")
