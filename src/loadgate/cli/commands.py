"""A command as the glossary writes it in; out, the command as it runs from here: this program, this site."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

_COMMAND = re.compile(r"^(\s*)loadgate (\S.*?)(\s{2,}\S.*)?$")


def runnable(line: str, site: Path) -> str:
    """The line with its command made ready to be copied: `.venv/bin/loadgate case show 1 --site .sites/rki`.

    A line that holds no command comes back as it is.
    """
    found = _COMMAND.match(line)
    if found is None:
        return line
    indent, words, told = found.groups()
    named = "" if _is_found(site) or "--site" in words else f" --site {shlex.quote(near(site))}"
    gloss = f"    # {told.strip()}" if told else ""
    return f"{indent}{program()} {words}{named}{gloss}"


def program() -> str:
    """How this program is called from here."""
    on_path = shutil.which("loadgate")
    started = Path(sys.argv[0])
    if started.name != "loadgate" or (on_path and Path(on_path).resolve() == started.resolve()):
        return "loadgate"
    return shlex.quote(near(started.absolute()))


def _is_found(site: Path) -> bool:
    """Whether a command finds this site by itself."""
    from loadgate.errors import NotFound
    from loadgate.running.opened import find_site

    try:
        return find_site(None) == site
    except NotFound:
        return False


def near(path: Path) -> str:
    """The path from here if that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) and not relative.startswith("../..") else str(path)
