"""A judged run in; out, its release: judged again, staged, verified, switched, and its vintage frozen."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from loadgate.errors import CouldNotRun, Refused, VerificationFailed
from loadgate.model.findings import Verdict
from loadgate.model.identity import sha256
from loadgate.model.judgement import Judgement
from loadgate.model.moments import written_in
from loadgate.model.period import run_order
from loadgate.model.tables import FIGURES, logical_sha256
from loadgate.model.version import VERSION
from loadgate.running import acting, deciding, month, reducing
from loadgate.running.opened import Opened, Ref, now
from loadgate.store import durable, publication
from loadgate.store.heads import require_whole

if TYPE_CHECKING:
    from loadgate.store.ledger import LedgerEntry
    from loadgate.store.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What a release did; `already` when it had been released before with these bytes."""

    run: str
    verdict: Verdict
    folder: Path
    manifest_sha256: str
    withheld: tuple[str, ...]
    already: bool
    waivers: tuple[str, ...] = ()


def judge_again(ref: Ref, *, as_of: datetime | None = None) -> Judgement:
    """Judge with the acts of now, or of a later moment.

    Raises CouldNotRun when the run is not complete, or is not what was judged; Refused for a moment that is past.
    """
    if not month.is_done(ref):
        raise CouldNotRun(f"run {ref.run} is not complete", fix="run the month again; it takes up where it stopped")
    judgement = deciding.judge_now(ref, as_of=moment_of(ref, as_of))
    _require_as_judged(ref, findings_sha256=deciding.findings_sha256(judgement))
    return judgement


def _require_as_judged(ref: Ref, **found: str) -> None:
    """Hold what lies in the run's folders now against its manifest: no acts change what was found and measured."""
    manifest = durable.read_manifest(ref.open().places.run(ref.run))
    if any(manifest.get(name) != sha for name, sha in found.items()):
        period = run_order(ref.run)[0]
        if manifest.get("engine") != VERSION:
            raise CouldNotRun(
                f"{ref.run} was judged by loadgate {manifest.get('engine')}, and {VERSION} finds something else in it",
                fix=f"loadgate run {period}: the next run of the period, by this version",
            )
        raise CouldNotRun(
            f"what lies in state/runs/{ref.run} and state/deliveries is not what was judged",
            fix=f"`loadgate run {period}` makes deliveries anew that are gone; else restore both from the backup",
        )


def moment_of(ref: Ref, asked: datetime | None = None) -> datetime:
    """What a waiver's end is held against: the clock, or the run's own time where that is later or times are stated.

    An earlier moment than that would let a waiver count that is over: so would a clock that was set back.
    """
    _, inputs, site = ref.frozen()
    earliest = inputs.as_of if site.file.stated_times else max(inputs.as_of, now())
    if asked is not None and asked < earliest:
        raise Refused(
            f"a release of {ref.run} cannot be judged by a moment before {written_in(site.file.timezone, earliest)}",
            fix="leave --as-of out; a later moment shows which waivers are over by then",
        )
    return asked or earliest


def release(ref: Ref, *, actor: str, as_of: datetime | None = None, at: datetime | None = None) -> Released:
    """Release a run: refuse on hold, else stage, verify, freeze the vintage, enter the ledger and switch CURRENT.

    Each step is safe to repeat: killed anywhere, the same call finishes the work, and until the last step consumers
    see the release before. Raises Refused on hold, and where the period has a newer run; CouldNotRun where the
    ledger, or what the run found and measured, was changed since.
    """
    acting.require_name(actor)
    opened = ref.open()
    with month.hold(ref, actor=actor, again=False):
        done = _entry(opened.state, ref.run)
        if done is None:
            require_whole(opened.places, opened.state)
            _require_newest(opened, ref.run)
            judgement = judge_again(ref, as_of=as_of)
            if judgement.verdict is Verdict.HOLD:
                raise _refusal(ref, judgement)
            _require_figures(ref)
            _discard_unentered(opened, ref.run)
            _stage(ref, judgement)
            _freeze(ref)
            done = opened.state.ledger.append(acting.RELEASED, actor, _body(ref, judgement), at or now(), once=True)
            already = False
        else:
            already = True
        _publish(opened, ref.run)
        problems = publication.problems(opened.places, ref.run, done.body["published_sha256"])
        if problems:
            raise VerificationFailed(
                "published/ is not what was released: " + "; ".join(problems),
                fix=f"restore published/{ref.run} from the backup, and take away what is not in its manifest",
            )
        _switch(opened, ref.run, done)
    return _told(opened, done, already=already)


def released_as(ref: Ref) -> Released | None:
    """What a run was released with; None if it was not, or not to the end."""
    opened = ref.open()
    entry = _entry(opened.state, ref.run) if ref.run in _finished(opened.state) else None
    return None if entry is None else _told(opened, entry, already=True)


def _told(opened: Opened, entry: LedgerEntry, *, already: bool) -> Released:
    return Released(
        run=entry.body["run"],
        verdict=Verdict(entry.body["verdict"]),
        folder=opened.places.release(entry.body["run"]),
        manifest_sha256=entry.body["published_sha256"],
        withheld=tuple(entry.body["withheld"]),
        already=already,
        waivers=tuple(entry.body["waivers"]),
    )


def _require_newest(opened: Opened, run: str) -> None:
    """A run begun after this one has seen what this has not: it decides about the period, and may hold it."""
    period = opened.inputs(run).period
    newest = opened.state.runs.rows(period)[-1].id
    if newest != run:
        judged = deciding.is_stored(opened, newest)
        raise Refused(
            f"{newest} is a newer run of {period} than {run}",
            fix=f"loadgate release {newest}" if judged else f"loadgate run {period}",
        )


def _require_figures(ref: Ref) -> None:
    opened, _, site = ref.frozen()
    figures = reducing.load_figures(opened, ref.run, site)
    if figures.is_empty():
        raise Refused(f"{ref.run} has no figures: there is nothing to release", fix="loadgate arrivals PERIOD")
    _require_as_judged(ref, figures_sha256=logical_sha256(figures, FIGURES))


def _discard_unentered(opened: Opened, run: str) -> None:
    """Throw away what an interrupted release staged: without its ledger entry it never counted."""
    for folder in (opened.places.staged(run), opened.places.release(run), opened.places.vintage(run)):
        if folder.exists():
            durable.discard_folder(folder)


def _entry(state: State, run: str) -> LedgerEntry | None:
    entries = [entry for entry in state.ledger.entries(acting.RELEASED) if entry.body["run"] == run]
    return entries[-1] if entries else None


def _refusal(ref: Ref, judgement: Judgement) -> Refused:
    numbers = sorted({reason.case for reason in judgement.reasons if reason.effect == "block" and reason.case})
    named = ", ".join(f"case {number}" for number in numbers) or "checks that could not run"
    return Refused(
        f"HOLD: {ref.run} is not released because of {named}",
        fix="; ".join(f"loadgate case show {number}" for number in numbers) or "loadgate status",
    )


def _stage(ref: Ref, judgement: Judgement) -> None:
    import polars as pl

    from loadgate.releasing.stage import FIGURES_FILE, stage

    opened, inputs, site = ref.frozen()
    final = opened.places.staged(ref.run)
    with durable.scratch(opened.tmp, mode=0o750) as folder:
        head = opened.state.ledger.head()
        manifest = stage(
            judgement=judgement,
            figures=reducing.load_figures(opened, ref.run, site),
            into=folder,
            release=ref.run,
            inputs={"content": inputs.content, "engine": inputs.engine, "baseline": inputs.baseline},
            ledger_head=(head.seq, head.sha256),
            as_of=inputs.as_of,
            permissions=_permissions(opened, judgement),
        )
        if logical_sha256(pl.read_parquet(folder / FIGURES_FILE), FIGURES) != manifest.figures_sha256:
            raise CouldNotRun(
                f"what was written of {ref.run}'s figures is not what was judged",
                fix="release it again; look at the disk",
            )
        printed = {"seq": head.seq, "sha256": head.sha256}
        durable.seal(folder, {**manifest.to_plain(), "key": manifest.figures_sha256, "ledger_head": printed})
        durable.commit_folder(folder, final)


def _permissions(opened: Opened, judgement: Judgement) -> list[str]:
    """The waivers that were used, each as a sentence: which case, why, asked and approved by whom, until when."""
    return [
        f"{one.id}, case {one.case}: {one.reason} (asked for by {one.requested_by}, approved by {one.approved_by}, "
        f"until {one.until})"
        for one in acting.waivers(opened)
        if one.id in judgement.waivers
    ]


def _freeze(ref: Ref) -> None:
    """The figures that go out, frozen: what later runs are compared with."""
    import polars as pl

    opened = ref.open()
    final = opened.places.vintage(ref.run)
    with durable.scratch(opened.tmp, mode=0o750) as folder:
        shutil.copyfile(opened.places.staged(ref.run) / "figures.parquet", folder / "figures.parquet")
        history = opened.places.step(ref.run, "detect") / reducing.ALL / "history.parquet"
        if history.exists():
            shutil.copyfile(history, folder / "history.parquet")
        present = pl.read_parquet(folder / "figures.parquet", columns=["part"])["part"].unique().to_list()
        head = opened.state.ledger.head()
        manifest = {
            "key": _staged_sha256(opened, ref.run),
            "run": ref.run,
            "parts": sorted(present),
            "ledger_head": {"seq": head.seq, "sha256": head.sha256},
        }
        durable.seal(folder, manifest)
        durable.commit_folder(folder, final)


def _body(ref: Ref, judgement: Judgement) -> dict[str, object]:
    opened = ref.open()
    vintage = (opened.places.vintage(ref.run) / durable.MANIFEST).read_bytes()
    return {
        "run": ref.run,
        "verdict": judgement.verdict,
        "published_sha256": _staged_sha256(opened, ref.run),
        "vintage_sha256": sha256(vintage),
        "withheld": [part.part for part in judgement.parts if part.verdict is Verdict.HOLD],
        "waivers": list(judgement.waivers),
    }


def _staged_sha256(opened: Opened, run: str) -> str:
    return sha256((opened.places.staged(run) / durable.MANIFEST).read_bytes())


def _publish(opened: Opened, run: str) -> None:
    """Put what the ledger now holds into published/: nothing else ever lies there."""
    staged = opened.places.staged(run)
    if durable.exists(staged):
        durable.commit_folder(staged, opened.places.release(run))


def _switch(opened: Opened, run: str, entry: LedgerEntry) -> None:
    """Let CURRENT name the release; one of an older month never takes the place of what consumers were shown."""
    from loadgate.store.ledger import LedgerHead
    from loadgate.store.runs import RunState

    head = LedgerHead(seq=entry.seq, sha256=entry.sha256)
    with durable.alone_in(opened.places.published):  # another month may be released at this very moment
        if all(run_order(one) <= run_order(run) for one in _standing(opened)):
            publication.switch(opened.places, run, head, tmp=opened.tmp)
        opened.state.runs.set_state(run, RunState.RELEASED)


def _standing(opened: Opened) -> set[str]:
    """Releases that consumers were shown: those that came to their end, and the one that CURRENT rightly names."""
    shown = set(_finished(opened.state))
    with suppress(VerificationFailed):
        current = publication.current(opened.places)
        if current is not None and _entry(opened.state, current.run) is not None:
            shown.add(current.run)
    return shown


def verify(opened: Opened) -> tuple[str, list[str]]:
    """(run that counts, problems): whether what lies in published/ is exactly what was released.

    Compares CURRENT with the ledger, the manifest with both, each file with the manifest, and looks for strays; and
    each entry of the ledger with its own hash.
    Raises NotFound when nothing was ever released, VerificationFailed when CURRENT or the ledger cannot be read.
    """
    from loadgate.errors import NotFound

    state = opened.state_as_found
    current = publication.current(opened.places)
    try:
        released = {one.body["run"]: one for one in state.ledger.entries(acting.RELEASED)}
    except CouldNotRun as changed:
        raise VerificationFailed(changed.message, fix=changed.fix) from None
    finished = _finished(state)
    newest = max(released.keys() & finished, key=run_order, default=None)
    if current is None:
        if newest is not None:
            raise VerificationFailed("published/CURRENT is missing", fix=f"loadgate release {newest}")
        raise NotFound("nothing was released yet", fix="loadgate release RUN")
    fault = state.ledger.verify().fault
    problems = [f"the ledger was changed: {fault}"] if fault else []
    if newest is not None and run_order(newest) > run_order(current.run):
        problems.append(f"CURRENT names {current.run}, and {newest} is newer and was released")
    entry = released.get(current.run)
    said = (current.ledger_seq, current.ledger_sha256, current.manifest_sha256)
    if entry is None:
        problems.append(f"the ledger holds no release of {current.run}")
    elif (entry.seq, entry.sha256, entry.body["published_sha256"]) != said:
        problems.append("CURRENT is not what the ledger says")
    for run, one in sorted(released.items()):
        if run == current.run or opened.places.release(run).exists() or run in finished:
            problems += publication.problems(opened.places, run, one.body["published_sha256"])
    for path in sorted(opened.places.published.iterdir()):
        if path.name != opened.places.current.name and path.name not in released:
            problems.append(f"published/{path.name}: nobody released this")
    return current.run, problems


def _finished(state: State) -> frozenset[str]:
    """Releases that came to their end: one that was killed before its switch is not what consumers see yet."""
    from loadgate.store.runs import RunState

    return frozenset(row.id for row in state.runs.rows() if row.state is RunState.RELEASED)
