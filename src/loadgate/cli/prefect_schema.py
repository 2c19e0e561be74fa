"""Prefect's home in; out, its database copied from an empty one that was migrated once, when loadgate was installed.

Prefect's hundred migrations take 7 s of CPU, each time in a new home. `python -m loadgate.cli.prefect_schema` runs
them once and keeps the empty database beside the Python that runs it; the install step of the checkout does so. It
counts for one version of Prefect; without it, or with another version, Prefect migrates as it always does.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

DATABASE = "prefect.db"
_MIGRATE = """
import asyncio
from prefect.server.database import provide_database_interface
asyncio.run(provide_database_interface().create_db())
"""


def kept() -> Path:
    """Where the empty database of this version of Prefect is kept."""
    return Path(sys.prefix) / "var" / "loadgate" / f"prefect-{version('prefect')}.db"


def lay_database(home: Path) -> bool:
    """Lay the database unless there is one, or none is kept. Says whether it did; it is there whole or not at all."""
    final = home / DATABASE
    if final.exists() or not kept().is_file():
        return False
    with tempfile.TemporaryDirectory(prefix=".laying-", dir=home) as folder:
        laid = Path(folder) / DATABASE
        shutil.copyfile(kept(), laid)
        try:
            os.link(laid, final)
        except FileExistsError:  # another server of this home was quicker
            return False
    return True


def keep() -> Path:
    """Let Prefect migrate an empty home, and keep its database. Returns where; nothing is done where it is kept."""
    final = kept()
    if final.is_file():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".migrating-", dir=final.parent) as folder:
        home = Path(folder)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        environment |= {"PREFECT_HOME": str(home.absolute()), "DO_NOT_TRACK": "1"}
        subprocess.run([sys.executable, "-P", "-c", _MIGRATE], check=True, env=environment, cwd=home)
        with contextlib.closing(sqlite3.connect(home / DATABASE)) as database:
            database.execute("VACUUM INTO ?", (str(home / "whole.db"),))
        (home / "whole.db").replace(final)
    return final


if __name__ == "__main__":
    keep()
