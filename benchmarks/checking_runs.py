"""A tool and its files in; out, what one process of it reported, and under which versions."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.checking_table import MAKE
from benchmarks.peers.tools import OURS, TOOLS

ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
_LAST_WORDS = 2000


class Runner:
    """Starts measurements, each in the environment of its tool."""

    def __init__(self, *, distinct: bool) -> None:
        self.distinct = distinct

    def place(self, tool: str, *, rows: int, suffix: str, number: int) -> dict[str, Any]:
        """Say what a measurement is of; one with the same place need not be taken twice."""
        return {
            "rows": rows,
            "tool": tool,
            "format": suffix,
            "round": number,
            "distinct": self.distinct,
            "versions": _versions(tool),
        }

    def is_installed(self, tool: str) -> bool:
        return _installed(TOOLS[tool].peer).get(tool) is not None

    def measure(self, tool: str, large: Path, small: Path) -> dict[str, Any]:
        """Measure once. A tool that can't run says why under `could_not_run`; `broke` if its process did."""
        return self._start("measure", tool, large, small)

    def fixed(self, tool: str, small: Path) -> dict[str, Any]:
        return self._start("fixed", tool, small)

    def _start(self, act: str, tool: str, *paths: Path) -> dict[str, Any]:
        if not self.is_installed(tool):
            missing = " and ".join(TOOLS[tool].distributions)
            return {"could_not_run": f"not installed ({missing}): `{_remedy(tool)}` installs it"}
        words = [act, tool, *(str(path.resolve()) for path in paths)]
        done = _run(TOOLS[tool].peer, *words, *(() if self.distinct else ("--without-distinct",)))
        if done.returncode:
            print(f"{tool} ended with code {done.returncode}:\n{done.stderr[-_LAST_WORDS:]}", file=sys.stderr)
            return {"could_not_run": f"its process ended with code {done.returncode}", "broke": True}
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer


def _remedy(tool: str) -> str:
    return "make peers" if TOOLS[tool].peer else "make install"


def _run(peer: bool, *words: str) -> subprocess.CompletedProcess[str]:
    python = str(PEERS) if peer else sys.executable
    command = [python, "-m", "benchmarks.peers.run", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@cache
def _installed(peer: bool) -> dict[str, dict[str, str] | None]:
    """Versions by tool, None for one that isn't there."""
    if peer and not PEERS.exists():
        return {}
    done = _run(peer, "versions")
    found: dict[str, dict[str, str] | None] = json.loads(done.stdout)
    return found


@cache
def _versions(tool: str) -> dict[str, str]:
    """Of all that a tool's numbers depend on: libraries, the table, the suite, its own code, and the engine's."""
    found = dict(_installed(TOOLS[tool].peer).get(tool) or {})
    own = [ROOT / "benchmarks" / "peers" / f"{name}.py" for name in ("suite", "frames", "gx_suite", "run", tool)]
    found |= {"python": platform.python_version(), "table": str(MAKE), "benchmark": _digest(own)}
    if tool in OURS:
        found["engine"] = _digest(sorted((ROOT / "src/loadgate/checking/engine").glob("*.py")))
    return found


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
