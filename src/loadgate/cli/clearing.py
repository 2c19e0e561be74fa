"""`loadgate tidy` and `prune`: what can be redone deleted, and what is older than the site's retention."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadgate.cli.options import ActorOption, JsonOption, SiteOption
from loadgate.cli.terminal import hung, say, say_json, table

if TYPE_CHECKING:
    from loadgate.running.pruning import Pruned

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")]


def tidy(
    site: SiteOption = None, actor: ActorOption = None, dry_run: DryRunOption = False, as_json: JsonOption = False
) -> None:
    """Delete what can be redone from the archive and nobody needs soon: typed rows, check results, leavings in tmp.

    What runs that wait for a decision refer to stays, and what the next period is compared with.

    \b
    Examples:
      loadgate tidy --dry-run
      loadgate tidy --site my-site

    Exit codes: 0 done, 5 a run is at work, or something could not be deleted.
    """
    from loadgate.running.opened import find_site, open_site
    from loadgate.running.tidying import tidy as tidy_state

    opened = open_site(find_site(site))
    done = tidy_state(opened, actor=actor or opened.settings.actor, dry_run=dry_run)
    if as_json:
        say_json({"dry_run": dry_run, **asdict(done)})
        return
    heaps = {"typed rows": done.deleted["typed"], "check results": done.deleted["checks"], "tmp": done.deleted["tmp"]}
    rows = [(what, f"{one.folders:,}", f"{one.size_bytes:,}") for what, one in heaps.items()]
    rows.append(("kept", f"{done.kept.folders:,}", f"{done.kept.size_bytes:,}"))
    for line in table(("would delete" if dry_run else "deleted", "folders", "bytes"), rows, right=(1, 2)):
        say(line)
    if done.without_originals:
        say(f"{done.without_originals} of those kept cannot be redone: their originals are not in the archive")


def prune(
    site: SiteOption = None, actor: ActorOption = None, dry_run: DryRunOption = False, as_json: JsonOption = False
) -> None:
    """Delete originals and rows of periods older than retention_months of site.toml, and enter it in the ledger.

    Findings, figures, judgements, releases and vintages stay. So does what a younger period came with too, what waits
    for a decision, and what comparisons and the current release rest on. Nothing in the inbox is deleted.

    \b
    Examples:
      loadgate prune --dry-run
      loadgate prune --site my-site --actor maria

    Exit codes: 0 done, 3 the site states no retention, 5 a run is at work, or something could not be deleted.
    """
    from loadgate.running.opened import find_site, open_site
    from loadgate.running.pruning import prune as prune_state

    opened = open_site(find_site(site))
    done = prune_state(opened, actor=actor or opened.settings.actor, dry_run=dry_run)
    if as_json:
        say_json({"dry_run": dry_run, **_view(done)})
        return
    for line in _lines(done, would=dry_run):
        say(hung("", line))


def _view(done: Pruned) -> dict[str, Any]:
    return {**done.plan.body(), "entry": done.entry, "ended": done.ended}


def _lines(done: Pruned, *, would: bool) -> list[str]:
    plan, lines = done.plan, []
    if done.ended is not None:
        ends = "would end" if would else "ended"
        lines.append(f"{ends} the prune of ledger entry {done.ended}, which was cut short")
    if plan.is_empty:
        lines.append(f"nothing is older than {plan.before} and can go")
    else:
        lines.append(
            f"{'would delete' if would else 'deleted'} {len(plan.files):,} originals ({plan.file_bytes:,} bytes) and "
            f"{len(plan.folders):,} folders of rows ({plan.folder_bytes:,} bytes) from before {plan.before}: "
            f"{', '.join(plan.periods) or 'of no run'}"
        )
    if plan.waiting:
        lines.append(
            f"kept whole, since nobody has decided about them: {', '.join(plan.waiting)} (`loadgate status`; `loadgate "
            "run` for those whose arrivals were looked at and that were never run)"
        )
    if plan.compared:
        lines.append(
            f"kept, since the next period is compared with them or they are of the current release: "
            f"{plan.compared:,} older {'delivery' if plan.compared == 1 else 'deliveries'}"
        )
    if done.entry is not None:
        lines.append(f"ledger entry {done.entry}")
    lines.append("the inbox is not touched: originals that still lie there are its owner's to remove")
    return lines
