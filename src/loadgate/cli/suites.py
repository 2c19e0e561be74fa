"""`loadgate suite draft`, `import`, `export`: suites proposed from data, taken from GX, and given to it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadgate.cli.options import JsonOption, SiteOption
from loadgate.cli.terminal import say, say_json
from loadgate.errors import CouldNotRun, Exit, NotFound, Refused

if TYPE_CHECKING:
    from loadgate.running.drafting import Drafted
    from loadgate.running.exchanging import Read

ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "utf-16")
_NAMED_DELIMITERS = {"tab": "\t", "\\t": "\t"}


def _place(out: Path | None) -> Path | None:
    return None if out == Path("-") else out


OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="PATH", callback=_place, help="Where to write; else, or if it is -, to standard output."
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
AreaOption = Annotated[
    str | None, typer.Option("--area", help="The dataset's area; else the folder of --out below suites/.")
]


def draft(
    file: Annotated[Path, typer.Argument(help="A CSV of any encoding and delimiter, Parquet or xlsx; packed or not.")],
    out: OutOption = None,
    site: Annotated[
        Path | None, typer.Option("--site", help="Read the file as this site's profile says; else by its bytes alone.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", help="What to call it; with --site, the dataset whose profile says how to read it."),
    ] = None,
    area: AreaOption = None,
    supplier: Annotated[str | None, typer.Option("--supplier", help="With --site: whose profile.")] = None,
    system: Annotated[str | None, typer.Option("--system", help="With --site: of which system.")] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", help="One character, or tab; else found.")] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help=f"One of {', '.join(ENCODINGS)}; else found.")
    ] = None,
    header: Annotated[bool | None, typer.Option("--header/--no-header", help="Whether the first row names.")] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Propose a suite from data: columns, keys, limits with slack, closed sets and forms, each with its evidence.

    Every line holds for the rows that it was drawn from, and its reason says how many there were. Columns that look
    personal get no values and no limits, which a comment says. Nothing is written without --out.

    \b
    Examples:
      loadgate suite draft delivery.csv
      loadgate suite draft delivery.xlsx -o expectations/suites/school/pupils.yaml
      loadgate suite draft inbox/2026-10/101.txt --site . --dataset pupils --json

    Exit codes: 0 drafted, 1 no such file or dataset, 3 --out is there already, 5 the file cannot be read.
    """
    from loadgate.running.drafting import Asked, draft_file, draft_of_site

    _must_be_new(out, force=force, source=file)
    if site is not None:
        given = {"--area": area, "--delimiter": delimiter, "--encoding": encoding, "--header": header}
        if told := [name for name, value in given.items() if value is not None]:
            raise typer.BadParameter(f"{', '.join(told)}: with --site, the site says that")
        drafted = _of_site(draft_of_site, file, site, dataset, supplier, system)
    else:
        if supplier or system:
            raise typer.BadParameter("--supplier and --system go with --site")
        named, folder = _from_path(out)
        asked = Asked(
            dataset=_id(dataset, "--dataset") or named,
            area=_id(area, "--area") or folder,
            delimiter=_delimiter(delimiter),
            encoding=_encoding(encoding),
            header=header,
        )
        drafted = draft_file(file, asked)
    _give(drafted.text, drafted.facts, out, as_json=as_json)


def _of_site(
    read: Any, file: Path, site: Path, dataset: str | None, supplier: str | None, system: str | None
) -> Drafted:
    from loadgate.running.opened import find_site, open_site

    if dataset is None:
        raise typer.BadParameter("--site needs --dataset, whose profile says how to read the file")
    drafted: Drafted = read(open_site(find_site(site)), file, dataset=dataset, supplier=supplier, system=system)
    return drafted


def import_(
    file: Annotated[Path, typer.Argument(help="The JSON that GX wrote of a suite: GX 1, or 0.18.")],
    out: OutOption = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="What to call it; else as the suite is.")] = None,
    area: AreaOption = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Write what can be written, although some of it cannot.")
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read a suite that Great Expectations wrote, as a suite of a site; say everything that has no place there.

    Notes, descriptions and severities are kept, conditions on rows in the forms of GX 1 and of before. Where a line
    cannot be said, it is told with its place in the JSON, and nothing is written without --partial.

    \b
    Examples:
      loadgate suite import my_suite.json
      loadgate suite import my_suite.json -o suites/school/pupils.yaml
      loadgate suite import old.json --dataset pupils --area school --partial

    Exit codes: 0 all of it, 1 no such file, 3 --out is there already, 4 some of it cannot be said, or is wrong,
    5 it is no text, or too large for a suite.
    """
    from loadgate.running.exchanging import read_gx_suite

    _must_be_new(out, force=force, source=file)
    named, folder = _from_path(out)
    read = read_gx_suite(file, dataset=_id(dataset, "--dataset") or named, area=_id(area, "--area") or folder)
    text = read.text if partial or not read.faults else None
    _tell_import(read, text, out, as_json=as_json)
    raise typer.Exit(Exit.CONTENT if read.faults else Exit.OK)


def _tell_import(read: Read, text: str | None, out: Path | None, *, as_json: bool) -> None:
    if as_json:
        faults = [{name: getattr(fault, name) for name in fault.__slots__} for fault in read.faults]
        facts = {
            "dataset": read.dataset,
            "expectations": read.expectations,
            "kept": read.kept,
            "faults": faults,
            "notes": list(read.notes),
            "yaml": text,
        }
        _give(text, facts, out, as_json=True)
        return
    for note in read.notes:
        typer.echo(f"note: {note}", err=True)
    for fault in read.faults:
        typer.echo(f"{fault}\n", err=True)
    if read.faults:
        rest = "the rest is written" if text is not None else "nothing is written; --partial writes the rest"
        typer.echo(f"{read.kept} of {read.expectations} expectations can be said; {rest}", err=True)
    if text is not None:
        _give(text, {}, out, as_json=False)


def export(
    dataset: Annotated[list[str] | None, typer.Argument(help="The datasets; all of the site if left out.")] = None,
    site: SiteOption = None,
    out: OutOption = None,
    period: Annotated[
        str | None, typer.Option("--period", help="For which codes of the code lists are valid; else today's.")
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write suites as Great Expectations' own JSON: `ExpectationSuite(**json)` loads each.

    Code lists stand as their codes of the period, {$PARAMETER: …} stays. What GX does not know is kept in
    meta.loadgate, so that `suite import` gives the same suite again. One suite is one object, several are a list;
    with a folder as --out, each is a file of its own.

    \b
    Examples:
      loadgate suite export pupils
      loadgate suite export pupils classes --period 2026-10 -o gx/
      loadgate suite export --site my-site -o gx/ --json

    Exit codes: 0 written, 1 no such dataset, 3 a file is there already, 4 the site's content must be mended first.
    """
    from loadgate.running.exchanging import unknown_to_gx, write_gx_suites
    from loadgate.running.opened import find_site, open_site

    suites = write_gx_suites(open_site(find_site(site)), dataset or (), period)
    if own := unknown_to_gx(suites):
        typer.echo(f"note: GX leaves out what it does not know; register first: {', '.join(own)}", err=True)
    if out is None:
        alone = dataset is not None and len(dataset) == 1
        say_json(next(iter(suites.values())) if alone else list(suites.values()))
        return
    folder = out.is_dir() or len(suites) != 1 or out.suffix != ".json"
    targets = {name: out / f"{name}.json" if folder else out for name in suites}
    for target in targets.values():
        _must_be_new(target, force=force)
    for name, suite in suites.items():
        _write(targets[name], json.dumps(suite, indent=2, ensure_ascii=False) + "\n")
    written = [str(target) for target in targets.values()]
    if as_json:
        say_json({"written": written})
        return
    for path in written:
        say(path)


def _must_be_new(out: Path | None, *, force: bool, source: Path | None = None) -> None:
    if out is None or out.is_dir() or not out.exists():
        return
    if source is not None and source.exists() and out.samefile(source):
        raise Refused(f"{out} is the file that is read", fix="name another file")
    if not force:
        raise Refused(f"{out} is there already", fix="name a new file, or give --force")


def _give(text: str | None, facts: dict[str, Any], out: Path | None, *, as_json: bool) -> None:
    if out is not None and text is not None:
        if out.is_dir():
            raise NotFound(f"{out} is a folder", fix="name a file")
        _write(out, text)
    if as_json:
        say_json({**facts, "written": str(out) if out is not None and text is not None else None})
    elif out is not None:
        say(f"{out}")
    else:
        say((text or "").rstrip("\n"))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        told = os.strerror(error.errno) if error.errno else type(error).__name__
        raise CouldNotRun(f"{path} cannot be written: {told}", fix="name a file that can be written") from None


def _from_path(out: Path | None) -> tuple[str | None, str | None]:
    """Dataset and area, where --out lies in a site's `suites/<area>/<dataset>.yaml`."""
    if out is None or out.suffix != ".yaml" or out.resolve().parent.parent.name != "suites":
        return None, None
    return _id(out.stem, "--out"), _id(out.resolve().parent.name, "--out")


def _id(name: str | None, option: str) -> str | None:
    import re

    if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.\-]*", name):
        raise typer.BadParameter(f"{option}: a name has letters, digits, _, - and . only")
    return name


def _delimiter(text: str | None) -> str | None:
    sign = _NAMED_DELIMITERS.get(text, text) if text is not None else None
    if sign is not None and (len(sign) != 1 or sign in '\r\n"'):
        raise typer.BadParameter("--delimiter is one character, or tab")
    return sign


def _encoding(text: str | None) -> str | None:
    if text is not None and text not in ENCODINGS:
        raise typer.BadParameter(f"--encoding is one of {', '.join(ENCODINGS)}")
    return text
