"""What 40 checks of a table take, tool by tool, held against the least that reads it: a table, or with --json a list.

    .venv/bin/python -m benchmarks.checking --rows N [--tools floor,fast,…] [--formats parquet,csv] [--json]

`floor` is a bare streaming reduction of all columns; `fast` and `engine` are this repository's two ways of running a
GX suite; `gx_pandas` is GX itself. The others are peers, from `make peers`. Tools take turns, `--rounds` times, each
measurement in its own process with imports, preparation and a warm-up before the clock starts (`benchmarks.peers.run`
says how); medians are told. A tool that can't express a check runs the others: `checks` says how many it ran. Each
tool's failing rows are compared with those that `fast` found; a difference is told. It ends the command with 1, as
does a process that breaks off.

Measurements are kept in the scratch folder, and taken again only if the tool, its libraries, the suite or the engine
have changed, or with `--again`. So it can be interrupted, and tools can be added one by one. Ratios compare medians;
where the machine has other work, measure the floor again with what is held against it.

With `--fixed` instead, the same 40 checks of a file of ten rows, from the file to the verdicts, again and again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.checking_results import Kept, Line, Measured, lines_of
from benchmarks.checking_runs import Runner
from benchmarks.checking_table import table
from benchmarks.peers.suite import checks
from benchmarks.peers.tools import TOOLS

WARM_UP_ROWS = 1_000
FEW_ROWS = 10
FORMATS = ("parquet", "csv")


def main() -> None:
    asked = _arguments()
    runner = Runner(distinct=not asked.without_distinct)
    if asked.fixed:
        _tell_fixed(runner, asked)
        return
    kept = Kept(asked.scratch / f"measured-{asked.rows}.jsonl")
    measured = list(_measured(runner, kept, asked))
    before = {name: list(_known(runner, kept, asked, name)) for name in ("floor", "fast")}
    reference = {one.place["format"]: one.found["failing"] for one in before["fast"] if "failing" in one.found}
    suite = len(checks(distinct=runner.distinct))
    lines = lines_of(measured, floor=before["floor"], reference=reference, suite=suite)
    if asked.json:
        print(json.dumps([line.as_json() for line in lines], indent=1))
    else:
        print(Line.HEADER, *(line.as_row() for line in lines), sep="\n")
    if any(line.disagrees for line in lines) or any(one.found.get("broke") for one in measured):
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--tools", type=_some_of(tuple(TOOLS)), default=list(TOOLS), help=", ".join(TOOLS))
    parser.add_argument("--formats", type=_some_of(FORMATS), default=list(FORMATS), help=", ".join(FORMATS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-distinct", action="store_true", help="leave out checks that must remember values")
    parser.add_argument("--fixed", action="store_true", help=f"CPU and wall of {FEW_ROWS} rows, in milliseconds")
    parser.add_argument("--json", action="store_true", help="one list of objects")
    parser.add_argument("--again", action="store_true", help="measure what was measured before, too")
    scratch = Path(tempfile.gettempdir()) / f"loadgate-checking-{os.getuid()}"
    parser.add_argument("--scratch", type=Path, default=scratch, help="keeps the tables and what was measured")
    return parser.parse_args()


def _some_of(known: tuple[str, ...]) -> Any:
    def parse(text: str) -> list[str]:
        names = list(dict.fromkeys(filter(None, text.split(","))))
        strange = ", ".join(name for name in names if name not in known)
        if strange or not names:
            raise argparse.ArgumentTypeError(f"{strange or 'nothing'} is none of {', '.join(known)}")
        return names

    return parse


def _measured(runner: Runner, kept: Kept, asked: argparse.Namespace) -> Iterator[Measured]:
    """Everything that was asked for; the tools take turns, so that a busy minute of the machine meets all of them."""
    large, small = table(asked.rows, asked.scratch), table(WARM_UP_ROWS, asked.scratch)
    for number in range(1, asked.rounds + 1):
        for name in asked.tools:
            for suffix in asked.formats:
                place = runner.place(name, rows=asked.rows, suffix=suffix, number=number)
                if (known := None if asked.again else kept.find(place)) is not None:
                    yield known
                    continue
                print(f"round {number}: {name} {suffix}", file=sys.stderr)
                found = runner.measure(name, large[suffix], small[suffix])
                lasts = runner.is_installed(name) and not found.get("broke")
                yield kept.keep(place, found) if lasts else Measured(place=place, found=found)


def _known(runner: Runner, kept: Kept, asked: argparse.Namespace, name: str) -> Iterator[Measured]:
    """What is kept of a tool, whether it was asked for now or before."""
    for number in range(1, asked.rounds + 1):
        for suffix in asked.formats:
            known = kept.find(runner.place(name, rows=asked.rows, suffix=suffix, number=number))
            if known is not None:
                yield known


def _tell_fixed(runner: Runner, asked: argparse.Namespace) -> None:
    files = table(FEW_ROWS, asked.scratch)
    found = [
        {"tool": name, "format": suffix, **runner.fixed(name, files[suffix])}
        for name in asked.tools
        if name != "floor"
        for suffix in asked.formats
    ]
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'tool':<12} {'format':<8} {'wall ms':>8} {'CPU ms':>8}")
    for one in found:
        told = one.get("could_not_run") or f"{one['wall_ms']:>8.1f} {one['cpu_ms']:>8.1f}"
        print(f"{one['tool']:<12} {one['format']:<8} {told}")


if __name__ == "__main__":
    main()
