"""`loadgate sample`: a complete site laid out with data, real (rki) or made (flis)."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from loadgate.cli.commands import runnable
from loadgate.cli.options import JsonOption
from loadgate.cli.sites import must_be_empty
from loadgate.cli.terminal import say, say_json
from loadgate.errors import NotFound, Refused

if TYPE_CHECKING:
    from loadgate.cli.samples import Sample
    from loadgate.model.period import Period
    from loadgate.running.opened import Opened
    from loadgate.samples.flis.fault_kinds.planted import Planted
    from loadgate.samples.flis.world import World

MADE = "flis"  # the sample whose data are made; every other is laid out as published
SHOWN = "2026-10"
SEED = 1


class SampleCommand(TyperCommand):
    """Its help ends with the kinds of faults, which are looked up only when someone reads it."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # Typer carries a click of its own
        from loadgate.samples.flis.faults import FAULTS

        super().format_epilog(ctx, formatter)
        with formatter.section("Kinds of faults, and the findings that each must cause"):
            formatter.write_dl(
                [
                    (kind.name, f"{kind.description} Fits {kind.places}. ({', '.join(kind.causes)})")
                    for kind in FAULTS.values()
                ]
            )


def sample(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Which sample: flis or rki.")],
    out: Annotated[Path, typer.Argument(help="The new site's folder.")],
    period: Annotated[
        str | None, typer.Option("--period", help="The period whose deliveries wait in the inbox.")
    ] = None,
    bare: Annotated[
        bool,
        typer.Option("--bare", help="rki: all deliveries up to the period, and nothing approved: for `replay OUT`."),
    ] = False,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="flis: another seed, another world; the same, the same bytes.")
    ] = SEED,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="FAULT",
            help="flis: plant KIND@WHERE or KIND@WHERE=SIZE; WHERE is system/dataset or system/dataset/provider. "
            "Repeatable.",
        ),
    ] = None,
    faults: Annotated[int, typer.Option("--faults", min=0, help="flis: plant so many more, drawn by the seed.")] = 0,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", help="flis: where to write what was planted; never inside OUT. Else OUT.truth.json."),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option("--rows", metavar="DATASET=N", help="flis: about so many rows in a month's deliveries."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Lay out a complete site: content, inbox, and every earlier period loaded and approved.

    rki is real data, one month at a time. flis is made: a whole programme's month of about 900 deliveries, with any
    faults that are asked for and a file that says which findings they must cause.
    Killed half-way, the same command goes on where it stopped.

    \b
    Examples:
      loadgate sample rki my-site
      loadgate sample rki my-site --period 2024-03 --json
      loadgate sample flis my-site --seed 7
      loadgate sample flis my-site --fault unit_x1000@klp/employees/101 --faults 3

    Exit codes: 0 laid out, 2 an option that does not fit, 3 the folder holds something else.
    """
    if name == MADE:
        _only(ctx, MADE, {"bare"})
        _lay_out(
            out,
            period=period or SHOWN,
            seed=seed,
            faults=fault or [],
            random=faults,
            truth=truth,
            rows=rows or [],
            as_json=as_json,
        )
    else:
        from loadgate.cli.samples import SAMPLES, sample_named

        if name not in SAMPLES:
            near = difflib.get_close_matches(name, [MADE, *SAMPLES], n=1)
            proposed = f"did you mean {near[0]}?" if near else f"choose one of: {', '.join([MADE, *SAMPLES])}"
            raise NotFound(f"there is no sample {name!r}", fix=proposed)
        chosen = sample_named(name)
        _only(ctx, name, {"seed", "fault", "faults", "truth", "rows"})
        _publish(chosen, out, period or chosen.shown, bare=bare, as_json=as_json)


def _only(ctx: typer.Context, name: str, foreign: Iterable[str]) -> None:
    """An option of another sample is a mistake, not to be passed over."""
    for option in sorted(foreign):
        source = ctx.get_parameter_source(option)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"the sample {name} has no such option", param_hint=f"--{option}")


# ── made ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _lay_out(
    out: Path,
    *,
    period: str,
    seed: int,
    faults: list[str],
    random: int,
    truth: Path | None,
    rows: list[str],
    as_json: bool,
) -> None:
    from loadgate.cli.flows import carried
    from loadgate.content.loader import load
    from loadgate.samples.flis import truth as truths
    from loadgate.samples.flis.layout import lay_out
    from loadgate.samples.flis.world import World

    said = _truth_path(out, truth)
    world = World(site=load(carried()), seed=seed, period=_month(period), rows=_rows(rows))
    planted = _plant(world, faults, random)
    if not as_json:
        say(f"sample {MADE}  {out}  {len(world.vintages)} earlier periods, then {world.period}")
    laid = lay_out(world, out, faults=planted, say=_progress())
    truths.write(said, planted)
    found = {
        "sample": MADE,
        "site": str(out),
        "period": str(world.period),
        "seed": seed,
        "deliveries": laid.deliveries,
        "rows": laid.rows,
        "vintages": laid.vintages,
        "faults": [{"kind": one.kind, "where": one.where, "size": one.size} for one in planted],
        "truth": str(said),
    }
    if as_json:
        say_json(found)
        return
    say(f"  {laid.deliveries} deliveries with {laid.rows} rows, {len(planted)} faults planted: {said}")
    say(runnable(f"  loadgate run {world.period}", out.resolve()))


def _plant(world: World, faults: list[str], random: int) -> list[Planted]:
    from loadgate.samples.flis.faults import plant, random_mix

    return plant(world, [*faults, *(random_mix(world, random) if random else [])])


def _progress() -> Callable[[str], object]:
    def tell(line: str) -> None:
        sys.stderr.write(f"  {line}\n")
        sys.stderr.flush()

    return tell


def _truth_path(out: Path, asked: Path | None) -> Path:
    """Beside the site. Inside it, whoever looks at the site would know what is to be found."""
    whole = out.resolve()
    path = asked or whole.with_name(f"{whole.name}.truth.json")
    if path.resolve().is_relative_to(whole):
        raise typer.BadParameter(f"{path} lies inside {out}", param_hint="--truth")
    return path


def _month(text: str) -> Period:
    from loadgate.model.period import Cadence, Period

    period = Period.parse(text)
    if period.cadence is not Cadence.MONTH:
        raise typer.BadParameter(f"{text} is no month; write {SHOWN}", param_hint="--period")
    return period


def _rows(asked: list[str]) -> dict[str, int]:
    from loadgate.samples.flis.world import TYPICAL_ROWS

    found: dict[str, int] = {}
    for text in asked:
        dataset, equals, number = text.partition("=")
        if not equals or not number.isdecimal() or not int(number):
            raise typer.BadParameter(f"{text!r} is not DATASET=N", param_hint="--rows")
        if dataset not in TYPICAL_ROWS:
            near = difflib.get_close_matches(dataset, TYPICAL_ROWS, n=1)
            proposed = f"did you mean {near[0]}?" if near else f"choose one of: {', '.join(TYPICAL_ROWS)}"
            raise typer.BadParameter(f"{dataset!r} has no number of rows to choose; {proposed}", param_hint="--rows")
        found[dataset] = int(number)
    return found


# ── published ──────────────────────────────────────────────────────────────────────────────────────────────────


def _publish(chosen: Sample, out: Path, target: str, *, bare: bool, as_json: bool) -> None:
    from loadgate.running.opened import open_site, site_name

    earlier = _earlier(chosen, target)
    if not (out / "site.toml").is_file():
        must_be_empty(out)
        chosen.write_site(out)
    elif site_name(out) != chosen.name:
        raise Refused(f"{out} is the site {site_name(out)}, not the sample {chosen.name}", fix="name a new folder")
    opened = open_site(out)
    if not as_json:
        say(f"sample {chosen.name}  {out}  {len(earlier)} earlier periods, then {target}")
    if bare:
        for one in (*earlier, target):
            chosen.write_period(out, one)
    else:
        _approve_earlier(opened, chosen, earlier, quiet=as_json)
        chosen.write_period(out, target)
    found = {"sample": chosen.name, "site": str(out), "period": target, "approved": [] if bare else earlier}
    if as_json:
        say_json(found)
    else:
        say(runnable(f"  loadgate replay {out}" if bare else f"  loadgate run {target}", opened.places.site))


def _earlier(chosen: Sample, target: str) -> list[str]:
    periods = chosen.periods()
    if target not in periods:
        raise NotFound(f"the sample {chosen.name} has no period {target}", fix=f"it has {periods[0]} to {periods[-1]}")
    return periods[: periods.index(target)]


def _approve_earlier(opened: Opened, chosen: Sample, periods: list[str], *, quiet: bool) -> None:
    """Load and approve every earlier period that is not approved yet."""
    from loadgate.model.identity import parse_run_id
    from loadgate.model.period import Period
    from loadgate.running.baseline import approved
    from loadgate.running.replay import replay

    done = {parse_run_id(run)[0] for run in approved(opened)}
    left = [Period.parse(one) for one in periods if one not in done]
    root = opened.places.site
    for replayed in replay(opened, left, before=lambda one: chosen.write_period(root, str(one))):
        if not quiet:
            judgement = replayed.judgement
            say(f"  {replayed.ref.run}  {judgement.verdict_before_waivers.value:<22} approved")
