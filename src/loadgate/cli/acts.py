"""`loadgate waive`, `release`, `verify`, `ledger` and `state`: what people decide, and what holds it true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadgate.cli.commands import runnable
from loadgate.cli.options import ActorOption, AsOfOption, JsonOption, SiteOption, WithinOption, moment
from loadgate.cli.terminal import say, say_json, table
from loadgate.errors import NotFound, Refused, VerificationFailed
from loadgate.model.moments import day_in, written_in

if TYPE_CHECKING:
    from loadgate.model.judgement import Waiver


def waive(
    case: Annotated[int, typer.Argument(help="The case's number.")],
    reason: Annotated[str | None, typer.Option("--reason", help="Why this may go out.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="The last day that it holds: YYYY-MM-DD.")] = None,
    ceiling: Annotated[
        str | None, typer.Option("--ceiling", help="The largest effect still permitted, e.g. 2.5%; now's if left out.")
    ] = None,
    run: WithinOption = None,
    approve: Annotated[bool, typer.Option("--approve", help="Approve what another person asked for.")] = False,
    approver: Annotated[str | None, typer.Option("--approver", help="Who approves, present at this terminal.")] = None,
    site: SiteOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Permit a release despite a case: asked for by one person with a reason, approved by a second, until it expires.

    \b
    Examples:
      loadgate waive 1 --reason "as confirmed" --until YYYY-MM-DD --ceiling 2.5%
      loadgate waive 1 --approve --actor maria
      loadgate waive 1 --run 2025-08 --reason "as confirmed" --until YYYY-MM-DD

    Exit codes: 0 done, 1 no such case, 3 refused.
    """
    from loadgate.running.acting import approve_waiver, pending, request_waiver, same_person
    from loadgate.running.cases import newest_judgement_of, require_waivable
    from loadgate.running.opened import find_site, open_site

    opened = open_site(find_site(site))
    who = actor or opened.settings.actor
    if approve:
        waiting = pending(opened, case)
        if waiting is None:
            raise NotFound(f"no waiver of case {case} waits for approval", fix=f"loadgate waive {case} --reason …")
        waiver = approve_waiver(opened, waiting.id, actor=approver or who)
    else:
        if approver is not None and same_person(who, approver):
            raise Refused(f"{approver} asks for it: a second person approves it", fix="--approver NAME, another's")
        judgement, found = newest_judgement_of(opened, case, run=run)
        require_waivable(opened, case, run=judgement.run)
        timezone = opened.frozen(opened.inputs(judgement.run).content).file.timezone
        waiver = request_waiver(
            opened,
            found,
            judgement.findings,
            reason=reason or "",
            until=_day(until, not_before=day_in(timezone, datetime.fromisoformat(judgement.as_of))),
            ceiling=_share(ceiling),
            actor=who,
        )
        if approver is not None:
            waiver = approve_waiver(opened, waiver.id, actor=approver)
    _tell_waiver(waiver, opened.places.site, as_json=as_json)


def _tell_waiver(waiver: Waiver, site: Path, *, as_json: bool) -> None:
    if as_json:
        say_json({name: getattr(waiver, name) for name in waiver.__slots__})
    elif waiver.approved_by is None:
        say(f"{waiver.id} asked for by {waiver.requested_by}, until {waiver.until}; it waits for a second person")
        say(runnable(f"  loadgate waive {waiver.case} --approve --actor NAME", site))
    else:
        say(f"{waiver.id} approved by {waiver.approved_by}, until {waiver.until}")
        say(runnable("  loadgate status", site))


def _day(text: str | None, *, not_before: date) -> date:
    if text is None:
        raise NotFound("a waiver needs an end", fix=f"--until {not_before} or later")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotFound(f"{text!r} is no day", fix=f"--until {not_before} or later") from None
    if day < not_before:
        raise NotFound(f"a waiver until {day} would never hold", fix=f"--until {not_before} or later")
    return day


def _share(text: str | None) -> float | None:
    """`2.5%` or `0.025`."""
    if text is None:
        return None
    try:
        number = float(text.removesuffix("%").strip().replace(",", "."))
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise NotFound(f"{text!r} is no ceiling", fix="--ceiling 2.5%")
    if number > 1 and not text.endswith("%"):
        raise NotFound(f"a ceiling of {text} would be {number:.0%}", fix=f"--ceiling {text}%, or a fraction below 1")
    return number / 100 if text.endswith("%") else number


def release(
    run: Annotated[str, typer.Argument(help="The run, e.g. 2025-08 or 2025-08.2; a period is its newest run.")],
    site: SiteOption = None,
    as_of: AsOfOption = None,
    actor: ActorOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge again and say what would happen.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Release a run: judge again, refuse on hold, else stage, verify, publish at one stroke and freeze the vintage.

    \b
    Examples:
      loadgate release 2025-08 --dry-run
      loadgate release 2025-08

    Exit codes: 0 released, 3 hold, 5 the run is not complete.
    """
    from loadgate.errors import Exit
    from loadgate.model.findings import Verdict
    from loadgate.running import release as releasing
    from loadgate.running.cases import newest_run
    from loadgate.running.opened import find_site, open_site, ref_of

    root = find_site(site)
    opened = open_site(root)
    ref = ref_of(root, newest_run(opened, run))
    asked = moment(as_of, lambda: opened.frozen(opened.inputs(ref.run).content))
    if dry_run:
        judgement = releasing.judge_again(ref, as_of=asked)
        held = judgement.verdict is Verdict.HOLD
        if as_json:
            say_json({"run": ref.run, "verdict": judgement.verdict.value, "released": False})
        else:
            say(f"{ref.run}  {judgement.verdict.value}  nothing was published")
        raise typer.Exit(Exit.HOLD if held else Exit.OK)
    done = releasing.release(ref, actor=actor or opened.settings.actor, as_of=asked)
    if as_json:
        say_json({name: getattr(done, name) for name in done.__slots__})
        return
    say(f"{done.run} {'was released before' if done.already else 'released'}: {done.verdict.value}")
    if done.withheld:
        say(f"withheld  {len(done.withheld)} parts: {', '.join(done.withheld[:10])}")
    say(f"published {done.folder}")
    say(f"manifest  {done.manifest_sha256}")


def verify(site: SiteOption = None, as_json: JsonOption = False) -> None:
    """For consumers: is what lies in published/ exactly what was released? The exit code says.

    \b
    Examples:
      loadgate verify --site my-site
      loadgate verify --json

    Exit codes: 0 yes, 1 no.
    """
    from loadgate.errors import Exit
    from loadgate.running.opened import find_site, open_site
    from loadgate.running.release import verify as verify_published

    run, problems = verify_published(open_site(find_site(site)))
    if as_json:
        say_json({"run": run, "exact": not problems, "problems": problems})
        raise typer.Exit(Exit.NO if problems else Exit.OK)
    if problems:
        raise VerificationFailed(
            "published/ is not what was released:\n  " + "\n  ".join(problems),
            fix="restore from the backup what was changed or is missing, and take away what was not released; "
            "releasing the newest released run again puts CURRENT right",
        )
    say(f"published/ is exactly what was released as {run}")


def ledger_verify(site: SiteOption = None, as_json: JsonOption = False) -> None:
    """Hold every ledger entry against its hash, its place, and the heads printed on manifests.

    \b
    Examples:
      loadgate ledger verify
      loadgate ledger verify --json

    Exit codes: 0 whole, 1 changed.
    """
    from loadgate.errors import Exit
    from loadgate.running.opened import find_site, open_site
    from loadgate.store.heads import ledger_heads

    opened = open_site(find_site(site))
    heads = ledger_heads(opened.places)
    found = opened.state_as_found.ledger.verify(heads)
    if as_json:
        say_json(
            {
                "entries": found.entries,
                "head": found.head.sha256,
                "heads_compared": len(heads),
                "fault": str(found.fault) if found.fault else None,
            }
        )
        raise typer.Exit(Exit.NO if found.fault else Exit.OK)
    if found.fault:
        raise VerificationFailed(f"the ledger was changed: {found.fault}", fix="restore it from the backup")
    say(f"the ledger is whole: {found.entries} entries, {len(heads)} heads agree, last {found.head.sha256[:16]}")


def ledger_show(site: SiteOption = None, as_json: JsonOption = False) -> None:
    """List every act: when, who, what.

    \b
    Examples:
      loadgate ledger show
      loadgate ledger show --json
    """
    from loadgate.running.opened import find_site, open_site, site_timezone

    root = find_site(site)
    entries = open_site(root).state.ledger.entries()
    if as_json:
        say_json([{name: getattr(entry, name) for name in entry.__slots__} for entry in entries])
        return
    timezone = site_timezone(root)
    rows = [
        (
            entry.seq,
            written_in(timezone, entry.at),
            entry.actor,
            entry.kind,
            _of(entry.body),
            entry.body.get("reason") or entry.body.get("verdict") or _pruned(entry.body),
        )
        for entry in entries
    ]
    for line in table(("entry", f"at ({timezone})", "who", "act", "of", "why"), rows, right=(0,)):
        say(line)


def _of(body: Mapping[str, Any]) -> str:
    if "before" in body:
        return f"before {body['before']}"
    return body.get("run") or f"{body.get('waiver')}{_of_case(body)}"


def _pruned(body: Mapping[str, Any]) -> str:
    """How much a prune deleted."""
    return f"{body['files']} originals, {body['folders']} folders of rows" if "files" in body else ""


def _of_case(body: Mapping[str, Any]) -> str:
    return f" (case {body['case']})" if "case" in body else ""


def state_rebuild(site: SiteOption = None, as_json: JsonOption = False) -> None:
    """Rebuild the projections (cases) from the ledger and the runs.

    \b
    Examples:
      loadgate state rebuild
    """
    from loadgate.running.cases import rebuild
    from loadgate.running.opened import find_site, open_site

    counts = rebuild(open_site(find_site(site)))
    if as_json:
        say_json(counts)
    else:
        say(f"rebuilt {counts['cases']} cases from {counts['runs']} runs")
