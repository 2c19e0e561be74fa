"""A tool, a file and a small file of the same kind in; out, one JSON line: what the tool found, and what it took.

    python -m benchmarks.peers.run measure TOOL FILE SMALL [--without-distinct]
    python -m benchmarks.peers.run fixed TOOL SMALL [--without-distinct]
    python -m benchmarks.peers.run versions

Run by `benchmarks.checking`, one process per measurement, in the environment that has the tool; it imports nothing of
loadgate itself. What counts is the way from the file to the verdicts. Before it come imports, the tool's own
preparation of the suite, one run over the small file, and one reading of the large file, so that it lies in memory.
Memory is the most that the process ever had resident after that moment (the kernel's mark is reset then), which
includes the libraries that are loaded, and not what loading them took.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import resource
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.peers.suite import Check, CouldNotRunError, Run, checks
from benchmarks.peers.tools import TOOLS

REPEATED = 30
_CHUNK = 16 << 20


def main(act: str, *words: str) -> None:
    suite = checks(distinct="--without-distinct" not in words)
    tool, *paths = [word for word in words if not word.startswith("--")] or [""]
    try:
        if act == "versions":
            answer: dict[str, Any] = {name: _versions(one.distributions) for name, one in TOOLS.items()}
        elif act == "measure":
            answer = measure(suite, tool, *map(Path, paths))
        else:
            answer = fixed(suite, tool, *map(Path, paths))
    except CouldNotRunError as fault:
        answer = {"could_not_run": str(fault)}
    print(json.dumps(answer), flush=True)


def measure(suite: tuple[Check, ...], tool: str, path: Path, small: Path) -> dict[str, Any]:
    """Run the suite once over a large file."""
    run = _prepared(suite, tool)
    with contextlib.redirect_stdout(sys.stderr):
        run(small)
        _read_once(path)
        gc.collect()
        _forget_peak()
        before = _resident_mb("VmRSS:")
        wall, cpu = time.perf_counter(), _cpu_s()
        failing = run(path)
        wall, cpu = time.perf_counter() - wall, _cpu_s() - cpu
    return {
        "wall_s": wall,
        "cpu_s": cpu,
        "peak_mb": _resident_mb("VmHWM:"),
        "before_mb": before,
        "failing": failing,
    }


def fixed(suite: tuple[Check, ...], tool: str, small: Path) -> dict[str, Any]:
    """Run the suite over a file of a few rows, again and again; the medians."""
    run = _prepared(suite, tool)
    walls, cpus = [], []
    with contextlib.redirect_stdout(sys.stderr):
        for _ in range(5):
            run(small)
        for _ in range(REPEATED):
            wall, cpu = time.perf_counter(), _cpu_s()
            run(small)
            walls.append(time.perf_counter() - wall)
            cpus.append(_cpu_s() - cpu)
    return {"wall_ms": 1000 * statistics.median(walls), "cpu_ms": 1000 * statistics.median(cpus)}


def _prepared(suite: tuple[Check, ...], tool: str) -> Run:
    module = importlib.import_module(f"benchmarks.peers.{tool}")
    run: Run = module.prepare(suite)
    return run


def _versions(distributions: tuple[str, ...]) -> dict[str, str] | None:
    """None when one of them isn't installed here."""
    try:
        return {name: metadata.version(name) for name in distributions}
    except metadata.PackageNotFoundError:
        return None


def _read_once(path: Path) -> None:
    with path.open("rb") as file:
        while file.read(_CHUNK):
            pass


def _cpu_s() -> float:
    """Of this process and of children that it has waited for."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _resident_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
