"""A world and a site's folder in; out, its approved past: 24 vintages in the ledger, the last published; and controls.

Nothing is run: each vintage is what the law gives, frozen as a release freezes it. What is there already stays.
"""

from __future__ import annotations

import csv
import io
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.arriving.expected import moment
from loadgate.model.findings import Verdict
from loadgate.model.identity import key_of, parse_run_id, run_id, sha256
from loadgate.model.judgement import Judgement, PartVerdict
from loadgate.model.version import VERSION
from loadgate.running.acting import RELEASED
from loadgate.running.opened import open_site
from loadgate.samples.flis.figures import figures
from loadgate.store import durable, publication

if TYPE_CHECKING:
    import polars as pl

    from loadgate.model.expected import KeyFigure
    from loadgate.model.period import Period
    from loadgate.running.opened import Opened
    from loadgate.samples.flis.world import World
    from loadgate.store.ledger import LedgerEntry, LedgerHead

ACTOR = "sample"
_HEADER = ("period", "figure", "cell", "provider", "reference", "value", "reported")
# What each source of control figures states of every provider, where the site has the figure.
CONTROLS = {
    "cpr_register": ("citizens", "citizens_by_sex", "citizens_0_6", "citizens_85_plus"),
    "pay_data_office": ("staff", "employments_by_group", "paid_hours"),
    "school_statistics": ("pupils", "pupils_by_grade", "pupils_by_school_type", "pupils_in_special_classes"),
}
_WITHIN = 0.8  # of the smallest deviation that anybody is told of


def write_vintages(world: World, out: Path) -> list[str]:
    """Freeze the earlier months' figures in the site at `out` and enter their releases. Returns the runs, oldest first.

    Killed anywhere, the same call finishes the work; done before, it changes nothing.
    """
    opened = open_site(out)
    try:
        for vintage in world.vintages:
            last = vintage == world.vintages[-1]
            run = run_id(str(vintage), 1)
            entry = _entry(opened, run)
            if entry is None or not durable.exists(opened.places.vintage(run)):
                entry = _release(world, opened, vintage, entry, published=last)
            if last:
                _count(world, opened, vintage, entry)
    finally:
        opened.close()
    return [run_id(str(vintage), 1) for vintage in world.vintages]


def released_at(world: World, vintage: Period) -> datetime:
    """When a month of the past was released: two hours after its last closing time."""
    closes = [moment(rule.closes, vintage, world.site.file.timezone) for rule in world.site.calendar.rules]
    return max(closes) + timedelta(hours=2)


def _entry(opened: Opened, run: str) -> LedgerEntry | None:
    return next((one for one in opened.state.ledger.entries(RELEASED) if one.body["run"] == run), None)


def _release(
    world: World, opened: Opened, vintage: Period, entry: LedgerEntry | None, *, published: bool
) -> LedgerEntry:
    """Freeze one vintage, publish it if asked to, and enter it; with an entry already there, make the same again."""
    run = run_id(str(vintage), 1)
    head = _head_before(opened, entry)
    frame = figures(world, vintage)
    staged = _stage(world, opened, vintage, frame, head) if published else None
    final = opened.places.vintage(run)
    if final.exists():
        durable.discard_folder(final)  # without its entry, or without its manifest, it never counted
    with durable.scratch(opened.tmp, mode=0o750) as folder:
        if staged is None:
            frame.write_parquet(folder / "figures.parquet", compression="zstd")
        else:
            shutil.copyfile(opened.places.staged(run) / "figures.parquet", folder / "figures.parquet")
        manifest = {
            "key": staged or key_of("sample", world.site.files, world.seed, dict(world.rows), run),
            "run": run,
            "parts": sorted(frame["part"].unique().to_list()),
            "ledger_head": {"seq": head.seq, "sha256": head.sha256},
        }
        durable.seal(folder, manifest)
        durable.commit_folder(folder, final)
    vintage_sha256 = sha256((final / durable.MANIFEST).read_bytes())
    body = {
        "run": run,
        "verdict": Verdict.RELEASE,
        "published_sha256": staged or vintage_sha256,  # older ones were published once, and lie here no more
        "vintage_sha256": vintage_sha256,
        "withheld": [],
        "waivers": [],
    }
    return opened.state.ledger.append(RELEASED, ACTOR, body, released_at(world, vintage), once=True)


def _head_before(opened: Opened, entry: LedgerEntry | None) -> LedgerHead:
    from loadgate.store.ledger import LedgerHead

    if entry is None:
        return opened.state.ledger.head()
    return LedgerHead(seq=entry.seq - 1, sha256=entry.previous_sha256)


def _stage(world: World, opened: Opened, vintage: Period, frame: pl.DataFrame, head: LedgerHead) -> str:
    """Stage the release of a month in which nothing was found. Returns the SHA-256 of its manifest."""
    from loadgate.releasing.stage import stage

    run = run_id(str(vintage), 1)
    final = opened.places.staged(run)
    if final.exists():
        durable.discard_folder(final)
    at = released_at(world, vintage)
    with durable.scratch(opened.tmp, mode=0o750) as folder:
        manifest = stage(
            judgement=_judgement(run, at, frame),
            figures=frame,
            into=folder,
            release=run,
            inputs={"content": key_of(world.site.files), "engine": VERSION, "baseline": {}},
            ledger_head=(head.seq, head.sha256),
            as_of=at,
        )
        printed = {"seq": head.seq, "sha256": head.sha256}
        durable.seal(folder, {**manifest.to_plain(), "key": manifest.figures_sha256, "ledger_head": printed})
        durable.commit_folder(folder, final)
    return sha256((final / durable.MANIFEST).read_bytes())


def _judgement(run: str, at: datetime, frame: pl.DataFrame) -> Judgement:
    parts = sorted(frame["part"].unique().to_list())
    return Judgement(
        run=run,
        as_of=at.isoformat(),
        verdict=Verdict.RELEASE,
        verdict_before_waivers=Verdict.RELEASE,
        reasons=(),
        parts=tuple(PartVerdict(part=part, verdict=Verdict.RELEASE, reasons=()) for part in parts),
        cases=(),
        resolved=(),
        findings=(),
        outcomes=(),
        known_errors=(),
        caveats=(),
        waivers=(),
    )


def _count(world: World, opened: Opened, vintage: Period, entry: LedgerEntry) -> None:
    """Let last month's release be the one that counts, unless a newer one does; its run is one that was released."""
    from loadgate.store.ledger import LedgerHead
    from loadgate.store.runs import RunState

    run, period = entry.body["run"], str(vintage)
    if not durable.exists(opened.places.release(run)):
        if not durable.exists(opened.places.staged(run)):
            frame = figures(world, vintage)
            _stage(world, opened, vintage, frame, _head_before(opened, entry))
        durable.commit_folder(opened.places.staged(run), opened.places.release(run))
    current = publication.current(opened.places)
    if current is None or parse_run_id(current.run)[0] < period:  # `2026-09`, `2026-10`: text sorts as time does
        publication.switch(opened.places, run, LedgerHead(seq=entry.seq, sha256=entry.sha256), tmp=opened.tmp)
    if not opened.state.runs.rows(period):
        at = released_at(world, vintage)
        opened.state.runs.open(period, inputs_sha256=key_of(ACTOR, run), as_of=at, opened_at=at, opened_by=ACTOR)
    if opened.state.runs.get(run).state is RunState.OPEN:
        opened.state.runs.set_state(run, RunState.RELEASED)


def write_controls(world: World, out: Path, period: Period) -> list[Path]:
    """Write each source's control figures of a run period: they differ from the truth, always within tolerance.

    The difference of a provider and figure is heavy-tailed noise of its own and some that the provider's whole area
    shares, in proportion to the smallest deviation that the site's tolerances know.
    """
    truth = figures(world, period)
    folder = out / "baselines" / "control_figures"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for source, wanted in CONTROLS.items():
        known = [figure for figure in world.site.figures if figure.id in wanted]
        lines = [line for figure in known for line in _control_lines(world, truth, source, figure, period)]
        if not lines:
            continue
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_HEADER)
        writer.writerows(lines)
        path = folder / f"{source}_{period}.csv"
        data = text.getvalue().encode()
        if not path.is_file() or path.read_bytes() != data:
            path.write_bytes(data)
        written.append(path)
    return written


def _control_lines(
    world: World, truth: pl.DataFrame, source: str, figure: KeyFigure, period: Period
) -> list[tuple[str, ...]]:
    """One line per cell and provider of the newest reference period."""
    import numpy as np
    import polars as pl

    if figure.denominator is not None or figure.scale != 1:
        return []
    names = {
        cell: code
        for bridge in world.site.bridges
        if (bridge.source, bridge.figure) == (source, figure.id)
        for code, cell in bridge.cells.items()
    }
    rows = truth.filter((pl.col("figure") == figure.id) & (pl.col("reference_start") == period.start))
    limit = _limit(world, source, figure)
    rng = world.rng("controls", source, figure.id, period)
    shared = world.rng("controls of provider", source, period).standard_t(6, len(world.providers)) / 1.5**0.5
    whose = {provider: place for place, provider in enumerate(world.providers)}
    own = rng.standard_t(5, rows.height) / (5 / 3) ** 0.5
    together = np.array([shared[whose[provider]] for provider in rows["provider"]])
    off = np.clip(limit * (0.24 * own + 0.12 * together), -_WITHIN * limit, _WITHIN * limit)
    lines: list[tuple[str, ...]] = []
    for (cell, provider, value), part in zip(rows.select("cell", "provider", "value").iter_rows(), off, strict=True):
        stated = value * (1 + part)
        text = f"{stated:.0f}" if float(value).is_integer() else f"{stated:.2f}"
        lines.append((str(period), figure.id, names.get(cell, cell or ""), provider, str(period), text, ""))
    return lines


def _limit(world: World, source: str, figure: KeyFigure) -> float:
    """The relative minimal deviation of the first tolerance that fits; without one nothing may differ."""
    for tolerance in world.site.tolerances:
        if tolerance.source in (None, source) and tolerance.figure in (None, figure.id) and tolerance.scope == "*":
            return tolerance.minimal.relative
    return 0.0
