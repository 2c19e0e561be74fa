"""Vintages and the ledger in; out, for each part the newest approved values of an earlier period, and the history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loadgate.errors import CouldNotRun
from loadgate.model.identity import parse_run_id, sha256
from loadgate.model.period import Period, run_order
from loadgate.store import durable
from loadgate.store.heads import require_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import polars as pl

    from loadgate.model.expected import KeyFigure
    from loadgate.running.opened import Opened

_FIRSTS = 24  # earlier runs in which the newest period is looked up


def approved(opened: Opened) -> dict[str, dict[str, Any]]:
    """run → manifest of every vintage whose release stands in the ledger and was not withdrawn.

    A vintage without its ledger entry is no baseline. Raises CouldNotRun when one that was approved is gone or
    changed: to compare with an older one instead, or with none, would pass what nobody looked at.
    """
    releases: dict[str, str] = {}
    for entry in opened.state.ledger.entries():
        if entry.kind == "released":
            releases[entry.body["run"]] = entry.body["vintage_sha256"]
        elif entry.kind == "withdrawn":
            releases.pop(entry.body["run"], None)
    found = {}
    for run, sha in releases.items():
        path = opened.places.vintage(run) / durable.MANIFEST
        text = path.read_bytes() if path.is_file() else b""
        if sha256(text) != sha:
            raise _not_as_approved(run)
        found[run] = json.loads(text)
    return found


def _not_as_approved(run: str) -> CouldNotRun:
    return CouldNotRun(
        f"the vintage of {run} is not what was approved", fix=f"restore baselines/vintages/{run} from the backup"
    )


def _whole(opened: Opened, run: str) -> Path:
    """The folder of a vintage, every file in it as its manifest says. Raises CouldNotRun."""
    folder = opened.places.vintage(run)
    if durable.differences(folder):
        raise _not_as_approved(run)
    return folder


def index(opened: Opened, period: Period) -> dict[str, str]:
    """part → run: the newest approved values of a run of an *earlier* period.

    Raises CouldNotRun when the ledger is not whole: a database that was lost and made anew, or is older than the last
    release, does not know of each approval, and the values would be compared with others, or with nothing.
    """
    require_whole(opened.places, opened.state)
    chosen: dict[str, str] = {}
    for run, manifest in _earlier(opened, period):
        for part in manifest["parts"]:
            chosen[part] = run
    return dict(sorted(chosen.items()))


def newest_approved(opened: Opened, runs: Iterable[str], part: str) -> str | None:
    """The last of some approved runs, oldest first, in which a part was not withheld; it may have had no figures."""
    withheld = {entry.body["run"]: entry.body["withheld"] for entry in opened.state.ledger.entries("released")}
    return next((run for run in reversed([*runs]) if part not in withheld[run]), None)


def history(opened: Opened, period: Period) -> tuple[str, ...]:
    """Approved runs of earlier periods, oldest first; of one period the newest run only."""
    newest: dict[str, str] = {}
    for run, _ in _earlier(opened, period):
        newest[parse_run_id(run)[0]] = run
    return tuple(newest[key] for key in sorted(newest))


def _earlier(opened: Opened, period: Period) -> list[tuple[str, dict[str, Any]]]:
    """Approved vintages of earlier periods, oldest period and lowest number first."""
    found = []
    for run, manifest in approved(opened).items():
        if run_order(run)[0] < period:
            found.append((run, manifest))
    return sorted(found, key=lambda item: run_order(item[0]))


def load(opened: Opened, chosen: dict[str, str]) -> pl.DataFrame:
    """The baseline's figures, each part from its own vintage; column `vintage` says which."""
    import polars as pl

    from loadgate.model.tables import FIGURES, empty

    frames = []
    for run in sorted(set(chosen.values())):
        wanted = [part for part, vintage in chosen.items() if vintage == run]
        frames.append(
            pl.scan_parquet(_whole(opened, run) / "figures.parquet")
            .filter(pl.col("part").is_in(wanted))
            .with_columns(vintage=pl.lit(run))
        )
    if not frames:
        return empty(FIGURES).with_columns(vintage=pl.lit(None, dtype=pl.String))
    return pl.concat(frames).collect()


def vintages(opened: Opened, runs: Sequence[str]) -> dict[str, Path]:
    """run → folder of its vintage, in the order of `runs`; every file was read once. Raises CouldNotRun: `_whole`."""
    return {run: _whole(opened, run) for run in runs}


def load_history(folders: Mapping[str, Path]) -> list[pl.DataFrame]:
    """What detection wrote down in each of these approved runs, oldest first; runs without it are left out."""
    import polars as pl

    paths = (folder / "history.parquet" for folder in folders.values())
    return [pl.read_parquet(path) for path in paths if path.exists()]


def load_firsts(folders: Mapping[str, Path], *, figures: pl.DataFrame, period: Period) -> pl.DataFrame:
    """FIRSTS (`detecting.firsts`): each figure's newest reference period in these approved runs, and in this one.

    In: vintages, oldest first; this run's FIGURES; of them the period before the newest comes too.
    Columns are read lazily, few of them.
    """
    import polars as pl

    from loadgate.detecting.firsts import firsts_schema

    start = pl.col("reference_start")
    columns = ["figure", "cell", "provider", "reference_start", "value", "numerator", "denominator"]
    parts = [pl.DataFrame(schema=firsts_schema())]

    def shaped(frame: pl.LazyFrame, first_day: date, *, now: bool, most: int) -> pl.LazyFrame:
        age = start.rank("dense", descending=True).over("figure")
        rows = frame.filter(start == start.max().over("figure")) if most == 1 else frame.filter(age <= most)
        labelled = rows.with_columns(pl.lit(first_day).alias("run_start"), pl.lit(now).alias("now"))
        return labelled.select(pl.col(name).cast(kind) for name, kind in firsts_schema().items())

    for run, folder in [*folders.items()][-_FIRSTS:]:
        frame = pl.scan_parquet(folder / "figures.parquet").select(columns)
        first_day = run_order(run)[0].start
        parts.append(shaped(frame, first_day, now=False, most=1).collect())
    parts.append(shaped(figures.lazy().select(columns), period.start, now=True, most=2).collect())
    return pl.concat(parts)


def load_revisions(
    folders: Mapping[str, Path], *, figures: Sequence[KeyFigure], period: Period, since: str | None
) -> pl.DataFrame:
    """REVISIONS (`detecting.revisions`) of these vintages, each against the one as far before it as ours is.

    `since`: the run that `period` is compared with, None without one.
    """
    import polars as pl

    from loadgate.comparing.prior import compare_prior
    from loadgate.detecting.revisions import revisions, revisions_schema

    names = [figure.id for figure in figures]
    of = {run_order(run)[0]: folder for run, folder in folders.items()}
    before = None if since is None else run_order(since)[0]
    gap = next((back for back in range(1, _FIRSTS + 1) if period.shift(-back) == before), None)
    parts = [pl.DataFrame(schema=revisions_schema())]
    if not names or gap is None:
        return parts[0]

    def held(each: Period) -> pl.DataFrame:
        rows = pl.scan_parquet(of[each] / "figures.parquet").filter(pl.col("figure").is_in(names))
        return rows.with_columns(vintage=pl.lit(str(each))).collect()

    tables = {each: held(each) for each in sorted(of)[-_FIRSTS:]}
    for each, table in tables.items():
        if each.shift(-gap) in tables:
            against = compare_prior(table, tables[each.shift(-gap)])
            parts.append(revisions(against, figures, run_start=each.start))
    return pl.concat(parts)
