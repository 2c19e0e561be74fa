"""How long a month takes, where the time goes, and how much memory it needs: a table, or with --json one object a line.

    .venv/bin/python -m benchmarks.month [--json] [--site DIR] [--rows DATASET=N]

The default month of `loadgate sample flis` is laid out first (not timed; `--site` takes one that was laid out before,
and leaves it as it is). Then `loadgate run` is watched from outside, three times, each in a fresh process:

- with Prefect, from the state as it was laid out: the steps and `total`. A step lasts from the start of its first
  unit to the end of its last, as the state database has them; `cpu_s` is that of the program's own process, `peak_mb`
  of all its processes together.
- the same again: `again`, with nothing left to do.
- `--inline`, on a second copy: `inline`, the same work in one process without Prefect.

`orchestration` is what Prefect costs. Its wall is the time in which no unit could be worked on: from the opened run to
the first unit, and from the last unit to the end of the process. Its CPU is that of the whole run less that of the
inline run, so Prefect's server and its part of the program's own process are both in it, and `share` is that CPU in
the whole. On a machine that does other things meanwhile, both differ from run to run by some seconds.

With `--rows DATASET=N`, that dataset alone is measured: `scan`, one bare pass over its files (every column counted and
reduced, nothing written), then `dataset`, everything between the archived bytes and the checked rows of its deliveries,
and `times`, the ratio of the two walls.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.watching import Watched, watch

STEPS = ("deliveries", "across", "measure", "compare", "detect", "judge")
HELD = 3  # the exit code of a month that is held back: it was run to its end all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`share`: of the whole run's CPU; `times`: of the bare scan's wall."""

    step: str
    units: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    share: float | None = None
    times: float | None = None


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="loadgate-benchmark-", dir=asked.scratch) as scratch:
        site = asked.site or _laid_out(Path(scratch) / "laid", asked)
        rows = [name.partition("=")[0] for name in asked.rows]
        lines = _datasets(site, rows, asked, Path(scratch)) if rows else _month(site, asked, Path(scratch))
        if not asked.json:
            print(f"{'step':<14} {'units':>6} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
        for line in lines:
            print(_json(line) if asked.json else _row(line), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--site", type=Path, help="a site that was laid out and never run; it is not changed")
    parser.add_argument("--period", default="2026-10")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", action="append", default=[], metavar="DATASET=N", help="measure this dataset alone")
    parser.add_argument("--scratch", type=Path, help="where to lay out and copy; the system's own by default")
    return parser.parse_args()


def _laid_out(out: Path, asked: argparse.Namespace) -> Path:
    rows = [word for size in asked.rows for word in ("--rows", size)]
    command = ["sample", "flis", str(out), "--period", asked.period, "--seed", str(asked.seed), *rows]
    subprocess.run([sys.executable, "-m", "loadgate", *command], check=True, stdout=subprocess.DEVNULL)
    return out


def _copy(site: Path, to: Path) -> Path:
    """The site once more; what the senders wrote is linked, as nothing ever changes it."""
    if any((site / "state").glob("runs/*/opened")):
        sys.exit(f"{site} was run before: its state is not empty. Lay it out anew, or leave --site away")

    def link(source: str, target: str) -> object:
        try:
            return os.link(source, target)
        except OSError:  # another disk
            return shutil.copy2(source, target)

    shutil.copytree(site, to, ignore=shutil.ignore_patterns("inbox"))
    shutil.copytree(site / "inbox", to / "inbox", copy_function=link)
    return to


def _run(site: Path, asked: argparse.Namespace, log: Path, *more: str) -> Watched:
    command = [sys.executable, "-m", "loadgate", "run", asked.period, "--site", str(site), "--json", *more]
    watched = watch(command, environment=_environment(), into=log)
    if watched.code not in (0, HELD):
        sys.exit(f"the run ended with code {watched.code}:\n{log.read_text(errors='replace')[-2000:]}")
    return watched


def _environment() -> dict[str, str]:
    """Without what an operator may have set: alerts would be sent, and another server or state be used."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("LOADGATE_", "PREFECT_"))}


# ── the month ──────────────────────────────────────────────────────────────────────────────────────────────────


def _month(site: Path, asked: argparse.Namespace, scratch: Path) -> Iterator[Line]:
    whole = _copy(site, scratch / "prefect")
    first = _run(whole, asked, scratch / "first.log")
    steps = _steps(whole, asked.period, first)
    began, ended = _span(whole, asked.period)
    again = _run(whole, asked, scratch / "again.log")
    inline = _run(_copy(site, scratch / "inline"), asked, scratch / "inline.log", "--inline")
    yield from steps
    yield Line(
        step="orchestration",
        units=1,
        wall_s=max(0.0, began - _written(whole, asked.period, "opened")) + first.ended - ended,
        cpu_s=first.cpu_s - inline.cpu_s,
        peak_mb=first.peak_mb(),
        share=(first.cpu_s - inline.cpu_s) / first.cpu_s,
    )
    units = next(line.units for line in steps if line.step == "deliveries")
    yield Line(step="total", units=units, wall_s=first.wall_s, cpu_s=first.cpu_s, peak_mb=first.peak_mb())
    yield Line(step="again", units=0, wall_s=again.wall_s, cpu_s=again.cpu_s, peak_mb=again.peak_mb())
    yield Line(step="inline", units=units, wall_s=inline.wall_s, cpu_s=inline.cpu_s, peak_mb=inline.peak_mb())


def _steps(site: Path, period: str, watched: Watched) -> list[Line]:
    """Every step of the run; the report is written by the unit that judges, after the judgement is kept."""
    spans = {step: times for step in STEPS if (times := _times(site, period, step))}
    files = sum(path.is_file() for path in (site / "inbox").rglob("*"))
    lines = [_line("open", files, watched.began, _written(site, period, "opened"), watched)]
    for step, times in spans.items():
        first, last = min(start for start, _ in times), max(end for _, end in times)
        if step == "judge":
            kept = _written(site, period, "judge/all")
            lines.append(_line(step, len(times), first, kept, watched))
            lines.append(_line("report", 1, kept, last, watched))
        else:
            lines.append(_line(step, len(times), first, last, watched))
    return lines


def _line(step: str, units: int, first: float, last: float, watched: Watched) -> Line:
    return Line(
        step=step,
        units=units,
        wall_s=last - first,
        cpu_s=watched.own_between(first, last),
        peak_mb=watched.peak_mb(first, last),
    )


def _written(site: Path, period: str, step: str) -> float:
    return (site / "state" / "runs" / period / step / "manifest.json").stat().st_mtime


def _times(site: Path, period: str, step: str | None = None) -> list[tuple[float, float]]:
    """Start and end of every unit that was done."""
    from loadgate.store.state import open_state

    state = open_state(f"sqlite:///{site / 'state' / 'loadgate.db'}")
    try:
        rows = state.work.rows(period, step)
    finally:
        state.close()
    return [(_epoch(row.started_at), _epoch(row.finished_at)) for row in rows if row.started_at and row.finished_at]


def _span(site: Path, period: str) -> tuple[float, float]:
    times = _times(site, period)
    return min(start for start, _ in times), max(end for _, end in times)


def _epoch(moment: datetime | None) -> float:
    return 0.0 if moment is None else moment.timestamp()


# ── one dataset ────────────────────────────────────────────────────────────────────────────────────────────────


def _datasets(site: Path, datasets: list[str], asked: argparse.Namespace, scratch: Path) -> Iterator[Line]:
    for dataset in datasets:
        copied = _copy(site, scratch / dataset)
        measured = {}
        for part in ("prepare", "scan", "dataset"):
            command = [sys.executable, "-m", "benchmarks.dataset", part, str(copied), asked.period, dataset]
            log = scratch / f"{dataset}-{part}.log"
            watched = watch(command, environment=_environment(), into=log)
            if watched.code:
                sys.exit(f"{part} of {dataset} ended with code {watched.code}:\n{log.read_text()[-2000:]}")
            measured[part] = json.loads(log.read_text().splitlines()[-1]), watched
        (scan, bare), (work, done) = measured["scan"], measured["dataset"]
        yield Line(step="scan", units=scan["units"], wall_s=scan["wall_s"], cpu_s=scan["cpu_s"], peak_mb=bare.peak_mb())
        yield Line(
            step="dataset",
            units=work["units"],
            wall_s=work["wall_s"],
            cpu_s=work["cpu_s"],
            peak_mb=done.peak_mb(),
            times=work["wall_s"] / scan["wall_s"],
        )


def _json(line: Line) -> str:
    told = {name: value for name, value in asdict(line).items() if value is not None}
    return json.dumps({name: round(value, 3) if isinstance(value, float) else value for name, value in told.items()})


def _row(line: Line) -> str:
    text = f"{line.step:<14} {line.units:>6} {line.wall_s:>8.1f} {line.cpu_s:>8.1f} {line.peak_mb:>8.0f}"
    if line.share is not None:
        text += f"   {100 * line.share:.0f} % of the CPU"
    return text if line.times is None else f"{text}   {line.times:.1f} times the bare scan"


if __name__ == "__main__":
    main()
